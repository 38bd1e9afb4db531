-- Who may come in: users, their passwords and sessions, API keys, and the functions that enter a
-- transaction. Passwords and tokens are kept as hashes only.

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
comment on column users.auth_version is 'Raised by deactivation, demotion, a move or a reset: access tokens of before are refused';
create index users_locality_id on users (locality_id, scope_path);
create index users_organisation_id on users (organisation_id, scope_path);
create index users_scope_path on users (scope_path, username);
create index users_created_at on users (created_at, id);

create table user_passwords (
  user_id uuid primary key constraint user_passwords_user_id_fkey references users on delete cascade,
  hash text not null,
  one_time_expires_at timestamptz,
  one_time_used_at timestamptz
);
comment on table user_passwords is 'Argon2id hashes';
comment on column user_passwords.one_time_expires_at is 'Set while the password is a one-time one; after it the password is worth nothing';
comment on column user_passwords.one_time_used_at is 'A one-time password signs in once; after that it is good for being replaced';

create table account_makers (
  user_id uuid not null constraint account_makers_user_id_fkey references users on delete cascade,
  maker_id uuid not null,
  made_at timestamptz not null,
  constraint account_makers_pkey primary key (user_id, maker_id)
);
comment on table account_makers is 'Who created an account or reset its password, and when last: they knew its password';
create index account_makers_maker_id on account_makers (maker_id);

create table devices (
  user_id uuid not null constraint devices_user_id_fkey references users on delete cascade,
  mark bytea not null,
  signed_in_at timestamptz not null,
  constraint devices_pkey primary key (user_id, mark)
);
comment on table devices is 'The devices on which an account signed in since its last reset, the last twenty: each has a count of wrong passwords of its own';
comment on column devices.mark is 'Random, and kept by the device in its device token';

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
comment on column sessions.device_mark is 'Of `devices`, for as long as the account knows the device';
comment on column sessions.generation is 'Of the newest refresh token';
comment on column sessions.used_generation is
  'The newest generation whose access token was used: its answer arrived, so its parent is not sent again';
create index sessions_revoked_at on sessions (revoked_at);
create index sessions_refreshed_at on sessions (refreshed_at) where revoked_at is null;
create index sessions_user_id on sessions (user_id);

create table refresh_tokens (
  hash bytea primary key,
  session_id uuid not null constraint refresh_tokens_session_id_fkey references sessions on delete cascade,
  generation integer not null,
  constraint refresh_tokens_generation_key unique (session_id, generation)
);
comment on table refresh_tokens is 'SHA-256 of every refresh token of a live family, so that the reuse of an old one is recognised';

create table sign_in_failures (
  subject text collate "C" primary key,
  failures integer not null,
  last_at timestamptz not null
);
comment on table sign_in_failures is 'Wrong passwords in a row';
comment on column sign_in_failures.subject is
  '"name NAME", whether somebody is called so or not: a name must not tell; or "device NAME MARK", one of `devices`; or "password NAME", a change of the own password';
create index sign_in_failures_last_at on sign_in_failures (last_at);

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
comment on table api_keys is 'Keys of dashboards: aggregates of one place, no person';
create index api_keys_locality_id on api_keys (locality_id, scope_path);
create index api_keys_scope_path on api_keys (scope_path, created_at);
create index api_keys_created_by on api_keys (created_by);

create function app_place_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or (new.locality_id, new.organisation_id) is distinct from (old.locality_id, old.organisation_id) then
    new.scope_path := case
      when new.locality_id is not null then (select l.scope_path from public.localities l where l.id = new.locality_id for key share)
      when new.organisation_id is not null then (select o.scope_path from public.organisations o where o.id = new.organisation_id for key share)
      else '0.' end;
  end if;
  return new;
end $$;
create trigger aa_place before insert or update of locality_id, organisation_id on users for each row execute function app_place_user();
create trigger aa_place before insert or update of locality_id on api_keys for each row execute function app_place_in_locality();

-- Every session of an account ends, and its devices are devices no more.
create function app_end_access(account uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set revoked_at = public.app_now() where s.user_id = account and s.revoked_at is null;
  delete from public.devices d where d.user_id = account;
end $$;

-- What may be done ends with what may be done it from: a change of office or a deactivation
-- refuses the tokens of before on the next request. A deactivation ends the sessions too, or their
-- refresh tokens would come back to life with the account.
create function app_unsettle_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if old.active and not new.active then
    perform public.app_end_access(new.id);
  end if;
  if (new.role, new.locality_id, new.organisation_id, new.active) is distinct from (old.role, old.locality_id, old.organisation_id, old.active) then
    new.auth_version := old.auth_version + 1;
  end if;
  return new;
end $$;
create trigger ab_unsettle before update of role, locality_id, organisation_id, active on users for each row execute function app_unsettle_user();

-- ── entering ───────────────────────────────────────────────────────────────────────────────────
-- A refusal is an answer and not an error: whoever sends rubbish must not fill PostgreSQL's log.
create function app_enter(session uuid, token_auth_version integer, token_generation integer, moment timestamptz, request uuid) returns smallint
  language plpgsql security definer set search_path = '' as $$
declare
  who record;
  place record;
  giver record;
  outcome smallint := 1;
  today date := (moment at time zone 'Asia/Ho_Chi_Minh')::date;
begin
  select u.id, u.role, u.rank, u.locality_id, u.organisation_id, s.generation, s.used_generation into who
    from public.sessions s join public.users u on u.id = s.user_id
   where s.id = session and s.revoked_at is null and u.active and u.auth_version = token_auth_version;
  if not found then return 0; end if;
  if token_generation = who.generation and token_generation > who.used_generation then outcome := 2; end if;

  perform public.app_set('now', moment::text), public.app_set('request_id', request::text),
          public.app_set('session_id', session::text), public.app_set('user_id', who.id::text),
          public.app_set('role', who.role), public.app_set('rank', who.rank::text);

  if who.role = 'admin' then
    perform public.app_set('low', '0.'), public.app_set('high', '0/');
    return outcome;
  end if;

  if who.role = 'village_head' and current_setting('transaction_read_only') = 'off' then
    -- Its village stays where it is until what the head writes stands: otherwise the village would be gone from the
    -- range below while it is there.
    perform 1 from public.localities l where l.id = who.locality_id for key share;
  end if;
  if who.locality_id is not null then
    -- An office whose place has ended keeps its sign-in and sees nothing.
    select l.scope_path into place from public.localities l, public.tree_day t
     where l.id = who.locality_id and (l.valid_from is null or l.valid_from <= t.day) and (l.valid_to is null or l.valid_to >= t.day);
    if not found then perform public.app_set('role', null); return outcome; end if;
    -- '/' follows '.', so this is everything that begins with the path.
    perform public.app_set('low', place.scope_path), public.app_set('high', left(place.scope_path, -1) || '/');
  end if;

  select o.id, coalesce(o.valid_to < today, false) as ended into giver from public.organisations o
   where o.id = who.organisation_id or o.place_id = who.locality_id;
  if found then
    perform public.app_set('organisation', giver.id::text);
    -- A giver that has ended keeps its records, and stands by nobody any more.
    if not giver.ended then
      perform public.app_set('villages', (
        select array_agg(distinct v.id)::text
          from public.twinnings t
          join public.programmes p on p.id = t.programme_id and (p.ends_on is null or p.ends_on >= today)
          join public.localities v on v.level = 'village'
           and v.scope_path >= t.scope_path and v.scope_path < left(t.scope_path, -1) || '/'
         where t.organisation_id = giver.id and public.app_twinning_active(t, today)));
    end if;
  end if;
  return outcome;
end $$;
comment on function app_enter(uuid, integer, integer, timestamptz, uuid) is
  'Enters the transaction as the user of a session and sets who asks, what they see and the moment; 0: refused, 2: entered, with the first use of the newest access token';

create function app_access_used(session uuid, token_generation integer) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set used_generation = token_generation where s.id = session and s.used_generation < token_generation;
end $$;
comment on function app_access_used(uuid, integer) is 'The access token of a generation has reached its phone: the refresh token before it is good no more';

create function app_place() returns uuid stable parallel safe language sql
  as $$ select nullif(current_setting('app.place', true), '')::uuid $$;
comment on function app_place() is 'The place of an API key';

create function app_enter_key(key uuid, hash bytea, moment timestamptz, request uuid) returns smallint
  language plpgsql security definer set search_path = '' as $$
declare
  place record;
begin
  select k.scope_path, k.locality_id into place from public.api_keys k
   where k.id = key and k.secret_hash = hash
     and (k.expires_on is null or k.expires_on >= (moment at time zone 'Asia/Ho_Chi_Minh')::date);
  if not found then return 0; end if;
  perform public.app_set('now', moment::text), public.app_set('request_id', request::text),
          public.app_set('user_id', key::text), public.app_set('role', 'key'), public.app_set('place', place.locality_id::text),
          public.app_set('low', place.scope_path), public.app_set('high', left(place.scope_path, -1) || '/');
  return 1;
end $$;

create function app_enter_system(moment timestamptz) returns void language plpgsql as $$
begin
  perform app_set('now', moment::text), app_set('role', 'system'), app_set('low', '0.'), app_set('high', '0/');
end $$;
comment on function app_enter_system(timestamptz) is 'For loaders and jobs: they see and write everything';

create function app_enter_public(moment timestamptz, request uuid) returns void language plpgsql as $$
begin
  perform app_set('now', moment::text), app_set('role', 'public'), app_set('request_id', request::text);
end $$;
comment on function app_enter_public(timestamptz, uuid) is 'For what needs no sign-in: it sees nothing but public tables';

-- ── signing in ─────────────────────────────────────────────────────────────────────────────────
create function app_security_event(what text, subject uuid) returns void language sql security definer set search_path = '' as $$
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, step, request_id)
  -- A wrong password tells nothing of whoever sent it.
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), case what when 'sign_in_failed' then null else subject end,
          'users', subject, 'security', what,
          nullif(current_setting('app.request_id', true), '')::uuid) $$;

create function app_session_view(session uuid) returns table
  (session_id uuid, user_id uuid, auth_version integer, generation integer, role text, must_change_password boolean)
  stable language sql security definer set search_path = '' as $$
  select s.id, u.id, u.auth_version, s.generation, u.role, u.must_change_password
    from public.sessions s join public.users u on u.id = s.user_id
   where s.id = session and s.revoked_at is null and u.active $$;

create function app_end_session() returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set revoked_at = public.app_now() where s.id = public.app_session_id() and s.revoked_at is null;
  perform public.app_security_event('sign_out', public.app_user_id());
end $$;

create function app_end_sessions(name text) returns bigint language plpgsql security definer set search_path = '' as $$
declare
  ended bigint;
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  -- In the order of signing in: the account, then its devices and sessions.
  perform from public.users u where name is null or u.username = name order by u.id for update;
  with gone as (
    update public.sessions s set revoked_at = public.app_now()
      from public.users u where u.id = s.user_id and s.revoked_at is null and (name is null or u.username = name)
    returning s.user_id), forgotten as (
    delete from public.devices d using public.users u where u.id = d.user_id and (name is null or u.username = name))
  insert into public.audit_events (at, actor_role, resource, record_id, action, step)
  select public.app_now(), public.app_role(), 'users', g.user_id, 'security', 'session_ended' from gone g;
  get diagnostics ended = row_count;
  return ended;
end $$;
comment on function app_end_sessions(text) is 'Ends the sessions of an account, or of all, each noted in the audit, and forgets its devices; for operators';

create function app_own_sessions(idle_days integer, absolute_days integer)
  returns table (id uuid, device_name text, created_at timestamptz, refreshed_at timestamptz, current boolean)
  stable language sql security definer set search_path = '' as $$
  select s.id, s.device_name, s.created_at, s.refreshed_at, s.id = public.app_session_id()
    from public.sessions s
   where s.user_id = public.app_user_id() and s.revoked_at is null
     and s.refreshed_at >= public.app_now() - make_interval(days => idle_days)
     and s.created_at >= public.app_now() - make_interval(days => absolute_days) $$;

create function app_end_own_session(target uuid) returns boolean language plpgsql security definer set search_path = '' as $$
declare
  lost bytea;
begin
  update public.sessions s set revoked_at = public.app_now()
   where s.id = target and s.user_id = public.app_user_id() and s.revoked_at is null returning s.device_mark into lost;
  if not found then return false; end if;
  -- A phone that was lost; the caller's own is signed out and comes back.
  delete from public.devices d where d.user_id = public.app_user_id() and d.mark = lost and target <> public.app_session_id();
  perform public.app_security_event('session_ended', public.app_user_id());
  return true;
end $$;

-- An account whose place has ended still reads this, and nothing else.
create function app_own_account() returns table (id uuid, username text, full_name text, phone text, role text, must_change_password boolean,
    locality_id uuid, locality_code text, locality_name text, locality_level text, locality_valid_to date,
    organisation_id uuid, organisation_name text, in_office boolean)
  stable language sql security definer set search_path = '' as $$
  select u.id, u.username, u.full_name, u.phone, u.role, u.must_change_password,
         l.id, l.code, l.name, l.level, l.valid_to, o.id, o.name, public.app_role() is not null
    from public.users u
    left join public.localities l on l.id = u.locality_id
    left join public.organisations o on o.id = u.organisation_id
   where u.id = public.app_user_id() $$;

-- An account is in the care of the offices above it; its owner reads it through app_own_account. Nobody is
-- above an administrator, so they look after each other.
select app_watch('users', 'full_name', 'phone');
create policy in_care on users
  using ((rank > (select app_rank()) or (select app_role()) = 'system' or (rank = 0 and (select app_role()) = 'admin' and id <> (select app_user_id())))
    and scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check ((rank > (select app_rank()) or (select app_role()) = 'system' or (rank = 0 and (select app_role()) = 'admin' and id <> (select app_user_id())))
    and scope_path >= (select app_low()) and scope_path < (select app_high()));
create policy definer_functions on users to app_owner using (true) with check (true);

select app_watch('api_keys', 'secret_hash');
create policy in_scope on api_keys
  using (scope_path >= (select app_low()) and scope_path < (select app_high()) and (select app_role()) <> 'key');
create policy definer_functions on api_keys for select to app_owner using (true);

-- Passwords, tokens and failures are reached through the functions above and in no other way.
do $$
declare
  name text;
begin
  foreach name in array array['user_passwords', 'account_makers', 'devices', 'sessions', 'refresh_tokens', 'sign_in_failures'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy definer_functions on %I to app_owner using (true) with check (true)', name);
  end loop;
end $$;
