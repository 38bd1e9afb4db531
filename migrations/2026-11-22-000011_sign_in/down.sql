create or replace function app_change_own_password(new_hash text) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.user_passwords p set hash = new_hash, one_time_expires_at = null where p.user_id = public.app_user_id();
  update public.users u set must_change_password = false where u.id = public.app_user_id();
  update public.sessions s set revoked_at = public.app_now()
   where s.user_id = public.app_user_id() and s.id <> public.app_session_id() and s.revoked_at is null;
  perform public.app_security_event('password_changed', public.app_user_id());
end $$;

create function app_sign_in_wait(name text) returns integer stable language sql security definer set search_path = '' as $$
  select coalesce((
    select ceil(extract(epoch from f.last_at + make_interval(secs => least(power(2, least(f.failures - 10, 17)), 86400)) - public.app_now()))::integer
      from public.sign_in_failures f where f.username = name and f.failures >= 10), 0) $$;
comment on function app_sign_in_wait(text) is 'Seconds this name has to wait before it may try again';

create function app_sign_in_failed(name text) returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sign_in_failures (username, failures, last_at) values (name, 1, public.app_now())
  on conflict (username) do update set failures = public.sign_in_failures.failures + 1, last_at = public.app_now();
  -- Names nobody tried for a month are forgotten, so that guessing names fills nothing.
  delete from public.sign_in_failures where username in (
    select f.username from public.sign_in_failures f where f.last_at < public.app_now() - interval '30 days' limit 10);
  perform public.app_security_event('sign_in_failed', u.id) from public.users u where u.username = name;
end $$;

drop function app_password_was_wrong(text, text, text);
drop function app_begin_own_password(text, integer);
drop function app_begin_sign_in(text, text, integer);
drop function app_address_wait(text, integer);
drop function app_subscriber(text);
drop function app_take_try(text);
drop function app_sign_in_pause(integer, timestamptz);
drop table sign_in_addresses;
