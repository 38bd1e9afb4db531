//! SQL functions for places.

use diesel::sql_types::{Array, Date, Nullable, Text, Uuid as SqlUuid};

diesel::define_sql_function! {
    /// Ends the twinnings of a place on the day before, and continues them at its successors.
    fn app_succeed_place(place: SqlUuid, successors: Array<SqlUuid>, begins: Date) -> Nullable<Text>;
}
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

diesel::define_sql_function! {
    /// Whether a place, or its province, is one in which a present commune lay on a day before it began.
    fn app_may_have_lain_in(place: SqlUuid, present: SqlUuid, day: Date) -> Bool;
}

diesel::define_sql_function! {
    /// Copies the version of the tree day, and a new first day, to a village.
    fn app_show_version(village: SqlUuid, began: Nullable<Date>) -> Nullable<Text>;
}

diesel::define_sql_function! {
    /// Ends a village, with its successors.
    fn app_end_village(village: SqlUuid, ends: Date, successors: Array<SqlUuid>, basis: Nullable<Text>) -> Nullable<Text>;
}

// Functions of later areas, about records of a village.
diesel::define_sql_function! {
    /// Counts of visits, gifts and twinnings before the first or after the last day of a village.
    fn app_records_outside(village: SqlUuid, first_day: Nullable<Date>, last_day: Nullable<Date>) -> Jsonb;
}

diesel::define_sql_function! {
    /// The number of active households of a village.
    fn app_active_households(village: SqlUuid) -> BigInt;
}

diesel::define_sql_function! {
    /// Moves the active households of ended villages to their only successors; returns their number.
    fn app_move_households(villages: Array<SqlUuid>) -> BigInt;
}

diesel::define_sql_function! {
    /// The number of twinnings of a place whose last day is this one.
    fn app_twinnings_until(place: SqlUuid, day: Date) -> BigInt;
}

diesel::define_sql_function! {
    /// The number of active accounts of a place.
    fn app_accounts_of(place: SqlUuid) -> BigInt;
}
