-- Two records of one household become one, a household tells what happened to it, and a village
-- that nobody stands by is found by who looks for it.

-- ── merging ────────────────────────────────────────────────────────────────────────────────────
create table household_merges (
  id uuid primary key,
  household_id uuid not null constraint household_merges_household_id_fkey references households on delete cascade,
  merged_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null
);
comment on table household_merges is 'Households that were recorded twice: the id that is gone, and the household it is now';
create index household_merges_household_id on household_merges (household_id);
select app_watch('household_merges');
create policy with_its_household on household_merges for select using (exists (select from households h where h.id = household_id));
create policy definer_functions on household_merges to app_owner using (true) with check (true);

create table household_former_assessments (
  id uuid primary key,
  household_id uuid not null constraint household_former_assessments_household_id_fkey references households on delete cascade,
  merged_from uuid not null,
  year integer not null,
  poverty_status text not null,
  deprivations text[] not null,
  poverty_causes text[] not null,
  decision_number text,
  assessor_id uuid,
  assessed_on date not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null
);
comment on table household_former_assessments is
  'Of a year for which the surviving household had an assessment of its own: kept for its history, and counted nowhere';
create index household_former_assessments_household_id on household_former_assessments (household_id);
select app_watch('household_former_assessments', 'poverty_status', 'deprivations', 'poverty_causes');
create policy with_its_household on household_former_assessments for select using (exists (select from households h where h.id = household_id));
create policy definer_functions on household_former_assessments to app_owner using (true) with check (true);

-- What hangs on a household may lie where the caller does not reach: gifts and lists of a village it
-- has left. They go over all the same, so the function below writes as the owner.
create policy definer_functions on household_members to app_owner using (true) with check (true);
create policy definer_functions on visit_households to app_owner using (true) with check (true);
create policy merging on household_assessments to app_owner using (true) with check (true);
create policy merging on gifts to app_owner using (true) with check (true);
create policy merging on pledges to app_owner using (true) with check (true);

create function app_show_latest_assessment(subject uuid) returns void language sql security definer set search_path = '' as $$
  update public.households h
     set poverty_status = a.poverty_status, poverty_year = a.year, deprivations = a.deprivations, poverty_causes = a.poverty_causes
    from (select * from public.household_assessments x where x.household_id = subject order by x.year desc limit 1) a
   where h.id = subject
     and (h.poverty_status, h.poverty_year, h.deprivations, h.poverty_causes)
      is distinct from (a.poverty_status, a.year, a.deprivations, a.poverty_causes) $$;
create or replace function app_latest_assessment() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.app_show_latest_assessment(new.household_id);
  return null;
end $$;

-- Called from functions that trust no search path.
create or replace function app_follow_item() returns trigger language plpgsql as $$
declare
  key constant text := tg_argv[0];
begin
  if tg_op <> 'INSERT' then perform public.app_refresh_item((to_jsonb(old) ->> key)::uuid); end if;
  if tg_op <> 'DELETE' then perform public.app_refresh_item((to_jsonb(new) ->> key)::uuid); end if;
  return null;
end $$;

-- Only who is certainly the same person: the same name to the accent, nobody else of that name in
-- either home, and nothing known of the one that contradicts the other. Where that is not clear both
-- stay, for a person too many is seen and mended, and a person too few is lost.
create function app_same_people(merged uuid, survivor uuid) returns table (member_id uuid, kept_id uuid)
  stable language sql security definer set search_path = '' as $$
  with people as (
    select m.id, m.household_id, lower(normalize(m.name)) as name, m.birth_year, m.sex,
           count(*) over (partition by m.household_id, lower(normalize(m.name))) = 1 as alone
      from public.household_members m where m.household_id in (merged, survivor)
  )
  select m.id, s.id
    from people m
    join public.households h on h.id = survivor
    left join people s on s.household_id = survivor and s.alone and s.name = m.name
     and coalesce(s.birth_year = m.birth_year, true) and coalesce(s.sex = m.sex, true)
   where m.household_id = merged and m.alone
     and (s.id is not null or (m.name = lower(normalize(h.head_name)) and m.birth_year = h.head_birth_year
                               and not exists (select from people x where x.household_id = survivor and x.name = m.name))) $$;
comment on function app_same_people(uuid, uuid) is
  'Members of the one who are a member of the other too; kept_id is null for who is its head';

create function app_both(one text, other text) returns text immutable parallel safe language sql
  as $$ select left(case when one = other then one else nullif(concat_ws(E'\n', one, other), '') end, 1000) $$;
comment on function app_both(text, text) is 'Two notes as one, no longer than a note may be';

create function app_union(one text[], other text[]) returns text[] immutable parallel safe language sql
  as $$ select one || array(select word from unnest(other) word where word <> all (one)) $$;

-- Asked of everything that hangs on the household, also of what lies where the caller does not reach.
create function app_household_decided(subject uuid) returns boolean stable language sql security definer set search_path = '' as $$
  select exists (select from public.hardship_items i where i.household_id = subject and i.approved)
      or exists (select from public.gifts g where g.household_id = subject and g.status <> 'recorded') $$;
comment on function app_household_decided(uuid) is 'Whether the commune approved it on a list, or a gift to it was answered';

-- The caller holds both rows locked. The survivor's word stands; what it does not say is taken over.
create function app_merge_households(merged uuid, survivor uuid) returns void language plpgsql security definer set search_path = '' as $$
declare
  gone uuid[];
  kept uuid[];
begin
  if merged = survivor or 2 <> (select count(*) from public.households h where h.id in (merged, survivor)
      and h.scope_path >= public.app_low() and h.scope_path < public.app_high()) then
    perform public.app_refuse('app_not_found');
  end if;

  -- gifts, and the people they were for: told apart once, before anything of them changes
  select coalesce(array_agg(p.member_id), '{}'), coalesce(array_agg(p.kept_id), '{}') into gone, kept
    from public.app_same_people(merged, survivor) p;
  update public.gifts g
     set household_id = survivor, member_id = case when p.member_id is null then g.member_id else p.kept_id end
    from public.gifts x left join unnest(gone, kept) as p (member_id, kept_id) on p.member_id = x.member_id
   where g.id = x.id and x.household_id = merged;
  update public.household_members s
     set birth_year = coalesce(s.birth_year, m.birth_year), sex = coalesce(s.sex, m.sex),
         relation = coalesce(s.relation, m.relation), student = s.student or m.student
    from unnest(gone, kept) as p (member_id, kept_id) join public.household_members m on m.id = p.member_id
   where s.id = p.kept_id;
  delete from public.household_members m where m.id = any (gone);
  update public.household_members m set household_id = survivor where m.household_id = merged;

  -- visits
  update public.visits v set updated_at = clock_timestamp()
   where v.id in (select x.visit_id from public.visit_households x where x.household_id = merged);
  insert into public.visit_households (visit_id, household_id)
  select x.visit_id, survivor from public.visit_households x where x.household_id = merged on conflict do nothing;
  delete from public.visit_households x where x.household_id = merged;

  -- items: two on one list become one, with all that was said and promised of either
  update public.hardship_items s
     set reasons = public.app_union(s.reasons, m.reasons), needs = public.app_union(s.needs, m.needs),
         priority = least(s.priority, m.priority), note = public.app_both(s.note, m.note),
         approved = s.approved or m.approved, approved_state = coalesce(s.approved_state, m.approved_state),
         dropped = s.dropped and m.dropped, created_at = least(s.created_at, m.created_at), updated_at = clock_timestamp()
    from public.hardship_items m
   where s.household_id = survivor and m.household_id = merged and s.list_id = m.list_id;
  update public.pledges k
     set note = public.app_both(k.note, p.note), planned_on = least(k.planned_on, p.planned_on)
    from public.pledges p
    join public.hardship_items m on m.id = p.item_id and m.household_id = merged
    join public.hardship_items s on s.list_id = m.list_id and s.household_id = survivor
   where k.item_id = s.id and k.organisation_id = p.organisation_id;
  delete from public.pledges p
   using public.hardship_items m, public.hardship_items s, public.pledges k
   where m.id = p.item_id and m.household_id = merged and s.list_id = m.list_id and s.household_id = survivor
     and k.item_id = s.id and k.organisation_id = p.organisation_id;
  update public.pledges p set item_id = s.id
    from public.hardship_items m join public.hardship_items s on s.list_id = m.list_id and s.household_id = survivor
   where m.id = p.item_id and m.household_id = merged;
  update public.gifts g set hardship_item_id = s.id
    from public.hardship_items m join public.hardship_items s on s.list_id = m.list_id and s.household_id = survivor
   where m.id = g.hardship_item_id and m.household_id = merged;
  -- Whoever merges writes the lists of both.
  update public.hardship_lists l set written_by = public.app_with_caller(l.written_by)
   where l.id in (select m.list_id from public.hardship_items m where m.household_id = merged);
  delete from public.hardship_items m
   using public.hardship_items s where m.household_id = merged and s.household_id = survivor and s.list_id = m.list_id;
  update public.hardship_items m set household_id = survivor where m.household_id = merged;
  perform public.app_refresh_item(i.id) from public.hardship_items i where i.household_id = survivor;

  -- assessments
  insert into public.household_former_assessments (id, household_id, merged_from, year, poverty_status, deprivations, poverty_causes,
      decision_number, assessor_id, assessed_on, created_at)
  select a.id, survivor, merged, a.year, a.poverty_status, a.deprivations, a.poverty_causes, a.decision_number, a.assessor_id, a.assessed_on, a.updated_at
    from public.household_assessments a join public.household_assessments s on s.household_id = survivor and s.year = a.year
   where a.household_id = merged;
  update public.household_assessments a set household_id = survivor, scope_path = h.scope_path
    from public.households h
   where h.id = survivor and a.household_id = merged
     and not exists (select from public.household_assessments s where s.household_id = survivor and s.year = a.year);
  perform public.app_show_latest_assessment(survivor);

  -- the household itself
  update public.households s
     set head_sex = coalesce(s.head_sex, m.head_sex), head_birth_year = coalesce(s.head_birth_year, m.head_birth_year),
         hardship_reasons = public.app_union(s.hardship_reasons, m.hardship_reasons), address = coalesce(s.address, m.address),
         latitude = case when s.latitude is null or s.longitude is null then m.latitude else s.latitude end,
         longitude = case when s.latitude is null or s.longitude is null then m.longitude else s.longitude end,
         note = coalesce(s.note, m.note), updated_at = clock_timestamp()
    from public.households m where s.id = survivor and m.id = merged;
  update public.household_merges x set household_id = survivor where x.household_id = merged;
  update public.household_former_assessments x set household_id = survivor where x.household_id = merged;
  insert into public.household_merges (id, household_id, merged_by) values (merged, survivor, public.app_user_id());
  delete from public.households h where h.id = merged;
end $$;
comment on function app_merge_households(uuid, uuid) is 'Everything of the one goes over to the other, and the one is deleted';

-- ── history ────────────────────────────────────────────────────────────────────────────────────
-- What the audit says of a household and of those that were merged into it, one line for a request,
-- and its assessments. The audit holds names of personal fields and never their values. Who sees a
-- household from outside its area, as a twinned unit does, is told neither who changed it nor which fields.
create function app_household_history(subject uuid) returns table (
    id uuid, kind text, happened_on date, recorded_at timestamptz, household_id uuid,
    year integer, poverty_status text, deprivations text[], poverty_causes text[],
    from_village_id uuid, from_village_name text, village_id uuid, village_name text,
    from_status text, status text, merged_household_id uuid,
    fields text[], actor_id uuid, actor_name text, actor_role text)
  stable language sql security definer set search_path = '' as $$
  with home as (
    select h.id, coalesce(h.scope_path >= public.app_low() and h.scope_path < public.app_high(), false) as inside
      from public.households h
     where h.id = subject and (h.scope_path >= public.app_low() and h.scope_path < public.app_high()
                               or h.village_id = any (public.app_villages()) and h.listed)
  ), records as (
    select home.id from home union all select m.id from public.household_merges m join home on m.household_id = home.id
  ), events as (
    -- Loaders have no request: what they wrote at one moment is one line. Its id begins with the moment,
    -- as a request's does, so that ids order the lines of one day.
    select coalesce(e.request_id, (lpad(to_hex((extract(epoch from e.at) * 1000)::bigint), 12, '0') || right(md5(e.at::text), 20))::uuid) as request, e.at, e.record_id, e.action, e.step, e.actor_id, e.actor_role,
           e.old_values, e.new_values, field.name as field
      from public.audit_events e join records r on r.id = e.record_id
      left join lateral (
        select key as name from jsonb_object_keys(e.new_values) key union select unnest(e.personal_fields)) field on e.action = 'update'
     where e.resource = 'households' and e.action in ('create', 'update', 'delete')
  ), lines as (
    select e.request, e.at, min(e.actor_id::text)::uuid as actor_id, min(e.actor_role) as actor_role,
           bool_or(e.action = 'create') as registered, coalesce(bool_or(e.step = 'merge'), false) as merging,
           (min(e.record_id::text) filter (where e.action <> 'delete'))::uuid as record_id,
           (min(e.record_id::text) filter (where e.action = 'delete'))::uuid as merged_id,
           (max(e.old_values ->> 'village_id') filter (where e.action = 'update'))::uuid as from_village,
           (max(e.new_values ->> 'village_id') filter (where e.action <> 'delete'))::uuid as village,
           max(e.old_values ->> 'status') filter (where e.action = 'update') as from_status,
           max(e.new_values ->> 'status') filter (where e.action <> 'delete') as status,
           (max(e.new_values ->> 'status_since') filter (where e.action = 'update'))::date as since,
           -- Columns that the database derives, and those that an assessment writes, are no change of their own.
           array_agg(distinct e.field) filter (where e.field not in ('head_fold', 'special_hardship', 'listed', 'acted_by', 'on_behalf_of',
             'poverty_status', 'poverty_year', 'deprivations', 'poverty_causes')) as fields,
           exists (select from public.audit_events m
                    where m.at = e.at and m.request_id = e.request and m.resource = 'household_members') as with_members
      from events e group by e.request, e.at
  ), entries as (
    select l.request as id,
           case when l.merging then 'merged' when l.registered then 'registered'
                when l.from_village <> l.village then 'moved' when l.from_status <> l.status then 'status_changed'
                else 'changed' end as kind,
           coalesce(case when l.from_status <> l.status then l.since end, (l.at at time zone 'Asia/Ho_Chi_Minh')::date) as happened_on, l.at as recorded_at,
           coalesce(l.record_id, subject) as household_id, null::integer as year, null::text as poverty_status,
           '{}'::text[] as deprivations, '{}'::text[] as poverty_causes,
           l.from_village as from_village_id, l.village as village_id, l.from_status, l.status, l.merged_id as merged_household_id,
           coalesce(l.fields, '{}') || case when l.with_members and not l.registered then '{members}' else '{}'::text[] end as fields,
           l.actor_id, l.actor_role
      from lines l
    union all
    select a.id, 'assessed', a.assessed_on, a.updated_at, subject, a.year, a.poverty_status, a.deprivations, a.poverty_causes,
           null, null, null, null, null, '{}', a.assessor_id, null
      from public.household_assessments a join home on a.household_id = home.id
    union all
    select a.id, 'assessed', a.assessed_on, a.created_at, a.merged_from, a.year, a.poverty_status, a.deprivations, a.poverty_causes,
           null, null, null, null, null, '{}', a.assessor_id, null
      from public.household_former_assessments a join home on a.household_id = home.id
  )
  select e.id, e.kind, e.happened_on, e.recorded_at, e.household_id, e.year, e.poverty_status, e.deprivations, e.poverty_causes,
         origin.id, public.app_place_name(origin.id), e.village_id, public.app_place_name(e.village_id),
         e.from_status, e.status, e.merged_household_id,
         case when home.inside then e.fields else '{}' end,
         case when home.inside then e.actor_id end, case when home.inside then u.full_name end,
         case when home.inside then coalesce(e.actor_role, u.role) end
    from entries e cross join home left join public.users u on u.id = e.actor_id
    -- A village that the caller does not see is not named to it.
    left join public.localities origin on origin.id = e.from_village_id
     and (origin.scope_path >= public.app_low() and origin.scope_path < public.app_high() or origin.id = any (public.app_villages()))
   where e.kind <> 'changed' or (home.inside and e.fields <> '{}') $$;
comment on function app_household_history(uuid) is 'What became of a household the caller sees; nothing for any other';

-- ── villages nobody stands by ──────────────────────────────────────────────────────────────────
-- A village is stood by through its commune or district as well, and a caller below them does not see
-- their twinnings: that there is one says nothing more than what its own village knows.
create function app_twinned_places() returns setof uuid stable language sql security definer set search_path = '' as $$
  select distinct t.locality_id from public.twinnings t
   where public.app_twinning_active(t, (public.app_now() at time zone 'Asia/Ho_Chi_Minh')::date) $$;
comment on function app_twinned_places() is 'Places that somebody stands by today';
