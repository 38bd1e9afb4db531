//! Responses of operations: problems, headers, descriptions.

use serde_json::{Map, Value, json};

use crate::kernel::http::problem::{Code, FieldCode, FieldError, Problem};
use crate::kernel::locale::Locale;

pub const PROBLEMS: [(&str, &str, &str); 16] = [
    ("400", "Malformed", "`malformed_request` or `cursor_invalid`: the request cannot be parsed."),
    ("401", "Unauthenticated", "`unauthenticated`: no token, or an expired or revoked one."),
    (
        "403",
        "Forbidden",
        "`forbidden`, `password_change_required` or `own_submission`: the caller's role lacks the permission, or the caller may not do this to this record.",
    ),
    ("404", "NotFound", "`not_found`: the record does not exist, or is outside the caller's scope."),
    ("406", "NotAcceptable", "`not_acceptable`: no acceptable representation (Accept, Accept-Encoding)."),
    ("408", "RequestTimeout", "`request_timeout`: the body did not arrive in 30 seconds."),
    (
        "409",
        "Conflict",
        "`id_conflict`, `deleted`, `in_use`, `invalid_transition` or another rule that the current state violates.",
    ),
    ("412", "VersionConflict", "`version_conflict`: the record has changed; `current` holds its present state."),
    ("413", "PayloadTooLarge", "`payload_too_large`: over 1 MiB (16 KiB without sign-in), or over 30,000 values."),
    ("414", "UriTooLong", "`uri_too_long`: path and query together exceed 8 KiB."),
    ("415", "UnsupportedMediaType", "`unsupported_media_type`: not JSON."),
    ("422", "Invalid", "`invalid` or a more specific code: `errors` names each invalid field."),
    (
        "428",
        "PreconditionRequired",
        "`precondition_required`: If-Match is missing, or does not name exactly one version where one is required.",
    ),
    ("429", "TooManyRequests", "`too_many_requests`: retry after Retry-After seconds."),
    ("500", "Internal", "`internal`: an internal error, which is logged."),
    ("503", "Overloaded", "`overloaded`: retry after Retry-After seconds."),
];

/// Headers of problems, in addition to X-Request-Id.
const PROBLEM_HEADERS: [(&str, &str); 4] =
    [("401", "WWW-Authenticate"), ("412", "ETag"), ("429", "Retry-After"), ("503", "Retry-After")];

pub fn header(name: &str) -> Value {
    let (description, schema) = match name {
        "ETag" => ("The version, for If-Match and If-None-Match", json!({"type": "string", "maxLength": 100})),
        "Idempotent-Replayed" => {
            ("The request is a repetition of an earlier one", json!({"type": "string", "enum": ["true"]}))
        }
        "Location" => ("URI of the record", json!({"type": "string", "format": "uri-reference", "maxLength": 200})),
        "Retry-After" => (
            "Seconds to wait before the next attempt",
            json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": 86_400}),
        ),
        "WWW-Authenticate" => ("`Bearer`", json!({"type": "string", "enum": ["Bearer"]})),
        _ => ("Id of the request, for fault reports", json!({"type": "string", "format": "uuid"})),
    };
    json!({"description": description, "required": true, "schema": schema})
}

pub fn problem_responses() -> Value {
    let responses = PROBLEMS.iter().map(|(status, name, description)| {
        let mut response = json!({
            "description": description,
            "headers": {"X-Request-Id": header("X-Request-Id")},
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "example": example(description)}},
        });
        for (_, name) in PROBLEM_HEADERS.iter().filter(|(of, _)| of == status) {
            response["headers"][*name] = header(name);
        }
        ((*name).to_owned(), response)
    });
    Value::Object(responses.collect::<Map<_, _>>())
}

/// The problem of the first code of a description, as it is answered.
fn example(description: &str) -> Value {
    let word = description.split('`').nth(1).unwrap_or_default();
    let code = Code::ALL.iter().find(|code| code.word() == word).copied().unwrap_or(Code::INTERNAL);
    let problem = match code {
        Code::INVALID => Problem::invalid(vec![
            FieldError::range("#/gifts/0/value_vnd", 0, 1_000_000_000_000_i64),
            FieldError::new("#/twinning_id", FieldCode::REQUIRED),
        ]),
        Code::VERSION_CONFLICT => {
            Problem::version_conflict(json!({"id": "01938f3e-9d54-7c43-b7c4-5d0c38a9a112", "version": 4}))
        }
        code => Problem::new(code),
    };
    let details = problem.details(Locale::Vi, "/api/v1/visits", "01938f3e-9d54-7c43-b7c4-5d0c38a9a111");
    serde_json::to_value(details).unwrap_or_default()
}

/// Adds descriptions and headers to successful responses, and the problem media type to the others.
pub fn describe_responses(is_cached: bool, operation: &mut Value) {
    let is_create = operation["responses"].get("201").is_some();
    if is_create && operation["responses"].get("200").is_none() {
        let mut replay = operation["responses"]["201"].clone();
        replay["description"] = json!("The request is a repetition of an earlier one: the record in its present state");
        replay["headers"] = json!({"Idempotent-Replayed": header("Idempotent-Replayed")});
        operation["responses"]["200"] = replay;
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses.iter_mut() {
        let text = match status.as_str() {
            "200" => "Done",
            "201" => "Created",
            "204" => "Done, without content",
            _ => {
                as_problem(status, response);
                continue;
            }
        };
        if response["description"].as_str().is_none_or(str::is_empty) {
            response["description"] = json!(text);
        }
        if status == "201" {
            response["headers"]["Location"] = header("Location");
        }
        if is_create || is_cached && status == "200" {
            response["headers"]["ETag"] = header("ETag");
        }
    }
    if is_cached {
        let unchanged = json!({
            "description": "Unchanged since the ETag in If-None-Match",
            "headers": {"ETag": header("ETag")},
        });
        responses.insert("304".into(), unchanged);
    }
}

const PROBLEM: &str = "application/problem+json";

/// Gives a problem that a handler declares the media type and headers of the shared problems.
fn as_problem(status: &str, response: &mut Value) {
    let content = response.get_mut("content").and_then(Value::as_object_mut);
    let Some(said) = content.and_then(|content| content.remove("application/json")) else { return };
    response["content"][PROBLEM] = said;
    response["headers"]["X-Request-Id"] = header("X-Request-Id");
    for (_, name) in PROBLEM_HEADERS.iter().filter(|(of, _)| *of == status) {
        response["headers"][*name] = header(name);
    }
}

/// Adds the `ETag` header to steps and changes that answer with a versioned record.
pub fn tag_changed_records(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let has_version = |answer: &Value| {
        let name = answer["content"]["application/json"]["schema"]["$ref"].as_str();
        let name = name.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
        name.is_some_and(|name| schemas[name]["properties"].get("version").is_some())
    };
    let operations = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for (method, operation) in operations.filter_map(Value::as_object_mut).flatten() {
        let Some(answer) = operation.pointer_mut("/responses/200") else { continue };
        if method != "get" && has_version(answer) {
            answer["headers"]["ETag"] = header("ETag");
        }
    }
}
