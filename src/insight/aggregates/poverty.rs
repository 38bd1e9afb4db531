//! Households by poverty status and year.

use super::data_set::{DataSet, answer, never, nothing};
use super::model::{AggregateGrouping, Question};
use crate::access::actor::Actor;
use crate::access::reach::Reach;

answer! {
    /// Households by poverty status.
    PovertyAggregate, PovertyRow, PovertyValues, "poverty";
    /// Active on the last day, with an assessment of that year or before.
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
    facts,
    derived: &[
        &[(1, "households"), (-1, "special_hardship")],
        // The poor and near-poor of the majority.
        &[(1, "poor"), (1, "near_poor"), (-1, "ethnic_minority_poor_or_near_poor")],
    ],
    width: 4,
    column: |grouping| (grouping == AggregateGrouping::Year).then_some("facts.year"),
    without: nothing,
    by_year: true,
    totals_apart: never,
};

/// Selects the year of the last day; grouped by year, each year up to the current one. A household row contains its latest
/// assessment, so older ones are looked up for past years only. There are no assessments before 1990.
fn facts(question: &Question, actor: &Actor) -> String {
    let reach = Reach::of_village_records(actor, "h").sql();
    let years = if question.groupings.contains(&AggregateGrouping::Year) {
        "greatest(extract(year FROM $1)::int, 1990), least(extract(year FROM $2), extract(year FROM app_today()))::int"
    } else {
        "extract(year FROM $2)::int, extract(year FROM $2)::int"
    };
    format!(
        "SELECT * FROM (
           SELECT h.village_id, y.year,
                  CASE WHEN h.poverty_year <= y.year THEN h.poverty_status
                       ELSE (SELECT a.poverty_status FROM household_assessments a
                              WHERE a.household_id = h.id AND a.year <= y.year ORDER BY a.year DESC LIMIT 1) END AS poverty_status,
                  h.special_hardship, h.ethnic_group <> '01' AS minority
             FROM generate_series({years}) AS y(year)
             JOIN households h ON {reach} AND (h.status = 'active'
                               OR h.status_since > least(make_date(y.year, 12, 31), $2, app_today()))) known
          WHERE poverty_status IS NOT NULL"
    )
}
