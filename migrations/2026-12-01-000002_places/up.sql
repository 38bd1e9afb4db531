-- Places: the catalogue of provinces, districts and communes in two eras, and the villages that communes add. A locality keeps its
-- id for its whole life. Its names, codes and parents by day are its versions; the localities that replaced it are its
-- successions. Official codes are reused between eras (52 was Bình Định and is Gia Lai), so a code alone identifies nothing.

create sequence locality_labels;

create table localities (
  id uuid primary key,
  label text collate "C" not null default app_base36(nextval('locality_labels'))
    constraint localities_label_key unique
    constraint localities_label_form check (label ~ '^[0-9A-Z]+$'),
  level text not null constraint localities_level check (level in ('province', 'district', 'commune', 'village')),
  valid_from date,
  valid_to date,
  -- Name, code, kind and parent as on the tree day, or on the nearest day on which the locality existed: app_set_tree_day writes them.
  name text collate "vi-x-icu" not null constraint localities_name check (name <> ''),
  code text,
  kind text not null constraint localities_kind check (kind in
    ('tinh', 'thanh_pho', 'quan', 'huyen', 'thi_xa', 'phuong', 'thi_tran', 'xa', 'dac_khu', 'thon', 'lang', 'ban', 'buon', 'to_dan_pho')),
  parent_id uuid constraint localities_parent_id_fkey references localities,
  scope_path text collate "C" not null constraint localities_scope_path_form check (scope_path ~ '^0\.([0-9A-Z]+\.)+$'),
  province_id uuid constraint localities_province_id_fkey references localities,
  district_id uuid constraint localities_district_id_fkey references localities,
  commune_id uuid constraint localities_commune_id_fkey references localities,
  merged_into_id uuid constraint localities_merged_into_id_fkey references localities,
  end_legal_basis text,
  -- Attributes of a village
  ethnic_groups text[] not null default '{}',
  latitude double precision constraint localities_latitude check (latitude between -90 and 90),
  longitude double precision constraint localities_longitude check (longitude between -180 and 180),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint localities_validity check (valid_from <= valid_to),
  constraint localities_id_scope_path_key unique (id, scope_path)
);
comment on table localities is 'Provinces, districts, communes and villages of every era';
comment on column localities.label is 'Surrogate in base 36, the locality''s part of scope paths; never an official code';
comment on column localities.valid_from is 'First day (inclusive); null: before the first day of the catalogue';
comment on column localities.valid_to is 'Last day (inclusive); null: still in force';
comment on column localities.scope_path is 'Labels from the root on the tree day; policies compare it with the caller''s range';
comment on column localities.province_id is 'Its province on the tree day (itself, for a province); null for future places';
comment on column localities.merged_into_id is 'For a village that has ended by the tree day: the village in which it lies since; derived from its certain succession';
create index localities_scope_path on localities (scope_path);
create index localities_parent_id on localities (parent_id, name, id);
create index localities_code on localities (code);
create index localities_level_name on localities (level, name, id);
create index localities_province_id on localities (province_id);
create index localities_district_id on localities (district_id);
create index localities_commune_id on localities (commune_id);
create index localities_merged_into_id on localities (merged_into_id) where merged_into_id is not null;
create index localities_changed on localities (changed_xid, id);

create table locality_versions (
  id uuid primary key,
  locality_id uuid not null constraint locality_versions_locality_id_fkey references localities on delete cascade,
  name text collate "vi-x-icu" not null,
  name_fold text collate "C" not null generated always as (app_fold(name)) stored,
  code text,
  kind text not null,
  parent_id uuid constraint locality_versions_parent_id_fkey references localities,
  valid_from date,
  valid_to date,
  legal_basis text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint locality_versions_validity check (valid_from <= valid_to),
  constraint locality_versions_day_key unique nulls not distinct (locality_id, valid_from)
);
comment on table locality_versions is 'Name, code, kind and parent of a locality from day to day (both inclusive)';
create index locality_versions_parent_id on locality_versions (parent_id, name_fold);
create index locality_versions_code on locality_versions (code);
create index locality_versions_changed on locality_versions (changed_xid, id);

create table locality_successions (
  id uuid primary key,
  predecessor_id uuid not null constraint locality_successions_predecessor_id_fkey references localities,
  successor_id uuid not null constraint locality_successions_successor_id_fkey references localities,
  effective_on date not null,
  extent text not null constraint locality_successions_extent check (extent in
    ('whole', 'part', 'part_area', 'part_population', 'all_area', 'part_area_all_population')),
  certain boolean not null,
  legal_basis text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint locality_successions_key unique (predecessor_id, successor_id)
);
comment on table locality_successions is 'The localities that replaced an ended one';
comment on column locality_successions.certain is 'Every village of the predecessor lies in this successor';
create index locality_successions_successor_id on locality_successions (successor_id);
create index locality_successions_changed on locality_successions (changed_xid, id);

create table locality_words (
  locality_id uuid not null constraint locality_words_locality_id_fkey references localities on delete cascade,
  word text collate "C" not null,
  constraint locality_words_pkey primary key (locality_id, word)
);
comment on table locality_words is
  'Folded words of every name of a locality, searched by prefix as a range, which can use an index under row-level security';
create index locality_words_word on locality_words (word, locality_id);

create table village_profiles (
  id uuid primary key,
  village_id uuid not null constraint village_profiles_village_id_fkey references localities on delete cascade,
  year integer not null constraint village_profiles_year check (year between 1900 and 2200),
  households integer constraint village_profiles_households check (households >= 0),
  population integer constraint village_profiles_population check (population >= 0),
  minority_households integer constraint village_profiles_minority_households check (minority_households >= 0),
  poor integer constraint village_profiles_poor check (poor >= 0),
  near_poor integer constraint village_profiles_near_poor check (near_poor >= 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint village_profiles_minority_within check (minority_households <= households),
  constraint village_profiles_village_year_key unique (village_id, year)
);
comment on table village_profiles is 'Numbers of households and people of a village, year by year, as its commune counts them';
create index village_profiles_changed on village_profiles (changed_xid, id);

create table locality_flags (
  id uuid primary key,
  locality_id uuid not null constraint locality_flags_locality_id_fkey references localities on delete cascade,
  flag text not null constraint locality_flags_flag check (flag in ('border', 'extremely_difficult', 'upland', 'lowland', 'ethnic_minority')),
  from_on date,
  to_on date,
  decision_number text,
  decision_date date,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint locality_flags_period check (from_on <= to_on)
);
comment on table locality_flags is 'What a decision declared a village, commune or district to be, from day to day (both inclusive)';
comment on column locality_flags.from_on is 'Null: since before the records begin';
create index locality_flags_locality_id on locality_flags (locality_id, flag);
create index locality_flags_changed on locality_flags (changed_xid, id);

create table locality_posts (
  id uuid primary key,
  locality_id uuid not null,
  scope_path text collate "C" not null,
  post text not null constraint locality_posts_post check (post in
    ('village_head', 'deputy_head', 'party_cell_secretary', 'front_head', 'militia_leader', 'health_worker', 'women', 'farmers', 'youth',
     'veterans', 'prestigious_person', 'village_elder', 'contact_officer', 'other')),
  person_name text collate "vi-x-icu" not null constraint locality_posts_person_name check (person_name <> ''),
  phone text,
  from_on date,
  to_on date,
  party_member boolean,
  note text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint locality_posts_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint locality_posts_period check (from_on <= to_on)
);
comment on table locality_posts is 'Holders of posts of a village or commune, with their terms (both days inclusive)';
comment on column locality_posts.party_member is 'A political view: null for twinned units';
create index locality_posts_locality_id on locality_posts (locality_id, scope_path);
create index locality_posts_scope_path on locality_posts (scope_path);
create index locality_posts_person_name on locality_posts (person_name, id);
create index locality_posts_updated_at on locality_posts (updated_at, id);
create index locality_posts_changed on locality_posts (changed_xid, id);

create table data_loads (
  name text primary key,
  digest bytea not null,
  loaded_at timestamptz not null
);
comment on table data_loads is 'Digests of the loaded catalogue files: a start with the same files loads nothing';
