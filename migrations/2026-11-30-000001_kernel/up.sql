-- What every table of this service stands on: who is asking and what may they see, what time
-- it is, who changed what, and how a request that is sent twice is known again.
--
-- Two roles exist before this runs (`ketnghia migrate` makes them, roles belong to the cluster):
-- app_owner owns everything and runs this, app serves requests and owns nothing.

-- ── the caller ─────────────────────────────────────────────────────────────────────────────────
-- The entry functions (see access) leave their findings in transaction-local settings. After a
-- COMMIT such a setting is '' and not NULL, and '' as a lower bound would mean "everything":
-- hence nullif, everywhere. Policies call these as `(select app_low())`, so that they are
-- evaluated once for each query and not once for each row.

create function app_low() returns text stable parallel safe language sql
  as $$ select nullif(current_setting('app.low', true), '') $$;
comment on function app_low() is 'First scope_path of the caller''s range of places (inclusive); null sees no range';

create function app_high() returns text stable parallel safe language sql
  as $$ select nullif(current_setting('app.high', true), '') $$;
comment on function app_high() is 'End of the caller''s range of places (exclusive)';

create function app_role() returns text stable parallel safe language sql
  as $$ select nullif(current_setting('app.role', true), '') $$;
comment on function app_role() is 'Role of the caller, or system, key, public; null when nobody entered';

create function app_user_id() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;

create function app_session_id() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.session_id', true), '')::uuid $$;

create function app_rank() returns smallint stable parallel safe language sql
  as $$ select nullif(current_setting('app.rank', true), '')::smallint $$;
comment on function app_rank() is 'How far from the top the caller''s office is; users further down are in its care';

create function app_organisation() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.organisation', true), '')::uuid $$;
comment on function app_organisation() is 'The organisation the caller acts for: its own, or the one its place is as a giver';

create function app_villages() returns uuid[] stable parallel safe language sql
  as $$ select nullif(current_setting('app.villages', true), '')::uuid[] $$;
comment on function app_villages() is 'Villages that organisation is twinned with today';

create function app_now() returns timestamptz stable parallel safe language sql
  as $$ select nullif(current_setting('app.now', true), '')::timestamptz $$;
comment on function app_now() is 'The moment of the request by the service''s clock, which tests and demonstrations move';

create function app_today() returns date stable parallel safe language sql
  as $$ select (public.app_now() at time zone 'Asia/Ho_Chi_Minh')::date $$;
comment on function app_today() is 'The day it is in Vietnam';

create function app_in_range(path text) returns boolean stable parallel safe language sql
  as $$ select coalesce(path collate "C" >= app_low() and path collate "C" < app_high(), false) $$;
comment on function app_in_range(text) is 'For a single row; policies write the comparison out, so that an index serves it';

-- A function that returns void is called, one that returns what its body returns is written into its
-- caller: the entry of a village head 320 → 84 µs.
create function app_set(name text, value text) returns text language sql
  as $$ select set_config('app.' || name, coalesce(value, ''), true) $$;
comment on function app_set(text, text) is 'Leaves a finding for the rest of the transaction';

-- Refusals carry a constraint name, which is how the service tells them apart.
create function app_refuse(reason text) returns void language plpgsql as $$
begin
  raise exception 'refused' using constraint = reason, errcode = 'insufficient_privilege';
end $$;

-- ── text ───────────────────────────────────────────────────────────────────────────────────────
create function app_fold(value text) returns text immutable strict parallel safe language sql
  as $$ select trim(regexp_replace(
          translate(regexp_replace(normalize(lower(value), nfd), '[\u0300-\u036f]', '', 'g'), 'đ', 'd'),
          '[^a-z0-9]+', ' ', 'g')) $$;
comment on function app_fold(text) is 'Case, diacritics, đ and punctuation folded away: Kông Chro = kong chro';

create function app_matches(value text, part text) returns boolean immutable strict parallel safe language sql
  as $$ select public.app_fold(part) <> '' and public.app_fold(value) like '%' || public.app_fold(part) || '%' $$;
comment on function app_matches(text, text) is 'Contains the part, without case and diacritics; for lists short enough to be read through';

create function app_words(value text) returns setof text immutable strict parallel safe language sql
  as $$ select distinct word from unnest(string_to_array(public.app_fold(value), ' ')) word where word <> '' $$;

create function app_base36(number bigint) returns text immutable strict parallel safe language plpgsql
  as $$
declare
  digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  rest bigint := number;
  result text := '';
begin
  loop
    result := substr(digits, (rest % 36)::int + 1, 1) || result;
    rest := rest / 36;
    exit when rest = 0;
  end loop;
  return result;
end $$;

-- ── the tree day ───────────────────────────────────────────────────────────────────────────────
create table tree_day (
  only_row boolean primary key default true constraint tree_day_one_row check (only_row),
  day date not null
);
comment on table tree_day is 'The day whose tree of places the scope paths follow; public, one row';

-- ── audit, deletion, creation ──────────────────────────────────────────────────────────────────
create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor_role text not null,
  actor_id uuid,
  on_behalf_of uuid,
  resource text not null,
  record_id uuid not null,
  action text not null constraint audit_events_action check (action in ('create', 'update', 'delete', 'read', 'security')),
  step text,
  forced boolean not null default false,
  two_person text constraint audit_events_two_person check (two_person = 'doubt'),
  request_id uuid,
  old_values jsonb,
  new_values jsonb,
  personal_fields text[] not null default '{}',
  village_id uuid,
  locality_id uuid,
  organisation_id uuid
);
comment on table audit_events is 'Who did what to which record. Append-only: nobody is granted more than to read it';
comment on column audit_events.personal_fields is 'Names of personal fields that changed; their values are never kept here';
comment on column audit_events.two_person is
  'doubt: two steps that two people take may have been taken by one, for an account that the other made or reset lately took one of them';
comment on column audit_events.locality_id is 'Where no village is: the place whose officials answer for the record';
comment on column audit_events.forced is 'The caller overrode the version check with If-Match: *';
create index audit_events_record on audit_events (record_id, at);
create index audit_events_at on audit_events (at);

-- Grants keep the service out; this keeps out whoever comes with more than its grants.
create function app_append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete or truncate on audit_events for each statement execute function app_append_only();

create table deleted_records (
  id uuid not null,
  resource text not null,
  deleted_at timestamptz not null,
  deleted_by uuid,
  changed_xid xid8 not null,
  village_id uuid,
  organisation_id uuid,
  content jsonb not null,
  personal jsonb,
  sealed bytea,
  constraint deleted_records_pkey primary key (id, resource)
);
comment on table deleted_records is 'Rows that were really deleted: the recycle bin, and the proof that an id is spent';
comment on column deleted_records.content is 'The ordinary fields; emptied a year later, while the id stays spent';
comment on column deleted_records.personal is 'The personal fields until a job seals them, 20 seconds later at most';
comment on column deleted_records.sealed is 'The personal fields, sealed like those of household_private';
create index deleted_records_personal on deleted_records (deleted_at) where personal is not null;
create index deleted_records_deleted_at on deleted_records (deleted_at) where content <> '{}';

create table creations (
  id uuid primary key,
  resource text not null,
  actor_id uuid,
  body_hash bytea not null,
  created_at timestamptz not null
);
comment on table creations is 'Ids that clients made, with the hash of the body they came with: the same request again is known again';

create function app_with_caller(authors uuid[]) returns uuid[] stable language sql as
  $$ select array_append(array_remove(authors, public.app_user_id()), public.app_user_id()) $$;
comment on function app_with_caller(uuid[]) is 'The authors of a record after the caller has written some of it';

-- The one trigger of every table: version, changed_xid, updated_at, and the audit entry, in the
-- transaction of the change. Its arguments are the personal columns.
create function app_track() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  -- Derived columns: no change of the record by anybody. Some follow the tree of places; the last three
  -- are generated, which before a row is written are still null.
  unseen constant text[] := '{version,changed_xid,created_at,updated_at,scope_path,organisation_scope_path,province_id,district_id,commune_id,head_fold,special_hardship,rank}';
  personal constant text[] := coalesce(tg_argv, '{}');
  was jsonb;
  becomes jsonb;
  subject jsonb;
  touched text[];
begin
  if tg_op = 'INSERT' then
    becomes := jsonb_strip_nulls(to_jsonb(new) - unseen);
    subject := becomes;
    touched := array(select key from unnest(personal) key where becomes ? key);
    new.version := 1;
    new.created_at := coalesce(new.created_at, public.app_now());
  elsif tg_op = 'DELETE' then
    was := jsonb_strip_nulls(to_jsonb(old) - unseen);
    subject := was;
    touched := array(select key from unnest(personal) key where was ? key);
  else
    was := to_jsonb(old) - unseen;
    becomes := to_jsonb(new) - unseen;
    -- A record whose parts changed is touched by setting updated_at: that counts as a change.
    if was = becomes and new.updated_at is not distinct from old.updated_at then return new; end if;
    subject := becomes;
    select coalesce(jsonb_object_agg(key, was -> key), '{}'), coalesce(jsonb_object_agg(key, becomes -> key), '{}')
      into was, becomes
      from jsonb_object_keys(becomes) key where was -> key is distinct from becomes -> key;
    touched := array(select key from unnest(personal) key where becomes ? key);
    new.version := old.version + 1;
  end if;

  insert into public.audit_events (at, actor_role, actor_id, on_behalf_of, resource, record_id, action, step, forced,
      two_person, request_id, old_values, new_values, personal_fields, village_id, locality_id, organisation_id)
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), (subject ->> 'on_behalf_of')::uuid,
      tg_table_name, (subject ->> 'id')::uuid,
      case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
      nullif(current_setting('app.step', true), ''),
      coalesce(nullif(current_setting('app.forced', true), '')::boolean, false),
      nullif(current_setting('app.two_person', true), ''),
      nullif(current_setting('app.request_id', true), '')::uuid,
      was - personal, becomes - personal, touched,
      coalesce((subject ->> 'village_id')::uuid, case when tg_table_name = 'localities' then (subject ->> 'id')::uuid end),
      (subject ->> 'locality_id')::uuid, (subject ->> 'organisation_id')::uuid);

  if tg_op = 'DELETE' then
    insert into public.deleted_records (id, resource, deleted_at, deleted_by, changed_xid, village_id, organisation_id, content, personal)
    values (old.id, tg_table_name, public.app_now(), public.app_user_id(), pg_current_xact_id(),
            (subject ->> 'village_id')::uuid, (subject ->> 'organisation_id')::uuid, to_jsonb(old) - personal,
            (select jsonb_object_agg(key, subject -> key) from unnest(touched) key));
    return old;
  end if;
  new.changed_xid := pg_current_xact_id();
  new.updated_at := public.app_now();
  return new;
end $$;

-- Rows are read through their policies; a trigger names the personal columns it must not copy.
create function app_watch(target regclass, variadic personal text[] default '{}') returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('grant select, insert, update, delete on %s to app', target);
  execute format('create trigger zz_track before insert or update or delete on %s for each row execute function app_track(%s)',
    target, (select string_agg(quote_literal(name), ', ') from unnest(personal) name));
end $$;
comment on function app_watch(regclass, text[]) is
  'Puts a table under forced row-level security and app_track; its policies stand in the migration that makes it';

create function app_audit_read(subject_resource text, subject uuid, subject_village uuid) returns void
  language sql security definer set search_path = '' as $$
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, village_id)
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), subject_resource, subject, 'read',
          nullif(current_setting('app.request_id', true), '')::uuid, subject_village) $$;
comment on function app_audit_read(text, uuid, uuid) is 'Records that somebody read a sensitive field in full';

-- Claims an id for a creation. The insert waits for a twin that is still under way, so of many
-- equal requests one is new and the rest are replays.
create function app_claim(new_id uuid, new_resource text, new_hash bytea) returns text
  language plpgsql security definer set search_path = '' as $$
declare
  known public.creations;
begin
  insert into public.creations (id, resource, actor_id, body_hash, created_at)
  values (new_id, new_resource, public.app_user_id(), new_hash, public.app_now())
  on conflict (id) do nothing;
  if found then
    -- The id may belong to a record that came without a claim: a part of another one, or a deleted one.
    if exists (select from public.deleted_records d where d.id = new_id) then return 'conflict'; end if;
    return 'new';
  end if;
  select * into known from public.creations c where c.id = new_id;
  if known.resource <> new_resource or known.body_hash <> new_hash or known.actor_id is distinct from public.app_user_id() then
    return 'conflict';
  end if;
  if exists (select from public.deleted_records d where d.id = new_id) then return 'deleted'; end if;
  return 'replay';
end $$;

alter table audit_events enable row level security;
alter table audit_events force row level security;
create policy definer_functions on audit_events to app_owner using (true) with check (true);
alter table deleted_records enable row level security;
alter table deleted_records force row level security;
create policy definer_functions on deleted_records to app_owner using (true) with check (true);
alter table creations enable row level security;
alter table creations force row level security;
create policy definer_functions on creations to app_owner using (true) with check (true);

alter table tree_day enable row level security;
alter table tree_day force row level security;
create policy readable on tree_day for select using (true);
create policy system_writes on tree_day using ((select app_role()) = 'system') with check ((select app_role()) = 'system');

grant usage on schema public to app;
grant select, insert, update on tree_day to app;
