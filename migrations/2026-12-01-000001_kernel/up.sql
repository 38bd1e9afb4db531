-- Tables and functions without a domain: the tree day, the audit, deleted records, ids of creations, last steps,
-- sealing keys.
--
-- Migrations hold tables, constraints, indexes, data, and the immutable functions that indexes, defaults and generated columns
-- call. Other functions, triggers, policies and grants are current text in `schema/`.
--
-- The roles app_owner and app exist before this file runs: roles belong to the cluster, so `ketnghia migrate` creates them.
-- app_owner owns every object and runs this file; app serves requests and owns nothing.

-- PostgreSQL grants EXECUTE on a new function to PUBLIC. A login that may only read, for backups, could enter as system through
-- one of them.
alter default privileges revoke execute on functions from public;
grant usage on schema public to app;

create function app_fold(value text) returns text immutable strict parallel safe language sql
  as $$ select trim(regexp_replace(
          translate(regexp_replace(normalize(lower(value), nfd), '[\u0300-\u036f]', '', 'g'),
            'ðøđħłŧƀƃƈƌƒƙƚƥƫƭƴƶǥȡȥȴȵȶȼȿɀɇɉɋɍɏɓɕɖɗɠɦɨɭɱɲɳɽɾʂʈʋʐʑʝʠᵽⱡⱥⱦⱱⱳⱴꝁꝃꝅꝉꝋꝑꝕꝗꝙꝟꞎꞓꞔꞕꞙꞡꞣꞥꞧꞩꞹꟈꟊ',
            'dodhltbbcdfklpttyzgdzlntcszejqrybcddghilmnnrrstvzzjqplatvwvkkkloppqqvlcchfgknrsuds'),
          '[^a-z0-9]+', ' ', 'g')) $$;
comment on function app_fold(text) is 'Case, diacritics, strokes, hooks and punctuation folded away: Kông Chro = kong chro; `text::fold` does the same';

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

create table schema_text (
  only_row boolean primary key default true constraint schema_text_one_row check (only_row),
  hash bytea not null,
  functions text[] not null
);
comment on table schema_text is 'The application of schema/ that is in force; one row';
comment on column schema_text.hash is 'SHA-256 over the files: `ketnghia migrate` applies them when theirs differs';
comment on column schema_text.functions is 'Functions that the application created, with their argument types: the next one drops them';

-- The paths of records follow the tree of this day.
create table tree_day (
  only_row boolean primary key default true constraint tree_day_one_row check (only_row),
  day date not null
);
comment on table tree_day is 'The day whose tree of places the scope paths follow; readable by all, one row';

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
  organisation_id uuid,
  subject_rank smallint,
  part_of uuid,
  actor_username text,
  actor_full_name text,
  actor_locality_id uuid,
  actor_organisation_id uuid,
  -- A stored column: COALESCE counts as leaky, so under row-level security no index on the expression is used.
  place_id uuid generated always as (coalesce(village_id, locality_id)) stored
);
comment on table audit_events is 'Every change of a record with its actor. Append-only: SELECT is the only grant';
comment on column audit_events.personal_fields is 'Names of personal fields that changed; their values are never stored here';
comment on column audit_events.two_person is
  'doubt: one person may have taken both steps of a two-person rule, because one account recently made or reset the other';
comment on column audit_events.locality_id is 'For a record without a village: the place whose officials are responsible for it';
comment on column audit_events.forced is 'The caller overrode the version check with If-Match: *';
comment on column audit_events.subject_rank is 'For an entry about an account: the rank of its office; offices above it read the entry';
comment on column audit_events.part_of is 'For an entry about a part (a member of a household): the whole';
comment on column audit_events.actor_username is
  'As at the moment of the entry, like name and office: an account may be renamed or moved to another office';
comment on column audit_events.place_id is 'The place whose officials read the entry';
-- Lists are ordered by time: all entries, those of one record, of the parts of a record, of one actor and of one place.
create index audit_events_at on audit_events (at, id);
create index audit_events_record on audit_events (record_id, at, id);
create index audit_events_part_of on audit_events (part_of, at, id) where part_of is not null;
create index audit_events_actor on audit_events (actor_id, at, id);
create index audit_events_place on audit_events (place_id, at, id);
-- The officials above list the entries where one person may have taken both steps of a two-person rule.
create index audit_events_two_person on audit_events (at, id) where two_person is not null;

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
comment on table deleted_records is 'Copies of deleted rows; their ids stay taken';
comment on column deleted_records.content is 'The fields that are not personal; emptied after a year, while the id stays taken';
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
comment on table creations is 'Ids made by clients, with the hash of their request body: a repeated request is recognised';
create index creations_created_at on creations (created_at);

create table steps (
  record_id uuid primary key,
  resource text not null,
  step text not null,
  taken_by uuid,
  body_hash bytea not null,
  answer jsonb,
  taken_at timestamptz not null
);
comment on column steps.answer is 'For steps that are not answered with their record: a repetition has the same answer';
comment on table steps is 'The last step of each record with states: the same call again is recognised as a repetition';
create index steps_taken_at on steps (taken_at);

create table sealing_keys (
  id smallint primary key constraint sealing_keys_id check (id between 0 and 255),
  fingerprint bytea not null,
  added_at timestamptz not null
);
comment on table sealing_keys is
  'The keys of PII_KEY_FILE that sealed fields of this database use: the service does not start with a file that lacks one';
comment on column sealing_keys.fingerprint is 'A keyed hash: identifies a key without revealing it';
