//! Descriptions of fields with the same meaning in all schemas; a doc comment on the field has precedence.

use serde_json::{Value, json};

/// Field and description.
const COMMON: &[(&str, &str)] = &[
    ("id", "The id of the record."),
    ("version", "Counts the changes of the record; the `ETag` of its answer."),
    ("created_at", "Time of the creation."),
    ("updated_at", "Time of the last change."),
    ("created_by", "The account that created it."),
    ("acted_by", "The account that entered it."),
    ("items", "The rows of the page, or the entries of the list."),
    ("results", "The outcomes, in the order of the items."),
    ("name", "The name, as it is shown."),
    ("full_name", "The name of the person."),
    ("username", "The name for signing in, in small letters."),
    ("password", "The password, or a one-time password."),
    ("current_password", "The password, or one-time password, of this sign-in."),
    ("refresh_token", "The token of the last sign-in or refresh."),
    ("active", "Whether the account can sign in."),
    ("must_change_password", "Whether a one-time password has to be replaced first."),
    ("title", "The title, as on the paper."),
    ("number", "The number, as on the paper."),
    ("issuer", "The body that issued it."),
    ("issued_on", "Day of issue."),
    ("effective_on", "First day (inclusive)."),
    ("established_on", "Day of establishment."),
    ("starts_on", "First day (inclusive)."),
    ("ends_on", "Last day (inclusive); null: open."),
    ("ended_on", "Last day (inclusive); null: not ended."),
    ("valid_from", "First day (inclusive); null: unknown."),
    ("valid_to", "Last day (inclusive); null: not ended."),
    ("expires_on", "Last day of validity (inclusive); null: unlimited."),
    ("decision_number", "Number of the decision."),
    ("decision_date", "Day of the decision."),
    ("regulation_number", "Number of the working rules."),
    ("legal_basis", "The law or decision behind the change."),
    ("note", "A note for people, in several lines."),
    ("reason", "The reason, for the persons concerned."),
    ("description", "What was given, in words."),
    ("detail", "The rule in words, in the language of Accept-Language."),
    ("type", "The URI of the problem type."),
    ("status", "The status of the record."),
    ("latitude", "Degrees north (WGS 84)."),
    ("longitude", "Degrees east (WGS 84)."),
    ("address", "The address in words."),
    ("phone", "The phone number: digits, blanks, dots and hyphens."),
    ("identity_number", "The identity number: 9 or 12 digits."),
    ("contact_name", "The contact person."),
    ("contact_phone", "The phone number of the contact."),
    ("contact_email", "The e-mail address of the contact."),
    ("village_id", "The village."),
    ("village_name", "The name of the village."),
    ("commune_id", "The commune."),
    ("from_village_name", "The name of the former village."),
    ("locality_id", "The place."),
    ("locality_name", "The name of the place."),
    ("parent_id", "The record that it belongs to."),
    ("place_id", "The place that the organisation is."),
    ("path", "The places above, the province first."),
    ("level", "The level of the place."),
    ("kind", "The kind."),
    ("code", "The official code, of its time."),
    ("border", "In the border area."),
    ("extremely_difficult", "Of extreme difficulty (đặc biệt khó khăn)."),
    ("upland", "In the uplands."),
    ("ethnic_group", "01 to 54, in the catalogue `ethnic_groups`."),
    ("ethnic_groups", "Codes of the catalogue `ethnic_groups`."),
    ("profiles", "Households and population by year."),
    ("households", "Number of households."),
    ("population", "Number of persons."),
    ("versions", "The names and parents over time, the first one first."),
    ("predecessors", "The places that it came from."),
    ("successors", "The places that it became."),
    ("organisation_id", "The organisation."),
    ("organisation_name", "The name of the organisation."),
    ("headcount", "Assigned posts."),
    ("programme_id", "The programme."),
    ("programme_title", "The title of the programme."),
    ("twinning_id", "The twinning."),
    ("lead", "Leads (chủ trì) rather than takes part (phối hợp)."),
    ("suspensions", "Times in which the twinning rests."),
    ("office", "The office of the person."),
    ("duties", "The duties in the group."),
    ("household_id", "The household."),
    ("head_name", "The name of the head of the household."),
    ("head_birth_year", "Year of birth of the head."),
    ("birth_year", "Year of birth."),
    ("sex", "As in the household register."),
    ("relation", "Relation to the head of the household."),
    ("student", "Attends a school."),
    ("members", "The members, without the head or with all, as the resource says."),
    ("member_id", "The member of the household."),
    ("hardship_reasons", "Reasons of special hardship."),
    ("list_year", "The year of the list."),
    ("list_id", "The hardship list."),
    ("item_id", "The listed household."),
    ("hardship_item_id", "The listed item."),
    ("reasons", "Reasons of the hardship."),
    ("needs", "The needs."),
    ("pledges", "The pledges of units, the oldest first."),
    ("year", "The year."),
    ("month", "The month, as 2026-03."),
    ("quarter", "The quarter, as 2026-Q1."),
    ("round", "The round of the year."),
    ("submitted_at", "Time of the last submission."),
    ("submitted_by", "The account that submitted it."),
    ("approved_by", "The account that approved it."),
    ("visited_on", "Day of the visit."),
    ("given_on", "Day of the gift."),
    ("occasion", "The occasion."),
    ("participants", "Number of participants from the unit."),
    ("findings", "What was found, in several lines."),
    ("category", "The category of the gifts."),
    ("funding_source", "The source of the funds."),
    ("unit", "The unit of the quantity, such as kg."),
    ("actor_name", "The name of the user."),
    ("actor_full_name", "The name of the user."),
    ("at", "Time of the entry."),
    ("recorded_at", "Time of the record."),
    ("record_id", "The record."),
    ("part_id", "The part of the record."),
    ("dataset", "The name of the data set."),
    ("rows", "A row for each combination of the groupings."),
    ("key", "The groupings of the row."),
    ("values", "The numbers of the row."),
    ("totals", "The numbers of all records, computed and not added."),
    ("lists", "Number of lists."),
    ("gifts", "Number of gifts."),
    ("gift_value_vnd", "Value of the gifts in whole VND."),
    ("not_poor", "Number of households that are not poor."),
    ("user", "The account."),
    ("counts", "Numbers of dependent records by kind."),
];

/// Describes the fields that have no doc comment. A field whose schema is a reference gets the description beside it.
pub fn describe_fields(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for schema in schemas.values_mut() {
        for (name, field) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
            let known = COMMON.iter().find(|(common, _)| common == name).map(|(_, text)| *text);
            if let Some(text) = known.filter(|_| field.get("description").is_none() && field.get("$ref").is_none()) {
                field["description"] = json!(text);
            }
        }
    }
}

/// The pattern of a code of an ethnic group.
const ETHNIC_GROUP: &str = "^(0[1-9]|[1-4][0-9]|5[0-4])$";

/// Bounds the codes in lists of ethnic groups, which are texts of a catalogue and no enumeration.
pub fn bound_codes(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let is_filter = fields.get("name").is_some_and(|name| name == "ethnic_group");
            let codes = if is_filter { fields.get_mut("schema") } else { fields.get_mut("ethnic_groups") };
            if let Some(items) = codes.and_then(|codes| codes.get_mut("items")) {
                *items = json!({"type": "string", "pattern": ETHNIC_GROUP, "maxLength": 2});
            }
            fields.values_mut().for_each(bound_codes);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_codes),
        _ => {}
    }
}
