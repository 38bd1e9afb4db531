//! Conditions that let lists use one index. Policies decide on the rows; but a policy has a branch for every
//! kind of caller, so the planner cannot use one index for it. Here the branch of *this* caller is repeated as
//! a plain condition: it never adds rows, and the list is read in the order of one index instead of from the
//! rows of the whole country.
//!
//! Generic plans are shared by all callers (see `kernel/db`), so each kind of caller has a statement of its own.

use diesel::RunQueryDsl;
use diesel::dsl::cardinality;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Bool;

use super::actor::Actor;
use super::policy::Role;
use super::sql::{app_organisations, app_paths};
use super::tx::Tx;
use crate::kernel::http::problem::Result;
use crate::kernel::list::page::Keyset;

/// The extent of a caller's rows.
#[derive(Clone, Copy, PartialEq)]
enum Width {
    /// Few places, as of a village head, a commune or a district: the index is searched for each, and the rows are sorted.
    FewPlaces,
    /// Too many rows to sort: the index is scanned in the order of the list, and filtered by place.
    Wide,
    /// All rows: the index is scanned without a filter.
    Country,
    /// The villages with which the caller's organisation is twinned.
    Twinned,
}

/// The columns, besides the place, by which the policy of a table decides.
#[derive(Clone, Copy, PartialEq)]
enum Ties {
    /// The place only; an organisation twinned with the village sees some of its rows, too.
    Place,
    /// The same, for parts of households, which have no village of their own.
    Household,
    /// Also the caller's organisation and those that it succeeded; a twinning unit sees their rows only.
    Organisation,
    /// Also the organisation's managing place, and twinned villages.
    BothEnds,
}

/// The condition, as an expression for `filter`.
#[derive(Clone, Copy)]
pub struct Reach {
    width: Width,
    ties: Ties,
    table: &'static str,
    /// The caller has one place: its path is compared with one value, and an index is read in the order of its further columns.
    one_place: bool,
    /// The same for an organisation that succeeded no other one.
    one_organisation: bool,
}

impl Reach {
    fn new(actor: &Actor, ties: Ties, table: &'static str) -> Self {
        Self { width: width(actor), ties, table, one_place: false, one_organisation: false }
    }

    /// For tables of a village's records: `village_id`, `scope_path`.
    pub fn of_village_records(actor: &Actor, table: &'static str) -> Self {
        Self::new(actor, Ties::Place, table)
    }

    /// For parts of households: `household_id`, `scope_path`.
    pub fn of_household_parts(actor: &Actor, table: &'static str) -> Self {
        Self::new(actor, Ties::Household, table)
    }

    /// For gifts, visits and pledges of organisations in a village: the same, and `organisation_id`.
    pub fn of_gifts_and_visits(actor: &Actor, table: &'static str) -> Self {
        Self::new(actor, Ties::Organisation, table)
    }

    /// The same for a list: a place or an organisation without another one is compared by value.
    pub fn of_gifts_and_visits_in(tx: &mut Tx<'_>, table: &'static str) -> Result<Self> {
        let reach = Self::of_gifts_and_visits(tx.actor, table);
        if reach.is_wide() {
            return Ok(reach);
        }
        let counts = (cardinality(app_paths()), cardinality(app_organisations()));
        let (places, organisations): (Option<i32>, Option<i32>) = diesel::select(counts).get_result(tx.conn)?;
        let is_one = |count: Option<i32>| count.is_none_or(|count| count <= 1);
        Ok(Self { one_place: is_one(places), one_organisation: is_one(organisations), ..reach })
    }

    /// For twinnings, which both ends see.
    pub fn of_twinnings(actor: &Actor) -> Self {
        Self::new(actor, Ties::BothEnds, "twinnings")
    }

    /// Whether the caller sees exactly the rows of its places: a province, the country, a key.
    pub fn is_wide(self) -> bool {
        matches!(self.width, Width::Wide | Width::Country)
    }

    /// The condition as SQL text.
    pub fn sql(self) -> String {
        let Self { width, ties, table: t, one_place, one_organisation } = self;
        let own = if one_organisation {
            format!("{t}.organisation_id = (SELECT app_organisation())")
        } else {
            format!("{t}.organisation_id = ANY ((SELECT app_organisations())::uuid[])")
        };
        let twinned = |column: &str| format!("{t}.{column} = ANY ((SELECT app_villages())::uuid[])");
        let of_twinned_homes = || format!("{t}.household_id = ANY ((SELECT app_twinned_homes())::uuid[])");
        let within = |column: &str| match width {
            Width::FewPlaces if one_place => format!("{t}.{column} = (SELECT app_low())"),
            Width::FewPlaces => format!("{t}.{column} = ANY ((SELECT app_paths())::text[])"),
            Width::Wide | Width::Country | Width::Twinned => {
                format!("{t}.{column} >= (SELECT app_low()) AND {t}.{column} < (SELECT app_high())")
            }
        };
        match (ties, width) {
            (_, Width::Country) | (Ties::BothEnds, Width::Wide) => "true".to_owned(),
            (Ties::Place, Width::Twinned) => twinned("village_id"),
            (Ties::Household, Width::Twinned) => of_twinned_homes(),
            (Ties::Organisation, Width::Twinned) => own,
            // No organisation is a province or the country.
            (Ties::Place | Ties::Household | Ties::Organisation, Width::Wide) => format!("({})", within("scope_path")),
            (Ties::Place, _) => format!("({} OR {})", within("scope_path"), twinned("village_id")),
            (Ties::Household, _) => format!("({} OR {})", within("scope_path"), of_twinned_homes()),
            (Ties::Organisation, _) => format!("({} OR {own})", within("scope_path")),
            (Ties::BothEnds, Width::Twinned) => format!("({own} OR {})", twinned("locality_id")),
            (Ties::BothEnds, _) => format!(
                "({} OR {} OR {own} OR {} OR {t}.locality_id = ANY ((SELECT app_former_places())::uuid[]))",
                within("scope_path"),
                within("organisation_scope_path"),
                twinned("locality_id"),
            ),
        }
    }
}

fn width(actor: &Actor) -> Width {
    match actor.role() {
        // A village, and those that merged into it. A district may be an organisation, too.
        Some(Role::VillageHead | Role::Commune | Role::District) => Width::FewPlaces,
        Some(Role::TwinningUnit) => Width::Twinned,
        // A key has no organisation, like a province. The level of its place is known in the database only.
        Some(Role::Province) | None => Width::Wide,
        Some(Role::Admin) => Width::Country,
    }
}

/// Whether a list is an expensive read: a count or a search of a wide area, or a sheet.
pub fn reads_much<F: Copy>(actor: &Actor, keyset: &Keyset<F>, searches: bool) -> bool {
    let is_wide = matches!(width(actor), Width::Wide | Width::Country);
    keyset.is_whole() || is_wide && (keyset.count || searches)
}

impl QueryFragment<Pg> for Reach {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.sql());
        Ok(())
    }
}

/// Without a static id, diesel caches statements with it by their text.
impl QueryId for Reach {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Expression for Reach {
    type SqlType = Bool;
}
impl<Source> AppearsOnTable<Source> for Reach {}
impl<Source> SelectableExpression<Source> for Reach {}
impl<Grouping> ValidGrouping<Grouping> for Reach {
    type IsAggregate = is_aggregate::Never;
}
