//! The history of a place: versions, predecessors and successors.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Jsonb, Nullable, Text, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LocalityId;
use super::model::LocalityLevel;
use super::versions::{LocalityVersion, VERSION};
use crate::access::tx::Tx;
use crate::kernel::http::answer::Shown;
use crate::kernel::http::problem::{Problem, Result};

/// A predecessor or successor of a place.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LocalitySuccession {
    pub id: LocalityId,
    #[schema(example = "23824")]
    pub code: Option<String>,
    #[schema(example = "Kông Chro")]
    pub name: String,
    pub level: LocalityLevel,
    pub effective_on: NaiveDate,
    /// `whole`, `part`, `part_area`, `part_population`, `all_area` or `part_area_all_population`.
    #[schema(example = "whole")]
    pub extent: String,
    /// True if all villages of the predecessor belong to the successor.
    pub certain: bool,
    pub legal_basis: Option<String>,
}

/// The history of a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct LocalityHistory {
    pub id: LocalityId,
    /// The earliest first.
    pub versions: Vec<LocalityVersion>,
    pub predecessors: Vec<LocalitySuccession>,
    pub successors: Vec<LocalitySuccession>,
    /// The decision by which a village ended.
    #[schema(example = "12/NQ-HĐND")]
    pub end_legal_basis: Option<String>,
}

impl Shown for LocalityHistory {}

#[derive(QueryableByName)]
struct History {
    #[diesel(sql_type = Jsonb)]
    versions: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    predecessors: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    successors: serde_json::Value,
    #[diesel(sql_type = Nullable<Text>)]
    end_legal_basis: Option<String>,
}

pub fn find_history(tx: &mut Tx<'_>, id: LocalityId) -> Result<LocalityHistory> {
    let succession = |other: &str, own: &str| {
        format!(
            "(SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'code', l.code, 'name', l.name, 'level', l.level,
                'effective_on', s.effective_on, 'extent', s.extent, 'certain', s.certain, 'legal_basis', s.legal_basis)
                ORDER BY s.effective_on, l.code), '[]')
                FROM locality_successions s JOIN localities l ON l.id = s.{other} WHERE s.{own} = $1)"
        )
    };
    let row: History = sql_query(format!(
        "SELECT (SELECT coalesce(jsonb_agg({VERSION} ORDER BY v.valid_from NULLS FIRST), '[]')
                   FROM locality_versions v WHERE v.locality_id = $1) AS versions,
                {} AS predecessors, {} AS successors, end_legal_basis
          FROM localities WHERE id = $1",
        succession("predecessor_id", "successor_id"),
        succession("successor_id", "predecessor_id")
    ))
    .bind::<SqlUuid, _>(id)
    .get_result(tx.conn)?;
    let read = |versions, predecessors, successors| -> Result<LocalityHistory, serde_json::Error> {
        Ok(LocalityHistory {
            id,
            versions: serde_json::from_value(versions)?,
            predecessors: serde_json::from_value(predecessors)?,
            successors: serde_json::from_value(successors)?,
            end_legal_basis: row.end_legal_basis,
        })
    };
    read(row.versions, row.predecessors, row.successors).map_err(Problem::internal)
}
