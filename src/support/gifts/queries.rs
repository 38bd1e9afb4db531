use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use uuid::Uuid;

use super::GiftId;
use super::model::{
    Gift, GiftChanges, GiftDispute, GiftFilter, GiftSettlement, GiftSort, GiftStatus, NewGift, NewVisitGift,
};
use super::workflow::{GiftChange, GiftStep, Relation, STEPS};
use crate::access::UserId;
use crate::access::reach::Reach;
use crate::access::sql::{app_in_range, app_organisation, app_own_accounts, app_share_maker, app_with_caller};
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{gifts, households, organisations, visits};
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::id::RecordId;
use crate::places::localities::LocalityId;
use crate::support::gifts::problems::VISIT_ELSEWHERE;
use crate::support::ids::VisitId;
use crate::support::recipients::{Recipient, check_recipients};
use crate::support::recording::{self, Occasion, Recording};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::twinnings::TwinningId;

diesel::define_sql_function! {
    /// Whether an organisation is a commune, and a place lies in it.
    fn app_gives_at_home(organisation: diesel::sql_types::Uuid, path: diesel::sql_types::Text) -> diesel::sql_types::Bool;
}

/// A gift, the names of its organisation and of the head of its household, whether it lies in the caller's range and in the
/// commune that gave it, and the organisation that the caller acts for.
type Loaded = (Gift, Option<String>, Option<String>, bool, bool, Option<OrganisationId>);

/// Reads gifts with their names, and the relation of the caller to each, in one query. A household that the caller does
/// not see has no name.
fn load(tx: &mut Tx<'_>, query: gifts::BoxedQuery<'_, Pg>) -> Result<Vec<(Gift, Relation)>> {
    let organisation = organisations::table
        .filter(organisations::id.eq(gifts::organisation_id))
        .select(organisations::name)
        .single_value();
    let head = households::table
        .filter(households::id.nullable().eq(gifts::household_id))
        .select(households::head_name)
        .single_value();
    let at_home = app_gives_at_home(gifts::organisation_id, gifts::scope_path);
    let facts = (Gift::as_select(), organisation, head, app_in_range(gifts::scope_path), at_home, app_organisation());
    let rows: Vec<Loaded> = query.select(facts).load(tx.conn)?;
    let takes_steps = STEPS.iter().any(|step| tx.actor.may(step.permission));
    let same_people: Vec<Uuid> = if rows.is_empty() || !takes_steps {
        Vec::new()
    } else {
        diesel::select(app_own_accounts()).get_result(tx.conn)?
    };
    let complete = |(mut gift, organisation_name, head_name, in_range, given_at_home, own): Loaded| {
        let relation = Relation {
            office: tx.actor.office,
            in_range,
            recorded_it: gift.acted_by == UserId(tx.actor.id),
            wrote_it: gift.authors().any(|author| author == UserId(tx.actor.id)),
            gave_it: own == Some(gift.organisation_id),
            recorder_may_be_caller: gift.authors().any(|author| same_people.contains(&author.0)),
            given_at_home,
        };
        gift.organisation_name = organisation_name.unwrap_or_default();
        gift.household_head_name = head_name;
        gift.allowed_actions = relation.allowed_actions(gift.status);
        (gift, relation)
    };
    Ok(rows.into_iter().map(complete).collect())
}

fn load_gifts(tx: &mut Tx<'_>, query: gifts::BoxedQuery<'_, Pg>) -> Result<Vec<Gift>> {
    Ok(load(tx, query)?.into_iter().map(|(gift, _)| gift).collect())
}

fn find_with_relation(tx: &mut Tx<'_>, id: GiftId) -> Result<(Gift, Relation)> {
    let found = load(tx, gifts::table.find(id).into_boxed())?;
    found.into_iter().next().ok_or_else(Problem::not_found)
}

pub fn find(tx: &mut Tx<'_>, id: GiftId) -> Result<Gift> {
    find_with_relation(tx, id).map(|(gift, _)| gift)
}

/// Returns the gifts of visits.
pub fn of_visits(tx: &mut Tx<'_>, visits: &[VisitId]) -> Result<Vec<Gift>> {
    let query = gifts::table.filter(gifts::visit_id.eq_any(visits)).order(gifts::id).into_boxed();
    load_gifts(tx, query)
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
            .when_any(&filter.category, |categories| gifts::category.eq_any(categories))
            .when_any(&filter.funding_source, |sources| gifts::funding_source.eq_any(sources))
            .when(filter.entered_from, |entered_from| gifts::entered_from.eq(entered_from))
            .when(filter.from, |from| gifts::given_on.ge(recording::comparable(from)))
            .when(filter.to, |to| gifts::given_on.le(recording::comparable(to)))
    };
    tx.page(keyset, filtered, load_gifts)
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
    let recording = recording::check(tx, &occasion, new.entered_from)?;
    if let Some(visit) = new.visit_id {
        check_visit(tx, visit, &occasion, "#/visit_id")?;
    }
    let recipient = Recipient::of(new.household_id, new.member_id, new.hardship_item_id);
    let errors = check_recipients(tx, &occasion, &[("#".to_owned(), recipient)])?;
    Problem::check(errors)?;
    let inserted = diesel::insert_into(gifts::table)
        .values((
            gifts::id.eq(id),
            gifts::organisation_id.eq(recording.organisation_id),
            gifts::acted_by.eq(tx.actor.id),
            gifts::on_behalf_of.eq(recording.on_behalf_of),
            gifts::entered_from.eq(recording.entered_from),
            new,
        ))
        .execute(tx.conn);
    inserted.map_err(|error| recording::gone(error, GiftId::TABLE, |field| format!("#/{field}")))?;
    recording.end(tx)
}

/// Inserts the gifts of a visit, after their checks.
pub fn insert(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    recording: &Recording,
    visit: VisitId,
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
                gifts::given_on.eq(occasion.day),
                gifts::acted_by.eq(tx.actor.id),
                gifts::on_behalf_of.eq(recording.on_behalf_of),
                gifts::entered_from.eq(recording.entered_from),
                gift,
            )
        })
        .collect();
    diesel::insert_into(gifts::table).values(rows).execute(tx.conn).map(|_| ())
}

/// Checks that the visit has the same twinning, village and day as the gift.
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
    let (row, relation) = find_with_relation(tx, id)?;
    let change = relation.may_change(row.status)?;
    let occasion = Occasion {
        twinning_id: row.twinning_id,
        village_id: row.village_id,
        day: changes.given_on.unwrap_or(row.given_on),
        day_pointer: "#/given_on",
        village_pointer: "#/given_on",
    };
    let naming = recording::name_again(tx, row.twinning_id)?;
    let another_day = occasion.day != row.given_on;
    if another_day {
        recording::check_other_day(tx, &occasion)?;
        if let Some(visit) = row.visit_id {
            check_visit(tx, visit, &occasion, "#/given_on")?;
        }
    }
    if another_day || changes.moves_recipient() {
        let recipient = Recipient::of(
            changes.household_id.unwrap_or(row.household_id),
            changes.member_id.unwrap_or(row.member_id),
            changes.hardship_item_id.unwrap_or(row.hardship_item_id),
        );
        let errors = check_recipients(tx, &occasion, &[("#".to_owned(), recipient)])?;
        Problem::check(errors)?;
    }
    let target = gifts::table.find(id);
    // An author of a change may not confirm the gift, like its recorder.
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
    }?;
    naming.end(tx)
}

pub fn check_deletable(tx: &mut Tx<'_>, gift: &Gift) -> Result<()> {
    let (row, relation) = find_with_relation(tx, gift.id)?;
    relation.may_delete(row.status)
}

/// The columns that a step writes in addition to the status.
#[derive(Default, AsChangeset)]
#[diesel(table_name = gifts)]
pub struct StepNotes {
    dispute_reason: Option<String>,
    /// Some(None) clears the note: a new dispute has no settlement yet.
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
    let (row, relation) = find_with_relation(tx, id)?;
    relation.may_take(step)?;
    let authors: Vec<UserId> = row.authors().collect();
    // A gift that one person may have both recorded and confirmed is marked for review by the level above.
    if step.one_version && diesel::select(app_share_maker(authors)).get_result(tx.conn)? {
        records::set(tx.conn, "two_person", "doubt")?;
    }
    let next = step.after(row.status)?;
    diesel::update(gifts::table.find(id)).set((notes.into(), gifts::status.eq(next))).execute(tx.conn)?;
    Ok(())
}
