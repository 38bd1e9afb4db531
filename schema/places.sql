-- Places: paths, the tree of a day, and the names of places.

-- ── tables ─────────────────────────────────────────────────────────────────────────────────────
select app_table('localities', owner => 'writes',
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

select app_table('locality_versions', owner => 'writes',
  reads => '{part of localities by locality_id}', reads_reason => 'A part is read with the record that it belongs to');
create policy written on locality_versions
  using ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level = 'village'
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())))
  with check ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level = 'village'
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())));
comment on policy written on locality_versions is
  'A version changes with its village, or by the loader';
select app_part('locality_versions', 'localities', 'locality_id');

select app_table('locality_successions', owner => 'writes',
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

-- A flag is set by the officials above its place: the scope path of a place begins with that of its parent, so a place strictly inside
-- the caller's range has its parent in that range.
select app_table('locality_flags', owner => 'writes',
  reads => '{part of localities by locality_id}', reads_reason => 'A part is read with the record that it belongs to');
create policy written on locality_flags
  using ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level <> 'province'
    and l.scope_path > (select app_low()) and l.scope_path < (select app_high())))
  with check ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level <> 'province'
    and l.scope_path > (select app_low()) and l.scope_path < (select app_high())));
comment on policy written on locality_flags is
  'Flags of a village, commune or district are set by callers whose range holds its parent';
select app_part('locality_flags', 'localities', 'locality_id');
create trigger touch_parent after insert or update or delete on locality_flags
  for each row execute function app_touch_parent('localities', 'locality_id');

-- The flags of the day are part of a place, so its version changes when the tree day passes the first or last day of a flag.
create function app_touch_flagged_places() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.localities l set updated_at = pg_catalog.clock_timestamp()
   where l.id in (select f.locality_id from public.locality_flags f
                   where f.from_on > old.day and f.from_on <= new.day or f.to_on >= old.day and f.to_on < new.day);
  return null;
end $$;
create trigger flagged_places after update of day on tree_day for each row when (new.day > old.day)
  execute function app_touch_flagged_places();

select app_table('locality_posts', owner => 'writes', personal => '{person_name, phone, party_member, note}',
  reads => '{place}', reads_reason => 'Posts are read with their place');
create policy written on locality_posts
  using (scope_path >= (select app_low()) and scope_path < (select app_high())
    and ((select app_role()) <> 'village_head' or post not in ('village_head', 'party_cell_secretary')))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high())
    and ((select app_role()) <> 'village_head' or post not in ('village_head', 'party_cell_secretary')));
comment on policy written on locality_posts is
  'The commune and the village keep the posts; the head and the Party-cell secretary, who hold the account of the village, do not name themselves';
create policy twinned on locality_posts for select using (
  (locality_id = any ((select app_villages())::uuid[]) or locality_id = any ((select app_communes())::uuid[]))
  and (from_on is null or from_on <= (select app_today())) and (to_on is null or to_on >= (select app_today())));
comment on policy twinned on locality_posts is 'A unit twinned with the place today sees the present holders';

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
  -- A merged village lies in its successor, whatever its last parent was.
  if tg_op = 'INSERT' or (new.parent_id is distinct from old.parent_id and new.scope_path = old.scope_path and new.merged_into_id is null) then
    select p.scope_path || new.label || '.', p.province_id, p.district_id, p.commune_id
      into new.scope_path, new.province_id, new.district_id, new.commune_id
      from public.localities p where p.id = new.parent_id;
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

create trigger aa_place before insert or update of locality_id on locality_posts for each row execute function app_place_in_locality();

-- Returns the paths of a range of few places, of a village head or a commune: the planner then looks up each path in an index and
-- sorts the rows. It does not know the bounds of a range at planning, and would estimate it as wide as a province. Lists state the
-- branch of the policy that applies to their caller as a plain condition (`access/reach.rs`).
create function app_paths() returns text[] stable language plpgsql security definer set search_path = '' as $$
begin
  return array(select l.scope_path from public.localities l
                where l.scope_path >= public.app_low() and l.scope_path < public.app_high());
end $$;
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
           null::uuid as district_id, null::uuid as commune_id, null::uuid as village_id
      from home h where h.lies_in is null
    union all
    select h.locality_id, t.path || h.label || '.',
           coalesce(t.province_id, case when h.level = 'province' then h.locality_id end),
           coalesce(t.district_id, case when h.level = 'district' and not coalesce(h.ended, false) then h.locality_id end),
           coalesce(t.commune_id, case when h.level = 'commune' and not coalesce(h.ended, false) then h.locality_id end),
           coalesce(t.village_id, case when h.level = 'village' and not coalesce(h.ended, false) then h.locality_id end)
      from tree t join home h on h.lies_in = t.locality_id
  )
  update localities l
     set scope_path = t.path, province_id = t.province_id, district_id = t.district_id, commune_id = t.commune_id,
         merged_into_id = nullif(t.village_id, l.id), name = h.name, code = h.code, kind = h.kind, parent_id = h.parent_id
    from tree t join home h using (locality_id)
   where l.id = t.locality_id
     and (l.scope_path, l.name, l.code, l.kind, l.parent_id, l.province_id, l.district_id, l.commune_id, l.merged_into_id)
      is distinct from (t.path, h.name, h.code, h.kind, h.parent_id, t.province_id, t.district_id, t.commune_id, nullif(t.village_id, l.id));
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

-- Copies the version of the tree day to a village of which a version changed; app_place_locality derives the path. A village without a
-- known first day keeps none.
create function app_show_version(village uuid, began date) returns void language plpgsql as $$
begin
  update public.localities l
     set name = v.name, code = v.code, kind = v.kind, parent_id = v.parent_id, updated_at = clock_timestamp(),
         valid_from = case when l.valid_from is not null then coalesce(began, l.valid_from) end
    from (select x.* from public.locality_versions x, public.tree_day t where x.locality_id = village
           order by (x.valid_from is null or x.valid_from <= t.day) desc, x.valid_from desc nulls last limit 1) v
   where l.id = village;
end $$;
comment on function app_show_version(uuid, date) is 'Copies name, code, kind and parent of the tree day, and a new first day, to a village; runs as the caller';

-- Whether a village of a present commune may have lain in another place before that commune began: in a predecessor of the commune, or
-- in the province of one, because no split crosses a province.
create function app_may_have_lain_in(place uuid, present uuid, day date) returns boolean stable language plpgsql as $$
begin
  return (
  with recursive before as (
    select s.predecessor_id as id from locality_successions s where s.successor_id = present
     union
    select s.predecessor_id from before b join locality_successions s on s.successor_id = b.id
  )
  select exists (select from before b where b.id = place
    or app_ancestor(b.id, 'province', day) = app_ancestor(place, 'province', day)));
end $$;

-- Ends a village: its last version and its open flags and posts end that day, and its successors are recorded. With one successor it lies
-- in that village from the day after on, as app_set_tree_day computes it.
-- Runs as the owner: successions have no policy for callers.
create function app_end_village(village uuid, ends date, successors uuid[], basis text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if 1 + cardinality(successors) <> (select count(*) from public.localities l where l.id = any (array_append(successors, village))
      and l.level = 'village' and public.app_in_range(l.scope_path)) then
    perform public.app_refuse('app_not_found');
  end if;
  -- Later versions only followed a commune to its successor: the service has refused others.
  delete from public.locality_versions v where v.locality_id = village and v.valid_from > ends;
  update public.locality_versions v set valid_to = ends where v.locality_id = village and coalesce(v.valid_to > ends, true);
  perform public.app_show_version(village, null);
  update public.locality_flags f set to_on = ends
   where f.locality_id = village and coalesce(f.from_on <= ends, true) and coalesce(f.to_on > ends, true);
  update public.locality_posts p set to_on = ends
   where p.locality_id = village and coalesce(p.from_on <= ends, true) and coalesce(p.to_on > ends, true);
  insert into public.locality_successions (id, predecessor_id, successor_id, effective_on, extent, certain, legal_basis)
  select gen_random_uuid(), village, s.id, ends + 1, case cardinality(successors) when 1 then 'whole' else 'part' end,
         cardinality(successors) = 1, basis
    from unnest(successors) s(id);
  update public.localities l set valid_to = ends, end_legal_basis = basis where l.id = village;
  update public.localities l
     set scope_path = s.scope_path || l.label || '.', province_id = s.province_id, district_id = s.district_id,
         commune_id = s.commune_id, merged_into_id = coalesce(s.merged_into_id, s.id)
    from public.localities s, public.tree_day t
   where l.id = village and s.id = any (successors) and cardinality(successors) = 1 and ends < t.day;
end $$;
comment on function app_end_village(uuid, date, uuid[], text) is 'Ends a village, with its successors; the villages are in the caller''s range';

-- The ancestor of a level by the dated parents.
-- Runs as the owner: a unit that records late names a village that it no longer sees.
create function app_ancestor(place uuid, wanted_level text, day date) returns uuid
  stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  with recursive up as (
    select l.id, l.level, 0 as depth from public.localities l where l.id = place
    union all
    select p.id, p.level, up.depth + 1
      from up join public.locality_versions v on v.locality_id = up.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join public.localities p on p.id = v.parent_id
  )
  select id from up where level = wanted_level order by depth limit 1);
end $$;

-- Runs as the owner, because the places above a village are public. With the policies evaluated at each step of the recursion, a page
-- of 200 communes took one second.
create function app_path(place uuid, day date) returns jsonb
  stable language plpgsql security definer set search_path = '' as $$
begin
  return (
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
     and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day));
end $$;
comment on function app_path(uuid, date) is 'The places above a place on a day, the widest first';

create function app_tree(day date) returns table (place_id uuid, village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
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
  -- A commune or village that has ended by the day lies where its successor lies; a commune that begins later lies nowhere yet.
  select l.id, case l.level when 'village' then coalesce(l.merged_into_id, l.id) end,
         case when l.valid_to < day then l.commune_id end, null, case when l.valid_to < day then l.province_id end
    from public.localities l where l.level in ('commune', 'village') and (l.valid_to < day or l.level = 'commune' and l.valid_from > day);
end $$;
comment on function app_tree(date) is
  'Every village and commune with the places above it on a day other than the tree day, whose ancestors are stored in localities';

-- Returns the places above villages, and communes, of the caller's own records. Runs as the owner: an organisation keeps its records, and aggregates
-- group them by place, after its twinning has ended and the village is hidden from it.
create function app_places_of(places uuid[])
  returns table (place_id uuid, village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select l.id, case l.level when 'village' then coalesce(l.merged_into_id, l.id) end, l.commune_id, l.district_id, l.province_id
    from public.localities l where l.id = any (places);
end $$;

create function app_place_labels(places uuid[], day date) returns table (id uuid, code text, name text)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select v.locality_id, v.code, v.name from public.locality_versions v join public.localities l on l.id = v.locality_id
   -- A village that ended without a certain successor has its last name.
   where v.locality_id = any (places) and (v.valid_from is null or v.valid_from <= least(day, l.valid_to))
     and (v.valid_to is null or v.valid_to >= least(day, l.valid_to));
end $$;

-- Runs as the owner: the places are those of the caller's own rows, and the places above them are public. One query for all rows of an
-- answer, because suppression compares the counts below each parent.
create function app_places_above(places uuid[], day date) returns table (id uuid, above_id uuid)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  with recursive up as (
    select v.locality_id as id, v.parent_id as above_id from public.locality_versions v
     where v.locality_id = any (places) and v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
    union
    select up.id, v.parent_id from up join public.locality_versions v on v.locality_id = up.above_id
     where v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select up.id, up.above_id from up
   union
  -- A village that has ended by the day lies where its last commune lies.
  select l.id, above.id from public.localities l cross join lateral unnest(array[l.commune_id, l.district_id, l.province_id]) above(id)
   where l.id = any (places) and l.level = 'village' and l.valid_to < day and above.id is not null;
end $$;
comment on function app_places_above(uuid[], date) is 'All places above each of these on a day';

-- Runs as the owner: the list that asks shows the places that its caller sees.
create function app_places_below(place uuid, day date) returns setof uuid stable language plpgsql security definer set search_path = '' as $$
begin
  return query
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
  select id from below;
end $$;
comment on function app_places_below(uuid, date) is 'A place and all places below it on a day';

-- The bounds of the paths of a place and of all below it, on the tree day. Run as the owner: an organisation filters its own records by a
-- village that it no longer sees.
create function app_path_of(place uuid) returns text stable language plpgsql security definer set search_path = '' as $$
begin
  return (select l.scope_path from public.localities l where l.id = place);
end $$;
comment on function app_path_of(uuid) is 'First scope_path of a place (inclusive)';

create function app_path_end(place uuid) returns text stable language plpgsql security definer set search_path = '' as $$
begin
  return (select left(l.scope_path, -1) || '/' from public.localities l where l.id = place);
end $$;
comment on function app_path_end(uuid) is 'End of the paths of a place (exclusive)';

create function app_place_and_above(place uuid) returns setof uuid stable language plpgsql security definer set search_path = '' as $$
begin
  return query
  select distinct above.id
    from public.localities l cross join lateral (values (l.id), (l.commune_id), (l.district_id), (l.province_id)) above(id)
   where l.id = place and above.id is not null;
end $$;
comment on function app_place_and_above(uuid) is 'A place and the places above it on the tree day';

-- Run as the owner: every caller who sees a twinning reads the name and level of its place, also when the village lies in another
-- commune or the twinning has ended.
create function app_place_name(place uuid) returns text stable parallel safe language plpgsql security definer set search_path = '' as $$
begin
  return (select l.name from public.localities l where l.id = place);
end $$;

create function app_place_level(place uuid) returns text stable parallel safe language plpgsql security definer set search_path = '' as $$
begin
  return (select l.level from public.localities l where l.id = place);
end $$;

-- Runs as the owner: an organisation reads its own records also after its twinning, and the village only during it.
create function app_village_name(village uuid) returns text stable language plpgsql security definer set search_path = '' as $$
begin
  return (select l.name from public.localities l where l.id = village and l.level = 'village');
end $$;
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

create function app_is_urban(village uuid) returns boolean stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select v.kind = 'to_dan_pho' or coalesce(c.kind in ('phuong', 'thi_tran'), false)
    from public.localities v left join public.localities c on c.id = v.parent_id where v.id = village);
end $$;
comment on function app_is_urban(uuid) is 'Whether a village is urban: a residential group, or part of a ward or township';

select app_callable('app_analyze_places', 'app_ancestor', 'app_audit_catalogue', 'app_end_village', 'app_is_urban', 'app_may_have_lain_in',
  'app_path', 'app_path_end', 'app_path_of', 'app_paths', 'app_place_and_above', 'app_place_labels', 'app_place_level', 'app_place_name',
  'app_places_above', 'app_places_below', 'app_places_of', 'app_set_tree_day', 'app_show_version', 'app_timeline', 'app_tree', 'app_village_name');
