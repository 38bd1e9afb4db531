create or replace function app_refresh_item(item uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  -- Locked in a statement of its own: the next one then sees what a neighbour has just committed.
  perform 1 from public.hardship_items i where i.id = item for update;
  update public.hardship_items i set status = s.status
    from (select case when exists (select from public.gifts g where g.hardship_item_id = item and g.status = 'confirmed') then 'helped'
                      when exists (select from public.pledges p where p.item_id = item) then 'pledged'
                      else 'open' end as status) s
   where i.id = item and i.status <> s.status;
end $$;

create or replace function app_touch_parent() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and new.version = old.version then return null; end if;
  execute format('update public.%I set updated_at = clock_timestamp() where id = $1', tg_argv[0])
    using coalesce((to_jsonb(new) ->> tg_argv[1])::uuid, (to_jsonb(old) ->> tg_argv[1])::uuid);
  return null;
end $$;

drop policy officials_and_head on household_private;
create policy officials_and_head on household_private
  using ((select app_role()) in ('province', 'district', 'commune', 'village_head', 'system')
    and exists (select from households h where h.id = household_id
      and h.scope_path >= (select app_low()) and h.scope_path < (select app_high())));
drop trigger aa_place on household_private;
alter table household_private drop constraint household_private_household_id_fkey;
drop index household_private_household_id;
alter table household_private drop column scope_path;
alter table household_private add constraint household_private_household_id_fkey foreign key (household_id)
  references households on delete cascade;

drop policy written on household_members;
create policy written on household_members
  using (exists (select from households h where h.id = household_id
    and h.scope_path >= (select app_low()) and h.scope_path < (select app_high())))
  with check (exists (select from households h where h.id = household_id
    and h.scope_path >= (select app_low()) and h.scope_path < (select app_high())));
drop policy in_scope on household_members;
create policy with_its_household on household_members for select
  using (exists (select from households h where h.id = household_id));
drop trigger aa_place on household_members;
alter table household_members drop constraint household_members_household_id_fkey;
drop index household_members_household_id;
alter table household_members drop column scope_path;
create index household_members_household_id on household_members (household_id);
alter table household_members add constraint household_members_household_id_fkey foreign key (household_id)
  references households on delete cascade;

create or replace function app_place_with_household() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    select h.scope_path into new.scope_path from households h where h.id = new.household_id;
  end if;
  return new;
end $$;


drop index households_name;
create index households_name on households (head_name, id);
drop index households_created_at;
create index households_created_at on households (created_at, id);
drop index households_updated_at;
create index households_updated_at on households (updated_at, id);
drop index hardship_lists_created_at;
create index hardship_lists_created_at on hardship_lists (created_at, id);
drop index hardship_items_created_at;
create index hardship_items_created_at on hardship_items (created_at, id);
drop index visits_visited_on;
create index visits_visited_on on visits (visited_on, id);
drop index gifts_given_on;
create index gifts_given_on on gifts (given_on, id);
drop function app_paths();
