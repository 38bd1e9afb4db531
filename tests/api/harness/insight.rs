//! Many households and gifts, inserted by SQL, for aggregates to count; API keys; the rows of a response.

use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;
use super::giving::as_system;
use super::world::World;

impl World {
    /// An API key for a place, created by an official of the province.
    pub fn key(&self, province: Uuid, place: Uuid) -> Client {
        let made = self.province(province).post("/api-keys", json!({"name": "Bảng số liệu", "locality_id": place}));
        self.server.anonymous().with_token(made.expect(201)["key"].as_str().unwrap())
    }

    /// Inserts households of ethnic group 10 with an assessment of this year.
    pub fn households(&self, village: Uuid, number: u64, poverty_status: &str, year: i32) {
        as_system(
            self,
            &format!(
                "WITH made AS (
                   INSERT INTO households (id, village_id, head_name, ethnic_group, poverty_status, poverty_year, poverty_assessed_on,
                                           poverty_standard)
                   SELECT gen_random_uuid(), '{village}', 'Siu ' || n, '10', '{poverty_status}', {year}, '{year}-11-01', 'nd07_2021'
                     FROM generate_series(1, {number}) n RETURNING id, scope_path)
                 INSERT INTO household_assessments (id, household_id, scope_path, round_year, round_kind, standard, poverty_status,
                                                    assessed_on, status, confirmed_at)
                 SELECT gen_random_uuid(), id, scope_path, {year}, 'annual', 'nd07_2021', '{poverty_status}', '{year}-11-01',
                        'confirmed', app_now() FROM made"
            ),
        );
    }

    /// Inserts households of a village, each with one gift on this day.
    pub fn gifts(&self, twinning: Uuid, village: Uuid, number: u64, given_on: &str) {
        as_system(
            self,
            &format!(
                "WITH made AS (
                   INSERT INTO households (id, village_id, head_name, ethnic_group, poverty_status, poverty_year)
                   SELECT gen_random_uuid(), '{village}', 'Rah ' || n, '10', 'poor', 2026
                     FROM generate_series(1, {number}) n RETURNING id)
                 INSERT INTO gifts (id, twinning_id, organisation_id, village_id, household_id, category, description, value_vnd,
                                    funding_source, given_on, acted_by)
                 SELECT gen_random_uuid(), t.id, t.organisation_id, '{village}', made.id, 'food', 'Gạo', 100000,
                        'organisation_own', '{given_on}', gen_random_uuid()
                   FROM made, twinnings t WHERE t.id = '{twinning}'"
            ),
        );
    }
}

/// The rows of a response.
pub fn rows(answer: &Value) -> &[Value] {
    answer["rows"].as_array().unwrap()
}

/// One value of every row, `None` where it is suppressed.
pub fn column(answer: &Value, value: &str) -> Vec<Option<i64>> {
    rows(answer).iter().map(|row| row["values"][value].as_i64()).collect()
}

/// A random generator with a fixed seed, so that a failure is reproducible (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}
