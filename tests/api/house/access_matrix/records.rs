//! Records of villages in every relation to the callers, inserted by SQL. Their days are in the past at the time of
//! districts, too.

use uuid::Uuid;

use super::stage::{Stage, localities, villages};
use super::{Caller, Relation};

pub const DAY: &str = "2025-05-20";

impl Stage {
    fn insert(&self, table: &str, columns: &str, values: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.as_system(&format!("INSERT INTO {table} (id, {columns}) VALUES ('{id}', {values})"));
        id
    }

    /// An organisation managed by a place, without an account.
    pub fn new_organisation(&self, place: Uuid) -> Uuid {
        let values = format!("'Hội Nông dân', 'mass_organisation', 'commune', '{place}'");
        self.insert("organisations", "name, kind, level, locality_id", &values)
    }

    pub fn new_programme(&self, place: Uuid) -> Uuid {
        self.insert(
            "programmes",
            "title, kind, effective_on, locality_id",
            &format!("'Kế hoạch', 'plan', '2020-01-01', '{place}'"),
        )
    }

    pub fn new_twinning(&self, organisation: Uuid, place: Uuid) -> Uuid {
        let programme = self.new_programme(place);
        self.insert(
            "twinnings",
            "programme_id, organisation_id, locality_id, lead, starts_on",
            &format!("'{programme}', '{organisation}', '{place}', true, '2021-01-01'"),
        )
    }

    pub fn new_household(&self, village: Uuid) -> Uuid {
        self.insert(
            "households",
            "village_id, head_name, ethnic_group, poverty_status, poverty_year",
            &format!("'{village}', 'Rơ Mah Hyen', '10', 'poor', 2025"),
        )
    }

    pub fn new_list(&self, village: Uuid, status: &str) -> Uuid {
        let number = self.next();
        let approved = if status == "approved" { "app_now()" } else { "NULL" };
        // Years that the bodies of the rows do not use.
        let (year, round) = (2030 + number / 12, 1 + number % 12);
        self.insert(
            "hardship_lists",
            "village_id, year, round, status, approved_at",
            &format!("'{village}', {year}, {round}, '{status}', {approved}"),
        )
    }

    pub fn new_item(&self, list: Uuid, household: Uuid) -> Uuid {
        self.insert(
            "hardship_items",
            "list_id, village_id, household_id, reasons, needs, priority, approved",
            &format!(
                "'{list}', (SELECT village_id FROM households WHERE id = '{household}'), '{household}', '{{disabled}}', '{{food}}', 1,
                 (SELECT status = 'approved' FROM hardship_lists WHERE id = '{list}')"
            ),
        )
    }

    /// A list with one household on it.
    pub fn new_list_of_one(&self, village: Uuid, status: &str) -> Uuid {
        let list = self.new_list(village, status);
        self.new_item(list, self.new_household(village));
        list
    }

    /// A household on an approved list, which twinned units see.
    pub fn new_listed_household(&self, village: Uuid) -> Uuid {
        let household = self.new_household(village);
        self.new_item(self.new_list(village, "approved"), household);
        household
    }

    fn new_visit(&self, twinning: Uuid, by: Uuid) -> Uuid {
        self.insert(
            "visits",
            "twinning_id, organisation_id, village_id, visited_on, purpose, participants, acted_by",
            &format!("'{twinning}', {}, '{DAY}', 'holiday', 3, '{by}'", ends(twinning)),
        )
    }

    fn new_gift(&self, twinning: Uuid, by: Uuid, status: &str) -> Uuid {
        self.insert(
            "gifts",
            "twinning_id, organisation_id, village_id, category, description, value_vnd, funding_source, given_on, status, acted_by",
            &format!("'{twinning}', {}, 'food', 'Gạo', 100000, 'organisation_own', '{DAY}', '{status}', '{by}'", ends(twinning)),
        )
    }

    fn id(&self, sql: &str) -> Option<Uuid> {
        self.ask(sql).map(|id| id.parse().unwrap())
    }

    /// A column of a record, if the place of the record lies in the commune.
    pub fn value_in_the_commune(&self, table: &str, id: Option<Uuid>, place: &str, column: &str) -> Option<Uuid> {
        let (id, commune) = (id?, self.commune);
        self.id(&format!(
            "SELECT r.{column} FROM {table} r JOIN localities l ON l.id = r.{place} WHERE r.id = '{id}' AND l.commune_id = '{commune}'"
        ))
    }

    /// The village of the record, or that of the head where the record is out of scope.
    pub fn village_with(&self, caller: Caller, table: &str, id: Option<Uuid>) -> Uuid {
        let column = match table {
            "localities" => "id",
            "twinnings" => "locality_id",
            _ => "village_id",
        };
        let told = self.value_in_the_commune(table, id, column, column);
        told.filter(|village| Self::has_places_below(caller) || *village == self.village).unwrap_or(self.village)
    }

    /// A twinning with the village under which the caller may record, if it may record at all.
    pub fn twinning_for(&self, caller: Caller, village: Uuid) -> Uuid {
        match caller {
            Caller::Unit => self.twinning,
            _ => self.new_twinning(self.new_organisation(village), village),
        }
    }
}

/// Organisation and village of a twinning, as SQL expressions.
fn ends(twinning: Uuid) -> String {
    let of = |column| format!("(SELECT {column} FROM twinnings WHERE id = '{twinning}')");
    format!("{}, {}", of("organisation_id"), of("locality_id"))
}

/// The village of a record; officials have no own village.
pub fn home_villages(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    match relation {
        Relation::Own => (!Stage::has_places_below(caller)).then_some(stage.village),
        _ => villages(stage, caller, relation),
    }
}

/// A present holder of a post of a village.
pub fn posts(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    let values = format!("'{village}', 'health_worker', 'Siu Hyen'");
    Some(stage.insert("locality_posts", "locality_id, post, person_name", &values))
}

pub fn organisations(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    localities(stage, caller, relation).map(|place| stage.new_organisation(place))
}

pub fn programmes(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    localities(stage, caller, relation).map(|place| stage.new_programme(place))
}

/// A programme for a twinning of the village; in scope, one of its commune.
pub fn programmes_over_the_village(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    match relation {
        Relation::Own | Relation::Below => {
            programmes(stage, caller, relation).map(|_| stage.new_programme(stage.commune))
        }
        _ => programmes(stage, caller, relation),
    }
}

/// For a unit its own twinning is own; every other is of an organisation without an account.
pub fn twinnings(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    let own = caller == Caller::Unit && relation == Relation::Own;
    let organisation = if own { stage.organisation } else { stage.new_organisation(village) };
    Some(stage.new_twinning(organisation, village))
}

/// A group of the village; for a unit that of its organisation is own.
pub fn working_groups(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    let own = caller == Caller::Unit && relation == Relation::Own;
    let (party, id) = if own { ("organisation_id", stage.organisation) } else { ("locality_id", village) };
    let programme = stage.new_programme(village);
    let values = format!("'{programme}', '{id}', 'working_group', 'Tổ công tác', '{DAY}', '[]'");
    Some(stage.insert(
        "working_groups",
        &format!("programme_id, {party}, kind, name, established_on, members"),
        &values,
    ))
}

/// For a unit: a listed household of its village, and one that is on no list.
pub fn households(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    match (caller, relation) {
        (Caller::Unit, Relation::Own) => Some(stage.new_listed_household(stage.village)),
        (Caller::Unit, Relation::Outside) => Some(stage.new_household(stage.village)),
        _ => home_villages(stage, caller, relation).map(|village| stage.new_household(village)),
    }
}

impl Stage {
    fn new_assessment(&self, household: Uuid, status: &str) -> Uuid {
        let confirmed = if status == "confirmed" { "app_now()" } else { "NULL" };
        self.insert(
            "household_assessments",
            "household_id, assessed_on, round_year, round_kind, standard, poverty_status, status, confirmed_at",
            &format!("'{household}', '2025-03-10', 2025, 'regular', 'nd07_2021', 'poor', '{status}', {confirmed}"),
        )
    }
}

/// Confirmed assessments; for a unit a proposed one is outside.
pub fn assessments(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    match (caller, relation) {
        (Caller::Unit, Relation::Outside) => {
            Some(stage.new_assessment(stage.new_listed_household(stage.village), "proposed"))
        }
        _ => households(stage, caller, relation).map(|home| stage.new_assessment(home, "confirmed")),
    }
}

pub fn proposed_assessments(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    Some(stage.new_assessment(stage.new_household(village), "proposed"))
}

pub fn returned_assessments(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    Some(stage.new_assessment(stage.new_household(village), "returned"))
}

/// A village whose register of 2024 is complete.
pub fn completed_villages(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    stage.as_system(&format!(
        "DELETE FROM village_registers WHERE village_id = '{village}';
         INSERT INTO village_registers (id, village_id, year, complete, completed_on)
         VALUES (gen_random_uuid(), '{village}', 2024, true, '2025-01-10')"
    ));
    Some(village)
}

pub fn consents(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let home = home_villages(stage, caller, relation).map(|village| stage.new_household(village))?;
    let values = format!("'{home}', 'Siu A', '{DAY}', 'signature', '{}'", Uuid::now_v7());
    Some(stage.insert("household_consents", "household_id, given_by, given_on, proof, acted_by", &values))
}

/// Approved lists; for a unit a draft of its village is outside.
pub fn lists(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    match (caller, relation) {
        (Caller::Unit, Relation::Outside) => Some(stage.new_list_of_one(stage.village, "draft")),
        _ => approved_lists(stage, caller, relation),
    }
}

pub fn drafts(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    home_villages(stage, caller, relation).map(|village| stage.new_list_of_one(village, "draft"))
}

pub fn submitted_lists(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    home_villages(stage, caller, relation).map(|village| stage.new_list_of_one(village, "submitted"))
}

pub fn approved_lists(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    home_villages(stage, caller, relation).map(|village| stage.new_list_of_one(village, "approved"))
}

/// Listed households of approved lists.
pub fn items(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    Some(stage.new_item(stage.new_list(village, "approved"), stage.new_household(village)))
}

/// A pledge of the unit, or of an organisation without an account.
pub fn pledges(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    let village = home_villages(stage, caller, relation)?;
    let item = items(stage, caller, relation)?;
    let own = caller == Caller::Unit && relation == Relation::Own;
    let organisation = if own { stage.organisation } else { stage.new_organisation(village) };
    let values = format!("'{item}', '{organisation}', (SELECT village_id FROM hardship_items WHERE id = '{item}')");
    Some(stage.insert("pledges", "item_id, organisation_id, village_id", &values))
}

/// Twinning and recorder of a visit or gift. For an official a record is own that the official recorded; for a unit the
/// record of another unit in the same village is outside.
fn recorded(stage: &Stage, caller: Caller, relation: Relation) -> Option<(Uuid, Uuid)> {
    let silent = |village| stage.new_twinning(stage.new_organisation(village), village);
    match (caller, relation) {
        (Caller::Unit, Relation::Own) => Some((stage.twinning, Uuid::now_v7())),
        (Caller::Unit, Relation::Outside) => Some((silent(stage.village), Uuid::now_v7())),
        (_, Relation::Own) if Stage::has_places_below(caller) => {
            villages(stage, caller, Relation::Below).map(|village| (silent(village), stage.user_id(caller)))
        }
        _ => home_villages(stage, caller, relation).map(|village| (silent(village), Uuid::now_v7())),
    }
}

pub fn visits(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    recorded(stage, caller, relation).map(|(twinning, by)| stage.new_visit(twinning, by))
}

pub fn gifts(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    recorded(stage, caller, relation).map(|(twinning, by)| stage.new_gift(twinning, by, "recorded"))
}

pub fn disputed_gifts(stage: &Stage, caller: Caller, relation: Relation) -> Option<Uuid> {
    recorded(stage, caller, relation).map(|(twinning, by)| stage.new_gift(twinning, by, "disputed"))
}
