-- Places: the catalogue of provinces, districts and communes in two eras, and the villages that
-- communes add to it. A locality keeps its id for its whole life; what it was called and where it
-- lay on a day is in its versions, what it became is in its successions. Official codes are
-- reused between eras (52 was Bình Định, is Gia Lai), so a code alone identifies nothing.

create sequence locality_labels;

create table localities (
  id uuid primary key,
  label text collate "C" not null default app_base36(nextval('locality_labels'))
    constraint localities_label_key unique
    constraint localities_label_form check (label ~ '^[0-9A-Z]+$'),
  level text not null constraint localities_level check (level in ('province', 'district', 'commune', 'village')),
  valid_from date,
  valid_to date,
  -- As on the tree day, or on the nearest day the locality existed: rewritten by app_set_tree_day.
  name text collate "vi-x-icu" not null constraint localities_name check (name <> ''),
  code text,
  kind text not null constraint localities_kind check (kind in
    ('tinh', 'thanh_pho', 'quan', 'huyen', 'thi_xa', 'phuong', 'thi_tran', 'xa', 'dac_khu', 'thon', 'lang', 'ban', 'buon', 'to_dan_pho')),
  parent_id uuid constraint localities_parent_id_fkey references localities,
  scope_path text collate "C" not null constraint localities_scope_path_form check (scope_path ~ '^0\.([0-9A-Z]+\.)+$'),
  province_id uuid constraint localities_province_id_fkey references localities,
  district_id uuid constraint localities_district_id_fkey references localities,
  commune_id uuid constraint localities_commune_id_fkey references localities,
  -- The profile of a village
  ethnic_groups text[] not null default '{}',
  border boolean not null default false,
  extremely_difficult boolean not null default false,
  upland boolean not null default false,
  latitude double precision constraint localities_latitude check (latitude between -90 and 90),
  longitude double precision constraint localities_longitude check (longitude between -180 and 180),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint localities_validity check (valid_from <= valid_to),
  constraint localities_id_scope_path_key unique (id, scope_path)
);
comment on table localities is 'Provinces, districts, communes and villages of every era';
comment on column localities.label is 'Surrogate in base 36, the locality''s step in scope paths; never an official code';
comment on column localities.valid_from is 'First day (inclusive); null: before anything this catalogue knows';
comment on column localities.valid_to is 'Last day (inclusive); null: still in force';
comment on column localities.scope_path is 'Where it lies on the tree day, as labels from the root; who may see a place''s records is decided by it';
comment on column localities.province_id is 'Its province on the tree day (itself, for a province); null for places that are not yet';
create index localities_scope_path on localities (scope_path);
create index localities_parent_id on localities (parent_id, name, id);
create index localities_code on localities (code);
create index localities_level_name on localities (level, name, id);
create index localities_province_id on localities (province_id);
create index localities_district_id on localities (district_id);
create index localities_commune_id on localities (commune_id);

create table locality_versions (
  id uuid primary key,
  locality_id uuid not null constraint locality_versions_locality_id_fkey references localities on delete cascade,
  name text collate "vi-x-icu" not null,
  code text,
  kind text not null,
  parent_id uuid constraint locality_versions_parent_id_fkey references localities,
  valid_from date,
  valid_to date,
  legal_basis text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint locality_versions_validity check (valid_from <= valid_to),
  constraint locality_versions_day_key unique nulls not distinct (locality_id, valid_from)
);
comment on table locality_versions is 'What a locality was called and where it lay, from day to day (both inclusive)';
create index locality_versions_parent_id on locality_versions (parent_id);
create index locality_versions_code on locality_versions (code);

create table locality_successions (
  id uuid primary key,
  predecessor_id uuid not null constraint locality_successions_predecessor_id_fkey references localities,
  successor_id uuid not null constraint locality_successions_successor_id_fkey references localities,
  effective_on date not null,
  extent text not null constraint locality_successions_extent check (extent in
    ('whole', 'part', 'part_area', 'part_population', 'all_area', 'part_area_all_population')),
  certain boolean not null,
  legal_basis text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint locality_successions_key unique (predecessor_id, successor_id)
);
comment on table locality_successions is 'What an ended locality became';
comment on column locality_successions.certain is 'Every village of the predecessor lies in this successor';
create index locality_successions_successor_id on locality_successions (successor_id);

create table locality_words (
  locality_id uuid not null constraint locality_words_locality_id_fkey references localities on delete cascade,
  word text collate "C" not null,
  constraint locality_words_pkey primary key (locality_id, word)
);
comment on table locality_words is 'Folded words of every name a locality had: searched by prefix, as a range, which an index serves under row-level security';
create index locality_words_word on locality_words (word, locality_id);

create table village_profiles (
  id uuid primary key,
  village_id uuid not null constraint village_profiles_village_id_fkey references localities on delete cascade,
  year integer not null constraint village_profiles_year check (year between 1900 and 2200),
  households integer constraint village_profiles_households check (households >= 0),
  population integer constraint village_profiles_population check (population >= 0),
  minority_households integer constraint village_profiles_minority_households check (minority_households >= 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint village_profiles_minority_within check (minority_households <= households),
  constraint village_profiles_village_year_key unique (village_id, year)
);
comment on table village_profiles is 'How many households and people a village has, year by year, as its commune counts them';

create table data_loads (
  name text primary key,
  digest bytea not null,
  loaded_at timestamptz not null
);
comment on table data_loads is 'Which catalogue files are in, so that a start with the same files loads nothing';

-- A village's path follows from its parent's; nobody sets it.
create function app_place_locality() returns trigger language plpgsql as $$
begin
  -- Where the whole tree is laid anew, the path comes with it: the parent's may not be laid yet.
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

create function app_index_locality() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.locality_words (locality_id, word)
  select new.locality_id, word from public.app_words(new.name) word
  on conflict do nothing;
  return null;
end $$;
create trigger index_words after insert or update of name on locality_versions for each row execute function app_index_locality();

-- The tree of a day, from the dated parents. A place that has ended lies within its certain
-- successor, else within its last parent; one that is not yet lies under the root, where only the
-- country sees it. Only rows that differ are rewritten, and the keys that carry scope_path to
-- other tables cascade.
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
comment on function app_set_tree_day(date) is 'Lays every path as of that day; to be called as system. Returns how many localities moved';

-- Where a place of a commune (or other parent) lies from era to era: forward to the certain
-- successor, else the province's; backward to the only predecessor, else the predecessors' common
-- province. `no split crosses a province` is what makes the province certain.
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
        -- the successor of the province it lay in: itself when that goes on
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

-- Ancestors by the dated parents: the tree of any day.
create function app_ancestor(place uuid, wanted_level text, day date) returns uuid stable language sql as $$
  with recursive up as (
    select l.id, l.level, 0 as depth from localities l where l.id = place
    union all
    select p.id, p.level, up.depth + 1
      from up join locality_versions v on v.locality_id = up.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join localities p on p.id = v.parent_id
  )
  select id from up where level = wanted_level order by depth limit 1 $$;

create function app_path(place uuid, day date) returns jsonb stable language sql as $$
  with recursive up as (
    select v.parent_id, 1 as depth from locality_versions v
     where v.locality_id = place and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
    union all
    select v.parent_id, up.depth + 1 from up join locality_versions v on v.locality_id = up.parent_id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'name', v.name, 'level', l.level) order by up.depth desc), '[]')
    from up join localities l on l.id = up.parent_id
    join locality_versions v on v.locality_id = l.id
     and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day) $$;
-- The villages of any day with the places they lay in.
create function app_tree(day date) returns table (village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
  stable language sql security definer set search_path = '' as $$
  with above as (
    select l.id, l.level, v.parent_id
      from public.localities l join public.locality_versions v on v.locality_id = l.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select a.id,
         case when p1.level = 'commune' then p1.id end,
         case when p1.level = 'district' then p1.id when p2.level = 'district' then p2.id end,
         case when p1.level = 'province' then p1.id when p2.level = 'province' then p2.id when p3.level = 'province' then p3.id end
    from above a
    join above p1 on p1.id = a.parent_id
    left join above p2 on p2.id = p1.parent_id
    left join above p3 on p3.id = p2.parent_id
   where a.level = 'village' $$;
-- Where the villages of somebody's own records lie: a unit keeps its records, and their place in the
-- numbers, when a twinning ends and it sees the village itself no more.
create function app_places_of(villages uuid[]) returns table (village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
  stable language sql security definer set search_path = '' as $$
  select l.id, l.commune_id, l.district_id, l.province_id from public.localities l where l.id = any (villages) $$;

create function app_place_labels(places uuid[], day date) returns table (id uuid, code text, name text)
  stable language sql security definer set search_path = '' as $$
  select v.locality_id, v.code, v.name from public.locality_versions v
   where v.locality_id = any (places) and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day) $$;

comment on function app_tree(date) is 'For another day than the tree day, whose answer is stored with the localities';

comment on function app_path(uuid, date) is 'The places a place lay in on a day, the widest first';

-- Villages below the caller's range or twinned with its organisation; the rest of the tree is
-- public to everybody who signed in.
select app_watch('localities');
create policy readable on localities for select using (
  (level <> 'village' and (select app_role()) is not null)
  or (scope_path >= (select app_low()) and scope_path < (select app_high()))
  or id = any ((select app_villages())::uuid[]));
-- An official may lock the other places of its range, to be told that they are changed by law.
create policy villages_added on localities for insert
  with check (level = 'village' and scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy villages_changed on localities for update
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (level = 'village' and scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy villages_deleted on localities for delete
  using (level = 'village' and scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy system_writes on localities using ((select app_role()) = 'system') with check ((select app_role()) = 'system');
create policy definer_functions on localities for select to app_owner using (true);
create policy definer_locks on localities for update to app_owner using (true) with check (false);

select app_watch('locality_versions');
create policy with_its_locality on locality_versions for select using (exists (select from localities l where l.id = locality_id));
create policy written on locality_versions
  using ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level = 'village'
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())))
  with check ((select app_role()) = 'system' or exists (select from localities l where l.id = locality_id and l.level = 'village'
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())));
create policy definer_functions on locality_versions for select to app_owner using (true);

select app_watch('locality_successions');
create policy readable on locality_successions for select using ((select app_role()) is not null);
create policy system_writes on locality_successions using ((select app_role()) = 'system') with check ((select app_role()) = 'system');

alter table locality_words enable row level security;
alter table locality_words force row level security;
grant select on locality_words to app;
-- Words say nothing by themselves; the localities they lead to have their own policy.
create policy readable on locality_words for select using ((select app_role()) is not null);
create policy definer_functions on locality_words to app_owner using (true) with check (true);

select app_watch('village_profiles');
create policy with_its_village on village_profiles for select
  using ((select app_role()) <> 'key' and exists (select from localities l where l.id = village_id));
create policy written on village_profiles
  using ((select app_role()) <> 'key' and exists (select from localities l where l.id = village_id
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())))
  with check (exists (select from localities l where l.id = village_id
    and l.scope_path >= (select app_low()) and l.scope_path < (select app_high())));

alter table data_loads enable row level security;
alter table data_loads force row level security;
grant select, insert, update on data_loads to app;
create policy system_only on data_loads using ((select app_role()) = 'system') with check ((select app_role()) = 'system');

grant usage on sequence locality_labels to app;
