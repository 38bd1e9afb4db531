drop table api_keys, sign_in_failures, refresh_tokens, sessions, user_passwords, users;
drop function app_replace_password(uuid, text, timestamptz), app_give_one_time_password(uuid, text, timestamptz),
  app_change_own_password(text), app_own_password_hash(), app_own_account(), app_own_sessions(integer, integer), app_end_own_session(uuid), app_end_session(), app_refresh(bytea, bytea, integer, integer),
  app_sign_in(uuid, text, uuid, text, bytea), app_session_view(uuid), app_sign_in_failed(text), app_sign_in_candidate(text),
  app_sign_in_wait(text), app_security_event(text, uuid), app_enter_public(timestamptz, uuid), app_enter_system(timestamptz),
  app_enter_key(uuid, bytea, timestamptz, uuid), app_enter(uuid, integer, timestamptz, uuid), app_refuse(text),
  app_unsettle_user(), app_place_user();
