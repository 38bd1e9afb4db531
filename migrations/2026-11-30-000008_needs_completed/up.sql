-- Names are found however they are typed; a twinning is recorded once for a day; a household that
-- moves is seen by the units of the village that it lives in.

-- ── search ─────────────────────────────────────────────────────────────────────────────────────
-- H'Blơi is typed "h'bl", "h bl" and "hbl". The sign parts two words, as it always did; beside
-- them the word without the sign is kept.
create function app_index_words(value text) returns setof text immutable strict parallel safe language sql
  as $$ select public.app_words(value) union select public.app_words(translate(value, '''’‘ʼ`´', '')) $$;
comment on function app_index_words(text) is 'What a name is found by; what is searched for is parted by app_words';

create or replace function app_index_household() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' then
    if new.head_name = old.head_name then return null; end if;
    delete from public.household_words w where w.household_id = new.id;
  end if;
  insert into public.household_words (household_id, scope_path, word)
  select new.id, new.scope_path, word from public.app_index_words(new.head_name) word;
  return null;
end $$;

create or replace function app_index_locality() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.locality_words (locality_id, word)
  select new.locality_id, word from public.app_index_words(new.name) word
  on conflict do nothing;
  return null;
end $$;

alter table households no force row level security;
alter table household_words no force row level security;
alter table locality_versions no force row level security;
alter table locality_words no force row level security;
insert into household_words (household_id, scope_path, word)
select h.id, h.scope_path, word from households h, app_index_words(h.head_name) word on conflict do nothing;
insert into locality_words (locality_id, word)
select v.locality_id, word from locality_versions v, app_index_words(v.name) word on conflict do nothing;
alter table households force row level security;
alter table household_words force row level security;
alter table locality_versions force row level security;
alter table locality_words force row level security;

-- ── twinnings ──────────────────────────────────────────────────────────────────────────────────
-- One organisation stands by a place under a programme once at a time. A trigger and not an
-- exclusion constraint: equality of ids in such an index needs an extension, and what was recorded
-- twice before this must not stop an upgrade.
create function app_twinning_once() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  -- Two that were recorded before this was refused can be ended: a shorter period overlaps with nothing new.
  if tg_op = 'UPDATE' and (new.programme_id, new.organisation_id, new.locality_id) = (old.programme_id, old.organisation_id, old.locality_id)
     and new.starts_on >= old.starts_on and coalesce(new.ends_on, 'infinity') <= coalesce(old.ends_on, 'infinity') then
    return null;
  end if;
  -- Two requests at once: the second waits, and its next statement sees the first.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(
    pg_catalog.concat_ws(' ', 'twinning', new.programme_id, new.organisation_id, new.locality_id), 0));
  if exists (select from public.twinnings t
              where t.organisation_id = new.organisation_id and t.locality_id = new.locality_id and t.programme_id = new.programme_id
                and t.id <> new.id
                and (t.ends_on is null or t.ends_on >= new.starts_on) and (new.ends_on is null or new.ends_on >= t.starts_on)) then
    -- Named like the key that refuses the same first day: it is one mistake.
    raise exception 'overlapping twinning' using constraint = 'twinnings_key', errcode = 'exclusion_violation';
  end if;
  return null;
end $$;
create trigger once after insert or update of programme_id, organisation_id, locality_id, starts_on, ends_on on twinnings
  for each row execute function app_twinning_once();

-- ── moving ─────────────────────────────────────────────────────────────────────────────────────
-- Units see the households on the approved lists of *their* villages. A household keeps the lists it
-- stood on when it moves, and the units of its new village have approved nothing yet. Once for each statement: a list
-- of 500 is approved in one.
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
  -- Locked in a statement of its own: the next one then sees what a neighbour has just committed.
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
comment on column households.listed is
  'On a hardship list of its village that was approved: then, and only then, twinned units see it';

-- What was listed and got nothing, oldest first, in a province as in a village.
create index hardship_items_unhelped on hardship_items (scope_path, created_at, id) where approved and status <> 'helped';
