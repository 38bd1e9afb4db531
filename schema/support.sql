-- Support: visits and gifts, the status of hardship items that follows from gifts, and refusals that depend on support.

-- ── visits ─────────────────────────────────────────────────────────────────────────────────────
select app_table('visits', owner => 'writes', personal => '{findings, occasion, latitude, longitude}',
  reads => '{place, giver}', writes => '{place, giver}',
  reads_reason => 'A giver reads and corrects its own visits, also after its twinning has ended',
  inserts => '{place, twinned place}',
  inserts_reason => 'A unit records visits only to villages that it is twinned with on that day; officials record for units on paper');
-- Derives the path from the village or the commune, like app_place_in_village. Locks the twinning until the record is committed, and reads
-- its days again: they may have changed since the service compared them. app_keep_inside waits for this lock.
create function app_place_of_support() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  day date;
begin
  if tg_op = 'INSERT' then
    if tg_table_name = 'visits' then day := new.visited_on; else day := new.given_on; end if;
    perform 1 from public.twinnings t where t.id = new.twinning_id and public.app_twinning_active(t, day) for key share;
    if not found and exists (select from public.twinnings t where t.id = new.twinning_id) then
      raise exception 'could not serialize access: the days of the twinning have changed' using errcode = 'serialization_failure';
    end if;
  end if;
  if tg_op = 'INSERT' or (new.village_id, new.locality_id) is distinct from (old.village_id, old.locality_id) then
    select l.scope_path into new.scope_path from public.localities l where l.id = coalesce(new.village_id, new.locality_id) for key share;
  end if;
  return new;
end $$;
create trigger aa_place before insert or update of village_id, locality_id on visits for each row execute function app_place_of_support();

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
  inserts => '{place, twinned place}',
  inserts_reason => 'A unit records gifts only to villages that it is twinned with on that day; officials record for units on paper');
create trigger aa_place before insert or update of village_id, locality_id on gifts for each row execute function app_place_of_support();
create trigger touch_parent after insert or update or delete on gifts for each row execute function app_touch_parent('visits', 'visit_id');
select app_merge_rule('hardship_items', 'gifts', 'hardship_item_id', 'move');
select app_merge_rule('hardship_items', 'gift_recipients', 'hardship_item_id', 'move');
select app_merge_rule('households', 'gifts', 'household_id', 'app_merge_gifts');
select app_merge_rule('households', 'gift_recipients', 'household_id', 'app_merge_recipients');

-- The giver reads the number of names in the gift, and here only the households that it sees.
select app_table('gift_recipients', tracked => false, owner => 'writes', reads => '{managed part of gifts by gift_id}',
  reads_reason => 'The receiving side reads all names');
create policy seen on gift_recipients for select using (exists (select from gifts g where g.id = gift_id)
  and exists (select from households h where h.id = household_id));
comment on policy seen on gift_recipients is 'A giver reads the names of households that it sees';
create policy named on gift_recipients using (exists (select from gifts g where g.id = gift_id)
  and exists (select from households h where h.id = household_id))
  with check (exists (select from gifts g where g.id = gift_id) and exists (select from households h where h.id = household_id));
comment on policy named on gift_recipients is
  'A name is added and removed by callers who see the gift and the household; the service decides which of them may';

-- Names homes of gifts in one village, each home with its gift; a home that is named stays. A function keeps the plan of the statement,
-- which has a policy for each row.
create function app_name_homes(gifts uuid[], homes uuid[], village uuid) returns void language plpgsql as $$
begin
  insert into public.gift_recipients (gift_id, household_id, village_id)
  select given.gift, given.home, village from unnest(gifts, homes) given(gift, home) on conflict do nothing;
end $$;
comment on function app_name_homes(uuid[], uuid[], uuid) is 'Names homes of gifts in one village; those that are named already stay';

-- A household that both records name stays once. One statement: its triggers count the names of a gift once, at the end.
create function app_merge_recipients(merged uuid, survivor uuid) returns void language plpgsql as $$
begin
  with gone as (delete from public.gift_recipients r where r.household_id = merged returning r.*)
  insert into public.gift_recipients (gift_id, household_id, village_id, hardship_item_id, item_automatic)
  select g.gift_id, survivor, g.village_id, g.hardship_item_id, g.item_automatic from gone g
  on conflict do nothing;
end $$;

-- A commune does not settle a gift that it gave in one of its own villages.
create function app_gives_at_home(organisation uuid, path text) returns boolean stable language plpgsql as $$
begin
  return exists (select from public.organisations o join public.localities l on l.id = o.place_id
    where o.id = organisation and l.level = 'commune' and starts_with(path, l.scope_path));
end $$;
comment on function app_gives_at_home(uuid, text) is 'Whether an organisation is a commune, and a place lies in it';

-- Moves gifts together with the member they were for, in one UPDATE: one version and one audit entry for each gift.
create function app_merge_gifts(merged uuid, survivor uuid) returns void language plpgsql as $$
begin
  update public.gifts g
     set household_id = survivor, member_id = case when p.member_id is null then g.member_id else p.kept_id end
    from public.gifts x left join public.app_same_people(merged, survivor) p on p.member_id = x.member_id
   where g.id = x.id and x.household_id = merged;
end $$;

-- ── recipients and their listed items ──────────────────────────────────────────────────────────
create function app_needs_of(category text) returns text[] immutable parallel safe language sql as $$
  select case category when 'food' then array['food'] when 'cash' then array['cash'] when 'study_equipment' then array['study']
    when 'bicycle' then array['study'] when 'medicine' then array['medical'] when 'household_goods' then array['housing', 'sanitation']
    when 'seedling' then array['livestock'] when 'livestock' then array['livestock'] when 'tool' then array['tools', 'job']
    else array['other'] end $$;
comment on function app_needs_of(text) is 'The needs of a listed household that a category of gifts fits';

-- Chooses an approved item of the household on a list of the year: the oldest by approval whose needs fit, or the only one. An item that
-- was helped counts only where it is `current`, the item that this gift helped.
create function app_item_for(household uuid, village uuid, category text, day date, current uuid) returns setof uuid stable language sql as $$
  select x.id
    from (select i.id, l.approved_at, i.needs && public.app_needs_of(category) as fits, count(*) over () as all_items
            from public.hardship_items i join public.hardship_lists l on l.id = i.list_id
           where i.household_id = household and i.village_id = village and i.approved and not i.dropped
             and l.year = extract(year from day) and (i.status <> 'helped' or i.id = current)) x
   where x.fits or x.all_items = 1
   order by x.fits desc, x.approved_at, x.id limit 1 $$;

-- Chooses the items of a gift when it is recorded, changed and confirmed, except those that a caller chose.
create function app_choose_item() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if new.household_id is null then
    if tg_op = 'UPDATE' and old.household_id is not null then new.households_named := 0; end if;
    if new.item_automatic then new.hardship_item_id := null; end if;
  else
    new.households_count := 1;
    new.households_named := 1;
    -- In a merge the item follows its household.
    if new.item_automatic and coalesce(current_setting('app.step', true), '') <> 'merge' then
      new.hardship_item_id := (select item from public.app_item_for(new.household_id, new.village_id, new.category, new.given_on,
        case when tg_op = 'UPDATE' and old.status = 'confirmed' then old.hardship_item_id end) item);
    end if;
  end if;
  return new;
end $$;
create trigger ab_item before insert on gifts for each row execute function app_choose_item();
create trigger ab_item_of_changed before update of household_id, category, given_on, status, item_automatic on gifts for each row
  when ((new.household_id, new.category, new.given_on, new.item_automatic) is distinct from
        (old.household_id, old.category, old.given_on, old.item_automatic) or new.status = 'confirmed' and old.status <> 'confirmed')
  execute function app_choose_item();

-- Nested loops over indexes: the plan is made once, perhaps while the tables are still empty, and other joins read a whole table.
create function app_choose_items(gifts uuid[], helped boolean) returns void language plpgsql security definer
  set search_path = '' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  update public.gift_recipients r set hardship_item_id = chosen.item
    from public.gift_recipients x
    join public.gifts g on g.id = x.gift_id
   left join lateral public.app_item_for(x.household_id, x.village_id, g.category, g.given_on,
           case when helped then x.hardship_item_id end) chosen(item) on true
   where x.gift_id = any (gifts) and x.item_automatic and r.gift_id = x.gift_id and r.household_id = x.household_id
     and r.hardship_item_id is distinct from chosen.item;
end $$;

create function app_choose_items_of_changed() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.app_choose_items(array[new.id], old.status = 'confirmed');
  return null;
end $$;
create trigger choose_items after update of category, given_on, status on gifts for each row
  when (new.household_id is null and new.households_named > 0 and ((new.category, new.given_on) is distinct from (old.category, old.given_on)
        or new.status = 'confirmed' and old.status <> 'confirmed'))
  execute function app_choose_items_of_changed();

-- Counts the names of gifts whose recipients changed, and chooses the items of the new ones. The number is part of the gift, whose
-- version changes with it. Without sequential scans, because the plan is made once, perhaps while the table is still empty.
create function app_recipients_changed() returns trigger language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
declare
  gifts uuid[];
begin
  select array_agg(distinct c.gift_id) into gifts from changed c;
  -- A separate statement takes the locks: the count has a new snapshot and sees what a concurrent transaction committed.
  perform 1 from public.gifts g where g.id = any (gifts) order by g.id for no key update;
  if tg_op = 'INSERT' and coalesce(current_setting('app.step', true), '') <> 'merge' then
    perform public.app_choose_items(gifts, true);
  end if;
  update public.gifts g set households_named = named.number
    from (select x.id, (select count(*) from public.gift_recipients r where r.gift_id = x.id) as number from unnest(gifts) x(id)) named
   where g.id = named.id and g.households_named <> named.number;
  return null;
end $$;
create trigger recipients_added after insert on gift_recipients referencing new table as changed
  for each statement execute function app_recipients_changed();
create trigger recipients_removed after delete on gift_recipients referencing old table as changed
  for each statement execute function app_recipients_changed();

-- ── the status of a hardship item ──────────────────────────────────────────────────────────────
-- Sets the status: helped after a confirmed gift, pledged with a pledge, else open; either may be taken back. No other function sets it.
-- A gift without an item returns at once: the look-up cost more than half of its INSERT.
create function app_refresh_item(item uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  if item is null then return; end if;
  -- A separate statement takes the lock: the next one has a new snapshot and sees what a concurrent transaction committed.
  perform 1 from public.hardship_items i where i.id = item for update;
  update public.hardship_items i set status = s.status
    from (select case when exists (select from public.gifts g where g.hardship_item_id = item and g.status = 'confirmed')
                        or exists (select from public.gift_recipients r join public.gifts g on g.id = r.gift_id
                                    where r.hardship_item_id = item and g.status = 'confirmed') then 'helped'
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
-- A recorded gift changes no status.
create trigger follow_item after insert on gifts for each row when (new.hardship_item_id is not null and new.status = 'confirmed')
  execute function app_follow_item('hardship_item_id');
create trigger follow_item_of_changed after update of status, hardship_item_id on gifts for each row
  when (new.status = 'confirmed' or old.status = 'confirmed') execute function app_follow_item('hardship_item_id');
create trigger follow_item_of_deleted after delete on gifts for each row when (old.status = 'confirmed')
  execute function app_follow_item('hardship_item_id');
create trigger follow_item after insert or delete on pledges for each row execute function app_follow_item('item_id');

create function app_follow_items() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.app_refresh_item(r.hardship_item_id)
     from (select x.hardship_item_id from public.gift_recipients x where x.gift_id = new.id and x.hardship_item_id is not null
            order by x.hardship_item_id) r;
  return null;
end $$;
-- After choose_items, by its name.
create trigger follow_items after update of status on gifts for each row
  when (new.household_id is null and new.households_named > 0 and (new.status = 'confirmed') <> (old.status = 'confirmed'))
  execute function app_follow_items();

-- Once for each statement: a gift to a hundred homes that is not confirmed changes no status.
create function app_follow_recipients() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  items uuid[];
begin
  select array_agg(c.hardship_item_id) into items from changed c join public.gifts g on g.id = c.gift_id and g.status = 'confirmed';
  if tg_op = 'UPDATE' then
    select items || array_agg(c.hardship_item_id) into items from former c join public.gifts g on g.id = c.gift_id and g.status = 'confirmed';
  end if;
  perform public.app_refresh_item(x.item) from (select distinct item from unnest(items) item order by item) x;
  return null;
end $$;
create trigger follow_items after insert on gift_recipients referencing new table as changed
  for each statement execute function app_follow_recipients();
create trigger follow_items_of_changed after update on gift_recipients referencing old table as former new table as changed
  for each statement execute function app_follow_recipients();
create trigger follow_items_of_removed after delete on gift_recipients referencing old table as changed
  for each statement execute function app_follow_recipients();

-- One after the other, so that a gift meets an item which those before it did not help. Each is audited for itself.
create function app_confirm_gifts(gifts uuid[], doubtful uuid[]) returns void language plpgsql as $$
declare
  gift uuid;
begin
  foreach gift in array gifts loop
    perform public.app_set('two_person', case when gift = any (doubtful) then 'doubt' else '' end);
    update public.gifts g set status = 'confirmed' where g.id = gift;
  end loop;
end $$;
comment on function app_confirm_gifts(uuid[], uuid[]) is 'Confirms gifts, one after the other; the steps on the doubtful ones are marked';

-- Runs as the owner: a unit does not see the gifts and pledges of other units.
create function app_items_met(items uuid[], day date) returns setof uuid stable language plpgsql security definer set search_path = '' as $$
begin
  return query
  select g.hardship_item_id from public.gifts g
   where g.hardship_item_id = any (items) and g.status = 'confirmed' and g.given_on <= day
   union all
  select r.hardship_item_id from public.gift_recipients r join public.gifts g on g.id = r.gift_id
   where r.hardship_item_id = any (items) and g.status = 'confirmed' and g.given_on <= day
   union all
  select p.item_id from public.pledges p
   where p.item_id = any (items) and (p.created_at at time zone 'Asia/Ho_Chi_Minh')::date <= day;
end $$;
comment on function app_items_met(uuid[], date) is
  'Those of the items that had a pledge or a confirmed gift on a day, by the gifts and pledges of today';

-- Names and places of gifts that callers read in a gift, also where they do not see the household or the village.
create function app_recipient_homes(gift uuid) returns setof uuid stable language plpgsql security definer set search_path = '' as $$
begin
  return query select r.household_id from public.gift_recipients r where r.gift_id = gift;
end $$;
comment on function app_recipient_homes(uuid) is 'The households of a gift to many, for counts of distinct ones';

-- ── late records ───────────────────────────────────────────────────────────────────────────────
-- Lets the caller name the villages of its twinnings that have ended lately or are suspended, and their listed households, while it
-- records: until the end of the transaction, or until app.villages is set back to the returned text. The policies see them as villages of
-- today, so an answer must be read after that.
create function app_name_late() returns text language plpgsql security definer set search_path = '' as $$
declare
  before constant text := coalesce(current_setting('app.villages', true), '');
begin
  perform public.app_set('villages', (array_agg(l.id) filter (where l.level = 'village'))::text),
          public.app_set('communes', (array_agg(l.id) filter (where l.level = 'commune'))::text)
    from (
    with recursive places as (
      select t.locality_id as id from public.twinnings t
       where t.organisation_id = any (public.app_organisations()) and t.starts_on <= public.app_today()
         and (t.last_day is null or t.last_day + public.app_late_entry_days() >= public.app_today())
       union
      -- Below the place at any time; the record is checked against the tree of its day.
      select v.locality_id from places p join public.locality_versions v on v.parent_id = p.id
    )
    select distinct l.id, l.level from places join public.localities l using (id)) l;
  return before;
end $$;

-- ── days that hold each other ──────────────────────────────────────────────────────────────────
-- Refuses days of twinnings, and of the programmes, organisations and places that limit them, which leave a twinning, a visit or a gift
-- outside.
create function app_keep_inside(subjects uuid[]) returns void language plpgsql security definer set search_path = '' as $$
declare
  outside record;
begin
  -- Waits for records whose transaction is not committed yet.
  perform 1 from public.twinnings t where t.id = any (subjects) order by t.id for update;
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

create function app_records_outside(village uuid, earliest date, latest date) returns jsonb
  stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select jsonb_build_object(
    'twinnings', (select count(*) from public.twinnings t where t.locality_id = village and (t.starts_on < earliest or t.starts_on > latest)),
    'visits', (select count(*) from public.visits v where v.village_id = village and (v.visited_on < earliest or v.visited_on > latest)),
    'gifts', (select count(*) from public.gifts g where g.village_id = village and (g.given_on < earliest or g.given_on > latest)),
    'hardship_lists', (select count(*) from public.hardship_lists l where l.village_id = village
      and (l.year < extract(year from earliest) or l.year > extract(year from latest))),
    'village_registers', (select count(*) from public.village_registers r where r.village_id = village
      and (r.year < extract(year from earliest) or r.year > extract(year from latest))),
    'locality_flags', (select count(*) from public.locality_flags f where f.locality_id = village and f.from_on > latest),
    'locality_posts', (select count(*) from public.locality_posts p where p.locality_id = village and p.from_on > latest),
    -- Households that came after the last day.
    'households', (select count(*) from public.households h where h.village_id = village and h.moved_on > latest)));
end $$;
comment on function app_records_outside(uuid, date, date) is 'Records of a village before its first or after its last day; null: no such day';

-- ── refusals that depend on other records ──────────────────────────────────────────────────────
-- These run as the owner: records outside the caller's range count too.
create function app_household_decided(subject uuid) returns boolean stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.hardship_items i where i.household_id = subject and i.approved)
      or exists (select from public.gifts g where g.household_id = subject and g.status <> 'recorded')
      or exists (select from public.gift_recipients r join public.gifts g on g.id = r.gift_id
                  where r.household_id = subject and g.status <> 'recorded');
end $$;
comment on function app_household_decided(uuid) is
  'Whether a list approved the household, or a gift to it was confirmed, disputed or settled';

create function app_item_held(item uuid) returns boolean stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.pledges p where p.item_id = item)
      or exists (select from public.gifts g where g.hardship_item_id = item)
      or exists (select from public.gift_recipients r where r.hardship_item_id = item);
end $$;
comment on function app_item_held(uuid) is 'Whether a pledge or gift refers to a line of a hardship list';

create function app_member_given(member uuid) returns boolean stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.gifts g where g.member_id = member);
end $$;
comment on function app_member_given(uuid) is 'Whether a gift was for a member of a household';

create function app_visit_gave(visit uuid) returns boolean stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.gifts g where g.visit_id = visit);
end $$;
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

select app_callable('app_confirm_gifts', 'app_gives_at_home', 'app_recipient_homes', 'app_household_decided', 'app_item_held', 'app_items_met', 'app_member_given', 'app_name_homes', 'app_name_late',
  'app_records_outside', 'app_refresh_item', 'app_visit_gave');
