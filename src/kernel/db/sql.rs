//! Declares the database functions that queries call. `diesel::select` prepares a statement once for each
//! connection, `sql_query` at every call.

use diesel::define_sql_function;
use diesel::sql_types::Binary;
use diesel::sql_types::{Array, Bool, Integer, Jsonb, Text, Timestamptz, Uuid};

define_sql_function! {
    /// Whether a value contains a part, ignoring case and diacritics.
    fn app_matches(value: Text, part: Text) -> Bool;
}
define_sql_function! {
    /// The time of the transaction by the service's clock.
    fn app_now() -> Timestamptz;
}
define_sql_function! {
    /// The current day in Vietnam.
    fn app_today() -> Date;
}
define_sql_function! {
    /// Claims the id of a creation; returns `new`, `replay`, `deleted` or `conflict`.
    fn app_claim(id: Uuid, resource: Text, body_hash: Binary) -> Text;
}
define_sql_function! {
    /// Begins a step of a locked record; false for a repetition of the last step.
    fn app_begin_step(record: Uuid, resource: Text, step: Text, body_hash: Binary) -> Bool;
}
define_sql_function! {
    /// Those of the records whose last step is this one of the caller, with the same body.
    fn app_repeated_steps(records: Array<Uuid>, resource: Text, step: Text, body_hash: Binary) -> Array<Uuid>;
}
define_sql_function! {
    /// Deletes the last step of a record.
    fn app_forget_step(record: Uuid) -> Nullable<Text>;
}
define_sql_function! {
    /// Keeps the answer of the last step of a record.
    fn app_keep_answer(record: Uuid, kept: Jsonb) -> Nullable<Text>;
}
define_sql_function! {
    /// The answer of the last step of a record, if one was kept.
    fn app_kept_answer(record: Uuid) -> Nullable<Jsonb>;
}
define_sql_function! {
    /// The number of records that refer to one, by table.
    fn app_dependents(of_table: Text, subject: Uuid) -> Jsonb;
}
define_sql_function! {
    /// Sets `app.<name>` for the rest of the transaction.
    fn app_set(name: Text, value: Text) -> Nullable<Text>;
}
define_sql_function! {
    /// Enters as the user of a session: 0 refused, 1 entered, 2 entered with the first use of an access token.
    fn app_enter(session: Uuid, auth_version: Integer, generation: Integer, moment: Timestamptz, request: Uuid) -> SmallInt;
}
define_sql_function! {
    /// Enters as an API key.
    fn app_enter_key(key: Uuid, hash: Binary, moment: Timestamptz, request: Uuid) -> SmallInt;
}
define_sql_function! {
    /// Enters as a user on whose behalf an operator acts.
    fn app_enter_as(account: Uuid, auth_version: Integer, moment: Timestamptz, request: Uuid) -> SmallInt;
}
define_sql_function! {
    /// Enters without authentication.
    fn app_enter_public(moment: Timestamptz, request: Uuid) -> Nullable<Text>;
}
define_sql_function! {
    /// Enters as a loader or job.
    fn app_enter_system(moment: Timestamptz) -> Nullable<Text>;
}
define_sql_function! {
    /// Records the first use of the access token of a generation.
    fn app_access_used(session: Uuid, generation: Integer) -> Nullable<Text>;
}
define_sql_function! {
    /// Sets a parameter of PostgreSQL, with `is_local` for the transaction only.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}
define_sql_function! {
    /// The id of this connection's backend process.
    fn pg_backend_pid() -> Integer;
}
