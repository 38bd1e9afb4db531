//! Organisations, programmes and twinnings, created through the API by an official of their place.

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
    /// An official of the commune that contains the place; of Gia Lai for a wider place.
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

    /// An organisation of the kind `locality`: a village, commune or district that gives.
    pub fn place_organisation(&self, place: Uuid, name: &str) -> Uuid {
        let new = json!({"name": name, "kind": "locality", "locality_id": place, "place_id": place});
        id_of(&self.official_over(place).post("/organisations", new).expect(201))
    }

    /// A programme of a place, in force since 2019 without an end.
    pub fn programme(&self, locality: Uuid) -> Uuid {
        let new = json!({"title": "Kế hoạch kết nghĩa", "kind": "plan", "effective_on": "2019-01-01", "locality_id": locality});
        id_of(&self.official_over(locality).post("/programmes", new).expect(201))
    }

    /// A twinning since 2024 without an end.
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
