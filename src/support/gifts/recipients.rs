//! Checks of the recipients of gifts, and of the households of visits.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::words::{GiftCategory, RecipientGroup};
use crate::access::tx::Tx;
use crate::kernel::db::period::begun_by;
use crate::kernel::db::schema::{hardship_items, household_members, household_residences, households};
use crate::kernel::http::problem::{FieldCode, FieldError, Result};
use crate::needs::households::model::HouseholdStatus;
use crate::needs::households::problems::{HOUSEHOLD_ELSEWHERE, HOUSEHOLD_NOT_ACTIVE};
use crate::needs::households::{HouseholdId, MemberId};
use crate::needs::ids::HardshipItemId;
use crate::places::localities::LocalityId;
use crate::support::problems::{DOES_NOT_ADD_UP, ITEM_ELSEWHERE, MEMBER_ELSEWHERE, NOT_APPROVED, NOT_FOR_HOUSEHOLDS};
use crate::support::recording::Occasion;

/// The recipients of a gift, and what depends on them; without any, the whole village or commune.
#[derive(Debug, Clone)]
pub struct Recipients<'r> {
    pub household_id: Option<HouseholdId>,
    pub member_id: Option<MemberId>,
    pub hardship_item_id: Option<HardshipItemId>,
    /// The known households of a gift to many.
    pub many: &'r [HouseholdId],
    /// Known households that are not in `many`, because the caller does not see them.
    pub hidden: i32,
    pub group: Option<RecipientGroup>,
    pub count: Option<i32>,
    pub category: GiftCategory,
    pub value_vnd: i64,
    pub unit_value_vnd: Option<i64>,
}

impl Recipients<'_> {
    /// The number of known households.
    pub fn named(&self) -> i32 {
        let listed = i32::try_from(self.many.len()).unwrap_or(i32::MAX);
        if self.household_id.is_some() { 1 } else { listed.saturating_add(self.hidden) }
    }

    /// All homes reached; None for the whole village or commune.
    pub fn reached(&self) -> Option<i32> {
        let default = Some(self.named()).filter(|named| *named > 0);
        if self.household_id.is_some() { Some(1) } else { self.count.or(default) }
    }

    fn is_to_some(&self) -> bool {
        self.household_id.is_some() || self.named() > 0 || self.group.is_some()
    }

    /// The errors that follow from the body alone.
    pub fn contradictions(&self, base: &str) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, code| errors.push(FieldError::new(format!("{base}/{field}"), code));
        let to_one = self.household_id.is_some() || self.member_id.is_some() || self.hardship_item_id.is_some();
        if to_one && (!self.many.is_empty() || self.hidden > 0) {
            wrong("recipients", FieldCode::EXCLUSIVE);
        }
        if to_one && self.group.is_some() {
            wrong("recipient_group", FieldCode::EXCLUSIVE);
        }
        if to_one && self.count.is_some() {
            wrong("households_count", FieldCode::EXCLUSIVE);
        }
        match (self.group, self.count) {
            _ if to_one || self.named() > 0 => {}
            (Some(_), None) => wrong("households_count", FieldCode::REQUIRED),
            (None, Some(_)) => wrong("recipient_group", FieldCode::REQUIRED),
            _ => {}
        }
        if self.category == GiftCategory::Equipment && self.is_to_some() {
            wrong("category", NOT_FOR_HOUSEHOLDS);
        }
        if let Some(count) = self.count.filter(|count| !to_one && *count < self.named()) {
            errors.push(FieldError::new(format!("{base}/recipients"), FieldCode::MORE_THAN).with(count.to_string()));
        } else if let Some(unit) = self.unit_value_vnd {
            match self.reached() {
                Some(count) if unit.checked_mul(i64::from(count)) == Some(self.value_vnd) => {}
                Some(_) => errors.push(FieldError::new(format!("{base}/unit_value_vnd"), DOES_NOT_ADD_UP)),
                None => errors.push(FieldError::new(format!("{base}/households_count"), FieldCode::REQUIRED)),
            }
        }
        errors
    }
}

#[derive(HasQuery)]
#[diesel(table_name = households)]
struct Home {
    id: HouseholdId,
    village_id: LocalityId,
    moved_on: Option<NaiveDate>,
    status: HouseholdStatus,
    status_since: Option<NaiveDate>,
}

impl Home {
    fn came_after(&self, day: NaiveDate) -> bool {
        self.moved_on.is_some_and(|moved_on| moved_on > day)
    }
}

/// Where households lived on a day that have moved since.
fn former_villages(tx: &mut Tx<'_>, moved: &[HouseholdId], day: NaiveDate) -> Result<HashMap<HouseholdId, LocalityId>> {
    if moved.is_empty() {
        return Ok(HashMap::new());
    }
    let lived = household_residences::table
        .filter(household_residences::household_id.eq_any(moved))
        .filter(begun_by(household_residences::from_on, day))
        .filter(household_residences::until_on.ge(day))
        .select((household_residences::household_id, household_residences::village_id));
    Ok(lived.load::<(HouseholdId, LocalityId)>(tx.conn)?.into_iter().collect())
}

#[derive(HasQuery)]
#[diesel(table_name = hardship_items)]
struct ListedItem {
    id: HardshipItemId,
    village_id: LocalityId,
    household_id: HouseholdId,
    approved: bool,
}

/// Returns for each household its error on this occasion, None without error. Households that the caller does not see are
/// missing from the map.
pub fn check_households(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    ids: &[HouseholdId],
) -> Result<HashMap<HouseholdId, Option<FieldCode>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let homes: Vec<Home> = Home::query().filter(households::id.eq_any(ids)).load(tx.conn)?;
    let moved: Vec<HouseholdId> =
        homes.iter().filter(|home| home.came_after(occasion.day)).map(|home| home.id).collect();
    let former = former_villages(tx, &moved, occasion.day)?;
    let verdict = |home: &Home| {
        // A household that moved, or moved away, later still lived in the village on the day.
        let left = home.status.has_left(home.status_since, occasion.day);
        let village = if home.came_after(occasion.day) { former.get(&home.id).copied() } else { Some(home.village_id) };
        if village != Some(occasion.place.id) {
            Some(HOUSEHOLD_ELSEWHERE)
        } else if left {
            Some(HOUSEHOLD_NOT_ACTIVE)
        } else {
            None
        }
    };
    Ok(homes.iter().map(|home| (home.id, verdict(home))).collect())
}

/// Returns the errors of recipients, each with the pointer of its gift as prefix. Used for single gifts and for those of
/// a visit. Households in `before` are accepted: the gift names them already.
pub fn check_recipients(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    recipients: &[(String, Recipients<'_>)],
    before: &[HouseholdId],
) -> Result<Vec<FieldError>> {
    let each = || recipients.iter().map(|(_, recipient)| recipient);
    let home_ids: Vec<HouseholdId> = each().flat_map(|to| to.household_id.iter().chain(to.many)).copied().collect();
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
        errors.extend(to.contradictions(base));
        errors.extend(check_listed(to.many, &homes, before, &format!("{base}/recipients")));
        let home = to.household_id;
        let is_new = home.is_some_and(|home| !before.contains(&home));
        let unknown = home.filter(|home| is_new && !homes.contains_key(home));
        let pointer = format!("{base}/household_id");
        errors.extend(unknown.map(|home| FieldError::of_id(pointer, FieldCode::NOT_FOUND, home)));
        let mut wrong = |field: &str, code| errors.push(FieldError::new(format!("{base}/{field}"), code));
        match home.map(|home| homes.get(&home)) {
            Some(Some(Some(code))) if is_new => wrong("household_id", *code),
            None if to.member_id.is_some() || to.hardship_item_id.is_some() => {
                wrong("household_id", FieldCode::REQUIRED);
            }
            Some(None | Some(_)) | None => {}
        }
        match to.member_id.map(|member| members.get(&member)) {
            Some(None) => wrong("member_id", FieldCode::NOT_FOUND),
            Some(Some(of)) if home.is_some_and(|home| home != *of) => wrong("member_id", MEMBER_ELSEWHERE),
            _ => {}
        }
        match to.hardship_item_id.map(|item| items.get(&item)) {
            Some(None) => wrong("hardship_item_id", FieldCode::NOT_FOUND),
            Some(Some(item))
                if item.village_id != occasion.place.id || home.is_some_and(|home| home != item.household_id) =>
            {
                wrong("hardship_item_id", ITEM_ELSEWHERE);
            }
            Some(Some(item)) if !item.approved => wrong("hardship_item_id", NOT_APPROVED),
            _ => {}
        }
    }
    Ok(errors)
}

/// Returns the errors of a list of households: each once, visible to the caller, and living in the village.
pub fn check_listed(
    ids: &[HouseholdId],
    homes: &HashMap<HouseholdId, Option<FieldCode>>,
    before: &[HouseholdId],
    pointer: &str,
) -> Vec<FieldError> {
    let mut seen = HashSet::new();
    let mut wrong = |id: &HouseholdId| {
        if !seen.insert(*id) {
            return Some(FieldCode::DUPLICATE);
        }
        if before.contains(id) {
            return None;
        }
        homes.get(id).copied().unwrap_or(Some(FieldCode::NOT_FOUND))
    };
    let codes: Vec<_> = ids.iter().map(|id| (id, wrong(id))).collect();
    let found = codes.into_iter().enumerate().filter_map(|(index, (id, code))| code.map(|code| (index, id, code)));
    found.map(|(index, id, code)| FieldError::of_id(format!("{pointer}/{index}"), code, *id)).collect()
}
