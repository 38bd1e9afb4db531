-- Twinning: organisations, programmes and twinnings.

-- ── tables ─────────────────────────────────────────────────────────────────────────────────────
select app_table('organisations', owner => 'writes',
  writes => '{place}', writes_reason => 'Officials manage the units of their range');
create policy readable on organisations for select using ((select app_role()) <> 'public');
comment on policy readable on organisations is
  'Names of units are visible to every signed-in user and to keys: gifts and twinnings contain them';
create policy own on organisations for update using (id = (select app_organisation())) with check (id = (select app_organisation()));
comment on policy own on organisations is
  'A unit changes its contact, and with it the version of the organisation; a trigger keeps every column';
create trigger aa_place before insert or update of locality_id on organisations for each row execute function app_place_in_locality();

-- Functions that run as the owner, such as a succession, also change organisations outside the caller's range.
create function app_keep_own() returns trigger language plpgsql as $$
begin
  if current_user = 'app' and not public.app_in_range(old.scope_path)
     and (to_jsonb(new) - 'updated_at') <> (to_jsonb(old) - 'updated_at') then
    raise exception 'only officials above an organisation change it' using constraint = 'organisations_own', errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger ab_keep_own before update on organisations for each row execute function app_keep_own();

select app_table('organisation_contacts', personal => '{contact_name, contact_phone, contact_email, address}',
  reads => '{own part of organisations by organisation_id}',
  reads_reason => 'The contact of a unit is for the unit and for the officials who manage it',
  writes => '{own part of organisations by organisation_id}');
select app_part('organisation_contacts', 'organisations', 'organisation_id');
-- Runs as the owner: a village head does not see the twinning of the commune.
create function app_units_here() returns uuid[] stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select array_agg(distinct t.organisation_id) from public.twinnings t
   where public.app_role() in ('province', 'district', 'commune', 'village_head')
     and (t.last_day is null or t.last_day + public.app_late_entry_days() >= public.app_today())
     and (t.scope_path >= public.app_low() and t.scope_path < public.app_high()
          or public.app_low() >= t.scope_path and public.app_low() < left(t.scope_path, -1) || '/'));
end $$;
comment on function app_units_here() is
  'Organisations that are twinned with places of the caller''s range or above it, or were while they may record late';
create policy stands_by on organisation_contacts for select using (organisation_id = any ((select app_units_here())::uuid[]));
comment on policy stands_by on organisation_contacts is
  'The contact of a unit is also for the officials and heads of its twinned places, until it may no longer record there';

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
create function app_former_places() returns uuid[] stable language plpgsql security definer set search_path = '' as $$
begin
  return (
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
  select array_agg(l.id) from above join public.localities l using (id) where l.valid_to is not null and l.level <> 'province');
end $$;
comment on function app_former_places() is 'Ended communes and districts in which a village of the caller''s range lay, and villages that ended into one';

select app_table('twinnings', owner => 'writes',
  writes => '{place}', writes_reason => 'The officials of the village decide about it');
create policy either_end on twinnings for select using (
  (scope_path >= (select app_low()) and scope_path < (select app_high()))
  or (organisation_scope_path >= (select app_low()) and organisation_scope_path < (select app_high()))
  or organisation_id = any ((select app_organisations())::uuid[])
  or locality_id = any ((select app_villages())::uuid[])
  or locality_id = any ((select app_former_places())::uuid[]));
comment on policy either_end on twinnings is
  'A twinning is visible to the officials of the village and of the unit, to the unit and its successors, to the other units of the village, and to each commune that holds a village of the lineage of an ended place';
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
-- again when the organisation is reopened. The twinnings of a village that ends are ended before (app_succeed_place).
create function app_follow_end() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_table_name = 'organisations' then
    update public.twinnings t set ends_on = new.valid_to
     where t.organisation_id = new.id and t.starts_on <= new.valid_to and (t.ends_on is null or t.ends_on > new.valid_to);
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

-- ── succession ─────────────────────────────────────────────────────────────────────────────────
create function app_successions(organisation uuid) returns uuid[] stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  with recursive chain as (
    select organisation as id
     union
    select o.id from chain c join public.organisations o on o.successor_id = c.id
  )
  select array_agg(id) from chain);
end $$;
comment on function app_successions(uuid) is 'An organisation and those that it succeeded, directly and through others';

-- Runs with the rights of its caller: the service under the policies, the functions below as the owner. Records on the first day of the
-- successor or later are refused by app_keep_inside. The new twinning keeps a planned end, as far as its parties last that long.
create function app_succeed_twinning(subject uuid, new_id uuid, begins date, programme uuid, organisation uuid, locality uuid, leads boolean,
    decision text, decided date) returns void language plpgsql as $$
declare
  former public.twinnings;
begin
  select * into strict former from public.twinnings t where t.id = subject for update;
  update public.twinnings t set ends_on = begins - 1 where t.id = subject and (t.last_day is null or t.last_day >= begins);
  insert into public.twinnings (id, predecessor_id, programme_id, organisation_id, locality_id, lead, decision_number, decision_date, starts_on, ends_on)
  select new_id, subject, programme, organisation, locality, leads, decision, decided, begins,
         case when former.ends_on >= begins then least(former.ends_on, p.ends_on, o.valid_to, l.valid_to) end
    from public.programmes p, public.organisations o, public.localities l
   where p.id = programme and o.id = organisation and l.id = locality;
end $$;
comment on function app_succeed_twinning(uuid, uuid, date, uuid, uuid, uuid, boolean, text, date) is
  'Ends a twinning on the day before, and adds the one that continues it; its caller checks the parties';

-- Whether an organisation may be twinned with a place from a day on: it is in force, is not the place itself, and has no such twinning.
create function app_may_succeed(programme uuid, organisation uuid, locality uuid, begins date) returns boolean
  stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.programmes p, public.organisations o, public.localities l
                  where p.id = programme and p.effective_on <= begins and coalesce(p.ends_on, begins) >= begins
                    and o.id = organisation and coalesce(o.valid_from, begins) <= begins and coalesce(o.valid_to, begins) >= begins
                    and l.id = locality and coalesce(l.valid_from, begins) <= begins and coalesce(l.valid_to, begins) >= begins
                    and o.place_id is distinct from l.id)
     and not exists (select from public.twinnings t
                      where t.programme_id = programme and t.organisation_id = organisation and t.locality_id = locality
                        and coalesce(t.last_day, begins) >= begins);
end $$;

create function app_leads_there(programme uuid, locality uuid, begins date) returns boolean
  stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.twinnings t where t.programme_id = programme and t.locality_id = locality and t.lead
                    and coalesce(t.last_day, begins) >= begins);
end $$;
comment on function app_leads_there(uuid, uuid, date) is 'Whether a leading organisation is twinned with a place on a day or later';

-- For the end of a village. Its planned twinnings would otherwise lie outside, and one that has not begun cannot end on the day before:
-- the end of the place then counts it as in use (app_keep_inside).
create function app_succeed_place(place uuid, successors uuid[], begins date) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  former record;
  successor uuid;
begin
  if exists (select from unnest(place || successors) x(id) left join public.localities l using (id)
              where not coalesce(public.app_in_range(l.scope_path), false)) then
    perform public.app_refuse('app_not_found');
  end if;
  for former in
    select t.* from public.twinnings t where t.locality_id = place and t.starts_on < begins and (t.ends_on is null or t.ends_on >= begins)
       and (t.last_day is null or t.last_day >= begins - 1) order by t.lead desc, t.id for update
  loop
    update public.twinnings t set ends_on = begins - 1 where t.id = former.id;
    foreach successor in array successors loop
      if public.app_may_succeed(former.programme_id, former.organisation_id, successor, begins) then
        perform public.app_succeed_twinning(former.id, gen_random_uuid(), begins, former.programme_id, former.organisation_id, successor,
          former.lead and not public.app_leads_there(former.programme_id, successor, begins), former.decision_number, former.decision_date);
      end if;
    end loop;
  end loop;
end $$;
comment on function app_succeed_place(uuid, uuid[], date) is
  'Ends the twinnings of a place on the day before, and continues each at every successor with which its programme and organisation may be twinned; {}: only ends them. Called before the place ends, in the same transaction. Place and successors lie in the caller''s range, else app_not_found. Raises app_in_use, with counts, for records on that day or later. A twinning leads at a successor only where no other one does';

-- The caller of the service has checked parties and days. Both organisations lie in the range of the caller: the successor reads the
-- records of the other one from then on.
create function app_succeed_organisation(subject uuid, successor uuid, begins date, with_twinnings boolean) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  former record;
  ended date;
begin
  if exists (select from unnest(array[subject, successor]) x(id) left join public.organisations o using (id)
              where not coalesce(public.app_in_range(o.scope_path), false)) then
    perform public.app_refuse('app_not_found');
  end if;
  select o.valid_to into ended from public.organisations o where o.id = subject for update;
  if with_twinnings then
    -- Those that the organisation had on its last day; an end that came with that of the organisation is none of the new twinning.
    for former in
      select t.* from public.twinnings t where t.organisation_id = subject and t.starts_on < begins
         and (t.last_day is null or t.last_day >= least(begins, ended)) order by t.id for update
    loop
      if public.app_may_succeed(former.programme_id, successor, former.locality_id, begins) then
        perform public.app_succeed_twinning(former.id, gen_random_uuid(), begins, former.programme_id, successor, former.locality_id,
          former.lead, former.decision_number, former.decision_date);
      end if;
    end loop;
  end if;
  update public.organisations o set valid_to = least(o.valid_to, begins - 1), successor_id = successor where o.id = subject;
  -- A successor that was attached to the organisation takes its place in the tree first: its own parents would otherwise lie below it.
  update public.organisations o set parent_id = (select f.parent_id from public.organisations f where f.id = subject)
   where o.id = successor and o.parent_id is not null
     and subject in (with recursive up as (select successor as id union select p.parent_id from up join public.organisations p using (id) where p.parent_id is not null)
                     select id from up);
  update public.organisations o set parent_id = successor
   where o.parent_id = subject and o.id <> successor and coalesce(o.valid_to, begins) >= begins;
end $$;
comment on function app_succeed_organisation(uuid, uuid, date, boolean) is
  'Ends an organisation on the day before, continues its twinnings with the successor or ends them, and attaches its organisations to the successor';

-- ── the tree of programmes ─────────────────────────────────────────────────────────────────────
-- The numbers of a programme include those of the programmes that carry it out.
create function app_programmes_below(programme uuid) returns setof uuid stable language plpgsql security definer set search_path = '' as $$
begin
  return query
  with recursive below as (
    select p.id from public.programmes p where p.id = programme
     union
    select p.id from below b join public.programmes p on p.parent_id = b.id
  )
  select id from below;
end $$;
comment on function app_programmes_below(uuid) is 'A programme and its descendants';

-- Runs as the owner: a caller who sees a gift or a visit may not see the twinning with the place above.
create function app_programmes_of_twinnings() returns table (twinning_id uuid, programme_id uuid)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  with recursive above as (
    select p.id, p.id as above_id, p.parent_id from public.programmes p
     union
    select a.id, p.id, p.parent_id from above a join public.programmes p on p.id = a.parent_id
  )
  select t.id, a.above_id from public.twinnings t join above a on a.id = t.programme_id;
end $$;
comment on function app_programmes_of_twinnings() is 'The programme of each twinning, and those above it';

create function app_twinnings_under(programme uuid) returns setof uuid stable language plpgsql security definer set search_path = '' as $$
begin
  return query select t.id from public.twinnings t where t.programme_id in (select public.app_programmes_below(programme));
end $$;
comment on function app_twinnings_under(uuid) is 'The twinnings under a programme and its descendants';

-- ── state and places of twinnings ──────────────────────────────────────────────────────────────
create function app_last_day(t twinnings) returns date stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select least(t.ends_on, p.ends_on, o.valid_to, l.valid_to)
    from public.programmes p, public.organisations o, public.localities l
   where p.id = t.programme_id and o.id = t.organisation_id and l.id = t.locality_id);
end $$;
comment on function app_last_day(twinnings) is 'The earliest end of a twinning, its programme, organisation and place';

create function app_suspended(suspensions jsonb, day date) returns boolean stable parallel safe language plpgsql
  as $$
begin
  return suspensions <> '[]' and exists (select from jsonb_to_recordset(suspensions) as s(starts_on date, ends_on date)
    where s.starts_on <= day and (s.ends_on is null or s.ends_on >= day));
end $$;

-- Compares with '[]' first: PostgreSQL inlines this function, and calls app_suspended, which has a subquery, for each row.
create function app_twinning_active(t twinnings, day date) returns boolean stable language sql
  as $$ select t.starts_on <= day and (t.last_day is null or t.last_day >= day)
    and (t.suspensions = '[]' or not public.app_suspended(t.suspensions, day)) $$;

create function app_twinning_status(last_day date, suspensions jsonb) returns text stable parallel safe language sql
  as $$ select case when last_day < public.app_today() then 'ended'
    when public.app_suspended(suspensions, public.app_today()) then 'suspended' else 'active' end $$;

-- Used by the filter `twinned` of places. Runs as the owner: a place is also twinned through the places above it, and a caller below those
-- does not see their twinnings. The place knows of them anyway.
create function app_twinned_places(day date) returns setof uuid stable language plpgsql security definer set search_path = '' as $$
begin
  return query
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
  select id from twinned;
end $$;
comment on function app_twinned_places(date) is 'Places of every level with an active twinning on a day, by themselves or through a place above';

-- Run for coverage, as the owner for the same reason as above: it counts the twinnings that stand by a place.
create function app_standing(places uuid[], first_day date, last_day date)
  returns table (twinning_id uuid, organisation_id uuid, locality_id uuid, active boolean)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select t.id, t.organisation_id, t.locality_id, public.app_twinning_active(t, $3) from public.twinnings t
   where t.locality_id = any (places) and t.starts_on <= $3 and (t.last_day is null or t.last_day >= first_day);
end $$;
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
create policy twinned on working_groups for select using (locality_id = any ((select app_villages())::uuid[])
  or organisation_id = any ((select app_organisations())::uuid[]));
comment on policy twinned on working_groups is 'A twinned unit sees the groups of its villages, and those of the organisations that it succeeded';
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
create function app_writes_party(scope_path text, organisation uuid) returns boolean stable language plpgsql as $$
begin
  return coalesce(public.app_in_range(scope_path), false) or exists (select from public.organisations o
    where o.id = organisation and (o.id = public.app_organisation() or public.app_in_range(o.scope_path)));
end $$;

create function app_twinnings_until(place uuid, day date) returns bigint stable language plpgsql security definer set search_path = '' as $$
begin
  return (select count(*) from public.twinnings t where t.locality_id = place and t.starts_on <= day and t.last_day = day);
end $$;
comment on function app_twinnings_until(uuid, date) is 'The number of twinnings of a place whose last day is this one';

select app_callable('app_former_places', 'app_programmes_below', 'app_programmes_of_twinnings', 'app_standing', 'app_succeed_organisation',
  'app_succeed_place', 'app_succeed_twinning', 'app_successions', 'app_suspended', 'app_twinned_places', 'app_twinning_active', 'app_twinning_status', 'app_twinnings_under',
  'app_twinnings_until', 'app_units_here', 'app_writes_party');
