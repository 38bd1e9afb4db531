-- Guessing passwords. A try is counted before its password is looked at and forgiven when it was
-- right: of many tries at once no more pass than one after the other. The password that is asked for
-- before a new one is set is guessed under the same count.
--
-- Counted by account, never by address alone, for a commune's phones share the address of their
-- carrier; an address is held off only beyond what a commune reaches.

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

-- Ten failures are free; then comes a delay of one second, which each further failure doubles, to a
-- day at most. After a hundred in a row (NIST SP 800-63B) only a new password by an official helps.
create function app_sign_in_pause(failures integer, last_at timestamptz) returns integer stable language sql set search_path = '' as $$
  select case
    when failures < 10 then 0
    when failures >= 100 then 86400
    else greatest(0, ceil(extract(epoch from
           last_at + make_interval(secs => least(power(2, least(failures - 10, 17)), 86400)) - public.app_now()))::integer) end $$;
comment on function app_sign_in_pause(integer, timestamptz) is 'Seconds to wait after so many failures in a row';

-- Takes one of the tries of a name, or tells how long to wait.
create function app_take_try(name text) returns integer language plpgsql security definer set search_path = '' as $$
declare
  pause integer;
begin
  insert into public.sign_in_failures as f (username, failures, last_at) values (name, 1, public.app_now())
  on conflict (username) do update set failures = f.failures + 1, last_at = public.app_now()
    where public.app_sign_in_pause(f.failures, f.last_at) = 0;
  if found then return 0; end if;
  select public.app_sign_in_pause(f.failures, f.last_at) into pause from public.sign_in_failures f where f.username = name;
  return greatest(1, pause);
end $$;
comment on function app_take_try(text) is 'Counts a try as failed until it proves right; 0, or the seconds to wait';

create function app_subscriber(address text) returns text immutable strict language sql set search_path = '' as $$
  select network(set_masklen(address::inet, case family(address::inet) when 4 then 32 else 64 end))::text $$;
comment on function app_subscriber(text) is 'One subscriber of IPv6 has a /64 and may speak from any address in it';

create function app_address_wait(address text, per_hour integer) returns integer stable language sql security definer set search_path = '' as $$
  select case when per_hour > 0 and exists (
      select from public.sign_in_addresses a
       where a.hour = date_trunc('hour', public.app_now()) and a.address = public.app_subscriber($1) and a.failures >= per_hour)
    then ceil(extract(epoch from date_trunc('hour', public.app_now()) + interval '1 hour' - public.app_now()))::integer else 0 end $$;
comment on function app_address_wait(text, integer) is 'Seconds until an address with too many failures may try again';

create function app_begin_sign_in(name text, address text, per_hour integer) returns table (wait integer, user_id uuid, hash text)
  language plpgsql security definer set search_path = '' as $$
declare
  pause integer := public.app_address_wait(address, per_hour);
begin
  if pause = 0 then pause := public.app_take_try(name); end if;
  if pause > 0 then return query select pause, null::uuid, null::text; return; end if;
  return query select 0, c.user_id, c.hash from (select) as nobody left join public.app_sign_in_candidate(name) c on true;
end $$;

create function app_begin_own_password(address text, per_hour integer) returns table (wait integer, hash text)
  language plpgsql security definer set search_path = '' as $$
declare
  pause integer := public.app_address_wait(address, per_hour);
begin
  if pause = 0 then
    select public.app_take_try(u.username) into pause from public.users u where u.id = public.app_user_id();
  end if;
  return query select pause, case pause when 0 then public.app_own_password_hash() end;
end $$;

-- What was wrong: the name's try is counted already; the address is, and whoever looks after the
-- account may read of it. Gives the failures of all accounts in this hour.
create function app_password_was_wrong(name text, address text, what text) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  this_hour timestamptz := date_trunc('hour', public.app_now());
begin
  insert into public.sign_in_addresses as a (hour, address, failures) values (this_hour, public.app_subscriber($2), 1)
  on conflict on constraint sign_in_addresses_pkey do update set failures = a.failures + 1;
  -- Each name that was tried has a row, whether somebody is called so or not. It goes 30 days after the
  -- last try (not after a hundred failures), up to ten rows at each failure.
  delete from public.sign_in_failures where username in (
    select f.username from public.sign_in_failures f
     where f.last_at < public.app_now() - interval '30 days' and f.failures < 100 limit 10);
  delete from public.sign_in_addresses a where a.hour < this_hour - interval '1 hour';
  perform public.app_security_event(what, u.id) from public.users u where u.username = coalesce(name, '') or (name is null and u.id = public.app_user_id());
  return (select sum(a.failures) from public.sign_in_addresses a where a.hour = this_hour);
end $$;

-- app_sign_in_failed and app_sign_in_wait stay for the binary before this one, which may go on serving
-- while the new one is brought up.

-- The session that changes the password goes on, every other one ends, and with them the access
-- tokens made in them: entering asks whether the session lives. The right password forgives the
-- wrong ones before it.
create or replace function app_change_own_password(new_hash text) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.user_passwords p set hash = new_hash, one_time_expires_at = null where p.user_id = public.app_user_id();
  update public.users u set must_change_password = false where u.id = public.app_user_id();
  update public.sessions s set revoked_at = public.app_now()
   where s.user_id = public.app_user_id() and s.id <> public.app_session_id() and s.revoked_at is null;
  delete from public.sign_in_failures f using public.users u where u.id = public.app_user_id() and f.username = u.username;
  perform public.app_security_event('password_changed', public.app_user_id());
end $$;
