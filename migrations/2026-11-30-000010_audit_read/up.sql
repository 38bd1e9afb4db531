-- The audit is read: by officials, about what lies in their area.
--
-- An entry carries no path, for nothing may update it and the tree of places moves. It carries the
-- village of its record, or, for a record that is of no village, the place whose officials answer
-- for it: the one that manages the organisation, programme or key, the office of the account, the
-- twinned place. The place is looked up in the tree when the entry is read. What belongs to no place
-- (an administrator's account) is for administrators.

alter table audit_events
  add column subject_rank smallint,
  add column part_of uuid,
  add column actor_username text,
  add column actor_full_name text,
  add column actor_locality_id uuid,
  add column actor_organisation_id uuid;
comment on column audit_events.subject_rank is 'Of an account: how far from the top its office is; only those above it read of it';
comment on column audit_events.part_of is 'Of a part of a record (a member of a household): the record';
comment on column audit_events.actor_username is 'Of the moment, with name and office: an account may be renamed, or moved to another office';
-- A column of its own, for COALESCE counts as leaky, and no index on it serves under row-level security.
alter table audit_events add column place_id uuid generated always as (coalesce(village_id, locality_id)) stored;
comment on column audit_events.place_id is 'Whose officials read of it';

-- A record with a village or locality of its own names it (app_track). Here are those without: parts of other records,
-- accounts of units, and what is noted beside app_track.
create function app_audit_place() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  said jsonb := coalesce(new.old_values, '{}') || coalesce(new.new_values, '{}');
begin
  case
    when new.resource in ('organisation_contacts', 'organisation_headcounts') then
      new.part_of := new.organisation_id;
      -- The parts of an organisation that is deleted follow it.
      new.locality_id := coalesce((select o.locality_id from public.organisations o where o.id = new.part_of),
        (select (d.content ->> 'locality_id')::uuid from public.deleted_records d where d.id = new.part_of and d.resource = 'organisations'));
    when new.resource = 'village_profiles' then
      new.part_of := new.village_id;
    when new.resource = 'locality_versions' then
      new.part_of := new.locality_id;
    when new.resource = 'locality_successions' then
      new.part_of := coalesce((said ->> 'predecessor_id')::uuid, (select s.predecessor_id from public.locality_successions s where s.id = new.record_id));
      new.locality_id := new.part_of;
    when new.resource like 'household\_%' then
      new.part_of := (said ->> 'household_id')::uuid;
      -- A change tells of the fields that changed.
      if new.part_of is null then
        execute format('select household_id from public.%I where id = $1', new.resource) into new.part_of using new.record_id;
      end if;
      -- The parts of a household that is deleted follow it.
      new.village_id := coalesce((select h.village_id from public.households h where h.id = new.part_of),
        (select d.village_id from public.deleted_records d where d.id = new.part_of and d.resource = 'households'));
    when new.resource = 'users' then
      select coalesce(u.locality_id, (select o.locality_id from public.organisations o where o.id = u.organisation_id)), u.rank
        into new.locality_id, new.subject_rank from public.users u where u.id = new.record_id;
      -- A new office counts from now on, and an account that is being made is not there yet.
      new.locality_id := coalesce((said ->> 'locality_id')::uuid,
        (select o.locality_id from public.organisations o where o.id = (said ->> 'organisation_id')::uuid), new.locality_id);
      new.subject_rank := coalesce(case said ->> 'role' when 'admin' then 0 when 'province' then 1 when 'district' then 2 when 'commune' then 3
        when 'twinning_unit' then 4 when 'village_head' then 4 end, new.subject_rank);
    else
      null;
  end case;
  return new;
end $$;
comment on function app_audit_place() is 'Tells of which record and of whose area an entry is, where its village does not';
-- Functions that run as the owner read programmes, such as app_enter; FORCE would hide all of them.
create policy definer_functions on programmes for select to app_owner using (true);

create function app_audit_actor() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  select u.username, u.full_name, u.locality_id, u.organisation_id
    into new.actor_username, new.actor_full_name, new.actor_locality_id, new.actor_organisation_id
    from public.users u where u.id = new.actor_id;
  return new;
end $$;
create trigger actor before insert on audit_events for each row when (new.actor_id is not null) execute function app_audit_actor();
create trigger place before insert on audit_events for each row
  when (new.village_id is null or new.resource = 'village_profiles') execute function app_audit_place();

-- Newest first, of one record, of one actor, of one place, of all.
drop index audit_events_record;
drop index audit_events_at;
create index audit_events_at on audit_events (at, id);
create index audit_events_record on audit_events (record_id, at, id);
create index audit_events_part_of on audit_events (part_of, at, id) where part_of is not null;
create index audit_events_actor on audit_events (actor_id, at, id);
create index audit_events_place on audit_events (place_id, at, id);

-- Officials, about their area; of accounts, about those below them, like the accounts themselves.
grant select on audit_events to app;
create policy in_scope on audit_events for select using (
  (select app_role()) = 'admin'
  or ((select app_rank()) <= 3
      and coalesce(subject_rank > (select app_rank()), true)
      and place_id in (
        select l.id from localities l where l.scope_path >= (select app_low()) and l.scope_path < (select app_high()))));

-- From the level above it is asked where one person may have taken the steps of two.
create index audit_events_two_person on audit_events (at, id) where two_person is not null;

-- Who did something stays known: an account is deleted only before it has done anything but sign in.
create function app_keep_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  -- Its own password is a matter of signing in.
  if exists (select from public.audit_events e
              where e.actor_id = old.id and e.action <> 'security' and (e.resource, e.record_id) <> ('users', old.id)) then
    raise exception 'the account has acted' using constraint = 'app_in_use', errcode = 'foreign_key_violation';
  end if;
  return old;
end $$;
create trigger aa_keep before delete on users for each row execute function app_keep_user();
