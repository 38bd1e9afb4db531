use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Date, Nullable, Uuid as SqlUuid};
use uuid::Uuid;

use super::LocalityId;
use super::model::{Locality, LocalityChanges, LocalityKind, LocalityLevel, NewLocality, VillageName};
use super::range::open_place_in_range;
use super::search::tree_day_of;
use super::{names, profiles};
use crate::access::sql::app_in_range;
use crate::access::tx::Tx;
use crate::kernel::db::records;
use crate::kernel::db::schema::{localities, locality_versions};
use crate::kernel::http::problem::{Code, FieldCode, Problem, Result};
use crate::kernel::value::day;
use crate::places::localities::problems;

/// Returns the names of villages and of their communes.
pub fn village_names(
    tx: &mut Tx<'_>,
    ids: impl IntoIterator<Item = LocalityId>,
) -> Result<HashMap<LocalityId, VillageName>> {
    let communes = diesel::alias!(localities as communes);
    let ids: Vec<LocalityId> = ids.into_iter().collect();
    let rows: Vec<(LocalityId, String, Option<String>)> = localities::table
        .left_join(communes.on(communes.field(localities::id).nullable().eq(localities::commune_id)))
        .filter(localities::id.eq_any(ids))
        .select((localities::id, localities::name, communes.field(localities::name).nullable()))
        .load(tx.conn)?;
    Ok(rows.into_iter().map(|(id, name, commune_name)| (id, VillageName { name, commune_name })).collect())
}

/// Returns pairs of a place of `ids` and a parent, for all versions of the places.
pub fn parents(tx: &mut Tx<'_>, ids: &[LocalityId]) -> Result<Vec<(LocalityId, LocalityId)>> {
    let versions = locality_versions::table
        .filter(locality_versions::locality_id.eq_any(ids))
        .filter(locality_versions::parent_id.is_not_null())
        .select((locality_versions::locality_id, locality_versions::parent_id.assume_not_null()));
    Ok(versions.load(tx.conn)?)
}

pub fn create(tx: &mut Tx<'_>, id: LocalityId, new: NewLocality) -> Result<()> {
    if let Some(valid_from) = new.valid_from {
        day::check_past(valid_from, tx.today, "#/valid_from")?;
    }
    let name = names::checked(&new.name, new.kind)?;
    check_parent(tx, new.parent_id, "#/parent_id", new.current_parent_id.is_some())?;
    if let Some(parent) = new.current_parent_id {
        check_current_parent(tx, parent)?;
    }
    let timeline = timeline(tx, new.parent_id, new.valid_from, new.current_parent_id)?;
    let on_day = |day: NaiveDate| {
        timeline
            .iter()
            .find(|part| part.valid_from.is_none_or(|from| from <= day) && part.valid_to.is_none_or(|to| to >= day))
    };
    let current = on_day(tree_day_of(tx)?)
        .or(timeline.last())
        .ok_or_else(|| Problem::field("#/valid_from", FieldCode::INVALID_VALUE))?
        .parent_id;
    diesel::insert_into(localities::table)
        .values((
            localities::id.eq(id),
            localities::level.eq(LocalityLevel::Village),
            localities::name.eq(&name),
            localities::kind.eq(new.kind),
            localities::code.eq(&new.code),
            localities::parent_id.eq(current),
            localities::valid_from.eq(new.valid_from),
            localities::ethnic_groups.eq(&new.ethnic_groups),
            localities::latitude.eq(new.latitude),
            localities::longitude.eq(new.longitude),
        ))
        .execute(tx.conn)?;
    let versions: Vec<_> = timeline
        .iter()
        .map(|part| {
            (
                locality_versions::id.eq(Uuid::now_v7()),
                locality_versions::locality_id.eq(id),
                locality_versions::name.eq(&name),
                locality_versions::kind.eq(new.kind),
                locality_versions::code.eq(&new.code),
                locality_versions::parent_id.eq(part.parent_id),
                locality_versions::valid_from.eq(part.valid_from),
                locality_versions::valid_to.eq(part.valid_to),
            )
        })
        .collect();
    diesel::insert_into(locality_versions::table).values(versions).execute(tx.conn)?;
    profiles::replace(tx, id, &new.profiles)
}

/// Checks that the parent is a commune of the caller's area. With `elsewhere`, that is if the present commune is given
/// as well, the former commune may be outside of it.
fn check_parent(tx: &mut Tx<'_>, parent: LocalityId, pointer: &str, elsewhere: bool) -> Result<()> {
    let place: Option<(LocalityLevel, bool)> = localities::table
        .find(parent)
        .select((localities::level, app_in_range(localities::scope_path)))
        .first(tx.conn)
        .optional()?;
    match place {
        Some((LocalityLevel::Commune, in_range)) if in_range || elsewhere => Ok(()),
        Some((_, true)) => Err(Problem::field(pointer, problems::WRONG_LEVEL)),
        _ => Err(Problem::field(pointer, FieldCode::NOT_FOUND)),
    }
}

fn check_current_parent(tx: &mut Tx<'_>, parent: LocalityId) -> Result<()> {
    check_parent(tx, parent, "#/current_parent_id", false)?;
    open_place_in_range(tx, parent, "#/current_parent_id").map(|_| ())
}

#[derive(QueryableByName)]
struct Lying {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    parent_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Date>)]
    valid_from: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<NaiveDate>,
}

fn timeline(
    tx: &mut Tx<'_>,
    parent: LocalityId,
    from: Option<NaiveDate>,
    current: Option<LocalityId>,
) -> Result<Vec<Lying>> {
    let query = sql_query("SELECT * FROM app_timeline($1, $2, $3)")
        .bind::<SqlUuid, _>(parent)
        .bind::<Nullable<Date>, _>(from)
        .bind::<Nullable<SqlUuid>, _>(current);
    Ok(query.load(tx.conn)?)
}

pub fn update(tx: &mut Tx<'_>, id: LocalityId, mut changes: LocalityChanges) -> Result<()> {
    let (level, kind): (LocalityLevel, LocalityKind) =
        localities::table.find(id).select((localities::level, localities::kind)).first(tx.conn)?;
    if level != LocalityLevel::Village {
        return Err(Problem::new(Code::FORBIDDEN));
    }
    if let Some(name) = &changes.name {
        changes.name = Some(names::checked(name, changes.kind.unwrap_or(kind))?);
    }
    records::apply(diesel::update(localities::table.find(id)).set(&changes).execute(tx.conn))?;
    // Name, kind and code are corrected in the version of today, or the last one, too.
    if changes.name.is_some() || changes.kind.is_some() || changes.code.is_some() {
        sql_query(
            "UPDATE locality_versions v SET name = l.name, kind = l.kind, code = l.code FROM localities l
              WHERE l.id = $1 AND v.locality_id = l.id AND v.valid_to IS NOT DISTINCT FROM l.valid_to",
        )
        .bind::<SqlUuid, _>(id)
        .execute(tx.conn)?;
    }
    if let Some(parent) = changes.current_parent_id {
        check_current_parent(tx, parent)?;
        move_village(tx, id, parent)?;
    }
    if let Some(profiles) = &changes.profiles {
        profiles::replace(tx, id, profiles)?;
        records::touch(tx.conn, id)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct InForce {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    replace: bool,
}

/// Sets the commune of a village. One that was not assigned to a commune yet gets it for the whole version in force, and
/// so does one that was moved today; otherwise a new version starts today.
fn move_village(tx: &mut Tx<'_>, id: LocalityId, parent: LocalityId) -> Result<()> {
    let in_force: InForce = sql_query(
        "SELECT v.id, (p.level <> 'commune' OR coalesce(v.valid_from >= app_today(), false)) AS replace
           FROM locality_versions v JOIN localities p ON p.id = v.parent_id
          WHERE v.locality_id = $1 AND v.valid_to IS NULL",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(tx.conn)
    .optional()?
    .ok_or_else(|| Problem::field("#/current_parent_id", problems::ENDED))?;
    if in_force.replace {
        sql_query("UPDATE locality_versions SET parent_id = $2 WHERE id = $1")
            .bind::<SqlUuid, _>(in_force.id)
            .bind::<SqlUuid, _>(parent)
            .execute(tx.conn)?;
    } else {
        sql_query("UPDATE locality_versions SET valid_to = app_today() - 1 WHERE id = $1")
            .bind::<SqlUuid, _>(in_force.id)
            .execute(tx.conn)?;
        sql_query(
            "INSERT INTO locality_versions (id, locality_id, name, code, kind, parent_id, valid_from)
             SELECT $1, locality_id, name, code, kind, $3, app_today() FROM locality_versions WHERE id = $2",
        )
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(in_force.id)
        .bind::<SqlUuid, _>(parent)
        .execute(tx.conn)?;
    }
    let moved = diesel::update(localities::table.find(id)).set(localities::parent_id.eq(parent)).execute(tx.conn);
    records::apply(moved)
}

/// Rejects the deletion of places of the catalogue, which end by a reorganisation.
pub fn check_deletable(_: &mut Tx<'_>, place: &Locality) -> Result<()> {
    if place.level == LocalityLevel::Village { Ok(()) } else { Err(Problem::new(Code::FORBIDDEN)) }
}
