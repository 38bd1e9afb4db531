-- Needs: households of a village, their poverty assessment of each year, the hardship lists, and pledges for items of these lists.

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
  -- Copied from the latest assessment by app_show_latest_assessment
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
comment on table households is 'Households of a village';
comment on column households.head_fold is 'Without case and diacritics: equal names are likely duplicates';
comment on column households.acted_by is 'The account that entered it';
comment on column households.on_behalf_of is 'The village whose head an official acted for';
comment on column households.listed is
  'Whether an approved hardship list of its village names it: twinned units see these households only';
-- Lists of a village or commune use an index that begins with the path. Lists of a province or of the country read an index in
-- the order of the list; its last column, scope_path, skips rows of other places without reading the table. Measured at
-- 500,000 households of 13,600 villages: a village head's list 617 → 0.2 ms, a commune's 5 → 0.7 ms, a province's 34 → 0.13 ms.
create index households_village_id on households (village_id, scope_path);
create index households_village_name on households (village_id, head_name, id);
create index households_scope_path_name on households (scope_path, head_name, id);
create index households_twins on households (village_id, head_fold, head_birth_year);
create index households_name on households (head_name, id, scope_path);
create index households_created_at on households (created_at, id, scope_path);
create index households_updated_at on households (updated_at, id, scope_path);
create index households_changed on households (changed_xid, id);

create table household_members (
  id uuid primary key,
  household_id uuid not null,
  -- The path of the household, copied: asking the household for each row costs 1 ms for fifty households with members.
  scope_path text collate "C" not null,
  name text collate "vi-x-icu" not null constraint household_members_name check (name <> ''),
  sex text constraint household_members_sex check (sex in ('male', 'female')),
  birth_year integer constraint household_members_birth_year check (birth_year between 1890 and 2200),
  relation text,
  student boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint household_members_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade
);
comment on table household_members is 'The people of a household besides its head';
create index household_members_household_id on household_members (household_id, scope_path);
create index household_members_changed on household_members (changed_xid, id);

create table household_private (
  household_id uuid primary key,
  scope_path text collate "C" not null,
  phone bytea,
  identity_number bytea,
  identity_number_last4 bytea,
  identity_number_index bytea,
  constraint household_private_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade
);
comment on table household_private is
  'Phone and identity number, each sealed with the key named in its first byte (AES-256-GCM, bound to record and field)';
comment on column household_private.identity_number_index is 'Keyed hash: equality without the number';
create index household_private_identity_number_index on household_private (identity_number_index);
create index household_private_household_id on household_private (household_id, scope_path);

create table household_words (
  household_id uuid not null,
  scope_path text collate "C" not null,
  word text collate "C" not null,
  constraint household_words_pkey primary key (household_id, word),
  constraint household_words_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade
);
comment on table household_words is
  'Folded words of the head''s name, searched by prefix as a range, which can use an index under row-level security';
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
  decision_number text constraint household_assessments_decision_number check (decision_number <> ''),
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
comment on table household_assessments is 'Poverty assessments, one for each household and year';
comment on column household_assessments.decision_number is 'The decision that approved the assessment, as 12/QĐ-UBND';
create index household_assessments_household_id on household_assessments (household_id, scope_path);
create index household_assessments_scope_path on household_assessments (scope_path, year);
create index household_assessments_changed on household_assessments (changed_xid, id);

create table household_former_assessments (
  id uuid primary key,
  household_id uuid not null constraint household_former_assessments_household_id_fkey references households on delete cascade,
  merged_from uuid not null,
  year integer not null,
  poverty_status text not null,
  deprivations text[] not null,
  poverty_causes text[] not null,
  decision_number text,
  assessor_id uuid,
  assessed_on date not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null
);
comment on table household_former_assessments is
  'Assessments of a merged household for years that the surviving one had its own for: shown in the history, not counted';
create index household_former_assessments_household_id on household_former_assessments (household_id);
create index household_former_assessments_changed on household_former_assessments (changed_xid, id);

create table household_merges (
  id uuid primary key,
  household_id uuid not null constraint household_merges_household_id_fkey references households on delete cascade,
  merged_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null
);
comment on table household_merges is 'Households that were recorded twice: the deleted id, and the household that it was merged into';
create index household_merges_household_id on household_merges (household_id);
create index household_merges_changed on household_merges (changed_xid, id);

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
  acted_by uuid,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint hardship_lists_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint hardship_lists_round_key unique (village_id, year, round)
);
comment on table hardship_lists is
  'The households of a village in greatest hardship, one list for each round of a year (danh sách hộ khó khăn)';
comment on column hardship_lists.approved_at is
  'First approval: twinned units see the list from then on, also while it is closed or reopened';
comment on column hardship_lists.written_by is
  'Accounts that changed it since its last approval: an approval by one of them is marked in the audit';
create index hardship_lists_village_id on hardship_lists (village_id, scope_path);
create index hardship_lists_scope_path on hardship_lists (scope_path, year);
create index hardship_lists_submitted_by on hardship_lists (submitted_by);
create index hardship_lists_approved_by on hardship_lists (approved_by);
create index hardship_lists_created_at on hardship_lists (created_at, id, scope_path);
create index hardship_lists_changed on hardship_lists (changed_xid, id);

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
comment on column hardship_items.status is 'Derived by app_refresh_item from pledges and confirmed gifts';
comment on column hardship_items.approved is 'Whether it was part of an approved list: twinned units see these items';
comment on column hardship_items.approved_state is
  'Reasons, needs, priority and note as approved last: twinned units see these, also while the list is reopened';
comment on column hardship_items.dropped is
  'Approved, and left out of the reopened list since: units see it until the next approval deletes it';
create index hardship_items_village_id on hardship_items (village_id, scope_path);
create index hardship_items_scope_path on hardship_items (scope_path, created_at, id);
create index hardship_items_household_id on hardship_items (household_id);
create index hardship_items_created_at on hardship_items (created_at, id, scope_path);
-- The oldest approved items without help, of a province or a village.
create index hardship_items_unhelped on hardship_items (scope_path, created_at, id) where approved and status <> 'helped';
create index hardship_items_changed on hardship_items (changed_xid, id);

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
create index pledges_changed on pledges (changed_xid, id);

create table merge_rules (
  position integer generated always as identity primary key,
  whole text not null,
  part text not null,
  key text not null,
  rule text not null constraint merge_rules_rule check (rule in ('move', 'delete') or rule like 'app\_merge\_%'),
  constraint merge_rules_key unique (part, key)
);
comment on table merge_rules is 'Rules of a merge for the rows that refer to the merged record; written by schema/';
comment on column merge_rules.position is 'In the order of the areas: the rows of later areas move first';
comment on column merge_rules.rule is
  'move, delete (by the foreign key), or a function of the merged and the surviving record';
