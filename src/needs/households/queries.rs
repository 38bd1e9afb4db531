use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::assessments::{Assessment, Finding, assess, enter};
use super::model::{
    Household, HouseholdChanges, HouseholdFilter, HouseholdMember, HouseholdRow, HouseholdSecrets, HouseholdSort,
    HouseholdStatus, NewHousehold, NewHouseholdMember,
};
use super::{HouseholdId, MemberId};
use super::{private, warnings};
use crate::access::UserId;
use crate::access::policy::Role;
use crate::access::reach::Reach;
use crate::access::sql::app_in_range;
use crate::access::tx::{Tx, rows};
use crate::kernel::db::records;
use crate::kernel::db::schema::{household_members, household_words, households};
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::kernel::value::id::RecordId;
use crate::needs::households::problems::MEMBER_IN_USE;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::queries::village_names;
use crate::places::localities::range::open_place_in_range;

diesel::define_sql_function! {
    /// Whether a gift was for a member of a household.
    fn app_member_given(member: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

diesel::define_sql_function! {
    /// Whether the commune approved a household on a list, or a gift to it was confirmed, disputed or settled.
    fn app_household_decided(household: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
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
    for row in &mut rows {
        let private = shown.remove(&row.id).unwrap_or_default();
        let village = names.get(&row.village_id).cloned().unwrap_or_default();
        (row.village_name, row.commune_name) = (village.name, village.commune_name);
        row.members = members.remove(&row.id).unwrap_or_default();
        (row.phone, row.identity_number_last4, row.unreadable) = (private.phone, private.last4, private.unreadable);
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
            .when_any(&filter.poverty_status, |statuses| households::poverty_status.eq_any(statuses))
            .when_any(&filter.ethnic_group, |groups| households::ethnic_group.eq_any(groups))
            .when(filter.special_hardship, |special| households::special_hardship.eq(special))
            .when_any(&filter.status, |statuses| households::status.eq_any(statuses))
            .when(filter.possible_duplicate, |wanted| has_twin().eq(wanted))
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

/// Condition: another household of the village has the same folded name and birth year of the head.
fn has_twin() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql(
        "EXISTS (SELECT FROM households twin WHERE twin.village_id = households.village_id AND twin.id <> households.id \
         AND twin.head_fold = households.head_fold AND twin.head_birth_year IS NOT DISTINCT FROM households.head_birth_year)",
    )
}

pub fn create(tx: &mut Tx<'_>, id: HouseholdId, new: NewHousehold) -> Result<()> {
    create_found_in(tx, id, &new, &Finding::default())
}

/// Creates a household with an assessment of the year and decision in `finding`.
pub fn create_found_in(tx: &mut Tx<'_>, id: HouseholdId, new: &NewHousehold, finding: &Finding) -> Result<()> {
    check_village(tx, new.village_id)?;
    let year = finding.year_by(tx.today)?;
    check_birth_years(new.head_birth_year, &new.members, tx.today)?;
    let acted_for = if tx.actor.role() == Some(Role::VillageHead) { None } else { Some(new.village_id) };
    diesel::insert_into(households::table)
        .values((
            households::id.eq(id),
            households::poverty_year.eq(year),
            households::acted_by.eq(UserId(tx.actor.id)),
            households::on_behalf_of.eq(acted_for),
            new,
        ))
        .execute(tx.conn)?;
    let found = Assessment {
        year,
        poverty_status: new.poverty_status,
        deprivations: &new.deprivations,
        poverty_causes: &new.poverty_causes,
        decision_number: finding.decision_number.as_deref(),
    };
    enter(tx, id, &found)?;
    if !new.members.is_empty() {
        replace_members(tx, id, &new.members)?;
    }
    private::insert(tx.conn, tx.secrets, id, new.phone.as_deref(), new.identity_number.as_deref())
}

/// Rejects birth years after this year, of the head and of members.
fn check_birth_years(head: Option<i32>, members: &[NewHouseholdMember], today: NaiveDate) -> Result<()> {
    let head = head.map(|year| ("#/head_birth_year".to_owned(), year));
    let born = |(index, member): (usize, &NewHouseholdMember)| {
        Some((format!("#/members/{index}/birth_year"), member.birth_year?))
    };
    Problem::check(day::future_years(head.into_iter().chain(members.iter().enumerate().filter_map(born)), today))
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
    let members = changes.members.as_deref().unwrap_or_default();
    check_birth_years(changes.head_birth_year.flatten(), members, tx.today)?;
    // Households of a village that has ended may be changed without a move.
    if let Some(village) = changes.village_id.filter(|village| *village != before.village_id) {
        check_village(tx, village)?;
    }
    changes.status_since = status_since(&before, &changes, tx.today)?;
    records::apply(diesel::update(households::table.find(id)).set(&changes).execute(tx.conn))?;
    if changes.poverty_status.is_some() || changes.deprivations.is_some() || changes.poverty_causes.is_some() {
        let found = Assessment {
            year: tx.today.year(),
            poverty_status: changes.poverty_status.unwrap_or(before.poverty_status),
            deprivations: changes.deprivations.as_deref().unwrap_or(&before.deprivations),
            poverty_causes: changes.poverty_causes.as_deref().unwrap_or(&before.poverty_causes),
            decision_number: None,
        };
        assess(tx, id, &found)?;
    }
    if let Some(members) = &changes.members {
        replace_members(tx, id, members)?;
    }
    private::write(tx.conn, tx.secrets, id, changes.phone.as_ref(), changes.identity_number.as_ref())?;
    if changes.members.is_some() || changes.phone.is_some() || changes.identity_number.is_some() {
        records::touch(tx.conn, id)?;
    }
    Ok(())
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
/// Rejects the deletion of a member with gifts.
fn replace_members(tx: &mut Tx<'_>, household: HouseholdId, members: &[NewHouseholdMember]) -> Result<()> {
    use household_members as m;
    let known: HashSet<MemberId> =
        m::table.filter(m::household_id.eq(household)).select(m::id).load(tx.conn)?.into_iter().collect();
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let pointer = format!("#/members/{index}/id");
        match member.id {
            Some(id) if !seen.insert(id) => errors.push(FieldError::new(pointer, FieldCode::DUPLICATE)),
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
    let (kept, added): (Vec<_>, Vec<_>) =
        members.iter().partition(|member| member.id.is_some_and(|id| known.contains(&MemberId(id))));
    for member in kept.iter().filter_map(|member| member.id.map(|id| (id, member))) {
        let (id, member) = member;
        diesel::update(m::table.find(id))
            .set((
                m::name.eq(&member.name),
                m::sex.eq(member.sex),
                m::birth_year.eq(member.birth_year),
                m::relation.eq(&member.relation),
                m::student.eq(member.student),
            ))
            .execute(tx.conn)?;
    }
    let rows: Vec<_> = added
        .iter()
        .map(|member| {
            (
                m::id.eq(member.id.unwrap_or_else(Uuid::now_v7)),
                m::household_id.eq(household),
                m::name.eq(&member.name),
                m::sex.eq(member.sex),
                m::birth_year.eq(member.birth_year),
                m::relation.eq(&member.relation),
                m::student.eq(member.student),
            )
        })
        .collect();
    diesel::insert_into(m::table).values(rows).execute(tx.conn)?;
    Ok(())
}

/// Returns phone and identity number in full, and writes an audit entry. A household outside the caller's area, which is
/// visible on the list of a twinned village, is answered as not found.
pub fn reveal(tx: &mut Tx<'_>, id: HouseholdId) -> Result<HouseholdSecrets> {
    let own = households::table.find(id).filter(app_in_range(households::scope_path));
    let village: Uuid = own.select(households::village_id).first(tx.conn)?;
    sql_query("SELECT app_audit_read($1, $2, $3)")
        .bind::<Text, _>(HouseholdId::TABLE)
        .bind::<SqlUuid, _>(id)
        .bind::<Nullable<SqlUuid>, _>(Some(village))
        .execute(tx.conn)?;
    private::reveal(tx.conn, tx.secrets, id)
}
