//! The filter `within` of lists of records: a place and all below it, in the tree of today.

use diesel::dsl::{And, GtEq, Lt};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};

use super::LocalityId;

diesel::define_sql_function! {
    /// First path of a place; null, which no path compares with, for an unknown place.
    fn app_path_of(place: SqlUuid) -> Text;
}
diesel::define_sql_function! {
    /// End of the paths of a place and of those below it; null for an unknown place.
    fn app_path_end(place: SqlUuid) -> Text;
}
diesel::define_sql_function! {
    /// A place and the places above it, a row each.
    fn app_place_and_above(place: SqlUuid) -> SqlUuid;
}

/// A condition on the column `scope_path`, as a range, which can use an index under row-level security.
pub type LiesWithin<P> = And<GtEq<P, app_path_of<LocalityId>>, Lt<P, app_path_end<LocalityId>>>;

pub fn lies_within<P>(path: P, place: LocalityId) -> LiesWithin<P>
where
    P: Expression<SqlType = Text> + Copy,
{
    path.ge(app_path_of(place)).and(path.lt(app_path_end(place)))
}
