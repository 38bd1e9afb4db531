//! Conditions on the first and last day of a period, which may be null: since ever, or not ended.

use diesel::dsl::{AssumeNotNull, GtEq, IsNull, LtEq, Or};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::{Date, Nullable};

/// Whether a period begins on this day or before.
pub type BegunBy<C, D> = Or<IsNull<C>, LtEq<AssumeNotNull<C>, D>>;

/// Whether a period ends on this day or later.
pub type LastsUntil<C, D> = Or<IsNull<C>, GtEq<AssumeNotNull<C>, D>>;

pub fn begun_by<C, D>(first: C, day: D) -> BegunBy<C, D>
where
    C: Expression<SqlType = Nullable<Date>> + Copy,
    D: AsExpression<Date>,
{
    first.is_null().or(first.assume_not_null().le(day))
}

pub fn lasts_until<C, D>(last: C, day: D) -> LastsUntil<C, D>
where
    C: Expression<SqlType = Nullable<Date>> + Copy,
    D: AsExpression<Date>,
{
    last.is_null().or(last.assume_not_null().ge(day))
}
