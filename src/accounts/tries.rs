//! Tries of a password: each is counted before the password is compared. Signing in and the change of the own
//! password share the counters.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Bytea, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::access::guesses::Place;
use crate::kernel::http::problem::{Code, Problem, Result};

/// A try that was counted, or seconds to wait before the next.
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
    /// Whether it is counted for the device: the account has signed in on it since the last reset.
    pub fn is_of_device(&self) -> bool {
        self.counted_by == "device"
    }
}

/// What comes of a try before its password is looked at.
pub enum Begun {
    Taken(Try),
    /// By the address, or by what is tried.
    Held {
        by_address: bool,
        seconds: u32,
    },
}

/// `mark`: of the device. One that the account does not know is counted by the name.
pub fn begin_sign_in(conn: &mut PgConnection, username: &str, mark: Option<&[u8]>, place: &Place) -> Result<Begun> {
    let taken: Try = sql_query("SELECT * FROM app_begin_sign_in($1, $2, $3, $4)")
        .bind::<Text, _>(username)
        .bind::<Nullable<Bytea>, _>(mark)
        .bind::<Text, _>(place.address.to_string())
        .bind::<Integer, _>(place.per_hour)
        .get_result(conn)?;
    Ok(match u32::try_from(taken.wait) {
        Ok(seconds @ 1..) => Begun::Held { by_address: taken.counted_by == "address", seconds },
        _ => Begun::Taken(taken),
    })
}

/// The same for the own password, before another is put in its place.
pub fn begin_own_password(conn: &mut PgConnection, place: &Place) -> Result<Option<String>> {
    let taken: Try =
        sql_query("SELECT wait, 'name' AS counted_by, NULL::uuid AS user_id, hash FROM app_begin_own_password($1, $2)")
            .bind::<Text, _>(place.address.to_string())
            .bind::<Integer, _>(place.per_hour)
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

/// A wrong password for a name, or, without one, for the caller. Gives the failures of this hour.
pub fn password_was_wrong(conn: &mut PgConnection, username: Option<&str>, place: &Place) -> Result<i64> {
    let what = if username.is_some() { "sign_in_failed" } else { "current_password_wrong" };
    let row: Failures = sql_query("SELECT app_password_was_wrong($1, $2, $3) AS this_hour")
        .bind::<Nullable<Text>, _>(username)
        .bind::<Text, _>(place.address.to_string())
        .bind::<Text, _>(what)
        .get_result(conn)?;
    Ok(row.this_hour.unwrap_or(0))
}

/// Whether a function of the database did what was asked.
#[derive(QueryableByName)]
pub struct Done {
    #[diesel(sql_type = Bool)]
    pub done: bool,
}
