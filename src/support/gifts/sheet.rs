//! A gift as a row of a sheet.

use super::model::Gift;
use crate::kernel::http::sheet::{Cell, SheetRow};

impl SheetRow for Gift {
    const NAME: &'static str = "gifts";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "visit_id",
        "twinning_id",
        "organisation_id",
        "organisation_name",
        "village_id",
        "village_name",
        "household_id",
        "household_head_name",
        "member_id",
        "hardship_item_id",
        "category",
        "description",
        "quantity",
        "unit",
        "value_vnd",
        "funding_source",
        "given_on",
        "note",
        "status",
        "dispute_reason",
        "settlement_note",
        "correction_reason",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.0.into(),
            self.visit_id.map(|id| id.0).into(),
            self.twinning_id.0.into(),
            self.organisation_id.0.into(),
            self.organisation_name.as_str().into(),
            self.village_id.0.into(),
            self.village_name.as_str().into(),
            self.household_id.map(|id| id.0).into(),
            self.household_head_name.as_deref().into(),
            self.member_id.map(|id| id.0).into(),
            self.hardship_item_id.map(|id| id.0).into(),
            self.category.as_str().into(),
            self.description.as_str().into(),
            self.quantity.into(),
            self.unit.as_deref().into(),
            self.value_vnd.into(),
            self.funding_source.as_str().into(),
            self.given_on.into(),
            self.note.as_deref().into(),
            self.status.as_str().into(),
            self.dispute_reason.as_deref().into(),
            self.settlement_note.as_deref().into(),
            self.correction_reason.as_deref().into(),
            self.created_at.into(),
            self.updated_at.into(),
        ]
    }
}
