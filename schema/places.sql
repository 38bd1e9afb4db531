-- Places: paths, the tree of a day, and the names of places.

-- ── tables ─────────────────────────────────────────────────────────────────────────────────────
select app_table('localities', owner => 'locks',
  writes => '{system}', writes_reason => 'The catalogue is written by its loader');
create policy readable on localities for select using (
  (level <> 'village' and (select app_role()) is not null)
  or (scope_path >= (select app_low()) and scope_path < (select app_high()))
  or id = any ((select app_villages())::uuid[]));
comment on policy readable on localities is
  'Provinces, districts and communes are public; a village is visible to callers whose range includes it and to twinned units';

create policy villages_added on localities for insert
  with check (level = 'village' and scope_path >= (select app_low()) and scope_path < (select app_high()));
comment on policy villages_added on localities is
  'Villages are added by the officials above them';

create policy villages_changed on localities for update
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (level = 'village' and scope_path >= (select app_low()) and scope_path < (select app_high()));
comment on policy villages_changed on localities is
  'Officials change villages within their range; USING lets them lock other places too, so that the refusal can state its reason';

create policy villages_deleted on localities for delete
  using (level = 'village' and scope_path >= (select app_low()) and scope_path < (select app_high()));
comment on policy villages_deleted on localities is
  'Villages are deleted by the officials above them';

select app_table('locality_versions', owner => 'reads',
  reads => '{part of localities by locality_id}', reads_reason => 'A part is read with the record that it belongs to');
create policy written on locality_versions
  using ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level = 'village'
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())))
  with check ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level = 'village'
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())));
comment on policy written on locality_versions is
  'A version changes with its village, or by the loader';
select app_part('locality_versions', 'localities', 'locality_id');

select app_table('locality_successions',
  reads => '{entered}', reads_reason => 'Successions of provinces, districts and communes are public',
  writes => '{system}', writes_reason => 'The catalogue is written by its loader');
select app_part('locality_successions', 'localities', 'predecessor_id');

select app_table('locality_words', tracked => false, grants => 'select', owner => 'writes',
  reads => '{entered}',
  reads_reason => 'The words repeat names of localities; a search joins localities, whose policies apply');

select app_table('village_profiles', owner => 'reads');
create policy with_its_village on village_profiles for select
  using ((select app_role()) <> 'key' and exists (select from localities l where l.id = village_id));
comment on policy with_its_village on village_profiles is
  'A part is read with the record that it belongs to; keys read aggregates only';

create policy written on village_profiles
  using ((select app_role()) <> 'key' and exists (select from localities l where l.id = village_id
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())))
  with check (exists (select from localities l where l.id = village_id
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())));
comment on policy written on village_profiles is
  'The village and its officials keep the profile';
select app_part('village_profiles', 'localities', 'village_id');

select app_table('data_loads', tracked => false, grants => 'select, insert, update',
  reads => '{system}', writes => '{system}', reads_reason => 'Only loaders read the digests of loaded files');

grant usage on sequence locality_labels to app;

-- Sets the place of an audit entry about a place to that place, so that its officials read the entry.
create function app_audit_locality() returns trigger language plpgsql as $$
begin
  new.village_id := coalesce(new.village_id, new.record_id);
  return new;
end $$;
create trigger place_of_localities before insert on audit_events for each row
  when (new.resource = 'localities') execute function app_audit_locality();

-- ── paths ──────────────────────────────────────────────────────────────────────────────────────
-- Derives the path of a village from its parent; no caller sets it.
create function app_place_locality() returns trigger language plpgsql as $$
begin
  -- app_set_tree_day sets parent and path together, when the path of the parent may be outdated still.
  if tg_op = 'INSERT' or (new.parent_id is distinct from old.parent_id and new.scope_path = old.scope_path) then
    select p.scope_path || new.label || '.', p.province_id,
           case p.level when 'district' then p.id else p.district_id end,
           case p.level when 'commune' then p.id end
      into new.scope_path, new.province_id, new.district_id, new.commune_id
      from localities p where p.id = new.parent_id;
  end if;
  return new;
end $$;
create trigger aa_place before insert or update of parent_id on localities for each row
  when (new.level = 'village') execute function app_place_locality();

-- Derive the path of a record from its village or managing place, and lock the place FOR KEY SHARE until the transaction ends: a
-- place that moves at the same moment would leave the record with an outdated path. The policies of the record decide whether the
-- caller may write there.
create function app_place_in_village() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.village_id is distinct from old.village_id then
    select l.scope_path into new.scope_path from public.localities l where l.id = new.village_id for key share;
  end if;
  return new;
end $$;

create function app_place_in_locality() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.locality_id is distinct from old.locality_id then
    select l.scope_path into new.scope_path from public.localities l where l.id = new.locality_id for key share;
  end if;
  return new;
end $$;

-- Returns the paths of a range of few places, of a village head or a commune: the planner then looks up each path in an index and
-- sorts the rows. It does not know the bounds of a range at planning, and would estimate it as wide as a province. Lists state the
-- branch of the policy that applies to their caller as a plain condition (`access/reach.rs`).
create function app_paths() returns text[] stable language sql security definer set search_path = '' as $$
  select array(select l.scope_path from public.localities l
                where l.scope_path >= public.app_low() and l.scope_path < public.app_high()) $$;
comment on function app_paths() is 'Every path of the caller''s range of places, for ranges of few places; policies compare the bounds';

-- ── the tree of a day ──────────────────────────────────────────────────────────────────────────
-- Computes the tree of a day from the dated parents. The parent of an ended place is its certain successor, else its last parent; that
-- of a future place is the root, where only callers whose range is the whole country see it. Updates only the rows that differ; foreign
-- keys cascade scope_path to other tables.
create function app_set_tree_day(new_day date) returns integer language plpgsql as $$
declare
  moved integer;
begin
  insert into tree_day (day) values (new_day) on conflict (only_row) do update set day = excluded.day;
  with recursive nearest as (
    select distinct on (v.locality_id) v.locality_id, v.name, v.code, v.kind, v.parent_id,
           l.level, l.label, l.valid_from > new_day as future, l.valid_to < new_day as ended
      from locality_versions v join localities l on l.id = v.locality_id
     order by v.locality_id,
       -- the version of the day, else the last before it, else the first after it
       (v.valid_from is null or v.valid_from <= new_day) desc, v.valid_from desc nulls last
  ), home as (
    select n.*, case
        when n.future then null
        when n.ended then coalesce((select s.successor_id from locality_successions s
                                     where s.predecessor_id = n.locality_id and s.certain
                                     order by s.effective_on limit 1), n.parent_id)
        else n.parent_id end as lies_in
      from nearest n
  ), tree as (
    select h.locality_id, '0.' || h.label || '.' as path,
           case when not coalesce(h.future, false) and h.level = 'province' then h.locality_id end as province_id,
           null::uuid as district_id, null::uuid as commune_id
      from home h where h.lies_in is null
    union all
    select h.locality_id, t.path || h.label || '.',
           coalesce(t.province_id, case when h.level = 'province' then h.locality_id end),
           coalesce(t.district_id, case when h.level = 'district' and not coalesce(h.ended, false) then h.locality_id end),
           coalesce(t.commune_id, case when h.level = 'commune' and not coalesce(h.ended, false) then h.locality_id end)
      from tree t join home h on h.lies_in = t.locality_id
  )
  update localities l
     set scope_path = t.path, province_id = t.province_id, district_id = t.district_id, commune_id = t.commune_id,
         name = h.name, code = h.code, kind = h.kind, parent_id = h.parent_id
    from tree t join home h using (locality_id)
   where l.id = t.locality_id
     and (l.scope_path, l.name, l.code, l.kind, l.parent_id, l.province_id, l.district_id, l.commune_id)
      is distinct from (t.path, h.name, h.code, h.kind, h.parent_id, t.province_id, t.district_id, t.commune_id);
  get diagnostics moved = row_count;
  return moved;
end $$;
comment on function app_set_tree_day(date) is 'Computes every path as of a day; called as system. Returns the number of changed localities';

-- Returns the dated parents of a village that was entered under a commune or another parent: forward the certain successor, else that of
-- the province; backward the only predecessor, else the common province of the predecessors. No split crosses a province, so the province
-- is certain.
create function app_timeline(parent uuid, starts date, assigned uuid)
  returns table (parent_id uuid, valid_from date, valid_to date) stable language plpgsql as $$
declare
  place record;
  next_id uuid;
begin
  -- backward
  select l.id, l.valid_from, l.valid_to into place from localities l where l.id = parent;
  parent_id := parent; valid_from := greatest(starts, place.valid_from); valid_to := place.valid_to;
  if starts is null then valid_from := place.valid_from; end if;
  if place.valid_from is not null and (starts is null or starts < place.valid_from) then
    select case when count(*) = 1 then (array_agg(s.predecessor_id))[1]
                when count(distinct old.province) = 1 then (array_agg(old.province))[1] end
      into next_id
      from locality_successions s
      join lateral (select app_ancestor(s.predecessor_id, 'province', place.valid_from - 1) as province) old on true
     where s.successor_id = parent;
    if next_id is not null then
      return query select next_id, starts, place.valid_from - 1;
    end if;
  end if;
  -- A village that began after the place had ended never lay in it.
  if starts is null or place.valid_to is null or starts <= place.valid_to then return next; end if;
  -- forward
  while place.valid_to is not null loop
    next_id := null;
    if assigned is not null then
      next_id := assigned;
      assigned := null;
    else
      select s.successor_id into next_id from locality_successions s where s.predecessor_id = place.id and s.certain limit 1;
      if next_id is null then
        -- the successor of the province above it, or that province while it is in force
        select coalesce((select s.successor_id from locality_successions s where s.predecessor_id = p.province and s.certain limit 1), p.province)
          into next_id
          from (select app_ancestor(place.id, 'province', place.valid_to) as province) p;
      end if;
    end if;
    exit when next_id is null or next_id = place.id;
    parent_id := next_id; valid_from := greatest(starts, place.valid_to + 1);
    select l.id, l.valid_from, l.valid_to into place from localities l where l.id = next_id;
    valid_to := place.valid_to;
    if valid_to is null or valid_from <= valid_to then return next; end if;
  end loop;
end $$;
comment on function app_timeline(uuid, date, uuid) is 'The dated parents of a village that was entered under a given parent';

-- The ancestor of a level by the dated parents.
-- Runs as the owner: a unit that records late names a village that it no longer sees.
create function app_ancestor(place uuid, wanted_level text, day date) returns uuid
  stable language sql security definer set search_path = '' as $$
  with recursive up as (
    select l.id, l.level, 0 as depth from public.localities l where l.id = place
    union all
    select p.id, p.level, up.depth + 1
      from up join public.locality_versions v on v.locality_id = up.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join public.localities p on p.id = v.parent_id
  )
  select id from up where level = wanted_level order by depth limit 1 $$;

-- Runs as the owner, because the places above a village are public. With the policies evaluated at each step of the recursion, a page
-- of 200 communes took one second.
create function app_path(place uuid, day date) returns jsonb
  stable language sql security definer set search_path = '' as $$
  with recursive up as (
    select v.parent_id, 1 as depth from public.locality_versions v
     where v.locality_id = place and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
    union all
    select v.parent_id, up.depth + 1 from up join public.locality_versions v on v.locality_id = up.parent_id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'name', v.name, 'level', l.level) order by up.depth desc), '[]')
    from up join public.localities l on l.id = up.parent_id
    join public.locality_versions v on v.locality_id = l.id
     and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day) $$;
comment on function app_path(uuid, date) is 'The places above a place on a day, the widest first';

create function app_tree(day date) returns table (place_id uuid, village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
  stable language sql security definer set search_path = '' as $$
  with above as (
    select l.id, l.level, v.parent_id
      from public.localities l join public.locality_versions v on v.locality_id = l.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select a.id, case a.level when 'village' then a.id end,
         case when a.level = 'commune' then a.id when p1.level = 'commune' then p1.id end,
         case when p1.level = 'district' then p1.id when p2.level = 'district' then p2.id end,
         case when p1.level = 'province' then p1.id when p2.level = 'province' then p2.id when p3.level = 'province' then p3.id end
    from above a
    join above p1 on p1.id = a.parent_id
    left join above p2 on p2.id = p1.parent_id
    left join above p3 on p3.id = p2.parent_id
   where a.level in ('village', 'commune')
  union all
  -- A commune that has ended by the day lies where its successor lies; one that begins later lies nowhere yet.
  select l.id, null, case when l.valid_to < day then l.commune_id end, null, case when l.valid_to < day then l.province_id end
    from public.localities l where l.level = 'commune' and (l.valid_to < day or l.valid_from > day) $$;
comment on function app_tree(date) is
  'Every village and commune with the places above it on a day other than the tree day, whose ancestors are stored in localities';

-- Returns the places above villages, and communes, of the caller's own records. Runs as the owner: an organisation keeps its records, and aggregates
-- group them by place, after its twinning has ended and the village is hidden from it.
create function app_places_of(places uuid[])
  returns table (place_id uuid, village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
  stable language sql security definer set search_path = '' as $$
  select l.id, case l.level when 'village' then l.id end, l.commune_id, l.district_id, l.province_id from public.localities l where l.id = any (places) $$;

create function app_place_labels(places uuid[], day date) returns table (id uuid, code text, name text)
  stable language sql security definer set search_path = '' as $$
  select v.locality_id, v.code, v.name from public.locality_versions v
   where v.locality_id = any (places) and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day) $$;

-- Runs as the owner: the places are those of the caller's own rows, and the places above them are public. One query for all rows of an
-- answer, because suppression compares the counts below each parent.
create function app_places_above(places uuid[], day date) returns table (id uuid, above_id uuid)
  stable language sql security definer set search_path = '' as $$
  with recursive up as (
    select v.locality_id as id, v.parent_id as above_id from public.locality_versions v
     where v.locality_id = any (places) and v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
    union
    select up.id, v.parent_id from up join public.locality_versions v on v.locality_id = up.above_id
     where v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select up.id, up.above_id from up $$;
comment on function app_places_above(uuid[], date) is 'All places above each of these on a day';

-- Runs as the owner: the list that asks shows the places that its caller sees.
create function app_places_below(place uuid, day date) returns setof uuid stable language sql security definer set search_path = '' as $$
  with recursive below as (
    select l.id, l.level from public.localities l where l.id = place
     union
    select l.id, l.level
      from below b
      join public.locality_versions v on v.parent_id = b.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join public.localities l on l.id = v.locality_id
     where b.level <> 'village'
  )
  select id from below $$;
comment on function app_places_below(uuid, date) is 'A place and all places below it on a day';

-- The bounds of the paths of a place and of all below it, on the tree day. Run as the owner: an organisation filters its own records by a
-- village that it no longer sees.
create function app_path_of(place uuid) returns text stable language sql security definer set search_path = '' as $$
  select l.scope_path from public.localities l where l.id = place $$;
comment on function app_path_of(uuid) is 'First scope_path of a place (inclusive)';

create function app_path_end(place uuid) returns text stable language sql security definer set search_path = '' as $$
  select left(l.scope_path, -1) || '/' from public.localities l where l.id = place $$;
comment on function app_path_end(uuid) is 'End of the paths of a place (exclusive)';

create function app_place_and_above(place uuid) returns setof uuid stable language sql security definer set search_path = '' as $$
  select distinct above.id
    from public.localities l cross join lateral (values (l.id), (l.commune_id), (l.district_id), (l.province_id)) above(id)
   where l.id = place and above.id is not null $$;
comment on function app_place_and_above(uuid) is 'A place and the places above it on the tree day';

-- Run as the owner: every caller who sees a twinning reads the name and level of its place, also when the village lies in another
-- commune or the twinning has ended.
create function app_place_name(place uuid) returns text stable parallel safe language sql security definer set search_path = ''
  as $$ select l.name from public.localities l where l.id = place $$;

create function app_place_level(place uuid) returns text stable parallel safe language sql security definer set search_path = ''
  as $$ select l.level from public.localities l where l.id = place $$;

-- Runs as the owner: an organisation reads its own records also after its twinning, and the village only during it.
create function app_village_name(village uuid) returns text stable language sql security definer set search_path = '' as $$
  select l.name from public.localities l where l.id = village and l.level = 'village' $$;
comment on function app_village_name(uuid) is 'The name of a village that the caller may no longer see, for its records there';

-- ── search ─────────────────────────────────────────────────────────────────────────────────────
-- Runs once for each statement: the load of the catalogue inserts 14,000 versions with one.
create function app_index_localities() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.locality_words (locality_id, word)
  select distinct n.locality_id, word from named n cross join lateral public.app_index_words(n.name) word
  on conflict do nothing;
  return null;
end $$;
create trigger index_words_of_new after insert on locality_versions referencing new table as named
  for each statement execute function app_index_localities();
create trigger index_words_of_changed after update on locality_versions referencing new table as named
  for each statement execute function app_index_localities();

-- Analyzes the catalogue after its load. Without it the planner has no statistics until autovacuum runs a minute later, and every list
-- of places exceeded the statement timeout. Runs as the owner of the tables, whom ANALYZE requires.
create function app_analyze_places() returns void language plpgsql security definer set search_path = '' as $$
begin
  analyze public.localities, public.locality_versions, public.locality_successions, public.locality_words;
end $$;

-- Inserts one entry for all rows of the first load, for which app_track inserts none.
create function app_audit_catalogue(catalogue uuid, counts jsonb) returns void language plpgsql security definer set search_path = '' as $$
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  insert into public.audit_events (at, actor_role, resource, record_id, action, step, new_values)
  values (public.app_now(), public.app_role(), 'data_loads', catalogue, 'create', 'catalogue', counts);
end $$;
comment on function app_audit_catalogue(uuid, jsonb) is 'Writes the audit entry of a load of the catalogue, with the counts of its rows';

create function app_is_urban(village uuid) returns boolean stable language sql security definer set search_path = '' as $$
  select v.kind = 'to_dan_pho' or coalesce(c.kind in ('phuong', 'thi_tran'), false)
    from public.localities v left join public.localities c on c.id = v.parent_id where v.id = village $$;
comment on function app_is_urban(uuid) is 'Whether a village is urban: a residential group, or part of a ward or township';

select app_callable('app_analyze_places', 'app_ancestor', 'app_audit_catalogue', 'app_is_urban', 'app_path', 'app_path_end', 'app_path_of', 'app_paths', 'app_place_and_above',
  'app_place_labels', 'app_place_level', 'app_place_name', 'app_places_above', 'app_places_below', 'app_places_of', 'app_set_tree_day', 'app_timeline', 'app_tree', 'app_village_name');
