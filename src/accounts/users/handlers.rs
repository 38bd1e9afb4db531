use actix_web::web::{Data, Json};
use actix_web::{delete, get, patch, post};

use super::model::{NewUser, TABLE, User, UserChanges, UserFilter, UserSort, UserWithPassword};
use super::queries;
use crate::access::actor::May;
use crate::access::guesses::Guesses;
use crate::access::passwords::{self, Passwords};
use crate::access::policy::permission::{ReadUsers, WriteUsers};
use crate::access::reach::reads_much;
use crate::kernel::answer::{Created, Found, NoContent};
use crate::kernel::db::Db;
use crate::kernel::db::records::{self, Target};
use crate::kernel::extract::{Id, IfMatch, Query, Valid};
use crate::kernel::id::UserId;
use crate::kernel::page::{Page, keyset};
use crate::kernel::problem::{Code, Result};
use crate::kernel::secrets::Secrets;

/// List the accounts in the caller's care
///
/// Offices further down than the caller's own, in its own place and below; for an administrator the other
/// administrators, too.
#[utoipa::path(tag = "users", security(("bearer" = ["users:read"])), params(UserFilter), responses((status = 200, body = Page<User>)))]
#[get("/users")]
pub async fn list_users(
    may: May<ReadUsers>,
    db: Data<Db>,
    secrets: Data<Secrets>,
    filter: Query<UserFilter>,
) -> Result<Json<Page<User>>> {
    let Query(filter) = filter;
    let keyset = keyset!(filter, secrets, [role, locality_id, organisation_id, q], UserSort::FIELDS);
    let much = reads_much(&may.actor, &keyset, filter.q.is_some());
    db.look(&may.actor, much, move |conn| queries::list(conn, &filter, keyset, &secrets)).await.map(Json)
}

/// Create an account below the caller's own
///
/// Answers once with a one-time password, which signs in once within 7 days, for the official to hand over. A user
/// name that is taken in another place is 409 `username_taken` here, too; after ten of them there is a delay, which
/// each further one doubles: 429 with Retry-After. Until the password is replaced, every call but `/me` and `/me/password` is 403 `password_change_required`.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), request_body = NewUser, responses((status = 201, body = UserWithPassword)))]
#[post("/users")]
pub async fn create_user(
    may: May<WriteUsers>,
    db: Data<Db>,
    hashing: Data<Passwords>,
    new: Valid<NewUser>,
) -> Result<Created<UserWithPassword>> {
    let password = passwords::one_time()?;
    let hash = hashing.hash_for(may.actor.id, password.clone()).await?;
    let expires = passwords::one_time_expiry(db.clock.now());
    let actor = may.actor.clone();
    let made = db
        .create(
            &may.actor,
            TABLE,
            new,
            move |conn, id, new| {
                queries::create(conn, &actor, id, new)?;
                queries::set_first_password(conn, id, &hash, expires)
            },
            queries::find,
        )
        .await;
    if made.as_ref().is_err_and(|problem| problem.code() == Code::UsernameTaken) {
        db.write(&may.actor, queries::name_was_taken).await?;
    }
    Ok(match made? {
        Created::New(user) => Created::New(UserWithPassword::new(user, Some(password))),
        Created::Replayed(user) => Created::Replayed(UserWithPassword::new(user, None)),
    })
}

/// Find one account
#[utoipa::path(tag = "users", security(("bearer" = ["users:read"])), params(("id" = UserId, Path)), responses((status = 200, body = User)))]
#[get("/users/{id}")]
pub async fn find_user(may: May<ReadUsers>, db: Data<Db>, id: Id<UserId>) -> Result<Found<User>> {
    db.read(&may.actor, move |conn| queries::find(conn, id.0.into())).await.map(Found)
}

/// Change an account
///
/// A change of role or place re-scopes the person on the very next request.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), params(("id" = UserId, Path)), request_body = UserChanges,
    responses((status = 200, body = User)))]
#[patch("/users/{id}")]
pub async fn update_user(
    may: May<WriteUsers>,
    db: Data<Db>,
    id: Id<UserId>,
    if_match: IfMatch,
    changes: Valid<UserChanges>,
) -> Result<Found<User>> {
    let actor = may.actor.clone();
    let target = Target::new(TABLE, id.0, if_match);
    db.change(&may.actor, target, queries::find, move |conn, id| queries::update(conn, &actor, id, &changes)).await
}

/// Delete an account
///
/// Only one that did nothing but sign in (else 409 `in_use`): who did something stays known. Deactivate it then.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), params(("id" = UserId, Path)), responses((status = 204)))]
#[delete("/users/{id}")]
pub async fn delete_user(may: May<WriteUsers>, db: Data<Db>, id: Id<UserId>, if_match: IfMatch) -> Result<NoContent> {
    db.delete(&may.actor, Target::new(TABLE, id.0, if_match), queries::find, |_, _| Ok(())).await
}

/// Make a new one-time password
///
/// Ends the account's sessions and forgets its failed sign-ins.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), params(("id" = UserId, Path)), responses((status = 200, body = UserWithPassword)))]
#[post("/users/{id}/reset-password")]
pub async fn reset_user_password(
    may: May<WriteUsers>,
    db: Data<Db>,
    hashing: Data<Passwords>,
    guesses: Data<Guesses>,
    id: Id<UserId>,
    if_match: IfMatch,
) -> Result<Found<UserWithPassword>> {
    let password = passwords::one_time()?;
    let hash = hashing.hash_for(may.actor.id, password.clone()).await?;
    let expires = passwords::one_time_expiry(db.clock.now());
    let user = db
        .write(&may.actor, move |conn| {
            records::honour(conn, &Target::new(TABLE, id.0, if_match), queries::find)?;
            queries::give_one_time_password(conn, id.0.into(), &hash, expires)?;
            queries::find(conn, id.0.into())
        })
        .await?;
    guesses.release(&user.username);
    Ok(Found(UserWithPassword::new(user, Some(password))))
}

/// Deactivate an account
///
/// Its tokens are refused from the next request on.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), params(("id" = UserId, Path)), responses((status = 200, body = User)))]
#[post("/users/{id}/deactivate")]
pub async fn deactivate_user(
    may: May<WriteUsers>,
    db: Data<Db>,
    id: Id<UserId>,
    if_match: IfMatch,
) -> Result<Found<User>> {
    set_active(&may, &db, Target::new(TABLE, id.0, if_match), false).await
}

/// Activate an account again
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), params(("id" = UserId, Path)), responses((status = 200, body = User)))]
#[post("/users/{id}/activate")]
pub async fn activate_user(
    may: May<WriteUsers>,
    db: Data<Db>,
    id: Id<UserId>,
    if_match: IfMatch,
) -> Result<Found<User>> {
    set_active(&may, &db, Target::new(TABLE, id.0, if_match), true).await
}

async fn set_active(may: &May<WriteUsers>, db: &Db, target: Target, active: bool) -> Result<Found<User>> {
    let work = move |conn: &mut diesel::PgConnection| {
        records::honour(conn, &target, queries::find)?;
        queries::set_active(conn, target.id, active)
    };
    db.write(&may.actor, work).await.map(Found)
}
