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
  one_time_expires_at timestamptz
);
comment on table user_passwords is 'Argon2id hashes';
comment on column user_passwords.one_time_expires_at is 'Set while the password is a one-time one; after it the password is worth nothing';

create table sessions (
  id uuid primary key,
  user_id uuid not null constraint sessions_user_id_fkey references users on delete cascade,
  device_name text,
  generation integer not null default 0,
  created_at timestamptz not null,
  refreshed_at timestamptz not null,
  revoked_at timestamptz
);
comment on table sessions is 'A sign-in on one device: the family of its refresh tokens';
comment on column sessions.generation is 'Of the newest refresh token';
create index sessions_user_id on sessions (user_id);

create table refresh_tokens (
  hash bytea primary key,
  session_id uuid not null constraint refresh_tokens_session_id_fkey references sessions on delete cascade,
  generation integer not null,
  constraint refresh_tokens_generation_key unique (session_id, generation)
);
comment on table refresh_tokens is 'SHA-256 of every refresh token of a live family, so that the reuse of an old one is recognised';

create table sign_in_failures (
  username text collate "C" primary key,
  failures integer not null,
  last_at timestamptz not null
);
comment on table sign_in_failures is 'Failed sign-ins in a row by name, whether such an account exists or not: a name must not tell';

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

create function app_place_user() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' or (new.locality_id, new.organisation_id) is distinct from (old.locality_id, old.organisation_id) then
    new.scope_path := case
      when new.locality_id is not null then (select l.scope_path from localities l where l.id = new.locality_id)
      when new.organisation_id is not null then (select o.scope_path from organisations o where o.id = new.organisation_id)
      else '0.' end;
  end if;
  return new;
end $$;
create trigger aa_place before insert or update of locality_id, organisation_id on users for each row execute function app_place_user();
create trigger aa_place before insert or update of locality_id on api_keys for each row execute function app_place_in_locality();

-- What may be done ends with what may be done it from: a change of office or a deactivation
-- refuses the tokens of before on the next request. A deactivation ends the sessions too, or their
-- refresh tokens would come back to life with the account.
create function app_unsettle_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if old.active and not new.active then
    update public.sessions s set revoked_at = public.app_now() where s.user_id = new.id and s.revoked_at is null;
  end if;
  if (new.role, new.locality_id, new.organisation_id, new.active) is distinct from (old.role, old.locality_id, old.organisation_id, old.active) then
    new.auth_version := old.auth_version + 1;
  end if;
  return new;
end $$;
create trigger ab_unsettle before update of role, locality_id, organisation_id, active on users for each row execute function app_unsettle_user();

-- ── entering ───────────────────────────────────────────────────────────────────────────────────
-- Refusals carry a constraint name, which is how the service tells them apart.
create function app_refuse(reason text) returns void language plpgsql as $$
begin
  raise exception 'entry refused' using constraint = reason, errcode = 'insufficient_privilege';
end $$;

create function app_enter(session uuid, token_auth_version integer, moment timestamptz, request uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  who record;
  place record;
  giver uuid;
  today date := (moment at time zone 'Asia/Ho_Chi_Minh')::date;
begin
  select u.id, u.role, u.rank, u.locality_id, u.organisation_id into who
    from public.sessions s join public.users u on u.id = s.user_id
   where s.id = session and s.revoked_at is null and u.active and u.auth_version = token_auth_version;
  if not found then perform public.app_refuse('app_unauthenticated'); end if;

  perform public.app_set('now', moment::text), public.app_set('request_id', request::text),
          public.app_set('session_id', session::text), public.app_set('user_id', who.id::text),
          public.app_set('role', who.role), public.app_set('rank', who.rank::text);

  if who.role = 'admin' then
    perform public.app_set('low', '0.'), public.app_set('high', '0/');
    return;
  end if;

  giver := who.organisation_id;
  if who.locality_id is not null then
    -- An office whose place has ended keeps its sign-in and sees nothing.
    select l.scope_path into place from public.localities l, public.tree_day t
     where l.id = who.locality_id and (l.valid_from is null or l.valid_from <= t.day) and (l.valid_to is null or l.valid_to >= t.day);
    if not found then perform public.app_set('role', null); return; end if;
    -- '/' follows '.', so this is everything that begins with the path.
    perform public.app_set('low', place.scope_path), public.app_set('high', left(place.scope_path, -1) || '/');
    select o.id into giver from public.organisations o where o.place_id = who.locality_id;
  end if;

  if giver is not null then
    perform public.app_set('organisation', giver::text),
            public.app_set('villages', (
              select array_agg(distinct v.id)::text
                from public.twinnings t
                join public.localities v on v.level = 'village'
                 and v.scope_path >= t.scope_path and v.scope_path < left(t.scope_path, -1) || '/'
               where t.organisation_id = giver and public.app_twinning_active(t, today)));
  end if;
end $$;
comment on function app_enter(uuid, integer, timestamptz, uuid) is
  'Enters the transaction as the user of a session, or refuses with app_unauthenticated; sets who asks, what they see and the moment';

create function app_enter_key(key uuid, hash bytea, moment timestamptz, request uuid) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  place record;
begin
  select k.scope_path into place from public.api_keys k
   where k.id = key and k.secret_hash = hash
     and (k.expires_on is null or k.expires_on >= (moment at time zone 'Asia/Ho_Chi_Minh')::date);
  if not found then perform public.app_refuse('app_unauthenticated'); end if;
  perform public.app_set('now', moment::text), public.app_set('request_id', request::text),
          public.app_set('user_id', key::text), public.app_set('role', 'key'),
          public.app_set('low', place.scope_path), public.app_set('high', left(place.scope_path, -1) || '/');
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
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), subject, 'users', subject, 'security', what,
          nullif(current_setting('app.request_id', true), '')::uuid) $$;

-- Ten failures are free; then comes a delay of one second, which each further failure doubles, to a
-- day at most.
create function app_sign_in_wait(name text) returns integer stable language sql security definer set search_path = '' as $$
  select coalesce((
    select ceil(extract(epoch from f.last_at + make_interval(secs => least(power(2, least(f.failures - 10, 17)), 86400)) - public.app_now()))::integer
      from public.sign_in_failures f where f.username = name and f.failures >= 10), 0) $$;
comment on function app_sign_in_wait(text) is 'Seconds this name has to wait before it may try again';

create function app_sign_in_candidate(name text) returns table (user_id uuid, hash text)
  stable language sql security definer set search_path = '' as $$
  select u.id, p.hash from public.users u join public.user_passwords p on p.user_id = u.id
   where u.username = name and u.active and (p.one_time_expires_at is null or p.one_time_expires_at > public.app_now()) $$;

create function app_sign_in_failed(name text) returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sign_in_failures (username, failures, last_at) values (name, 1, public.app_now())
  on conflict (username) do update set failures = public.sign_in_failures.failures + 1, last_at = public.app_now();
  -- Names nobody tried for a month are forgotten, so that guessing names fills nothing.
  delete from public.sign_in_failures where username in (
    select f.username from public.sign_in_failures f where f.last_at < public.app_now() - interval '30 days' limit 10);
  perform public.app_security_event('sign_in_failed', u.id) from public.users u where u.username = name;
end $$;

create function app_session_view(session uuid) returns table
  (session_id uuid, user_id uuid, auth_version integer, role text, must_change_password boolean)
  stable language sql security definer set search_path = '' as $$
  select s.id, u.id, u.auth_version, u.role, u.must_change_password
    from public.sessions s join public.users u on u.id = s.user_id
   where s.id = session and s.revoked_at is null and u.active $$;

create function app_sign_in(who uuid, name text, session uuid, device text, token_hash bytea) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  delete from public.sign_in_failures f where f.username = name;
  insert into public.sessions (id, user_id, device_name, created_at, refreshed_at)
  values (session, who, device, public.app_now(), public.app_now());
  insert into public.refresh_tokens (hash, session_id, generation) values (token_hash, session, 0);
  perform public.app_security_event('sign_in', who);
end $$;

-- A refresh token may be used once, and once more while its child was not used: the answer with
-- the child may have been lost. The child is derived from its parent, so the retry gives the same
-- one. Any older token is a copy in wrong hands: the whole family ends.
create function app_refresh(token_hash bytea, child_hash bytea, idle_days integer, absolute_days integer)
  returns table (outcome text, session_id uuid) language plpgsql security definer set search_path = '' as $$
declare
  token public.refresh_tokens;
  family public.sessions;
begin
  select * into token from public.refresh_tokens t where t.hash = token_hash;
  if not found then return query select 'invalid', null::uuid; return; end if;
  select * into family from public.sessions s where s.id = token.session_id for update;
  if family.revoked_at is not null
     or not exists (select from public.users u where u.id = family.user_id and u.active) then
    return query select 'invalid', null::uuid; return;
  end if;
  if family.refreshed_at < public.app_now() - make_interval(days => idle_days)
     or family.created_at < public.app_now() - make_interval(days => absolute_days) then
    return query select 'expired', null::uuid; return;
  end if;
  if token.generation = family.generation then
    insert into public.refresh_tokens (hash, session_id, generation) values (child_hash, family.id, family.generation + 1);
    update public.sessions s set generation = s.generation + 1, refreshed_at = public.app_now() where s.id = family.id;
  elsif token.generation < family.generation - 1 then
    update public.sessions s set revoked_at = public.app_now() where s.id = family.id;
    perform public.app_security_event('refresh_token_reused', family.user_id);
    return query select 'reused', null::uuid; return;
  end if;
  return query select 'ok', family.id;
end $$;

create function app_end_session() returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set revoked_at = public.app_now() where s.id = public.app_session_id() and s.revoked_at is null;
  perform public.app_security_event('sign_out', public.app_user_id());
end $$;

create function app_own_sessions(idle_days integer, absolute_days integer)
  returns table (id uuid, device_name text, created_at timestamptz, refreshed_at timestamptz, current boolean)
  stable language sql security definer set search_path = '' as $$
  select s.id, s.device_name, s.created_at, s.refreshed_at, s.id = public.app_session_id()
    from public.sessions s
   where s.user_id = public.app_user_id() and s.revoked_at is null
     and s.refreshed_at >= public.app_now() - make_interval(days => idle_days)
     and s.created_at >= public.app_now() - make_interval(days => absolute_days) $$;

create function app_end_own_session(target uuid) returns boolean language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set revoked_at = public.app_now()
   where s.id = target and s.user_id = public.app_user_id() and s.revoked_at is null;
  if not found then return false; end if;
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

create function app_own_password_hash() returns text stable language sql security definer set search_path = '' as $$
  select p.hash from public.user_passwords p where p.user_id = public.app_user_id() $$;

-- The session that changes the password goes on, every other one ends, and with them the access
-- tokens made in them: entering asks whether the session lives.
create function app_change_own_password(new_hash text) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.user_passwords p set hash = new_hash, one_time_expires_at = null where p.user_id = public.app_user_id();
  update public.users u set must_change_password = false where u.id = public.app_user_id();
  update public.sessions s set revoked_at = public.app_now()
   where s.user_id = public.app_user_id() and s.id <> public.app_session_id() and s.revoked_at is null;
  perform public.app_security_event('password_changed', public.app_user_id());
end $$;

-- A one-time password for an account in the caller's care (the caller's own policies decide which).
create function app_give_one_time_password(who uuid, new_hash text, expires timestamptz) returns void language plpgsql as $$
begin
  update users u set must_change_password = true, auth_version = u.auth_version + 1 where u.id = who;
  if not found then perform app_refuse('app_not_found'); end if;
  perform app_replace_password(who, new_hash, expires);
end $$;

create function app_replace_password(who uuid, new_hash text, expires timestamptz) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if not exists (select from public.users u where u.id = who
                  and (u.rank > public.app_rank() and u.scope_path >= public.app_low() and u.scope_path < public.app_high()
                       or public.app_role() = 'system')) then
    perform public.app_refuse('app_not_found');
  end if;
  insert into public.user_passwords (user_id, hash, one_time_expires_at) values (who, new_hash, expires)
  on conflict (user_id) do update set hash = excluded.hash, one_time_expires_at = excluded.one_time_expires_at;
  update public.sessions s set revoked_at = public.app_now() where s.user_id = who and s.revoked_at is null;
  delete from public.sign_in_failures f using public.users u where u.id = who and f.username = u.username;
end $$;
comment on function app_replace_password(uuid, text, timestamptz) is 'Sets the password of a user in the caller''s care and ends its sessions';

-- An account is in the care of the offices above it; its owner reads it through app_own_account.
select app_watch('users', 'full_name', 'phone');
create policy in_care on users
  using ((rank > (select app_rank()) or (select app_role()) = 'system') and scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check ((rank > (select app_rank()) or (select app_role()) = 'system') and scope_path >= (select app_low()) and scope_path < (select app_high()));
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
  foreach name in array array['user_passwords', 'sessions', 'refresh_tokens', 'sign_in_failures'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy definer_functions on %I to app_owner using (true) with check (true)', name);
  end loop;
end $$;
