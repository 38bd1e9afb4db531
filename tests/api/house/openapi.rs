//! The OpenAPI document: the committed file equals the served one, and follows the rules for generated clients.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ketnghia::access::policy::Permission;
use ketnghia::app;
use ketnghia::kernel::http::problem::{Code, FieldCode};
use ketnghia::kernel::locale::Locale;
use serde_json::{Map, Value, json};

use crate::harness::{TestServer, World, sources};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
/// The response of this operation is the document, an object without a schema.
const ANY_OBJECT: &str = "find_openapi";

struct Operation {
    id: String,
    method: String,
    path: String,
    value: Value,
}

fn operations() -> Vec<Operation> {
    let document = app::document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(|(method, value)| Operation {
            id: value["operationId"].as_str().unwrap_or_default().to_owned(),
            method: method.clone(),
            path: path.clone(),
            value: value.clone(),
        })
    });
    operations.collect()
}

/// Fails with all findings, so that one run reports all of them.
fn assert_none(what: &str, wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

fn each(value: &Value, at: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(value, at);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| each(field, &format!("{at}/{name}"), visit)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| each(item, &format!("{at}/{index}"), visit));
        }
        _ => {}
    }
}

#[test]
fn the_committed_document_equals_the_served_one() {
    let served = TestServer::start().anonymous().get("/openapi.json").expect(200);
    let committed = fs::read_to_string(COMMITTED).unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    let differing: Vec<&String> = served["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, operations)| committed["paths"][path.as_str()] != **operations)
        .map(|(path, _)| path)
        .collect();
    assert!(
        committed == served,
        "openapi/openapi.json is not what the handlers say (paths that differ: {differing:?}); run script/openapi and commit the result",
    );
}

#[test]
fn every_operation_has_an_id_one_tag_a_summary_and_a_description() {
    let document = app::document();
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeMap::new();
    let mut wrong = Vec::new();
    for operation in operations() {
        let Operation { id, method, path, value } = &operation;
        let call = format!("{method} {path} ({id})");
        let is_verb_and_resource = id.split('_').count() > 1
            && id
                .split('_')
                .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        if !is_verb_and_resource {
            wrong.push(format!("{call}: its id is not verb_resource"));
        }
        if let Some(other) = ids.insert(id.clone(), call.clone()) {
            wrong.push(format!("{call}: the same id as {other}"));
        }
        let of_operation = value["tags"].as_array().cloned().unwrap_or_default();
        if of_operation.len() != 1 || !of_operation.iter().all(|tag| tags.contains(tag.as_str().unwrap())) {
            wrong.push(format!("{call}: not exactly one known tag: {of_operation:?}"));
        }
        for text in ["summary", "description"] {
            if value[text].as_str().is_none_or(|text| text.trim().is_empty()) {
                wrong.push(format!("{call}: no {text}"));
            }
        }
        if value["summary"].as_str().is_some_and(|summary| summary.ends_with('.')) {
            wrong.push(format!("{call}: the summary is a title, without a full stop"));
        }
    }
    assert_none("operations", wrong);
}

#[test]
fn every_operation_is_public_or_names_one_existing_permission() {
    let words: BTreeSet<&str> = Permission::ALL.iter().map(|permission| permission.word()).collect();
    let mut wrong = Vec::new();
    for operation in operations() {
        let call = format!("{} {} ({})", operation.method, operation.path, operation.id);
        let Some(security) = operation.value["security"].as_array() else {
            wrong.push(format!("{call}: no security"));
            continue;
        };
        let named: Vec<&str> = security
            .iter()
            .flat_map(|scheme| scheme["bearer"].as_array().unwrap())
            .map(|word| word.as_str().unwrap())
            .collect();
        if !security.is_empty() && named.len() != 1 {
            wrong.push(format!("{call}: names {} permissions", named.len()));
        }
        let unknown: Vec<_> = named.iter().filter(|word| !words.contains(**word)).collect();
        if !unknown.is_empty() {
            wrong.push(format!("{call}: no permission is called {unknown:?}"));
        }
    }
    assert_none("permissions", wrong);
}

#[test]
fn every_problem_code_is_unique_and_has_texts_in_both_languages() {
    let codes: Vec<_> = Code::ALL.iter().chain(app::resources().flat_map(|resource| resource.problems)).collect();
    let fields = FieldCode::ALL.iter().chain(app::resources().flat_map(|resource| resource.field_problems));
    let fields: Vec<_> = fields.collect();
    for code in &codes {
        assert_ne!(code.text(Locale::Vi), code.text(Locale::En), "{}", code.word());
        assert_ne!(code.title(Locale::Vi), code.title(Locale::En), "{}", code.word());
        assert!((400..=599).contains(&code.status()), "{}", code.word());
    }
    for code in &fields {
        assert_ne!(code.text(Locale::Vi), code.text(Locale::En), "{}", code.word());
    }
    let words: BTreeSet<_> = codes.iter().map(|code| code.word()).collect();
    let field_words: BTreeSet<_> = fields.iter().map(|code| code.word()).collect();
    assert_eq!((words.len(), field_words.len()), (codes.len(), fields.len()));
}

#[test]
fn every_code_declared_in_the_sources_is_in_the_document() {
    let schemas = &app::document()["components"]["schemas"];
    let published = |name: &str| serde_json::from_value::<BTreeSet<String>>(schemas[name]["enum"].clone()).unwrap();
    let published: BTreeSet<String> = published("ProblemCode").union(&published("ProblemFieldCode")).cloned().collect();
    let mut declared = BTreeSet::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&src).into_iter().filter(|path| path.ends_with("problems.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        let words = text.lines().filter_map(|line| line.split_once(" = ")?.1.split('"').nth(1));
        let before = declared.len();
        declared.extend(words.map(str::to_owned));
        assert!(declared.len() > before, "{}", path.display());
    }
    assert!(declared.len() > 30, "{declared:?}");
    assert_none("a RESOURCE does not list", declared.difference(&published).cloned().collect());
}

/// They change parts of a record, and not its status.
const NO_STEPS: [&str; 3] = ["gifts/{id}/link", "gifts/{id}/recipients", "gifts/{id}/unlink"];

#[test]
fn every_step_of_a_state_machine_is_an_operation_with_its_permission() {
    let document = app::document();
    let paths = document["paths"].as_object().unwrap();
    let mut count = 0;
    for resource in app::resources() {
        let prefix = format!("/api/v1/{}/{{id}}/", resource.tag);
        let mut words = BTreeSet::new();
        for step in (resource.steps)() {
            let path = format!("{prefix}{}", step.word);
            let operation = &document["paths"][&path]["post"];
            assert_eq!(operation["security"][0]["bearer"], json!([step.permission.word()]), "{path}");
            assert_eq!(step.action, step.word, "the action of {path}");
            words.insert(step.word);
            count += 1;
        }
        if !words.is_empty() {
            let posts = paths.iter().filter(|(path, operations)| {
                let is_step = !NO_STEPS.iter().any(|part| path.ends_with(part));
                is_step
                    && path.strip_prefix(&prefix).is_some_and(|word| !word.contains('/'))
                    && operations.get("post").is_some()
            });
            let served: BTreeSet<&str> = posts.filter_map(|(path, _)| path.strip_prefix(&prefix)).collect();
            assert_eq!(served, words, "STEPS of {}", resource.tag);
        }
    }
    assert!(count >= 9, "{count}");
}

#[test]
fn every_operation_lists_its_error_statuses() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let value = &operation.value;
        let has_parameter = |place: &str| {
            value["parameters"].as_array().is_some_and(|all| all.iter().any(|parameter| parameter["in"] == place))
        };
        let mut expected = vec!["406", "500", "503"];
        if operation.path.starts_with("/api/") {
            // An unknown parameter, or an invalid header.
            expected.extend(["400", "414", "422"]);
        }
        if value["security"].as_array().is_some_and(|security| !security.is_empty()) {
            expected.extend(["401", "403", "429"]);
        }
        if has_parameter("path") {
            expected.push("404");
        }
        let is_step = operation.method == "post" && has_parameter("path");
        if is_step || value.get("requestBody").is_some() {
            expected.extend(["408", "413", "415"]);
        }
        // An own session is the only deletable resource without a version.
        if matches!(operation.method.as_str(), "patch" | "delete") && operation.id != "end_session" {
            expected.extend(["409", "412", "428"]);
        }
        if value["responses"].get("201").is_some() {
            expected.extend(["200", "409"]);
        }
        for status in expected {
            if value["responses"].get(status).is_none() {
                wrong.push(format!("{}: {status} is missing", operation.id));
            }
        }
        for (status, response) in value["responses"].as_object().unwrap() {
            if response.get("$ref").is_none() && response["description"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{}: {status} is not described", operation.id));
            }
        }
    }
    assert_none("answers", wrong);
}

#[test]
fn every_path_placeholder_is_a_declared_parameter() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let named: BTreeSet<&str> =
            operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        let declared: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        if named != declared {
            wrong.push(format!("{} has {declared:?}: add params((\"id\" = …, Path))", operation.path));
        }
        for parameter in &parameters {
            if parameter["in"] == "query" && parameter["description"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{}: ?{} is not described", operation.id, parameter["name"]));
            }
        }
    }
    assert_none("parameters", wrong);
}

#[test]
fn bodies_and_responses_are_named_schemas() {
    let mut wrong = Vec::new();
    for operation in operations().iter().filter(|operation| operation.id != ANY_OBJECT) {
        let body = operation.value["requestBody"]["content"].as_object().into_iter().flatten();
        let answers = operation.value["responses"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|response| response["content"].as_object().into_iter().flatten());
        for (media_type, content) in body.chain(answers).filter(|(media_type, _)| media_type.ends_with("json")) {
            let schema = &content["schema"];
            let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
            if schema["$ref"].as_str().is_none() {
                wrong.push(format!("{}: {media_type} is {schema}", operation.id));
            }
        }
    }
    assert_none("give these a name", wrong);
}

#[test]
fn schemas_contain_no_all_of_any_of_nullable_or_inline_object() {
    let document = app::document();
    let mut wrong = Vec::new();
    each(&document, "#", &mut |value, at| {
        let Some(fields) = value.as_object() else { return };
        if at.ends_with("/properties") || at.contains("/example") {
            return;
        }
        if fields.contains_key("allOf") || fields.contains_key("anyOf") {
            wrong.push(format!("{at}: allOf or anyOf (a #[serde(flatten)]?)"));
        }
        if fields.contains_key("nullable") {
            wrong.push(format!("{at}: `nullable` is of OpenAPI 3.0"));
        }
        if let Some(kinds) = fields.get("oneOf").and_then(Value::as_array) {
            let null = kinds.iter().filter(|kind| kind["type"] == "null").count();
            let reference = kinds.iter().filter(|kind| kind.get("$ref").is_some()).count();
            if kinds.len() != 2 || null != 1 || reference != 1 {
                wrong.push(format!("{at}: oneOf is for null and one schema"));
            }
        }
    });
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            if property.get("properties").is_some() {
                wrong.push(format!("{name}.{field}: an object without a name"));
            }
        }
    }
    assert_none("schemas", wrong);
}

/// Indexing a `serde_json::Value` mutably inserts a null.
#[test]
fn the_document_contains_no_null_outside_examples() {
    let mut wrong = Vec::new();
    each(&app::document(), "#", &mut |value, at| {
        if value.is_null() && !at.contains("/example") {
            wrong.push(at.to_owned());
        }
    });
    assert_none("nulls", wrong);
}

#[test]
fn every_reference_resolves_and_every_schema_is_used() {
    let document = app::document();
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    each(&document, "#", &mut |value, at| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            used.insert(reference.to_owned());
            if reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer)).is_none() {
                wrong.push(format!("{at}: {reference}"));
            }
        }
    });
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        if !used.contains(&format!("#/components/schemas/{name}")) {
            wrong.push(format!("{name} is not used"));
        }
    }
    assert_none("references", wrong);
}

#[test]
fn every_request_schema_forbids_additional_properties() {
    let document = app::document();
    let mut open: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = Vec::new();
    for operation in operations() {
        each(&operation.value["requestBody"], "", &mut |value, _| {
            waiting.extend(value.get("$ref").and_then(Value::as_str).map(str::to_owned));
        });
    }
    while let Some(reference) = waiting.pop() {
        if !seen.insert(reference.clone()) {
            continue;
        }
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        if schema.get("properties").is_some() && schema["additionalProperties"] != false {
            open.push(reference);
        }
        each(schema, "", &mut |value, _| {
            waiting.extend(value.get("$ref").and_then(Value::as_str).map(str::to_owned));
        });
    }
    assert_none("open requests", open);
}

/// `utoipa-actix-web` silently keeps the last of two schemas with one name, so the names are read from the source.
#[test]
fn schema_names_are_unique() {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    collect_schema_names(|name, file| {
        if let Some(other) = names.insert(name.clone(), file.clone()) {
            wrong.push(format!("{name} in {other} and {file}"));
        }
    });
    assert!(names.contains_key("User"), "the search finds nothing: {names:?}");
    assert!(names.contains_key("Role"), "the search does not find enumerations: {names:?}");
    assert_none("schemas of one name", wrong);
}

fn collect_schema_names(mut found: impl FnMut(String, String)) {
    each_source(|path, text| {
        // A derive list may span several lines; `pub struct` or `pub enum` follows it.
        let mut is_schema = false;
        for line in text.lines().map(str::trim_start) {
            if line.starts_with("db_enum!") || (line.contains("ToSchema") && !line.starts_with("use ")) {
                is_schema = true;
            }
            let declared = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
            if let Some(rest) = declared {
                let name = word(rest);
                if is_schema && !name.is_empty() {
                    found(name, path.display().to_string());
                }
                is_schema = false;
            }
        }
    });
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Reads each file of the source.
fn each_source(mut read: impl FnMut(&Path, &str)) {
    for path in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        read(&path, &fs::read_to_string(&path).unwrap());
    }
}

/// The attribute of serde is read from the source, because the document does not show it.
#[test]
fn a_field_that_an_answer_may_leave_out_is_not_required() {
    let document = app::document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let (mut wrong, mut known) = (Vec::new(), 0);
    each_source(|_, text| {
        let (mut owner, mut is_absent) = (String::new(), false);
        for line in text.lines().map(str::trim_start) {
            owner = line.strip_prefix("pub struct ").map_or(owner, word);
            is_absent |= line.starts_with("#[serde(") && line.contains("skip_serializing_if");
            let Some(field) = line.strip_prefix("pub ").filter(|_| is_absent).map(word) else { continue };
            is_absent = false;
            // The schemas of `Page<T>` are `HouseholdPage` and so on.
            let of_owner =
                schemas.iter().filter(|(name, _)| **name == owner || owner == "Page" && name.ends_with("Page"));
            for (name, schema) in of_owner {
                known += 1;
                if schema["required"].as_array().is_some_and(|required| required.contains(&Value::from(field.as_str())))
                {
                    wrong.push(format!("{name}.{field}"));
                }
            }
        }
    });
    assert!(known > 20, "the search finds nothing");
    assert_none("required fields that may be absent", wrong);
}

#[test]
fn enumerations_are_published_with_their_snake_case_values() {
    let document = app::document();
    let words = |name: &str| document["components"]["schemas"][name]["enum"].clone();
    assert_eq!(words("Role"), json!(["admin", "province", "district", "commune", "twinning_unit", "village_head"]));
    let mut wrong = Vec::new();
    each(&document, "#", &mut |value, at| {
        for word in value.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            // Indicators of poverty and one error code contain digits, sort keys a sign.
            let is_free =
                ["Deprivation", "ProblemFieldCode", "/parameters/", "/headers/"].iter().any(|part| at.contains(part));
            if !is_free && !word.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                wrong.push(format!("{at}: {word}"));
            }
        }
    });
    assert_none("enumerations", wrong);
}

/// The documentation page fills the body with it. `script/fuzz` validates the examples against the schemas.
#[test]
fn every_body_has_an_example_with_the_required_fields() {
    let document = app::document();
    let mut wrong = Vec::new();
    for operation in operations() {
        let contents = operation.value["requestBody"]["content"].as_object().into_iter().flatten();
        let Some(reference) = contents.filter_map(|(_, content)| content["schema"]["$ref"].as_str()).next() else {
            continue;
        };
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        if schema["example"].as_object().is_none_or(Map::is_empty) {
            wrong.push(format!("{}: no example", operation.id));
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        wrong.extend(
            required
                .filter(|field| schema["example"].get(field).is_none())
                .map(|field| format!("{}: its example lacks {field}", operation.id)),
        );
    }
    assert_none("examples", wrong);
}

#[test]
fn a_field_of_a_change_is_nullable_exactly_where_null_is_accepted() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let household = world.household(&head, village, "Siu Blang");
    let path = format!("/households/{household}");
    let document = app::document();
    let fields = document["components"]["schemas"]["HouseholdChanges"]["properties"].as_object().unwrap();
    assert!(fields.len() > 15);
    for (name, schema) in fields {
        let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
        let kinds = [schema["type"].as_array(), schema["oneOf"].as_array()];
        let nullable = kinds.into_iter().flatten().flatten().any(is_null);
        let tag = head.get(&path).etag();
        let answer = head.with("If-Match", &tag).patch(&path, json!({ name: null }));
        if nullable {
            answer.expect(200);
        } else {
            answer.expect_invalid(&[(&format!("#/{name}"), "required")]);
        }
    }
}

#[test]
fn no_description_is_inside_a_one_of() {
    let document = app::document();
    let mut lost = Vec::new();
    each(&document, "", &mut |value, at| {
        let variants = value["oneOf"].as_array().into_iter().flatten();
        if variants.into_iter().any(|variant| variant.get("description").is_some()) {
            lost.push(at.to_owned());
        }
    });
    assert_none("descriptions inside oneOf", lost);
    let moves = &document["components"]["schemas"]["LocalityChanges"]["properties"]["current_parent_id"];
    assert!(moves["description"].as_str().unwrap().starts_with("Moves the village"), "{moves}");
}

#[test]
fn every_response_with_a_version_declares_an_etag() {
    let document = app::document();
    let mut wrong = Vec::new();
    for operation in operations() {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let reference = response["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
            let schema = document.pointer(reference.trim_start_matches('#'));
            if schema.is_some_and(|schema| schema["properties"].get("version").is_some())
                && response["headers"].get("ETag").is_none()
            {
                wrong.push(format!("{} {status}", operation.id));
            }
        }
    }
    assert_none("responses without ETag", wrong);
}
