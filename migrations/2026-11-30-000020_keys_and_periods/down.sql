drop index creations_created_at;
drop function app_forget(integer), app_sealed_deletions(), app_seal_deletion(uuid, text, bytea), app_fresh_deletions(integer),
  app_deletions_to_seal(smallint, integer);
drop table sealing_keys;
