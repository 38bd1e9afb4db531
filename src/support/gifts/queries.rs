use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Uuid as SqlUuid;
use uuid::Uuid;

use super::GiftId;
use super::model::{
    Gift, GiftChanges, GiftDispute, GiftFilter, GiftRow, GiftSettlement, GiftSort, GiftStatus, NewGift, NewVisitGift,
    Recipient,
};
use super::workflow::{GiftChange, GiftStep, Relation, STEPS};
use crate::access::UserId;
use crate::access::policy::Permission;
use crate::access::reach::Reach;
use crate::access::sql::{app_in_range, app_organisation, app_own_accounts, app_share_maker, app_with_caller};
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{gifts, hardship_items, household_members, households, organisations, visits};
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::id::RecordId;
use crate::needs::households::problems::{HOUSEHOLD_ELSEWHERE, HOUSEHOLD_NOT_ACTIVE};
use crate::needs::households::{HouseholdId, MemberId};
use crate::needs::ids::HardshipItemId;
use crate::places::localities::LocalityId;
use crate::support::gifts::problems::{ITEM_ELSEWHERE, MEMBER_ELSEWHERE, NOT_APPROVED, VISIT_ELSEWHERE};
use crate::support::recording::{self, Occasion, Recording};
use crate::support::visits::VisitId;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;

diesel::define_sql_function! {
    /// The name of a village, also of one that the caller no longer sees.
    fn app_village_name(village: SqlUuid) -> Text;
}

/// A gift as it is read: the row, the names it is shown with, and the relation of the caller to it.
struct GiftView {
    row: GiftRow,
    organisation_name: String,
    village_name: String,
    household_head_name: Option<String>,
    relation: Relation,
}

impl From<GiftView> for Gift {
    fn from(view: GiftView) -> Self {
        let row = view.row;
        Self {
            id: row.id,
            visit_id: row.visit_id,
            twinning_id: row.twinning_id,
            organisation_id: row.organisation_id,
            organisation_name: view.organisation_name,
            village_id: row.village_id,
            village_name: view.village_name,
            household_id: row.household_id,
            household_head_name: view.household_head_name,
            member_id: row.member_id,
            hardship_item_id: row.hardship_item_id,
            category: row.category,
            description: row.description,
            quantity: row.quantity,
            unit: row.unit,
            value_vnd: row.value_vnd,
            funding_source: row.funding_source,
            given_on: row.given_on,
            note: row.note,
            status: row.status,
            dispute_reason: row.dispute_reason,
            settlement_note: row.settlement_note,
            correction_reason: row.correction_reason,
            acted_by: row.acted_by,
            on_behalf_of: row.on_behalf_of,
            allowed_actions: view.relation.allowed_actions(row.status),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A row, its organisation's and village's names, its household's head, whether the village lies in the
/// caller's range, and the organisation the caller acts for.
type Loaded = (GiftRow, Option<String>, String, Option<String>, bool, Option<OrganisationId>);

/// Reads gifts with everything they are shown with, in one query. The names are looked up for the
/// rows that are answered only, and a household that the caller does not see has none.
fn load(tx: &mut Tx<'_>, query: gifts::BoxedQuery<'_, Pg>) -> Result<Vec<GiftView>> {
    let organisation = organisations::table
        .filter(organisations::id.eq(gifts::organisation_id))
        .select(organisations::name)
        .single_value();
    let head = households::table
        .filter(households::id.nullable().eq(gifts::household_id))
        .select(households::head_name)
        .single_value();
    let rows: Vec<Loaded> = query
        .select((
            GiftRow::as_select(),
            organisation,
            app_village_name(gifts::village_id),
            head,
            app_in_range(gifts::scope_path),
            app_organisation(),
        ))
        .load(tx.conn)?;
    let takes_steps = STEPS.iter().any(|step| tx.actor.may(step.permission));
    let same_people: Vec<Uuid> = if rows.is_empty() || !takes_steps {
        Vec::new()
    } else {
        diesel::select(app_own_accounts()).get_result(tx.conn)?
    };
    let may_be_own = |user: UserId| same_people.contains(&user.0);
    let view = |(row, organisation_name, village_name, household_head_name, in_range, own): (
        GiftRow,
        Option<String>,
        _,
        _,
        _,
        _,
    )| {
        let records = tx.actor.may(Permission::RecordSupport);
        let relation = Relation {
            office: tx.actor.office,
            in_range,
            recorded_it: row.authors().any(|author| author == UserId(tx.actor.id)),
            recorder_may_be_caller: row.authors().any(may_be_own),
            recorders_side: records
                && recording::is_recorders_side(tx.actor, own, Some(row.acted_by), row.organisation_id),
        };
        GiftView {
            row,
            organisation_name: organisation_name.unwrap_or_default(),
            village_name,
            household_head_name,
            relation,
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

fn view(tx: &mut Tx<'_>, id: GiftId) -> Result<GiftView> {
    let found = load(tx, gifts::table.find(id).into_boxed())?;
    found.into_iter().next().ok_or_else(Problem::not_found)
}

pub fn find(tx: &mut Tx<'_>, id: GiftId) -> Result<Gift> {
    view(tx, id).map(Gift::from)
}

/// The gifts of visits.
pub fn of_visits(tx: &mut Tx<'_>, visits: &[VisitId]) -> Result<Vec<Gift>> {
    let query = gifts::table.filter(gifts::visit_id.eq_any(visits)).order(gifts::id).into_boxed();
    Ok(load(tx, query)?.into_iter().map(Gift::from).collect())
}

pub fn list(tx: &mut Tx<'_>, filter: &GiftFilter, keyset: Keyset<GiftSort>) -> Result<Page<Gift>> {
    let reach = Reach::of_gifts_and_visits(tx.actor, GiftId::TABLE);
    let filtered = || {
        gifts::table
            .filter(reach)
            .into_boxed()
            .when(filter.village_id, |village| gifts::village_id.eq(village))
            .when(filter.household_id, |household| gifts::household_id.eq(household))
            .when(filter.twinning_id, |twinning| gifts::twinning_id.eq(twinning))
            .when(filter.organisation_id, |organisation| gifts::organisation_id.eq(organisation))
            .when_any(&filter.status, |status| gifts::status.eq_any(status))
            .when_any(&filter.category, |categorys| gifts::category.eq_any(categorys))
            .when(filter.from, |from| gifts::given_on.ge(recording::comparable(from)))
            .when(filter.to, |to| gifts::given_on.le(recording::comparable(to)))
    };
    tx.page(keyset, filtered, |tx, query| Ok(load(tx, query)?.into_iter().map(Gift::from).collect()))
}

sort_columns! { GiftSort of gifts as Gift: GivenOn = given_on (NaiveDate) }

pub fn create(tx: &mut Tx<'_>, id: GiftId, new: NewGift) -> Result<()> {
    let occasion = Occasion {
        twinning_id: new.twinning_id,
        village_id: new.village_id,
        day: new.given_on,
        day_pointer: "#/given_on",
        village_pointer: "#/village_id",
    };
    let recording = recording::check(tx, &occasion)?;
    let visit_id = new.visit_id;
    if let Some(visit) = visit_id {
        check_visit(tx, visit, &occasion, "#/visit_id")?;
    }
    let gift = NewVisitGift::from(new);
    let errors = check_recipients(tx, &occasion, &[("#".to_owned(), gift.recipient())])?;
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    insert(tx, &occasion, recording, visit_id, vec![(id, gift)])
        .map_err(|error| recording::gone(error, GiftId::TABLE, |field| format!("#/{field}")))
}

/// Writes gifts that were checked.
pub fn insert(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    recording: Recording,
    visit: Option<VisitId>,
    new: Vec<(GiftId, NewVisitGift)>,
) -> QueryResult<()> {
    let rows: Vec<_> = new
        .into_iter()
        .map(|(id, gift)| {
            (
                gifts::id.eq(id),
                gifts::visit_id.eq(visit),
                gifts::twinning_id.eq(occasion.twinning_id),
                gifts::organisation_id.eq(recording.organisation_id),
                gifts::village_id.eq(occasion.village_id),
                gifts::household_id.eq(gift.household_id),
                gifts::member_id.eq(gift.member_id),
                gifts::hardship_item_id.eq(gift.hardship_item_id),
                gifts::category.eq(gift.category),
                gifts::description.eq(gift.description),
                gifts::quantity.eq(gift.quantity),
                gifts::unit.eq(gift.unit),
                gifts::value_vnd.eq(gift.value_vnd),
                gifts::funding_source.eq(gift.funding_source),
                gifts::given_on.eq(occasion.day),
                gifts::note.eq(gift.note),
                gifts::acted_by.eq(tx.actor.id),
                gifts::on_behalf_of.eq(recording.on_behalf_of),
            )
        })
        .collect();
    diesel::insert_into(gifts::table).values(rows).execute(tx.conn).map(|_| ())
}

#[derive(HasQuery)]
#[diesel(table_name = households)]
struct Home {
    id: HouseholdId,
    village_id: LocalityId,
    status: String,
    status_since: Option<NaiveDate>,
}

#[derive(HasQuery)]
#[diesel(table_name = hardship_items)]
struct ListedItem {
    id: HardshipItemId,
    village_id: LocalityId,
    household_id: HouseholdId,
    approved: bool,
}

/// Households that may be named on an occasion, by what is wrong with each of the others. Those that
/// the caller does not see are not there.
pub fn check_households(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    ids: &[HouseholdId],
) -> Result<HashMap<HouseholdId, Option<FieldCode>>> {
    let homes: Vec<Home> = Home::query().filter(households::id.eq_any(ids)).load(tx.conn)?;
    let verdict = |home: &Home| {
        // Who moved away later was at home on the day.
        let left = home.status != "active" && home.status_since.is_none_or(|since| since <= occasion.day);
        if home.village_id != occasion.village_id {
            Some(HOUSEHOLD_ELSEWHERE)
        } else if left {
            Some(HOUSEHOLD_NOT_ACTIVE)
        } else {
            None
        }
    };
    Ok(homes.iter().map(|home| (home.id, verdict(home))).collect())
}

/// Everything that is wrong with whom gifts were for, each below its pointer. The one check of a
/// gift, standing alone or inside a visit.
pub fn check_recipients(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    recipients: &[(String, Recipient)],
) -> Result<Vec<FieldError>> {
    let each = || recipients.iter().map(|(_, recipient)| recipient);
    let home_ids: Vec<HouseholdId> = each().filter_map(|to| to.household_id).collect();
    let member_ids: Vec<MemberId> = each().filter_map(|to| to.member_id).collect();
    let item_ids: Vec<HardshipItemId> = each().filter_map(|to| to.hardship_item_id).collect();
    let homes = check_households(tx, occasion, &home_ids)?;
    let members: HashMap<MemberId, HouseholdId> = if member_ids.is_empty() {
        HashMap::new()
    } else {
        let of = household_members::table.filter(household_members::id.eq_any(member_ids));
        let rows: Vec<(MemberId, HouseholdId)> =
            of.select((household_members::id, household_members::household_id)).load(tx.conn)?;
        rows.into_iter().collect()
    };
    let items: HashMap<HardshipItemId, ListedItem> = if item_ids.is_empty() {
        HashMap::new()
    } else {
        let rows: Vec<ListedItem> = ListedItem::query().filter(hardship_items::id.eq_any(item_ids)).load(tx.conn)?;
        rows.into_iter().map(|item| (item.id, item)).collect()
    };

    let mut errors = Vec::new();
    for (base, to) in recipients {
        let mut wrong = |field: &str, code| errors.push(FieldError::new(format!("{base}/{field}"), code));
        let home = to.household_id;
        match home.map(|home| homes.get(&home)) {
            Some(None) => wrong("household_id", FieldCode::NOT_FOUND),
            Some(Some(Some(code))) => wrong("household_id", *code),
            None if to.member_id.is_some() || to.hardship_item_id.is_some() => {
                wrong("household_id", FieldCode::REQUIRED);
            }
            Some(Some(None)) | None => {}
        }
        match to.member_id.map(|member| members.get(&member)) {
            Some(None) => wrong("member_id", FieldCode::NOT_FOUND),
            Some(Some(of)) if home.is_some_and(|home| home != *of) => wrong("member_id", MEMBER_ELSEWHERE),
            _ => {}
        }
        match to.hardship_item_id.map(|item| items.get(&item)) {
            Some(None) => wrong("hardship_item_id", FieldCode::NOT_FOUND),
            Some(Some(item))
                if item.village_id != occasion.village_id || home.is_some_and(|home| home != item.household_id) =>
            {
                wrong("hardship_item_id", ITEM_ELSEWHERE);
            }
            Some(Some(item)) if !item.approved => wrong("hardship_item_id", NOT_APPROVED),
            _ => {}
        }
    }
    Ok(errors)
}

/// A gift belongs to a visit of the same twinning, village and day.
fn check_visit(tx: &mut Tx<'_>, visit: VisitId, occasion: &Occasion, pointer: &str) -> Result<()> {
    let found: Option<(TwinningId, LocalityId, NaiveDate)> = visits::table
        .find(visit)
        .select((visits::twinning_id, visits::village_id, visits::visited_on))
        .first(tx.conn)
        .optional()?;
    match found {
        None => Err(Problem::field(pointer, FieldCode::NOT_FOUND)),
        Some(found) if found == (occasion.twinning_id, occasion.village_id, occasion.day) => Ok(()),
        Some(_) => Err(Problem::field(pointer, VISIT_ELSEWHERE)),
    }
}

pub fn update(tx: &mut Tx<'_>, id: GiftId, changes: GiftChanges) -> Result<()> {
    let GiftView { row, relation, .. } = view(tx, id)?;
    let change = relation.may_change(row.status)?;
    let occasion = Occasion {
        twinning_id: row.twinning_id,
        village_id: row.village_id,
        day: changes.given_on.unwrap_or(row.given_on),
        day_pointer: "#/given_on",
        village_pointer: "#/given_on",
    };
    let another_day = occasion.day != row.given_on;
    if another_day {
        recording::check_other_day(tx, &occasion)?;
        if let Some(visit) = row.visit_id {
            check_visit(tx, visit, &occasion, "#/given_on")?;
        }
    }
    if another_day || changes.moves_recipient() {
        let recipient = Recipient {
            household_id: changes.household_id.unwrap_or(row.household_id),
            member_id: changes.member_id.unwrap_or(row.member_id),
            hardship_item_id: changes.hardship_item_id.unwrap_or(row.hardship_item_id),
        };
        let errors = check_recipients(tx, &occasion, &[("#".to_owned(), recipient)])?;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
    }
    let target = gifts::table.find(id);
    // Whoever writes any of it answers for it, and confirms it no more than its recorder does.
    let author = gifts::written_by.eq(app_with_caller(gifts::written_by));
    let outcome = match change {
        GiftChange::Free => diesel::update(target).set((&changes, author)).execute(tx.conn),
        GiftChange::Correction => {
            let reason = changes.reason.as_ref().ok_or_else(|| Problem::field("#/reason", FieldCode::REQUIRED))?;
            records::set(tx.conn, "step", "correct")?;
            records::forget_step(tx.conn, id)?;
            let again = (gifts::status.eq(GiftStatus::Recorded), gifts::correction_reason.eq(reason));
            diesel::update(target).set((&changes, again, author)).execute(tx.conn)
        }
    };
    match outcome {
        Err(error @ DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
            Err(recording::gone(error, GiftId::TABLE, |field| format!("#/{field}")))
        }
        other => records::apply(other),
    }
}

pub fn check_deletable(tx: &mut Tx<'_>, gift: &Gift) -> Result<()> {
    let GiftView { row, relation, .. } = view(tx, gift.id)?;
    relation.may_delete(row.status)
}

/// The columns that a step writes beside the status.
#[derive(Default, AsChangeset)]
#[diesel(table_name = gifts)]
pub struct StepNotes {
    dispute_reason: Option<String>,
    /// A new dispute waits for a settlement of its own.
    settlement_note: Option<Option<String>>,
}

impl From<()> for StepNotes {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<GiftDispute> for StepNotes {
    fn from(dispute: GiftDispute) -> Self {
        Self { dispute_reason: Some(dispute.reason), settlement_note: Some(None) }
    }
}

impl From<GiftSettlement> for StepNotes {
    fn from(settlement: GiftSettlement) -> Self {
        Self { dispute_reason: None, settlement_note: Some(Some(settlement.note)) }
    }
}

pub fn take_step<N: Into<StepNotes>>(tx: &mut Tx<'_>, id: GiftId, step: &GiftStep, notes: N) -> Result<()> {
    let GiftView { row, relation, .. } = view(tx, id)?;
    relation.may_take(step)?;
    let authors: Vec<UserId> = row.authors().collect();
    // Money that may have been given and confirmed by one person is marked for the level above.
    if step.one_version && diesel::select(app_share_maker(authors)).get_result(tx.conn)? {
        records::set(tx.conn, "two_person", "doubt")?;
    }
    let next = step.after(row.status)?;
    diesel::update(gifts::table.find(id)).set((notes.into(), gifts::status.eq(next))).execute(tx.conn)?;
    Ok(())
}
