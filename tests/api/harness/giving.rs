//! The records that visits and gifts refer to, inserted by SQL: organisations, twinnings, households and items of
//! approved lists.

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::client::Client;
use super::world::World;

/// Runs a statement in a transaction that entered as `system`, as jobs do.
pub fn as_system(world: &World, sql: &str) {
    let now = world.server.db.clock.now().to_rfc3339();
    let sql = format!("BEGIN; SET LOCAL ROLE app; SELECT app_enter_system('{now}'); {sql}; COMMIT");
    world.server.sql().batch_execute(&sql).unwrap();
}

/// Returns one value as text.
pub fn value(world: &World, sql: &str) -> String {
    #[derive(QueryableByName)]
    struct Value {
        #[diesel(sql_type = Text)]
        value: String,
    }
    let row: Value = sql_query(format!("SELECT ({sql})::text AS value")).get_result(&mut world.server.sql()).unwrap();
    row.value
}

pub fn organisation(world: &World, managed_by: Uuid, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    as_system(
        world,
        &format!(
            "INSERT INTO organisations (id, name, kind, level, locality_id)
             VALUES ('{id}', '{name}', 'department', 'commune', '{managed_by}')"
        ),
    );
    id
}

/// An organisation of the kind `locality`: a place that gives.
pub fn place_organisation(world: &World, managed_by: Uuid, place: Uuid) -> Uuid {
    let id = Uuid::now_v7();
    as_system(
        world,
        &format!(
            "INSERT INTO organisations (id, name, kind, level, locality_id, place_id)
             VALUES ('{id}', 'Địa phương', 'locality', 'village', '{managed_by}', '{place}')"
        ),
    );
    id
}

/// A twinning from 2024-01-01 to this day.
pub fn twinning(world: &World, organisation: Uuid, place: Uuid, ends_on: Option<&str>) -> Uuid {
    let (id, programme) = (Uuid::now_v7(), Uuid::now_v7());
    let ends = ends_on.map_or("NULL".to_owned(), |day| format!("'{day}'"));
    as_system(
        world,
        &format!(
            "INSERT INTO programmes (id, title, kind, effective_on, locality_id)
             VALUES ('{programme}', 'Kế hoạch', 'plan', '2024-01-01', '{}');
             INSERT INTO twinnings (id, programme_id, organisation_id, locality_id, lead, starts_on, ends_on)
             VALUES ('{id}', '{programme}', '{organisation}', '{place}', true, '2024-01-01', {ends})",
            world.gialai
        ),
    );
    id
}

pub fn household(world: &World, village: Uuid, head: &str) -> Uuid {
    let id = Uuid::now_v7();
    as_system(
        world,
        &format!(
            "INSERT INTO households (id, village_id, head_name, ethnic_group, poverty_status, poverty_year)
             VALUES ('{id}', '{village}', '{head}', '10', 'poor', 2026)"
        ),
    );
    id
}

pub fn member(world: &World, household: Uuid, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    as_system(
        world,
        &format!("INSERT INTO household_members (id, household_id, name) VALUES ('{id}', '{household}', '{name}')"),
    );
    id
}

/// An item of a new list, which is approved or a draft.
pub fn listed(world: &World, village: Uuid, household: Uuid, approved: bool) -> Uuid {
    let (id, list) = (Uuid::now_v7(), Uuid::now_v7());
    let (status, at) = if approved { ("approved", "app_now()") } else { ("draft", "NULL") };
    as_system(
        world,
        &format!(
            "INSERT INTO hardship_lists (id, village_id, year, round, status, approved_at)
             VALUES ('{list}', '{village}', 2026,
                     (SELECT count(*) + 1 FROM hardship_lists WHERE village_id = '{village}'), '{status}', {at});
             INSERT INTO hardship_items (id, list_id, village_id, household_id, reasons, needs, priority, approved)
             VALUES ('{id}', '{list}', '{village}', '{household}', '{{disabled}}', '{{food}}', 1, {approved})"
        ),
    );
    id
}

pub fn item_status(world: &World, item: Uuid) -> String {
    value(world, &format!("SELECT status FROM hardship_items WHERE id = '{item}'"))
}

/// A unit twinned with làng Tung, which has one household on an approved list and one on no list.
pub struct Giving {
    pub world: World,
    pub village: Uuid,
    pub organisation: Uuid,
    pub twinning: Uuid,
    pub home: Uuid,
    pub item: Uuid,
    pub unlisted: Uuid,
    pub unit: Client,
    pub head: Client,
    pub official: Client,
}

impl Giving {
    pub fn new() -> Self {
        Self::on(World::new())
    }

    pub fn on(world: World) -> Self {
        let village = world.village(world.ianan, "Tung");
        let organisation = organisation(&world, world.ianan, "Văn phòng");
        let twinning = twinning(&world, organisation, village, None);
        let home = household(&world, village, "Rơ Mah Hyen");
        let item = listed(&world, village, home, true);
        let unlisted = household(&world, village, "Rơ Mah Lan");
        let unit = world.unit(organisation);
        let head = world.head(village);
        let official = world.commune(world.ianan);
        Self { world, village, organisation, twinning, home, item, unlisted, unit, head, official }
    }
}
