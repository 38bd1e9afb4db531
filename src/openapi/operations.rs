//! Completes one operation: permission, precondition, parameters, problems.

use serde_json::{Value, json};

use super::responses::{PROBLEMS, describe_responses};
use crate::access::policy::{Office, Permission, Role};
use crate::access::resource::Resource;
use crate::kernel::http::extract::TAGS_MAX;
use crate::kernel::http::query::MAX_REPEATED;

pub fn complete_operation(path: &str, method: &str, operation: &mut Value, resources: &[&Resource]) {
    let permission = operation.pointer("/security/0/bearer/0").and_then(Value::as_str).map(str::to_owned);
    let is_api = path.starts_with("/api/");
    let has_path_id = has_parameter_in(operation, "path");
    let is_step = method == "post" && has_path_id;

    // Any request can exclude all media types or encodings (406), fail (500) or be rejected under load (503).
    let mut problems = vec!["406", "500", "503"];
    if is_api {
        // Unknown parameters are rejected, also by operations without parameters.
        // Calls without sign-in are limited by address, others by session or key.
        problems.extend(["400", "414", "422", "429"]);
    }
    match &permission {
        Some(permission) => {
            problems.extend(["401", "403"]);
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
    // A step without a request body still reads the body that is sent, and rejects unknown fields.
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
                "The `ETag` that was read: exactly one, not `*`.",
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
        // `application/json` is accepted, too; with both in the document, some generators write a function for each.
        if let Some(content) = operation["requestBody"]["content"].as_object_mut()
            && let Some(schema) = content.remove("application/json")
        {
            content.insert("application/merge-patch+json".into(), schema);
        }
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
    /// Required with the one version that was read; `*` is rejected.
    OneVersion,
    /// Optional; compared where it is sent.
    Honoured,
    None,
}

/// Replaces `oneOf` body and null by the body, which may be left out.
pub fn name_optional_bodies(document: &mut Value) {
    let operations = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in operations.flat_map(|methods| methods.as_object_mut().into_iter().flat_map(|all| all.values_mut()))
    {
        let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
        let mut optional = false;
        for media in content.into_iter().flat_map(|content| content.values_mut()) {
            if let Some(body) = media.pointer("/schema/oneOf/0").cloned() {
                media["schema"] = body;
                optional = true;
            }
        }
        if optional {
            operation["requestBody"]["required"] = json!(false);
        }
    }
}

/// Removes the `If-Match` parameter that the signature of the handler added, and returns its meaning: required for
/// changes and deletions, for a step as declared in `workflow.rs`.
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
        let description =
            "The `ETag` that was read, or `*` to force the change. The audit records `*` and lists of several tags.";
        (description, json!(ENTITY_TAGS))
    } else {
        ("The `ETag` that was read: 304 if the answer is unchanged.", Value::Null)
    };
    add_parameter(operation, name, required, description, pattern);
}

fn add_parameter(operation: &mut Value, name: &str, required: bool, description: &str, pattern: Value) {
    let mut schema = json!({"type": "string", "maxLength": TAGS_MAX});
    if !pattern.is_null() {
        schema["pattern"] = pattern;
    }
    let mut parameter =
        json!({"name": name, "in": "header", "required": required, "description": description, "schema": schema});
    // The documentation page sends examples, and an optional header would change the answer.
    if required {
        parameter["example"] = json!("\"3\"");
    }
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

/// An entity tag (RFC 9110 §8.8.3).
const ONE_ENTITY_TAG: &str = r#"^(W/)?"[!#-~]*"$"#;

/// `*`, or a list of entity tags.
const ENTITY_TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;

/// Adds the bounds and descriptions that the extractors apply to all parameters of a kind.
fn bound_parameters(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["in"] == "path" && parameter.get("description").is_none() {
            let is_year = parameter["name"] == "year";
            parameter["description"] =
                json!(if is_year { "The year, of four digits." } else { "The id of the record." });
        }
        if parameter["name"] == "cursor" {
            parameter["schema"]["pattern"] = json!("^[A-Za-z0-9_-]+$");
            parameter["schema"]["maxLength"] = json!(4000);
        }
        // The documentation page sends the example of a filter, which would leave an empty list.
        if parameter["in"] == "query"
            && let Some(parameter) = parameter.as_object_mut()
        {
            parameter.remove("example");
        }
        let schema = &mut parameter["schema"];
        let values = if schema["type"] == "array" { &mut schema["items"] } else { &mut *schema };
        if values["format"] == "int32" && values.get("minimum").is_none() {
            // The range of the type, outside which a value is invalid.
            (values["minimum"], values["maximum"]) = (json!(i32::MIN), json!(i32::MAX));
        }
        if schema["type"] == "array" && schema.get("maxItems").is_none() {
            schema["maxItems"] = json!(MAX_REPEATED);
        }
    }
}

/// The roles that hold a permission, separated by commas, with API keys last.
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
