-- Twinning: organisations, programmes and twinnings.

-- ── tables ─────────────────────────────────────────────────────────────────────────────────────
select app_table('organisations', owner => 'locks',
  writes => '{place}', writes_reason => 'Officials manage the units of their range');
create policy readable on organisations for select using ((select app_role()) <> 'public');
comment on policy readable on organisations is
  'Names of units are visible to every signed-in user and to keys: gifts and twinnings contain them';
create trigger aa_place before insert or update of locality_id on organisations for each row execute function app_place_in_locality();

select app_table('organisation_contacts', personal => '{contact_name, contact_phone, contact_email, address}',
  reads => '{own part of organisations by organisation_id}',
  reads_reason => 'The contact of a unit is for the unit and for the officials who manage it',
  writes => '{managed part of organisations by organisation_id}', writes_reason => 'Officials manage units');
select app_part('organisation_contacts', 'organisations', 'organisation_id');

select app_table('organisation_headcounts',
  reads => '{own part of organisations by organisation_id}',
  reads_reason => 'Headcounts of a unit are for the unit and for the officials who manage it',
  writes => '{managed part of organisations by organisation_id}', writes_reason => 'Officials manage units');
select app_part('organisation_headcounts', 'organisations', 'organisation_id');

-- app_last_day_of_new locks the programme of a new twinning, which most callers may not change.
select app_table('programmes', owner => 'locks',
  writes => '{place}', writes_reason => 'Officials manage the programmes of their range');
create policy readable on programmes for select using ((select app_role()) not in ('public', 'key'));
comment on policy readable on programmes is
  'Programmes are visible to every signed-in user; keys read aggregates only';
create trigger aa_place before insert or update of locality_id on programmes for each row execute function app_place_in_locality();

-- A commune holds villages of a place that ended: a commune that was split, a district, or a village that was divided. Its twinnings are
-- those of the village until the last day, and are recorded late.
create function app_former_places() returns uuid[] stable language sql security definer set search_path = '' as $$
  with recursive above as (
    select former.id
      from public.localities l
     cross join lateral (select v.parent_id from public.locality_versions v where v.locality_id = l.id
                          union all
                         select s.predecessor_id from public.locality_successions s where s.successor_id = l.id) former(id)
     where public.app_role() in ('commune', 'district') and l.level = 'village'
       and l.scope_path >= public.app_low() and l.scope_path < public.app_high()
     union
    select v.parent_id from above a join public.locality_versions v on v.locality_id = a.id
  )
  select array_agg(l.id) from above join public.localities l using (id) where l.valid_to is not null and l.level <> 'province' $$;
comment on function app_former_places() is 'Ended communes and districts in which a village of the caller''s range lay, and villages that ended into one';

select app_table('twinnings', owner => 'writes',
  writes => '{place}', writes_reason => 'The officials of the village decide about it');
create policy either_end on twinnings for select using (
  (scope_path >= (select app_low()) and scope_path < (select app_high()))
  or (organisation_scope_path >= (select app_low()) and organisation_scope_path < (select app_high()))
  or organisation_id = (select app_organisation())
  or locality_id = any ((select app_villages())::uuid[])
  or locality_id = any ((select app_former_places())::uuid[]));
comment on policy either_end on twinnings is
  'A twinning is visible to the officials of the village and of the unit, to the unit, to the other units of the village, and to each commune that holds a village of an ended place';
create trigger aa_place before insert or update of locality_id on twinnings for each row execute function app_place_in_locality();

create function app_place_twinning() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.organisation_id is distinct from old.organisation_id then
    select o.scope_path into new.organisation_scope_path from public.organisations o where o.id = new.organisation_id for key share;
  end if;
  return new;
end $$;
create trigger ab_place before insert or update of organisation_id on twinnings for each row execute function app_place_twinning();

-- Rejects a second twinning of one organisation with one place under one programme at the same time. A trigger and not an exclusion
-- constraint: equality of ids in such an index needs an extension.
create function app_twinning_once() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  -- A shorter period overlaps no other twinning than before.
  if tg_op = 'UPDATE' and (new.programme_id, new.organisation_id, new.locality_id) = (old.programme_id, old.organisation_id, old.locality_id)
     and new.starts_on >= old.starts_on and coalesce(new.ends_on, 'infinity') <= coalesce(old.ends_on, 'infinity') then
    return null;
  end if;
  -- Of two concurrent requests the second waits for the lock, and its next statement sees the row of the first.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(
    pg_catalog.concat_ws(' ', 'twinning', new.programme_id, new.organisation_id, new.locality_id), 0));
  if exists (select from public.twinnings t
              where t.organisation_id = new.organisation_id and t.locality_id = new.locality_id and t.programme_id = new.programme_id
                and t.id <> new.id
                and (t.ends_on is null or t.ends_on >= new.starts_on) and (new.ends_on is null or new.ends_on >= t.starts_on)) then
    -- Named like the unique key that refuses the same first day: the service answers both with one problem.
    raise exception 'overlapping twinning' using constraint = 'twinnings_key', errcode = 'exclusion_violation';
  end if;
  return null;
end $$;
create trigger once after insert or update of programme_id, organisation_id, locality_id, starts_on, ends_on on twinnings
  for each row execute function app_twinning_once();

-- Rejects a second leading organisation of a place under one programme at the same time.
create function app_one_lead() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', 'lead', new.programme_id, new.locality_id), 0));
  if exists (select from public.twinnings t
              where t.programme_id = new.programme_id and t.locality_id = new.locality_id and t.lead and t.id <> new.id
                and (t.last_day is null or t.last_day >= new.starts_on) and (new.last_day is null or new.last_day >= t.starts_on)) then
    raise exception 'another organisation leads' using constraint = 'twinnings_lead', errcode = 'exclusion_violation';
  end if;
  return null;
end $$;
create trigger one_lead after insert or update of programme_id, locality_id, lead, starts_on, ends_on, last_day on twinnings
  for each row when (new.lead) execute function app_one_lead();

-- ── the last day of twinnings ──────────────────────────────────────────────────────────────────
-- The rows are locked until a new twinning is committed: a programme, organisation or place that ends meanwhile waits, and its trigger
-- then sees the twinning.
create function app_last_day_of_new() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    perform 1 from public.programmes p where p.id = new.programme_id for share;
    perform 1 from public.organisations o where o.id = new.organisation_id for share;
    perform 1 from public.localities l where l.id = new.locality_id for share;
  end if;
  new.last_day := public.app_last_day(new);
  return new;
end $$;
create trigger ac_last_day before insert or update of ends_on on twinnings for each row execute function app_last_day_of_new();

-- Follows a programme, organisation or place whose end changes. An organisation also ends its twinnings, which would begin
-- again when the organisation is reopened; so does a village, whose twinnings were to last longer.
create function app_follow_end() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_table_name = 'organisations' then
    update public.twinnings t set ends_on = new.valid_to
     where t.organisation_id = new.id and t.starts_on <= new.valid_to and (t.ends_on is null or t.ends_on > new.valid_to);
  elsif tg_table_name = 'localities' then
    update public.twinnings t set ends_on = new.valid_to
     where new.level = 'village' and t.locality_id = new.id and t.starts_on <= new.valid_to
       and (t.ends_on is null or t.ends_on > new.valid_to);
  end if;
  update public.twinnings t set last_day = public.app_last_day(t)
   where case tg_table_name when 'programmes' then t.programme_id = new.id when 'organisations' then t.organisation_id = new.id
         else t.locality_id = new.id end
     and t.last_day is distinct from public.app_last_day(t);
  return null;
end $$;
create trigger follow_end after update of ends_on on programmes for each row
  when (new.ends_on is distinct from old.ends_on) execute function app_follow_end();
create trigger follow_end after update of valid_to on organisations for each row
  when (new.valid_to is distinct from old.valid_to) execute function app_follow_end();
create trigger follow_end after update of valid_to on localities for each row
  when (new.valid_to is distinct from old.valid_to) execute function app_follow_end();

-- ── the tree of programmes ─────────────────────────────────────────────────────────────────────
-- The numbers of a programme include those of the programmes that carry it out.
create function app_programmes_below(programme uuid) returns setof uuid stable language sql security definer set search_path = '' as $$
  with recursive below as (
    select p.id from public.programmes p where p.id = programme
     union
    select p.id from below b join public.programmes p on p.parent_id = b.id
  )
  select id from below $$;
comment on function app_programmes_below(uuid) is 'A programme and its descendants';

-- Runs as the owner: a caller who sees a gift or a visit may not see the twinning with the place above.
create function app_programmes_of_twinnings() returns table (twinning_id uuid, programme_id uuid)
  stable language sql security definer set search_path = '' as $$
  with recursive above as (
    select p.id, p.id as above_id, p.parent_id from public.programmes p
     union
    select a.id, p.id, p.parent_id from above a join public.programmes p on p.id = a.parent_id
  )
  select t.id, a.above_id from public.twinnings t join above a on a.id = t.programme_id $$;
comment on function app_programmes_of_twinnings() is 'The programme of each twinning, and those above it';

create function app_twinnings_under(programme uuid) returns setof uuid stable language sql security definer set search_path = '' as $$
  select t.id from public.twinnings t where t.programme_id in (select public.app_programmes_below(programme)) $$;
comment on function app_twinnings_under(uuid) is 'The twinnings under a programme and its descendants';

-- ── state and places of twinnings ──────────────────────────────────────────────────────────────
create function app_last_day(t twinnings) returns date stable language sql security definer set search_path = '' as $$
  select least(t.ends_on, p.ends_on, o.valid_to, l.valid_to)
    from public.programmes p, public.organisations o, public.localities l
   where p.id = t.programme_id and o.id = t.organisation_id and l.id = t.locality_id $$;
comment on function app_last_day(twinnings) is 'The earliest end of a twinning, its programme, organisation and place';

create function app_suspended(suspensions jsonb, day date) returns boolean stable parallel safe language sql
  as $$ select suspensions <> '[]' and exists (select from jsonb_to_recordset(suspensions) as s(starts_on date, ends_on date)
    where s.starts_on <= day and (s.ends_on is null or s.ends_on >= day)) $$;

-- Compares with '[]' first: PostgreSQL inlines this function, and calls app_suspended, which has a subquery, for each row.
create function app_twinning_active(t twinnings, day date) returns boolean stable language sql
  as $$ select t.starts_on <= day and (t.last_day is null or t.last_day >= day)
    and (t.suspensions = '[]' or not public.app_suspended(t.suspensions, day)) $$;

create function app_twinning_status(last_day date, suspensions jsonb) returns text stable parallel safe language sql
  as $$ select case when last_day < public.app_today() then 'ended'
    when public.app_suspended(suspensions, public.app_today()) then 'suspended' else 'active' end $$;

-- Used by the filter `twinned` of places. Runs as the owner: a place is also twinned through the places above it, and a caller below those
-- does not see their twinnings. The place knows of them anyway.
create function app_twinned_places(day date) returns setof uuid stable language sql security definer set search_path = '' as $$
  with recursive twinned as (
    select l.id, l.level from public.localities l
     where l.id in (select t.locality_id from public.twinnings t where public.app_twinning_active(t, day))
     union
    select l.id, l.level
      from twinned above
      join public.locality_versions v on v.parent_id = above.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join public.localities l on l.id = v.locality_id
     where above.level <> 'village'
  )
  select id from twinned $$;
comment on function app_twinned_places(date) is 'Places of every level with an active twinning on a day, by themselves or through a place above';

-- Run for coverage, as the owner for the same reason as above: it counts the twinnings that stand by a place.
create function app_standing(places uuid[], first_day date, last_day date)
  returns table (twinning_id uuid, organisation_id uuid, locality_id uuid, active boolean)
  stable language sql security definer set search_path = '' as $$
  select t.id, t.organisation_id, t.locality_id, public.app_twinning_active(t, $3) from public.twinnings t
   where t.locality_id = any (places) and t.starts_on <= $3 and (t.last_day is null or t.last_day >= first_day) $$;
comment on function app_standing(uuid[], date, date) is
  'Twinnings with these places themselves whose days overlap a period, and whether each is active on its last day';

-- The status of a twinning is part of it, so its version changes when the tree day passes its last day, or a day on which a suspension
-- begins or ends.
create function app_touch_ended_twinnings() returns trigger language plpgsql set search_path = '' as $$
begin
  update public.twinnings t set updated_at = pg_catalog.clock_timestamp()
   where t.last_day >= old.day and t.last_day < new.day
      or t.suspensions <> '[]' and public.app_twinning_active(t, old.day) <> public.app_twinning_active(t, new.day);
  return null;
end $$;
create trigger ended_twinnings after update of day on tree_day for each row when (new.day > old.day)
  execute function app_touch_ended_twinnings();

-- ── working groups ─────────────────────────────────────────────────────────────────────────────
select app_table('working_groups', owner => 'reads', personal => '{members}',
  reads => '{place, own part of organisations by organisation_id, managed part of programmes by programme_id}',
  reads_reason => 'A group is visible to its party, to the officials of the party and to those of the programme',
  writes => '{place, own part of organisations by organisation_id}', writes_reason => 'The party and its officials keep the group');
create policy twinned on working_groups for select using (locality_id = any ((select app_villages())::uuid[]));
comment on policy twinned on working_groups is 'A twinned unit sees the groups of its villages';
create trigger aa_place before insert on working_groups for each row execute function app_place_in_locality();

-- Sets the place of an audit entry about a record of an organisation to its managing place, whose officials read the entry.
create function app_audit_party() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  select o.locality_id into new.locality_id from public.organisations o where o.id = new.organisation_id;
  return new;
end $$;
create trigger place_of_parties before insert on audit_events for each row
  when (new.resource in ('working_groups') and new.locality_id is null) execute function app_audit_party();

-- The condition of the policies by party, for `allowed_actions`.
create function app_writes_party(scope_path text, organisation uuid) returns boolean stable language sql as $$
  select coalesce(public.app_in_range(scope_path), false) or exists (select from public.organisations o
    where o.id = organisation and (o.id = public.app_organisation() or public.app_in_range(o.scope_path))) $$;

create function app_twinnings_until(place uuid, day date) returns bigint stable language sql security definer set search_path = '' as $$
  select count(*) from public.twinnings t where t.locality_id = place and t.starts_on <= day and t.last_day = day $$;
comment on function app_twinnings_until(uuid, date) is 'The number of twinnings of a place whose last day is this one';

select app_callable('app_former_places', 'app_programmes_below', 'app_programmes_of_twinnings', 'app_twinnings_under', 'app_standing', 'app_suspended', 'app_twinned_places', 'app_twinning_active', 'app_twinning_status', 'app_twinnings_until', 'app_writes_party');
