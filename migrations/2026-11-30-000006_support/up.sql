-- Support: visits, and what was given and arrived.

create table visits (
  id uuid primary key,
  twinning_id uuid not null constraint visits_twinning_id_fkey references twinnings,
  organisation_id uuid not null constraint visits_organisation_id_fkey references organisations,
  village_id uuid not null,
  scope_path text collate "C" not null,
  visited_on date not null,
  purpose text not null constraint visits_purpose check (purpose in ('holiday', 'survey', 'propaganda', 'monitoring', 'handover', 'other')),
  occasion text,
  participants integer not null constraint visits_participants check (participants between 1 and 10000),
  findings text,
  latitude double precision constraint visits_latitude check (latitude between -90 and 90),
  longitude double precision constraint visits_longitude check (longitude between -180 and 180),
  recorded_at timestamptz,
  acted_by uuid,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint visits_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade
);
comment on table visits is 'A unit came to a village';
comment on column visits.organisation_id is 'That of the twinning on the day of the visit';
comment on column visits.recorded_at is 'By the clock of the phone, kept as sent';
create index visits_twinning_id on visits (twinning_id);
create index visits_organisation_id on visits (organisation_id, visited_on);
create index visits_village_id on visits (village_id, scope_path);
create index visits_village_day on visits (village_id, visited_on, id);
create index visits_scope_path on visits (scope_path, visited_on);
create index visits_visited_on on visits (visited_on, id);

create table visit_households (
  visit_id uuid not null constraint visit_households_visit_id_fkey references visits on delete cascade,
  household_id uuid not null constraint visit_households_household_id_fkey references households,
  constraint visit_households_pkey primary key (visit_id, household_id)
);
comment on table visit_households is 'Whose homes a visit went to';
create index visit_households_household_id on visit_households (household_id);

create table gifts (
  id uuid primary key,
  visit_id uuid constraint gifts_visit_id_fkey references visits,
  twinning_id uuid not null constraint gifts_twinning_id_fkey references twinnings,
  organisation_id uuid not null constraint gifts_organisation_id_fkey references organisations,
  village_id uuid not null,
  scope_path text collate "C" not null,
  household_id uuid constraint gifts_household_id_fkey references households,
  member_id uuid constraint gifts_member_id_fkey references household_members,
  hardship_item_id uuid constraint gifts_hardship_item_id_fkey references hardship_items,
  category text not null constraint gifts_category check (category in ('food', 'cash', 'clothes', 'study_equipment', 'bicycle', 'medicine',
    'household_goods', 'seedling', 'livestock', 'tool', 'other')),
  description text not null constraint gifts_description check (description <> ''),
  quantity numeric(15, 3) constraint gifts_quantity check (quantity > 0),
  unit text,
  value_vnd bigint not null constraint gifts_value_vnd check (value_vnd between 0 and 1000000000000),
  funding_source text not null constraint gifts_funding_source check (funding_source in ('programme_direct', 'central_budget',
    'province_budget', 'district_budget', 'commune_budget', 'programme_integrated', 'organisation_own', 'staff_contribution', 'enterprise',
    'mass_organisation', 'donor', 'community', 'credit', 'labour_days', 'other_legal')),
  given_on date not null,
  note text,
  status text not null default 'recorded' constraint gifts_status check (status in ('recorded', 'confirmed', 'disputed', 'not_delivered')),
  dispute_reason text,
  settlement_note text,
  correction_reason text,
  written_by uuid[] not null default '{}',
  last_step text,
  last_step_by uuid,
  last_step_hash bytea,
  acted_by uuid not null,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint gifts_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint gifts_member_of_household check (member_id is null or household_id is not null)
);
comment on table gifts is 'What was given: to a household, to one of its members, or to the whole village';
comment on column gifts.value_vnd is 'Whole VND';
comment on column gifts.written_by is 'Who changed it: no more may they confirm it than who recorded it';
comment on column gifts.acted_by is 'Who recorded it; never the one who confirms it';
create index gifts_visit_id on gifts (visit_id);
create index gifts_twinning_id on gifts (twinning_id);
create index gifts_organisation_id on gifts (organisation_id, given_on);
create index gifts_village_id on gifts (village_id, scope_path);
create index gifts_village_day on gifts (village_id, given_on, id);
create index gifts_household_id on gifts (household_id);
create index gifts_member_id on gifts (member_id);
create index gifts_hardship_item_id on gifts (hardship_item_id);
create index gifts_scope_path on gifts (scope_path, given_on);
create index gifts_given_on on gifts (given_on, id);

create trigger aa_place before insert or update of village_id on visits for each row execute function app_place_in_village();
create trigger aa_place before insert or update of village_id on gifts for each row execute function app_place_in_village();
create trigger touch_parent after insert or update or delete on gifts for each row execute function app_touch_parent('visits', 'visit_id');

-- Officials record for a unit only while nobody signs in for it. Accounts are hidden from most who ask.
create function app_has_account(organisation uuid) returns boolean stable language sql security definer set search_path = '' as $$
  select exists (select from public.users u where u.active and u.organisation_id = organisation)
      or exists (select from public.organisations o join public.users u on u.locality_id = o.place_id where o.id = organisation and u.active) $$;
comment on function app_has_account(uuid) is 'Whether somebody signs in for an organisation, or for the place that it is';

-- A unit reads its own records for ever, but of a village only while it stands by it.
create function app_village_name(village uuid) returns text stable language sql security definer set search_path = '' as $$
  select l.name from public.localities l where l.id = village and l.level = 'village' $$;
comment on function app_village_name(uuid) is 'For records that name a village which the caller may no longer see';

-- The one function that sets an item's status: a confirmed gift helps, a pledge promises, and
-- either may be taken back.
create function app_refresh_item(item uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  -- Locked in a statement of its own: the next one then sees what a neighbour has just committed.
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
  if tg_op <> 'INSERT' then perform app_refresh_item((to_jsonb(old) ->> key)::uuid); end if;
  if tg_op <> 'DELETE' then perform app_refresh_item((to_jsonb(new) ->> key)::uuid); end if;
  return null;
end $$;
create trigger follow_item after insert or update of status, hardship_item_id or delete on gifts
  for each row execute function app_follow_item('hardship_item_id');
create trigger follow_item after insert or delete on pledges for each row execute function app_follow_item('item_id');

select app_watch('visits', 'findings', 'occasion', 'latitude', 'longitude');
create policy in_scope on visits
  using ((scope_path >= (select app_low()) and scope_path < (select app_high())) or organisation_id = (select app_organisation()))
  with check ((scope_path >= (select app_low()) and scope_path < (select app_high())) or organisation_id = (select app_organisation()));
-- A unit records in villages it stands by; what it recorded stays its own when the twinning ends.
create policy twinned on visits as restrictive for insert
  with check ((scope_path >= (select app_low()) and scope_path < (select app_high())) or village_id = any ((select app_villages())::uuid[]));
create policy definer_functions on visits to app_owner using (true) with check (true);

alter table visit_households enable row level security;
alter table visit_households force row level security;
grant select, insert, delete on visit_households to app;
create policy with_its_visit on visit_households
  using (exists (select from visits v where v.id = visit_id))
  with check (exists (select from visits v where v.id = visit_id) and exists (select from households h where h.id = household_id));

select app_watch('gifts', 'description', 'note', 'dispute_reason', 'settlement_note', 'correction_reason');
create policy in_scope on gifts
  using ((scope_path >= (select app_low()) and scope_path < (select app_high())) or organisation_id = (select app_organisation()))
  with check ((scope_path >= (select app_low()) and scope_path < (select app_high())) or organisation_id = (select app_organisation()));
create policy twinned on gifts as restrictive for insert
  with check ((scope_path >= (select app_low()) and scope_path < (select app_high())) or village_id = any ((select app_villages())::uuid[]));
create policy definer_functions on gifts for select to app_owner using (true);

-- ── who gives ──────────────────────────────────────────────────────────────────────────────────
-- Whose a twinning or a record is stays so: an organisation that became another place, or another place's, would
-- bring the rights of the one to the users of the other.
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

-- ── refusals that depend on others ────────────────────────────────────────────────────────────
-- They ask with their owner's rights: a gift counts that was recorded where the caller does not reach.
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
