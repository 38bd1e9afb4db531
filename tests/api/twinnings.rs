use serde_json::json;

use crate::support::World;

#[test]
fn a_twinning_shows_who_stands_by_which_place_and_how_it_stands() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let organisation = world.organisation(world.ianan, "Văn phòng xã");
    let programme = world.programme(world.ianan);
    let twinning = world.twinning(programme, organisation, village);
    let shown = world.commune(world.ianan).get(&format!("/twinnings/{twinning}")).expect(200);
    assert_eq!(shown["programme_title"], "Kế hoạch kết nghĩa");
    assert_eq!(shown["organisation_name"], "Văn phòng xã");
    assert_eq!((&shown["locality_name"], &shown["locality_level"]), (&json!("Tung"), &json!("village")));
    assert_eq!((&shown["status"], &shown["lead"], &shown["ends_on"]), (&json!("active"), &json!(true), &json!(null)));
}
