//! Declares the database functions about the caller. `diesel::select` prepares a statement once for each connection,
//! `sql_query` at every call.

use diesel::define_sql_function;
use diesel::sql_types::{Array, Text, Uuid};

define_sql_function! {
    /// Whether a path lies in the caller's range of places.
    fn app_in_range(path: Text) -> Bool;
}
define_sql_function! {
    /// Whether an organisation is that of the caller, or one that it succeeded.
    fn app_acts_for(organisation: Uuid) -> Bool;
}
define_sql_function! {
    /// The path of the caller's place, with which its range begins.
    fn app_low() -> Nullable<Text>;
}
define_sql_function! {
    /// The paths of the places of the caller's range, for a caller with few.
    fn app_paths() -> Nullable<Array<Text>>;
}
define_sql_function! {
    /// The organisation of the caller, and those that it succeeded.
    fn app_organisations() -> Nullable<Array<Uuid>>;
}
define_sql_function! {
    /// The organisation that the caller acts for.
    fn app_organisation() -> Nullable<Uuid>;
}
define_sql_function! {
    /// Accounts that may be the caller's own.
    fn app_own_accounts() -> Array<Uuid>;
}
define_sql_function! {
    /// Whether a third person recently created, or reset the password of, both the caller's account and one of these.
    fn app_share_maker(others: Array<Uuid>) -> Bool;
}
define_sql_function! {
    /// The caller.
    fn app_user_id() -> Nullable<Uuid>;
}
define_sql_function! {
    /// Adds the caller to the authors of a record.
    fn app_with_caller(authors: Array<Uuid>) -> Array<Uuid>;
}
