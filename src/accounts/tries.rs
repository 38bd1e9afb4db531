//! Counts tries of a password before it is verified, for sign-in and for the change of the own password.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Bytea, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::access::guesses::Place;
use crate::kernel::db::kept::Keep;
use crate::kernel::http::problem::{Code, Problem, Result};

/// A counted try, or the seconds to wait.
#[derive(QueryableByName)]
pub struct Try {
    #[diesel(sql_type = Integer)]
    wait: i32,
    #[diesel(sql_type = Text)]
    counted_by: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub user_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub hash: Option<String>,
}

impl Try {
    /// Whether it was counted for the device, on which the account has signed in since the last reset.
    pub fn is_of_device(&self) -> bool {
        self.counted_by == "device"
    }
}

/// The result of counting a try.
pub enum Begun {
    Taken(Try),
    /// Refused by the limit of the address or of the account.
    Held {
        by_address: bool,
        seconds: u32,
    },
}

/// Counts a try to sign in. `mark`: of the device; a try with an unknown mark is counted for the user name.
pub fn begin_sign_in(conn: &mut PgConnection, username: &str, mark: Option<&[u8]>, place: &Place) -> Result<Begun> {
    let taken: Try = sql_query("SELECT wait, counted_by, user_id, hash FROM app_begin_sign_in($1, $2, $3, $4)")
        .bind::<Text, _>(username)
        .bind::<Nullable<Bytea>, _>(mark)
        .bind::<Text, _>(place.address.to_string())
        .bind::<Integer, _>(place.per_hour)
        .kept()
        .get_result(conn)?;
    Ok(match u32::try_from(taken.wait) {
        Ok(seconds @ 1..) => Begun::Held { by_address: taken.counted_by == "address", seconds },
        _ => Begun::Taken(taken),
    })
}

/// Counts a try of the own password before its change, and returns the hash to verify.
pub fn begin_own_password(conn: &mut PgConnection, place: &Place) -> Result<Option<String>> {
    let taken: Try =
        sql_query("SELECT wait, 'name' AS counted_by, NULL::uuid AS user_id, hash FROM app_begin_own_password($1, $2)")
            .bind::<Text, _>(place.address.to_string())
            .bind::<Integer, _>(place.per_hour)
            .kept()
            .get_result(conn)?;
    match u32::try_from(taken.wait) {
        Ok(seconds @ 1..) => Err(Problem::retry_after(Code::TOO_MANY_REQUESTS, seconds)),
        _ => Ok(taken.hash),
    }
}

#[derive(QueryableByName)]
struct Failures {
    #[diesel(sql_type = Nullable<BigInt>)]
    this_hour: Option<i64>,
}

/// Records a wrong password of a user name or, without one, of the caller; returns the failures of this hour.
pub fn password_was_wrong(conn: &mut PgConnection, username: Option<&str>, place: &Place) -> Result<i64> {
    let what = if username.is_some() { "sign_in_failed" } else { "current_password_wrong" };
    let row: Failures = sql_query("SELECT app_password_was_wrong($1, $2, $3) AS this_hour")
        .bind::<Nullable<Text>, _>(username)
        .bind::<Text, _>(place.address.to_string())
        .bind::<Text, _>(what)
        .kept()
        .get_result(conn)?;
    Ok(row.this_hour.unwrap_or(0))
}

/// The result of a database function that may refuse.
#[derive(QueryableByName)]
pub struct Done {
    #[diesel(sql_type = Bool)]
    pub done: bool,
}
