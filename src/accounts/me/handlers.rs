use actix_web::web::{Data, Json};

use ketnghia_macros::operation;
use uuid::Uuid;

use super::model::{Account, PasswordChange, Session, SessionSort};
use super::queries;
use crate::access::actor::May;
use crate::access::guesses::Guesses;
use crate::access::passwords::{self, Asker, Passwords};
use crate::access::policy::permission::ReadOwnAccount;
use crate::access::tokens::SessionDays;
use crate::accounts::me::problems;
use crate::accounts::tries::{begin_own_password, password_was_wrong};
use crate::kernel::db::Db;
use crate::kernel::http::answer::NoContent;
use crate::kernel::http::extract::{Id, Valid};
use crate::kernel::http::peer::Peer;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::list::page::Page;
use crate::kernel::list::{List, NoFilter};

/// Read the own account
///
/// The caller's account, office and permissions.
#[operation(get "/me", tag = "access")]
pub async fn find_me(may: May<ReadOwnAccount>) -> Result<Json<Account>> {
    may.read(queries::find).await.map(Json)
}

/// Change the own password
///
/// This session goes on; every other session of the account ends. A valid one-time password is replaced here; the
/// current access token is then accepted by all operations. Wrong current passwords are counted like failed sign-ins,
/// but separately: after ten in a row, 429 with Retry-After.
#[operation(put "/me/password", tag = "access")]
pub async fn change_password(
    may: May<ReadOwnAccount>,
    peer: Peer,
    db: Data<Db>,
    hashing: Data<Passwords>,
    guesses: Data<Guesses>,
    change: Valid<PasswordChange>,
) -> Result<NoContent> {
    let PasswordChange { current_password, new_password } = change.into_inner();
    // Checks that reveal nothing about the current password come first, and count no try.
    if new_password == current_password {
        return Err(Problem::field("#/new_password", problems::SAME_PASSWORD));
    }
    if passwords::is_weak(&new_password, &may.read(queries::guessable_words).await?) {
        return Err(Problem::field("#/new_password", problems::WEAK_PASSWORD));
    }
    let place = guesses.place(peer);
    let asker = Asker { account: format!("password {}", may.actor.id), address: Some(place.address) };
    let turn = hashing.turn(asker).await?;
    let hash = {
        let place = place.clone();
        may.write(move |tx| begin_own_password(tx.conn, &place)).await?
    };
    if !turn.verify(current_password, hash.clone()).await? {
        drop(turn);
        if guesses.sound(may.write(move |tx| password_was_wrong(tx.conn, None, &place)).await?) {
            db.metrics.sign_in_alarm();
        }
        return Err(Problem::field("#/current_password", FieldCode::INVALID_VALUE));
    }
    let new_hash = turn.hash(new_password).await?;
    let verified = hash.unwrap_or_default();
    if may.write(move |tx| queries::change_password(tx, &verified, &new_hash)).await? {
        Ok(NoContent)
    } else {
        // A concurrent change came first.
        Err(Problem::field("#/current_password", FieldCode::INVALID_VALUE))
    }
}

/// List the own sessions
///
/// The devices on which the caller is signed in, the most recently refreshed first.
#[operation(get "/me/sessions", tag = "access")]
pub async fn list_sessions(
    may: May<ReadOwnAccount>,
    days: Data<SessionDays>,
    list: List<NoFilter, SessionSort>,
) -> Result<Json<Page<Session>>> {
    may.list(list, move |tx, _, keyset| queries::list_sessions(tx, keyset, **days)).await
}

/// Sign out a device
///
/// A lost phone, for example: its access and refresh tokens stop working at once. A session has no
/// version, so no If-Match is needed.
#[operation(delete "/me/sessions/{id}", tag = "access")]
pub async fn end_session(may: May<ReadOwnAccount>, id: Id<Uuid>) -> Result<NoContent> {
    may.write(move |tx| queries::end_session(tx, id.0)).await?;
    Ok(NoContent)
}
