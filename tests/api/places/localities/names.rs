//! Names of villages: the kind in front of a name, and villages of the same name.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, World, id_of};

fn add(official: &Client, commune: Uuid, kind: &str, name: &str) -> Value {
    official.post("/localities", json!({"name": name, "kind": kind, "parent_id": commune})).expect(201)
}

/// Case 46: `TUNG` and `làng Tung` beside làng Tung.
#[test]
fn villages_of_one_name_and_kind_are_created_with_a_warning() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let first = add(&official, world.ianan, "lang", "Tung");
    assert_eq!(first["warnings"], json!([]));
    let capitals = add(&official, world.ianan, "lang", "TUNG");
    let spoken = add(&official, world.ianan, "lang", "làng Tung");
    assert_eq!((&capitals["name"], &spoken["name"]), (&json!("TUNG"), &json!("Tung")));
    let others = |village: &Value| -> Vec<Uuid> {
        let warnings = village["warnings"].as_array().unwrap();
        assert!(warnings.iter().all(|warning| warning["code"] == "possible_duplicate"));
        warnings.iter().map(id_of).collect()
    };
    let (first, capitals, spoken) = (id_of(&first), id_of(&capitals), id_of(&spoken));
    let read = |id: Uuid| others(&official.get(&format!("/localities/{id}")).expect(200));
    assert_eq!(read(first), [capitals, spoken]);
    assert_eq!(read(spoken), [first, capitals]);
    let page = official.get("/localities?level=village").expect(200);
    assert!(page["items"].as_array().unwrap().iter().all(|village| others(village).len() == 2));
    // Another kind, another commune, and a caller who does not see the others.
    assert_eq!(others(&add(&official, world.ianan, "thon", "Tung")), [] as [Uuid; 0]);
    let elsewhere = add(&world.commune(world.kongchro), world.kongchro, "lang", "Tung");
    assert_eq!(others(&elsewhere), [] as [Uuid; 0]);
    assert_eq!(world.head(first).get(&format!("/localities/{first}")).expect(200)["warnings"], json!([]));
    official.patch(&format!("/localities/{capitals}"), json!({"name": "Tung Breng"})).expect(200);
    assert_eq!(read(first), [spoken]);
}

/// Case 46: the kind is taken off a name, and a name with another kind is refused.
#[test]
fn the_kind_in_front_of_a_name_is_taken_off_and_must_be_the_kind() {
    let world = World::new();
    let official = world.commune(world.ianan);
    let name = |kind: &str, name: &str| add(&official, world.ianan, kind, name)["name"].clone();
    assert_eq!(name("lang", "LÀNG Hle Hlang"), "Hle Hlang");
    assert_eq!(name("to_dan_pho", "Tổ dân phố Hòa Bình"), "Hòa Bình");
    for kept in ["Thôn 9", "Thôn 2A"] {
        assert_eq!(name("thon", kept), kept);
    }
    assert_eq!(name("lang", "Lang Biang"), "Lang Biang");
    let refused = |kind: &str, name: &str| {
        let new = json!({"name": name, "kind": kind, "parent_id": world.ianan});
        official.post("/localities", new).expect_invalid(&[("#/name", "kind_in_name")]);
    };
    refused("lang", "thôn Tung");
    refused("lang", "Thôn 9");
    let village = format!("/localities/{}", id_of(&add(&official, world.ianan, "lang", "Nú")));
    let renamed = official.patch(&village, json!({"name": "làng Nú Mới"})).expect(200);
    assert_eq!(renamed["name"], "Nú Mới");
    official.patch(&village, json!({"name": "bản Nú"})).expect_invalid(&[("#/name", "kind_in_name")]);
    let both = official.patch(&village, json!({"name": "bản Nú", "kind": "ban"})).expect(200);
    assert_eq!((&both["name"], &both["kind"]), (&json!("Nú"), &json!("ban")));
    let new = json!({"valid_from": "2026-03-01", "name": "thôn Nú"});
    official.post(&format!("{village}/versions"), new).expect_invalid(&[("#/name", "kind_in_name")]);
}
