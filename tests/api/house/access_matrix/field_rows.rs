//! The rows of the areas twinning, needs, support and insight.

use serde_json::{Value, json};
use uuid::Uuid;

use super::records::{self, DAY};
use super::stage::{self, Stage};
use super::{About, Caller, Exception, Relation, Row};
use crate::harness::{household, item};

const USERS: &[Caller] =
    &[Caller::Admin, Caller::Province, Caller::District, Caller::Commune, Caller::Unit, Caller::Head];

const fn exception(callers: &'static [Caller], relation: Relation, status: u16, reason: &'static str) -> Exception {
    Exception { callers, relation, status, reason }
}

const PUBLIC: &[Exception] =
    &[exception(USERS, Relation::Outside, 200, "every signed-in caller reads organisations and programmes")];

const OWN_ORGANISATION: &[Exception] = &[exception(
    &[Caller::Unit, Caller::Head],
    Relation::Own,
    404,
    "managed by the village: units and heads change the contact of their own organisation only",
)];

const NAMES_PUBLIC: &[Exception] =
    &[exception(USERS, Relation::Outside, 201, "a twinning joins a place in scope with any organisation")];

const GROUPS_OF_ANY: &[Exception] =
    &[exception(USERS, Relation::Outside, 201, "every signed-in caller reads organisations and programmes")];

const ONLY_OF_THE_UNIT: &[Exception] =
    &[exception(&[Caller::Unit], Relation::Own, 422, "a unit writes groups of its organisation, not of its villages")];

const NOT_MANAGED: &str = "accounts are visible to the offices above them only";
const ACCOUNTS_BELOW: &[Exception] = &[
    exception(USERS, Relation::Own, 422, NOT_MANAGED),
    exception(&[Caller::Unit, Caller::Head], Relation::Below, 422, NOT_MANAGED),
];

const PROGRAMMES_OF_PLACES: &[Exception] = &[exception(
    USERS,
    Relation::Outside,
    422,
    "programmes are readable, but each applies to its place and the places below only",
)];

const NO_GIVER: &str = "the place of these callers is no organisation, and only an organisation pledges";
const PLEDGERS: &[Exception] = &[
    exception(&[Caller::District, Caller::Commune], Relation::Below, 403, NO_GIVER),
    exception(&[Caller::Head], Relation::Own, 403, NO_GIVER),
];

const NOT_THEIRS: &str =
    "readable, but only the unit that made the pledge withdraws it: the policy for writing finds no row";
const WITHDRAWERS: &[Exception] = &[
    exception(&[Caller::District, Caller::Commune], Relation::Below, 404, NOT_THEIRS),
    exception(&[Caller::Head], Relation::Own, 404, NOT_THEIRS),
];

const NOT_RECORDED: &str = "readable, but recorded by another user for another unit";
const RECORDERS: &[Exception] = &[
    exception(&[Caller::Province, Caller::District, Caller::Commune], Relation::Below, 403, NOT_RECORDED),
    exception(&[Caller::Head], Relation::Own, 403, NOT_RECORDED),
];

/// The village and its commune name, and the recorders' side.
const NAMERS: &[Exception] = &[exception(
    &[Caller::Province, Caller::District],
    Relation::Below,
    403,
    "forbidden: the village and its commune name",
)];

const OTHERS_TWINNING: &str = "not_your_organisation: officials alone record for units";
const NOT_FOR_UNITS: &[Caller] = &[Caller::Head];
/// For rows about the twinning itself: one out of scope is not_found.
const OWN_TWINNINGS: &[Exception] = &[
    exception(NOT_FOR_UNITS, Relation::Own, 422, OTHERS_TWINNING),
    exception(NOT_FOR_UNITS, Relation::Below, 422, OTHERS_TWINNING),
];
/// For rows about another record: these callers are refused for the twinning in each relation.
const NO_TWINNING: &[Exception] = &[
    exception(NOT_FOR_UNITS, Relation::Own, 422, OTHERS_TWINNING),
    exception(NOT_FOR_UNITS, Relation::Below, 422, OTHERS_TWINNING),
    exception(NOT_FOR_UNITS, Relation::Outside, 422, OTHERS_TWINNING),
    exception(NOT_FOR_UNITS, Relation::Deleted, 422, OTHERS_TWINNING),
    exception(NOT_FOR_UNITS, Relation::Unknown, 422, OTHERS_TWINNING),
];

const OWN_RECORD: &[Exception] = &[exception(
    &[Caller::Commune],
    Relation::Own,
    403,
    "own_submission: the recorder of a gift does not confirm, dispute or settle it",
)];

const COMMUNE_SETTLES: &[Exception] = &[
    exception(&[Caller::Commune], Relation::Own, 403, "own_submission: the recorder of a gift does not settle it"),
    exception(&[Caller::Province, Caller::District], Relation::Own, 403, "forbidden: the commune settles"),
    exception(&[Caller::Province, Caller::District], Relation::Below, 403, "forbidden: the commune settles"),
];

pub fn rows() -> Vec<Row> {
    [
        organisations(),
        programmes(),
        twinnings(),
        working_groups(),
        households(),
        assessments(),
        consents(),
        lists(),
        items(),
        visits(),
        gifts(),
        aggregates(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn organisations() -> Vec<Row> {
    let organisation = About::Record(Some("organisations"), records::organisations);
    let managing = About::Body("#/locality_id", Some("localities"), stage::localities);
    vec![
        Row::new("list_organisations", "organisations:read", About::List(records::organisations), 200).except(PUBLIC),
        Row::new("create_organisation", "organisations:write", managing, 201)
            .body(|_, _, place| Some(json!({"name": "Hội Phụ nữ", "kind": "mass_organisation", "locality_id": place}))),
        Row::new("find_organisation", "organisations:read", organisation, 200).except(PUBLIC),
        Row::new("update_organisation", "organisations:change", organisation, 200)
            .body(|_, _, _| Some(json!({"name": "Hội Phụ nữ", "address": "Thôn 1"})))
            .except(OWN_ORGANISATION),
        Row::new("succeed_organisation", "organisations:write", organisation, 200).body(|stage, _, _| {
            Some(json!({"successor_id": stage.new_organisation(stage.commune), "on": DAY, "twinnings": "succeed"}))
        }),
        Row::new("delete_organisation", "organisations:write", organisation, 204),
    ]
}

fn programmes() -> Vec<Row> {
    let programme = About::Record(Some("programmes"), records::programmes);
    let place = About::Body("#/locality_id", Some("localities"), stage::localities);
    vec![
        Row::new("list_programmes", "programmes:read", About::List(records::programmes), 200).except(PUBLIC),
        Row::new("create_programme", "programmes:write", place, 201).body(|_, _, place| {
            Some(json!({"title": "Kế hoạch", "kind": "plan", "effective_on": "2020-01-01", "locality_id": place}))
        }),
        Row::new("find_programme", "programmes:read", programme, 200).except(PUBLIC),
        Row::new("update_programme", "programmes:write", programme, 200)
            .body(|_, _, _| Some(json!({"title": "Kế hoạch mới"}))),
        Row::new("delete_programme", "programmes:write", programme, 204),
    ]
}

fn twinnings() -> Vec<Row> {
    fn between(programme: Uuid, organisation: Uuid, village: Uuid) -> Option<Value> {
        Some(json!({"programme_id": programme, "organisation_id": organisation, "locality_id": village, "lead": true,
            "starts_on": "2022-01-01"}))
    }
    let twinning = About::Record(Some("twinnings"), records::twinnings);
    let village = About::Body("#/locality_id", Some("localities"), records::home_villages);
    let organisation = About::Body("#/organisation_id", Some("organisations"), records::organisations);
    let programme = About::Body("#/programme_id", Some("programmes"), records::programmes_over_the_village);
    vec![
        Row::new("list_twinnings", "twinnings:read", About::List(records::twinnings), 200),
        Row::new("create_twinning", "twinnings:write", village, 201).body(|stage, _, village| {
            between(stage.new_programme(stage.commune), stage.new_organisation(stage.commune), village?)
        }),
        Row::new("create_twinning", "twinnings:write", organisation, 201)
            .body(|stage, _, organisation| between(stage.new_programme(stage.commune), organisation?, stage.village))
            .except(NAMES_PUBLIC),
        Row::new("create_twinning", "twinnings:write", programme, 201)
            .body(|stage, _, programme| between(programme?, stage.new_organisation(stage.commune), stage.village))
            .except(PROGRAMMES_OF_PLACES),
        Row::new("find_twinning", "twinnings:read", twinning, 200),
        Row::new("update_twinning", "twinnings:write", twinning, 200)
            .body(|_, _, _| Some(json!({"decision_number": "7/QĐ-UBND"}))),
        Row::new("delete_twinning", "twinnings:write", twinning, 204),
        Row::new("succeed_twinning", "twinnings:write", twinning, 201)
            .body(|stage, _, _| Some(json!({"on": DAY, "organisation_id": stage.new_organisation(stage.commune)}))),
    ]
}

/// A group that the caller may write, with changes.
fn group(stage: &Stage, caller: Caller, changes: &[(&str, Value)]) -> Option<Value> {
    let (party, id) =
        if caller == Caller::Unit { ("organisation_id", stage.organisation) } else { ("locality_id", stage.village) };
    let mut body = json!({"programme_id": stage.new_programme(stage.commune), "kind": "working_group", "name": "Tổ công tác",
        "established_on": DAY, party: id});
    for (field, value) in changes {
        body[*field] = value.clone();
    }
    Some(body)
}

fn working_groups() -> Vec<Row> {
    let record = About::Record(Some("working_groups"), records::working_groups);
    let village = About::Body("#/locality_id", Some("localities"), records::home_villages);
    let organisation = About::Body("#/organisation_id", Some("organisations"), records::organisations);
    let programme = About::Body("#/programme_id", Some("programmes"), records::programmes);
    let unit_of_member = About::Body("#/members/0/organisation_id", Some("organisations"), records::organisations);
    let account = About::Body("#/members/0/user_id", Some("users"), stage::users);
    let create = |about| Row::new("create_working_group", "groups:write", about, 201);
    vec![
        Row::new("list_working_groups", "groups:read", About::List(records::working_groups), 200),
        create(village)
            .body(|stage, caller, place| {
                group(stage, caller, &[("organisation_id", json!(null)), ("locality_id", json!(place))])
            })
            .except(ONLY_OF_THE_UNIT),
        create(organisation)
            .body(|stage, caller, id| {
                group(stage, caller, &[("locality_id", json!(null)), ("organisation_id", json!(id))])
            })
            .except(ONLY_OF_THE_UNIT),
        create(programme)
            .body(|stage, caller, id| group(stage, caller, &[("programme_id", json!(id))]))
            .except(GROUPS_OF_ANY),
        create(unit_of_member)
            .body(|stage, caller, id| {
                group(stage, caller, &[("members", json!([{"name": "Siu A", "part": "head", "organisation_id": id}]))])
            })
            .except(GROUPS_OF_ANY),
        create(account)
            .body(|stage, caller, id| {
                group(stage, caller, &[("members", json!([{"name": "Siu A", "part": "head", "user_id": id}]))])
            })
            .except(ACCOUNTS_BELOW),
        Row::new("find_working_group", "groups:read", record, 200),
        Row::new("update_working_group", "groups:write", record, 200)
            .body(|_, _, _| Some(json!({"name": "Ban chỉ đạo"}))),
        Row::new("delete_working_group", "groups:write", record, 204),
    ]
}

fn assessments() -> Vec<Row> {
    let record = About::Record(Some("household_assessments"), records::assessments);
    let proposed = About::Record(Some("household_assessments"), records::proposed_assessments);
    let returned = About::Record(Some("household_assessments"), records::returned_assessments);
    let home = About::Body("#/household_id", Some("households"), records::households);
    let village = About::Record(Some("localities"), records::home_villages);
    let complete = About::Record(Some("localities"), records::completed_villages);
    let year = &[("year", "2024")];
    vec![
        Row::new("list_household_assessments", "households:read", About::List(records::assessments), 200),
        Row::new("create_household_assessment", "households:write", home, 201)
            .body(|_, _, home| Some(json!({"household_id": home?, "poverty_status": "near_poor", "assessed_on": DAY}))),
        Row::new("find_household_assessment", "households:read", record, 200),
        Row::new("update_household_assessment", "households:write", proposed, 200)
            .body(|_, _, _| Some(json!({"poverty_status": "near_poor"}))),
        Row::new("delete_household_assessment", "households:write", proposed, 204),
        Row::new("confirm_household_assessment", "assessments:confirm", proposed, 200),
        Row::new("return_household_assessment", "assessments:confirm", proposed, 200)
            .body(|_, _, _| Some(json!({"reason": "Chưa họp dân"}))),
        Row::new("propose_household_assessment", "households:write", returned, 200),
        Row::new("confirm_household_assessments", "assessments:confirm", About::Nothing, 200)
            .body(|_, _, _| Some(json!({"items": [{"id": Uuid::now_v7(), "version": 1}]}))),
        Row::new("list_registers", "households:read", village, 200),
        Row { path: year, ..Row::new("complete_register", "registers:complete", village, 200) },
        Row { path: year, ..Row::new("reopen_register", "registers:complete", complete, 200) }
            .body(|_, _, _| Some(json!({"reason": "Bổ sung"}))),
    ]
}

fn households() -> Vec<Row> {
    let home = About::Record(Some("households"), records::households);
    let village = About::Body("#/village_id", Some("localities"), records::home_villages);
    vec![
        Row::new("list_households", "households:read", About::List(records::households), 200),
        Row::new("create_household", "households:write", village, 201)
            .body(|_, _, village| village.map(|village| household(village, "Siu H'Blơi"))),
        Row::new("find_household", "households:read", home, 200),
        Row::new("update_household", "households:write", home, 200)
            .body(|_, _, _| Some(json!({"note": "Nhà bị cháy"}))),
        Row::new("delete_household", "households:write", home, 204),
        Row::new("reveal_household", "households:reveal", home, 200),
        Row::new("merge_household", "households:write", home, 200).body(|stage, caller, home| {
            Some(json!({"into": stage.new_household(stage.village_with(caller, "households", home))}))
        }),
        Row::new("list_household_history", "households:read", home, 200),
    ]
}

fn consents() -> Vec<Row> {
    let record = About::Record(Some("household_consents"), records::consents);
    let home = About::Body("#/household_id", Some("households"), records::households);
    vec![
        Row::new("list_household_consents", "consents:read", About::List(records::consents), 200),
        Row::new("create_household_consent", "consents:write", home, 201).body(|_, _, home| {
            Some(json!({"household_id": home, "given_by": "Siu A", "given_on": DAY, "proof": "signature"}))
        }),
        Row::new("find_household_consent", "consents:read", record, 200),
        Row::new("withdraw_household_consent", "consents:write", record, 200),
    ]
}

fn lists() -> Vec<Row> {
    fn new(stage: &Stage, village: Uuid, items: Value) -> Option<Value> {
        let number = stage.next();
        let (year, round) = (1990 + number / 12 % 36, 1 + number % 12);
        Some(json!({"village_id": village, "year": year, "round": round, "items": items}))
    }
    let record = |fixture| About::Record(Some("hardship_lists"), fixture);
    let village = About::Body("#/village_id", Some("localities"), records::home_villages);
    let home = About::Body("#/items/0/household_id", Some("households"), records::households);
    let reason = |_: &Stage, _: Caller, _: Option<Uuid>| Some(json!({"reason": "Bổ sung một hộ"}));
    vec![
        Row::new("list_hardship_lists", "hardship_lists:read", About::List(records::lists), 200),
        Row::new("create_hardship_list", "hardship_lists:write", village, 201)
            .body(|stage, _, village| new(stage, village?, json!([]))),
        Row::new("create_hardship_list", "hardship_lists:write", home, 201).body(|stage, caller, home| {
            new(stage, stage.village_with(caller, "households", home), json!([item(home?)]))
        }),
        Row::new("find_hardship_list", "hardship_lists:read", record(records::lists), 200),
        Row::new("update_hardship_list", "hardship_lists:write", record(records::drafts), 200)
            .body(|_, _, _| Some(json!({"items": []}))),
        Row::new("delete_hardship_list", "hardship_lists:write", record(records::drafts), 204),
        Row::new("submit_hardship_list", "hardship_lists:write", record(records::drafts), 200),
        Row::new("approve_hardship_list", "hardship_lists:decide", record(records::submitted_lists), 200),
        Row::new("return_hardship_list", "hardship_lists:decide", record(records::submitted_lists), 200).body(reason),
        Row::new("reopen_hardship_list", "hardship_lists:decide", record(records::approved_lists), 200).body(reason),
        Row::new("close_hardship_list", "hardship_lists:decide", record(records::approved_lists), 200),
    ]
}

fn items() -> Vec<Row> {
    let listed = About::Record(Some("hardship_items"), records::items);
    let pledge = About::Record(Some("pledges"), records::pledges);
    vec![
        Row::new("list_hardship_items", "hardship_lists:read", About::List(records::items), 200),
        Row::new("find_hardship_item", "hardship_lists:read", listed, 200),
        Row::new("create_pledge", "pledges:write", listed, 201)
            .body(|_, _, _| Some(json!({"note": "Tặng bò giống"})))
            .except(PLEDGERS),
        Row::new("list_pledges", "hardship_lists:read", About::List(records::pledges), 200),
        Row::new("find_pledge", "hardship_lists:read", pledge, 200),
        Row::new("update_pledge", "pledges:write", pledge, 200)
            .body(|_, _, _| Some(json!({"note": "Tặng dê giống"})))
            .except(WITHDRAWERS),
        Row::new("delete_pledge", "pledges:write", pledge, 204).except(WITHDRAWERS),
    ]
}

fn visit(twinning: Uuid, village: Uuid) -> Value {
    json!({"twinning_id": twinning, "village_id": village, "visited_on": DAY, "purpose": "holiday", "participants": 2})
}

fn visits() -> Vec<Row> {
    let record = About::Record(Some("visits"), records::visits);
    let twinning = About::Body("#/twinning_id", Some("twinnings"), records::twinnings);
    let village = About::Body("#/village_id", Some("localities"), records::home_villages);
    let home = About::Body("#/household_ids/0", Some("households"), records::households);
    vec![
        Row::new("list_visits", "support:read", About::List(records::visits), 200),
        Row::new("create_visit", "support:record", twinning, 201)
            .body(|stage, caller, twinning| Some(visit(twinning?, stage.village_with(caller, "twinnings", twinning))))
            .except(OWN_TWINNINGS),
        Row::new("create_visit", "support:record", village, 201)
            .body(|stage, caller, village| {
                let near = stage.village_with(caller, "localities", village);
                Some(visit(stage.twinning_for(caller, near), village?))
            })
            .except(NO_TWINNING),
        Row::new("create_visit", "support:record", home, 201)
            .body(|stage, caller, home| {
                let village = stage.village_with(caller, "households", home);
                let mut body = visit(stage.twinning_for(caller, village), village);
                body["household_ids"] = json!([home]);
                Some(body)
            })
            .except(NO_TWINNING),
        Row::new("find_visit", "support:read", record, 200),
        Row::new("update_visit", "support:record", record, 200)
            .body(|_, _, _| Some(json!({"participants": 7})))
            .except(RECORDERS),
        Row::new("delete_visit", "support:record", record, 204).except(RECORDERS),
    ]
}

fn gift(twinning: Uuid, village: Uuid, more: &[(&str, Option<Uuid>)]) -> Option<Value> {
    let mut body = json!({"twinning_id": twinning, "village_id": village, "category": "food", "description": "Gạo",
        "value_vnd": 100_000, "funding_source": "organisation_own", "given_on": DAY});
    for (field, id) in more {
        body[*field] = json!(id);
    }
    Some(body)
}

fn gifts() -> Vec<Row> {
    let record = About::Record(Some("gifts"), records::gifts);
    let disputed = About::Record(Some("gifts"), records::disputed_gifts);
    let twinning = About::Body("#/twinning_id", Some("twinnings"), records::twinnings);
    let village = About::Body("#/village_id", Some("localities"), records::home_villages);
    let home = About::Body("#/household_id", Some("households"), records::households);
    let listed = About::Body("#/hardship_item_id", Some("hardship_items"), records::items);
    let during = About::Body("#/visit_id", Some("visits"), records::visits);
    vec![
        Row::new("list_gifts", "support:read", About::List(records::gifts), 200),
        Row::new("create_gift", "support:record", twinning, 201)
            .body(|stage, caller, twinning| gift(twinning?, stage.village_with(caller, "twinnings", twinning), &[]))
            .except(OWN_TWINNINGS),
        Row::new("create_gift", "support:record", village, 201)
            .body(|stage, caller, village| {
                let near = stage.village_with(caller, "localities", village);
                gift(stage.twinning_for(caller, near), village?, &[])
            })
            .except(NO_TWINNING),
        Row::new("create_gift", "support:record", home, 201)
            .body(|stage, caller, home| {
                let village = stage.village_with(caller, "households", home);
                gift(stage.twinning_for(caller, village), village, &[("household_id", home)])
            })
            .except(NO_TWINNING),
        Row::new("create_gift", "support:record", listed, 201)
            .body(|stage, caller, item| {
                let village = stage.village_with(caller, "hardship_items", item);
                let home = stage.value_in_the_commune("hardship_items", item, "village_id", "household_id");
                let home = home
                    .filter(|_| {
                        Stage::has_places_below(caller)
                            || stage.value_in_the_commune("hardship_items", item, "village_id", "village_id")
                                == Some(village)
                    })
                    .unwrap_or_else(|| stage.new_listed_household(village));
                gift(
                    stage.twinning_for(caller, village),
                    village,
                    &[("household_id", Some(home)), ("hardship_item_id", item)],
                )
            })
            .except(NO_TWINNING),
        Row::new("create_gift", "support:record", during, 201)
            .body(|stage, caller, visit| {
                let village = stage.village_with(caller, "visits", visit);
                let twinning = match caller {
                    Caller::Unit => Some(stage.twinning),
                    _ => stage.value_in_the_commune("visits", visit, "village_id", "twinning_id"),
                };
                gift(twinning.unwrap_or_else(|| stage.twinning_for(caller, village)), village, &[("visit_id", visit)])
            })
            .except(NO_TWINNING),
        Row::new("find_gift", "support:read", record, 200),
        Row::new("update_gift", "support:record", record, 200)
            .body(|_, _, _| Some(json!({"note": "Trao tại nhà rông"})))
            .except(RECORDERS),
        Row::new("delete_gift", "support:record", record, 204).except(RECORDERS),
        Row::new("confirm_gift", "gifts:confirm", record, 200).except(OWN_RECORD),
        Row::new("dispute_gift", "gifts:confirm", record, 200)
            .body(|_, _, _| Some(json!({"reason": "Chưa nhận được"})))
            .except(OWN_RECORD),
        Row::new("settle_gift", "gifts:settle", disputed, 200)
            .body(|_, _, _| Some(json!({"resolution": "delivered", "note": "Đã hỏi hai bên"})))
            .except(COMMUNE_SETTLES),
        Row::new("confirm_gifts", "gifts:confirm", About::Nothing, 200)
            .body(|_, _, _| Some(json!({"items": [{"id": Uuid::now_v7(), "version": 1}]}))),
        Row::new("add_gift_recipients", "support:record", record, 200)
            .body(|stage, caller, gift| {
                let home = stage.new_listed_household(stage.village_with(caller, "gifts", gift));
                Some(json!({"household_ids": [home]}))
            })
            .except(NAMERS),
        // No gift names this household or meets this item, which callers who may not name do not learn.
        Row {
            path: &[("household_id", "01936d4e-0000-7000-8000-000000000000")],
            ..Row::new("remove_gift_recipient", "support:record", record, 404)
        }
        .except(NAMERS),
        Row::new("link_gift", "support:record", record, 422)
            .body(|_, _, _| Some(json!({"hardship_item_id": Uuid::now_v7()})))
            .except(NAMERS),
        Row::new("unlink_gift", "support:record", record, 422)
            .body(|_, _, _| Some(json!({"hardship_item_id": Uuid::now_v7()})))
            .except(NAMERS),
    ]
}

fn aggregates() -> Vec<Row> {
    let sets =
        ["find_support_aggregate", "find_hardship_aggregate", "find_poverty_aggregate", "find_coverage_aggregate"];
    sets.map(|set| Row::new(set, "aggregates:read", About::Nothing, 200)).into()
}
