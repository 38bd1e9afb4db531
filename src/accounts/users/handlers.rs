use actix_web::web::{Data, Json};
use ketnghia_macros::operation;

use super::model::{NewUser, User, UserChanges, UserFilter, UserSort, UserWithPassword};
use super::queries;
use crate::access::UserId;
use crate::access::actor::May;
use crate::access::calls::unless_in_use;
use crate::access::guesses::Guesses;
use crate::access::passwords::{self, Passwords};
use crate::access::policy::permission::{ReadUsers, WriteUsers};
use crate::access::tx::Tx;
use crate::accounts::users::problems;
use crate::kernel::http::answer::{Created, Found, NoContent};
use crate::kernel::http::extract::{Id, IfMatch, Valid};
use crate::kernel::http::problem::Result;
use crate::kernel::list::List;
use crate::kernel::list::page::Page;

/// List the accounts in the caller's care
///
/// Accounts of lower offices than the caller's, in its own place and below; for an administrator also those of the
/// other administrators.
#[operation(get "/users")]
pub async fn list_users(may: May<ReadUsers>, list: List<UserFilter, UserSort>) -> Result<Json<Page<User>>> {
    may.list(list, queries::list).await
}

/// Create an account below the caller's own
///
/// Answers once with a one-time password, which signs in once within 7 days, for the official to hand over. A user
/// name that is taken in another place is 409 `username_taken`, too; after ten of them there is a delay, which each
/// further one doubles: 429 with Retry-After. Until the password is replaced, every operation except those of `/me` and
/// `/me/password` is 403 `password_change_required`.
#[operation(post "/users")]
pub async fn create_user(
    may: May<WriteUsers>,
    hashing: Data<Passwords>,
    new: Valid<NewUser>,
) -> Result<Created<UserWithPassword>> {
    let password = passwords::one_time()?;
    let hash = hashing.hash_for(may.actor.id, password.clone()).await?;
    let expires = passwords::one_time_expiry(may.now());
    let create = move |tx: &mut Tx<'_>, id, new| {
        queries::create(tx, id, new)?;
        queries::set_first_password(tx.conn, id, &hash, expires)
    };
    let made = may.create(new, create, queries::find).await;
    if made.as_ref().is_err_and(|problem| problem.code() == problems::USERNAME_TAKEN) {
        may.write(queries::name_was_taken).await?;
    }
    Ok(match made? {
        Created::New(user) => Created::New(UserWithPassword::new(user, Some(password))),
        Created::Replayed(user) => Created::Replayed(UserWithPassword::new(user, None)),
    })
}

/// Find one account
#[operation(get "/users/{id}")]
pub async fn find_user(may: May<ReadUsers>, id: Id<UserId>) -> Result<Found<User>> {
    may.find(id, queries::find).await
}

/// Change an account
///
/// A change of role or place takes effect on the account's next request.
#[operation(patch "/users/{id}")]
pub async fn update_user(
    may: May<WriteUsers>,
    id: Id<UserId>,
    if_match: IfMatch,
    changes: Valid<UserChanges>,
) -> Result<Found<User>> {
    may.change(id, if_match, changes, queries::update, queries::find).await
}

/// Delete an account
///
/// Only an account that has neither changed nor read out a record but its own account; otherwise 409 `in_use`,
/// because the audit refers to it. Deactivate it instead.
#[operation(delete "/users/{id}")]
pub async fn delete_user(may: May<WriteUsers>, id: Id<UserId>, if_match: IfMatch) -> Result<NoContent> {
    may.delete(id, if_match, queries::find, unless_in_use).await
}

/// Make a new one-time password
///
/// Ends the account's sessions and resets its failed sign-ins.
#[operation(post "/users/{id}/reset-password")]
pub async fn reset_user_password(
    may: May<WriteUsers>,
    hashing: Data<Passwords>,
    guesses: Data<Guesses>,
    id: Id<UserId>,
    if_match: IfMatch,
) -> Result<Found<UserWithPassword>> {
    let password = passwords::one_time()?;
    let hash = hashing.hash_for(may.actor.id, password.clone()).await?;
    let expires = passwords::one_time_expiry(may.now());
    let give = move |tx: &mut Tx<'_>, id: UserId| queries::give_one_time_password(tx.conn, id, &hash, expires);
    let Found(user) = may.act(id, if_match, give, queries::find).await?;
    guesses.release(&user.username);
    Ok(Found(UserWithPassword::new(user, Some(password))))
}

/// Deactivate an account
///
/// Its tokens are refused from the next request on.
#[operation(post "/users/{id}/deactivate")]
pub async fn deactivate_user(may: May<WriteUsers>, id: Id<UserId>, if_match: IfMatch) -> Result<Found<User>> {
    may.act(id, if_match, queries::deactivate, queries::find).await
}

/// Activate an account again
#[operation(post "/users/{id}/activate")]
pub async fn activate_user(may: May<WriteUsers>, id: Id<UserId>, if_match: IfMatch) -> Result<Found<User>> {
    may.act(id, if_match, queries::activate, queries::find).await
}
