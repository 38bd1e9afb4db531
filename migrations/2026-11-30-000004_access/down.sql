drop table api_keys, sign_in_failures, refresh_tokens, sessions, devices, account_makers, user_passwords, users;
drop function app_own_account(), app_own_sessions(integer, integer), app_end_own_session(uuid), app_end_session(), app_end_sessions(text),
  app_session_view(uuid), app_security_event(text, uuid), app_enter_public(timestamptz, uuid), app_enter_system(timestamptz),
  app_enter_key(uuid, bytea, timestamptz, uuid), app_place(), app_access_used(uuid, integer), app_enter(uuid, integer, integer, timestamptz, uuid),
  app_unsettle_user(), app_end_access(uuid), app_place_user();
