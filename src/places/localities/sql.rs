//! SQL functions for places.

use diesel::sql_types::{Date, Nullable, Text, Uuid as SqlUuid};

diesel::define_sql_function! {
    /// The ancestor of a place on a day, at the given level.
    fn app_ancestor(place: SqlUuid, wanted_level: Text, day: Date) -> Nullable<SqlUuid>;
}

diesel::define_sql_function! {
    /// The level of a place that another record refers to.
    fn app_place_level(place: SqlUuid) -> Text;
}

diesel::define_sql_function! {
    /// The name of a place that another record refers to.
    fn app_place_name(place: SqlUuid) -> Text;
}

diesel::define_sql_function! {
    /// The name of a village, also of one that the policies hide from the caller by now.
    fn app_village_name(village: Nullable<SqlUuid>) -> Nullable<Text>;
}

diesel::define_sql_function! {
    /// Whether a village is urban: a residential group, or part of a ward or township.
    fn app_is_urban(village: SqlUuid) -> diesel::sql_types::Bool;
}
