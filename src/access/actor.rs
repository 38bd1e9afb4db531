//! Authentication. A middleware reads the Authorization header before the body is read; the first extractor of
//! every handler, `May`, turns its result into an actor or an error.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use uuid::Uuid;

use super::limits::Limits;
use super::policy::{Office, Permission, Permitted, Role};
use super::tokens::Tokens;
use crate::access::UserId;
use crate::access::problems;
use crate::kernel::db::kept::Keep;
use crate::kernel::db::{Db, Enters, Entry};
use crate::kernel::http::contract::Contracts;
use crate::kernel::http::middleware::{Caller, RequestId};
use crate::kernel::http::peer::{Peer, subscriber};
use crate::kernel::http::problem::{Code, Problem, Result};
use crate::kernel::secrets::{Secrets, sha256};

pub const KEY_PREFIX: &str = "kn_";

/// The paths that are available with a one-time password: the own account, where it is replaced.
const BEFORE_THE_CHANGE: [&str; 2] = ["/api/v1/me", "/api/v1/me/password"];

/// A caller with a valid access token or a well-formed API key; the entry function checks the session or key in
/// the database.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The user, or the key.
    pub id: Uuid,
    pub office: Office,
    pub request: Uuid,
    entry: Entry,
    must_change_password: bool,
}

impl Actor {
    pub fn may(&self, permission: Permission) -> bool {
        self.office.may(permission)
    }

    /// The key of the rate limits: the session, so that a revoked token does not use up the limit of the user's
    /// other sessions, or the API key with its secret.
    fn credential(&self) -> Uuid {
        match &self.entry {
            Entry::User { session, .. } => *session,
            entry => entry.caller().unwrap_or(self.id),
        }
    }

    /// The role of a user; `None` for an API key.
    pub fn role(&self) -> Option<Role> {
        match self.office {
            Office::User(role) => Some(role),
            Office::Dashboard => None,
        }
    }
}

impl Actor {
    /// A user on whose behalf an operator runs a command.
    pub fn by_operator(user: UserId, role: Role, auth_version: i32) -> Self {
        let request = Uuid::now_v7();
        Self {
            id: user.into(),
            office: Office::User(role),
            request,
            entry: Entry::Operator { user: user.into(), auth_version, request },
            // The rule concerns sign-in only.
            must_change_password: false,
        }
    }
}

impl Actor {
    /// The actor of loaders, with access to all rows.
    pub fn system() -> Self {
        let office = Office::User(Role::Admin);
        Self { id: Uuid::nil(), office, request: Uuid::nil(), entry: Entry::System, must_change_password: false }
    }
}

impl Enters for Actor {
    fn entry(&self) -> Entry {
        self.entry.clone()
    }
}

/// The result of the middleware.
#[derive(Clone)]
struct Finding(Option<Actor>);

/// Reads the Authorization header of every request. Problems are returned as responses, not as errors: an
/// `Err` skips the outer middleware, so that the CORS headers would be missing.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Err(problem) = Contracts::check_public(request.request()) {
        return Ok(request.error_response(problem).map_into_right_body());
    }
    let mut actor = identify(&request);
    let credential = actor.as_ref().map(Actor::credential);
    let limits = request.app_data::<web::Data<Limits>>().cloned();
    if let Some(found) = &actor {
        request.extensions_mut().insert(Caller(found.id));
    }
    let address = subscriber(Peer::of(request.request()).address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)));
    if let Some(Err(problem)) = limits.as_ref().map(|limits| limits.count(credential, address)) {
        return Ok(request.error_response(problem).map_into_right_body());
    }
    if let Some(found) = actor.as_mut().filter(|found| found.must_change_password) {
        // The token was issued with a one-time password, which may have been replaced since.
        found.must_change_password = match still_must_change(&request, found).await {
            Ok(must_change) => must_change,
            Err(problem) => return Ok(request.error_response(problem).map_into_right_body()),
        };
    }
    let db = request.app_data::<web::Data<Db>>().cloned();
    request.extensions_mut().insert(Finding(actor.clone()));
    let asks_who_calls = !Contracts::is_public(request.request());
    let response = next.call(request).await?;
    if let (Some(limits), Some(credential), true) = (limits, credential, asks_who_calls) {
        match response.status() {
            StatusCode::UNAUTHORIZED => limits.heard(credential, false),
            status if status.is_success() => limits.heard(credential, true),
            _ => {}
        }
    }
    if let (Some(actor), Some(db), true) = (actor, db, refused_before_entry(response.status()))
        && let Err(problem) = db.read(&actor, |_| Ok(())).await
    {
        return Ok(response.error_response(problem).map_into_right_body());
    }
    Ok(response.map_into_left_body())
}

/// Whether a status may come from a check before the session is verified in the database. Such an answer is sent
/// only after the session was verified, so that a revoked token gets 401 instead of 403 or 422; successful
/// requests need no additional transaction.
fn refused_before_entry(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 403 | 406 | 413 | 415 | 422)
}

fn identify(request: &ServiceRequest) -> Option<Actor> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, credential) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let request_id = RequestId::of(request.request()).0;
    if let Some(key) = credential.strip_prefix(KEY_PREFIX) {
        let (id, secret_hash) = parse_key(key)?;
        return Some(Actor {
            id,
            office: Office::Dashboard,
            request: request_id,
            entry: Entry::Key { id, secret_hash, request: request_id },
            must_change_password: false,
        });
    }
    let tokens = request.app_data::<web::Data<Tokens>>()?;
    let db = request.app_data::<web::Data<Db>>()?;
    let claims = tokens.verify(credential, db.clock.now())?;
    Some(Actor {
        id: claims.sub,
        office: Office::User(claims.role),
        request: request_id,
        entry: Entry::User {
            user: claims.sub,
            session: claims.sid,
            auth_version: claims.ver,
            generation: Some(claims.r#gen),
            request: request_id,
        },
        must_change_password: claims.pwd,
    })
}

/// Parses the part after `kn_`: base64url of the key's id (16 bytes) and its secret (32 bytes).
fn parse_key(key: &str) -> Option<(Uuid, Vec<u8>)> {
    let bytes = URL_SAFE_NO_PAD.decode(key).ok()?;
    let (id, secret) = bytes.split_at_checked(16)?;
    (secret.len() == 32).then_some((Uuid::from_slice(id).ok()?, sha256(secret)))
}

#[derive(QueryableByName)]
struct MustChange {
    #[diesel(sql_type = Bool)]
    must_change_password: bool,
}

async fn still_must_change(request: &ServiceRequest, actor: &Actor) -> Result<bool> {
    let Some(db) = request.app_data::<web::Data<Db>>().cloned() else { return Ok(true) };
    let Entry::User { session, request, .. } = actor.entry else { return Ok(false) };
    db.read(&Entry::Public { request }, move |conn| {
        let row: Option<MustChange> = diesel::sql_query("SELECT must_change_password FROM app_session_view($1)")
            .bind::<SqlUuid, _>(session)
            .kept()
            .get_result(conn)
            .optional()?;
        // An ended session is refused by the entry function, with 401.
        Ok(row.is_some_and(|row| row.must_change_password))
    })
    .await
}

/// An actor with the permission `P`: the first argument of every handler that is not public.
pub struct May<P> {
    pub actor: Actor,
    pub(super) db: web::Data<Db>,
    pub(super) secrets: web::Data<Secrets>,
    permission: PhantomData<P>,
}

impl<P: Permitted + 'static> FromRequest for May<P> {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let finding = request.extensions().get::<Finding>().cloned();
        let Some(actor) = finding.and_then(|finding| finding.0) else {
            return ready(Err(Problem::new(Code::UNAUTHENTICATED)));
        };
        let reachable = || BEFORE_THE_CHANGE.iter().any(|path| request.match_pattern().as_deref() == Some(path));
        if actor.must_change_password && !reachable() {
            return ready(Err(Problem::new(problems::PASSWORD_CHANGE_REQUIRED)));
        }
        if !actor.may(P::PERMISSION) {
            return ready(Err(Problem::new(Code::FORBIDDEN)));
        }
        if let Err(problem) = Contracts::check(request) {
            return ready(Err(problem));
        }
        let (Some(db), Some(secrets)) = (request.app_data().cloned(), request.app_data().cloned()) else {
            return ready(Err(Problem::internal("the application has no database")));
        };
        ready(Ok(Self { actor, db, secrets, permission: PhantomData }))
    }
}
