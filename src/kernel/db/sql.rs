//! Functions of the database that queries call. In `diesel::select` a statement is planned once for each
//! connection, as text (`sql_query`) at every call.

use diesel::define_sql_function;
use diesel::sql_types::Binary;
use diesel::sql_types::{Bool, Date, Nullable, Text, Uuid};

define_sql_function! {
    /// Contains a part, without case and diacritics.
    fn app_matches(value: Text, part: Text) -> Bool;
}
define_sql_function! {
    /// The moment of the transaction by the service's clock.
    fn app_now() -> Timestamptz;
}
define_sql_function! {
    /// The day it is in Vietnam.
    fn app_today() -> Date;
}
define_sql_function! {
    /// Claims the id of a creation: new, or known.
    fn app_claim(id: Uuid, resource: Text, body_hash: Binary) -> Text;
}
define_sql_function! {
    /// Leaves a finding for the rest of the transaction.
    fn app_set(name: Text, value: Text) -> Nullable<Text>;
}
define_sql_function! {
    /// The caller.
    fn app_user_id() -> Nullable<Uuid>;
}
define_sql_function! {
    /// The organisation the caller acts for.
    fn app_organisation() -> Nullable<Uuid>;
}
define_sql_function! {
    /// Whether a path lies in the caller's range of places.
    fn app_in_range(path: Text) -> Bool;
}
define_sql_function! {
    /// The name of a place that another record shows.
    fn app_place_name(place: Uuid) -> Text;
}
define_sql_function! {
    /// The level of a place that another record shows.
    fn app_place_level(place: Uuid) -> Text;
}
define_sql_function! {
    /// How a twinning stands today.
    fn app_twinning_status(suspended: Bool, ends_on: Nullable<Date>) -> Text;
}
define_sql_function! {
    /// The place of a level that a place lay in on a day.
    fn app_ancestor(place: Uuid, wanted_level: Text, day: Date) -> Nullable<Uuid>;
}
