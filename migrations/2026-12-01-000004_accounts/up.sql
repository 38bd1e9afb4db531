-- Accounts: users, their passwords, devices, sessions and API keys. Passwords and tokens are stored as hashes only.

create table users (
  id uuid primary key,
  username text collate "C" not null constraint users_username_key unique
    constraint users_username_form check (username ~ '^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$'),
  full_name text collate "vi-x-icu" not null constraint users_full_name check (full_name <> ''),
  phone text,
  role text not null constraint users_role check (role in ('admin', 'province', 'district', 'commune', 'twinning_unit', 'village_head')),
  rank smallint not null generated always as
    (case role when 'admin' then 0 when 'province' then 1 when 'district' then 2 when 'commune' then 3 else 4 end) stored,
  locality_id uuid,
  organisation_id uuid,
  scope_path text collate "C" not null default '0.' constraint users_scope_path_form check (scope_path ~ '^0\.([0-9A-Z]+\.)*$'),
  active boolean not null default true,
  auth_version integer not null default 1,
  must_change_password boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint users_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade,
  constraint users_organisation_id_fkey foreign key (organisation_id, scope_path) references organisations (id, scope_path) on update cascade,
  constraint users_office check (case role
    when 'admin' then locality_id is null and organisation_id is null
    when 'twinning_unit' then locality_id is null and organisation_id is not null
    else locality_id is not null and organisation_id is null end)
);
comment on table users is 'People who sign in: one account each, several may hold one office';
comment on column users.auth_version is 'Raised by deactivation, demotion, a move or a reset: earlier access tokens are refused';
create index users_locality_id on users (locality_id, scope_path);
create index users_organisation_id on users (organisation_id, scope_path);
create index users_scope_path on users (scope_path, username);
create index users_created_at on users (created_at, id);
create index users_changed on users (changed_xid, id);

create table user_passwords (
  user_id uuid primary key constraint user_passwords_user_id_fkey references users on delete cascade,
  hash text not null,
  one_time_expires_at timestamptz,
  one_time_used_at timestamptz
);
comment on table user_passwords is 'Argon2id hashes';
comment on column user_passwords.one_time_expires_at is 'End of validity of a one-time password; null for an own password';
comment on column user_passwords.one_time_used_at is
  'Set by the one sign-in with a one-time password; afterwards only a change of password accepts it';

create table account_makers (
  user_id uuid not null constraint account_makers_user_id_fkey references users on delete cascade,
  maker_id uuid not null,
  made_at timestamptz not null,
  constraint account_makers_pkey primary key (user_id, maker_id)
);
comment on table account_makers is 'Accounts that created an account or reset its password, which they knew, and when last';
create index account_makers_maker_id on account_makers (maker_id);

create table devices (
  user_id uuid not null constraint devices_user_id_fkey references users on delete cascade,
  mark bytea not null,
  signed_in_at timestamptz not null,
  constraint devices_pkey primary key (user_id, mark)
);
comment on table devices is
  'The last twenty devices on which an account signed in since its last reset; failures are counted for each device';
comment on column devices.mark is 'Random; the device holds it in its device token';

create table sessions (
  id uuid primary key,
  user_id uuid not null constraint sessions_user_id_fkey references users on delete cascade,
  device_name text,
  device_mark bytea,
  generation integer not null default 0,
  used_generation integer not null default 0,
  created_at timestamptz not null,
  refreshed_at timestamptz not null,
  revoked_at timestamptz
);
comment on table sessions is 'A sign-in on one device: the family of its refresh tokens';
comment on column sessions.device_mark is 'Refers to devices while the device is listed there';
comment on column sessions.generation is 'Of the newest refresh token';
comment on column sessions.used_generation is
  'The newest generation whose access token was used: its answer arrived, so the client has no reason to repeat its parent';
create index sessions_revoked_at on sessions (revoked_at);
create index sessions_refreshed_at on sessions (refreshed_at) where revoked_at is null;
create index sessions_user_id on sessions (user_id);

create table refresh_tokens (
  hash bytea primary key,
  session_id uuid not null constraint refresh_tokens_session_id_fkey references sessions on delete cascade,
  generation integer not null,
  constraint refresh_tokens_generation_key unique (session_id, generation)
);
comment on table refresh_tokens is 'SHA-256 of every refresh token of a live session, so that the reuse of an old one is recognised';

create table sign_in_failures (
  subject text collate "C" primary key,
  failures integer not null,
  last_at timestamptz not null
);
comment on table sign_in_failures is 'Failed sign-ins in a row';
comment on column sign_in_failures.subject is
  '"name NAME", also of no account, so that the answer does not reveal which names exist; or "device NAME MARK" of devices; or "password NAME", a change of the own password';
create index sign_in_failures_last_at on sign_in_failures (last_at);

create table sign_in_addresses (
  hour timestamptz not null,
  address text not null,
  failures integer not null,
  constraint sign_in_addresses_pkey primary key (hour, address)
);
comment on table sign_in_addresses is 'Failed sign-ins by hour and address (of IPv6 the network of a subscriber), kept for two hours';

create table api_keys (
  id uuid primary key,
  name text not null constraint api_keys_name check (name <> ''),
  locality_id uuid not null,
  scope_path text collate "C" not null,
  secret_hash bytea not null,
  expires_on date,
  created_by uuid constraint api_keys_created_by_fkey references users,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  changed_xid xid8 not null,
  constraint api_keys_locality_id_fkey foreign key (locality_id, scope_path) references localities (id, scope_path) on update cascade
);
comment on table api_keys is 'Keys of dashboards: aggregates of one place, no personal data';
create index api_keys_locality_id on api_keys (locality_id, scope_path);
create index api_keys_scope_path on api_keys (scope_path, created_at);
create index api_keys_created_by on api_keys (created_by);
create index api_keys_changed on api_keys (changed_xid, id);
