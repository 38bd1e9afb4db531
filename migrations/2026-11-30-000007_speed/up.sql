-- Lists at the size of the country. A list states the branch of the policy that applies to its caller
-- as a plain condition (`access/reach.rs`); what that needs stands here. Measured at 500,000 households
-- of 13,600 villages and a million gifts: a village head's households 617 → 0.2 ms, a commune's
-- 5 → 0.7 ms, a province's 34 → 0.13 ms.

-- A village head or a commune has few places: as a set, they are looked up one by one and what is found
-- is sorted. As a range the planner, who does not know the bounds, takes them for as wide as a province.
create function app_paths() returns text[] stable language sql security definer set search_path = '' as $$
  select array(select l.scope_path from public.localities l
                where l.scope_path >= public.app_low() and l.scope_path < public.app_high()) $$;
comment on function app_paths() is 'Every path of the caller''s range of places, for ranges of few places; policies ask by the bounds';

-- A province or the country has more rows than one would sort: its lists walk in their order, and skip
-- the rows of other places in the index, without a look at the table.
drop index households_name;
create index households_name on households (head_name, id, scope_path);
drop index households_created_at;
create index households_created_at on households (created_at, id, scope_path);
drop index households_updated_at;
create index households_updated_at on households (updated_at, id, scope_path);
drop index hardship_lists_created_at;
create index hardship_lists_created_at on hardship_lists (created_at, id, scope_path);
drop index hardship_items_created_at;
create index hardship_items_created_at on hardship_items (created_at, id, scope_path);
drop index visits_visited_on;
create index visits_visited_on on visits (visited_on, id, scope_path);
drop index gifts_given_on;
create index gifts_given_on on gifts (given_on, id, scope_path);

-- The parts of a household lie where it lies. Asked of the household for each row, fifty households with
-- their members cost 1 ms more than by a path of their own.
alter table household_members add column scope_path text collate "C";
alter table household_members no force row level security;
update household_members m set scope_path = h.scope_path from households h where h.id = m.household_id;
alter table household_members force row level security;
alter table household_members alter column scope_path set not null;
alter table household_members drop constraint household_members_household_id_fkey;
alter table household_members add constraint household_members_household_id_fkey foreign key (household_id, scope_path)
  references households (id, scope_path) on update cascade on delete cascade;
drop index household_members_household_id;
create index household_members_household_id on household_members (household_id, scope_path);
create trigger aa_place before insert or update of household_id on household_members
  for each row execute function app_place_with_household();
drop policy with_its_household on household_members;
create policy in_scope on household_members for select
  using ((scope_path >= (select app_low()) and scope_path < (select app_high()))
      or ((select app_villages()) is not null and exists (select from households h where h.id = household_id)));
drop policy written on household_members;
create policy written on household_members
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));

alter table household_private add column scope_path text collate "C";
alter table household_private no force row level security;
update household_private p set scope_path = h.scope_path from households h where h.id = p.household_id;
alter table household_private force row level security;
alter table household_private alter column scope_path set not null;
alter table household_private drop constraint household_private_household_id_fkey;
alter table household_private add constraint household_private_household_id_fkey foreign key (household_id, scope_path)
  references households (id, scope_path) on update cascade on delete cascade;
create index household_private_household_id on household_private (household_id, scope_path);
create trigger aa_place before insert or update of household_id on household_private
  for each row execute function app_place_with_household();
drop policy officials_and_head on household_private;
create policy officials_and_head on household_private
  using ((select app_role()) in ('province', 'district', 'commune', 'village_head', 'system')
    and scope_path >= (select app_low()) and scope_path < (select app_high()));

-- A gift without an item or a visit has none to follow: that cost more than half of its insert. And what
-- was made or changed in this transaction has its new version already: a visit that comes with five gifts
-- is one version and one entry in the audit, not six.
create or replace function app_refresh_item(item uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  if item is null then return; end if;
  -- Locked in a statement of its own: the next one then sees what a neighbour has just committed.
  perform 1 from public.hardship_items i where i.id = item for update;
  update public.hardship_items i set status = s.status
    from (select case when exists (select from public.gifts g where g.hardship_item_id = item and g.status = 'confirmed') then 'helped'
                      when exists (select from public.pledges p where p.item_id = item) then 'pledged'
                      else 'open' end as status) s
   where i.id = item and i.status <> s.status;
end $$;

create or replace function app_touch_parent() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  parent uuid;
begin
  if tg_op = 'UPDATE' and new.version = old.version then return null; end if;
  parent := coalesce((to_jsonb(new) ->> tg_argv[1])::uuid, (to_jsonb(old) ->> tg_argv[1])::uuid);
  if parent is not null then
    execute format('update public.%I set updated_at = clock_timestamp() where id = $1 and changed_xid <> pg_current_xact_id()', tg_argv[0])
      using parent;
  end if;
  return null;
end $$;
