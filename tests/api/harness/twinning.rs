//! Organisations, programmes and twinnings, made through the API by the official who looks after
//! their place.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::client::Client;
use super::world::{World, id_of};

#[derive(QueryableByName)]
struct Commune {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    commune_id: Option<Uuid>,
}

impl World {
    /// The official of the commune a place is or lies in; of Gia Lai, where it is wider.
    pub fn official_over(&self, place: Uuid) -> Client {
        let found: Commune = diesel::sql_query("SELECT commune_id FROM localities WHERE id = $1")
            .bind::<SqlUuid, _>(place)
            .get_result(&mut self.server.sql())
            .unwrap();
        match found.commune_id {
            Some(commune) => self.commune(commune),
            None => self.province(self.gialai),
        }
    }

    /// A department managed by a place.
    pub fn organisation(&self, locality: Uuid, name: &str) -> Uuid {
        let new = json!({"name": name, "kind": "department", "locality_id": locality});
        id_of(&self.official_over(locality).post("/organisations", new).expect(201))
    }

    /// A village, commune or district as a giver.
    pub fn place_organisation(&self, place: Uuid, name: &str) -> Uuid {
        let new = json!({"name": name, "kind": "locality", "locality_id": place, "place_id": place});
        id_of(&self.official_over(place).post("/organisations", new).expect(201))
    }

    /// An open plan of a place, in force since 2019.
    pub fn programme(&self, locality: Uuid) -> Uuid {
        let new = json!({"title": "Kế hoạch kết nghĩa", "kind": "plan", "effective_on": "2019-01-01", "locality_id": locality});
        id_of(&self.official_over(locality).post("/programmes", new).expect(201))
    }

    /// An open twinning since 2024.
    pub fn twinning(&self, programme: Uuid, organisation: Uuid, place: Uuid) -> Uuid {
        self.twinning_between(programme, organisation, place, "2024-01-01", None)
    }

    pub fn twinning_between(
        &self,
        programme: Uuid,
        organisation: Uuid,
        place: Uuid,
        starts_on: &str,
        ends_on: Option<&str>,
    ) -> Uuid {
        let new = json!({"programme_id": programme, "organisation_id": organisation, "locality_id": place, "lead": true,
            "starts_on": starts_on, "ends_on": ends_on});
        id_of(&self.official_over(place).post("/twinnings", new).expect(201))
    }
}
