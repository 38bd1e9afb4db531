create or replace function app_change_own_password(new_hash text) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.user_passwords p set hash = new_hash, one_time_expires_at = null where p.user_id = public.app_user_id();
  update public.users u set must_change_password = false where u.id = public.app_user_id();
  update public.sessions s set revoked_at = public.app_now()
   where s.user_id = public.app_user_id() and s.id <> public.app_session_id() and s.revoked_at is null;
  perform public.app_security_event('password_changed', public.app_user_id());
end $$;

drop function app_password_was_wrong(text, text, text);
drop function app_begin_own_password(text, integer);
drop function app_begin_sign_in(text, text, integer);
drop function app_address_wait(text, integer);
drop function app_subscriber(text);
drop function app_take_try(text);
drop function app_sign_in_pause(integer, timestamptz);
drop table sign_in_addresses;
