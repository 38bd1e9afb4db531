//! A listed household as a row of a sheet.

use super::model::HardshipItem;
use crate::kernel::http::sheet::{Cell, SheetRow, joined};

impl SheetRow for HardshipItem {
    const NAME: &'static str = "hardship_items";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "list_id",
        "village_id",
        "village_name",
        "commune_name",
        "household_id",
        "household_head_name",
        "reasons",
        "needs",
        "priority",
        "note",
        "status",
        "pledged_by",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.0.into(),
            self.list_id.0.into(),
            self.village_id.0.into(),
            self.village_name.as_str().into(),
            self.commune_name.as_deref().into(),
            self.household_id.0.into(),
            self.household_head_name.as_deref().into(),
            joined(self.reasons.iter().map(|reason| reason.as_str())),
            joined(self.needs.iter().map(|need| need.as_str())),
            self.priority.into(),
            self.note.as_deref().into(),
            self.status.as_str().into(),
            joined(self.pledges.iter().filter_map(|pledge| pledge.organisation_name.as_deref())),
            self.created_at.into(),
            self.updated_at.into(),
        ]
    }
}
