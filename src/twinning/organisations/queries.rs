use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Uuid as SqlUuid};
use uuid::Uuid;

use super::OrganisationId;
use super::model::{
    NewOrganisation, Organisation, OrganisationChanges, OrganisationContact, OrganisationContactChanges,
    OrganisationFilter, OrganisationHeadcount, OrganisationKind, OrganisationSort, OrganisationSuccession,
};
use crate::access::policy::Permission;
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{organisation_contacts, organisation_headcounts, organisations};
use crate::kernel::db::sql::app_matches;
use crate::kernel::http::problem::{Code, FieldCode, FieldError, OnConstraint, Problem, Result, violates};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::places::localities::LocalityId;
use crate::places::localities::end::EndedTwinnings;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::range::place_in_range;
use crate::places::localities::within::lies_within;
use crate::twinning::organisations::problems::PLACE_TAKEN;
use crate::twinning::references::check_parent;
use crate::twinning::twinnings::problems::{LEAD_EXISTS, OUTSIDE_ORGANISATION};

diesel::define_sql_function! {
    /// An organisation and those that it succeeded.
    fn app_successions(organisation: SqlUuid) -> Array<SqlUuid>;
}
diesel::define_sql_function! {
    /// Ends an organisation and hands its twinnings and attached organisations over.
    fn app_succeed_organisation(organisation: SqlUuid, successor: SqlUuid, begins: Date, with_twinnings: Bool) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// Moves the accounts of an organisation to another one.
    fn app_move_accounts(organisation: SqlUuid, successor: SqlUuid) -> Nullable<Text>;
}

pub fn find(tx: &mut Tx<'_>, id: OrganisationId) -> Result<Organisation> {
    let query = with_contact().filter(organisations::id.eq(id)).into_boxed();
    load(tx, query)?.pop().ok_or_else(Problem::not_found)
}

#[diesel::dsl::auto_type]
fn with_contact() -> _ {
    organisations::table.left_join(organisation_contacts::table)
}

pub fn list(
    tx: &mut Tx<'_>,
    filter: &OrganisationFilter,
    keyset: Keyset<OrganisationSort>,
) -> Result<Page<Organisation>> {
    let filtered = || {
        with_contact()
            .into_boxed()
            .when(filter.q.as_ref(), |q| app_matches(organisations::name, q))
            .when_any(&filter.kind, |kinds| organisations::kind.eq_any(kinds))
            .when(filter.locality_id, |locality| organisations::locality_id.eq(locality))
            .when(filter.within, |place| lies_within(organisations::scope_path, place))
    };
    tx.page(keyset, filtered, load)
}

sort_columns! {
    OrganisationSort of organisations as Organisation, in IntoBoxed<'a, with_contact, Pg>:
    Name = name (String),
    CreatedAt = created_at (DateTime<Utc>),
}

/// Returns the organisations that places of `managers` manage, and those that represent one of `places`.
pub fn managed_by_or_of(tx: &mut Tx<'_>, managers: &[LocalityId], places: &[LocalityId]) -> Result<Vec<Organisation>> {
    let meant = organisations::locality_id
        .eq_any(managers)
        .or(organisations::place_id.assume_not_null().eq_any(places).and(organisations::place_id.is_not_null()));
    load(tx, with_contact().filter(meant).into_boxed())
}

/// Returns id and name of the organisations managed in the caller's area.
pub fn in_care(tx: &mut Tx<'_>) -> Result<Vec<(OrganisationId, String)>> {
    let managed = organisations::table.filter(app_in_range(organisations::scope_path));
    Ok(managed.select((organisations::id, organisations::name)).load(tx.conn)?)
}

/// Reads organisations with contacts and headcounts: two queries.
fn load(tx: &mut Tx<'_>, query: IntoBoxed<'_, with_contact, Pg>) -> Result<Vec<Organisation>> {
    let rows: Vec<(Organisation, Option<OrganisationContact>)> =
        query.select((Organisation::as_select(), Option::<OrganisationContact>::as_select())).load(tx.conn)?;
    let ids: Vec<OrganisationId> = rows.iter().map(|(organisation, _)| organisation.id).collect();
    let mut headcounts = headcounts(tx, &ids)?;
    let complete = |(mut organisation, contact): (Organisation, _)| {
        organisation.complete(contact, headcounts.remove(&organisation.id).unwrap_or_default());
        organisation
    };
    Ok(rows.into_iter().map(complete).collect())
}

fn headcounts(tx: &mut Tx<'_>, ids: &[OrganisationId]) -> Result<HashMap<OrganisationId, Vec<OrganisationHeadcount>>> {
    let rows: Vec<(OrganisationId, OrganisationHeadcount)> = organisation_headcounts::table
        .filter(organisation_headcounts::organisation_id.eq_any(ids))
        .order(organisation_headcounts::year.desc())
        .select((organisation_headcounts::organisation_id, OrganisationHeadcount::as_select()))
        .load(tx.conn)?;
    let mut by_organisation: HashMap<_, Vec<_>> = HashMap::new();
    for (organisation, headcount) in rows {
        by_organisation.entry(organisation).or_default().push(headcount);
    }
    Ok(by_organisation)
}

pub fn create(tx: &mut Tx<'_>, id: OrganisationId, new: NewOrganisation) -> Result<()> {
    let manager = place_in_range(tx.conn, new.locality_id, "#/locality_id")?;
    if let Some(parent) = new.parent_id {
        check_parent(tx.conn, id, parent)?;
    }
    check_kind(new.kind, new.place_id)?;
    if let Some(place) = new.place_id {
        check_place(tx, place)?;
    }
    check_validity(new.valid_from, new.valid_to)?;
    diesel::insert_into(organisations::table)
        .values((
            organisations::id.eq(id),
            organisations::name.eq(new.name),
            organisations::kind.eq(new.kind),
            organisations::level.eq(new.level.unwrap_or(manager.level.into())),
            organisations::parent_id.eq(new.parent_id),
            organisations::locality_id.eq(new.locality_id),
            organisations::place_id.eq(new.place_id),
            organisations::valid_from.eq(new.valid_from),
            organisations::valid_to.eq(new.valid_to),
        ))
        .execute(tx.conn)
        .on_constraint("organisations_place_id_key", || Problem::new(PLACE_TAKEN))?;
    diesel::insert_into(organisation_contacts::table)
        .values((
            organisation_contacts::id.eq(Uuid::now_v7()),
            organisation_contacts::organisation_id.eq(id),
            organisation_contacts::contact_name.eq(new.contact_name),
            organisation_contacts::contact_phone.eq(new.contact_phone),
            organisation_contacts::contact_email.eq(new.contact_email),
            organisation_contacts::address.eq(new.address),
        ))
        .execute(tx.conn)?;
    replace_headcounts(tx, id, &new.headcounts)
}

pub fn update(tx: &mut Tx<'_>, id: OrganisationId, changes: OrganisationChanges) -> Result<()> {
    let before = find(tx, id)?;
    if !is_managed(tx, id)? {
        // The policies let an organisation lock itself, and a village head those of the village.
        let is_own = tx.organisation()? == Some(id.0);
        return if is_own { update_contact(tx, id, &changes) } else { Err(Problem::not_found()) };
    }
    // The successor began on the day after.
    if before.successor_id.is_some() && changes.valid_to.is_some() {
        return Err(Problem::field("#/valid_to", FieldCode::READ_ONLY));
    }
    if let Some(locality) = changes.locality_id {
        place_in_range(tx.conn, locality, "#/locality_id")?;
    }
    if let Some(Some(parent)) = changes.parent_id {
        check_parent(tx.conn, id, parent)?;
    }
    check_kind(changes.kind.unwrap_or(before.kind), changes.place_id.unwrap_or(before.place_id))?;
    if let Some(Some(place)) = changes.place_id {
        check_place(tx, place)?;
    }
    check_validity(changes.valid_from.unwrap_or(before.valid_from), changes.valid_to.unwrap_or(before.valid_to))?;
    let outcome = diesel::update(organisations::table.find(id)).set(&changes).execute(tx.conn);
    match outcome {
        // A patch of the contact only has no column of this table.
        Err(diesel::result::Error::QueryBuilderError(_)) => {}
        // A reopened organisation prolongs its twinnings.
        Err(error) if violates(&error, "twinnings_lead") => return Err(Problem::new(LEAD_EXISTS)),
        outcome => {
            outcome.on_constraint("organisations_place_id_key", || Problem::new(PLACE_TAKEN))?;
        }
    }
    let contact = changes.contact();
    if let Some(contact) = &contact {
        write_contact(tx, id, contact)?;
    }
    if let Some(headcounts) = &changes.headcounts {
        replace_headcounts(tx, id, headcounts)?;
    }
    let parts_changed = contact.is_some() || changes.headcounts.is_some();
    if parts_changed && records::lock(tx.conn, id)? == before.version {
        records::touch(tx.conn, id)?;
    }
    Ok(())
}

/// Whether the caller is an official above the organisation.
fn is_managed(tx: &mut Tx<'_>, id: OrganisationId) -> Result<bool> {
    let in_range = organisations::table.find(id).select(app_in_range(organisations::scope_path)).first(tx.conn)?;
    Ok(in_range && tx.actor.may(Permission::WriteOrganisations))
}

fn update_contact(tx: &mut Tx<'_>, id: OrganisationId, changes: &OrganisationChanges) -> Result<()> {
    Problem::check(changes.beyond_contact())?;
    let Some(contact) = changes.contact() else { return Ok(()) };
    write_contact(tx, id, &contact)?;
    records::touch(tx.conn, id)
}

/// Organisations that were not added through the API, such as those of a loader, have no contact yet.
fn write_contact(tx: &mut Tx<'_>, id: OrganisationId, contact: &OrganisationContactChanges<'_>) -> Result<()> {
    let own = || organisation_contacts::table.filter(organisation_contacts::organisation_id.eq(id));
    if diesel::update(own()).set(contact).execute(tx.conn)? == 0 {
        let new = (organisation_contacts::id.eq(Uuid::now_v7()), organisation_contacts::organisation_id.eq(id));
        diesel::insert_into(organisation_contacts::table).values(new).execute(tx.conn)?;
        diesel::update(own()).set(contact).execute(tx.conn)?;
    }
    Ok(())
}

/// Ends an organisation on the day before, and lets another one take over.
pub fn succeed(tx: &mut Tx<'_>, id: OrganisationId, body: OrganisationSuccession) -> Result<()> {
    let before = find(tx, id)?;
    if !is_managed(tx, id)? {
        return Err(Problem::not_found());
    }
    if before.successor_id.is_some() {
        return Err(Problem::new(Code::INVALID_TRANSITION));
    }
    let successor = organisations::table.find(body.successor_id).filter(app_in_range(organisations::scope_path));
    let successor: Option<(OrganisationId, Option<NaiveDate>, Option<NaiveDate>)> = successor
        .select((organisations::id, organisations::valid_from, organisations::valid_to))
        .first(tx.conn)
        .optional()?;
    let (successor, since, until) = successor.ok_or_else(|| Problem::field("#/successor_id", FieldCode::NOT_FOUND))?;
    let former: Vec<OrganisationId> = diesel::select(app_successions(id)).get_result(tx.conn)?;
    if former.contains(&successor) {
        return Err(Problem::field("#/successor_id", FieldCode::CIRCULAR));
    }
    day::check_past(body.on, tx.today, "#/on")?;
    if before.valid_from.is_some_and(|from| body.on <= from) {
        return Err(Problem::field("#/on", FieldCode::PERIOD_REVERSED));
    }
    if since.is_some_and(|from| body.on < from) || until.is_some_and(|to| body.on > to) {
        return Err(Problem::field("#/on", OUTSIDE_ORGANISATION));
    }
    let with_twinnings = body.twinnings == EndedTwinnings::Succeed;
    diesel::select(app_succeed_organisation(id, successor, body.on, with_twinnings))
        .execute(tx.conn)
        .on_constraint("twinnings_lead", || Problem::new(LEAD_EXISTS))?;
    if body.move_users != Some(false) {
        diesel::select(app_move_accounts(id, successor)).execute(tx.conn)?;
    }
    Ok(())
}

/// Checks that `place_id` is present for kind `locality`, and only then.
fn check_kind(kind: OrganisationKind, place: Option<LocalityId>) -> Result<()> {
    match (kind, place) {
        (OrganisationKind::Locality, None) => Err(Problem::field("#/place_id", FieldCode::REQUIRED)),
        (OrganisationKind::Locality, Some(_)) | (_, None) => Ok(()),
        (_, Some(_)) => Err(Problem::field("#/place_id", FieldCode::EXCLUSIVE)),
    }
}

fn check_place(tx: &mut Tx<'_>, place: LocalityId) -> Result<()> {
    match place_in_range(tx.conn, place, "#/place_id")?.level {
        LocalityLevel::Village | LocalityLevel::Commune | LocalityLevel::District => Ok(()),
        LocalityLevel::Province => Err(Problem::field("#/place_id", WRONG_LEVEL)),
    }
}

fn check_validity(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<()> {
    from.map_or(Ok(()), |from| day::check_period(from, to, "#/valid_to"))
}

fn replace_headcounts(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    headcounts: &[OrganisationHeadcount],
) -> Result<()> {
    let repeated = |(index, headcount): (usize, &OrganisationHeadcount)| {
        let again = headcounts.iter().take(index).any(|other| other.year == headcount.year);
        again.then(|| FieldError::new(format!("#/headcounts/{index}/year"), FieldCode::DUPLICATE))
    };
    let mut errors: Vec<FieldError> = headcounts.iter().enumerate().filter_map(repeated).collect();
    let years = headcounts.iter().enumerate().map(|(index, count)| (format!("#/headcounts/{index}/year"), count.year));
    errors.extend(day::future_years(years, tx.today));
    Problem::check(errors)?;
    let own = organisation_headcounts::table.filter(organisation_headcounts::organisation_id.eq(organisation));
    diesel::delete(own).execute(tx.conn)?;
    let rows: Vec<_> = headcounts
        .iter()
        .map(|headcount| {
            (
                organisation_headcounts::id.eq(Uuid::now_v7()),
                organisation_headcounts::organisation_id.eq(organisation),
                organisation_headcounts::year.eq(headcount.year),
                organisation_headcounts::headcount.eq(headcount.headcount),
            )
        })
        .collect();
    diesel::insert_into(organisation_headcounts::table).values(rows).execute(tx.conn)?;
    Ok(())
}
