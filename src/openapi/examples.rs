//! Examples of bodies.

use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use crate::places::loader::locality_id;

const NAMESPACE: Uuid = uuid!("0a1a6ae5-96ad-5f6f-8f0e-6d1f1f8f5d02");

/// Returns the id of a record of the demonstration data by its name, the same in every installation (UUIDv5): examples name these records.
pub fn demonstration_id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// A field of an example: a record of the demonstration data, a place of the catalogue by its era and code, or a value.
enum Fit {
    Demo(&'static str),
    Place(u16, &'static str),
    Text(&'static str),
    Number(i64),
    Absent,
}

/// Values that differ from the generated ones, so that each example is accepted with the demonstration data, on its first use.
const FITTING: &[(&str, &str, Fit)] = &[
    ("NewApiKey", "locality_id", Fit::Place(2025, "52")),
    ("NewAssessment", "household_id", Fit::Demo("household/tung/1")),
    ("NewHouseholdConsent", "household_id", Fit::Demo("household/tung/1")),
    ("NewHouseholdConsent", "organisation_id", Fit::Demo("organisation/caosu")),
    ("NewGift", "twinning_id", Fit::Demo("twinning/vanphong")),
    ("NewGift", "village_id", Fit::Demo("village/tung")),
    ("NewGift", "recipient_group", Fit::Text("all")),
    ("NewGift", "value_vnd", Fit::Number(18_000_000)),
    ("NewGift", "funding_source", Fit::Text("donor")),
    ("NewGift", "quantity", Fit::Absent),
    ("NewGift", "unit", Fit::Absent),
    ("NewHardshipList", "village_id", Fit::Demo("village/tung")),
    ("NewHardshipList", "round", Fit::Number(3)),
    ("NewHousehold", "village_id", Fit::Demo("village/tung")),
    ("NewLocality", "kind", Fit::Text("lang")),
    ("NewLocality", "name", Fit::Text("Sơn")),
    ("NewLocality", "parent_id", Fit::Place(2024, "23884")),
    ("NewLocalityFlag", "flag", Fit::Text("lowland")),
    ("NewLocalityPost", "locality_id", Fit::Demo("village/tung")),
    ("NewLocalityPost", "post", Fit::Text("women")),
    ("NewOrganisation", "locality_id", Fit::Place(2024, "23884")),
    ("NewOrganisation", "name", Fit::Text("Hội Nông dân xã Ia Nan")),
    ("NewProgramme", "kind", Fit::Text("plan")),
    ("NewProgramme", "locality_id", Fit::Place(2024, "23884")),
    ("NewTwinning", "programme_id", Fit::Demo("programme/ianan")),
    ("NewTwinning", "organisation_id", Fit::Demo("organisation/vanphong")),
    ("NewTwinning", "locality_id", Fit::Demo("village/nu")),
    ("NewTwinning", "starts_on", Fit::Text("2025-09-01")),
    ("TwinningSuccession", "locality_id", Fit::Demo("village/nu")),
    ("NewUser", "role", Fit::Text("village_head")),
    ("NewUser", "username", Fit::Text("lang.nu")),
    ("NewUser", "full_name", Fit::Text("Rơ Mah Nú")),
    ("NewUser", "locality_id", Fit::Demo("village/nu")),
    ("NewVisit", "twinning_id", Fit::Demo("twinning/vanphong")),
    ("NewVisit", "village_id", Fit::Demo("village/tung")),
    ("NewWorkingGroup", "programme_id", Fit::Demo("programme/ianan")),
    ("NewWorkingGroup", "locality_id", Fit::Place(2024, "23884")),
    ("BulkItem", "id", Fit::Demo("gift/parcels")),
    ("GiftItem", "hardship_item_id", Fit::Demo("item/tung/2026/0")),
    ("HouseholdMerge", "into", Fit::Demo("household/tung/1")),
];

/// Adds to each request body an example composed of the examples of its fields. The client's own `id` is left out:
/// sent a second time from the documentation page with other values it would be answered 409.
pub fn add_examples(document: &mut Value, requests: &[String]) {
    for (name, field, fit) in FITTING {
        let Some(property) = document["components"]["schemas"][*name]["properties"].get_mut(*field) else { continue };
        let example = match fit {
            Fit::Demo(record) => json!(demonstration_id(record)),
            Fit::Place(era, code) => json!(locality_id(*era, code)),
            Fit::Text(text) => json!(text),
            Fit::Number(number) => json!(number),
            Fit::Absent => {
                if let Some(property) = property.as_object_mut() {
                    property.remove("example");
                }
                continue;
            }
        };
        property["example"] = example;
    }
    let schemas = document["components"]["schemas"].clone();
    for name in requests {
        if schemas[name].get("properties").is_some() {
            document["components"]["schemas"][name]["example"] = example_of(&schemas, &schemas[name]);
        }
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
