//! Functions of the database about places.

use diesel::sql_types::{Date, Text, Uuid as SqlUuid};

diesel::define_sql_function! {
    /// The place of a level that a place lay in on a day.
    fn app_ancestor(place: SqlUuid, wanted_level: Text, day: Date) -> Nullable<SqlUuid>;
}

diesel::define_sql_function! {
    /// The level of a place that another record shows.
    fn app_place_level(place: SqlUuid) -> Text;
}

diesel::define_sql_function! {
    /// The name of a place that another record shows.
    fn app_place_name(place: SqlUuid) -> Text;
}

diesel::define_sql_function! {
    /// The name of a village, also of one that the caller no longer sees.
    fn app_village_name(village: SqlUuid) -> Text;
}
