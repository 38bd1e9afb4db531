use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};

use super::model::{Credentials, RefreshGrant, SessionTokens};
use super::queries::{self, Refreshed, SessionView};
use crate::access::actor::May;
use crate::access::me;
use crate::access::passwords::Passwords;
use crate::access::policy::permission::ReadOwnAccount;
use crate::access::tokens::{LIFETIME_SECONDS, Tokens};
use crate::kernel::answer::NoContent;
use crate::kernel::db::{Db, Entry};
use crate::kernel::extract::Valid;
use crate::kernel::middleware::RequestId;
use crate::kernel::problem::{Code, Problem, ProblemDetails, Result};
use crate::kernel::secrets::{Secrets, base64url, random, sha256};

const REFRESH_PREFIX: &str = "kr_";

/// Sign in
///
/// Answers with an access token (15 minutes) and a refresh token. A wrong name, a wrong password and
/// a deactivated account are the same 401. After ten failures in a row each further one doubles a
/// delay, counted per account: 429 with Retry-After; a refresh still works.
#[utoipa::path(tag = "access", request_body = Credentials,
    responses((status = 200, body = SessionTokens), (status = 401, description = "invalid_credentials", body = ProblemDetails),
        (status = 429, description = "too_many_requests", body = ProblemDetails)))]
#[post("/auth/login")]
pub async fn sign_in(
    request: RequestId,
    db: Data<Db>,
    passwords: Data<Passwords>,
    tokens: Data<Tokens>,
    credentials: Valid<Credentials>,
) -> Result<HttpResponse> {
    let Credentials { username, password, device_name } = credentials.into_inner();
    let username = username.trim().to_lowercase();
    let public = Entry::Public { request: request.0 };

    let name = username.clone();
    let (wait, candidate) =
        db.read(&public, move |conn| Ok((queries::wait(conn, &name)?, queries::candidate(conn, &name)?))).await?;
    if let Ok(seconds @ 1..) = u32::try_from(wait) {
        return Err(Problem::retry_after(Code::TooManyRequests, seconds));
    }
    let (user, hash) = match candidate {
        Some(candidate) => (Some(candidate.user_id), Some(candidate.hash)),
        None => (None, None),
    };
    let right = passwords.verify(password, hash).await?;
    let (Some(user), true) = (user, right) else {
        db.write(&public, move |conn| queries::count_failure(conn, &username)).await?;
        return Err(Problem::new(Code::InvalidCredentials));
    };

    let refresh_token = format!("{REFRESH_PREFIX}{}", base64url(&random::<32>()?));
    let token_hash = sha256(refresh_token.as_bytes());
    let session = db
        .write(&public, move |conn| queries::open_session(conn, user, &username, device_name.as_deref(), &token_hash))
        .await?
        .ok_or_else(|| Problem::new(Code::InvalidCredentials))?;
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
    grant: Valid<RefreshGrant>,
) -> Result<HttpResponse> {
    let parent = grant.into_inner().refresh_token;
    let child = format!("{REFRESH_PREFIX}{}", secrets.child_token(&parent));
    let (parent_hash, child_hash) = (sha256(parent.as_bytes()), sha256(child.as_bytes()));
    let public = Entry::Public { request: request.0 };
    match db.write(&public, move |conn| queries::refresh(conn, &parent_hash, &child_hash)).await? {
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
