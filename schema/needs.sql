-- Needs: households and their parts, hardship lists, pledges, and the merge of two records of one household.

-- ── merge rules ────────────────────────────────────────────────────────────────────────────────
-- A table that refers to households registers a rule for its rows in a merge beside its definition, so that app_merge_households
-- names no table of a later area.
select app_table('merge_rules', tracked => false, grants => null, owner => 'writes');
delete from merge_rules;

create function app_merge_rule(whole regclass, part regclass, key text, rule text) returns void language sql as $$
  insert into merge_rules (whole, part, key, rule) values (whole::text, part::text, key, rule) $$;
comment on function app_merge_rule(regclass, regclass, text, text) is
  'Registers the rule for rows that refer to a merged record: move (to the surviving record), delete (by their foreign key), or a function';

-- Applies the rules to the rows that refer to a record. Tables of later areas come first: their rows refer to rows of earlier
-- areas, which a merge may join.
create function app_merge_rows(of_table text, gone uuid, kept uuid) returns void language plpgsql as $$
declare
  registered record;
begin
  for registered in select m.part, m.key, m.rule from public.merge_rules m where m.whole = of_table order by m.position desc loop
    if registered.rule = 'move' then
      execute format('update public.%1$I set %2$I = $2 where %2$I = $1', registered.part, registered.key) using gone, kept;
    elsif registered.rule <> 'delete' then
      execute format('select public.%I($1, $2)', registered.rule) using gone, kept;
    end if;
  end loop;
end $$;
comment on function app_merge_rows(text, uuid, uuid) is
  'Applies the rule of each table to the rows that refer to the merged record';

-- ── households ─────────────────────────────────────────────────────────────────────────────────
-- Reads and writes have separate policies: units only read, and one policy for both would let them delete, because DELETE is checked
-- by USING alone.
select app_table('households', owner => 'writes',
  personal => '{head_name, head_fold, head_sex, head_birth_year, head_birth_date, ethnic_group, address, latitude, longitude, note,
    hardship_reasons, poverty_causes, deprivations, poverty_status}',
  reads => '{place, twinned where listed}', reads_reason => 'A twinned unit sees households on approved lists only',
  writes => '{place}', writes_reason => 'The village and its officials keep the register');
create trigger aa_place before insert or update of village_id on households for each row execute function app_place_in_village();

create function app_index_household() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' then
    if new.head_name = old.head_name then return null; end if;
    delete from public.household_words w where w.household_id = new.id;
  end if;
  insert into public.household_words (household_id, scope_path, word)
  select new.id, new.scope_path, word from public.app_index_words(new.head_name) word;
  return null;
end $$;
create trigger index_words after insert or update of head_name on households for each row execute function app_index_household();

-- The table of words is searched by prefix as a range, which an index serves under row-level security.
select app_table('household_words', tracked => false, grants => 'select', owner => 'writes',
  reads => '{place, twinned part of households by household_id}',
  reads_reason => 'The words of a name are as visible as the household');
select app_merge_rule('households', 'household_words', 'household_id', 'delete');

-- Copies the path of the household to a part, and locks the household FOR KEY SHARE until the transaction ends.
create function app_place_with_household() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.household_id is distinct from old.household_id then
    select h.scope_path into new.scope_path from public.households h where h.id = new.household_id for key share;
  end if;
  return new;
end $$;

-- The owner writes members: a merge moves rows that lie outside the caller's range, in a village that the household has left.
select app_table('household_members', owner => 'writes', personal => '{name, sex, birth_year, birth_date, ethnic_group, relation, student}',
  reads => '{place, twinned part of households by household_id}',
  reads_reason => 'A twinned unit reads them of the households that it sees',
  writes => '{place}', writes_reason => 'The village and its officials keep the register');
create trigger aa_place before insert or update of household_id on household_members
  for each row execute function app_place_with_household();
select app_part('household_members', 'households', 'household_id');
select app_merge_rule('households', 'household_members', 'household_id', 'app_merge_members');

-- The owner writes it: the fields of a member follow the member in a merge, and are deleted with it.
select app_table('household_private', tracked => false, owner => 'writes');
create policy officials_and_head on household_private
  using ((select app_role()) in ('province', 'district', 'commune', 'village_head', 'system')
    and scope_path >= (select app_low()) and scope_path < (select app_high()));
comment on policy officials_and_head on household_private is
  'Sealed phones and identity numbers are for officials and the village head: no unit, no administrator, no key';
create trigger aa_place before insert or update of household_id on household_private
  for each row execute function app_place_with_household();
select app_merge_rule('households', 'household_private', 'household_id', 'delete');

create function app_follow_member() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    delete from public.household_private p where p.household_id = old.household_id and p.subject_id = old.id;
  else
    update public.household_private p set household_id = new.household_id
     where p.household_id = old.household_id and p.subject_id = old.id;
  end if;
  return null;
end $$;
create trigger ab_private after delete or update of household_id on household_members
  for each row execute function app_follow_member();

-- Inserts the audit entry of a change of sealed fields: their names, never their values. PL/pgSQL keeps its plan; an SQL function
-- is planned at each call (0.6 ms of the 13 of a household under load).
create function app_audit_sealed(subject uuid, fields text[]) returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, personal_fields, village_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'households', subject, 'update',
         nullif(current_setting('app.request_id', true), '')::uuid, fields, h.village_id
    from public.households h where h.id = subject;
end $$;

-- Returns the audit entries about a household and about those merged into it, one line for each request, and its assessments. The audit
-- holds names of personal fields and never their values. A caller from outside the area of the household, such as a twinned unit,
-- gets neither the actor nor the fields.
create function app_household_history(subject uuid) returns table (
    id uuid, kind text, happened_on date, recorded_at timestamptz, household_id uuid,
    year integer, round_kind text, poverty_status text, deprivations text[], poverty_causes text[], assessment_status text, corrected boolean,
    from_village_id uuid, from_village_name text, village_id uuid, village_name text,
    from_status text, status text, merged_household_id uuid,
    fields text[], actor_id uuid, actor_name text, actor_role text)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  with home as (
    select h.id, coalesce(h.scope_path >= public.app_low() and h.scope_path < public.app_high(), false) as inside
      from public.households h
     where h.id = subject and (h.scope_path >= public.app_low() and h.scope_path < public.app_high()
                               or h.village_id = any (public.app_villages()) and h.listed)
  ), records as (
    select home.id from home union all select m.id from public.household_merges m join home on m.household_id = home.id
  ), events as (
    -- Entries of loaders have no request id: those of one moment form one line. Its id begins with the moment, like the UUIDv7 of a
    -- request, so that ids order the lines of one day.
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
           (max(e.new_values ->> 'moved_on') filter (where e.action = 'update'))::date as moved_on,
           -- Leaves out columns that the database derives, and those that an assessment writes.
           array_agg(distinct e.field) filter (where e.field not in ('head_fold', 'special_hardship', 'listed', 'acted_by', 'on_behalf_of',
             'poverty_status', 'poverty_year', 'poverty_assessed_on', 'poverty_standard', 'deprivations', 'poverty_causes')) as fields,
           exists (select from public.audit_events m
                    where m.at = e.at and m.request_id = e.request and m.resource = 'household_members') as with_members
      from events e group by e.request, e.at
  ), entries as (
    select l.request as id,
           case when l.merging then 'merged' when l.registered then 'registered'
                when l.from_village <> l.village then 'moved' when l.from_status <> l.status then 'status_changed'
                else 'changed' end as kind,
           coalesce(case when l.from_village <> l.village then l.moved_on when l.from_status <> l.status then l.since end, (l.at at time zone 'Asia/Ho_Chi_Minh')::date) as happened_on, l.at as recorded_at,
           coalesce(l.record_id, subject) as household_id, null::integer as year, null::text as round_kind, null::text as poverty_status,
           '{}'::text[] as deprivations, '{}'::text[] as poverty_causes, null::text as assessment_status, null::boolean as corrected,
           l.from_village as from_village_id, l.village as village_id, l.from_status, l.status, l.merged_id as merged_household_id,
           coalesce(l.fields, '{}') || case when l.with_members and not l.registered then '{members}' else '{}'::text[] end as fields,
           l.actor_id, l.actor_role
      from lines l
    union all
    select a.id, 'assessed', a.assessed_on, a.updated_at, subject, a.round_year, a.round_kind, a.poverty_status, a.deprivations,
           a.poverty_causes, a.status, a.corrected_by_id is not null, null, null, null, null, null, '{}', a.assessor_id, null
      from public.household_assessments a join home on a.household_id = home.id
     where home.inside or a.status = 'confirmed'
  )
  select e.id, e.kind, e.happened_on, e.recorded_at, e.household_id, e.year, e.round_kind, e.poverty_status, e.deprivations, e.poverty_causes,
         e.assessment_status, e.corrected, origin.id, public.app_place_name(origin.id), e.village_id, public.app_place_name(e.village_id),
         e.from_status, e.status, e.merged_household_id,
         case when home.inside then e.fields else '{}' end,
         case when home.inside then e.actor_id end, case when home.inside then u.full_name end,
         case when home.inside then coalesce(e.actor_role, u.role) end
    from entries e cross join home left join public.users u on u.id = e.actor_id
    -- Does not name a village that the caller may not see.
    left join public.localities origin on origin.id = e.from_village_id
     and (origin.scope_path >= public.app_low() and origin.scope_path < public.app_high() or origin.id = any (public.app_villages()))
   where e.kind <> 'changed' or (home.inside and e.fields <> '{}');
end $$;
comment on function app_household_history(uuid) is 'The history of a household that the caller sees; no row for any other';

create function app_twinned_homes() returns uuid[] stable language plpgsql security definer set search_path = '' as $$
begin
  return (select array_agg(h.id) from public.households h where h.village_id = any (public.app_villages()) and h.listed);
end $$;
comment on function app_twinned_homes() is 'The listed households of the villages that the caller is twinned with';

-- ── villages that end ──────────────────────────────────────────────────────────────────────────
create function app_active_households(village uuid) returns bigint stable language plpgsql security definer set search_path = '' as $$
begin
  return (select count(*) from public.households h where h.village_id = village and h.status = 'active');
end $$;

-- Moves the active households of villages that ended into one successor. Others keep the village in which they lived last.
create function app_move_households(villages uuid[]) returns bigint language plpgsql security definer set search_path = '' as $$
declare
  moved bigint;
begin
  update public.households h set village_id = s.successor_id, moved_on = s.effective_on
    from public.locality_successions s
   where h.village_id = any (villages) and h.status = 'active' and s.predecessor_id = h.village_id and s.certain
     and public.app_in_range(h.scope_path);
  get diagnostics moved = row_count;
  return moved;
end $$;
comment on function app_move_households(uuid[]) is 'Moves the active households of ended villages to their only successors; returns their number';

-- A village that ends today is lived in until tonight.
create function app_move_households_of_the_day() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.app_move_households(array(select l.id from public.localities l
    where l.level = 'village' and l.valid_to >= old.day and l.valid_to < new.day));
  return null;
end $$;
create trigger moved_households after update of day on tree_day for each row when (new.day > old.day)
  execute function app_move_households_of_the_day();

-- ── assessments ────────────────────────────────────────────────────────────────────────────────
select app_table('poverty_standards', tracked => false, grants => 'select, insert',
  reads => '{everybody}', reads_reason => 'Standards are law, and public',
  writes => '{system}', writes_reason => 'The operator imports the next standard');

select app_table('household_assessments', owner => 'writes',
  personal => '{poverty_status, deprivations, poverty_causes, score_b1, score_b2, no_labour_capacity, note, return_reason}',
  reads => '{place, twinned confirmed part of households by household_id}',
  reads_reason => 'A twinned unit reads the confirmed ones of the households that it sees',
  writes => '{place}', writes_reason => 'The village and its officials assess');
create trigger aa_place before insert on household_assessments for each row execute function app_place_with_household();
select app_part('household_assessments', 'households', 'household_id');
select app_merge_rule('households', 'household_assessments', 'household_id', 'app_merge_assessments');

create function app_latest_assessment(subject uuid, on_day date)
  returns table (poverty_status text, round_year integer, assessed_on date, standard text, deprivations text[], poverty_causes text[])
  stable language sql as $$
  select a.poverty_status, a.round_year, a.assessed_on, a.standard, a.deprivations, a.poverty_causes
    from public.household_assessments a
   where a.household_id = subject and a.status = 'confirmed' and a.corrected_by_id is null and a.assessed_on <= on_day
   order by a.assessed_on desc, a.created_at desc, a.id desc limit 1 $$;
comment on function app_latest_assessment(uuid, date) is 'The assessment that counts for a household on a day; no row without one';

-- Copies the latest assessment to its household.
create function app_show_latest_assessment(subject uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.households h
     set poverty_status = a.poverty_status, poverty_year = a.round_year, poverty_assessed_on = a.assessed_on, poverty_standard = a.standard,
         deprivations = coalesce(a.deprivations, '{}'), poverty_causes = coalesce(a.poverty_causes, '{}')
    from (select) one left join lateral public.app_latest_assessment(subject, 'infinity') a on true
   where h.id = subject
     and (h.poverty_status, h.poverty_year, h.poverty_assessed_on, h.poverty_standard, h.deprivations, h.poverty_causes)
      is distinct from (a.poverty_status, a.round_year, a.assessed_on, a.standard, coalesce(a.deprivations, '{}'), coalesce(a.poverty_causes, '{}'));
end $$;

create function app_assessment_changed() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if new.status = 'confirmed' or tg_op = 'UPDATE' and old.status = 'confirmed' then
    perform public.app_show_latest_assessment(new.household_id);
  end if;
  return null;
end $$;
create trigger latest_assessment after insert or update of status, corrected_by_id, household_id on household_assessments
  for each row execute function app_assessment_changed();
-- A household shows its proposed assessment, too.
create trigger touch_parent after insert or update or delete on household_assessments
  for each row execute function app_touch_parent('households', 'household_id');

-- ── residences ─────────────────────────────────────────────────────────────────────────────────
select app_table('household_residences', tracked => false, grants => 'select', owner => 'writes',
  reads => '{place}', reads_reason => 'The village that a household left counts it in the years before');
select app_merge_rule('households', 'household_residences', 'household_id', 'delete');

-- Keeps the village that a household leaves, with the days on which it lived there. A move on the day of the last one corrects its
-- village; another day without a move corrects the day of the last one.
create function app_keep_residence() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if new.village_id <> old.village_id then
    new.moved_on := coalesce(new.moved_on, public.app_today());
    insert into public.household_residences (household_id, village_id, scope_path, from_on, until_on)
    select old.id, old.village_id, old.scope_path, old.moved_on, new.moved_on - 1
     where old.moved_on is null or old.moved_on < new.moved_on;
  elsif new.moved_on <> old.moved_on then
    update public.household_residences r set until_on = new.moved_on - 1
     where r.household_id = old.id and r.until_on = old.moved_on - 1;
  end if;
  return new;
end $$;
create trigger ac_residence before update of village_id, moved_on on households for each row execute function app_keep_residence();

-- Without subquery and search_path: PostgreSQL inlines these two.
create function app_active_on(status text, since date, day date) returns boolean immutable parallel safe language sql
  as $$ select status = 'active' or since > day $$;
comment on function app_active_on(text, date, date) is 'Whether a household with this status since a day was active on another day';

create function app_lived_on(from_on date, until_on date, day date) returns boolean immutable parallel safe language sql
  as $$ select coalesce(from_on <= day, true) and coalesce(until_on >= day, true) $$;
comment on function app_lived_on(date, date, date) is 'Whether a residence, with a first day that may be unknown, includes a day';

create function app_residents(of_village uuid, on_day date) returns table (household_id uuid)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select h.id from public.households h
   where h.village_id = of_village and public.app_lived_on(h.moved_on, null, on_day) and public.app_active_on(h.status, h.status_since, on_day)
   union all
  select h.id from public.household_residences r join public.households h on h.id = r.household_id
   where r.village_id = of_village and public.app_lived_on(r.from_on, r.until_on, on_day)
     and public.app_active_on(h.status, h.status_since, on_day);
end $$;
comment on function app_residents(uuid, date) is 'The active households that lived in a village on a day';

-- Households that lived in a village of the caller's range before they moved out of it: their records lie outside.
create function app_former_residents(days date[])
  returns table (village_id uuid, on_day date, poverty_status text, standard text, special_hardship boolean, minority boolean)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select r.village_id, day, a.poverty_status, a.standard, h.special_hardship, h.ethnic_group <> '01'
    from unnest(days) day
    join public.household_residences r on r.scope_path >= public.app_low() and r.scope_path < public.app_high()
     and public.app_lived_on(r.from_on, r.until_on, day)
    join public.households h on h.id = r.household_id and public.app_active_on(h.status, h.status_since, day)
    cross join lateral public.app_latest_assessment(h.id, day) a;
end $$;
comment on function app_former_residents(date[]) is 'Assessed households on days on which they lived in a village that they left';

-- ── registers ──────────────────────────────────────────────────────────────────────────────────
select app_table('village_registers', owner => 'writes',
  reads => '{part of localities by village_id}', reads_reason => 'A register is read with its village',
  writes => '{place}', writes_reason => 'The commune completes the register of a year');
create trigger aa_place before insert on village_registers for each row execute function app_place_in_village();

create function app_register_day(of_year integer) returns date stable language sql as
  $$ select least(make_date(of_year, 12, 31), public.app_today()) $$;
comment on function app_register_day(integer) is 'The day on which a register of a year counts: its last one, in this year today';

-- Counts of the register of a village and year. `unassessed`: households that were poor or near-poor at the end of the year before
-- and have no confirmed assessment of the year.
create function app_register_counts(of_village uuid, of_year integer)
  returns table (registered integer, assessed integer, poor integer, near_poor integer, proposed integer, unassessed integer)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  with homes as (
    select r.household_id, latest.poverty_status,
           exists (select from public.household_assessments a
                    where a.household_id = r.household_id and a.round_year = of_year and a.status = 'confirmed' and a.corrected_by_id is null) as assessed,
           exists (select from public.household_assessments a
                    where a.household_id = r.household_id and a.round_year = of_year and a.status = 'proposed' and a.corrected_by_id is null) as proposed,
           before.poverty_status in ('poor', 'near_poor') as was_poor
      from public.app_residents(of_village, public.app_register_day(of_year)) r
      left join lateral public.app_latest_assessment(r.household_id, public.app_register_day(of_year)) latest on true
      left join lateral public.app_latest_assessment(r.household_id, make_date(of_year - 1, 12, 31)) before on true
  )
  select count(*)::integer, (count(*) filter (where assessed))::integer, (count(*) filter (where poverty_status = 'poor'))::integer,
         (count(*) filter (where poverty_status = 'near_poor'))::integer, (count(*) filter (where proposed))::integer,
         (count(*) filter (where was_poor and not assessed))::integer
    from homes;
end $$;

-- The registers of a village that the caller sees: each year with a profile, an assessment or a register, and this year. Counts of a
-- year that is not complete are for the officials and the head.
create function app_registers(of_village uuid) returns table (
    year integer, complete boolean, completed_on date, completed_by uuid, reopen_reason text, households integer, minority_households integer,
    registered integer, assessed integer, poor integer, near_poor integer)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  with village as (
    select v.id, v.scope_path >= public.app_low() and v.scope_path < public.app_high() as inside from public.localities v
     where v.id = of_village and v.level = 'village'
       and (v.scope_path >= public.app_low() and v.scope_path < public.app_high() or v.id = any (public.app_villages()))
  ), years as (
    select p.year from public.village_profiles p where p.village_id = of_village and p.year >= 1990
     union select g.year from public.village_registers g where g.village_id = of_village
     union select a.round_year from public.households h join public.household_assessments a on a.household_id = h.id
            where h.village_id = of_village and (select inside from village)
     union select extract(year from public.app_today())::integer
  )
  select y.year, coalesce(g.complete, false), g.completed_on, g.completed_by, case when village.inside then g.reopen_reason end,
         p.households, p.minority_households, c.registered, c.assessed,
         -- A complete register is as the commune declared it.
         case when g.complete then coalesce(p.poor, c.poor) else c.poor end, case when g.complete then coalesce(p.near_poor, c.near_poor) else c.near_poor end
    from village cross join years y
    left join public.village_registers g on g.village_id = of_village and g.year = y.year
    left join public.village_profiles p on p.village_id = of_village and p.year = y.year
    left join lateral public.app_register_counts(of_village, y.year) c on village.inside or g.complete;
end $$;
comment on function app_registers(uuid) is 'The registers of a village that the caller sees; no row for any other place';

-- The villages of the caller's range in some years, with the households of their profiles, which keys read in aggregates only.
create function app_village_years(years integer[])
  returns table (village_id uuid, year integer, households integer, minority_households integer, complete boolean, inhabited boolean)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select v.id, y, p.households, p.minority_households, coalesce(g.complete, false), lived.here is not null
    from public.localities v
    cross join unnest(years) y
    left join public.village_profiles p on p.village_id = v.id and p.year = y
    left join public.village_registers g on g.village_id = v.id and g.year = y
    left join lateral (select true as here from public.households h where h.village_id = v.id and h.status = 'active' limit 1) lived on true
   where v.level = 'village' and v.scope_path >= public.app_low() and v.scope_path < public.app_high()
     and coalesce(v.valid_from <= public.app_register_day(y), true) and coalesce(v.valid_to >= public.app_register_day(y), true);
end $$;
comment on function app_village_years(integer[]) is 'The villages of the range of the caller, with the numbers that rates divide by';

-- Whether the register of the year is complete in the village where the household lived on the day of the register. Waits for a
-- concurrent completion, which waits for this transaction.
create function app_in_complete_register(subject uuid, of_year integer) returns boolean
  language plpgsql security definer set search_path = '' as $$
declare
  village uuid;
begin
  select coalesce((select r.village_id from public.household_residences r
                    where r.household_id = h.id and public.app_lived_on(r.from_on, r.until_on, public.app_register_day(of_year))), h.village_id)
    into village from public.households h where h.id = subject;
  perform pg_advisory_xact_lock_shared(hashtextextended(village::text, of_year));
  return exists (select from public.village_registers g where g.village_id = village and g.year = of_year and g.complete);
end $$;

create function app_lock_register(of_village uuid, of_year integer) returns void language sql
  as $$ select pg_advisory_xact_lock(hashtextextended(of_village::text, of_year)) $$;

-- ── consents ───────────────────────────────────────────────────────────────────────────────────
select app_table('household_consents', owner => 'merges', personal => '{given_by}', reads => '{place}', writes => '{place}',
  reads_reason => 'The village and its officials keep the consents; units read their effect only');
create trigger aa_place before insert or update of household_id on household_consents
  for each row execute function app_place_with_household();
select app_part('household_consents', 'households', 'household_id');
-- A consent changes what some callers read of the household, so its version, which is the ETag, changes with it.
create trigger touch_parent after insert or update or delete on household_consents for each row execute function app_touch_parent('households', 'household_id');
select app_merge_rule('households', 'household_consents', 'household_id', 'move');

create function app_consent_in_force(given_on date, expires_on date, withdrawn_at timestamptz) returns boolean stable parallel safe language sql
  as $$ select given_on <= public.app_today() and (expires_on is null or expires_on >= public.app_today()) and withdrawn_at is null $$;

-- Runs as the owner: a unit does not read the consents. Entries of the history may name a household that was merged into another one,
-- which took over the consents.
create function app_consenting(subjects uuid[]) returns uuid[] stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select coalesce(array_agg(s.id), '{}')
    from unnest(subjects) s(id) left join public.household_merges m on m.id = s.id
   where exists (select from public.household_consents c
                  where c.household_id = coalesce(m.household_id, s.id) and (c.organisation_id is null or c.organisation_id = public.app_organisation())
                    and public.app_consent_in_force(c.given_on, c.expires_on, c.withdrawn_at)));
end $$;
comment on function app_consenting(uuid[]) is 'Those of the households that consented today that the caller''s organisation reads everything';

-- ── hardship lists ─────────────────────────────────────────────────────────────────────────────
select app_table('hardship_lists', owner => 'writes', personal => '{return_reason}',
  reads => '{place, twinned where approved_at is not null}',
  reads_reason => 'A twinned unit sees a list from its first approval on',
  writes => '{place}', writes_reason => 'The village and its officials make the list; units read');
create trigger aa_place before insert or update of village_id on hardship_lists for each row execute function app_place_in_village();

-- Locks the list until the pledge is committed. Runs as the owner: the policies of a unit allow it to read the list, not to lock it.
create function app_hold_approved(list uuid) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  return (select l.status = 'approved' from public.hardship_lists l where l.id = list for share);
end $$;

select app_table('hardship_items', owner => 'writes', personal => '{reasons, needs, note, approved_state}',
  reads => '{place, twinned where approved}', reads_reason => 'A twinned unit sees an item from its first approval on',
  writes => '{place}', writes_reason => 'The village and its officials make the list; units read');
create trigger aa_place before insert or update of village_id on hardship_items for each row execute function app_place_in_village();
create trigger touch_parent after insert or update or delete on hardship_items for each row execute function app_touch_parent('hardship_lists', 'list_id');
select app_merge_rule('households', 'hardship_items', 'household_id', 'app_merge_items');

-- Sets households.listed, by which twinned units see a household: whether an approved list of its village contains it. A household that
-- moves keeps its items on lists of the former village, which no longer count. Runs once for each statement: one statement approves
-- a list of 500.
create function app_refresh_listed() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  homes uuid[];
begin
  if tg_op = 'INSERT' then
    select array_agg(distinct n.household_id) into homes from added n where n.approved;
  elsif tg_op = 'DELETE' then
    select array_agg(distinct o.household_id) into homes from removed o where o.approved;
  else
    select array_agg(distinct home) into homes
      from added n join removed o on o.id = n.id cross join lateral unnest(array[n.household_id, o.household_id]) home
     where (n.approved, n.household_id) is distinct from (o.approved, o.household_id);
  end if;
  if homes is null then return null; end if;
  -- A separate statement takes the lock: the next one has a new snapshot and sees what a concurrent transaction committed.
  perform 1 from public.households h where h.id = any (homes) order by h.id for update;
  update public.households h set listed = l.listed
    from (select x.id, exists (select from public.hardship_items i
                                where i.household_id = x.id and i.village_id = x.village_id and i.approved) as listed
            from public.households x where x.id = any (homes)) l
   where h.id = l.id and h.listed <> l.listed;
  return null;
end $$;
create trigger refresh_listed_inserted after insert on hardship_items referencing new table as added
  for each statement execute function app_refresh_listed();
create trigger refresh_listed_updated after update on hardship_items referencing old table as removed new table as added
  for each statement execute function app_refresh_listed();
create trigger refresh_listed_deleted after delete on hardship_items referencing old table as removed
  for each statement execute function app_refresh_listed();

create function app_list_where_it_lives() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  new.listed := exists (select from public.hardship_items i
                         where i.household_id = new.id and i.village_id = new.village_id and i.approved);
  return new;
end $$;
create trigger ab_listed before update of village_id on households for each row execute function app_list_where_it_lives();

-- ── pledges ────────────────────────────────────────────────────────────────────────────────────
select app_table('pledges', owner => 'merges', personal => '{note}',
  reads => '{place, twinned, giver}', reads_reason => 'Twinned units see each other''s pledges, so that two do not give the same');
create policy by_the_unit on pledges
  using (organisation_id = (select app_organisation()) or (select app_role()) = 'system')
  with check ((organisation_id = (select app_organisation()) and village_id = any ((select app_villages())::uuid[])) or (select app_role()) = 'system');
comment on policy by_the_unit on pledges is
  'A unit pledges for itself, and only in villages that it is twinned with';
create trigger aa_place before insert or update of village_id on pledges for each row execute function app_place_in_village();
create trigger touch_parent after insert or update or delete on pledges for each row execute function app_touch_parent('hardship_items', 'item_id');

-- ── merging ────────────────────────────────────────────────────────────────────────────────────
select app_table('household_merges', owner => 'writes',
  reads => '{part of households by household_id}', reads_reason => 'A part is read with the record that it belongs to');
select app_part('household_merges', 'households', 'household_id');
-- The policies restrict the rows to survivors that the caller sees.
create function app_merged(records uuid[]) returns table (gone uuid, kept uuid) stable language sql
  as $$ select m.id, m.household_id from public.household_merges m where m.id = any (records) $$;
comment on function app_merged(uuid[]) is 'The records into which others were merged, as far as the caller sees them';
select app_merge_rule('households', 'household_merges', 'household_id', 'move');

-- Returns the members that are certainly the same person: equal names including accents, no second member of that name in either
-- household, and no contradicting field. Otherwise both stay: a duplicate is visible and can be corrected, a person joined by mistake
-- is lost.
create function app_same_people(merged uuid, survivor uuid) returns table (member_id uuid, kept_id uuid)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  with people as (
    select m.id, m.household_id, lower(normalize(m.name)) as name, m.birth_year, m.sex, p.identity_number_index as number,
           count(*) over (partition by m.household_id, lower(normalize(m.name))) = 1 as alone
      from public.household_members m left join public.household_private p on p.household_id = m.household_id and p.subject_id = m.id
     where m.household_id in (merged, survivor)
  )
  select m.id, s.id
    from people m
    join public.households h on h.id = survivor
    left join public.household_private head on head.household_id = survivor and head.subject_id = survivor
    left join people s on s.household_id = survivor and s.alone and s.name = m.name
     and coalesce(s.birth_year = m.birth_year, true) and coalesce(s.sex = m.sex, true) and coalesce(s.number = m.number, true)
   where m.household_id = merged and m.alone
     and (s.id is not null or (m.name = lower(normalize(h.head_name)) and m.birth_year = h.head_birth_year
                               and coalesce(head.identity_number_index = m.number, true)
                               and not exists (select from people x where x.household_id = survivor and x.name = m.name)));
end $$;
comment on function app_same_people(uuid, uuid) is
  'Members of the merged household that the survivor has too; kept_id is null for a member that is its head';

create function app_both(one text, other text) returns text immutable parallel safe language sql
  as $$ select left(case when one = other then one else nullif(concat_ws(E'\n', one, other), '') end, 1000) $$;
comment on function app_both(text, text) is 'Joins two notes within the length limit of a note';

create function app_union(one text[], other text[]) returns text[] immutable parallel safe language plpgsql
  as $$
begin
  return one || array(select word from unnest(other) word where word <> all (one));
end $$;

create function app_merge_members(merged uuid, survivor uuid) returns void language plpgsql as $$
declare
  gone uuid[];
  kept uuid[];
begin
  select coalesce(array_agg(p.member_id), '{}'), coalesce(array_agg(p.kept_id), '{}') into gone, kept
    from public.app_same_people(merged, survivor) p;
  update public.household_members s
     set birth_year = coalesce(s.birth_year, m.birth_year), birth_date = case when coalesce(s.birth_year = m.birth_year, true) then coalesce(s.birth_date, m.birth_date) else s.birth_date end,
         ethnic_group = coalesce(s.ethnic_group, m.ethnic_group), sex = coalesce(s.sex, m.sex),
         relation = coalesce(s.relation, m.relation), student = s.student or m.student
    from unnest(gone, kept) as p (member_id, kept_id) join public.household_members m on m.id = p.member_id
   where s.id = p.kept_id;
  delete from public.household_members m where m.id = any (gone);
  update public.household_members m set household_id = survivor where m.household_id = merged;
end $$;

-- Two items on one list become one, with the reasons, needs and notes of both, and with all pledges and gifts.
create function app_merge_items(merged uuid, survivor uuid) returns void language plpgsql as $$
begin
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
  perform public.app_merge_rows('hardship_items', m.id, s.id)
     from public.hardship_items m join public.hardship_items s on s.list_id = m.list_id and s.household_id = survivor
    where m.household_id = merged;
  -- A merge changes the lists of the merged household, so its caller becomes an author.
  update public.hardship_lists l set written_by = public.app_with_caller(l.written_by)
   where l.id in (select m.list_id from public.hardship_items m where m.household_id = merged);
  delete from public.hardship_items m
   using public.hardship_items s where m.household_id = merged and s.household_id = survivor and s.list_id = m.list_id;
  update public.hardship_items m set household_id = survivor where m.household_id = merged;
  perform public.app_refresh_item(i.id) from public.hardship_items i where i.household_id = survivor;
end $$;

-- Of two assessments of one round the confirmed one counts, else that of the survivor; the other one stays in the history.
create function app_merge_assessments(merged uuid, survivor uuid) returns void language plpgsql as $$
declare
  pair record;
begin
  for pair in
    select m.id as merged_id, s.id as kept_id, m.status = 'confirmed' and s.status <> 'confirmed' as merged_counts
      from public.household_assessments m
      join public.household_assessments s on s.household_id = survivor and s.corrected_by_id is null and s.round_kind = m.round_kind
       and case m.round_kind when 'annual' then s.round_year = m.round_year else s.assessed_on = m.assessed_on end
     where m.household_id = merged and m.corrected_by_id is null
  loop
    update public.household_assessments a
       set corrected_by_id = case when pair.merged_counts then pair.merged_id else pair.kept_id end
     where a.id = case when pair.merged_counts then pair.kept_id else pair.merged_id end;
  end loop;
  update public.household_assessments a set household_id = survivor, scope_path = h.scope_path
    from public.households h
   where h.id = survivor and a.household_id = merged;
  perform public.app_show_latest_assessment(survivor);
end $$;

-- The caller holds both rows locked. Fields of the survivor stay; its empty fields are filled from the other household. Runs as the
-- owner: gifts and lists of a village that a household has left lie outside the caller's range, and move too.
create function app_merge_households(merged uuid, survivor uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  if merged = survivor or 2 <> (select count(*) from public.households h where h.id in (merged, survivor)
      and h.scope_path >= public.app_low() and h.scope_path < public.app_high()) then
    perform public.app_refuse('app_not_found');
  end if;
  perform public.app_merge_rows('households', merged, survivor);
  update public.households s
     set head_sex = coalesce(s.head_sex, m.head_sex), head_birth_year = coalesce(s.head_birth_year, m.head_birth_year),
         head_birth_date = case when coalesce(s.head_birth_year = m.head_birth_year, true) then coalesce(s.head_birth_date, m.head_birth_date) else s.head_birth_date end,
         hardship_reasons = public.app_union(s.hardship_reasons, m.hardship_reasons), address = coalesce(s.address, m.address),
         latitude = case when s.latitude is null or s.longitude is null then m.latitude else s.latitude end,
         longitude = case when s.latitude is null or s.longitude is null then m.longitude else s.longitude end,
         note = coalesce(s.note, m.note), updated_at = clock_timestamp()
    from public.households m where s.id = survivor and m.id = merged;
  insert into public.household_merges (id, household_id, merged_by) values (merged, survivor, public.app_user_id());
  delete from public.households h where h.id = merged;
end $$;
comment on function app_merge_households(uuid, uuid) is 'Moves all rows of the merged household to the survivor and deletes it';

select app_callable('app_active_households', 'app_active_on', 'app_audit_sealed', 'app_consent_in_force', 'app_consenting', 'app_former_residents',
  'app_hold_approved', 'app_household_history', 'app_in_complete_register', 'app_latest_assessment', 'app_lived_on', 'app_lock_register',
  'app_merge_households', 'app_merged', 'app_move_households', 'app_register_counts', 'app_register_day', 'app_registers', 'app_same_people', 'app_twinned_homes', 'app_village_years');
