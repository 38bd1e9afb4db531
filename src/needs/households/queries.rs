use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::bodies::{HouseholdChanges, NewHousehold, NewHouseholdMember};
use super::model::{
    Household, HouseholdFilter, HouseholdMember, HouseholdRow, HouseholdSecrets, HouseholdSort, HouseholdStatus,
    HouseholdWarning,
};
use super::{HouseholdId, MemberId};
use super::{private, warnings};
use crate::access::UserId;
use crate::access::policy::{Permission, Role};
use crate::access::reach::Reach;
use crate::access::sql::app_in_range;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::records;
use crate::kernel::db::schema::{
    household_assessments as assessments, household_members, household_residences, household_words, households,
    village_registers,
};
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::kernel::value::id::RecordId;
use crate::needs::household_assessments;
use crate::needs::household_assessments::model::NewAssessment;
use crate::needs::household_assessments::problems::REGISTER_COMPLETE;
use crate::needs::households::problems::{BEFORE_LAST_MOVE, MEMBER_IN_USE, NOT_MOVED};
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::queries::village_names;
use crate::places::localities::range::open_place_in_range;
use crate::places::localities::within::lies_within;

diesel::define_sql_function! {
    /// Whether a gift was for a member of a household.
    fn app_member_given(member: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

diesel::define_sql_function! {
    /// Whether the commune approved a household on a list, or a gift to it was confirmed, disputed or settled.
    fn app_household_decided(household: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

diesel::define_sql_function! {
    /// Records that a caller read sealed fields.
    fn app_audit_read(resource: Text, record: SqlUuid, village: Nullable<SqlUuid>) -> Nullable<Text>;
}

pub fn find(tx: &mut Tx<'_>, id: HouseholdId) -> Result<Household> {
    load(tx, households::table.find(id).into_boxed())?.pop().ok_or_else(Problem::not_found)
}

/// Adds members, place names and the visible part of the private fields, with one query each.
fn load(tx: &mut Tx<'_>, query: households::BoxedQuery<'_, Pg>) -> Result<Vec<Household>> {
    let mut rows: Vec<Household> = rows(tx, query)?;
    let ids: Vec<HouseholdId> = rows.iter().map(|row| row.id).collect();
    let villages: HashSet<LocalityId> = rows.iter().map(|row| row.village_id).collect();
    let names = village_names(tx, villages)?;
    let mut members: HashMap<HouseholdId, Vec<HouseholdMember>> = HashMap::new();
    let all = HouseholdMember::query()
        .filter(household_members::household_id.eq_any(&ids))
        .order((household_members::created_at, household_members::id))
        .load(tx.conn)?;
    for member in all {
        members.entry(member.household_id).or_default().push(member);
    }
    let mut shown = private::shown(tx.conn, tx.secrets, &ids)?;
    let mut proposed = household_assessments::queries::proposed(tx, &ids)?;
    let mut twins: HashMap<HouseholdId, Vec<HouseholdWarning>> = HashMap::new();
    // A caller who sees no number sees no equal ones.
    if !shown.is_empty() {
        for (own, warning) in warnings::same_numbers(tx, &ids)? {
            twins.entry(own).or_default().push(warning);
        }
    }
    for row in &mut rows {
        let private = shown.remove(&(row.id, row.id.0)).unwrap_or_default();
        let village = names.get(&row.village_id).cloned().unwrap_or_default();
        (row.village_name, row.commune_name) = (village.name, village.commune_name);
        row.poverty.proposed_assessment = proposed.remove(&row.id);
        row.members = members.remove(&row.id).unwrap_or_default();
        row.warnings = twins.remove(&row.id).unwrap_or_default();
        (row.phone, row.identity_number_last4, row.unreadable) = (private.phone, private.last4, private.unreadable);
        for member in &mut row.members {
            let private = shown.remove(&(row.id, member.id.0)).unwrap_or_default();
            member.identity_number_last4 = private.last4;
            if !private.unreadable.is_empty() && !row.unreadable.iter().any(|name| name == private::MEMBERS) {
                row.unreadable.push(private::MEMBERS.to_owned());
            }
        }
    }
    Ok(rows)
}

/// Returns a household with warnings of possible duplicates.
pub fn find_with_warnings(tx: &mut Tx<'_>, id: HouseholdId) -> Result<Household> {
    let mut household = find(tx, id)?;
    household.warnings = warnings::of(tx, id)?;
    Ok(household)
}

pub fn list(tx: &mut Tx<'_>, filter: &HouseholdFilter, keyset: Keyset<HouseholdSort>) -> Result<Page<Household>> {
    let words = match &filter.q {
        Some(q) => records::folded_words(tx.conn, q)?,
        None => Vec::new(),
    };
    let reach = Reach::of_village_records(tx.actor, HouseholdId::TABLE);
    let filtered = || {
        let mut query = households::table
            .filter(reach)
            .into_boxed()
            .when(filter.village_id, |village| households::village_id.eq(village))
            .when(filter.within, |place| lies_within(households::scope_path, place))
            .when_any(&filter.poverty_status, |statuses| households::poverty_status.eq_any(statuses))
            .when_any(&filter.assessment_status, |statuses| {
                let counting = assessments::corrected_by_id.is_null().and(assessments::status.eq_any(statuses));
                let assessed = assessments::table.filter(assessments::household_id.eq(households::id)).filter(counting);
                exists(assessed)
            })
            .when_any(&filter.ethnic_group, |groups| households::ethnic_group.eq_any(groups))
            .when(filter.special_hardship, |special| households::special_hardship.eq(special))
            .when_any(&filter.status, |statuses| households::status.eq_any(statuses))
            .when(filter.possible_duplicate, |wanted| has_twin().eq(wanted))
            .when(filter.village_ended, |wanted| village_has_ended().eq(wanted))
            // A text of punctuation only has no words, and matches no household.
            .when(filter.q.as_ref().filter(|_| words.is_empty()), |_| {
                diesel::dsl::sql::<diesel::sql_types::Bool>("false")
            });
        for word in &words {
            // A prefix search as a range of words: under row-level security LIKE cannot use an index, because it is not
            // leakproof.
            let behind = format!("{word}\u{10FFFF}");
            let begins = household_words::word.ge(word).and(household_words::word.lt(behind));
            let with_word = household_words::table.filter(begins).select(household_words::household_id);
            query = query.filter(households::id.eq_any(with_word));
        }
        query
    };
    tx.page(keyset, filtered, load)
}

sort_columns! {
    HouseholdSort of households as Household:
    HeadName = head_name (String),
    CreatedAt = created_at (DateTime<Utc>),
    UpdatedAt = updated_at (DateTime<Utc>),
}

/// Condition: another household of the village has the same folded name and birth year of the head, or a visible one the same identity
/// number.
fn has_twin() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql(
        "(EXISTS (SELECT FROM households twin WHERE twin.village_id = households.village_id AND twin.id <> households.id \
          AND twin.head_fold = households.head_fold AND twin.head_birth_year IS NOT DISTINCT FROM households.head_birth_year) \
          OR EXISTS (SELECT FROM household_private own JOIN household_private twin \
          ON twin.identity_number_index = own.identity_number_index AND twin.household_id <> own.household_id \
          WHERE own.household_id = households.id))",
    )
}

/// Condition: the village of the household has ended.
fn village_has_ended() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql(
        "EXISTS (SELECT FROM localities v WHERE v.id = households.village_id AND v.valid_to < (SELECT app_today()))",
    )
}

pub fn create(tx: &mut Tx<'_>, id: HouseholdId, mut new: NewHousehold) -> Result<()> {
    let first = NewAssessment::first(id, &new);
    register(tx, id, &mut new, &first)
}

/// Creates a household with its first assessment.
pub fn register(tx: &mut Tx<'_>, id: HouseholdId, new: &mut NewHousehold, first: &NewAssessment) -> Result<()> {
    check_village(tx, new.village_id)?;
    new.decide_birth_years();
    check_births(new.head_birth_date, new.head_birth_year, &new.members, tx.today)?;
    let acted_for = if tx.actor.role() == Some(Role::VillageHead) { None } else { Some(new.village_id) };
    let placed = household_assessments::queries::place(tx, first)?;
    // A confirmed assessment shows at once, so that the new household is one version.
    let counts = tx.actor.may(Permission::ConfirmAssessments);
    let shown = (
        households::poverty_status.eq(counts.then_some(first.poverty_status)),
        households::poverty_year.eq(counts.then_some(placed.round.year)),
        households::poverty_assessed_on.eq(counts.then_some(placed.assessed_on)),
        households::poverty_standard.eq(counts.then_some(&placed.standard)),
        households::deprivations.eq(if counts { first.deprivations.as_slice() } else { &[] }),
        households::poverty_causes.eq(if counts { first.poverty_causes.as_slice() } else { &[] }),
    );
    let entered = (households::acted_by.eq(UserId(tx.actor.id)), households::on_behalf_of.eq(acted_for));
    diesel::insert_into(households::table).values((households::id.eq(id), entered, &*new, shown)).execute(tx.conn)?;
    household_assessments::queries::insert(tx, Uuid::now_v7().into(), first, &placed)?;
    let members = if new.members.is_empty() { Vec::new() } else { replace_members(tx, id, &new.members)? };
    private::insert(tx.conn, tx.secrets, id, new.phone.as_deref(), new.identity_number.as_deref())?;
    if members.is_empty() || !has_number(new.identity_number.as_ref(), &new.members) {
        return Ok(());
    }
    private::check_distinct(tx.conn, id, &members)
}

/// Whether a body has an identity number, which another person of the household may have, too.
fn has_number(head: Option<&String>, members: &[NewHouseholdMember]) -> bool {
    head.is_some() || members.iter().any(|member| member.identity_number.is_some())
}

/// Rejects births after today, of the head and of members.
fn check_births(
    head: Option<NaiveDate>,
    head_year: Option<i32>,
    members: &[NewHouseholdMember],
    today: NaiveDate,
) -> Result<()> {
    let at = |index: usize, field: &str| format!("#/members/{index}/{field}");
    let named = || members.iter().enumerate();
    let days = named().filter_map(|(index, member)| Some((at(index, "birth_date"), member.birth_date?)));
    let days = head.map(|day| ("#/head_birth_date".to_owned(), day)).into_iter().chain(days);
    let ahead = days.filter(|(_, day)| *day > today);
    let mut errors: Vec<FieldError> =
        ahead.map(|(pointer, _)| FieldError::new(pointer, FieldCode::IN_THE_FUTURE)).collect();
    // The year of a birth date is checked with it.
    let undated = named().filter(|(_, member)| member.birth_date.is_none());
    let years = undated.filter_map(|(index, member)| Some((at(index, "birth_year"), member.birth_year?)));
    let head_year = head_year.filter(|_| head.is_none()).map(|year| ("#/head_birth_year".to_owned(), year));
    errors.extend(day::future_years(head_year.into_iter().chain(years), today));
    Problem::check(errors)
}

/// Returns the households of these villages.
pub fn of_villages(tx: &mut Tx<'_>, villages: &HashSet<LocalityId>) -> Result<Vec<HouseholdRow>> {
    let rows = HouseholdRow::query().filter(households::village_id.eq_any(villages));
    Ok(rows.order((households::created_at, households::id)).load(tx.conn)?)
}

/// Returns households by id.
pub fn of_ids(tx: &mut Tx<'_>, ids: &HashSet<HouseholdId>) -> Result<Vec<HouseholdRow>> {
    Ok(HouseholdRow::query().filter(households::id.eq_any(ids)).load(tx.conn)?)
}

/// Checks that the place is a village of the caller's area that has not ended.
pub fn check_village(tx: &mut Tx<'_>, village: LocalityId) -> Result<()> {
    let level = open_place_in_range(tx, village, "#/village_id")?;
    if level == LocalityLevel::Village { Ok(()) } else { Err(Problem::field("#/village_id", WRONG_LEVEL)) }
}

pub fn update(tx: &mut Tx<'_>, id: HouseholdId, mut changes: HouseholdChanges) -> Result<()> {
    let before = Household::query().find(id).first(tx.conn)?;
    changes.decide_birth_years(&before);
    let members = changes.members.as_deref().unwrap_or_default();
    check_births(changes.head_birth_date.flatten(), changes.head_birth_year.flatten(), members, tx.today)?;
    // Households of a village that has ended may be changed without a move.
    if let Some(village) = changes.village_id.filter(|village| *village != before.village_id) {
        check_village(tx, village)?;
    }
    check_move(tx, &before, &mut changes)?;
    changes.status_since = status_since(&before, &changes, tx.today)?;
    check_registers(tx, &before, &changes)?;
    records::apply(diesel::update(households::table.find(id)).set(&changes).execute(tx.conn))?;
    let members = match &changes.members {
        Some(members) => replace_members(tx, id, members)?,
        None => Vec::new(),
    };
    private::write(tx.conn, tx.secrets, id, changes.phone.as_ref(), changes.identity_number.as_ref())?;
    if changes.members.is_some() || changes.phone.is_some() || changes.identity_number.is_some() {
        let head = changes.identity_number.as_ref().and_then(Option::as_ref);
        if has_number(head, changes.members.as_deref().unwrap_or_default()) {
            private::check_distinct(tx.conn, id, &members)?;
        }
        records::touch(tx.conn, id)?;
    }
    Ok(())
}

/// Rejects a departure, a return or a move before the completion of a register that counts the household otherwise.
fn check_registers(tx: &mut Tx<'_>, before: &Household, changes: &HouseholdChanges) -> Result<()> {
    let is_elsewhere = changes.village_id.is_some_and(|village| village != before.village_id);
    let day = changes.moved_on.filter(|day| is_elsewhere || before.moved_on != Some(*day));
    // Alone, it corrects the day of the last move.
    let moves = day.into_iter().chain(before.moved_on.filter(|_| day.is_some() && !is_elsewhere));
    let leaves = changes.status_since.filter(|since| *since != before.status_since);
    let leaves = leaves.into_iter().flat_map(|since| [since, before.status_since]).flatten();
    let Some(first) = moves.chain(leaves).min() else { return Ok(()) };
    let villages: Vec<LocalityId> = changes.village_id.into_iter().chain([before.village_id]).collect();
    let declared = village_registers::table
        .filter(village_registers::village_id.eq_any(villages))
        .filter(village_registers::completed_on.gt(first))
        .filter(village_registers::year.ge(first.year()));
    let is_declared: bool = diesel::select(exists(declared)).get_result(tx.conn)?;
    if is_declared { Err(Problem::new(REGISTER_COMPLETE)) } else { Ok(()) }
}

/// Rejects a day of a move after today, or before the household came to the village that it leaves. A move without a day is today's.
fn check_move(tx: &mut Tx<'_>, before: &Household, changes: &mut HouseholdChanges) -> Result<()> {
    let moves = changes.village_id.is_some_and(|village| village != before.village_id);
    if moves {
        changes.moved_on = changes.moved_on.or(Some(tx.today));
    }
    let Some(moved_on) = changes.moved_on else { return Ok(()) };
    let wrong = |code| Err(Problem::field("#/moved_on", code));
    day::check_past(moved_on, tx.today, "#/moved_on")?;
    if moves {
        // On the day of the last move, another village corrects it.
        let too_early = before.moved_on.is_some_and(|last| moved_on < last);
        return if too_early { wrong(BEFORE_LAST_MOVE) } else { Ok(()) };
    }
    let Some(last) = before.moved_on else { return wrong(NOT_MOVED) };
    let left = household_residences::table.find((before.id, last - TimeDelta::days(1)));
    let came: Option<Option<NaiveDate>> = left.select(household_residences::from_on).first(tx.conn).optional()?;
    let too_early = came.flatten().is_some_and(|came| moved_on <= came);
    if too_early { wrong(BEFORE_LAST_MOVE) } else { Ok(()) }
}

/// Returns the change of `status_since`, which is present exactly for households that are not active.
fn status_since(before: &Household, changes: &HouseholdChanges, today: NaiveDate) -> Result<Option<Option<NaiveDate>>> {
    let wrong = |code| Err(Problem::field("#/status_since", code));
    match (changes.status.unwrap_or(before.status), changes.status_since) {
        (HouseholdStatus::Active, Some(Some(_))) => wrong(FieldCode::INVALID_VALUE),
        (HouseholdStatus::Active, _) => Ok(changes.status.map(|_| None)),
        (_, Some(None)) => wrong(FieldCode::REQUIRED),
        (_, Some(Some(since))) if since > today => wrong(FieldCode::IN_THE_FUTURE),
        (_, Some(given)) => Ok(Some(given)),
        // A change between `moved_away` and `dissolved` keeps the day.
        (_, None) if before.status == HouseholdStatus::Active => Ok(Some(Some(today))),
        (_, None) => Ok(None),
    }
}

/// Replaces the members: those with a known id are updated, the others inserted, and members left out are deleted.
/// Rejects the deletion of a member with gifts. Returns the ids in the order of the members.
fn replace_members(tx: &mut Tx<'_>, household: HouseholdId, members: &[NewHouseholdMember]) -> Result<Vec<Uuid>> {
    use household_members as m;
    let known: HashSet<MemberId> =
        m::table.filter(m::household_id.eq(household)).select(m::id).load(tx.conn)?.into_iter().collect();
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let pointer = format!("#/members/{index}/id");
        match member.id {
            Some(id) if !seen.insert(id) => errors.push(FieldError::new(pointer, FieldCode::DUPLICATE)),
            Some(id) if id == household.0 => errors.push(FieldError::new(pointer, FieldCode::ID_TAKEN)),
            Some(id) if !known.contains(&MemberId(id)) && id.get_version_num() != 7 => {
                errors.push(FieldError::new(pointer, FieldCode::NOT_V7));
            }
            _ => {}
        }
    }
    Problem::check(errors)?;
    let dropped = || m::table.filter(m::household_id.eq(household)).filter(m::id.ne_all(&seen));
    if diesel::select(exists(dropped().filter(app_member_given(m::id)))).get_result(tx.conn)? {
        return Err(Problem::new(MEMBER_IN_USE));
    }
    records::delete_parts(diesel::delete(dropped()).execute(tx.conn), MEMBER_IN_USE)?;
    let is_new = |id: &Uuid| !known.contains(&MemberId(*id));
    let ids: Vec<Option<Uuid>> = members.iter().map(|member| member.id.filter(is_new)).collect();
    records::claim_listed(tx.conn, "household_members", household.into(), "members", &ids)?;
    let ids: Vec<Uuid> = members.iter().map(|member| member.id.unwrap_or_else(Uuid::now_v7)).collect();
    let members = ids.iter().copied().zip(members);
    let (kept, added): (Vec<_>, Vec<_>) = members.partition(|(id, _)| known.contains(&MemberId(*id)));
    for (id, member) in &kept {
        diesel::update(m::table.find(*id))
            .set((
                m::name.eq(&member.name),
                m::sex.eq(member.sex),
                m::birth_year.eq(member.birth_year),
                m::birth_date.eq(member.birth_date),
                m::ethnic_group.eq(&member.ethnic_group),
                m::relation.eq(&member.relation),
                m::student.eq(member.student),
            ))
            .execute(tx.conn)?;
    }
    let rows: Vec<_> = added
        .iter()
        .map(|(id, member)| {
            (
                m::id.eq(*id),
                m::household_id.eq(household),
                m::name.eq(&member.name),
                m::sex.eq(member.sex),
                m::birth_year.eq(member.birth_year),
                m::birth_date.eq(member.birth_date),
                m::ethnic_group.eq(&member.ethnic_group),
                m::relation.eq(&member.relation),
                m::student.eq(member.student),
            )
        })
        .collect();
    diesel::insert_into(m::table).values(rows).execute(tx.conn)?;
    let numbers = kept.iter().chain(&added);
    let numbers: Vec<_> = numbers.filter_map(|(id, member)| Some((*id, member.identity_number.as_deref()?))).collect();
    private::write_members(tx.conn, tx.secrets, household, &numbers)?;
    Ok(ids)
}

/// Returns phone and identity numbers in full, and writes an audit entry. A household outside the caller's area, which is
/// visible on the list of a twinned village, is answered as not found.
pub fn reveal(tx: &mut Tx<'_>, id: HouseholdId) -> Result<HouseholdSecrets> {
    let own = households::table.find(id).filter(app_in_range(households::scope_path));
    let village: Uuid = own.select(households::village_id).first(tx.conn)?;
    diesel::select(app_audit_read(HouseholdId::TABLE, id, village)).execute(tx.conn)?;
    private::reveal(tx.conn, tx.secrets, id)
}
