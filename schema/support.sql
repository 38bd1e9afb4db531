-- Support: visits and gifts, the status of hardship items that follows from gifts, and refusals that depend on support.

-- ── visits ─────────────────────────────────────────────────────────────────────────────────────
select app_table('visits', owner => 'writes', personal => '{findings, occasion, latitude, longitude}',
  reads => '{place, giver}', writes => '{place, giver}',
  reads_reason => 'A giver reads and corrects its own visits, also after its twinning has ended',
  inserts => '{place, twinned}',
  inserts_reason => 'A unit records visits only to villages that it is twinned with on that day; officials record for units on paper');
create trigger aa_place before insert or update of village_id on visits for each row execute function app_place_in_village();

select app_table('visit_households', tracked => false, grants => 'select, insert, delete', owner => 'writes');
create policy with_its_visit on visit_households
  using (exists (select from visits v where v.id = visit_id))
  with check (exists (select from visits v where v.id = visit_id) and exists (select from households h where h.id = household_id));
comment on policy with_its_visit on visit_households is
  'A part is read with the record that it belongs to; a household that the caller does not see cannot be added';
select app_merge_rule('households', 'visit_households', 'household_id', 'app_merge_visits');

create function app_merge_visits(merged uuid, survivor uuid) returns void language plpgsql as $$
begin
  update public.visits v set updated_at = clock_timestamp()
   where v.id in (select x.visit_id from public.visit_households x where x.household_id = merged);
  insert into public.visit_households (visit_id, household_id)
  select x.visit_id, survivor from public.visit_households x where x.household_id = merged on conflict do nothing;
  delete from public.visit_households x where x.household_id = merged;
end $$;

-- ── gifts ──────────────────────────────────────────────────────────────────────────────────────
select app_table('gifts', owner => 'merges',
  personal => '{description, note, dispute_reason, settlement_note, correction_reason}',
  reads => '{place, giver}', writes => '{place, giver}',
  reads_reason => 'A giver reads and corrects its own gifts, also after its twinning has ended',
  inserts => '{place, twinned}',
  inserts_reason => 'A unit records gifts only to villages that it is twinned with on that day; officials record for units on paper');
create trigger aa_place before insert or update of village_id on gifts for each row execute function app_place_in_village();
create trigger touch_parent after insert or update or delete on gifts for each row execute function app_touch_parent('visits', 'visit_id');
select app_merge_rule('hardship_items', 'gifts', 'hardship_item_id', 'move');
select app_merge_rule('households', 'gifts', 'household_id', 'app_merge_gifts');

-- A commune does not settle a gift that it gave in one of its own villages.
create function app_gives_at_home(organisation uuid, path text) returns boolean stable language sql as $$
  select exists (select from public.organisations o join public.localities l on l.id = o.place_id
    where o.id = organisation and l.level = 'commune' and starts_with(path, l.scope_path)) $$;
comment on function app_gives_at_home(uuid, text) is 'Whether an organisation is a commune, and a place lies in it';

-- Moves gifts together with the member they were for, in one UPDATE: one version and one audit entry for each gift.
create function app_merge_gifts(merged uuid, survivor uuid) returns void language plpgsql as $$
begin
  update public.gifts g
     set household_id = survivor, member_id = case when p.member_id is null then g.member_id else p.kept_id end
    from public.gifts x left join public.app_same_people(merged, survivor) p on p.member_id = x.member_id
   where g.id = x.id and x.household_id = merged;
end $$;

-- ── the status of a hardship item ──────────────────────────────────────────────────────────────
-- Sets the status: helped after a confirmed gift, pledged with a pledge, else open; either may be taken back. No other function sets it.
-- A gift without an item returns at once: the look-up cost more than half of its INSERT.
create function app_refresh_item(item uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  if item is null then return; end if;
  -- A separate statement takes the lock: the next one has a new snapshot and sees what a concurrent transaction committed.
  perform 1 from public.hardship_items i where i.id = item for update;
  update public.hardship_items i set status = s.status
    from (select case when exists (select from public.gifts g where g.hardship_item_id = item and g.status = 'confirmed') then 'helped'
                      when exists (select from public.pledges p where p.item_id = item) then 'pledged'
                      else 'open' end as status) s
   where i.id = item and i.status <> s.status;
end $$;

create function app_follow_item() returns trigger language plpgsql as $$
declare
  key constant text := tg_argv[0];
begin
  if tg_op <> 'INSERT' then perform public.app_refresh_item((to_jsonb(old) ->> key)::uuid); end if;
  if tg_op <> 'DELETE' then perform public.app_refresh_item((to_jsonb(new) ->> key)::uuid); end if;
  return null;
end $$;
create trigger follow_item after insert or update of status, hardship_item_id or delete on gifts
  for each row execute function app_follow_item('hardship_item_id');
create trigger follow_item after insert or delete on pledges for each row execute function app_follow_item('item_id');

-- ── refusals that depend on other records ──────────────────────────────────────────────────────
-- These run as the owner: records outside the caller's range count too.
create function app_household_decided(subject uuid) returns boolean stable language sql security definer set search_path = '' as $$
  select exists (select from public.hardship_items i where i.household_id = subject and i.approved)
      or exists (select from public.gifts g where g.household_id = subject and g.status <> 'recorded') $$;
comment on function app_household_decided(uuid) is
  'Whether a list approved the household, or a gift to it was confirmed, disputed or settled';

create function app_item_held(item uuid) returns boolean stable language sql security definer set search_path = '' as $$
  select exists (select from public.pledges p where p.item_id = item)
      or exists (select from public.gifts g where g.hardship_item_id = item) $$;
comment on function app_item_held(uuid) is 'Whether a pledge or gift refers to a line of a hardship list';

create function app_member_given(member uuid) returns boolean stable language sql security definer set search_path = '' as $$
  select exists (select from public.gifts g where g.member_id = member) $$;
comment on function app_member_given(uuid) is 'Whether a gift was for a member of a household';

create function app_visit_gave(visit uuid) returns boolean stable language sql security definer set search_path = '' as $$
  select exists (select from public.gifts g where g.visit_id = visit) $$;
comment on function app_visit_gave(uuid) is 'Whether a gift belongs to a visit';

-- Rejects a change of kind or place of an organisation that records refer to: the users of the new place would otherwise get the
-- rights of the former one.
create function app_keep_identity() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if (new.kind, new.place_id, new.locality_id) is distinct from (old.kind, old.place_id, old.locality_id)
     and (exists (select from public.twinnings t where t.organisation_id = new.id)
       or exists (select from public.visits v where v.organisation_id = new.id)
       or exists (select from public.gifts g where g.organisation_id = new.id)
       or exists (select from public.pledges p where p.organisation_id = new.id)) then
    raise exception 'the organisation is a party' using constraint = 'app_in_use', errcode = 'foreign_key_violation';
  end if;
  return new;
end $$;
create trigger ab_keep_identity before update of kind, place_id, locality_id on organisations for each row execute function app_keep_identity();

select app_callable('app_gives_at_home', 'app_household_decided', 'app_item_held', 'app_member_given', 'app_refresh_item', 'app_visit_gave');
