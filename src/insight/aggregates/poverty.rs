//! Households by poverty status and year.

use serde::Serialize;
use utoipa::ToSchema;

use super::data_set::{Counted, DataSet, Measure, Tree, answer, never};
use super::model::{AggregateGrouping, Answer, Question};
use crate::access::actor::Actor;
use crate::access::policy::Role;
use crate::access::reach::Reach;

/// The households that an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedHouseholds {
    /// All registered ones.
    Registered,
    /// Those on approved hardship lists.
    Listed,
}

fn counted(answer: &Answer) -> CountedHouseholds {
    if answer.of_listed { CountedHouseholds::Listed } else { CountedHouseholds::Registered }
}

/// A rate in hundredths of a percent, half up. Villages have a row of their own with `complete` and the number of their households.
macro_rules! rate {
    ($counted:literal, $of:literal) => {
        concat!(
            "CASE WHEN bool_and(k.complete) AND sum(",
            $of,
            ") > 0 THEN round(10000.0 * count(*) FILTER (WHERE ",
            $counted,
            ") / sum(",
            $of,
            ")) END"
        )
    };
}

answer! {
    /// Households by poverty status.
    PovertyAggregate, PovertyRow, PovertyValues, "poverty", rates {
        /// Percent of `village_households` that are poor; null until the register of the year is complete in each village of the row.
        poor_rate = rate!("k.poverty_status = 'poor'", "k.village_homes");
        /// Percent of `village_households` that are near-poor; null like `poor_rate`.
        near_poor_rate = rate!("k.poverty_status = 'near_poor'", "k.village_homes");
        /// Percent of the ethnic-minority households of the profiles that are poor or near-poor; null like `poor_rate`.
        ethnic_minority_rate = rate!("k.minority AND k.poverty_status IN ('poor', 'near_poor')", "k.minority_homes");
    }, also {
        /// `listed` for units.
        counted: CountedHouseholds = counted
    };
    /// Active on the last day, with a confirmed assessment of that day or before.
    #[schema(example = 164)]
    households: Households = "count(k.poverty_status)";
    /// Hộ nghèo.
    #[schema(example = 22)]
    poor: Households = "count(*) FILTER (WHERE k.poverty_status = 'poor')";
    /// Hộ cận nghèo.
    #[schema(example = 18)]
    near_poor: Households = "count(*) FILTER (WHERE k.poverty_status = 'near_poor')";
    /// Hộ mới thoát nghèo.
    #[schema(example = 9)]
    newly_escaped: Households = "count(*) FILTER (WHERE k.poverty_status = 'newly_escaped')";
    /// Hộ có mức sống trung bình.
    #[schema(example = 40)]
    average: Households = "count(*) FILTER (WHERE k.poverty_status = 'average')";
    #[schema(example = 75)]
    not_poor: Households = "count(*) FILTER (WHERE k.poverty_status = 'not_poor')";
    /// Households of any status with a reason for special hardship as of today.
    #[schema(example = 14)]
    special_hardship: Households = "count(*) FILTER (WHERE k.special_hardship)";
    /// Poor and near-poor households whose head is of an ethnic group other than Kinh (01).
    #[schema(example = 38)]
    ethnic_minority_poor_or_near_poor: Households =
        "count(*) FILTER (WHERE k.minority AND k.poverty_status IN ('poor', 'near_poor'))";
    /// All households by the profiles of the year; of a village without a profile those with a status. Null for units.
    #[schema(example = 137)]
    village_households: Households = "sum(k.village_homes)";
}

const OF_VILLAGES: &[&str] = &["village_households", "poor_rate", "near_poor_rate", "ethnic_minority_rate"];

pub const POVERTY: DataSet = DataSet {
    name: "poverty",
    measures: MEASURES,
    unanswered: &[Measure {
        name: "standing",
        counted: Counted::Things,
        sql: "count(*) FILTER (WHERE k.stands IS NOT FALSE)",
    }],
    most_groupings: 2,
    facts,
    derived: &[
        &[(1, "households"), (-1, "special_hardship")],
        // The poor and near-poor of the majority.
        &[(1, "poor"), (1, "near_poor"), (-1, "ethnic_minority_poor_or_near_poor")],
    ],
    width: Some(9),
    column: |grouping| match grouping {
        AggregateGrouping::Year => Some("facts.year"),
        AggregateGrouping::Standard => Some("facts.standard"),
        _ => None,
    },
    // Households under several standards share the households of their village.
    undefined: |question| if by_standard(question) { OF_VILLAGES } else { &[] },
    sensitive: &["ethnic_minority_poor_or_near_poor", "ethnic_minority_rate"],
    by_year: true,
    totals_apart: never,
    of_sums: never,
    // Villages without households, profile and register count for the rates of the places above them only.
    shows: |_, row| row.number("standing") > 0,
};

/// Selects the households of each year on its last day, the last day of the question, or today: where they lived on that day, by
/// the latest assessment until then. A household row contains its latest assessment, so earlier ones are looked up for earlier
/// days only. Households that have left a village are counted there by `app_former_residents`, for callers with a range. There are no
/// assessments before 1990.
fn facts(question: &Question, actor: &Actor, _: Tree) -> String {
    let reach = Reach::of_village_records(actor, "h").sql();
    let years = if question.groupings.contains(&AggregateGrouping::Year) {
        "greatest(extract(year FROM $1)::int, 1990), least(extract(year FROM $2), extract(year FROM app_today()))::int"
    } else {
        "extract(year FROM $2)::int, extract(year FROM $2)::int"
    };
    let known = format!(
        "days AS (
           SELECT y.year, least(app_register_day(y.year), $2) AS day FROM generate_series({years}) AS y(year)
         ), known AS (
           SELECT * FROM (
             SELECT h.village_id, d.year, coalesce(now.status, before.poverty_status) AS poverty_status,
                    coalesce(now.standard, before.standard) AS standard, h.special_hardship, h.ethnic_group <> '01' AS minority
               FROM days d
               JOIN households h ON {reach} AND app_active_on(h.status, h.status_since, d.day)
                AND app_lived_on(h.moved_on, NULL, d.day)
              CROSS JOIN LATERAL (SELECT CASE WHEN h.poverty_assessed_on <= d.day THEN h.poverty_status END AS status,
                                         CASE WHEN h.poverty_assessed_on <= d.day THEN h.poverty_standard END AS standard) now
               LEFT JOIN LATERAL app_latest_assessment(h.id, d.day) before ON h.poverty_assessed_on > d.day) present
            WHERE poverty_status IS NOT NULL
           UNION ALL
           SELECT r.village_id, d.year, r.poverty_status, r.standard, r.special_hardship, r.minority
             FROM app_former_residents(ARRAY (SELECT day FROM days)) r JOIN days d ON d.day = r.on_day
         )"
    );
    let homes =
        "SELECT village_id, year, poverty_status, standard, special_hardship, minority, NULL::bigint AS village_homes,
                        NULL::bigint AS minority_homes, NULL::boolean AS complete, NULL::boolean AS stands FROM known";
    if by_standard(question) || actor.role() == Some(Role::TwinningUnit) {
        return format!("WITH {known} {homes}");
    }
    // Without other groupings, a village stands where a household lives, also without an assessment.
    let inhabited = question.groupings.iter().all(|grouping| grouping.is_place());
    format!(
        "WITH {known}, registered AS (
           SELECT village_id, year, count(*) AS homes, count(*) FILTER (WHERE minority) AS minority_homes FROM known GROUP BY 1, 2
         )
         {homes}
         UNION ALL
         SELECT v.village_id, v.year, NULL, NULL, NULL, NULL, coalesce(v.households, r.homes, 0), coalesce(v.minority_households, r.minority_homes, 0),
                v.complete, v.households IS NOT NULL OR v.complete OR ({inhabited} AND v.inhabited)
           FROM app_village_years(ARRAY (SELECT year FROM days)) v LEFT JOIN registered r USING (village_id, year)"
    )
}

fn by_standard(question: &Question) -> bool {
    question.groupings.contains(&AggregateGrouping::Standard)
}
