use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use super::model::{NewVisit, Visit, VisitChanges, VisitFilter, VisitSort};
use crate::access::UserId;
use crate::access::reach::Reach;
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{organisations, visit_households, visits};
use crate::kernel::http::problem::{Code, FieldCode, FieldError, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::id::RecordId;
use crate::needs::households::HouseholdId;
use crate::places::localities::within::lies_within;
use crate::support::gifts::GiftId;
use crate::support::gifts::bodies::NewVisitGift;
use crate::support::gifts::model::Gift;
use crate::support::gifts::queries as gift_queries;
use crate::support::gifts::recipients::{check_households, check_listed, check_recipients};
use crate::support::ids::VisitId;
use crate::support::recording::{self, EnteredFrom, Occasion, SupportedPlace};
use crate::twinning::references::app_twinnings_under;

diesel::define_sql_function! {
    /// Whether a gift belongs to a visit.
    fn app_visit_gave(visit: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

/// Reads visits with their households and gifts; the number of statements does not depend on the number of visits.
fn load(tx: &mut Tx<'_>, query: visits::BoxedQuery<'_, Pg>) -> Result<Vec<Visit>> {
    let organisation = organisations::table
        .filter(organisations::id.eq(visits::organisation_id))
        .select(organisations::name)
        .single_value();
    let rows: Vec<(Visit, Option<String>)> = query.select((Visit::as_select(), organisation)).load(tx.conn)?;
    let ids: Vec<VisitId> = rows.iter().map(|(visit, _)| visit.id).collect();

    let mut homes: HashMap<VisitId, Vec<HouseholdId>> = HashMap::new();
    let visited: Vec<(VisitId, HouseholdId)> = visit_households::table
        .filter(visit_households::visit_id.eq_any(&ids))
        .order((visit_households::visit_id, visit_households::household_id))
        .load(tx.conn)?;
    for (visit, home) in visited {
        homes.entry(visit).or_default().push(home);
    }
    let mut given: HashMap<VisitId, Vec<Gift>> = HashMap::new();
    for gift in gift_queries::of_visits(tx, &ids)? {
        if let Some(visit) = gift.visit_id {
            given.entry(visit).or_default().push(gift);
        }
    }

    let complete = |(mut visit, organisation_name): (Visit, Option<String>)| {
        visit.organisation_name = organisation_name.unwrap_or_default();
        visit.entered_from = EnteredFrom::of(visit.on_behalf_of);
        visit.household_ids = homes.remove(&visit.id).unwrap_or_default();
        visit.gifts = given.remove(&visit.id).unwrap_or_default();
        visit
    };
    Ok(rows.into_iter().map(complete).collect())
}

pub fn find(tx: &mut Tx<'_>, id: VisitId) -> Result<Visit> {
    let found = load(tx, visits::table.find(id).into_boxed())?;
    found.into_iter().next().ok_or_else(Problem::not_found)
}

pub fn list(tx: &mut Tx<'_>, filter: &VisitFilter, keyset: Keyset<VisitSort>) -> Result<Page<Visit>> {
    let reach = Reach::of_gifts_and_visits_in(tx, VisitId::TABLE)?;
    let filtered = || {
        visits::table
            .filter(reach)
            .into_boxed()
            .when(filter.village_id, |village| visits::village_id.assume_not_null().eq(village))
            .when(filter.commune_id, |commune| visits::locality_id.assume_not_null().eq(commune))
            .when(filter.within, |place| lies_within(visits::scope_path, place))
            .when(filter.household_id, |household| {
                let visited = visit_households::table.filter(visit_households::household_id.eq(household));
                visits::id.eq_any(visited.select(visit_households::visit_id))
            })
            .when(filter.twinning_id, |twinning| visits::twinning_id.eq(twinning))
            .when(filter.organisation_id, |organisation| visits::organisation_id.eq(organisation))
            .when(filter.programme_id, |programme| {
                visits::twinning_id.eq_any(diesel::select(app_twinnings_under(programme)))
            })
            .when_any(&filter.purpose, |purposes| visits::purpose.eq_any(purposes))
            .when(filter.entered_from, |how| visits::on_behalf_of.is_not_null().eq(how == EnteredFrom::Paper))
            .when(filter.from, |from| visits::visited_on.ge(recording::comparable(from)))
            .when(filter.to, |to| visits::visited_on.le(recording::comparable(to)))
    };
    tx.page(keyset, filtered, load)
}

sort_columns! { VisitSort of visits as Visit: VisitedOn = visited_on (NaiveDate) }

pub fn create(tx: &mut Tx<'_>, id: VisitId, new: NewVisit) -> Result<()> {
    let place = SupportedPlace::of(new.village_id, new.commune_id)?;
    let occasion = Occasion {
        twinning_id: new.twinning_id,
        place,
        day: new.visited_on,
        day_pointer: "#/visited_on",
        place_pointer: place.pointer(),
    };
    let recording = recording::check(tx, &occasion, new.entered_from)?;
    let homes = check_households(tx, &occasion, &new.household_ids)?;
    let mut errors = check_listed(&new.household_ids, &homes, &[], "#/household_ids");
    errors.extend(repeated_ids(&new.gifts));
    let gifts = new.gifts.iter().enumerate();
    let recipients: Vec<_> = gifts.map(|(index, gift)| (format!("#/gifts/{index}"), gift.recipients())).collect();
    errors.extend(check_recipients(tx, &occasion, &recipients, &[])?);
    Problem::check(errors)?;
    claim_gifts(tx, id, &new.gifts)?;

    diesel::insert_into(visits::table)
        .values((
            &new,
            visits::id.eq(id),
            visits::organisation_id.eq(recording.organisation_id),
            visits::acted_by.eq(tx.actor.id),
            visits::on_behalf_of.eq(recording.on_behalf_of),
        ))
        .execute(tx.conn)
        .map_err(|error| recording::gone(error, VisitId::TABLE, |field| format!("#/{field}")))?;
    insert_households(tx, id, &new.household_ids)?;
    let gifts = new.gifts.into_iter().map(|gift| (GiftId(gift.id.unwrap_or_else(Uuid::now_v7)), gift));
    // The error of the statement does not identify the gift; the checks of a repeated request do.
    gift_queries::insert(tx, &occasion, &recording, id, &gifts.collect::<Vec<_>>())
        .map_err(|error| recording::gone(error, GiftId::TABLE, |_| "#/gifts".to_owned()))?;
    recording.end(tx)
}

fn repeated_ids(gifts: &[NewVisitGift]) -> Vec<FieldError> {
    let mut seen = HashSet::new();
    let named = gifts.iter().enumerate().filter_map(|(index, gift)| gift.id.map(|id| (index, id)));
    let repeated = named.filter(|(_, id)| !seen.insert(*id));
    repeated.map(|(index, _)| FieldError::new(format!("#/gifts/{index}/id"), FieldCode::DUPLICATE)).collect()
}

/// Claims the ids that the client generated for gifts, so that none is used twice or again after its record was deleted.
fn claim_gifts(tx: &mut Tx<'_>, visit: VisitId, gifts: &[NewVisitGift]) -> Result<()> {
    let ids: Vec<Option<Uuid>> = gifts.iter().map(|gift| gift.id).collect();
    records::claim_listed(tx.conn, GiftId::TABLE, visit.into(), "gifts", &ids)
}

fn insert_households(tx: &mut Tx<'_>, visit: VisitId, ids: &[HouseholdId]) -> Result<()> {
    let rows: Vec<_> = ids
        .iter()
        .map(|home| (visit_households::visit_id.eq(visit), visit_households::household_id.eq(home)))
        .collect();
    let inserted = diesel::insert_into(visit_households::table).values(rows).execute(tx.conn);
    inserted.map(|_| ()).map_err(|error| recording::gone(error, "visit_households", |_| "#/household_ids".to_owned()))
}

/// Rejects callers other than the recorder and the users of the visiting unit.
pub fn check_recorders_side(tx: &mut Tx<'_>, visit: &Visit) -> Result<()> {
    let own = recording::own_organisation(tx)?;
    if visit.acted_by == Some(UserId(tx.actor.id)) || own == Some(visit.organisation_id) {
        Ok(())
    } else {
        Err(Problem::new(Code::FORBIDDEN))
    }
}

pub fn update(tx: &mut Tx<'_>, id: VisitId, changes: VisitChanges) -> Result<()> {
    let visit = find(tx, id)?;
    check_recorders_side(tx, &visit)?;
    let occasion = Occasion {
        twinning_id: visit.twinning_id,
        place: SupportedPlace::of(visit.village_id, visit.commune_id)?,
        day: changes.visited_on.unwrap_or(visit.visited_on),
        day_pointer: "#/visited_on",
        place_pointer: "#/visited_on",
    };
    let another_day = occasion.day != visit.visited_on;
    // Gifts have the day of their visit.
    if another_day && diesel::select(app_visit_gave(id)).get_result(tx.conn)? {
        return Err(Problem::new(Code::IN_USE));
    }
    let naming = recording::change(tx, &occasion, another_day)?;
    records::apply(diesel::update(visits::table.find(id)).set(&changes).execute(tx.conn))?;
    if let Some(ids) = &changes.household_ids {
        let homes = check_households(tx, &occasion, ids)?;
        // Those listed before are accepted, because policies may hide them from the caller by now.
        Problem::check(check_listed(ids, &homes, &visit.household_ids, "#/household_ids"))?;
        let of_visit = visit_households::table.filter(visit_households::visit_id.eq(id));
        diesel::delete(of_visit.filter(visit_households::household_id.ne_all(ids))).execute(tx.conn)?;
        let added: Vec<HouseholdId> = ids.iter().filter(|home| !visit.household_ids.contains(home)).copied().collect();
        insert_households(tx, id, &added)?;
        records::touch(tx.conn, id)?;
    }
    naming.end(tx)
}
