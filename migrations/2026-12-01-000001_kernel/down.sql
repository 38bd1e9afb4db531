drop table sealing_keys, steps, creations, deleted_records, audit_events, tree_day, schema_text;
drop function app_base36(bigint), app_fold(text);
alter default privileges grant execute on functions to public;
revoke usage on schema public from app;
