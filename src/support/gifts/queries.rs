use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::GiftId;
use super::bodies::{GiftChanges, NewGift, NewVisitGift};
use super::model::{Gift, GiftFilter, GiftSort, Named};
use super::names::insert_recipients;
use super::recipients::check_recipients;
use super::words::{GiftStatus, RecipientKind};
use super::workflow::{GiftChange, Relation, STEPS};
use crate::access::UserId;
use crate::access::reach::Reach;
use crate::access::sql::{app_acts_for, app_in_range, app_organisation, app_own_accounts, app_with_caller};
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{gift_recipients, gifts, households, organisations, twinnings, visits};
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::id::RecordId;
use crate::needs::households::HouseholdId;
use crate::places::localities::LocalityId;
use crate::places::localities::sql::app_village_name;
use crate::places::localities::within::lies_within;
use crate::support::gifts::problems::VISIT_ELSEWHERE;
use crate::support::ids::VisitId;
use crate::support::recording::{self, EnteredFrom, Occasion, Recording, SupportedPlace};
use crate::twinning::organisations::OrganisationId;
use crate::twinning::programmes::ProgrammeId;
use crate::twinning::references::app_twinnings_under;
use crate::twinning::twinnings::TwinningId;

diesel::define_sql_function! {
    /// Whether an organisation is a commune, and a place lies in it.
    fn app_gives_at_home(organisation: SqlUuid, path: Text) -> Bool;
}

/// A gift, the names of its organisation, of its village and of the head of its household, its programme, whether it lies in the caller's range and in
/// the commune that gave it, the organisation that the caller acts for, and whether it is the giver or succeeded it.
type Loaded = (
    Gift,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<ProgrammeId>,
    bool,
    bool,
    Option<OrganisationId>,
    bool,
);

/// Reads gifts with their names, and the relation of the caller to each, in one query. A household that the caller does
/// not see has no name.
pub(super) fn load(tx: &mut Tx<'_>, query: gifts::BoxedQuery<'_, Pg>) -> Result<Vec<(Gift, Relation)>> {
    let organisation = organisations::table
        .filter(organisations::id.eq(gifts::organisation_id))
        .select(organisations::name)
        .single_value();
    let head = households::table
        .filter(households::id.nullable().eq(gifts::household_id))
        .select(households::head_name)
        .single_value();
    let programme =
        twinnings::table.filter(twinnings::id.eq(gifts::twinning_id)).select(twinnings::programme_id).single_value();
    let at_home = app_gives_at_home(gifts::organisation_id, gifts::scope_path);
    let in_range = app_in_range(gifts::scope_path);
    let village = app_village_name(gifts::village_id);
    let succeeds = app_acts_for(gifts::organisation_id);
    let facts =
        (Gift::as_select(), organisation, village, head, programme, in_range, at_home, app_organisation(), succeeds);
    let rows: Vec<Loaded> = query.select(facts).load(tx.conn)?;
    let mut named = named(tx, &rows)?;
    let takes_steps = STEPS.iter().any(|step| tx.actor.may(step.permission));
    let same_people: Vec<Uuid> = if rows.is_empty() || !takes_steps {
        Vec::new()
    } else {
        diesel::select(app_own_accounts()).get_result(tx.conn)?
    };
    let complete = |(
        mut gift,
        organisation_name,
        village_name,
        head_name,
        programme,
        in_range,
        given_at_home,
        own,
        succeeds,
    ): Loaded| {
        let relation = Relation {
            office: tx.actor.office,
            in_range,
            recorded_it: gift.acted_by == UserId(tx.actor.id),
            wrote_it: gift.authors().any(|author| author == UserId(tx.actor.id)),
            gave_it: own == Some(gift.organisation_id),
            succeeds_giver: succeeds,
            recorder_may_be_caller: gift.authors().any(|author| same_people.contains(&author.0)),
            given_at_home: given_at_home || gift.commune_id.is_some(),
        };
        gift.more.organisation_name = organisation_name.unwrap_or_default();
        gift.more.village_name = village_name;
        if head_name.is_none() {
            // The caller does not see the household, nor what it is listed for.
            gift.hardship_item_id = None;
        }
        gift.more.household_head_name = head_name;
        gift.more.programme_id = programme;
        gift.complete(named.remove(&gift.id).unwrap_or_default());
        gift.more.allowed_actions = relation.actions_on(&gift);
        (gift, relation)
    };
    Ok(rows.into_iter().map(complete).collect())
}

fn load_gifts(tx: &mut Tx<'_>, query: gifts::BoxedQuery<'_, Pg>) -> Result<Vec<Gift>> {
    Ok(load(tx, query)?.into_iter().map(|(gift, _)| gift).collect())
}

pub(super) fn find_with_relation(tx: &mut Tx<'_>, id: GiftId) -> Result<(Gift, Relation)> {
    let found = load(tx, gifts::table.find(id).into_boxed())?;
    found.into_iter().next().ok_or_else(Problem::not_found)
}

pub fn find(tx: &mut Tx<'_>, id: GiftId) -> Result<Gift> {
    find_with_relation(tx, id).map(|(gift, _)| gift)
}

pub fn find_all(tx: &mut Tx<'_>, ids: &[GiftId]) -> Result<Vec<Gift>> {
    load_gifts(tx, gifts::table.filter(gifts::id.eq_any(ids)).into_boxed())
}

/// Returns the gifts of visits.
pub fn of_visits(tx: &mut Tx<'_>, visits: &[VisitId]) -> Result<Vec<Gift>> {
    let query = gifts::table.filter(gifts::visit_id.eq_any(visits)).order(gifts::id).into_boxed();
    load_gifts(tx, query)
}

pub fn list(tx: &mut Tx<'_>, filter: &GiftFilter, keyset: Keyset<GiftSort>) -> Result<Page<Gift>> {
    let reach = Reach::of_gifts_and_visits_in(tx, GiftId::TABLE)?;
    let filtered = || {
        gifts::table
            .filter(reach)
            .into_boxed()
            .when(filter.village_id, |village| gifts::village_id.assume_not_null().eq(village))
            .when(filter.commune_id, |commune| gifts::locality_id.assume_not_null().eq(commune))
            .when(filter.within, |place| lies_within(gifts::scope_path, place))
            .when(filter.household_id, |household| {
                let among_many = gift_recipients::table
                    .filter(gift_recipients::household_id.eq(household))
                    .select(gift_recipients::gift_id);
                gifts::household_id.assume_not_null().eq(household).or(gifts::id.eq_any(among_many))
            })
            .when(filter.twinning_id, |twinning| gifts::twinning_id.eq(twinning))
            .when(filter.organisation_id, |organisation| gifts::organisation_id.eq(organisation))
            .when(filter.programme_id, |programme| {
                gifts::twinning_id.eq_any(diesel::select(app_twinnings_under(programme)))
            })
            .when_any(&filter.status, |status| gifts::status.eq_any(status))
            .when_any(&filter.category, |categories| gifts::category.eq_any(categories))
            .when_any(&filter.funding_source, |sources| gifts::funding_source.eq_any(sources))
            .when_any(&filter.recipient_group, |groups| gifts::recipient_group.assume_not_null().eq_any(groups))
            .when(filter.recipient_kind, of_kind)
            .when(filter.entered_from, |how| gifts::on_behalf_of.is_not_null().eq(how == EnteredFrom::Paper))
            .when(filter.from, |from| gifts::given_on.ge(recording::comparable(from)))
            .when(filter.to, |to| gifts::given_on.le(recording::comparable(to)))
    };
    tx.page(keyset, filtered, load_gifts)
}

sort_columns! { GiftSort of gifts as Gift: GivenOn = given_on (NaiveDate) }

/// The condition of a kind of recipient.
fn of_kind(kind: RecipientKind) -> Box<dyn BoxableExpression<gifts::table, Pg, SqlType = Nullable<Bool>>> {
    let to_none =
        || gifts::household_id.is_null().and(gifts::recipient_group.is_null()).and(gifts::households_named.eq(0));
    match kind {
        RecipientKind::Household => {
            Box::new(gifts::household_id.is_not_null().and(gifts::member_id.is_null()).nullable())
        }
        RecipientKind::Member => Box::new(gifts::member_id.is_not_null().nullable()),
        RecipientKind::Many => {
            let to_many = gifts::recipient_group.is_not_null().or(gifts::households_named.gt(0));
            Box::new(gifts::household_id.is_null().and(to_many).nullable())
        }
        RecipientKind::Village => Box::new(gifts::village_id.is_not_null().and(to_none()).nullable()),
        RecipientKind::Commune => Box::new(gifts::locality_id.is_not_null().and(to_none()).nullable()),
    }
}

/// The recipients of gifts to many that the caller sees.
fn named(tx: &mut Tx<'_>, rows: &[Loaded]) -> Result<HashMap<GiftId, Vec<Named>>> {
    let to_many = |(gift, ..): &Loaded| (gift.household_id.is_none() && gift.households_named > 0).then_some(gift.id);
    let ids: Vec<GiftId> = rows.iter().filter_map(to_many).collect();
    let mut named: HashMap<GiftId, Vec<Named>> = HashMap::new();
    if !ids.is_empty() {
        let query = Named::query().filter(gift_recipients::gift_id.eq_any(ids));
        for row in query.order(gift_recipients::household_id).load(tx.conn)? {
            named.entry(row.gift_id).or_default().push(row);
        }
    }
    Ok(named)
}

/// The columns that follow from the recipients.
macro_rules! counts {
    ($to:expr) => {
        (
            gifts::households_count.eq($to.reached()),
            gifts::households_named.eq($to.named()),
            gifts::item_automatic.eq($to.hardship_item_id.is_none()),
        )
    };
}

pub fn create(tx: &mut Tx<'_>, id: GiftId, new: NewGift) -> Result<()> {
    let place = SupportedPlace::of(new.village_id, new.commune_id)?;
    let occasion = Occasion {
        twinning_id: new.twinning_id,
        place,
        day: new.given_on,
        day_pointer: "#/given_on",
        place_pointer: place.pointer(),
    };
    let recording = recording::check(tx, &occasion, new.entered_from)?;
    if let Some(visit) = new.visit_id {
        check_visit(tx, visit, &occasion, "#/visit_id")?;
    }
    let recipients = new.recipients();
    let errors = check_recipients(tx, &occasion, &[("#".to_owned(), recipients.clone())], &[])?;
    Problem::check(errors)?;
    let inserted = diesel::insert_into(gifts::table)
        .values((
            gifts::id.eq(id),
            gifts::organisation_id.eq(recording.organisation_id),
            gifts::acted_by.eq(tx.actor.id),
            gifts::on_behalf_of.eq(recording.on_behalf_of),
            counts!(recipients),
            &new,
        ))
        .execute(tx.conn);
    inserted.map_err(|error| recording::gone(error, GiftId::TABLE, |field| format!("#/{field}")))?;
    insert_recipients(tx, occasion.place, recipients.many.iter().map(|home| (id, *home)))
        .map_err(|error| recording::gone(error, "gift_recipients", |_| "#/recipients".to_owned()))?;
    recording.end(tx)
}

/// Inserts the gifts of a visit, after their checks.
pub fn insert(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    recording: &Recording,
    visit: VisitId,
    new: &[(GiftId, NewVisitGift)],
) -> QueryResult<()> {
    let row = |(id, gift): &(GiftId, NewVisitGift)| {
        let recipients = gift.recipients();
        (
            gifts::id.eq(*id),
            gifts::visit_id.eq(visit),
            gifts::twinning_id.eq(occasion.twinning_id),
            gifts::organisation_id.eq(recording.organisation_id),
            gifts::village_id.eq(occasion.place.village()),
            gifts::locality_id.eq(occasion.place.commune()),
            gifts::given_on.eq(occasion.day),
            gifts::acted_by.eq(tx.actor.id),
            gifts::on_behalf_of.eq(recording.on_behalf_of),
            counts!(recipients),
        )
    };
    let rows: Vec<_> = new.iter().map(|gift| (row(gift), &gift.1)).collect();
    diesel::insert_into(gifts::table).values(rows).execute(tx.conn)?;
    let named = new.iter().flat_map(|(id, gift)| gift.recipients.iter().map(|home| (*id, *home)));
    insert_recipients(tx, occasion.place, named)
}

fn check_visit(tx: &mut Tx<'_>, visit: VisitId, occasion: &Occasion, pointer: &str) -> Result<()> {
    type Found = (TwinningId, Option<LocalityId>, Option<LocalityId>, NaiveDate);
    let found: Option<Found> = visits::table
        .find(visit)
        .select((visits::twinning_id, visits::village_id, visits::locality_id, visits::visited_on))
        .first(tx.conn)
        .optional()?;
    let wanted = (occasion.twinning_id, occasion.place.village(), occasion.place.commune(), occasion.day);
    match found {
        None => Err(Problem::field(pointer, FieldCode::NOT_FOUND)),
        Some(found) if found == wanted => Ok(()),
        Some(_) => Err(Problem::field(pointer, VISIT_ELSEWHERE)),
    }
}

pub fn update(tx: &mut Tx<'_>, id: GiftId, changes: GiftChanges) -> Result<()> {
    let (row, relation) = find_with_relation(tx, id)?;
    let change = relation.may_change(row.status)?;
    let occasion = Occasion { day: changes.given_on.unwrap_or(row.given_on), ..row.occasion()? };
    let another_day = occasion.day != row.given_on;
    let naming = recording::change(tx, &occasion, another_day)?;
    if let Some(visit) = row.visit_id.filter(|_| another_day) {
        check_visit(tx, visit, &occasion, "#/given_on")?;
    }
    let recipients = changes.recipients_of(&row);
    let errors = if another_day || changes.names_recipient() {
        let before: Vec<HouseholdId> = row.household_id.iter().chain(&row.more.recipients).copied().collect();
        check_recipients(tx, &occasion, &[("#".to_owned(), recipients.clone())], &before)?
    } else {
        recipients.contradictions("#")
    };
    Problem::check(errors)?;
    if let Some(kept) = &changes.recipients {
        // Those that the caller does not see stay.
        let of_gift = gift_recipients::table.filter(gift_recipients::gift_id.eq(id));
        let seen = of_gift.filter(gift_recipients::household_id.eq_any(&row.more.recipients));
        diesel::delete(seen.filter(gift_recipients::household_id.ne_all(kept))).execute(tx.conn)?;
    }
    let counts = changes.moves_recipient().then(|| gifts::households_count.eq(recipients.reached()));
    let item = changes.hardship_item_id.is_some().then(|| gifts::item_automatic.eq(false));
    let target = gifts::table.find(id);
    // An author of a change may not confirm the gift, like its recorder.
    let author = gifts::written_by.eq(app_with_caller(gifts::written_by));
    let outcome = match change {
        GiftChange::Free => diesel::update(target).set((&changes, counts, item, author)).execute(tx.conn),
        GiftChange::Correction => {
            let reason = changes.reason.as_ref().ok_or_else(|| Problem::field("#/reason", FieldCode::REQUIRED))?;
            records::set(tx.conn, "step", "correct")?;
            records::forget_step(tx.conn, id)?;
            let again = (gifts::status.eq(GiftStatus::Recorded), gifts::correction_reason.eq(reason));
            diesel::update(target).set((&changes, counts, item, again, author)).execute(tx.conn)
        }
    };
    match outcome {
        Err(error @ DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
            Err(recording::gone(error, GiftId::TABLE, |field| format!("#/{field}")))
        }
        other => records::apply(other),
    }?;
    if let Some(listed) = &changes.recipients {
        insert_recipients(tx, occasion.place, listed.iter().map(|home| (id, *home)))
            .map_err(|error| recording::gone(error, "gift_recipients", |_| "#/recipients".to_owned()))?;
    }
    naming.end(tx)
}

pub fn check_deletable(tx: &mut Tx<'_>, gift: &Gift) -> Result<()> {
    let (row, relation) = find_with_relation(tx, gift.id)?;
    relation.may_delete(row.status)
}
