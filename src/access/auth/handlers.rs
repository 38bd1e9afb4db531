use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};

use super::model::{Credentials, RefreshGrant, SessionTokens};
use super::queries::{self, Refreshed, SessionView};
use crate::access::actor::May;
use crate::access::guesses::Guesses;
use crate::access::me;
use crate::access::passwords::Passwords;
use crate::access::policy::permission::ReadOwnAccount;
use crate::access::tokens::{LIFETIME_SECONDS, SessionDays, Tokens};
use crate::kernel::answer::NoContent;
use crate::kernel::db::{Db, Entry};
use crate::kernel::extract::Valid;
use crate::kernel::metrics::SignIn;
use crate::kernel::middleware::RequestId;
use crate::kernel::peer::Peer;
use crate::kernel::problem::{Code, Problem, ProblemDetails, Result};
use crate::kernel::secrets::{Secrets, base64url, random, sha256};

const REFRESH_PREFIX: &str = "kr_";

/// Sign in
///
/// Answers with an access token (15 minutes) and a refresh token. A wrong name, a wrong password and
/// a deactivated account are the same 401. After ten failures in a row each further one doubles a
/// delay, counted per account: 429 with Retry-After; a refresh still works. After a hundred only a
/// one-time password by an official helps. An address with 300 failures waits until the next hour.
#[utoipa::path(tag = "access", request_body = Credentials,
    responses((status = 200, body = SessionTokens), (status = 401, description = "invalid_credentials", body = ProblemDetails),
        (status = 429, description = "too_many_requests", body = ProblemDetails)))]
#[post("/auth/login")]
pub async fn sign_in(
    request: RequestId,
    peer: Peer,
    db: Data<Db>,
    passwords: Data<Passwords>,
    guesses: Data<Guesses>,
    tokens: Data<Tokens>,
    credentials: Valid<Credentials>,
) -> Result<HttpResponse> {
    let Credentials { username, password, device_name } = credentials.into_inner();
    let username = username.trim().to_lowercase();
    let public = Entry::Public { request: request.0 };

    let turn = passwords.turn().await.inspect_err(|_full| db.metrics.signed_in(SignIn::Surplus))?;
    let (name, place) = (username.clone(), guesses.place(peer));
    let taken = {
        let place = place.clone();
        let begun = db.write(&public, move |conn| queries::begin_sign_in(conn, &name, &place)).await;
        let held_off = |problem: &Problem| problem.code() == Code::TooManyRequests;
        begun.inspect_err(|problem| {
            if held_off(problem) {
                db.metrics.signed_in(SignIn::HeldOff);
            }
        })?
    };
    let right = turn.verify(password, taken.hash).await?;
    drop(turn);
    let (Some(user), true) = (taken.user_id, right) else {
        let wrong = db.write(&public, move |conn| queries::password_was_wrong(conn, Some(&username), &place)).await?;
        db.metrics.signed_in(SignIn::Wrong);
        if guesses.sound(wrong) {
            db.metrics.sign_in_alarm();
        }
        return Err(Problem::new(Code::InvalidCredentials));
    };

    let refresh_token = format!("{REFRESH_PREFIX}{}", base64url(&random::<32>()?));
    let token_hash = sha256(refresh_token.as_bytes());
    let session = db
        .write(&public, move |conn| queries::open_session(conn, user, &username, device_name.as_deref(), &token_hash))
        .await?
        .ok_or_else(|| Problem::new(Code::InvalidCredentials))?;
    db.metrics.signed_in(SignIn::Right);
    session_tokens(&db, &tokens, session, request, refresh_token).await
}

/// Get the next pair of tokens
///
/// The refresh token is used up; should the answer be lost, the same token may be sent once more and
/// gets the same pair's refresh token again. An older one means that somebody else has it: 401
/// `invalid_grant`, and the whole session ends. Unused for 45 days, or 180 days old: 401
/// `session_expired`; unsent data can still be sent after the next sign-in.
#[utoipa::path(tag = "access", request_body = RefreshGrant,
    responses((status = 200, body = SessionTokens), (status = 401, description = "invalid_grant or session_expired", body = ProblemDetails)))]
#[post("/auth/refresh")]
pub async fn refresh_session(
    request: RequestId,
    db: Data<Db>,
    tokens: Data<Tokens>,
    secrets: Data<Secrets>,
    days: Data<SessionDays>,
    grant: Valid<RefreshGrant>,
) -> Result<HttpResponse> {
    let parent = grant.into_inner().refresh_token;
    let child = format!("{REFRESH_PREFIX}{}", secrets.child_token(&parent));
    let (parent_hash, child_hash) = (sha256(parent.as_bytes()), sha256(child.as_bytes()));
    let public = Entry::Public { request: request.0 };
    match db.write(&public, move |conn| queries::refresh(conn, &parent_hash, &child_hash, **days)).await? {
        Refreshed::Ok(session) => session_tokens(&db, &tokens, session, request, child).await,
        Refreshed::Expired => Err(Problem::new(Code::SessionExpired)),
        Refreshed::Refused => Err(Problem::new(Code::InvalidGrant)),
    }
}

/// Sign out
///
/// The session ends: its access and refresh tokens stop working at once.
#[utoipa::path(tag = "access", security(("bearer" = ["account:own"])), responses((status = 204)))]
#[post("/auth/logout")]
pub async fn sign_out(may: May<ReadOwnAccount>, db: Data<Db>) -> Result<NoContent> {
    db.write(&may.actor, queries::end_session).await?;
    Ok(NoContent)
}

/// Tokens are not kept by caches, and not compressed: the length of a compressed secret tells of it.
async fn session_tokens(
    db: &Db,
    tokens: &Tokens,
    session: SessionView,
    request: RequestId,
    refresh_token: String,
) -> Result<HttpResponse> {
    let access_token = tokens.sign(
        session.user_id,
        session.session_id,
        session.auth_version,
        session.role,
        session.must_change_password,
        db.clock.now(),
    )?;
    let entry = Entry::User { session: session.session_id, auth_version: session.auth_version, request: request.0 };
    let user = db.read(&entry, me::account).await?;
    let answer =
        SessionTokens { access_token, token_type: "Bearer".into(), expires_in: LIFETIME_SECONDS, refresh_token, user };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .json(answer))
}
