//! Schemas: names of pages, required fields, unknown fields, ids.

use serde_json::{Map, Value, json};

/// Renames `Page_Gift` to `GiftPage` and refers to `Gift` for its items; utoipa inlines the schema of the item.
pub fn name_pages(document: &mut Value) {
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

/// Joins the parts of a schema with flattened fields: utoipa composes it by `allOf`, of which generated clients make unions or base
/// classes. A part that no other schema refers to is removed.
pub fn flatten(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let composed: Vec<String> =
        schemas.iter().filter(|(_, schema)| schema.get("allOf").is_some()).map(|(name, _)| name.clone()).collect();
    let mut parts: Vec<String> = Vec::new();
    for name in composed {
        let Some(mut whole) = schemas.remove(&name) else { continue };
        let mut properties = Map::new();
        for part in whole["allOf"].as_array().into_iter().flatten() {
            let reference = part["$ref"].as_str().and_then(|to| to.strip_prefix("#/components/schemas/"));
            parts.extend(reference.map(str::to_owned));
            let part = reference.and_then(|name| schemas.get(name)).unwrap_or(part);
            properties.extend(part["properties"].as_object().cloned().into_iter().flatten());
        }
        if let Some(fields) = whole.as_object_mut() {
            fields.remove("allOf");
            fields.insert("type".into(), json!("object"));
            fields.insert("properties".into(), Value::Object(properties));
        }
        schemas.insert(name, whole);
    }
    let mut named = Vec::new();
    collect_references(document, &mut named);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| named.contains(name) || !parts.contains(name));
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

/// Schemas and fields that an answer may omit; an empty field name stands for all fields.
const MAY_BE_ABSENT: [(&str, &str); 5] = [
    ("ProblemDetails", "current"),
    ("ProblemDetails", "counts"),
    ("ProblemDetails", "merged_into"),
    ("ProblemFieldError", "merged_into"),
    ("AggregateKey", ""),
];

/// Marks all fields of answers as required: they are always present, null when empty, so that generated clients need
/// no check for absence.
pub fn require_answered_fields(document: &mut Value, requests: &[String]) {
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

/// Sets `additionalProperties: false` on the schemas of request bodies, because unknown fields are rejected. Returns
/// the names of these schemas.
pub fn refuse_unknown_fields(document: &mut Value) -> Vec<String> {
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

/// Replaces references to the schemas of ids by plain UUIDs: with a schema for each id type, generated clients would
/// wrap every string.
pub fn inline_ids(document: &mut Value) {
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

/// Moves the description of a nullable field from its variant in `oneOf` to the field.
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
