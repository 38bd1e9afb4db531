//! The examples of the document work with the demonstration data, and with the bodies that generated clients write.

use ketnghia::openapi::examples::demonstration_id;
use ketnghia::{app, demo};
use serde_json::{Map, Value, json};

use crate::harness::{Catalogue, Client, TestServer};

/// Creates, with the demonstration user that may and the id of the path. The order is that of the document.
const CREATES: &[(&str, &str)] = &[
    ("/api-keys", "gialai"),
    ("/gifts", "vanphong.ianan"),
    ("/hardship-items/{id}/pledges", "vanphong.ianan"),
    ("/hardship-lists", "langtung"),
    ("/households", "langtung"),
    ("/household-assessments", "ianan"),
    ("/household-consents", "langtung"),
    ("/localities", "ianan"),
    ("/localities/{id}/flags", "ianan"),
    ("/localities/{id}/versions", "ianan"),
    ("/locality-posts", "ianan"),
    ("/organisations", "ianan"),
    ("/programmes", "ianan"),
    ("/twinnings", "ianan"),
    ("/twinnings/{id}/succeed", "ianan"),
    ("/users", "ianan"),
    ("/visits", "vanphong.ianan"),
    ("/working-groups", "ianan"),
];

struct Demonstration {
    server: TestServer,
    document: Value,
}

impl Demonstration {
    fn new() -> Self {
        let server = TestServer::with(Catalogue::Small);
        demo::load(&server.state).unwrap();
        Self { server, document: app::document() }
    }

    fn sign_in(&self, username: &str) -> Client {
        let anonymous = self.server.anonymous();
        let mut body = self.schema("Credentials")["example"].clone();
        body["username"] = json!(username);
        let tokens = anonymous.post("/auth/login", body).expect(200);
        anonymous.with_token(tokens["access_token"].as_str().unwrap())
    }

    fn schema(&self, name: &str) -> &Value {
        &self.document["components"]["schemas"][name]
    }

    /// The schema of the body of a create.
    fn body(&self, path: &str) -> &Value {
        let operation = &self.document["paths"][format!("/api/v1{path}")]["post"];
        let reference = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        self.schema(reference.as_str().unwrap().rsplit('/').next().unwrap())
    }

    /// Sends each create with the body that `write` makes of its schema.
    fn send_creates(&self, write: impl Fn(&Value) -> Value) {
        for (template, username) in CREATES {
            let record = match template.split('/').nth(1) {
                Some("localities") => "village/tung",
                Some("twinnings") => "twinning/caphe",
                _ => "item/tung/2026/0",
            };
            let path = template.replace("{id}", &demonstration_id(record).to_string());
            let answer = self.sign_in(username).post(&path, write(self.body(template)));
            assert_eq!(answer.status, 201, "{path}: {}", answer.text);
        }
    }
}

#[test]
fn the_example_of_each_create_is_accepted_in_the_demonstration() {
    let demonstration = Demonstration::new();
    demonstration.send_creates(|schema| schema["example"].clone());
    let paths = demonstration.document["paths"].as_object().unwrap();
    let creates: Vec<&str> = paths
        .iter()
        .filter(|(_, operations)| operations["post"]["responses"].get("201").is_some())
        .map(|(path, _)| path.strip_prefix("/api/v1").unwrap())
        .collect();
    for path in &creates {
        assert!(CREATES.iter().any(|(known, _)| known == path), "{path}: add it to CREATES with the user that may");
    }
    assert_eq!(creates.len(), CREATES.len());
}

/// The Kotlin of kotlinx.serialization and the Dart of json_serializable write null for each field that is not set, the generated
/// TypeScript and Python leave it out.
#[test]
fn a_create_with_null_in_each_field_that_is_not_set_is_accepted() {
    fn fill(document: &Value, schema: &Value, body: &mut Value) {
        let Some(properties) = schema["properties"].as_object() else { return };
        for (name, field) in properties {
            if body.get(name).is_none() {
                body[name] = Value::Null;
            }
            let entry = field["items"]["$ref"].as_str().and_then(|reference| document.pointer(&reference[1..]));
            if let (Some(entry), Some(items)) = (entry, body[name].as_array_mut()) {
                items.iter_mut().for_each(|item| fill(document, entry, item));
            }
        }
    }
    let demonstration = Demonstration::new();
    demonstration.send_creates(|schema| {
        let mut body = schema["example"].clone();
        fill(&demonstration.document, schema, &mut body);
        body
    });
}

#[test]
fn a_field_of_a_create_that_may_be_absent_is_nullable_and_one_of_a_change_only_where_null_clears() {
    let demonstration = Demonstration::new();
    let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
    let is_nullable = |field: &Value| {
        let kinds = [field["type"].as_array(), field["oneOf"].as_array()];
        kinds.into_iter().flatten().flatten().any(is_null)
    };
    for (path, _) in CREATES {
        let schema = demonstration.body(path);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, field) in schema["properties"].as_object().unwrap() {
            assert_eq!(is_nullable(field), !required.contains(&json!(name)), "{path} {name}");
        }
    }
    let schemas = demonstration.document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(name, _)| name.ends_with("Changes")) {
        for (field, schema) in schema["properties"].as_object().unwrap() {
            let is_list = schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("array")));
            assert!(!is_list, "{name}.{field}: null does not clear a list");
        }
    }
}

#[test]
fn no_optional_parameter_has_an_example_which_the_page_would_send() {
    let document = app::document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let is_sent = parameter["required"] == true || parameter.get("example").is_none();
                assert!(is_sent, "{path}: {}", parameter["name"]);
            }
        }
    }
}

#[test]
fn the_example_of_each_problem_has_its_status_and_a_code_of_its_description() {
    let document = app::document();
    let responses = document["components"]["responses"].as_object().unwrap();
    let mut statuses = std::collections::BTreeSet::new();
    for (name, response) in responses {
        let example = &response["content"]["application/problem+json"]["example"];
        let code = example["code"].as_str().unwrap();
        assert!(response["description"].as_str().unwrap().contains(&format!("`{code}`")), "{name}: {code}");
        statuses.insert(example["status"].as_u64().unwrap());
        for operations in document["paths"].as_object().unwrap().values() {
            for operation in operations.as_object().unwrap().values() {
                let answers = operation["responses"].as_object().into_iter().flatten();
                let used = answers.filter(|(_, answer)| answer["$ref"] == format!("#/components/responses/{name}"));
                used.for_each(|(status, _)| assert_eq!(*status, example["status"].to_string(), "{name}"));
            }
        }
    }
    assert_eq!(statuses.len(), responses.len());
}

#[test]
fn fields_are_in_the_order_of_the_struct_tags_in_that_of_the_work_and_all_are_described() {
    let document = app::document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let names = |schema: &str| -> Vec<String> {
        schemas[schema]["properties"].as_object().map(Map::keys).unwrap().take(4).cloned().collect()
    };
    assert_eq!(names("NewHousehold"), ["id", "village_id", "head_name", "head_sex"]);
    assert_eq!(names("HouseholdPage"), ["items", "next_cursor", "total"]);
    let tags: Vec<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let place = |name: &str| tags.iter().position(|tag| *tag == name).unwrap();
    let story = ["access", "households", "hardship-lists", "visits", "gifts", "aggregates", "users", "operations"];
    assert!(story.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{tags:?}");
    assert_eq!(place("operations"), tags.len() - 1);
    let mut bare = Vec::new();
    for (name, schema) in schemas {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let named = |reference: &Value| schemas[reference.as_str().unwrap().rsplit('/').next().unwrap()].clone();
            let kinds = property["oneOf"].as_array().into_iter().flatten().filter(|kind| kind.get("$ref").is_some());
            let referred = property.get("$ref").into_iter().chain(kinds.map(|kind| &kind["$ref"]));
            let is_described = property.get("description").is_some()
                || referred.map(named).any(|schema| schema.get("description").is_some());
            if !is_described {
                bare.push(format!("{name}.{field}"));
            }
        }
    }
    assert!(bare.is_empty(), "describe these: {bare:?}");
}

#[test]
fn every_input_is_bounded() {
    fn unbounded(schema: &Value, at: &str, found: &mut Vec<String>) {
        let kinds: Vec<&Value> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().collect(),
            kind => vec![kind],
        };
        let has = |words: &[&str]| words.iter().any(|word| schema.get(word).is_some());
        let is = |kind: &str| kinds.iter().any(|known| *known == kind);
        let is_formatted = matches!(schema["format"].as_str(), Some("uuid" | "date" | "date-time"));
        if is("string") && !is_formatted && !has(&["maxLength", "enum"]) {
            found.push(format!("{at}: a text without a length"));
        }
        if (is("integer") || is("number"))
            && !(has(&["minimum", "exclusiveMinimum"]) && has(&["maximum", "exclusiveMaximum"]))
        {
            found.push(format!("{at}: a number without a range"));
        }
        if is("array") {
            if !has(&["maxItems"]) {
                found.push(format!("{at}: a list without a length"));
            }
            unbounded(&schema["items"], at, found);
        }
    }
    let document = app::document();
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                unbounded(&parameter["schema"], &format!("{method} {path} {}", parameter["name"]), &mut found);
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if schema["additionalProperties"] == false {
            for (field, property) in schema["properties"].as_object().into_iter().flatten() {
                unbounded(property, &format!("{name}.{field}"), &mut found);
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
