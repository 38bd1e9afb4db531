use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::OrganisationId;
use crate::kernel::db::later::Later;
use crate::kernel::db::schema::{organisation_contacts, organisation_headcounts, organisations};
use crate::kernel::http::answer::record;
use crate::kernel::http::problem::{FieldCode, FieldError};
use crate::kernel::list::sort::sorts;
use crate::kernel::value::enums::db_enum;
use crate::places::localities::LocalityId;
use crate::places::localities::end::EndedTwinnings;
use crate::places::localities::model::LocalityLevel;

db_enum! {
    /// Kind of organisation.
    pub enum OrganisationKind {
        Department = "department" ("Cơ quan chuyên môn (sở, phòng, ban)", "Department"),
        PublicServiceUnit = "public_service_unit" ("Đơn vị sự nghiệp công lập", "Public service unit"),
        Enterprise = "enterprise" ("Doanh nghiệp", "Enterprise"),
        Cooperative = "cooperative" ("Hợp tác xã", "Cooperative"),
        ArmedForce = "armed_force" ("Lực lượng vũ trang", "Armed forces"),
        BorderGuard = "border_guard" ("Bộ đội Biên phòng", "Border guard"),
        Front = "front" ("Mặt trận Tổ quốc", "Fatherland Front"),
        MassOrganisation = "mass_organisation" ("Tổ chức chính trị – xã hội", "Mass organisation"),
        PartyBody = "party_body" ("Cơ quan Đảng", "Party body"),
        Locality = "locality" ("Địa phương (thôn, làng, xã, huyện)", "Place that gives"),
        Other = "other" ("Tổ chức khác", "Other"),
    }
}

db_enum! {
    /// The level of government it belongs to.
    pub enum OrganisationLevel {
        Central = "central" ("Trung ương", "Central"),
        Province = "province" ("Cấp tỉnh", "Province"),
        District = "district" ("Cấp huyện", "District"),
        Commune = "commune" ("Cấp xã", "Commune"),
        Village = "village" ("Thôn, làng", "Village"),
    }
}

impl From<LocalityLevel> for OrganisationLevel {
    fn from(level: LocalityLevel) -> Self {
        match level {
            LocalityLevel::Province => Self::Province,
            LocalityLevel::District => Self::District,
            LocalityLevel::Commune => Self::Commune,
            LocalityLevel::Village => Self::Village,
        }
    }
}

/// Assigned posts (biên chế) in a year, attached units included.
#[input]
#[derive(Debug, Clone, Serialize, Queryable, Selectable)]
#[diesel(table_name = organisation_headcounts)]
pub struct OrganisationHeadcount {
    #[range(1900..=2200)]
    #[schema(example = 2026)]
    pub year: i32,
    #[range(0..=1_000_000)]
    #[schema(example = 14)]
    pub headcount: i32,
}

/// The contact; the policies of the table hide the row from other callers.
#[derive(Default, Queryable, Selectable)]
#[diesel(table_name = organisation_contacts)]
pub struct OrganisationContact {
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
    pub contact_email: Option<String>,
    pub address: Option<String>,
}

/// A giver: a department, a company, a unit, an association, or a place.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = organisations)]
pub struct Organisation {
    pub id: OrganisationId,
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    pub name: String,
    #[schema(example = "department")]
    pub kind: OrganisationKind,
    #[schema(example = "commune")]
    pub level: OrganisationLevel,
    /// The organisation it is attached to.
    pub parent_id: Option<OrganisationId>,
    /// The managing place, whose officials administer it.
    pub locality_id: LocalityId,
    /// For kind `locality`: the village, commune or district.
    pub place_id: Option<LocalityId>,
    /// First day (inclusive); null: not known.
    pub valid_from: Option<NaiveDate>,
    /// Last day (inclusive); null: still active.
    pub valid_to: Option<NaiveDate>,
    /// The organisation that took over from it: see `succeed`.
    pub successor_id: Option<OrganisationId>,
    /// Contact person. This and the other contact fields are null except for the organisation itself, the officials above it, and
    /// the officials and heads of its twinned places until `LATE_ENTRY_DAYS` after the end.
    #[schema(example = "Nguyễn Thị Hoa")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub contact_name: Option<String>,
    #[schema(example = "0269123456")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub contact_phone: Option<String>,
    #[schema(example = "vanphong@ianan.example")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub contact_email: Option<String>,
    #[schema(example = "Làng Tung, xã Ia Nan, tỉnh Gia Lai")]
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub address: Option<String>,
    /// Assigned posts by year, the latest first; empty except for the organisation itself and the
    /// officials above it.
    #[diesel(select_expression = Later, deserialize_as = Later)]
    pub headcounts: Vec<OrganisationHeadcount>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Organisation);

impl Organisation {
    pub fn complete(&mut self, contact: Option<OrganisationContact>, headcounts: Vec<OrganisationHeadcount>) {
        let contact = contact.unwrap_or_default();
        self.contact_name = contact.contact_name;
        self.contact_phone = contact.contact_phone;
        self.contact_email = contact.contact_email;
        self.address = contact.address;
        self.headcounts = headcounts;
    }
}

/// An organisation to be added.
#[input]
pub struct NewOrganisation {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    #[length(1..=200)]
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    pub name: String,
    #[schema(example = "department")]
    pub kind: OrganisationKind,
    /// By default the level of the managing place.
    #[schema(example = "commune")]
    pub level: Option<OrganisationLevel>,
    /// The organisation it is attached to.
    pub parent_id: Option<OrganisationId>,
    /// The managing place; in the caller's area.
    pub locality_id: LocalityId,
    /// Required for kind `locality`, not allowed otherwise: the village, commune or district, in the caller's area.
    pub place_id: Option<LocalityId>,
    /// First day (inclusive).
    pub valid_from: Option<NaiveDate>,
    /// Last day (inclusive); not before `valid_from`.
    pub valid_to: Option<NaiveDate>,
    #[length(1..=120)]
    #[schema(example = "Nguyễn Thị Hoa")]
    pub contact_name: Option<String>,
    #[length(1..=20)]
    #[schema(example = "0269123456")]
    pub contact_phone: Option<String>,
    #[length(..=254)]
    #[validate(email)]
    #[schema(format = "email", example = "vanphong@ianan.example")]
    pub contact_email: Option<String>,
    #[length(1..=300)]
    #[schema(example = "Làng Tung, xã Ia Nan, tỉnh Gia Lai")]
    pub address: Option<String>,
    /// One entry a year.
    #[entries(..=100)]
    pub headcounts: Vec<OrganisationHeadcount>,
}

/// Changes of an organisation.
#[changes(organisations)]
pub struct OrganisationChanges {
    #[length(1..=200)]
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    pub name: Option<String>,
    pub kind: Option<OrganisationKind>,
    pub level: Option<OrganisationLevel>,
    pub parent_id: Option<Option<OrganisationId>>,
    /// In the caller's area.
    pub locality_id: Option<LocalityId>,
    /// Set it together with kind `locality`, clear it together with another kind.
    pub place_id: Option<Option<LocalityId>>,
    pub valid_from: Option<Option<NaiveDate>>,
    pub valid_to: Option<Option<NaiveDate>>,
    #[length(1..=120)]
    #[diesel(skip_update)]
    #[schema(example = "Nguyễn Thị Hoa")]
    pub contact_name: Option<Option<String>>,
    #[length(1..=20)]
    #[diesel(skip_update)]
    #[schema(example = "0269123456")]
    pub contact_phone: Option<Option<String>>,
    #[length(..=254)]
    #[diesel(skip_update)]
    #[validate(email)]
    #[schema(format = "email", example = "vanphong@ianan.example")]
    pub contact_email: Option<Option<String>>,
    #[length(1..=300)]
    #[diesel(skip_update)]
    #[schema(example = "Làng Tung, xã Ia Nan, tỉnh Gia Lai")]
    pub address: Option<Option<String>>,
    /// Replaces all years.
    #[entries(..=100)]
    pub headcounts: Option<Vec<OrganisationHeadcount>>,
}

/// The changes of the contact.
#[derive(AsChangeset)]
#[diesel(table_name = organisation_contacts)]
pub struct OrganisationContactChanges<'c> {
    contact_name: Option<Option<&'c str>>,
    contact_phone: Option<Option<&'c str>>,
    contact_email: Option<Option<&'c str>>,
    address: Option<Option<&'c str>>,
}

/// The succession of an organisation.
#[input]
pub struct OrganisationSuccession {
    /// The organisation that takes over; in the caller's area.
    pub successor_id: OrganisationId,
    /// The first day of the successor, the day after the last one of the organisation; not after today.
    #[schema(example = "2026-04-01")]
    pub on: NaiveDate,
    #[schema(example = "succeed")]
    pub twinnings: EndedTwinnings,
    /// Whether its accounts go over to the successor; by default they do.
    pub move_users: Option<bool>,
}

impl OrganisationChanges {
    /// The sent fields that the organisation itself may not change.
    pub fn beyond_contact(&self) -> Vec<FieldError> {
        let sent = [
            ("name", self.name.is_some()),
            ("kind", self.kind.is_some()),
            ("level", self.level.is_some()),
            ("parent_id", self.parent_id.is_some()),
            ("locality_id", self.locality_id.is_some()),
            ("place_id", self.place_id.is_some()),
            ("valid_from", self.valid_from.is_some()),
            ("valid_to", self.valid_to.is_some()),
            ("address", self.address.is_some()),
            ("headcounts", self.headcounts.is_some()),
        ];
        let beyond = sent.into_iter().filter(|(_, sent)| *sent);
        beyond.map(|(field, _)| FieldError::new(format!("#/{field}"), FieldCode::READ_ONLY)).collect()
    }

    pub fn contact(&self) -> Option<OrganisationContactChanges<'_>> {
        let fields = [&self.contact_name, &self.contact_phone, &self.contact_email, &self.address];
        let [contact_name, contact_phone, contact_email, address] =
            fields.map(|field| field.as_ref().map(Option::as_deref));
        fields.iter().any(|field| field.is_some()).then_some(OrganisationContactChanges {
            contact_name,
            contact_phone,
            contact_email,
            address,
        })
    }
}

/// Filters of the list of organisations.
#[filter]
pub struct OrganisationFilter {
    /// Part of the name, without case and diacritics.
    #[search]
    pub q: Option<String>,
    /// Any of these kinds.
    pub kind: Vec<OrganisationKind>,
    /// Managed by this place.
    pub locality_id: Option<LocalityId>,
    /// Managed by this place or one below it, in the tree of today.
    pub within: Option<LocalityId>,
}

sorts! {
    pub enum OrganisationSort { Name = "name", CreatedAt = "created_at" }
}
