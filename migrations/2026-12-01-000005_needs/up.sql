-- Needs: households of a village, their poverty assessments by dated standards, the registers of villages, the hardship lists, and
-- pledges for items of these lists.

create table poverty_standards (
  code text primary key constraint poverty_standards_code check (code ~ '^[a-z][a-z0-9_]{0,29}$'),
  name_vi text not null constraint poverty_standards_name_vi check (name_vi <> ''),
  name_en text not null constraint poverty_standards_name_en check (name_en <> ''),
  basis text,
  starts_on date not null,
  ends_on date not null,
  indicators jsonb not null,
  lines jsonb not null,
  constraint poverty_standards_period check (starts_on <= ends_on),
  constraint poverty_standards_one_a_day exclude using gist (daterange(starts_on, ends_on, '[]') with &&)
);
comment on table poverty_standards is 'Poverty standards, each in force for a period; an operator imports the next one';
comment on column poverty_standards.basis is 'The decree';
comment on column poverty_standards.indicators is '[{code, name_vi, name_en}]: what a household can be deprived of';
comment on column poverty_standards.lines is
  '{rural, urban}: income_vnd (a person and month, up to it poor or near-poor), average_vnd (up to it average), score_b1 (points; below it, the income is below the line)';
-- The lines of B1 are from one public source. No indicators of Decree 351/2025/NĐ-CP (2027 to 2030) are known yet.
insert into poverty_standards (code, name_vi, name_en, basis, starts_on, ends_on, indicators, lines) values
  ('before_2022', 'Chuẩn nghèo trước năm 2022', 'Standards before 2022', null, '1990-01-01', '2021-12-31', '[]', '{}'),
  ('nd07_2021', 'Chuẩn nghèo đa chiều 2022-2025', 'Multidimensional standard 2022–2025', 'Nghị định 07/2021/NĐ-CP', '2022-01-01', '2026-12-31', '[
    {"code": "I01", "name_vi": "Việc làm", "name_en": "Employment"},
    {"code": "I02", "name_vi": "Người phụ thuộc trong hộ gia đình", "name_en": "Dependants"},
    {"code": "I03", "name_vi": "Dinh dưỡng", "name_en": "Nutrition"},
    {"code": "I04", "name_vi": "Bảo hiểm y tế", "name_en": "Health insurance"},
    {"code": "I05", "name_vi": "Trình độ giáo dục của người lớn", "name_en": "Adult education"},
    {"code": "I06", "name_vi": "Tình trạng đi học của trẻ em", "name_en": "School attendance"},
    {"code": "I07", "name_vi": "Chất lượng nhà ở", "name_en": "Housing quality"},
    {"code": "I08", "name_vi": "Diện tích nhà ở bình quân đầu người", "name_en": "Housing area"},
    {"code": "I09", "name_vi": "Nguồn nước sinh hoạt", "name_en": "Water source"},
    {"code": "I10", "name_vi": "Nhà tiêu hợp vệ sinh", "name_en": "Latrine"},
    {"code": "I11", "name_vi": "Sử dụng dịch vụ viễn thông", "name_en": "Telecommunications"},
    {"code": "I12", "name_vi": "Phương tiện tiếp cận thông tin", "name_en": "Means of information"}]',
   '{"rural": {"income_vnd": 1500000, "average_vnd": 2250000, "score_b1": 140},
     "urban": {"income_vnd": 2000000, "average_vnd": 3000000, "score_b1": 175}}');

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
  head_birth_date date,
  ethnic_group text not null constraint households_ethnic_group check (ethnic_group ~ '^[0-9]{2}$'),
  -- Copied from the latest confirmed assessment by app_show_latest_assessment; null without one
  poverty_status text constraint households_poverty_status check (poverty_status in
    ('poor', 'near_poor', 'newly_escaped', 'average', 'not_poor')),
  poverty_year integer,
  poverty_assessed_on date,
  poverty_standard text,
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
  moved_on date,
  acted_by uuid,
  on_behalf_of uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint households_head_birth_date check (head_birth_year = extract(year from head_birth_date)),
  constraint households_village_id_fkey foreign key (village_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint households_id_scope_path_key unique (id, scope_path)
);
comment on table households is 'Households of a village';
comment on column households.head_fold is 'Without case and diacritics: equal names are likely duplicates';
comment on column households.acted_by is 'The account that entered it';
comment on column households.on_behalf_of is 'The village whose head an official acted for';
comment on column households.moved_on is 'First day in this village; null: it lived in no other one since its registration';
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
  birth_date date,
  ethnic_group text constraint household_members_ethnic_group check (ethnic_group ~ '^[0-9]{2}$'),
  relation text,
  student boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint household_members_birth_date check (birth_year = extract(year from birth_date)),
  constraint household_members_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade
);
comment on table household_members is 'The people of a household besides its head';
create index household_members_household_id on household_members (household_id, scope_path);
create index household_members_changed on household_members (changed_xid, id);

create table household_private (
  household_id uuid not null,
  subject_id uuid not null,
  scope_path text collate "C" not null,
  phone bytea,
  identity_number bytea,
  identity_number_last4 bytea,
  identity_number_index bytea,
  -- With the household: a client may give a member the id of another household.
  constraint household_private_pkey primary key (household_id, subject_id),
  constraint household_private_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade
);
comment on table household_private is
  'Phone and identity number, each sealed with the key named in its first byte (AES-256-GCM, bound to subject and field)';
comment on column household_private.subject_id is 'The household, for its head, or one of its members';
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
  assessed_on date not null constraint household_assessments_assessed_on check (assessed_on >= '1990-01-01'),
  round_year integer not null,
  round_kind text not null constraint household_assessments_round_kind check (round_kind in ('annual', 'regular')),
  standard text not null constraint household_assessments_standard_fkey references poverty_standards,
  poverty_status text not null constraint household_assessments_poverty_status check (poverty_status in
    ('poor', 'near_poor', 'newly_escaped', 'average', 'not_poor')),
  deprivations text[] not null default '{}',
  poverty_causes text[] not null default '{}' constraint household_assessments_poverty_causes check (poverty_causes <@ array['no_land',
    'no_capital', 'no_labour', 'no_tools', 'no_knowledge', 'no_skills', 'illness', 'disaster', 'many_dependants', 'outdated_customs',
    'dependence', 'other']),
  score_b1 integer constraint household_assessments_score_b1 check (score_b1 between 0 and 1000),
  score_b2 integer constraint household_assessments_score_b2 check (score_b2 between 0 and 1000),
  no_labour_capacity boolean,
  decision_number text constraint household_assessments_decision_number check (decision_number <> ''),
  decision_date date,
  note text,
  status text not null constraint household_assessments_status check (status in ('proposed', 'confirmed', 'returned')),
  return_reason text,
  corrects_id uuid,
  corrected_by_id uuid,
  assessor_id uuid,
  confirmed_by uuid,
  confirmed_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint household_assessments_round_year check (round_year = extract(year from assessed_on)),
  constraint household_assessments_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade,
  constraint household_assessments_corrects_id_fkey foreign key (corrects_id)
    references household_assessments on delete set null deferrable initially deferred,
  constraint household_assessments_corrected_by_id_fkey foreign key (corrected_by_id)
    references household_assessments on delete set null deferrable initially deferred
);
comment on table household_assessments is 'Poverty assessments of households (rà soát hộ nghèo), dated, by the standard of their day';
comment on column household_assessments.round_kind is
  'annual: the review at the end of the year (rà soát định kỳ); regular: during the year (rà soát thường xuyên)';
comment on column household_assessments.decision_number is 'The decision that recognises the result, as 12/QĐ-UBND';
comment on column household_assessments.corrected_by_id is
  'The assessment that took its place, by a correction or in a merge: it stays in the history and counts nowhere';
create unique index household_assessments_annual_key on household_assessments (household_id, round_year)
  where round_kind = 'annual' and corrected_by_id is null;
create unique index household_assessments_regular_key on household_assessments (household_id, assessed_on)
  where round_kind = 'regular' and corrected_by_id is null;
-- The latest one that counts, on any day.
create index household_assessments_counting on household_assessments (household_id, assessed_on)
  where status = 'confirmed' and corrected_by_id is null;
create index household_assessments_household_id on household_assessments (household_id, scope_path);
create index household_assessments_scope_path on household_assessments (scope_path, assessed_on, id);
create index household_assessments_assessed_on on household_assessments (assessed_on, id, scope_path);
create index household_assessments_updated_at on household_assessments (updated_at, id, scope_path);
-- What waits for the commune.
create index household_assessments_waiting on household_assessments (scope_path, assessed_on, id) where status = 'proposed';
create index household_assessments_standard on household_assessments (standard);
create index household_assessments_corrects_id on household_assessments (corrects_id);
create index household_assessments_corrected_by_id on household_assessments (corrected_by_id);
create index household_assessments_changed on household_assessments (changed_xid, id);

create table household_residences (
  household_id uuid not null constraint household_residences_household_id_fkey references households on delete cascade,
  village_id uuid not null,
  scope_path text collate "C" not null,
  from_on date,
  until_on date not null,
  constraint household_residences_pkey primary key (household_id, until_on),
  constraint household_residences_period check (from_on <= until_on),
  constraint household_residences_village_id_fkey foreign key (village_id, scope_path)
    references localities (id, scope_path) on update cascade
);
comment on table household_residences is 'Villages in which a household lived before its present one: counts of a day include it there';
create index household_residences_village_id on household_residences (village_id, scope_path);
create index household_residences_scope_path on household_residences (scope_path);

create table village_registers (
  id uuid primary key,
  village_id uuid not null,
  scope_path text collate "C" not null,
  year integer not null constraint village_registers_year check (year between 1990 and 2200),
  complete boolean not null,
  completed_on date,
  completed_by uuid,
  reopened_by uuid,
  reopen_reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint village_registers_completed check (complete = (completed_on is not null)),
  constraint village_registers_village_id_fkey foreign key (village_id, scope_path)
    references localities (id, scope_path) on update cascade on delete cascade,
  constraint village_registers_year_key unique (village_id, year)
);
comment on table village_registers is 'Years for which the assessments of a village are complete; rates are published for these only';
create index village_registers_village_id on village_registers (village_id, scope_path);
create index village_registers_scope_path on village_registers (scope_path, year);
create index village_registers_changed on village_registers (changed_xid, id);

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
create index pledges_organisation_id on pledges (organisation_id, created_at, id);
create index pledges_village_id on pledges (village_id, scope_path);
create index pledges_scope_path on pledges (scope_path, created_at, id);
create index pledges_created_at on pledges (created_at, id, scope_path);
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

create table household_consents (
  id uuid primary key,
  household_id uuid not null,
  scope_path text collate "C" not null,
  organisation_id uuid constraint household_consents_organisation_id_fkey references organisations,
  given_by text not null constraint household_consents_given_by check (given_by <> ''),
  given_on date not null,
  expires_on date,
  proof text not null constraint household_consents_proof check (proof in ('signature', 'thumbprint', 'recording')),
  withdrawn_at timestamptz,
  acted_by uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint household_consents_household_id_fkey foreign key (household_id, scope_path)
    references households (id, scope_path) on update cascade on delete cascade,
  constraint household_consents_period check (given_on <= expires_on)
);
comment on table household_consents is
  'Consents of households that organisations which are no state bodies read their sensitive fields (Law 91/2025/QH15)';
comment on column household_consents.organisation_id is 'The organisation that may read; null: every one that sees the household';
create index household_consents_household_id on household_consents (household_id, scope_path);
create index household_consents_organisation_id on household_consents (organisation_id);
create index household_consents_scope_path on household_consents (scope_path);
create index household_consents_given_on on household_consents (given_on, id);
create index household_consents_updated_at on household_consents (updated_at, id);
create index household_consents_changed on household_consents (changed_xid, id);
