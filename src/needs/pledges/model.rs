use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use ketnghia_macros::input;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::UserId;
use crate::kernel::db::later::{Later, later};
use crate::kernel::db::schema::pledges;
use crate::kernel::http::answer::record;
use crate::kernel::value::day;
use crate::needs::ids::{HardshipItemId, PledgeId};
use crate::places::localities::LocalityId;
use crate::twinning::organisations::OrganisationId;

/// A unit promised to help a listed household.
#[derive(Debug, Clone, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = pledges)]
pub struct Pledge {
    pub id: PledgeId,
    pub item_id: HardshipItemId,
    pub organisation_id: OrganisationId,
    #[schema(example = "Văn phòng HĐND và UBND xã Ia Nan")]
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub organisation_name: Option<String>,
    pub village_id: LocalityId,
    #[schema(example = "Một con bò giống trước Tết")]
    pub note: Option<String>,
    /// When the unit means to come.
    pub planned_on: Option<NaiveDate>,
    /// Who entered it.
    pub acted_by: Option<UserId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

record!(Pledge);

/// A promise.
#[input(pledges)]
pub struct NewPledge {
    /// UUIDv7 made by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    #[length(..=1000)]
    #[schema(example = "Một con bò giống trước Tết")]
    pub note: Option<String>,
    /// When the unit means to come.
    #[validate(custom(function = "day::plausible"))]
    pub planned_on: Option<NaiveDate>,
}
