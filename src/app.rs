//! The actix application: the routes of all areas under one scope, the middleware, and the default service for
//! unmatched paths.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderValue;
use actix_web::http::{Method, header};
use actix_web::middleware::{Compress, Condition, Next, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpRequest, HttpResponse};
use ketnghia_macros::operation;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::access::actor::authenticate;
use crate::access::guesses::Guesses;
use crate::access::limits::{Limits, Rate};
use crate::access::passwords::Passwords;
use crate::access::resource::Resource;
use crate::access::tokens::{SessionDays, Tokens};
use crate::accounts::audit::queries::Parts;
use crate::config::Callers;
use crate::kernel::db::{Db, migrate};
use crate::kernel::http::body::Bodies;
use crate::kernel::http::connections::Connections;
use crate::kernel::http::contract::{Contract, Contracts};
use crate::kernel::http::middleware::{Impersonal, Stopping, caching, envelope};
use crate::kernel::http::peer::{Origins, Peer, TrustedProxy};
use crate::kernel::http::problem::{Problem, ProblemDetails, Result, name_kinds};
use crate::kernel::list::sheet::CSV;
use crate::kernel::metrics::Metrics;
use crate::kernel::secrets::Secrets;
use crate::places::catalogues::Catalogues;
use crate::{access, accounts, insight, needs, openapi, places, support, twinning};

pub const BASE: &str = "/api/v1";

/// The areas, in the order of the document. Each resource is described by its `RESOURCE`.
const AREAS: [&[Resource]; 7] = [
    access::RESOURCES,
    accounts::RESOURCES,
    places::RESOURCES,
    twinning::RESOURCES,
    needs::RESOURCES,
    support::RESOURCES,
    insight::RESOURCES,
];

/// Every resource of the API.
pub fn resources() -> impl Iterator<Item = &'static Resource> {
    AREAS.into_iter().flatten()
}

/// The paths of resources without personal data.
fn impersonal() -> Impersonal {
    Impersonal(
        resources().filter(|resource| resource.impersonal).map(|resource| format!("{BASE}/{}", resource.tag)).collect(),
    )
}

/// The Content-Security-Policy of the documentation page: no resources of other origins, and no framing.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                           font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// State shared by the workers.
#[derive(Clone)]
pub struct State {
    pub db: Data<Db>,
    pub tokens: Data<Tokens>,
    pub secrets: Data<Secrets>,
    pub passwords: Data<Passwords>,
    limits: Data<Limits>,
    bodies: Data<Bodies>,
    pub connections: Arc<Connections>,
    pub stopping: Data<Stopping>,
    guesses: Data<Guesses>,
    trusted_proxy: Data<TrustedProxy>,
    origins: Origins,
    sessions: Data<SessionDays>,
    catalogues: Data<Catalogues>,
    parts: Data<Parts>,
    impersonal: Data<Impersonal>,
    document: Data<Document>,
    contracts: Data<Contracts>,
}

impl State {
    pub fn new(db: Db, tokens: Tokens, secrets: Secrets, callers: &Callers) -> Self {
        name_kinds(resources().filter_map(|resource| resource.counted.map(|(vi, en)| (resource.table(), vi, en))));
        // It does not change while the process runs.
        static DOCUMENT: LazyLock<(Data<Document>, Data<Contracts>)> = LazyLock::new(|| {
            let document = Document::new();
            let contracts = Data::new(document.contracts());
            (Data::new(document), contracts)
        });
        let (document, contracts) = &*DOCUMENT;
        let connections = Arc::new(Connections::new(
            callers.connections_per_address,
            Duration::from_secs(callers.answer_seconds),
            callers.trusted_proxy.clone(),
            db.metrics.clone(),
        ));
        Self {
            db: Data::new(db),
            tokens: Data::new(tokens),
            secrets: Data::new(secrets),
            passwords: Data::new(Passwords::default()),
            limits: Data::new(Limits::new(
                Rate { per_second: callers.rate_limit_per_second, per_minute: callers.rate_limit_per_minute },
                Rate { per_second: callers.address_limit_per_second, per_minute: callers.address_limit_per_minute },
            )),
            bodies: Data::new(Bodies::new(Duration::from_secs(callers.body_seconds))),
            connections,
            stopping: Data::new(Stopping::default()),
            guesses: Data::new(Guesses::new(callers.sign_in_failures_per_address, callers.sign_in_alarm)),
            trusted_proxy: Data::new(callers.trusted_proxy.clone()),
            origins: callers.cors_origins.clone(),
            sessions: Data::new(SessionDays {
                idle: callers.session_idle_days,
                absolute: callers.session_absolute_days,
            }),
            catalogues: Data::new(Catalogues::new(
                resources().flat_map(|resource| resource.catalogues),
                resources().flat_map(|resource| resource.stored_catalogues),
            )),
            parts: Data::new(Parts::of(resources())),
            impersonal: Data::new(impersonal()),
            contracts: contracts.clone(),
            document: document.clone(),
        }
    }
}

/// The OpenAPI document, and the methods of each path.
pub struct Document {
    json: String,
    value: Value,
    paths: Vec<(Vec<String>, Vec<Method>)>,
}

impl Document {
    fn new() -> Self {
        let value = document();
        let mut paths: Vec<(Vec<String>, Vec<Method>)> = Vec::new();
        for (path, method, _) in operations(&value) {
            let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
            match paths.last_mut().filter(|(known, _)| *known == segments) {
                Some((_, methods)) => methods.push(method),
                None => paths.push((segments, vec![method])),
            }
        }
        Self { json: value.to_string(), value, paths }
    }

    fn contracts(&self) -> Contracts {
        let contracts = operations(&self.value).map(|(path, method, operation)| {
            let listed = |name: &str| operation.get(name).and_then(Value::as_array).into_iter().flatten();
            let good = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
            let bodies =
                good.filter(|(status, _)| status.starts_with('2')).filter_map(|(_, answer)| answer.get("content"));
            // The path of a list also answers its sheet, for callers that ask for it by `Accept`.
            let has_sheet =
                self.value.pointer("/paths").is_some_and(|paths| paths.get(format!("{path}{CSV}")).is_some());
            let sheet = has_sheet.then(|| "text/csv".to_owned());
            let contract = Contract {
                is_public: listed("security").next().is_none(),
                takes_query: listed("parameters")
                    .any(|parameter| parameter.get("in").is_some_and(|place| place == "query")),
                media_types: bodies.filter_map(Value::as_object).flat_map(Map::keys).cloned().chain(sheet).collect(),
            };
            ((method, path.to_owned()), contract)
        });
        Contracts(contracts.collect())
    }

    /// The methods of a path; `None` for an unknown path.
    fn methods(&self, path: &str) -> Option<&[Method]> {
        let segments: Vec<&str> = path.split('/').collect();
        let fits = |known: &[String]| {
            known.len() == segments.len()
                && known
                    .iter()
                    .zip(&segments)
                    .all(|(known, segment)| known == segment || (known.starts_with('{') && !segment.is_empty()))
        };
        self.paths.iter().find(|(known, _)| fits(known)).map(|(_, methods)| methods.as_slice())
    }
}

/// Path, method and description of each operation.
fn operations(document: &Value) -> impl Iterator<Item = (&str, Method, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().into_iter().flatten();
        operations
            .filter_map(|(word, operation)| Some((path.as_str(), word.to_ascii_uppercase().parse().ok()?, operation)))
    })
}

fn routes(api: &mut ServiceConfig) {
    for resource in resources() {
        (resource.routes)(api);
    }
    api.service(find_openapi);
}

/// The OpenAPI document, as served and committed.
pub fn document() -> Value {
    let (_, collected) = App::new()
        .into_utoipa_app()
        .service(scope(BASE).configure(routes))
        .service(check_liveness)
        .service(check_readiness)
        .service(find_metrics)
        .split_for_parts();
    openapi::complete(&collected, &resources().collect::<Vec<_>>())
}

/// The application of one worker.
pub fn build(
    state: State,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = Condition::new(!state.origins.is_empty(), cors(&state.origins));
    let (app, _) = App::new()
        .into_utoipa_app()
        .app_data(Data::from(state.db.metrics.clone()))
        .app_data(state.db)
        .app_data(state.tokens)
        .app_data(state.secrets)
        .app_data(state.passwords)
        .app_data(state.limits)
        .app_data(state.stopping)
        .app_data(state.guesses)
        .app_data(state.trusted_proxy)
        .app_data(state.sessions)
        .app_data(state.catalogues)
        .app_data(state.parts)
        .app_data(state.document)
        .app_data(state.contracts)
        .app_data(state.bodies)
        .app_data(state.impersonal)
        .service(scope(BASE).configure(routes).wrap(from_fn(caching)).wrap(from_fn(authenticate)))
        .service(check_liveness)
        .service(check_readiness)
        .service(find_metrics)
        .split_for_parts();
    app.route("/docs", web::get().to(to_docs))
        .service(SwaggerUi::new("/docs/{_:.*}").config(docs_page()))
        .default_service(web::to(nowhere))
        .wrap(Compress::default())
        .wrap(from_fn(guard_docs))
        .wrap(cors)
        .wrap(from_fn(envelope))
}

/// Answers CORS preflight requests. Credentials are not allowed, because tokens are sent in a header and never in a
/// cookie.
fn cors(origins: &Origins) -> Cors {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let taken = [
        header::ACCEPT,
        header::ACCEPT_LANGUAGE,
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
    ];
    let shown = ["ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-Id", "Content-Language", "Date"];
    let cors = Cors::default().allowed_methods(methods).allowed_headers(taken).expose_headers(shown).max_age(3600);
    origins.iter().fold(cors, Cors::allowed_origin)
}

fn docs_page() -> Config<'static> {
    Config::new([format!("{BASE}/openapi.json")]).try_it_out_enabled(true).filter(true).doc_expansion("none")
}

/// Sets security headers on the documentation page, so that a token entered there is not sent to other origins.
async fn guard_docs(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_docs = request.path().starts_with("/docs");
    let mut response = next.call(request).await?;
    if is_docs {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_POLICY));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    Ok(response)
}

async fn to_docs() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish()
}

/// Answers 405 where the document has the path with other methods, else 404: actix's attribute macros answer 404 to a
/// wrong method.
async fn nowhere(request: HttpRequest, document: Data<Document>) -> Result<HttpResponse> {
    Err(match document.methods(request.path()) {
        Some(methods) if !methods.contains(request.method()) => Problem::method_not_allowed(methods),
        _ => Problem::not_found(),
    })
}

/// Read the OpenAPI document
///
/// OpenAPI 3.1; clients are generated from it. Swagger UI at `/docs` shows it.
#[operation(get "/openapi.json", tag = "operations", responses((status = 200, body = Object)))]
async fn find_openapi(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(document.json.clone())
}

/// The state of the service.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    pub status: String,
}

impl Health {
    fn ok() -> web::Json<Self> {
        web::Json(Self { status: "ok".into() })
    }
}

/// Check liveness
#[operation(get "/health/live", tag = "operations")]
async fn check_liveness() -> web::Json<Health> {
    Health::ok()
}

/// Check readiness
///
/// 200 when the database is reachable and has every migration of this binary; newer migrations are accepted.
/// A server that was asked to stop is not ready.
#[operation(get "/health/ready", tag = "operations")]
async fn check_readiness(db: Data<Db>, stopping: Data<Stopping>) -> Result<web::Json<Health>> {
    if stopping.has_begun() {
        return Err(Problem::overloaded("the server is stopping"));
    }
    let current = db.ask_aside(migrate::is_current).await?;
    if current { Ok(Health::ok()) } else { Err(Problem::overloaded("migrations are pending")) }
}

/// Read the metrics
///
/// Requests by operation and status, durations of requests and transactions, the pool, sign-ins and memory, in
/// the OpenMetrics format. Only for direct requests to the service: through the configured proxy it is 404.
#[operation(get "/metrics", tag = "operations", responses((status = 200, body = String, content_type = "application/openmetrics-text"), (status = 404, description = "not_found: asked through the proxy", body = ProblemDetails, content_type = "application/problem+json")))]
async fn find_metrics(
    peer: Peer,
    db: Data<Db>,
    metrics: Data<Metrics>,
    passwords: Data<Passwords>,
) -> Result<HttpResponse> {
    if peer.is_forwarded {
        return Err(Problem::not_found());
    }
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(metrics.write(db.connections(), passwords.queued())?))
}
