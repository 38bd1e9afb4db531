//! A household as a row of a sheet.

use super::model::{Household, Sex};
use crate::kernel::http::sheet::{Cell, SheetRow, joined};

impl SheetRow for Household {
    const NAME: &'static str = "households";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "village_id",
        "village_name",
        "commune_name",
        "status",
        "status_since",
        "head_name",
        "head_sex",
        "head_birth_year",
        "ethnic_group",
        "poverty_status",
        "poverty_year",
        "deprivations",
        "poverty_causes",
        "hardship_reasons",
        "special_hardship",
        "members_count",
        "phone",
        "identity_number_last4",
        "address",
        "latitude",
        "longitude",
        "note",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.0.into(),
            self.village_id.0.into(),
            self.village_name.as_str().into(),
            self.commune_name.as_deref().into(),
            self.status.as_str().into(),
            self.status_since.into(),
            self.head_name.as_str().into(),
            self.head_sex.map(Sex::as_str).into(),
            self.head_birth_year.into(),
            self.ethnic_group.as_str().into(),
            self.poverty_status.as_str().into(),
            self.poverty_year.into(),
            joined(self.deprivations.iter().map(|indicator| indicator.as_str())),
            joined(self.poverty_causes.iter().map(|cause| cause.as_str())),
            joined(self.hardship_reasons.iter().map(|reason| reason.as_str())),
            self.special_hardship.into(),
            self.members.len().into(),
            self.phone.as_deref().into(),
            self.identity_number_last4.as_deref().into(),
            self.address.as_deref().into(),
            self.latitude.into(),
            self.longitude.into(),
            self.note.as_deref().into(),
            self.created_at.into(),
            self.updated_at.into(),
        ]
    }
}
