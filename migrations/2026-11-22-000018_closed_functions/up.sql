-- Functions that run with their owner's rights are for the service alone. PostgreSQL lets everybody
-- execute what nobody speaks of: a login that was made to read for backups could have entered as
-- system through one.
revoke execute on all functions in schema public from public;
grant execute on all functions in schema public to app;
alter default privileges revoke execute on functions from public;
alter default privileges in schema public grant execute on functions to app;

-- A generated column is null in a row that is about to be written, so every update of a household looked
-- like a change of its folded name and of its hardship, raised its version and stood in the audit.
create or replace function app_track() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  -- Derived columns: no change of the record by anybody. Some follow the tree of places; the last three
  -- are generated, which before a row is written are still null.
  unseen constant text[] := '{version,changed_xid,created_at,updated_at,scope_path,organisation_scope_path,province_id,district_id,commune_id,head_fold,special_hardship,rank}';
  personal constant text[] := coalesce(tg_argv, '{}');
  was jsonb;
  becomes jsonb;
  subject jsonb;
  touched text[];
begin
  if tg_op = 'INSERT' then
    becomes := jsonb_strip_nulls(to_jsonb(new) - unseen);
    subject := becomes;
    touched := array(select key from unnest(personal) key where becomes ? key);
    new.version := 1;
    new.created_at := coalesce(new.created_at, public.app_now());
  elsif tg_op = 'DELETE' then
    was := jsonb_strip_nulls(to_jsonb(old) - unseen);
    subject := was;
    touched := array(select key from unnest(personal) key where was ? key);
  else
    was := to_jsonb(old) - unseen;
    becomes := to_jsonb(new) - unseen;
    -- A record whose parts changed is touched by setting updated_at: that counts as a change.
    if was = becomes and new.updated_at is not distinct from old.updated_at then return new; end if;
    subject := becomes;
    select coalesce(jsonb_object_agg(key, was -> key), '{}'), coalesce(jsonb_object_agg(key, becomes -> key), '{}')
      into was, becomes
      from jsonb_object_keys(becomes) key where was -> key is distinct from becomes -> key;
    touched := array(select key from unnest(personal) key where becomes ? key);
    new.version := old.version + 1;
  end if;

  insert into public.audit_events (at, actor_role, actor_id, on_behalf_of, resource, record_id, action, step, forced,
      request_id, old_values, new_values, personal_fields, village_id, organisation_id)
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), (subject ->> 'on_behalf_of')::uuid,
      tg_table_name, (subject ->> 'id')::uuid,
      case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
      nullif(current_setting('app.step', true), ''),
      coalesce(nullif(current_setting('app.forced', true), '')::boolean, false),
      nullif(current_setting('app.request_id', true), '')::uuid,
      was - personal, becomes - personal, touched,
      coalesce((subject ->> 'village_id')::uuid, case when tg_table_name = 'localities' then (subject ->> 'id')::uuid end),
      (subject ->> 'organisation_id')::uuid);

  if tg_op = 'DELETE' then
    insert into public.deleted_records (id, resource, deleted_at, deleted_by, changed_xid, village_id, organisation_id, content)
    values (old.id, tg_table_name, public.app_now(), public.app_user_id(), pg_current_xact_id(),
            (subject ->> 'village_id')::uuid, (subject ->> 'organisation_id')::uuid, to_jsonb(old));
    return old;
  end if;
  new.changed_xid := pg_current_xact_id();
  new.updated_at := public.app_now();
  return new;
end $$;
