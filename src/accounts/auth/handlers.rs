use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use ketnghia_macros::operation;

use super::device::Device;
use super::model::{Credentials, RefreshGrant, SessionTokens};
use super::queries::{self, Opening, Refreshed, SessionView};
use crate::access::actor::May;
use crate::access::guesses::{Guesses, Held};
use crate::access::passwords::{Asker, Passwords};
use crate::access::policy::permission::ReadOwnAccount;
use crate::access::tokens::{Bearer, LIFETIME_SECONDS, SessionDays, Tokens};
use crate::accounts::auth::problems;
use crate::accounts::tries::Begun;
use crate::accounts::{me, tries};
use crate::kernel::db::{Db, Entry};
use crate::kernel::http::answer::NoContent;
use crate::kernel::http::extract::Valid;
use crate::kernel::http::middleware::RequestId;
use crate::kernel::http::peer::Peer;
use crate::kernel::http::problem::{Code, Problem, ProblemDetails, Result};
use crate::kernel::metrics::SignIn;
use crate::kernel::secrets::{Secrets, base64url, random, sha256};

const REFRESH_PREFIX: &str = "kr_";

/// Sign in
///
/// Answers with an access token (15 minutes) and a refresh token. A wrong name, a wrong password and
/// a deactivated account have the same answer, 401. After ten failures in a row each further one doubles a
/// delay, up to a day: 429 with Retry-After; a refresh still works. Failures are counted per account, and
/// separately for each device that sends the `device_token` of its last sign-in. After 300 failures an address
/// is refused until the next hour. A one-time password signs in once: replace it then.
#[operation(post "/auth/login", tag = "access", responses((status = 200, body = SessionTokens), (status = 401, description = "invalid_credentials", body = ProblemDetails), (status = 429, description = "too_many_requests", body = ProblemDetails)))]
pub async fn sign_in(
    http: HttpRequest,
    db: Data<Db>,
    passwords: Data<Passwords>,
    guesses: Data<Guesses>,
    tokens: Data<Tokens>,
    secrets: Data<Secrets>,
    credentials: Valid<Credentials>,
) -> Result<HttpResponse> {
    let (request, peer) = (RequestId::of(&http), Peer::of(&http));
    let Credentials { username, password, device_name, device_token } = credentials.into_inner();
    let username = username.trim().to_lowercase();
    let public = Entry::Public { request: request.0 };
    let device = Device::known(&secrets, &username, device_token.as_deref());
    let subject = device.as_ref().map_or_else(|| Guesses::name(&username), |device| device.subject(&username));
    let place = guesses.place(peer);

    let held_off = |_: &Problem| db.metrics.signed_in(SignIn::HeldOff);
    let now = db.clock.now();
    guesses.check(&place, &subject, now).inspect_err(held_off)?;
    let asker = Asker { account: subject.clone(), address: Some(place.address) };
    let turn = passwords.turn(asker).await.inspect_err(|_full| db.metrics.signed_in(SignIn::Surplus))?;
    let taken = {
        let (name, mark, place) =
            (username.clone(), device.as_ref().map(|device| device.mark().to_vec()), place.clone());
        db.write(&public, move |conn| tries::begin_sign_in(conn, &name, mark.as_deref(), &place)).await?
    };
    let taken = match taken {
        Begun::Taken(taken) => taken,
        Begun::Held { by_address, seconds } => {
            guesses.hold(if by_address { Held::Address(place.address) } else { Held::Subject(subject) }, seconds, now);
            return Err(Problem::retry_after(Code::TOO_MANY_REQUESTS, seconds)).inspect_err(held_off);
        }
    };
    let right = turn.verify(password, taken.hash.clone()).await?;
    drop(turn);
    let known = device.filter(|_| taken.is_of_device());
    let (Some(user), Some(verified), true) = (taken.user_id, taken.hash, right) else {
        let wrong = db.write(&public, move |conn| tries::password_was_wrong(conn, Some(&username), &place)).await?;
        db.metrics.signed_in(SignIn::Wrong);
        if guesses.sound(wrong) {
            db.metrics.sign_in_alarm();
        }
        return Err(Problem::new(problems::INVALID_CREDENTIALS));
    };

    let refresh_token = format!("{REFRESH_PREFIX}{}", base64url(&random::<32>()?));
    let token_hash = sha256(refresh_token.as_bytes());
    let device = match known {
        Some(known) => known,
        None => Device::new()?,
    };
    let mark = device.mark().to_vec();
    let session = db
        .write(&public, move |conn| {
            let (mark, verified, device, token_hash) = (&mark, &verified, device_name.as_deref(), &token_hash);
            queries::open_session(conn, &Opening { user, mark, verified, device, token_hash })
        })
        .await?
        .ok_or_else(|| Problem::new(problems::INVALID_CREDENTIALS))?;
    db.metrics.signed_in(SignIn::Right);
    let device_token = Some(device.token(&secrets, &username));
    session_tokens(&db, &tokens, session, request, refresh_token, device_token).await
}

/// Get the next pair of tokens
///
/// A refresh token is valid once. If the answer is lost, the same token may be sent again within a day,
/// and the answer has the same next refresh token. Sent again after the next access token was used, with another
/// `device_name`, or later, it counts as stolen: 401 `invalid_grant`, and the whole session ends. So a device must
/// not send two refreshes concurrently. Unused for 45 days, or 180 days old: 401 `session_expired`; unsent data can
/// still be sent after the next sign-in.
#[operation(post "/auth/refresh", tag = "access", responses((status = 200, body = SessionTokens), (status = 401, description = "invalid_grant or session_expired", body = ProblemDetails)))]
pub async fn refresh_session(
    request: RequestId,
    db: Data<Db>,
    tokens: Data<Tokens>,
    secrets: Data<Secrets>,
    days: Data<SessionDays>,
    grant: Valid<RefreshGrant>,
) -> Result<HttpResponse> {
    let RefreshGrant { refresh_token: parent, device_name } = grant.into_inner();
    let child = format!("{REFRESH_PREFIX}{}", secrets.child_token(&parent));
    let (parent_hash, child_hash) = (sha256(parent.as_bytes()), sha256(child.as_bytes()));
    let public = Entry::Public { request: request.0 };
    let refreshed = db
        .write(&public, move |conn| queries::refresh(conn, &parent_hash, &child_hash, device_name.as_deref(), **days));
    match refreshed.await? {
        Refreshed::Ok(session) => session_tokens(&db, &tokens, session, request, child, None).await,
        Refreshed::Expired => Err(Problem::new(problems::SESSION_EXPIRED)),
        Refreshed::Refused => Err(Problem::new(problems::INVALID_GRANT)),
    }
}

/// Sign out
///
/// The session ends: its access and refresh tokens stop working at once.
#[operation(post "/auth/logout", tag = "access")]
pub async fn sign_out(may: May<ReadOwnAccount>) -> Result<NoContent> {
    may.write(queries::end_session).await?;
    Ok(NoContent)
}

/// The answer with tokens is not stored by caches and not compressed, because the length of a compressed secret
/// leaks information about it.
async fn session_tokens(
    db: &Db,
    tokens: &Tokens,
    session: SessionView,
    request: RequestId,
    refresh_token: String,
    device_token: Option<String>,
) -> Result<HttpResponse> {
    let SessionView { user_id, session_id, auth_version, generation, role, must_change_password } = session;
    let bearer = Bearer { user: user_id, session: session_id, auth_version, generation, role, must_change_password };
    let access_token = tokens.sign(bearer, db.clock.now())?;
    // Without a generation, so that the new access token does not count as used before its answer has arrived.
    let entry = Entry::User { user: user_id, session: session_id, auth_version, generation: None, request: request.0 };
    let user = db.read(&entry, me::account).await?;
    let answer = SessionTokens {
        access_token,
        token_type: "Bearer".into(),
        expires_in: LIFETIME_SECONDS,
        refresh_token,
        device_token,
        user,
    };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .json(answer))
}
