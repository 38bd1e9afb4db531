//! Households and hardship lists, created through the API.

use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;
use super::world::{World, id_of};

/// A request for a household with the required fields only.
pub fn household(village: Uuid, head_name: &str) -> Value {
    json!({"village_id": village, "head_name": head_name, "ethnic_group": "10", "poverty_status": "poor"})
}

pub fn item(household: Uuid) -> Value {
    json!({"household_id": household, "reasons": ["temporary_house"], "needs": ["housing"], "priority": 1})
}

impl World {
    pub fn household(&self, head: &Client, village: Uuid, head_name: &str) -> Uuid {
        id_of(&head.post("/households", household(village, head_name)).expect(201))
    }

    /// Creates a draft of the first list of 2026 with these households.
    pub fn draft(&self, head: &Client, village: Uuid, households: &[Uuid]) -> Value {
        let items: Vec<Value> = households.iter().map(|id| item(*id)).collect();
        head.post("/hardship-lists", json!({"village_id": village, "year": 2026, "items": items})).expect(201)
    }

    /// Creates, submits and approves a list and returns it.
    pub fn approved_list(&self, head: &Client, official: &Client, village: Uuid, households: &[Uuid]) -> Value {
        let id = id_of(&self.draft(head, village, households));
        head.step(&format!("/hardship-lists/{id}/submit")).expect(200);
        official.step(&format!("/hardship-lists/{id}/approve")).expect(200)
    }
}
