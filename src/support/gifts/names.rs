//! Names of the households of a gift to many, and the listed items that a gift meets. Both are added and removed without a new
//! confirmation.

use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};

use super::GiftId;
use super::bodies::{GiftItem, GiftRecipients};
use super::model::Gift;
use super::queries::find_with_relation;
use super::recipients::{check_households, check_listed};
use super::words::GiftCategory;
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{gift_recipients, gifts, hardship_items};
use crate::kernel::http::problem::{FieldCode, FieldError, Problem, Result};
use crate::needs::households::HouseholdId;
use crate::needs::ids::HardshipItemId;
use crate::places::localities::LocalityId;
use crate::support::problems::{ITEM_ELSEWHERE, NOT_APPROVED, NOT_FOR_HOUSEHOLDS};
use crate::support::recording::{self, SupportedPlace};

diesel::define_sql_function! {
    /// Names homes of gifts in one village; those that are named already stay.
    fn app_name_homes(gifts: Array<SqlUuid>, homes: Array<SqlUuid>, village: SqlUuid) -> Nullable<Text>;
}

/// Inserts recipients; those that a gift names already stay.
pub(super) fn insert_recipients(
    tx: &mut Tx<'_>,
    place: SupportedPlace,
    named: impl Iterator<Item = (GiftId, HouseholdId)>,
) -> QueryResult<()> {
    let (gifts, homes): (Vec<GiftId>, Vec<HouseholdId>) = named.unzip();
    if gifts.is_empty() {
        return Ok(());
    }
    diesel::select(app_name_homes(gifts, homes, place.id)).execute(tx.conn).map(drop)
}

pub fn add_recipients(tx: &mut Tx<'_>, id: GiftId, added: GiftRecipients) -> Result<()> {
    let (gift, relation) = find_with_relation(tx, id)?;
    relation.may_name(&gift)?;
    if gift.household_id.is_some() {
        return Err(Problem::field("#/household_ids", FieldCode::EXCLUSIVE));
    }
    if gift.category == GiftCategory::Equipment {
        return Err(Problem::field("#/household_ids", NOT_FOR_HOUSEHOLDS));
    }
    let occasion = gift.occasion()?;
    let naming = recording::name(tx, gift.organisation_id, gift.twinning_id)?;
    let homes = check_households(tx, &occasion, &added.household_ids)?;
    let mut errors = check_listed(&added.household_ids, &homes, &gift.more.recipients, "#/household_ids");
    let more = added.household_ids.iter().filter(|home| !gift.more.recipients.contains(home)).count();
    let named = i64::from(gift.households_named).saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
    if let Some(count) = gift.households_count.filter(|count| named > i64::from(*count)) {
        errors.push(FieldError::new("#/household_ids", FieldCode::MORE_THAN).with(count.to_string()));
    }
    Problem::check(errors)?;
    records::set(tx.conn, "step", "name")?;
    insert_recipients(tx, occasion.place, added.household_ids.iter().map(|home| (id, *home)))
        .map_err(|error| recording::gone(error, "gift_recipients", |_| "#/household_ids".to_owned()))?;
    naming.end(tx)
}

pub fn remove_recipient(tx: &mut Tx<'_>, id: GiftId, home: HouseholdId) -> Result<()> {
    let (gift, relation) = find_with_relation(tx, id)?;
    relation.may_name(&gift)?;
    records::set(tx.conn, "step", "name")?;
    let removed = diesel::delete(gift_recipients::table.find((id, home))).execute(tx.conn)?;
    if removed == 0 { Err(Problem::not_found()) } else { Ok(()) }
}

/// Makes a gift meet a listed item of a household that it names.
pub fn link(tx: &mut Tx<'_>, id: GiftId, item: GiftItem) -> Result<()> {
    let wanted = item.hardship_item_id;
    let (gift, relation) = find_with_relation(tx, id)?;
    relation.may_name(&gift)?;
    let pointer = "#/hardship_item_id";
    let found: Option<(HouseholdId, LocalityId, bool)> = hardship_items::table
        .find(wanted)
        .select((hardship_items::household_id, hardship_items::village_id, hardship_items::approved))
        .first(tx.conn)
        .optional()?;
    let (home, village, approved) = found.ok_or_else(|| Problem::field(pointer, FieldCode::NOT_FOUND))?;
    let is_named = gift.household_id == Some(home) || gift.more.recipients.contains(&home);
    if !is_named || gift.village_id != Some(village) {
        return Err(Problem::field(pointer, ITEM_ELSEWHERE));
    }
    if !approved {
        return Err(Problem::field(pointer, NOT_APPROVED));
    }
    choose(tx, &gift, home, Some(wanted))
}

/// Makes a gift meet a listed item no longer.
pub fn unlink(tx: &mut Tx<'_>, id: GiftId, item: GiftItem) -> Result<()> {
    let (gift, relation) = find_with_relation(tx, id)?;
    relation.may_name(&gift)?;
    let met = gift.more.met_items.iter().find(|met| met.hardship_item_id == item.hardship_item_id);
    let home = met.map(|met| met.household_id).ok_or_else(|| Problem::field("#/hardship_item_id", ITEM_ELSEWHERE))?;
    choose(tx, &gift, home, None)
}

/// Sets the item of one household of a gift; the service does not choose it any more.
fn choose(tx: &mut Tx<'_>, gift: &Gift, home: HouseholdId, item: Option<HardshipItemId>) -> Result<()> {
    records::set(tx.conn, "step", if item.is_some() { "link" } else { "unlink" })?;
    if gift.household_id == Some(home) {
        let chosen = (gifts::hardship_item_id.eq(item), gifts::item_automatic.eq(false));
        diesel::update(gifts::table.find(gift.id)).set(chosen).execute(tx.conn)?;
    } else {
        let chosen = (gift_recipients::hardship_item_id.eq(item), gift_recipients::item_automatic.eq(false));
        diesel::update(gift_recipients::table.find((gift.id, home))).set(chosen).execute(tx.conn)?;
        records::touch(tx.conn, gift.id)?;
    }
    Ok(())
}
