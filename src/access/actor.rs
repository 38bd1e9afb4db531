//! Who is asking. A middleware reads the Authorization header before anything of the body is; the
//! first extractor of every handler, `May`, turns its finding into an actor or a refusal.

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
use crate::kernel::db::{Db, Enters, Entry};
use crate::kernel::http::contract::Contracts;
use crate::kernel::http::middleware::{Caller, RequestId};
use crate::kernel::http::peer::{Peer, subscriber};
use crate::kernel::http::problem::{Code, Problem, Result};
use crate::kernel::secrets::{Secrets, sha256};

pub const KEY_PREFIX: &str = "kn_";

/// What answers while a one-time password stands: one's own account, where it is replaced.
const BEFORE_THE_CHANGE: [&str; 2] = ["/api/v1/me", "/api/v1/me/password"];

/// A caller whose token or key has the right form; entering asks whether it still lives.
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

    /// What the rate limits count by: a session, so that a token that was revoked uses up nobody's share; or a
    /// key with its secret.
    fn credential(&self) -> Uuid {
        match &self.entry {
            Entry::User { session, .. } => *session,
            entry => entry.caller().unwrap_or(self.id),
        }
    }

    /// The role of a user; None for a key.
    pub fn role(&self) -> Option<Role> {
        match self.office {
            Office::User(role) => Some(role),
            Office::Dashboard => None,
        }
    }
}

impl Actor {
    /// A user in whose name an operator acts at the command line.
    pub fn by_operator(user: UserId, role: Role, auth_version: i32) -> Self {
        let request = Uuid::now_v7();
        Self {
            id: user.into(),
            office: Office::User(role),
            request,
            entry: Entry::Operator { user: user.into(), auth_version, request },
            // It is a rule for signing in, and nobody did.
            must_change_password: false,
        }
    }
}

impl Actor {
    /// Loaders, which see and write everything.
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

/// What the middleware found.
#[derive(Clone)]
struct Finding(Option<Actor>);

/// Reads the Authorization header of every call. What goes wrong here is answered, and not thrown: an
/// error passes the layers outside by, and the page that called would not be told of it (CORS).
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
        // The token was made while a one-time password stood; it may have been replaced since.
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

/// Role and shape are judged before the database is asked whether the caller's session still lives.
/// A refusal of these kinds is held until that is asked, so that 401 stands before 403 and 422 also
/// for a token that was revoked; good calls pay nothing for it.
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

/// `kn_` is followed by the key's id and its secret, both base64url: 16 and 32 bytes.
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
            .get_result(conn)
            .optional()?;
        // A session that has ended is refused by the entry, with 401.
        Ok(row.is_some_and(|row| row.must_change_password))
    })
    .await
}

/// An actor who has the permission `P`: the first argument of every handler that is not public.
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
