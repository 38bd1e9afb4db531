use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;

use super::LocalityPostId;
use super::model::{
    LocalityPost, LocalityPostChanges, LocalityPostFilter, LocalityPostSort, LocalityPostWord, NewLocalityPost,
};
use super::problems::POST_TAKEN;
use crate::access::policy::{Permission, Role};
use crate::access::tx::{Tx, rows};
use crate::kernel::db::period::{begun_by, lasts_until};
use crate::kernel::db::records;
use crate::kernel::db::schema::locality_posts;
use crate::kernel::http::answer::RecordAction;
use crate::kernel::http::problem::{Code, Problem, Result};
use crate::kernel::list::page::{Keyset, Page};
use crate::kernel::list::sort::sort_columns;
use crate::kernel::list::when::When;
use crate::kernel::value::day;
use crate::places::localities::LocalityId;
use crate::places::localities::model::LocalityLevel;
use crate::places::localities::problems::WRONG_LEVEL;
use crate::places::localities::range::open_place_in_range;
use crate::places::localities::within::lies_within;

pub fn find(tx: &mut Tx<'_>, id: LocalityPostId) -> Result<LocalityPost> {
    load(tx, locality_posts::table.find(id).into_boxed())?.pop().ok_or_else(Problem::not_found)
}

/// Reads posts; twinned units get no `party_member`, a political view (Decree 356/2025/NĐ-CP Art. 4).
fn load(tx: &mut Tx<'_>, query: locality_posts::BoxedQuery<'_, Pg>) -> Result<Vec<LocalityPost>> {
    let mut posts: Vec<LocalityPost> = rows(tx, query)?;
    let may = tx.actor.may(Permission::WritePosts);
    for post in &mut posts {
        let writes = may && post.in_range && !is_above(tx, post.post);
        post.allowed_actions = RecordAction::offered(writes);
        post.party_member = post.party_member.filter(|_| post.in_range);
    }
    Ok(posts)
}

/// Whether a post is one that the caller, a village head, does not name.
fn is_above(tx: &Tx<'_>, post: LocalityPostWord) -> bool {
    tx.actor.role() == Some(Role::VillageHead) && post.has_account()
}

pub fn list(
    tx: &mut Tx<'_>,
    filter: &LocalityPostFilter,
    keyset: Keyset<LocalityPostSort>,
) -> Result<Page<LocalityPost>> {
    use locality_posts as p;
    let filtered = || {
        p::table
            .into_boxed()
            .when(filter.locality_id, |locality| p::locality_id.eq(locality))
            .when(filter.within, |place| lies_within(p::scope_path, place))
            .when_any(&filter.post, |posts| p::post.eq_any(posts))
            .when(filter.on, |day| begun_by(p::from_on, day).and(lasts_until(p::to_on, day)))
    };
    tx.page(keyset, filtered, load)
}

sort_columns! {
    LocalityPostSort of locality_posts as LocalityPost:
    PersonName = person_name (String),
    UpdatedAt = updated_at (DateTime<Utc>),
}

pub fn create(tx: &mut Tx<'_>, id: LocalityPostId, new: NewLocalityPost) -> Result<()> {
    let level = open_place_in_range(tx, new.locality_id, "#/locality_id")?;
    if !matches!(level, LocalityLevel::Village | LocalityLevel::Commune) {
        return Err(Problem::field("#/locality_id", WRONG_LEVEL));
    }
    check(tx, id, new.locality_id, new.post, (new.from_on, new.to_on))?;
    diesel::insert_into(locality_posts::table).values((locality_posts::id.eq(id), &new)).execute(tx.conn)?;
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, id: LocalityPostId, changes: LocalityPostChanges) -> Result<()> {
    let before = find(tx, id)?;
    let days = (changes.from_on.unwrap_or(before.from_on), changes.to_on.unwrap_or(before.to_on));
    check(tx, id, before.locality_id, changes.post.unwrap_or(before.post), days)?;
    records::apply(diesel::update(locality_posts::table.find(id)).set(&changes).execute(tx.conn))
}

/// Checks the term of a post: one that a single person holds is free on all its days.
fn check(
    tx: &mut Tx<'_>,
    id: LocalityPostId,
    place: LocalityId,
    post: LocalityPostWord,
    (from_on, to_on): (Option<NaiveDate>, Option<NaiveDate>),
) -> Result<()> {
    use locality_posts as p;
    if is_above(tx, post) {
        return Err(Problem::new(Code::FORBIDDEN));
    }
    if let Some(from_on) = from_on {
        day::check_period(from_on, to_on, "#/to_on")?;
    }
    if !post.is_single() {
        return Ok(());
    }
    // Orders concurrent terms of one place.
    records::lock(tx.conn, place)?;
    let others = p::table.filter(p::locality_id.eq(place).and(p::post.eq(post)).and(p::id.ne(id)));
    let overlapping = others
        .select(p::id)
        .into_boxed::<Pg>()
        .when(from_on, |day| lasts_until(p::to_on, day))
        .when(to_on, |day| begun_by(p::from_on, day));
    let other: Option<LocalityPostId> = overlapping.first(tx.conn).optional()?;
    if other.is_none() { Ok(()) } else { Err(Problem::new(POST_TAKEN)) }
}
