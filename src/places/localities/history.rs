//! The history of a place: versions, predecessors and successors.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LocalityId;
use super::model::{LocalityKind, LocalityLevel, LocalityPathStep};
use crate::access::tx::Tx;
use crate::kernel::http::problem::{Problem, Result};

/// Name, code, kind and parent of a place in a period.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LocalityVersion {
    #[schema(example = "Yang Trung")]
    pub name: String,
    pub code: Option<String>,
    pub kind: LocalityKind,
    pub parent_id: Option<LocalityId>,
    pub path: Vec<LocalityPathStep>,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
    pub legal_basis: Option<String>,
}

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
    pub versions: Vec<LocalityVersion>,
    pub predecessors: Vec<LocalitySuccession>,
    pub successors: Vec<LocalitySuccession>,
}

#[derive(QueryableByName)]
struct History {
    #[diesel(sql_type = Jsonb)]
    versions: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    predecessors: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    successors: serde_json::Value,
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
        "SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('name', v.name, 'code', v.code, 'kind', v.kind, 'parent_id', v.parent_id,
                'path', app_path(v.locality_id, coalesce(v.valid_to, v.valid_from, app_today())),
                'valid_from', v.valid_from, 'valid_to', v.valid_to, 'legal_basis', v.legal_basis) ORDER BY v.valid_from NULLS FIRST), '[]')
                FROM locality_versions v WHERE v.locality_id = $1) AS versions,
            {} AS predecessors, {} AS successors
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
        })
    };
    read(row.versions, row.predecessors, row.successors).map_err(Problem::internal)
}
