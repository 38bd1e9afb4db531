//! Checks of the recipients of gifts, and of the households of visits.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::access::tx::Tx;
use crate::kernel::db::schema::{hardship_items, household_members, households};
use crate::kernel::http::problem::{FieldCode, FieldError, Result};
use crate::needs::households::problems::{HOUSEHOLD_ELSEWHERE, HOUSEHOLD_NOT_ACTIVE};
use crate::needs::households::{HouseholdId, MemberId};
use crate::needs::ids::HardshipItemId;
use crate::places::localities::LocalityId;
use crate::support::problems::{ITEM_ELSEWHERE, MEMBER_ELSEWHERE, NOT_APPROVED};
use crate::support::recording::Occasion;

/// The recipient of a gift; without a household, the whole village.
#[derive(Debug, Clone, Copy)]
pub struct Recipient {
    pub household_id: Option<HouseholdId>,
    pub member_id: Option<MemberId>,
    pub hardship_item_id: Option<HardshipItemId>,
}

impl Recipient {
    pub fn of(household: Option<HouseholdId>, member: Option<MemberId>, item: Option<HardshipItemId>) -> Self {
        Self { household_id: household, member_id: member, hardship_item_id: item }
    }
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

/// Returns for each household its error on this occasion, None without error. Households that the caller does not see are
/// missing from the map.
pub fn check_households(
    tx: &mut Tx<'_>,
    occasion: &Occasion,
    ids: &[HouseholdId],
) -> Result<HashMap<HouseholdId, Option<FieldCode>>> {
    let homes: Vec<Home> = Home::query().filter(households::id.eq_any(ids)).load(tx.conn)?;
    let verdict = |home: &Home| {
        // A household that moved away later still lived in the village on the day.
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

/// Returns the errors of recipients, each with the pointer of its gift as prefix. Used for single gifts and for those of
/// a visit.
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
