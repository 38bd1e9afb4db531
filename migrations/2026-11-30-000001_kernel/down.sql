drop table creations, deleted_records, audit_events, tree_day;
drop function app_with_caller(uuid[]), app_append_only(), app_claim(uuid, text, bytea), app_audit_read(text, uuid, uuid), app_watch(regclass, text[]), app_track(),
  app_base36(bigint), app_words(text), app_matches(text, text), app_fold(text), app_refuse(text), app_set(text, text), app_in_range(text), app_today(), app_now(), app_villages(),
  app_organisation(), app_rank(), app_session_id(), app_user_id(), app_role(), app_high(), app_low();
revoke usage on schema public from app;
