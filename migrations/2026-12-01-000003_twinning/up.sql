-- Twinning (kết nghĩa): organisations, the programmes of twinning, and the dated twinnings of organisations with places.

create table organisations (
  id uuid primary key,
  name text collate "vi-x-icu" not null constraint organisations_name check (name <> ''),
  kind text not null constraint organisations_kind check (kind in ('department', 'public_service_unit', 'enterprise', 'cooperative',
    'armed_force', 'border_guard', 'front', 'mass_organisation', 'party_body', 'locality', 'other')),
  level text not null constraint organisations_level check (level in ('central', 'province', 'district', 'commune', 'village')),
  parent_id uuid constraint organisations_parent_id_fkey references organisations,
  locality_id uuid not null,
  scope_path text collate "C" not null,
  place_id uuid constraint organisations_place_id_fkey references localities constraint organisations_place_id_key unique,
  valid_from date,
  valid_to date,
  successor_id uuid constraint organisations_successor_id_fkey references organisations,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint organisations_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint organisations_id_scope_path_key unique (id, scope_path),
  constraint organisations_place check ((kind = 'locality') = (place_id is not null)),
  constraint organisations_validity check (valid_from <= valid_to),
  constraint organisations_parent_other check (parent_id <> id),
  constraint organisations_successor check (successor_id is null or valid_to is not null)
);
comment on table organisations is 'Departments, companies, units, associations and places that give support';
comment on column organisations.locality_id is 'The place whose officials manage it';
comment on column organisations.successor_id is 'The organisation that took over from it the day after its last one';
comment on column organisations.place_id is 'The village, commune or district that the organisation represents as a giver (kind locality)';
create index organisations_locality_id on organisations (locality_id, scope_path);
create index organisations_scope_path on organisations (scope_path);
create index organisations_parent_id on organisations (parent_id);
create index organisations_successor_id on organisations (successor_id);
create index organisations_name on organisations (name, id);
create index organisations_created_at on organisations (created_at, id);
create index organisations_changed on organisations (changed_xid, id);

create table organisation_contacts (
  id uuid primary key,
  organisation_id uuid not null constraint organisation_contacts_organisation_id_fkey references organisations on delete cascade
    constraint organisation_contacts_organisation_id_key unique,
  contact_name text,
  contact_phone text,
  contact_email text,
  address text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null
);
comment on table organisation_contacts is 'Contact of an organisation, for itself and the officials who manage it';
create index organisation_contacts_changed on organisation_contacts (changed_xid, id);

create table organisation_headcounts (
  id uuid primary key,
  organisation_id uuid not null constraint organisation_headcounts_organisation_id_fkey references organisations on delete cascade,
  year integer not null constraint organisation_headcounts_year check (year between 1900 and 2200),
  headcount integer not null constraint organisation_headcounts_headcount check (headcount >= 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint organisation_headcounts_year_key unique (organisation_id, year)
);
comment on table organisation_headcounts is 'Assigned posts (biên chế) by year, attached units included';
create index organisation_headcounts_changed on organisation_headcounts (changed_xid, id);

create table programmes (
  id uuid primary key,
  number text,
  title text collate "vi-x-icu" not null constraint programmes_title check (title <> ''),
  issuer text,
  kind text not null constraint programmes_kind check (kind in ('directive', 'decision', 'plan', 'campaign', 'conclusion')),
  issued_on date,
  effective_on date not null,
  ends_on date,
  locality_id uuid not null,
  scope_path text collate "C" not null,
  parent_id uuid constraint programmes_parent_id_fkey references programmes,
  note text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint programmes_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint programmes_period check (effective_on <= ends_on),
  constraint programmes_parent_other check (parent_id <> id)
);
comment on table programmes is 'Directives, decisions and plans that are the basis of twinnings';
comment on column programmes.number is 'Unknown for some: the copy of the plan of Ia Nan has none';
create index programmes_locality_id on programmes (locality_id, scope_path);
create index programmes_scope_path on programmes (scope_path);
create index programmes_parent_id on programmes (parent_id);
create index programmes_effective_on on programmes (effective_on, id);
create index programmes_title on programmes (title, id);
create index programmes_changed on programmes (changed_xid, id);

create table twinnings (
  id uuid primary key,
  programme_id uuid not null constraint twinnings_programme_id_fkey references programmes,
  organisation_id uuid not null,
  organisation_scope_path text collate "C" not null,
  locality_id uuid not null,
  scope_path text collate "C" not null,
  lead boolean not null,
  decision_number text,
  decision_date date,
  starts_on date not null,
  ends_on date,
  last_day date,
  suspensions jsonb not null default '[]',
  predecessor_id uuid constraint twinnings_predecessor_id_fkey references twinnings,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint twinnings_organisation_id_fkey foreign key (organisation_id, organisation_scope_path)
    references organisations (id, scope_path) on update cascade,
  constraint twinnings_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint twinnings_period check (starts_on <= ends_on),
  constraint twinnings_predecessor_other check (predecessor_id <> id),
  constraint twinnings_key unique (programme_id, organisation_id, locality_id, starts_on)
);
comment on table twinnings is 'An organisation is twinned with a place (kết nghĩa), under a programme, for a time';
comment on column twinnings.lead is 'Leads (chủ trì) rather than takes part (phối hợp)';
comment on column twinnings.last_day is 'The earliest end (inclusive) of the twinning, its programme, organisation and place; null: open';
comment on column twinnings.suspensions is 'Entries of Suspension in their order; a change replaces all of them';
comment on column twinnings.predecessor_id is 'The twinning that this one continues with another organisation, place or programme';
create index twinnings_organisation_id on twinnings (organisation_id, organisation_scope_path);
create index twinnings_locality_id on twinnings (locality_id, scope_path);
create index twinnings_scope_path on twinnings (scope_path);
create index twinnings_organisation_scope_path on twinnings (organisation_scope_path);
create index twinnings_predecessor_id on twinnings (predecessor_id);
create index twinnings_starts_on on twinnings (starts_on, id);
create index twinnings_last_day on twinnings (last_day);
create index twinnings_changed on twinnings (changed_xid, id);

create table working_groups (
  id uuid primary key,
  programme_id uuid not null constraint working_groups_programme_id_fkey references programmes,
  organisation_id uuid constraint working_groups_organisation_id_fkey references organisations,
  locality_id uuid,
  scope_path text collate "C",
  kind text not null constraint working_groups_kind check (kind in ('working_group', 'steering_committee', 'management_board')),
  name text not null constraint working_groups_name check (name <> ''),
  established_on date not null,
  ended_on date,
  decision_number text,
  regulation_number text,
  members jsonb not null,
  acted_by uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint working_groups_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint working_groups_party check (num_nonnulls(organisation_id, locality_id) = 1),
  constraint working_groups_period check (established_on <= ended_on)
);
comment on column working_groups.members is 'Entries of WorkingGroupMember in their order; a change replaces all of them';
create index working_groups_programme_id on working_groups (programme_id);
create index working_groups_organisation_id on working_groups (organisation_id);
create index working_groups_locality_id on working_groups (locality_id, scope_path);
create index working_groups_scope_path on working_groups (scope_path);
create index working_groups_established_on on working_groups (established_on, id);
create index working_groups_updated_at on working_groups (updated_at, id);
create index working_groups_changed on working_groups (changed_xid, id);
