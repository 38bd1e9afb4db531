use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use ketnghia_macros::input;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::UserId;
use crate::kernel::http::answer::Shown;
use crate::kernel::list::sort::sorts;

/// The register of a village for one year.
#[derive(Debug, Serialize, ToSchema, QueryableByName)]
pub struct Register {
    #[diesel(sql_type = Integer)]
    #[schema(example = 2026)]
    pub year: i32,
    /// Declared by the commune.
    #[diesel(sql_type = Bool)]
    pub complete: bool,
    /// The day of the completion.
    #[diesel(sql_type = Nullable<Date>)]
    pub completed_on: Option<NaiveDate>,
    /// The official who completed it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub completed_by: Option<UserId>,
    /// The commune's reason of the last reopening.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(example = "Bổ sung hộ tách ra")]
    pub reopen_reason: Option<String>,
    /// All households, by the profile of the year.
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(example = 137)]
    pub households: Option<i32>,
    /// Households of an ethnic minority, by the profile of the year.
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(example = 120)]
    pub minority_households: Option<i32>,
    /// Registered households that lived there and were active on the last day of the year, or today. These counts are null for
    /// callers outside the area until the year is complete.
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(example = 131)]
    pub registered: Option<i32>,
    /// Of these, with a confirmed assessment of the year.
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(example = 66)]
    pub assessed: Option<i32>,
    /// Poor on that day, by the latest confirmed assessment.
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(example = 44)]
    pub poor: Option<i32>,
    /// Near-poor on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(example = 18)]
    pub near_poor: Option<i32>,
}

impl Shown for Register {}

/// The reason of a reopening.
#[input]
pub struct RegisterReopening {
    #[length(1..=1000)]
    #[schema(example = "Bổ sung hộ tách ra")]
    pub reason: String,
}

sorts! {
    pub enum RegisterSort { Year = "-year" }
}
