//! The parts that all operations of the OpenAPI document share: title, bearer scheme, required permission and
//! problems. The operations themselves are collected from the handlers, so that routes and document cannot differ.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null to a key it does not have")]

mod descriptions;
/// Examples of bodies.
pub mod examples;
mod operations;
mod responses;
mod schemas;
mod sheets;

use serde_json::{Value, json};

use self::descriptions::{bound_codes, describe_fields};
use self::examples::add_examples;
use self::operations::complete_operation;
use self::responses::{problem_responses, tag_changed_records};
use self::schemas::{flatten, inline_ids, name_pages, refuse_unknown_fields, require_answered_fields};
use self::sheets::add_sheets;
use crate::access::resource::Resource;
use crate::kernel::http::problem::{Code, FieldCode};

/// Tag of the operations without a resource.
const OPERATIONS: (&str, &str) = ("operations", "Health and metrics.");

/// The tags in the order of the work: sign in, enter households, list them, give, count; then the registers behind. Other tags follow
/// before the last one.
const STORY: [&str; 23] = [
    "access",
    "households",
    "household-assessments",
    "household-consents",
    "hardship-lists",
    "hardship-items",
    "pledges",
    "visits",
    "gifts",
    "aggregates",
    "twinnings",
    "programmes",
    "organisations",
    "working-groups",
    "localities",
    "locality-posts",
    "reorganisations",
    "catalogues",
    "users",
    "api-keys",
    "audit-events",
    "imports",
    "changes",
];

const DESCRIPTION: &str = "Kết nghĩa, the service behind Vietnam's twinning programmes: village heads list the hardest \
households, units visit and give, village heads confirm the gifts that arrived, and each caller reads aggregates of the records in its scope.\n\n\
**Try it:** call `POST /auth/login` and copy `access_token` into *Authorize*. \
**Ids** are UUIDs; phones generate their own UUIDv7, so that a repeated create adds nothing. \
**Changes** need `If-Match` with the `ETag` that was read; a PATCH is a JSON merge patch. \
**Lists** are keyset pages (`limit`, `cursor`). **Errors** are RFC 9457 problems: rely on `code`, show `detail` \
(Vietnamese, or English by `Accept-Language`). **Times** are UTC, **dates** are those of Vietnam, **money** is whole VND. \
Enumerations may gain values. HEAD is answered like GET, without the body.";

/// Returns the complete document, from the one that was collected from the handlers.
pub fn complete(collected: &utoipa::openapi::OpenApi, resources: &[&Resource]) -> Value {
    let mut document = serde_json::to_value(collected).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "ketnghia", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION,
        "contact": {"name": "The operator of this server"},
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    });
    document["servers"] = json!([{"url": "/", "description": "This server, local or production", "x-internal": false}]);
    let tags = resources.iter().map(|resource| (resource.tag, resource.about)).filter(|(tag, _)| !tag.is_empty());
    let mut tags: Vec<(&str, &str)> = tags.collect();
    tags.sort_by_key(|(name, _)| STORY.iter().position(|known| known == name).unwrap_or(STORY.len()));
    tags.push(OPERATIONS);
    document["tags"] =
        tags.iter().map(|(name, description)| json!({"name": name, "description": description})).collect();
    document["components"]["securitySchemes"] = json!({"bearer": {
        "type": "http", "scheme": "bearer",
        "description": "The access token of a sign-in, or a dashboard's API key (`kn_…`). The scope listed with an operation is the permission it requires.",
    }});
    document["components"]["responses"] = problem_responses();
    let problems = Code::ALL.iter().chain(resources.iter().flat_map(|resource| resource.problems));
    document["components"]["schemas"]["ProblemCode"]["enum"] = problems.map(|code| json!(code.word())).collect();
    let field_problems = FieldCode::ALL.iter().chain(resources.iter().flat_map(|resource| resource.field_problems));
    document["components"]["schemas"]["ProblemFieldCode"]["enum"] =
        field_problems.map(|code| json!(code.word())).collect();
    operations::name_optional_bodies(&mut document);
    add_sheets(&mut document);
    name_pages(&mut document);
    flatten(&mut document);
    let requests = refuse_unknown_fields(&mut document);
    require_answered_fields(&mut document, &requests);
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, operations) in paths.iter_mut() {
            for (method, operation) in operations.as_object_mut().into_iter().flatten() {
                complete_operation(path, method, operation, resources);
            }
        }
    }
    tag_changed_records(&mut document);
    inline_ids(&mut document);
    describe_fields(&mut document);
    bound_codes(&mut document);
    add_examples(&mut document, &requests);
    document
}
