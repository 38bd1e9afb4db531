//! Examples of bodies.

use serde_json::{Map, Value, json};

/// Values that differ from the generated ones: the first value of the enumeration, or an optional field that is left out.
const FITTING: [(&str, &str, &str); 3] = [
    ("NewLocality", "kind", "lang"),
    ("NewUser", "role", "commune"),
    ("NewUser", "locality_id", "56889508-fae9-57b5-9d83-ea91851320e5"),
];

/// Adds to each request body an example composed of the examples of its fields. The client's own `id` is left out:
/// sent a second time from the documentation page with other values it would be answered 409.
pub fn add_examples(document: &mut Value, requests: &[String]) {
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
        // Without required fields and without examples, all fields are shown.
        let has_none = !properties.iter().any(|(name, field)| is_shown(name, field));
        // Without the optional id that a client may generate.
        let is_left_out = |name: &String| name == "id" && !is_required(name);
        let shown = properties.iter().filter(|(name, field)| !is_left_out(name) && (has_none || is_shown(name, field)));
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
