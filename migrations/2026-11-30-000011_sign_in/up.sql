-- Passwords: who knows one may come in, who guesses one waits, and one that is replaced ends what was begun
-- with it.
--
-- A try is counted before its password is looked at and forgiven when it was right: of many tries at once no
-- more pass than one after the other. Counted by account, and apart from it by device: whoever guesses the
-- password of a name keeps nobody from the device that they use every day. An address is held off only beyond
-- what a commune reaches, whose phones share the address of their carrier.

create table sign_in_addresses (
  hour timestamptz not null,
  address text not null,
  failures integer not null,
  constraint sign_in_addresses_pkey primary key (hour, address)
);
comment on table sign_in_addresses is 'Failed sign-ins by hour and address (of IPv6 the network of a subscriber), kept for two hours';
alter table sign_in_addresses enable row level security;
alter table sign_in_addresses force row level security;
create policy definer_functions on sign_in_addresses to app_owner using (true) with check (true);

-- Ten failures are free; then comes a delay of one second, which each further failure doubles, to a day at
-- most (ASVS 6.1.1): a hundred guesses, which NIST SP 800-63B allows in a row, take ten weeks.
create function app_sign_in_pause(failures integer, last_at timestamptz) returns integer stable language sql set search_path = '' as $$
  select case
    when failures < 10 then 0
    else greatest(0, ceil(extract(epoch from
           last_at + make_interval(secs => least(power(2, least(failures - 10, 17)), 86400)) - public.app_now()))::integer) end $$;
comment on function app_sign_in_pause(integer, timestamptz) is 'Seconds to wait after so many failures in a row';

-- Takes one of the tries of a subject, or tells how long to wait.
create function app_take_try(tried text) returns integer language plpgsql security definer set search_path = '' as $$
declare
  pause integer;
begin
  insert into public.sign_in_failures as f (subject, failures, last_at) values (tried, 1, public.app_now())
  on conflict (subject) do update set failures = f.failures + 1, last_at = public.app_now()
    where public.app_sign_in_pause(f.failures, f.last_at) = 0;
  if found then return 0; end if;
  select public.app_sign_in_pause(f.failures, f.last_at) into pause from public.sign_in_failures f where f.subject = tried;
  return greatest(1, pause);
end $$;
comment on function app_take_try(text) is 'Counts a try as failed until it proves right; 0, or the seconds to wait';

-- A name that is taken says that somebody in the country is called so: an official who hits upon many waits like one
-- who guesses passwords.
create function app_naming_pause() returns integer stable language sql security definer set search_path = '' as $$
  select coalesce((select least(60, public.app_sign_in_pause(f.failures, f.last_at)) from public.sign_in_failures f
                    where f.subject = 'naming ' || public.app_user_id()), 0) $$;
create function app_name_was_taken() returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sign_in_failures as f (subject, failures, last_at) values ('naming ' || public.app_user_id(), 1, public.app_now())
  on conflict (subject) do update set last_at = public.app_now(),
    failures = case when f.last_at < public.app_now() - interval '1 day' then 1 else f.failures + 1 end;
end $$;

create function app_forgive(username text) returns void language sql security definer set search_path = '' as $$
  delete from public.sign_in_failures f
   where f.subject in ('name ' || username, 'password ' || username)
      or f.subject >= 'device ' || username || ' ' and f.subject < 'device ' || username || '!' $$;
comment on function app_forgive(text) is 'Forgets the wrong passwords of an account, whatever they were counted by';

create function app_subscriber(address text) returns text immutable strict language sql set search_path = '' as $$
  select network(set_masklen(address::inet, case family(address::inet) when 4 then 32 else 64 end))::text $$;
comment on function app_subscriber(text) is 'One subscriber of IPv6 has a /64 and may speak from any address in it';

create function app_address_wait(address text, per_hour integer) returns integer stable language sql security definer set search_path = '' as $$
  select case when per_hour > 0 and exists (
      select from public.sign_in_addresses a
       where a.hour = date_trunc('hour', public.app_now()) and a.address = public.app_subscriber($1) and a.failures >= per_hour)
    then ceil(extract(epoch from date_trunc('hour', public.app_now()) + interval '1 hour' - public.app_now()))::integer else 0 end $$;
comment on function app_address_wait(text, integer) is 'Seconds until an address with too many failures may try again';

-- A device is asked of the account: a token that was made before a reset is that of any caller.
create function app_sign_in_subject(name text, mark bytea) returns text stable language sql security definer set search_path = '' as $$
  select case when exists (select from public.devices d join public.users u on u.id = d.user_id where u.username = $1 and d.mark = $2)
    then 'device ' || name || ' ' || encode(mark, 'hex') else 'name ' || name end $$;
comment on function app_sign_in_subject(text, bytea) is
  'Counts the wrong passwords of a sign-in. Each kind of subject begins with its own word, for a name is anything that is sent';

create function app_begin_sign_in(name text, mark bytea, address text, per_hour integer)
  returns table (wait integer, counted_by text, user_id uuid, hash text)
  language plpgsql security definer set search_path = '' as $$
declare
  pause integer := public.app_address_wait(address, per_hour);
  subject text := public.app_sign_in_subject(name, mark);
  cause text := 'address';
begin
  if pause = 0 then
    pause := public.app_take_try(subject);
    cause := split_part(subject, ' ', 1);
  end if;
  if pause > 0 then return query select pause, cause, null::uuid, null::text; return; end if;
  return query select 0, cause, c.user_id, c.hash from (select) as nobody left join (
    select u.id as user_id, p.hash from public.users u join public.user_passwords p on p.user_id = u.id
     where u.username = name and u.active
       and (p.one_time_expires_at is null or p.one_time_expires_at > public.app_now() and p.one_time_used_at is null)) c on true;
end $$;

create function app_begin_own_password(address text, per_hour integer) returns table (wait integer, hash text)
  language plpgsql security definer set search_path = '' as $$
declare
  pause integer := public.app_address_wait(address, per_hour);
begin
  if pause = 0 then
    select public.app_take_try('password ' || u.username) into pause from public.users u where u.id = public.app_user_id();
  end if;
  return query select pause, case pause when 0 then (
    select p.hash from public.user_passwords p
     where p.user_id = public.app_user_id() and (p.one_time_expires_at is null or p.one_time_expires_at > public.app_now())) end;
end $$;

-- What was wrong: the subject's try is counted already; the address is, and whoever looks after the account may
-- read of it. Gives the failures of all accounts in this hour.
create function app_password_was_wrong(name text, address text, what text) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  this_hour timestamptz := date_trunc('hour', public.app_now());
begin
  insert into public.sign_in_addresses as a (hour, address, failures) values (this_hour, public.app_subscriber($2), 1)
  on conflict on constraint sign_in_addresses_pkey do update set failures = a.failures + 1;
  perform public.app_security_event(what, u.id) from public.users u where u.username = coalesce(name, '') or (name is null and u.id = public.app_user_id());
  return (select sum(a.failures) from public.sign_in_addresses a where a.hour = this_hour);
end $$;

-- Hashing takes long, and meanwhile the account may be deactivated or its password replaced: the session is
-- opened for the hash that was compared, and under the locks that those changes take, in their order.
create function app_sign_in(who uuid, mark bytea, verified text, session uuid, device text, token_hash bytea) returns boolean
  language plpgsql security definer set search_path = '' as $$
declare
  name text;
  known public.user_passwords;
begin
  select u.username into name from public.users u where u.id = who and u.active for share;
  if not found then return false; end if;
  select * into known from public.user_passwords p where p.user_id = who and p.hash = verified for update;
  if not found then return false; end if;
  if known.one_time_expires_at is not null then
    if known.one_time_used_at is not null or known.one_time_expires_at <= public.app_now() then return false; end if;
    update public.user_passwords p set one_time_used_at = public.app_now() where p.user_id = who;
  end if;
  delete from public.sign_in_failures f where f.subject = public.app_sign_in_subject(name, mark);
  insert into public.devices as d (user_id, mark, signed_in_at) values (who, $2, public.app_now())
  on conflict on constraint devices_pkey do update set signed_in_at = public.app_now();
  delete from public.devices d where d.user_id = who and d.mark in (
    select x.mark from public.devices x where x.user_id = who order by x.signed_in_at desc, x.mark offset 20);
  -- Each session has a share of requests of its own: of one account no more than twenty, those that were used last.
  update public.sessions s set revoked_at = public.app_now() where s.id in (
    select x.id from public.sessions x where x.user_id = who and x.revoked_at is null order by x.refreshed_at desc, x.id desc offset 19);
  insert into public.sessions (id, user_id, device_name, device_mark, created_at, refreshed_at)
  values (session, who, device, mark, public.app_now(), public.app_now());
  insert into public.refresh_tokens (hash, session_id, generation) values (token_hash, session, 0);
  perform public.app_security_event('sign_in', who);
  return true;
end $$;
comment on function app_sign_in(uuid, bytea, text, uuid, text, bytea) is
  'Opens a session for a password whose hash was compared and still stands; false: it stands no more';

-- A refresh token may be used once, and once more while the answer with its child may have been lost: until an
-- access token that came with the child was used, for a day, by the same device. The child is derived from its
-- parent, so the retry gives the same one. Anything else is a copy in wrong hands: the whole family ends.
create function app_refresh(token_hash bytea, child_hash bytea, device text, idle_days integer, absolute_days integer)
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
  elsif token.generation < family.generation - 1 or family.used_generation = family.generation
     or family.refreshed_at < public.app_now() - interval '24 hours' or device is distinct from family.device_name then
    update public.sessions s set revoked_at = public.app_now() where s.id = family.id;
    delete from public.devices d where d.user_id = family.user_id and d.mark = family.device_mark;
    perform public.app_security_event('refresh_token_reused', family.user_id);
    return query select 'reused', null::uuid; return;
  else
    perform public.app_security_event('refresh_token_replayed', family.user_id);
  end if;
  return query select 'ok', family.id;
end $$;

-- The session that changes the password goes on, every other one ends, and with them the access tokens made in
-- them: entering asks whether the session lives. It is asked again behind the lock: a reset, or another change,
-- may have come first.
create function app_change_own_password(verified text, new_hash text) returns boolean
  language plpgsql security definer set search_path = '' as $$
declare
  name text;
begin
  select u.username into name from public.users u where u.id = public.app_user_id() and u.active for update;
  perform 1 from public.sessions s where s.id = public.app_session_id() and s.revoked_at is null;
  if not found then return false; end if;
  update public.user_passwords p set hash = new_hash, one_time_expires_at = null, one_time_used_at = null
   where p.user_id = public.app_user_id() and p.hash = verified;
  if not found then return false; end if;
  update public.users u set must_change_password = false where u.id = public.app_user_id();
  update public.sessions s set revoked_at = public.app_now()
   where s.user_id = public.app_user_id() and s.id <> public.app_session_id() and s.revoked_at is null;
  delete from public.devices d
   where d.user_id = public.app_user_id()
     and d.mark is distinct from (select s.device_mark from public.sessions s where s.id = public.app_session_id());
  perform public.app_forgive(name), public.app_security_event('password_changed', public.app_user_id());
  return true;
end $$;

-- A one-time password for an account in the caller's care (the caller's own policies decide which).
create function app_give_one_time_password(who uuid, new_hash text, expires timestamptz) returns void language plpgsql as $$
begin
  update users u set must_change_password = true, auth_version = u.auth_version + 1 where u.id = who;
  if not found then perform app_refuse('app_not_found'); end if;
  perform app_replace_password(who, new_hash, expires);
end $$;

-- Whoever manages a unit gives its accounts, also where the unit stands by a village of another area: the officials
-- of that village are told.
create function app_tell_of_account(account uuid, what text) returns void language sql security definer set search_path = '' as $$
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, step, request_id, new_values, locality_id, organisation_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'twinnings', t.id, 'security', what,
         nullif(current_setting('app.request_id', true), '')::uuid, jsonb_build_object('username', u.username), t.locality_id, t.organisation_id
    from public.users u
    join public.twinnings t on t.organisation_id = u.organisation_id
   where u.id = account and public.app_twinning_active(t, public.app_today())
     and not (t.scope_path >= t.organisation_scope_path and t.scope_path < left(t.organisation_scope_path, -1) || '/') $$;
create function app_tell_of_move() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.app_tell_of_account(new.id, 'unit_account_given');
  return null;
end $$;
create trigger tell_of_move after update of organisation_id, active on users for each row
  when (new.active and new.organisation_id is not null and (not old.active or new.organisation_id is distinct from old.organisation_id))
  execute function app_tell_of_move();

-- Whoever makes an account or resets it has known its password: `app_own_accounts`.
create function app_replace_password(who uuid, new_hash text, expires timestamptz) returns void
  language plpgsql security definer set search_path = '' as $$
declare
  subject record;
begin
  select u.username, u.rank, u.scope_path into subject from public.users u where u.id = who for update;
  if not found or not (public.app_role() = 'system' or subject.scope_path >= public.app_low() and subject.scope_path < public.app_high()
       and (subject.rank > public.app_rank() or public.app_role() = 'admin' and who <> public.app_user_id())) then
    perform public.app_refuse('app_not_found');
  end if;
  insert into public.user_passwords (user_id, hash, one_time_expires_at) values (who, new_hash, expires)
  on conflict (user_id) do update set hash = excluded.hash, one_time_expires_at = excluded.one_time_expires_at, one_time_used_at = null;
  perform public.app_end_access(who), public.app_forgive(subject.username);
  perform public.app_tell_of_account(who, 'unit_account_given');
  -- Whoever knew the password before knows it no more.
  delete from public.account_makers m where m.user_id = who;
  if public.app_user_id() is not null then
    insert into public.account_makers (user_id, maker_id, made_at) values (who, public.app_user_id(), public.app_now());
  end if;
end $$;
comment on function app_replace_password(uuid, text, timestamptz) is 'Sets the password of a user in the caller''s care and ends its sessions';

-- ── two offices, one person ────────────────────────────────────────────────────────────────────
create function app_two_person_days() returns integer stable parallel safe language sql
  as $$ select coalesce(nullif(current_setting('app.two_person_days', true), '')::integer, 30) $$;
comment on function app_two_person_days() is 'TWO_PERSON_DAYS: how long whoever made an account or reset it counts as its owner; 0: never';

-- Upwards whoever made the caller's account, and made that account, and so on; downwards the accounts that the
-- caller made. Two accounts that a third one made are two people, for in a new commune all are of that kind: what one
-- records and the other confirms is marked (app_share_maker).
create function app_own_accounts() returns uuid[] stable language sql security definer set search_path = '' as $$
  with recursive since(moment) as materialized (
    select public.app_now() - make_interval(days => public.app_two_person_days())
  ), up(id) as (
    select public.app_user_id()
    union select m.maker_id from up join public.account_makers m on m.user_id = up.id where m.made_at > (select moment from since)
  ), down(id) as (
    select public.app_user_id()
    union select m.user_id from down join public.account_makers m on m.maker_id = down.id where m.made_at > (select moment from since)
  )
  select array(select id from up union select id from down) $$;
create function app_share_maker(others uuid[]) returns boolean stable language sql security definer set search_path = '' as $$
  select exists (
    select from public.account_makers m join public.account_makers o on o.maker_id = m.maker_id
     where m.user_id = public.app_user_id() and o.user_id = any (others) and o.user_id <> m.user_id
       and least(m.made_at, o.made_at) > public.app_now() - make_interval(days => public.app_two_person_days())) $$;
comment on function app_share_maker(uuid[]) is 'Whether a third person lately knew the passwords of the caller and of one of the others';
comment on function app_own_accounts() is 'The accounts that may be the caller''s own, itself among them: who made one lately has known its password';
