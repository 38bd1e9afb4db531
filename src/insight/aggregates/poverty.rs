//! Households by poverty status and year.

use super::data_set::{DataSet, Tree, always, answer, never, nothing};
use super::model::{AggregateGrouping, Question};
use crate::access::actor::Actor;
use crate::access::reach::Reach;

answer! {
    /// Households by poverty status.
    PovertyAggregate, PovertyRow, PovertyValues, "poverty";
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
}

pub const POVERTY: DataSet = DataSet {
    name: "poverty",
    measures: MEASURES,
    unanswered: &[],
    most_groupings: 2,
    facts,
    derived: &[
        &[(1, "households"), (-1, "special_hardship")],
        // The poor and near-poor of the majority.
        &[(1, "poor"), (1, "near_poor"), (-1, "ethnic_minority_poor_or_near_poor")],
    ],
    width: Some(5),
    column: |grouping| match grouping {
        AggregateGrouping::Year => Some("facts.year"),
        AggregateGrouping::Standard => Some("facts.standard"),
        _ => None,
    },
    undefined: nothing,
    by_year: true,
    totals_apart: never,
    shows: always,
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
    format!(
        "WITH days AS (
           SELECT y.year, least(make_date(y.year, 12, 31), $2, app_today()) AS day FROM generate_series({years}) AS y(year)
         )
         SELECT * FROM (
           SELECT h.village_id, d.year, coalesce(now.status, before.poverty_status) AS poverty_status,
                  coalesce(now.standard, before.standard) AS standard, h.special_hardship, h.ethnic_group <> '01' AS minority
             FROM days d
             JOIN households h ON {reach} AND (h.status = 'active' OR h.status_since > d.day) AND coalesce(h.moved_on <= d.day, true)
            CROSS JOIN LATERAL (SELECT CASE WHEN h.poverty_assessed_on <= d.day THEN h.poverty_status END AS status,
                                       CASE WHEN h.poverty_assessed_on <= d.day THEN h.poverty_standard END AS standard) now
             LEFT JOIN LATERAL app_latest_assessment(h.id, d.day) before ON h.poverty_assessed_on > d.day) known
          WHERE poverty_status IS NOT NULL
         UNION ALL
         SELECT r.village_id, d.year, r.poverty_status, r.standard, r.special_hardship, r.minority
           FROM app_former_residents(ARRAY (SELECT day FROM days)) r JOIN days d ON d.day = r.on_day"
    )
}
