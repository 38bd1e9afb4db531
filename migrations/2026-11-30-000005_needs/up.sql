-- Needs: the households of a village, how poor each is from year to year, and the lists of the
-- hardest, with what was promised to them.

-- The village decides who sees a record: its path comes with it, and follows it. It is held meanwhile: a village
-- that moves at the same moment would leave the record with a path that is no more. The policies of the record
-- say whether the caller may write there.
create function app_place_in_village() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.village_id is distinct from old.village_id then
    select l.scope_path into new.scope_path from public.localities l where l.id = new.village_id for key share;
  end if;
  return new;
end $$;

create table households (
  id uuid primary key,
  village_id uuid not null,
  scope_path text collate "C" not null,
  status text not null default 'active' constraint households_status check (status in ('active', 'moved_away', 'dissolved')),
  status_since date,
  head_name text collate "vi-x-icu" not null constraint households_head_name check (head_name <> ''),
  head_fold text not null generated always as (app_fold(head_name)) stored,
  head_sex text constraint households_head_sex check (head_sex in ('male', 'female')),
  head_birth_year integer constraint households_head_birth_year check (head_birth_year between 1890 and 2200),
  ethnic_group text not null constraint households_ethnic_group check (ethnic_group ~ '^[0-9]{2}$'),
  -- Of the latest assessment, kept by app_latest_assessment
  poverty_status text not null constraint households_poverty_status check (poverty_status in
    ('poor', 'near_poor', 'newly_escaped', 'average', 'not_poor')),
  poverty_year integer not null,
  deprivations text[] not null default '{}',
  poverty_causes text[] not null default '{}',
  hardship_reasons text[] not null default '{}' constraint households_hardship_reasons check (hardship_reasons <@ array['elderly_alone',
    'disabled', 'serious_illness', 'orphan', 'single_parent', 'temporary_house', 'disaster', 'student_hardship', 'merit_family',
    'social_protection', 'other']),
  special_hardship boolean not null generated always as (cardinality(hardship_reasons) > 0) stored,
  address text,
  latitude double precision constraint households_latitude check (latitude between -90 and 90),
  longitude double precision constraint households_longitude check (longitude between -180 and 180),
  note text,
  listed boolean not null default false,
  acted_by uuid,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint households_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint households_id_scope_path_key unique (id, scope_path)
);
comment on table households is 'The homes of a village';
comment on column households.head_fold is 'Without case and diacritics: equal names are likely duplicates';
comment on column households.listed is 'On a hardship list that was approved: then, and only then, twinned units see it';
comment on column households.acted_by is 'Who entered it';
comment on column households.on_behalf_of is 'The village whose head an official acted for';
create index households_village_id on households (village_id, scope_path);
create index households_village_name on households (village_id, head_name, id);
create index households_scope_path_name on households (scope_path, head_name, id);
create index households_name on households (head_name, id);
create index households_created_at on households (created_at, id);
create index households_updated_at on households (updated_at, id);
create index households_twins on households (village_id, head_fold, head_birth_year);

create table household_members (
  id uuid primary key,
  household_id uuid not null constraint household_members_household_id_fkey references households on delete cascade,
  name text collate "vi-x-icu" not null constraint household_members_name check (name <> ''),
  sex text constraint household_members_sex check (sex in ('male', 'female')),
  birth_year integer constraint household_members_birth_year check (birth_year between 1890 and 2200),
  relation text,
  student boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null
);
comment on table household_members is 'The people of a household besides its head';
create index household_members_household_id on household_members (household_id);

create table household_private (
  household_id uuid primary key constraint household_private_household_id_fkey references households on delete cascade,
  phone bytea,
  identity_number bytea,
  identity_number_last4 bytea,
  identity_number_index bytea
);
comment on table household_private is 'Phone and identity number, each sealed with the key named in its first byte (AES-256-GCM, bound to record and field)';
comment on column household_private.identity_number_index is 'Keyed hash: equality without the number';
create index household_private_identity_number_index on household_private (identity_number_index);

create table household_words (
  household_id uuid not null,
  scope_path text collate "C" not null,
  word text collate "C" not null,
  constraint household_words_pkey primary key (household_id, word),
  constraint household_words_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade
);
comment on table household_words is 'Folded words of the head''s name, searched by prefix as a range: an index serves that under row-level security';
create index household_words_household_id on household_words (household_id, scope_path);
create index household_words_word on household_words (word, scope_path, household_id);

create table household_assessments (
  id uuid primary key,
  household_id uuid not null,
  scope_path text collate "C" not null,
  year integer not null constraint household_assessments_year check (year between 1990 and 2200),
  poverty_status text not null constraint household_assessments_poverty_status check (poverty_status in
    ('poor', 'near_poor', 'newly_escaped', 'average', 'not_poor')),
  deprivations text[] not null default '{}' constraint household_assessments_deprivations check (deprivations <@ array['I01', 'I02', 'I03',
    'I04', 'I05', 'I06', 'I07', 'I08', 'I09', 'I10', 'I11', 'I12']),
  poverty_causes text[] not null default '{}' constraint household_assessments_poverty_causes check (poverty_causes <@ array['no_land',
    'no_capital', 'no_labour', 'no_skills', 'no_tools', 'illness', 'disaster', 'many_dependants', 'outdated_customs', 'dependence', 'other']),
  assessor_id uuid,
  assessed_on date not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint household_assessments_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade,
  constraint household_assessments_year_key unique (household_id, year)
);
comment on table household_assessments is 'How poor a household was found, one assessment a year';
create index household_assessments_household_id on household_assessments (household_id, scope_path);
create index household_assessments_scope_path on household_assessments (scope_path, year);

create table hardship_lists (
  id uuid primary key,
  village_id uuid not null,
  scope_path text collate "C" not null,
  year integer not null constraint hardship_lists_year check (year between 1990 and 2200),
  round integer not null constraint hardship_lists_round check (round between 1 and 12),
  status text not null default 'draft' constraint hardship_lists_status check (status in ('draft', 'submitted', 'returned', 'approved', 'closed')),
  submitted_at timestamptz,
  submitted_by uuid constraint hardship_lists_submitted_by_fkey references users,
  approved_at timestamptz,
  approved_by uuid constraint hardship_lists_approved_by_fkey references users,
  written_by uuid[] not null default '{}',
  return_reason text,
  last_step text,
  last_step_by uuid,
  last_step_hash bytea,
  acted_by uuid,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint hardship_lists_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint hardship_lists_round_key unique (village_id, year, round)
);
comment on table hardship_lists is 'The hardest households of a village, one list for each round of a year (danh sách hộ khó khăn)';
comment on column hardship_lists.approved_at is 'First approval: from then on twinned units see the list, also when it is closed or reopened';
comment on column hardship_lists.written_by is 'Who changed it since it was approved last: an approval by one of them is marked in the audit';
comment on column hardship_lists.last_step_hash is 'With last_step and last_step_by: the same step sent again is known again';
create index hardship_lists_village_id on hardship_lists (village_id, scope_path);
create index hardship_lists_scope_path on hardship_lists (scope_path, year);
create index hardship_lists_created_at on hardship_lists (created_at, id);
create index hardship_lists_submitted_by on hardship_lists (submitted_by);
create index hardship_lists_approved_by on hardship_lists (approved_by);

create table hardship_items (
  id uuid primary key,
  list_id uuid not null constraint hardship_items_list_id_fkey references hardship_lists on delete cascade,
  village_id uuid not null,
  scope_path text collate "C" not null,
  household_id uuid not null constraint hardship_items_household_id_fkey references households,
  reasons text[] not null constraint hardship_items_reasons check (reasons <@ array['elderly_alone', 'disabled', 'serious_illness', 'orphan',
    'single_parent', 'temporary_house', 'disaster', 'student_hardship', 'merit_family', 'social_protection', 'other']),
  needs text[] not null constraint hardship_items_needs check (needs <@ array['food', 'housing', 'livestock', 'tools', 'study', 'medical',
    'job', 'sanitation', 'cash', 'other']),
  priority smallint not null constraint hardship_items_priority check (priority between 1 and 3),
  note text,
  approved boolean not null default false,
  approved_state jsonb,
  dropped boolean not null default false,
  status text not null default 'open' constraint hardship_items_status check (status in ('open', 'pledged', 'helped')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint hardship_items_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint hardship_items_household_key unique (list_id, household_id)
);
comment on table hardship_items is 'A household on a hardship list';
comment on column hardship_items.status is 'Nobody types it: app_refresh_item follows pledges and confirmed gifts';
comment on column hardship_items.approved is 'Was part of an approved list: what a twinned unit may see';
comment on column hardship_items.approved_state is 'Reasons, needs, priority and note as they were approved last: what a twinned unit sees, also while the list is reopened';
comment on column hardship_items.dropped is 'Was approved and left out of the reopened list since: units see it until the list is approved anew, then it goes';
create index hardship_items_village_id on hardship_items (village_id, scope_path);
create index hardship_items_scope_path on hardship_items (scope_path, created_at, id);
create index hardship_items_created_at on hardship_items (created_at, id);
create index hardship_items_household_id on hardship_items (household_id);

create table pledges (
  id uuid primary key,
  item_id uuid not null constraint pledges_item_id_fkey references hardship_items,
  organisation_id uuid not null constraint pledges_organisation_id_fkey references organisations,
  village_id uuid not null,
  scope_path text collate "C" not null,
  note text,
  planned_on date,
  acted_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint pledges_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint pledges_organisation_key unique (item_id, organisation_id)
);
comment on table pledges is 'A unit promises to help a listed household';
create index pledges_organisation_id on pledges (organisation_id);
create index pledges_village_id on pledges (village_id, scope_path);
create index pledges_scope_path on pledges (scope_path);

create trigger aa_place before insert or update of village_id on households for each row execute function app_place_in_village();
create trigger aa_place before insert or update of village_id on hardship_lists for each row execute function app_place_in_village();
create trigger aa_place before insert or update of village_id on hardship_items for each row execute function app_place_in_village();
create trigger aa_place before insert or update of village_id on pledges for each row execute function app_place_in_village();

create function app_place_with_household() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.household_id is distinct from old.household_id then
    select h.scope_path into new.scope_path from public.households h where h.id = new.household_id for key share;
  end if;
  return new;
end $$;
create trigger aa_place before insert on household_assessments for each row execute function app_place_with_household();

create function app_index_household() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' then
    if new.head_name = old.head_name then return null; end if;
    delete from public.household_words w where w.household_id = new.id;
  end if;
  insert into public.household_words (household_id, scope_path, word)
  select new.id, new.scope_path, word from public.app_words(new.head_name) word;
  return null;
end $$;
create trigger index_words after insert or update of head_name on households for each row execute function app_index_household();

-- The household shows its latest assessment.
create function app_latest_assessment() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.households h
     set poverty_status = a.poverty_status, poverty_year = a.year, deprivations = a.deprivations, poverty_causes = a.poverty_causes
    from (select * from public.household_assessments x where x.household_id = new.household_id order by x.year desc limit 1) a
   where h.id = new.household_id
     and (h.poverty_status, h.poverty_year, h.deprivations, h.poverty_causes)
      is distinct from (a.poverty_status, a.year, a.deprivations, a.poverty_causes);
  return null;
end $$;
create trigger latest_assessment after insert or update of year, poverty_status, deprivations, poverty_causes on household_assessments
  for each row execute function app_latest_assessment();

-- A household shows its members and a list its items: when a part changes, so does the whole.
create function app_touch_parent() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and new.version = old.version then return null; end if;
  execute format('update public.%I set updated_at = clock_timestamp() where id = $1', tg_argv[0])
    using coalesce((to_jsonb(new) ->> tg_argv[1])::uuid, (to_jsonb(old) ->> tg_argv[1])::uuid);
  return null;
end $$;
comment on function app_touch_parent() is 'Raises the version of the record that shows this one; arguments: its table, the key to it';
create trigger touch_parent after insert or update or delete on hardship_items for each row execute function app_touch_parent('hardship_lists', 'list_id');
create trigger touch_parent after insert or update or delete on pledges for each row execute function app_touch_parent('hardship_items', 'item_id');

-- A unit pledges on a list that it may see and not write: the list is held as it is until the pledge stands.
create function app_hold_list(list uuid) returns text language sql security definer set search_path = ''
  as $$ select l.status from public.hardship_lists l where l.id = list for share $$;

-- A sealed field changed: the audit names it, and never its value.
create function app_audit_sealed(subject uuid, fields text[]) returns void language sql security definer set search_path = '' as $$
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, personal_fields, village_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'households', subject, 'update',
         nullif(current_setting('app.request_id', true), '')::uuid, fields, h.village_id
    from public.households h where h.id = subject $$;

select app_watch('households', 'head_name', 'head_fold', 'head_sex', 'head_birth_year', 'ethnic_group', 'address', 'latitude', 'longitude', 'note',
  'hardship_reasons', 'poverty_causes', 'deprivations', 'poverty_status');
-- A unit sees, and never writes: a DELETE has no WITH CHECK that would stop it.
create policy in_scope on households for select
  using ((scope_path >= (select app_low()) and scope_path < (select app_high()))
      or (village_id = any ((select app_villages())::uuid[]) and listed));
create policy written on households
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy definer_functions on households to app_owner using (true) with check (true);

select app_watch('household_members', 'name', 'sex', 'birth_year', 'relation', 'student');
create policy with_its_household on household_members for select
  using (exists (select from households h where h.id = household_id));
create policy written on household_members
  using (exists (select from households h where h.id = household_id
    and h.scope_path >= (select app_low()) and h.scope_path < (select app_high())))
  with check (exists (select from households h where h.id = household_id
    and h.scope_path >= (select app_low()) and h.scope_path < (select app_high())));

alter table household_private enable row level security;
alter table household_private force row level security;
grant select, insert, update, delete on household_private to app;
-- Not the administrator of the country, not a unit, not a key.
create policy officials_and_head on household_private
  using ((select app_role()) in ('province', 'district', 'commune', 'village_head', 'system')
    and exists (select from households h where h.id = household_id
      and h.scope_path >= (select app_low()) and h.scope_path < (select app_high())));

alter table household_words enable row level security;
alter table household_words force row level security;
grant select on household_words to app;
create policy in_scope on household_words for select
  using ((scope_path >= (select app_low()) and scope_path < (select app_high()))
      or ((select app_villages()) is not null and exists (select from households h where h.id = household_id)));
create policy definer_functions on household_words to app_owner using (true) with check (true);

select app_watch('household_assessments', 'poverty_status', 'deprivations', 'poverty_causes');
create policy in_scope on household_assessments for select
  using ((scope_path >= (select app_low()) and scope_path < (select app_high()))
      or ((select app_villages()) is not null and exists (select from households h where h.id = household_id)));
create policy written on household_assessments
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy definer_functions on household_assessments for select to app_owner using (true);

select app_watch('hardship_lists', 'return_reason');
create policy in_scope on hardship_lists for select
  using ((scope_path >= (select app_low()) and scope_path < (select app_high()))
      or (village_id = any ((select app_villages())::uuid[]) and approved_at is not null));
create policy written on hardship_lists
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy definer_functions on hardship_lists to app_owner using (true) with check (true);

select app_watch('hardship_items', 'reasons', 'needs', 'note', 'approved_state');
create policy in_scope on hardship_items for select
  using ((scope_path >= (select app_low()) and scope_path < (select app_high()))
      or (village_id = any ((select app_villages())::uuid[]) and approved));
create policy written on hardship_items
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy definer_functions on hardship_items to app_owner using (true) with check (true);

select app_watch('pledges', 'note');
create policy in_scope on pledges for select
  using ((scope_path >= (select app_low()) and scope_path < (select app_high()))
      or village_id = any ((select app_villages())::uuid[])
      or organisation_id = (select app_organisation()));
create policy by_the_unit on pledges
  using (organisation_id = (select app_organisation()) or (select app_role()) = 'system')
  with check ((organisation_id = (select app_organisation()) and village_id = any ((select app_villages())::uuid[])) or (select app_role()) = 'system');
create policy definer_functions on pledges for select to app_owner using (true);
