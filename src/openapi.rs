//! What every operation of the document shares: title, the bearer scheme, the permission it needs
//! and the errors it can give. The operations themselves come from the handlers, so route and
//! document cannot part.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null to a key it does not have")]

use serde_json::{Map, Value, json};

use crate::access::policy::{Office, Permission, Role};
use crate::access::resource::Resource;
use crate::kernel::http::problem::{Code, FieldCode};
use crate::kernel::http::query::MAX_REPEATED;

/// Operations of no resource.
const OPERATIONS: (&str, &str) = ("operations", "Health and metrics.");

const DESCRIPTION: &str = "The service behind Vietnam's twinning programmes (*kết nghĩa*): village heads list the hardest \
households, units visit and give, village heads confirm what arrived, and everybody sees the numbers of what they may see.\n\n\
**Try it:** call `POST /auth/login`, copy `access_token` into *Authorize*, and go on. \
**Ids** are UUIDs; phones make their own UUIDv7, so that a repeated create adds nothing. \
**Changes** need `If-Match` with the `ETag` that was read; a PATCH is a JSON merge patch. \
**Lists** are keyset pages (`limit`, `cursor`). **Errors** are RFC 9457 problems: rely on `code`, show `detail` \
(Vietnamese, or English by `Accept-Language`). **Times** are UTC, **dates** are those of Vietnam, **money** is whole VND. \
Enumerations may gain values. HEAD is not offered: 405.";

/// Completes the document that was collected from the handlers.
pub fn complete(collected: &utoipa::openapi::OpenApi, resources: &[&Resource]) -> Value {
    let mut document = serde_json::to_value(collected).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "Kết nghĩa", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    });
    document["servers"] = json!([{"url": "/", "description": "This server"}]);
    let tags = resources.iter().map(|resource| (resource.tag, resource.about)).filter(|(tag, _)| !tag.is_empty());
    document["tags"] =
        tags.chain([OPERATIONS]).map(|(name, description)| json!({"name": name, "description": description})).collect();
    document["components"]["securitySchemes"] = json!({"bearer": {
        "type": "http", "scheme": "bearer",
        "description": "The access token of a sign-in, or a dashboard's API key (`kn_…`). The names listed with an operation are the permissions it needs.",
    }});
    document["components"]["responses"] = problem_responses();
    let problems = Code::ALL.iter().chain(resources.iter().flat_map(|resource| resource.problems));
    document["components"]["schemas"]["ProblemCode"]["enum"] = problems.map(|code| json!(code.word())).collect();
    let field_problems = FieldCode::ALL.iter().chain(resources.iter().flat_map(|resource| resource.field_problems));
    document["components"]["schemas"]["ProblemFieldCode"]["enum"] =
        field_problems.map(|code| json!(code.word())).collect();
    name_pages(&mut document);
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
    add_examples(&mut document, &requests);
    document
}

const PROBLEMS: [(&str, &str, &str); 16] = [
    ("400", "Malformed", "`malformed_request` or `cursor_invalid`: it cannot be read."),
    ("401", "Unauthenticated", "`unauthenticated`: no token, or one that is no longer good."),
    (
        "403",
        "Forbidden",
        "`forbidden`, `password_change_required` or `own_submission`: the caller's role may never do this, or not to this record.",
    ),
    ("404", "NotFound", "`not_found`: there is no such record, or the caller may not see it."),
    ("406", "NotAcceptable", "`not_acceptable`: no representation that was asked for."),
    ("408", "RequestTimeout", "`request_timeout`: the body did not arrive in 30 seconds."),
    (
        "409",
        "Conflict",
        "`id_conflict`, `deleted`, `in_use`, `invalid_transition` or another rule that stands against it.",
    ),
    ("412", "VersionConflict", "`version_conflict`: the record has changed; it is in `current`."),
    (
        "413",
        "PayloadTooLarge",
        "`payload_too_large`: over 1 MiB (16 KiB where nobody is signed in), or over 30,000 values.",
    ),
    ("414", "UriTooLong", "`uri_too_long`: path and query are over 8 KiB."),
    ("415", "UnsupportedMediaType", "`unsupported_media_type`: not JSON."),
    ("422", "Invalid", "`invalid` (or a code of its own): every wrong field is named in `errors`."),
    (
        "428",
        "PreconditionRequired",
        "`precondition_required`: If-Match is missing, or names no single version where one is needed.",
    ),
    ("429", "TooManyRequests", "`too_many_requests`: wait as long as Retry-After says."),
    ("500", "Internal", "`internal`: a fault of the service; it is logged."),
    ("503", "Overloaded", "`overloaded`: come back after Retry-After."),
];

/// Headers of problems, beside the id of the request.
const PROBLEM_HEADERS: [(&str, &str); 4] =
    [("401", "WWW-Authenticate"), ("412", "ETag"), ("429", "Retry-After"), ("503", "Retry-After")];

fn header(name: &str) -> Value {
    let (description, schema) = match name {
        "ETag" => ("The version: for If-Match and If-None-Match", json!({"type": "string", "maxLength": 100})),
        "Idempotent-Replayed" => ("The same request came before", json!({"type": "string", "enum": ["true"]})),
        "Location" => ("Where it is", json!({"type": "string", "format": "uri-reference", "maxLength": 200})),
        "Retry-After" => {
            ("Seconds to wait", json!({"type": "integer", "format": "int32", "minimum": 0, "maximum": 86_400}))
        }
        "WWW-Authenticate" => ("`Bearer`", json!({"type": "string", "enum": ["Bearer"]})),
        _ => ("Quote it when reporting a fault", json!({"type": "string", "format": "uuid"})),
    };
    json!({"description": description, "required": true, "schema": schema})
}

fn problem_responses() -> Value {
    let responses = PROBLEMS.iter().map(|(status, name, description)| {
        let mut response = json!({
            "description": description,
            "headers": {"X-Request-Id": header("X-Request-Id")},
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        });
        for (_, name) in PROBLEM_HEADERS.iter().filter(|(of, _)| of == status) {
            response["headers"][*name] = header(name);
        }
        ((*name).to_owned(), response)
    });
    Value::Object(responses.collect::<Map<_, _>>())
}

fn complete_operation(path: &str, method: &str, operation: &mut Value, resources: &[&Resource]) {
    let permission = operation.pointer("/security/0/bearer/0").and_then(Value::as_str).map(str::to_owned);
    let is_api = path.starts_with("/api/");
    let has_path_id = has_parameter_in(operation, "path");
    let is_step = method == "post" && has_path_id;

    // Compression can be refused everywhere, and a header can be rubbish.
    let mut problems = vec!["406", "500", "503"];
    if is_api {
        // Parameters that are unknown, also where there are none.
        problems.extend(["400", "414", "422"]);
    }
    match &permission {
        Some(permission) => {
            problems.extend(["401", "403", "429"]);
            let text = operation["description"].as_str().unwrap_or_default();
            let text = format!("{text}\n\nPermission: `{permission}` ({}).", holders(permission));
            operation["description"] = json!(text.trim());
        }
        None => {
            operation["security"] = json!([]);
            let text = operation["description"].as_str().unwrap_or_default();
            operation["description"] = json!(format!("{text}\n\nNo sign-in.").trim());
        }
    }
    if has_path_id {
        problems.push("404");
    }
    // A step that takes nothing reads what comes all the same, and refuses fields it does not know.
    if is_step || operation.get("requestBody").is_some() {
        problems.extend(["408", "413", "415"]);
    }
    let precondition = precondition(path, method, operation, resources);
    if method == "post" && (permission.is_some() || is_step) || precondition == Precondition::Required {
        problems.push("409");
    }
    match precondition {
        Precondition::Required => {
            problems.extend(["412", "428"]);
            add_header_parameter(operation, "If-Match", true);
        }
        Precondition::OneVersion => {
            problems.extend(["412", "428"]);
            add_parameter(
                operation,
                "If-Match",
                true,
                "The `ETag` that was read, one and no `*`.",
                json!(ONE_ENTITY_TAG),
            );
        }
        Precondition::Honoured => {
            problems.push("412");
            add_header_parameter(operation, "If-Match", false);
        }
        Precondition::None => {}
    }
    if is_api && method == "get" {
        add_header_parameter(operation, "If-None-Match", false);
    }
    if method == "patch" {
        let schema = operation["requestBody"]["content"]["application/json"].clone();
        operation["requestBody"]["content"]["application/merge-patch+json"] = schema;
    }
    for status in problems {
        let name = PROBLEMS.iter().find(|(known, ..)| *known == status).map_or("Internal", |(_, name, _)| name);
        if operation["responses"].get(status).is_none() {
            operation["responses"][status] = json!({"$ref": format!("#/components/responses/{name}")});
        }
    }
    bound_parameters(operation);
    describe_responses(is_api && method == "get", operation);
}

fn has_parameter_in(operation: &Value, place: &str) -> bool {
    let parameters = operation["parameters"].as_array();
    parameters.is_some_and(|parameters| parameters.iter().any(|parameter| parameter["in"] == place))
}

/// The meaning of `If-Match` for an operation.
#[derive(PartialEq)]
enum Precondition {
    Required,
    /// It names the one version that was read; `*` is refused.
    OneVersion,
    /// It is compared where it is sent.
    Honoured,
    None,
}

/// Takes `If-Match` out of the parameters, where the signature put it, and decides on its meaning: a change and a
/// deletion need it, a step as its machine says.
fn precondition(path: &str, method: &str, operation: &mut Value, resources: &[&Resource]) -> Precondition {
    let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else {
        return Precondition::None;
    };
    let all = parameters.len();
    parameters.retain(|parameter| parameter["name"] != "If-Match");
    if parameters.len() == all {
        return Precondition::None;
    }
    if method != "post" {
        return Precondition::Required;
    }
    let step = resources.iter().flat_map(|resource| {
        let prefix = format!("/api/v1/{}/{{id}}/", resource.tag);
        let word = path.strip_prefix(prefix.as_str());
        (resource.steps)().into_iter().filter(move |step| Some(step.word) == word)
    });
    if step.into_iter().any(|step| step.one_version) { Precondition::OneVersion } else { Precondition::Honoured }
}

fn add_header_parameter(operation: &mut Value, name: &str, required: bool) {
    let (description, pattern) = if name == "If-Match" {
        let description = "The `ETag` that was read, or `*` to force the change (which the audit notes, as it does where several are named).";
        (description, json!(ENTITY_TAGS))
    } else {
        ("The `ETag` that was read: 304 while nothing has changed.", Value::Null)
    };
    add_parameter(operation, name, required, description, pattern);
}

fn add_parameter(operation: &mut Value, name: &str, required: bool, description: &str, pattern: Value) {
    let mut schema = json!({"type": "string"});
    if !pattern.is_null() {
        schema["pattern"] = pattern;
    }
    let parameter = json!({
        "name": name, "in": "header", "required": required, "description": description, "schema": schema,
        "example": "\"3\"",
    });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

/// An entity tag (RFC 9110 §8.8.3).
const ONE_ENTITY_TAG: &str = r#"^(W/)?"[!#-~]*"$"#;
/// `*`, or a list of entity tags.
const ENTITY_TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;

/// What the extractors say of every parameter of a kind.
fn bound_parameters(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["in"] == "path" && parameter.get("description").is_none() {
            parameter["description"] = json!("The id of the record.");
        }
        if parameter["name"] == "cursor" {
            parameter["schema"]["pattern"] = json!("^[A-Za-z0-9_-]+$");
            parameter["schema"]["maxLength"] = json!(4000);
        }
        let schema = &mut parameter["schema"];
        if schema["type"] == "array" && schema.get("maxItems").is_none() {
            schema["maxItems"] = json!(MAX_REPEATED);
        }
    }
}

/// Texts and headers of the good answers, and the media type of the others.
fn describe_responses(is_cached: bool, operation: &mut Value) {
    let is_create = operation["responses"].get("201").is_some();
    if is_create && operation["responses"].get("200").is_none() {
        let mut replay = operation["responses"]["201"].clone();
        replay["description"] = json!("The same request came before: the record as it is now");
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

/// A problem that a handler tells of itself is a problem like all the others.
fn as_problem(status: &str, response: &mut Value) {
    let content = response.get_mut("content").and_then(Value::as_object_mut);
    let Some(said) = content.and_then(|content| content.remove("application/json")) else { return };
    response["content"][PROBLEM] = said;
    response["headers"]["X-Request-Id"] = header("X-Request-Id");
    for (_, name) in PROBLEM_HEADERS.iter().filter(|(of, _)| *of == status) {
        response["headers"][*name] = header(name);
    }
}

/// A step or a change that answers with the record tells its new version.
fn tag_changed_records(document: &mut Value) {
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

/// What the first word of an enumeration, or a field that is not always needed, does not show.
const FITTING: [(&str, &str, &str); 3] = [
    ("NewLocality", "kind", "lang"),
    ("NewUser", "role", "commune"),
    ("NewUser", "locality_id", "56889508-fae9-57b5-9d83-ea91851320e5"),
];

/// Every body has an example that can be sent as it is, made of those of its fields. The client's own
/// `id` is left out: sent twice from the documentation page it would be a conflict.
fn add_examples(document: &mut Value, requests: &[String]) {
    let schemas = document["components"]["schemas"].clone();
    for name in requests {
        if schemas[name].get("properties").is_some() {
            document["components"]["schemas"][name]["example"] = example_of(&schemas, &schemas[name]);
        }
    }
    for (name, field, value) in FITTING {
        document["components"]["schemas"][name]["example"][field] = value.into();
    }
}

fn example_of(schemas: &Value, schema: &Value) -> Value {
    if let Some(example) = ["example", "default", "const"].iter().find_map(|word| schema.get(word)) {
        return example.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/components/schemas/")) {
        return example_of(schemas, &schemas[name]);
    }
    if let Some(kinds) = schema["oneOf"].as_array() {
        return kinds.iter().find(|kind| kind["type"] != "null").map_or(Value::Null, |kind| example_of(schemas, kind));
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let is_required =
            |name: &String| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        let is_shown = |name: &String, field: &Value| is_required(name) || field.get("example").is_some();
        // A change of one field that has no example shows that field.
        let has_none = !properties.iter().any(|(name, field)| is_shown(name, field));
        let shown =
            properties.iter().filter(|(name, field)| name.as_str() != "id" && (has_none || is_shown(name, field)));
        return shown.map(|(name, field)| (name.clone(), example_of(schemas, field))).collect::<Map<_, _>>().into();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match (kind, schema["format"].as_str()) {
        ("array", _) => json!([example_of(schemas, &schema["items"])]),
        ("string", Some("uuid")) => json!("56889508-fae9-57b5-9d83-ea91851320e5"),
        ("string", Some("date")) => json!("2026-11-22"),
        ("string", Some("date-time")) => json!("2026-11-22T02:00:00Z"),
        ("string", _) => json!("…"),
        ("boolean", _) => json!(false),
        _ => schema.get("minimum").cloned().unwrap_or(json!(1)),
    }
}

/// Who has a permission, in the words of the API.
fn holders(word: &str) -> String {
    let Some(permission) = Permission::ALL.iter().find(|permission| permission.word() == word) else {
        return String::new();
    };
    let mut names: Vec<&str> = Role::ALL
        .iter()
        .filter(|role| permission.is_given_to(Office::User(**role)))
        .map(|role| role.as_str())
        .collect();
    if permission.is_given_to(Office::Dashboard) {
        names.push("API keys");
    }
    names.join(", ")
}

/// A page of gifts is a `GiftPage` of `Gift`s, not a schema that says again what a gift is.
fn name_pages(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let names: Vec<String> = schemas.keys().filter_map(|name| name.strip_prefix("Page_")).map(str::to_owned).collect();
    for name in &names {
        if let Some(mut page) = schemas.remove(&format!("Page_{name}")) {
            page["properties"]["items"]["items"] = json!({"$ref": format!("#/components/schemas/{name}")});
            schemas.insert(format!("{name}Page"), page);
        }
    }
    for name in names {
        rename_references(
            document,
            &format!("#/components/schemas/Page_{name}"),
            &format!("#/components/schemas/{name}Page"),
        );
    }
}

fn rename_references(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get_mut("$ref").filter(|reference| *reference == from) {
                *reference = json!(to);
            }
            fields.values_mut().for_each(|field| rename_references(field, from, to));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_references(item, from, to)),
        _ => {}
    }
}

/// Fields that an answer may leave out.
const MAY_BE_ABSENT: [(&str, &str); 2] = [("ProblemDetails", "current"), ("AggregateKey", "")];

/// Answers carry every field, null when empty: generated clients need not ask whether it is there.
fn require_answered_fields(document: &mut Value, requests: &[String]) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (name, schema) in schemas.iter_mut().filter(|(name, _)| !requests.contains(name)) {
        let is_page = name.ends_with("Page");
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { continue };
        let may_be_absent = |field: &String| {
            let named = MAY_BE_ABSENT.iter().any(|(of, absent)| of == name && (absent.is_empty() || absent == field));
            named || (is_page && field == "total")
        };
        let required: Vec<&String> = properties.keys().filter(|field| !may_be_absent(field)).collect();
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
    }
}

/// Bodies refuse fields they do not know; the document says so. Gives the schemas of bodies.
fn refuse_unknown_fields(document: &mut Value) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(paths) = document["paths"].as_object() {
        for operation in paths.values().filter_map(Value::as_object).flat_map(Map::values) {
            collect_references(&operation["requestBody"], &mut names);
        }
    }
    let mut seen = 0;
    while let Some(name) = names.get(seen).cloned() {
        seen += 1;
        let schema = &mut document["components"]["schemas"][&name];
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
        collect_references(schema, &mut names);
    }
    names
}

fn collect_references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/components/schemas/"));
            if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
                names.push(name.to_owned());
            }
            fields.values().for_each(|field| collect_references(field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, names)),
        _ => {}
    }
}

/// Ids are types in Rust and plain UUIDs to everybody else: a schema for each would make generated
/// clients wrap every string.
fn inline_ids(document: &mut Value) {
    hoist_descriptions(document);
    let plain = |schema: &Value| schema["format"] == "uuid" && schema["type"] == "string";
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let ids: Vec<String> = schemas.iter().filter(|(_, schema)| plain(schema)).map(|(name, _)| name.clone()).collect();
    for id in &ids {
        schemas.remove(id);
    }
    let references: Vec<String> = ids.iter().map(|id| format!("#/components/schemas/{id}")).collect();
    replace_references(document, &references);
}

/// A field that may be null is described as the field that it is, not as one of its two forms.
fn hoist_descriptions(value: &mut Value) {
    let described = |value: &mut Value| {
        let kinds = value.get_mut("oneOf")?.as_array_mut()?;
        kinds.iter_mut().find_map(|kind| kind.as_object_mut()?.remove("description"))
    };
    if let Some(description) = described(value) {
        value["description"] = description;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(hoist_descriptions),
        Value::Array(items) => items.iter_mut().for_each(hoist_descriptions),
        _ => {}
    }
}

fn replace_references(value: &mut Value, references: &[String]) {
    let is_reference =
        |value: &Value| value["$ref"].as_str().is_some_and(|r| references.iter().any(|known| known == r));
    if let Some(kinds) = value.get("oneOf").and_then(Value::as_array) {
        let nullable =
            kinds.len() == 2 && kinds.iter().any(is_reference) && kinds.iter().any(|kind| kind["type"] == "null");
        if nullable {
            let description = value.get("description").cloned();
            *value = json!({"type": ["string", "null"], "format": "uuid"});
            if let Some(description) = description {
                value["description"] = description;
            }
            return;
        }
    }
    if is_reference(value) {
        let description = value.get("description").cloned();
        *value = json!({"type": "string", "format": "uuid"});
        if let Some(description) = description {
            value["description"] = description;
        }
        return;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| replace_references(field, references)),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_references(item, references)),
        _ => {}
    }
}
