-- Twinning (kết nghĩa): who stands by which place, under which programme, from when to when.

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
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint organisations_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint organisations_id_scope_path_key unique (id, scope_path),
  constraint organisations_place check ((kind = 'locality') = (place_id is not null)),
  constraint organisations_validity check (valid_from <= valid_to),
  constraint organisations_parent_other check (parent_id <> id)
);
comment on table organisations is 'Departments, companies, units, associations and places that give';
comment on column organisations.locality_id is 'The place that manages it: its officials look after it';
comment on column organisations.place_id is 'The place it is, when the giver is a village, commune or district (kind locality)';
create index organisations_locality_id on organisations (locality_id, scope_path);
create index organisations_scope_path on organisations (scope_path);
create index organisations_parent_id on organisations (parent_id);
create index organisations_name on organisations (name, id);
create index organisations_created_at on organisations (created_at, id);

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
comment on table organisation_contacts is 'How to reach an organisation: for itself and the officials over it';

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
comment on table programmes is 'Directives, decisions and plans that twinnings rest on';
comment on column programmes.number is 'Unknown for some: the copy of the plan of Ia Nan has none';
create index programmes_locality_id on programmes (locality_id, scope_path);
create index programmes_scope_path on programmes (scope_path);
create index programmes_parent_id on programmes (parent_id);
create index programmes_effective_on on programmes (effective_on, id);
create index programmes_title on programmes (title, id);

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
  suspended boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint twinnings_organisation_id_fkey foreign key (organisation_id, organisation_scope_path)
    references organisations (id, scope_path) on update cascade,
  constraint twinnings_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint twinnings_period check (starts_on <= ends_on),
  constraint twinnings_key unique (programme_id, organisation_id, locality_id, starts_on)
);
comment on table twinnings is 'An organisation stands by a place (kết nghĩa), under a programme, for a time';
comment on column twinnings.lead is 'Leads (chủ trì) rather than takes part (phối hợp)';
create index twinnings_organisation_id on twinnings (organisation_id, organisation_scope_path);
create index twinnings_locality_id on twinnings (locality_id, scope_path);
create index twinnings_scope_path on twinnings (scope_path);
create index twinnings_organisation_scope_path on twinnings (organisation_scope_path);
create index twinnings_starts_on on twinnings (starts_on, id);

-- The managing place of an organisation, programme or twinning gives it its path, and is held as it is until the
-- row stands; the policies of the row say whether the caller may write there.
create function app_place_in_locality() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.locality_id is distinct from old.locality_id then
    select l.scope_path into new.scope_path from public.localities l where l.id = new.locality_id for key share;
  end if;
  return new;
end $$;
create trigger aa_place before insert or update of locality_id on organisations for each row execute function app_place_in_locality();
create trigger aa_place before insert or update of locality_id on programmes for each row execute function app_place_in_locality();
create trigger aa_place before insert or update of locality_id on twinnings for each row execute function app_place_in_locality();

create function app_place_twinning() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or new.organisation_id is distinct from old.organisation_id then
    select o.scope_path into new.organisation_scope_path from public.organisations o where o.id = new.organisation_id for key share;
  end if;
  return new;
end $$;
create trigger ab_place before insert or update of organisation_id on twinnings for each row execute function app_place_twinning();

create function app_twinning_active(t twinnings, day date) returns boolean stable language sql
  as $$ select not t.suspended and t.starts_on <= day and (t.ends_on is null or t.ends_on >= day) $$;

create function app_twinning_status(suspended boolean, ends_on date) returns text stable parallel safe language sql
  as $$ select case when suspended then 'suspended' when ends_on < app_today() then 'ended' else 'active' end $$;

-- The twinned place is a part of the twinning: whoever sees the one may know the name of the other,
-- though the village lies in another commune, or the twinning with it has ended.
create function app_place_name(place uuid) returns text stable parallel safe language sql security definer set search_path = ''
  as $$ select l.name from public.localities l where l.id = place $$;
create function app_place_level(place uuid) returns text stable parallel safe language sql security definer set search_path = ''
  as $$ select l.level from public.localities l where l.id = place $$;

select app_watch('organisations');
-- Name and kind of a giver are public; keys reach them through aggregates only.
create policy readable on organisations for select using ((select app_role()) <> 'public');
create policy managed on organisations for all
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy definer_functions on organisations for select to app_owner using (true);
create policy definer_locks on organisations for update to app_owner using (true) with check (false);

select app_watch('organisation_contacts', 'contact_name', 'contact_phone', 'contact_email', 'address');
create policy self_and_managers on organisation_contacts for select
  using (exists (select from organisations o where o.id = organisation_id
    and (o.id = (select app_organisation()) or o.scope_path >= (select app_low()) and o.scope_path < (select app_high()))));
create policy written on organisation_contacts
  using (exists (select from organisations o where o.id = organisation_id
    and o.scope_path >= (select app_low()) and o.scope_path < (select app_high())))
  with check (exists (select from organisations o where o.id = organisation_id
    and o.scope_path >= (select app_low()) and o.scope_path < (select app_high())));

select app_watch('organisation_headcounts');
create policy self_and_managers on organisation_headcounts for select
  using (exists (select from organisations o where o.id = organisation_id
    and (o.id = (select app_organisation()) or o.scope_path >= (select app_low()) and o.scope_path < (select app_high()))));
create policy written on organisation_headcounts
  using (exists (select from organisations o where o.id = organisation_id
    and o.scope_path >= (select app_low()) and o.scope_path < (select app_high())))
  with check (exists (select from organisations o where o.id = organisation_id
    and o.scope_path >= (select app_low()) and o.scope_path < (select app_high())));

select app_watch('programmes');
create policy readable on programmes for select using ((select app_role()) not in ('public', 'key'));
create policy managed on programmes for all
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));

select app_watch('twinnings');
create policy either_end on twinnings for select using (
  (scope_path >= (select app_low()) and scope_path < (select app_high()))
  or (organisation_scope_path >= (select app_low()) and organisation_scope_path < (select app_high()))
  or organisation_id = (select app_organisation())
  or locality_id = any ((select app_villages())::uuid[]));
create policy managed on twinnings for all
  using (scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check (scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy definer_functions on twinnings for select to app_owner using (true);
