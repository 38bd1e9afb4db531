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

-- ── late records ───────────────────────────────────────────────────────────────────────────────
-- Lets the caller name the villages of its twinnings that have ended lately or are suspended, and their listed households, while it
-- records: until the end of the transaction, or until app.villages is set back to the returned text. The policies see them as villages of
-- today, so an answer must be read after that.
create function app_name_late() returns text language plpgsql security definer set search_path = '' as $$
declare
  before constant text := coalesce(current_setting('app.villages', true), '');
begin
  perform public.app_set('villages', (
    with recursive places as (
      select t.locality_id as id from public.twinnings t
       where t.organisation_id = public.app_organisation() and t.starts_on <= public.app_today()
         and (t.last_day is null or t.last_day + public.app_late_entry_days() >= public.app_today())
       union
      -- Below the place at any time; the record is checked against the tree of its day.
      select v.locality_id from places p join public.locality_versions v on v.parent_id = p.id
    )
    select array_agg(distinct l.id)::text from places join public.localities l using (id) where l.level = 'village'));
  return before;
end $$;

-- ── days that hold each other ──────────────────────────────────────────────────────────────────
-- Refuses days of twinnings, and of the programmes, organisations and places that limit them, which leave a twinning, a visit or a gift
-- outside.
create function app_keep_inside(subjects uuid[]) returns void language plpgsql stable security definer set search_path = '' as $$
declare
  outside record;
begin
  select count(*) filter (where x.starts_on < x.first or coalesce(x.ends_on, x.starts_on) > x.last) as twinnings,
         coalesce(sum((select count(*) from public.visits r where r.twinning_id = x.id
           and (r.visited_on < x.starts_on or r.visited_on > x.last_day or public.app_suspended(x.suspensions, r.visited_on)))), 0) as visits,
         coalesce(sum((select count(*) from public.gifts r where r.twinning_id = x.id
           and (r.given_on < x.starts_on or r.given_on > x.last_day or public.app_suspended(x.suspensions, r.given_on)))), 0) as gifts
    into outside
    from (select t.*, greatest(p.effective_on, o.valid_from, l.valid_from) as first, least(p.ends_on, o.valid_to, l.valid_to) as last
            from public.twinnings t
            join public.programmes p on p.id = t.programme_id
            join public.organisations o on o.id = t.organisation_id
            join public.localities l on l.id = t.locality_id
           where t.id = any (subjects)) x;
  if outside.twinnings + outside.visits + outside.gifts > 0 then
    raise exception 'records lie outside' using constraint = 'app_in_use', errcode = 'foreign_key_violation', detail = to_jsonb(outside)::text;
  end if;
end $$;
comment on function app_keep_inside(uuid[]) is 'Raises app_in_use, with counts, where twinnings or their records lie outside their days';

create function app_keep_twinnings_inside() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_table_name = 'twinnings' then
    perform public.app_keep_inside(array(select n.id from changed n join former o using (id)
      where (n.starts_on, n.ends_on, n.last_day, n.suspensions) is distinct from (o.starts_on, o.ends_on, o.last_day, o.suspensions)));
  elsif tg_table_name = 'programmes' then
    perform public.app_keep_inside(array(select t.id from public.twinnings t where t.programme_id = new.id));
  else
    perform public.app_keep_inside(array(select t.id from public.twinnings t where t.organisation_id = new.id));
  end if;
  return null;
end $$;
create trigger keep_inside after update on twinnings referencing old table as former new table as changed
  for each statement execute function app_keep_twinnings_inside();
-- After follow_end, whose counts include the records.
create trigger keep_inside after update of effective_on, ends_on on programmes for each row
  when ((new.effective_on, new.ends_on) is distinct from (old.effective_on, old.ends_on)) execute function app_keep_twinnings_inside();
create trigger keep_inside after update of valid_from, valid_to on organisations for each row
  when ((new.valid_from, new.valid_to) is distinct from (old.valid_from, old.valid_to)) execute function app_keep_twinnings_inside();

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

select app_callable('app_gives_at_home', 'app_household_decided', 'app_item_held', 'app_member_given', 'app_name_late', 'app_refresh_item', 'app_visit_gave');
