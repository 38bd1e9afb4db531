//! The quantity of a gift: a decimal above 0 with up to three places. In JSON it is a number of at most fifteen
//! digits, which an `f64` represents without loss.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Numeric;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Decimal places of `numeric(15, 3)`.
const PLACES: u32 = 3;
const MAX: i64 = 999_999_999_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Numeric)]
pub struct Quantity(Decimal);

impl Quantity {
    fn parse(text: &str) -> Option<Self> {
        let number = text.parse().or_else(|_not_plain| Decimal::from_scientific(text)).ok()?.normalize();
        let fits = number.scale() <= PLACES && number > Decimal::ZERO && number.trunc() <= Decimal::from(MAX);
        fits.then_some(Self(number))
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        Self::parse(&number.to_string()).ok_or_else(|| Error::custom("not a quantity"))
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_i64().filter(|whole| Decimal::from(*whole) == self.0) {
            Some(whole) => serializer.serialize_i64(whole),
            None => self.0.to_string().parse::<f64>().map_err(serde::ser::Error::custom)?.serialize(serializer),
        }
    }
}

impl ToSql<Numeric, Pg> for Quantity {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Numeric, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Numeric, Pg> for Quantity {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        <Decimal as FromSql<Numeric, Pg>>::from_sql(bytes).map(|number| Self(number.normalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_goes_out_as_it_came_in() {
        for text in ["1", "0.001", "12.5", "20", "999999999999.999", "123456789012.345"] {
            let quantity: Quantity = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&quantity).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Quantity>("2.50").unwrap(), Quantity::parse("2.5").unwrap());
        assert_eq!(serde_json::from_str::<Quantity>("1e3").unwrap(), Quantity::parse("1000").unwrap());
    }

    #[test]
    fn nothing_less_than_nothing_and_no_fourth_place() {
        for text in ["0", "-1", "0.0001", "1000000000000", "1e30", "1e-30", "\"5\"", "true"] {
            assert!(serde_json::from_str::<Quantity>(text).is_err(), "{text}");
        }
    }
}
