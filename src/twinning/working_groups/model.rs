use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use ketnghia_macros::{changes, filter, input};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::WorkingGroupId;
use crate::access::UserId;
use crate::kernel::db::later::{Later, later};
use crate::kernel::db::schema::working_groups;
use crate::kernel::http::answer::{RecordAction, record};
use crate::kernel::list::sheet::{Cell, SheetRow};
use crate::kernel::list::sort::sorts;
use crate::kernel::value::day;
use crate::kernel::value::enums::db_enum;
use crate::kernel::value::json::Json;
use crate::places::localities::LocalityId;
use crate::twinning::organisations::OrganisationId;
use crate::twinning::programmes::ProgrammeId;

db_enum! {
    /// Kind of working group.
    pub enum WorkingGroupKind {
        WorkingGroup = "working_group" ("Tổ công tác", "Working group"),
        SteeringCommittee = "steering_committee" ("Ban chỉ đạo", "Steering committee"),
        ManagementBoard = "management_board" ("Ban quản lý", "Management board"),
    }
}

db_enum! {
    /// Part of a member in the group.
    pub enum WorkingGroupPart {
        Head = "head" ("Trưởng", "Head"),
        Deputy = "deputy" ("Phó", "Deputy"),
        Secretary = "secretary" ("Thư ký", "Secretary"),
        Member = "member" ("Thành viên", "Member"),
    }
}

db_enum! {
    /// Stages of a twinning in which a member works.
    pub enum WorkingGroupStage {
        Coordinate = "coordinate" ("Phối hợp", "Coordinate"),
        Survey = "survey" ("Khảo sát", "Survey"),
        Propose = "propose" ("Đề xuất", "Propose"),
        Plan = "plan" ("Lập kế hoạch", "Plan"),
        CarryOut = "carry_out" ("Thực hiện", "Carry out"),
        ReviewReplicate = "review_replicate" ("Sơ kết, nhân rộng", "Review and replicate"),
    }
}

/// A member of a working group.
#[input]
#[derive(Debug, Serialize)]
pub struct WorkingGroupMember {
    #[length(1..=300)]
    #[schema(example = "Rơ Mah Hyen")]
    pub name: String,
    #[length(..=300)]
    #[schema(example = "Phó Chủ tịch UBND xã")]
    pub office: Option<String>,
    /// The organisation that the member belongs to. It may be deleted later.
    pub organisation_id: Option<OrganisationId>,
    /// The account of the member: the caller's own, or one that the caller manages.
    pub user_id: Option<UserId>,
    #[schema(example = "head")]
    pub part: WorkingGroupPart,
    #[length(..=300)]
    #[schema(example = "Phụ trách chung")]
    pub duties: Option<String>,
    /// Without duplicates.
    #[length(..=6)]
    #[serde(default)]
    pub stages: Vec<WorkingGroupStage>,
}

/// A working group (tổ công tác) of an organisation or of a place.
#[derive(Debug, HasQuery, Serialize, ToSchema)]
#[diesel(table_name = working_groups)]
pub struct WorkingGroup {
    pub id: WorkingGroupId,
    pub programme_id: ProgrammeId,
    /// The organisation that set it up; null: a place did.
    pub organisation_id: Option<OrganisationId>,
    /// The place that set it up; null: an organisation did.
    pub locality_id: Option<LocalityId>,
    #[schema(example = "working_group")]
    pub kind: WorkingGroupKind,
    #[schema(example = "Tổ công tác kết nghĩa làng Tung")]
    pub name: String,
    #[schema(example = "2025-07-01")]
    pub established_on: NaiveDate,
    /// Last day (inclusive); null: still at work.
    pub ended_on: Option<NaiveDate>,
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    /// Number of its working rules.
    #[schema(example = "01/QC-TCT")]
    pub regulation_number: Option<String>,
    #[diesel(deserialize_as = Json<Vec<WorkingGroupMember>>)]
    pub members: Vec<WorkingGroupMember>,
    /// The user who entered it.
    pub acted_by: Option<UserId>,
    /// Actions that the caller can take now.
    #[diesel(select_expression = later(), deserialize_as = Later)]
    pub allowed_actions: Vec<RecordAction>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[serde(skip)]
    #[diesel(select_expression = may_write(), select_expression_type = SqlLiteral<Bool>)]
    pub may_write: bool,
}

record!(WorkingGroup);

impl SheetRow for WorkingGroup {
    const NAME: &'static str = "working_groups";
    const COLUMNS: &'static str = "id programme_id organisation_id locality_id kind name established_on ended_on \
        decision_number regulation_number members_count created_at updated_at";

    fn special(&self, column: &str) -> Option<Cell> {
        (column == "members_count").then(|| self.members.len().into())
    }
}

/// Whether the policy `written` lets the caller write the group.
fn may_write() -> SqlLiteral<Bool> {
    sql("coalesce(app_in_range(working_groups.scope_path), false) OR EXISTS (SELECT FROM organisations o
          WHERE o.id = working_groups.organisation_id AND (o.id = app_organisation() OR app_in_range(o.scope_path)))")
}

/// A working group to be added, of exactly one organisation or place.
#[input(working_groups)]
pub struct NewWorkingGroup {
    /// UUIDv7 generated by the client, so that the request can be repeated.
    pub id: Option<Uuid>,
    pub programme_id: ProgrammeId,
    /// The caller's own organisation, or one of the caller's area.
    pub organisation_id: Option<OrganisationId>,
    /// A place of the caller's area, instead of an organisation.
    #[schema(example = "56889508-fae9-57b5-9d83-ea91851320e5")]
    pub locality_id: Option<LocalityId>,
    #[schema(example = "working_group")]
    pub kind: WorkingGroupKind,
    #[length(1..=300)]
    #[schema(example = "Tổ công tác kết nghĩa làng Tung")]
    pub name: String,
    /// Not after today.
    #[validate(custom(function = "day::plausible"))]
    #[schema(example = "2025-07-01")]
    pub established_on: NaiveDate,
    /// Last day (inclusive); not before `established_on`.
    #[validate(custom(function = "day::plausible"))]
    pub ended_on: Option<NaiveDate>,
    #[length(..=100)]
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<String>,
    /// Number of its working rules.
    #[length(..=100)]
    #[schema(example = "01/QC-TCT")]
    pub regulation_number: Option<String>,
    #[entries(..=100)]
    pub members: Vec<WorkingGroupMember>,
}

/// Changes of a working group.
#[changes(working_groups)]
pub struct WorkingGroupChanges {
    pub kind: Option<WorkingGroupKind>,
    #[length(1..=300)]
    #[schema(example = "Tổ công tác kết nghĩa làng Tung")]
    pub name: Option<String>,
    /// Not after today.
    #[validate(custom(function = "day::plausible"))]
    pub established_on: Option<NaiveDate>,
    /// Not before `established_on`.
    #[validate(custom(function = "day::plausible"))]
    pub ended_on: Option<Option<NaiveDate>>,
    #[length(..=100)]
    #[schema(example = "12/QĐ-UBND")]
    pub decision_number: Option<Option<String>>,
    #[length(..=100)]
    #[schema(example = "01/QC-TCT")]
    pub regulation_number: Option<Option<String>>,
    /// Replaces all members.
    #[entries(..=100)]
    pub members: Option<Vec<WorkingGroupMember>>,
}

/// Filters of the list of working groups.
#[filter]
pub struct WorkingGroupFilter {
    /// Within this programme.
    pub programme_id: Option<ProgrammeId>,
    /// Of this organisation.
    pub organisation_id: Option<OrganisationId>,
    /// Of this place itself, not of its organisations or of places in it.
    pub locality_id: Option<LocalityId>,
    /// Any of these kinds.
    pub kind: Vec<WorkingGroupKind>,
    /// Established and not ended on this day.
    #[param(example = "2026-11-22")]
    pub active_on: Option<NaiveDate>,
}

sorts! {
    pub enum WorkingGroupSort { EstablishedOn = "-established_on", UpdatedAt = "updated_at" }
}
