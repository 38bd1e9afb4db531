//! Functions of the database about the caller. In `diesel::select` a statement is planned once for each connection, as
//! text (`sql_query`) at every call.

use diesel::define_sql_function;
use diesel::sql_types::{Array, Text, Uuid};

define_sql_function! {
    /// Whether a path lies in the caller's range of places.
    fn app_in_range(path: Text) -> Bool;
}
define_sql_function! {
    /// The organisation the caller acts for.
    fn app_organisation() -> Nullable<Uuid>;
}
define_sql_function! {
    /// Accounts that may be the caller's own.
    fn app_own_accounts() -> Array<Uuid>;
}
define_sql_function! {
    /// Whether a third person lately knew the passwords of the caller and of one of these.
    fn app_share_maker(others: Array<Uuid>) -> Bool;
}
define_sql_function! {
    /// The caller.
    fn app_user_id() -> Nullable<Uuid>;
}
define_sql_function! {
    /// The authors of a record after the caller has written some of it.
    fn app_with_caller(authors: Array<Uuid>) -> Array<Uuid>;
}
