use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::json;

use super::model::{NewStandard, PovertyStandard, StandardCode};
use crate::access::tx::Tx;
use crate::kernel::db::schema::poverty_standards;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::enums::CatalogueItem;
use crate::kernel::value::json::Json;

/// Returns the standard of this code.
pub fn find(tx: &mut Tx<'_>, code: &StandardCode) -> Result<Option<PovertyStandard>> {
    Ok(PovertyStandard::query().filter(poverty_standards::code.eq(code)).first(tx.conn).optional()?)
}

/// Returns the standard in force on a day.
pub fn in_force(tx: &mut Tx<'_>, day: NaiveDate) -> Result<Option<PovertyStandard>> {
    let holds = poverty_standards::starts_on.le(day).and(poverty_standards::ends_on.ge(day));
    Ok(PovertyStandard::query().filter(holds).first(tx.conn).optional()?)
}

/// Returns all standards, the earliest first.
pub fn all(conn: &mut PgConnection) -> Result<Vec<PovertyStandard>> {
    Ok(PovertyStandard::query().order(poverty_standards::starts_on).load(conn)?)
}

/// Adds a standard, for the operator, whose command checks first that no other one is in force in its period.
pub fn create(tx: &mut Tx<'_>, new: &NewStandard) -> Result<()> {
    if new.ends_on < new.starts_on {
        return Err(Problem::field("#/ends_on", FieldCode::PERIOD_REVERSED));
    }
    let record = (
        poverty_standards::code.eq(&new.standard),
        poverty_standards::name_vi.eq(&new.name_vi),
        poverty_standards::name_en.eq(&new.name_en),
        poverty_standards::basis.eq(&new.basis),
        poverty_standards::starts_on.eq(new.starts_on),
        poverty_standards::ends_on.eq(new.ends_on),
        poverty_standards::indicators.eq(Json(&new.indicators)),
        poverty_standards::lines.eq(Json(&new.lines)),
    );
    diesel::insert_into(poverty_standards::table).values(record).execute(tx.conn)?;
    Ok(())
}

/// The standards for `/catalogues`.
pub fn catalogue(conn: &mut PgConnection) -> Result<Vec<CatalogueItem>> {
    let item = |standard: PovertyStandard| {
        let mut item = CatalogueItem::new(standard.code.as_str(), &standard.name_vi, &standard.name_en);
        item.details = Some(json!({
            "basis": standard.basis, "starts_on": standard.starts_on, "ends_on": standard.ends_on,
            "indicators": standard.indicators, "lines": standard.lines,
        }));
        item
    };
    Ok(all(conn)?.into_iter().map(item).collect())
}
