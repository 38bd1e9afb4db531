use serde_json::json;

use crate::support::World;

#[test]
fn a_user_signs_in_and_learns_who_they_are() {
    let world = World::new();
    let me = world.commune(world.ianan).get("/me").expect(200);
    assert_eq!(me["role"], "commune");
    assert_eq!(me["locality"]["code"], "23884");
    assert_eq!(me["must_change_password"], false);
    assert!(me["permissions"].as_array().unwrap().contains(&json!("hardship_lists:decide")));
}
