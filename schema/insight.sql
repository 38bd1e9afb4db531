-- Insight: precomputed sums of gifts and visits (described in the migration).

select app_table('support_changes', tracked => false, grants => 'select', owner => 'writes',
  reads => '{place}', reads_reason => 'Marks are read for the range of the caller');
select app_table('support_summaries', tracked => false, grants => 'select', owner => 'writes',
  reads => '{place}', reads_reason => 'Counts are read for the range of the caller');

-- A household that receives a gift in another village than before counts as wandering from then on, in the summaries of the earlier
-- villages too. A concurrent gift to the same household waits for the lock of the household and then sees the first: otherwise neither
-- would mark the village of the other.
create function app_mark_support(villages uuid[], years integer[], households uuid[]) returns void
  language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
begin
  perform 1 from public.households h where h.id = any (households) order by h.id for no key update;
  -- OFFSET 0 and no sequential scan keep nested loops over indexes: the plan is made once, perhaps while a table is still empty, and a
  -- gift has few marks.
  insert into public.support_changes (village_id, scope_path, year)
  select touched.village_id, l.scope_path, touched.year
    from (select * from unnest(villages, years)
           union
          select other.village_id, extract(year from other.day)::integer
            from (select distinct * from unnest(villages, households)) given(village_id, household_id)
           cross join lateral (
             select g.village_id, g.given_on from public.gifts g where g.household_id = given.household_id and g.village_id < given.village_id
              union all
             select g.village_id, g.given_on from public.gifts g where g.household_id = given.household_id and g.village_id > given.village_id
              union all
             select r.village_id, g.given_on from public.gift_recipients r join public.gifts g on g.id = r.gift_id
              where r.household_id = given.household_id and r.village_id < given.village_id
              union all
             select r.village_id, g.given_on from public.gift_recipients r join public.gifts g on g.id = r.gift_id
              where r.household_id = given.household_id and r.village_id > given.village_id
             offset 0) other(village_id, day)
         ) touched(village_id, year)
   cross join lateral (select x.scope_path from public.localities x where x.id = touched.village_id offset 0) l;
end $$;
comment on function app_mark_support(uuid[], integer[], uuid[]) is
  'Marks places, each with a year, and the other villages in which the same households received gifts';

create function app_support_changed() returns trigger language plpgsql as $$
declare
  villages uuid[];
  years integer[];
  households uuid[];
begin
  -- One call for each statement and not for each row: a visit with five gifts inserts two marks.
  if tg_table_name = 'visits' then
    if tg_op = 'INSERT' then
      select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from visited_on)::integer) into villages, years from new_rows;
    elsif tg_op = 'DELETE' then
      select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from visited_on)::integer) into villages, years from old_rows;
    else
      select array_agg(ends.village_id), array_agg(extract(year from ends.day)::integer) into villages, years
        from old_rows o join new_rows n on n.id = o.id
        cross join lateral (values (coalesce(o.village_id, o.locality_id), o.visited_on), (coalesce(n.village_id, n.locality_id), n.visited_on))
          ends(village_id, day)
       where (o.village_id, o.locality_id, o.visited_on, o.purpose) is distinct from (n.village_id, n.locality_id, n.visited_on, n.purpose);
    end if;
  elsif tg_table_name = 'gift_recipients' then
    if tg_op = 'INSERT' then
      select array_agg(r.village_id), array_agg(extract(year from g.given_on)::integer), array_agg(r.household_id) into villages, years, households
        from new_rows r join public.gifts g on g.id = r.gift_id;
    else
      select array_agg(r.village_id), array_agg(extract(year from g.given_on)::integer) into villages, years
        from old_rows r join public.gifts g on g.id = r.gift_id;
    end if;
  elsif tg_op = 'INSERT' then
    select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from given_on)::integer), array_agg(household_id)
      into villages, years, households from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from given_on)::integer) into villages, years from old_rows;
  else
    -- A gift with an unchanged village and household changes no household's villages, so the household is not locked: a
    -- confirmation and a merge would deadlock.
    select array_agg(ends.village_id), array_agg(extract(year from ends.day)::integer), array_agg(ends.household_id)
      into villages, years, households
      from old_rows o join new_rows n on n.id = o.id
      cross join lateral (values (coalesce(o.village_id, o.locality_id), o.given_on, null), (coalesce(n.village_id, n.locality_id), n.given_on,
        case when (o.village_id, o.household_id) is distinct from (n.village_id, n.household_id) then n.household_id end)
      ) ends(village_id, day, household_id)
     where (o.village_id, o.locality_id, o.given_on, o.status, o.value_vnd, o.funding_source, o.household_id, o.households_count, o.households_named)
           is distinct from
           (n.village_id, n.locality_id, n.given_on, n.status, n.value_vnd, n.funding_source, n.household_id, n.households_count, n.households_named);
  end if;
  if villages is not null then
    perform public.app_mark_support(villages, years, households);
  end if;
  return null;
end $$;
create trigger support_inserted after insert on visits referencing new table as new_rows
  for each statement execute function app_support_changed();
create trigger support_updated after update on visits referencing old table as old_rows new table as new_rows
  for each statement execute function app_support_changed();
create trigger support_deleted after delete on visits referencing old table as old_rows
  for each statement execute function app_support_changed();
create trigger support_inserted after insert on gifts referencing new table as new_rows
  for each statement execute function app_support_changed();
create trigger support_updated after update on gifts referencing old table as old_rows new table as new_rows
  for each statement execute function app_support_changed();
create trigger support_deleted after delete on gifts referencing old table as old_rows
  for each statement execute function app_support_changed();
create trigger support_inserted after insert on gift_recipients referencing new table as new_rows
  for each statement execute function app_support_changed();
create trigger support_deleted after delete on gift_recipients referencing old table as old_rows
  for each statement execute function app_support_changed();

-- A village that moves takes its sums to another commune or province: both count it from its own summaries until the job has run. Once
-- for each statement, because a reorganisation moves thousands of villages between few communes.
create function app_support_moved() returns trigger language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
begin
  insert into public.support_changes (village_id, scope_path, year)
  select distinct l.id, l.scope_path, extract(year from s.starts_on)::integer
    from changed n join former o on o.id = n.id
    join public.support_summaries s on s.place_id = n.id and s.level = 'place' and s.period = 'year'
   cross join lateral (values (n.id), (o.commune_id), (n.commune_id), (o.province_id), (n.province_id)) place(id)
    join public.localities l on l.id = place.id
   where (o.commune_id, o.province_id) is distinct from (n.commune_id, n.province_id);
  return null;
end $$;
create trigger support_moved after update on localities referencing old table as former new table as changed
  for each statement execute function app_support_moved();

-- Adds up the summaries of the level below. A place without a commune or province in the tree of today stands for itself on that level.
-- MATERIALIZED, OFFSET 0 and no sequential scan keep one look-up of summaries for each member: the plan is made once, perhaps while the
-- table is still empty.
create function app_roll_up_support(of_level text, places uuid[], years integer[]) returns void
  language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
begin
  delete from public.support_summaries s
   where s.place_id = any (places) and s.level = of_level and extract(year from s.starts_on)::integer = any (years);
  with members as materialized (
    select x.id, coalesce(x.commune_id, x.id) as whole_id from public.localities x
     where of_level = 'commune' and (x.commune_id = any (places) or x.id = any (places))
     union all
    select x.id, coalesce(x.province_id, x.commune_id, x.id) from public.localities x
     where of_level = 'province' and (x.province_id = any (places) and (x.level <> 'village' or x.commune_id is null) or x.id = any (places))
  ), parts as (
    select m.whole_id, s.* from members m
     cross join lateral (
      select * from public.support_summaries s
       where s.place_id = m.id and s.level = case of_level when 'commune' then 'place' else 'commune' end
         and extract(year from s.starts_on)::integer = any (years) offset 0) s
     where m.whole_id = any (places)
  ), wandering as (
    select p.whole_id, p.period, p.starts_on, array_agg(distinct home) as homes
      from parts p cross join unnest(p.wandering_households) home group by 1, 2, 3
  ), sums as (
    select p.whole_id, p.period, p.starts_on, sum(p.visits) as visits, sum(p.gifts) as gifts, sum(p.gifts_confirmed) as gifts_confirmed,
           sum(p.gift_value_vnd) as gift_value_vnd, sum(p.loans_vnd) as loans_vnd, sum(p.households_unnamed) as households_unnamed,
           max(p.last_visit_on) as last_visit_on, max(p.last_holiday_visit_on) as last_holiday_visit_on, max(p.last_gift_on) as last_gift_on,
           sum(p.households) as households
      from parts p group by 1, 2, 3
  )
  insert into public.support_summaries (place_id, scope_path, level, period, starts_on, visits, gifts, gifts_confirmed, gift_value_vnd,
      loans_vnd, households_unnamed, last_visit_on, last_holiday_visit_on, last_gift_on, households, wandering_households)
  select s.whole_id, l.scope_path, of_level, s.period, s.starts_on, s.visits, s.gifts, s.gifts_confirmed, s.gift_value_vnd,
         s.loans_vnd, s.households_unnamed, s.last_visit_on, s.last_holiday_visit_on, s.last_gift_on, s.households, coalesce(w.homes, '{}')
    from sums s join public.localities l on l.id = s.whole_id left join wandering w using (whole_id, period, starts_on);
end $$;

-- Recounts the marked villages and deletes their marks. A visible mark was inserted by a transaction whose gifts are visible too; a
-- mark that is not visible yet stays.
create function app_summarise_support(most integer) returns integer language plpgsql security definer set search_path = '' as $$
declare
  marks integer;
  villages uuid[];
  years integer[];
  kept uuid[];
  communes uuid[];
  provinces uuid[];
begin
  -- Runs in one session at a time, so that no older count overwrites a newer one. The number is arbitrary.
  if not pg_try_advisory_xact_lock(7364102304) then return 0; end if;
  -- Skips places that another transaction moves, or whose commune or province it changes, until the next run: that transaction may wait
  -- for this job, so this job must not wait for it. The lock keeps them where they are until the sums are committed.
  select array_agg(c.village_id) into villages from (select x.village_id from public.support_changes x order by x.id limit most) c;
  select array_agg(x.id) into kept
    from (select l.id from public.localities l
           where l.id in (select above.id from public.localities p cross join lateral (values (p.id), (p.commune_id), (p.province_id)) above(id)
                           where p.id = any (villages))
             for share skip locked) x;
  select array_agg(l.id) into villages
    from public.localities l
   where l.id = any (villages) and l.id = any (kept)
     and (l.commune_id is null or l.commune_id = any (kept)) and (l.province_id is null or l.province_id = any (kept));
  with taken as (
    delete from public.support_changes c
     where c.id in (select id from public.support_changes where village_id = any (villages) order by id limit most)
    returning c.village_id, c.year)
  select count(*), array_agg(distinct village_id), array_agg(distinct year) into marks, villages, years from taken;
  if marks = 0 then return 0; end if;

  delete from public.support_summaries s
   where s.place_id = any (villages) and s.level = 'place' and extract(year from s.starts_on)::integer = any (years);
  with given as (
    select g.id, coalesce(g.village_id, g.locality_id) as village_id, g.given_on, g.status, g.value_vnd, g.funding_source, g.household_id,
           g.households_count, g.households_named
      from public.gifts g
     where (g.village_id = any (villages) or g.locality_id = any (villages)) and g.status in ('recorded', 'confirmed')
  ), homes as (
    select g.village_id, g.given_on as day, g.household_id from given g where g.household_id is not null
     union all
    select g.village_id, g.given_on, r.household_id from given g join public.gift_recipients r on r.gift_id = g.id
     where g.household_id is null and g.households_named > 0
  ), facts as (
    select g.village_id, g.given_on as day, 0 as visit, false as holiday, 1 as gift, (g.status = 'confirmed')::integer as confirmed,
           case when g.funding_source <> 'credit' then g.value_vnd else 0 end as value_vnd,
           case when g.funding_source = 'credit' then g.value_vnd else 0 end as loan_vnd,
           coalesce(g.households_count - g.households_named, 0) as unnamed, null::uuid as household_id, false as wanders
      from given g
     union all
    select h.village_id, h.day, 0, false, 0, 0, 0, 0, 0, h.household_id,
           exists (select from public.gifts o where o.household_id = h.household_id and o.village_id < h.village_id)
           or exists (select from public.gifts o where o.household_id = h.household_id and o.village_id > h.village_id)
           or exists (select from public.gift_recipients o where o.household_id = h.household_id and o.village_id < h.village_id)
           or exists (select from public.gift_recipients o where o.household_id = h.household_id and o.village_id > h.village_id)
      from homes h
     union all
    select coalesce(v.village_id, v.locality_id), v.visited_on, 1, v.purpose = 'holiday', 0, 0, 0, 0, 0, null, false
      from public.visits v where v.village_id = any (villages) or v.locality_id = any (villages)
  ), counted as (
    select f.village_id, p.period, date_trunc(p.period, f.day::timestamp)::date as starts_on, sum(visit) as visits, sum(gift) as gifts,
           sum(confirmed) as gifts_confirmed, sum(value_vnd) as gift_value_vnd, sum(loan_vnd) as loans_vnd, sum(unnamed) as households_unnamed,
           max(day) filter (where visit = 1) as last_visit_on, max(day) filter (where holiday) as last_holiday_visit_on,
           max(day) filter (where gift = 1) as last_gift_on,
           count(distinct household_id) filter (where not wanders) as households,
           coalesce(array_agg(distinct household_id) filter (where wanders), '{}') as wandering_households
      from facts f cross join (values ('month'), ('quarter'), ('year')) p(period)
     where extract(year from f.day)::integer = any (years)
     group by 1, 2, 3
  )
  insert into public.support_summaries (place_id, scope_path, level, period, starts_on, visits, gifts, gifts_confirmed, gift_value_vnd,
      loans_vnd, households_unnamed, last_visit_on, last_holiday_visit_on, last_gift_on, households, wandering_households)
  select c.village_id, l.scope_path, 'place', c.period, c.starts_on, c.visits, c.gifts, c.gifts_confirmed, c.gift_value_vnd, c.loans_vnd,
         c.households_unnamed, c.last_visit_on, c.last_holiday_visit_on, c.last_gift_on, c.households, c.wandering_households
    from counted c join public.localities l on l.id = c.village_id;

  -- Also for a marked place itself: a village that now lies in a commune no longer stands for itself.
  select array_agg(distinct commune.id), array_agg(distinct province.id) into communes, provinces
    from public.localities l
   cross join lateral (values (coalesce(l.commune_id, l.id)), (l.id)) commune(id)
   cross join lateral (values (coalesce(l.province_id, l.commune_id, l.id)), (l.id)) province(id)
   where l.id = any (villages);
  perform public.app_roll_up_support('commune', communes, years);
  perform public.app_roll_up_support('province', provinces, years);
  return marks;
end $$;
comment on function app_summarise_support(integer) is
  'Recounts the villages of a number of marks; returns the number of marks, 0 without marks or while another job runs';

select app_callable('app_mark_support', 'app_summarise_support');
