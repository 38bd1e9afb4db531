-- Records: version and audit of each row, deleted rows, ids of creations, last steps, sealing keys, and the tree day.

-- ── version and audit ──────────────────────────────────────────────────────────────────────────
-- The BEFORE trigger of every tracked table. Sets version, changed_xid and updated_at, and inserts the audit entry, in the transaction of
-- the change. Its arguments are the personal columns, whose values are not copied.
create function app_track() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  -- Derived columns: no caller changes them. Some follow the tree of places; the last four are generated columns,
  -- which are null in a BEFORE trigger.
  unseen constant text[] := '{version,changed_xid,created_at,updated_at,scope_path,organisation_scope_path,province_id,district_id,commune_id,merged_into_id,head_fold,name_fold,special_hardship,rank}';
  personal constant text[] := coalesce(tg_argv, '{}');
  was jsonb;
  becomes jsonb;
  subject jsonb;
  touched text[];
begin
  -- The first load of the catalogue writes 39,000 rows, which are version 1, and one entry of its own (app_audit_catalogue).
  if current_setting('app.step', true) = 'catalogue' and public.app_role() = 'system' and tg_op <> 'DELETE' then
    new.version := 1;
    new.created_at := public.app_now();
    new.updated_at := public.app_now();
    new.changed_xid := pg_current_xact_id();
    return new;
  end if;

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
    -- app_touch_parent sets updated_at of a record whose parts changed: that counts as a change.
    if was = becomes and new.updated_at is not distinct from old.updated_at then return new; end if;
    subject := becomes;
    select coalesce(jsonb_object_agg(key, was -> key), '{}'), coalesce(jsonb_object_agg(key, becomes -> key), '{}')
      into was, becomes
      from jsonb_object_keys(becomes) key where was -> key is distinct from becomes -> key;
    touched := array(select key from unnest(personal) key where becomes ? key);
    new.version := old.version + 1;
  end if;

  insert into public.audit_events (at, actor_role, actor_id, on_behalf_of, resource, record_id, action, step, forced,
      two_person, request_id, old_values, new_values, personal_fields, village_id, locality_id, organisation_id)
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), (subject ->> 'on_behalf_of')::uuid,
      tg_table_name, (subject ->> 'id')::uuid,
      case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
      nullif(current_setting('app.step', true), ''),
      coalesce(nullif(current_setting('app.forced', true), '')::boolean, false),
      -- Only the record of the step: the same transaction may change others.
      case when tg_table_name = current_setting('app.step_of', true) then nullif(current_setting('app.two_person', true), '') end,
      nullif(current_setting('app.request_id', true), '')::uuid,
      was - personal, becomes - personal, touched,
      (subject ->> 'village_id')::uuid, (subject ->> 'locality_id')::uuid, (subject ->> 'organisation_id')::uuid);

  if tg_op = 'DELETE' then
    insert into public.deleted_records (id, resource, deleted_at, deleted_by, changed_xid, village_id, organisation_id, content, personal)
    values (old.id, tg_table_name, public.app_now(), public.app_user_id(), pg_current_xact_id(),
            (subject ->> 'village_id')::uuid, (subject ->> 'organisation_id')::uuid, to_jsonb(old) - personal,
            (select jsonb_object_agg(key, subject -> key) from unnest(touched) key));
    -- The hash of the body of a step is derived from personal text.
    delete from public.steps s where s.record_id = old.id;
    return old;
  end if;
  new.changed_xid := pg_current_xact_id();
  new.updated_at := public.app_now();
  return new;
end $$;

-- Increments the version of the parent record, whose representation contains this one: members of a household, items of a list. Skips
-- a parent that this transaction already inserted or updated: a visit recorded with five gifts is one version and one audit entry, not
-- six.
create function app_touch_parent() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  parent uuid;
begin
  if tg_op = 'UPDATE' and new.version = old.version then return null; end if;
  parent := coalesce((to_jsonb(new) ->> tg_argv[1])::uuid, (to_jsonb(old) ->> tg_argv[1])::uuid);
  if parent is not null then
    execute format('update public.%I set updated_at = clock_timestamp() where id = $1 and changed_xid <> pg_current_xact_id()', tg_argv[0])
      using parent;
  end if;
  return null;
end $$;
comment on function app_touch_parent() is
  'Increments the version of the parent record; arguments: its table, the column that refers to it';

create function app_with_caller(authors uuid[]) returns uuid[] stable language sql as
  $$ select array_append(array_remove(authors, public.app_user_id()), public.app_user_id()) $$;
comment on function app_with_caller(uuid[]) is 'The authors of a record with the caller added';

select app_table('audit_events', tracked => false, grants => 'select', owner => 'writes');

-- Rejects changes by logins with more rights than the service; the service has no grant for them.
create function app_append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete or truncate on audit_events for each statement execute function app_append_only();

create function app_audit_read(subject_resource text, subject uuid, subject_village uuid) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, village_id)
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), subject_resource, subject, 'read',
          nullif(current_setting('app.request_id', true), '')::uuid, subject_village);
end $$;
comment on function app_audit_read(text, uuid, uuid) is 'Inserts an audit entry for reading a sensitive field in full';

-- An entry has no path: entries are append-only, and paths change with the tree of places. It has the village of its record or, for a
-- record without a village, the place whose officials are responsible: of an organisation, programme, key or twinning its managing
-- or twinned place, of an account its office. The place is looked up in the tree when the entry is read. Entries without a place
-- are for administrators.
--
-- app_track copies village_id and locality_id of the record. A part that has neither registers its whole with app_part.
create function app_audit_part() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  whole constant text := tg_argv[0];
  key constant text := tg_argv[1];
  place_column constant text := tg_argv[2];
  place uuid;
begin
  -- The entry of an UPDATE holds the changed columns only, and the columns that app_track copies.
  new.part_of := coalesce(new.new_values ->> key, new.old_values ->> key, case key
    when 'village_id' then new.village_id when 'locality_id' then new.locality_id when 'organisation_id' then new.organisation_id end::text)::uuid;
  if new.part_of is null then
    execute format('select %I from public.%I where id = $1', key, new.resource) into new.part_of using new.record_id;
  end if;
  if new.village_id is not null or new.locality_id is not null then return new; end if;
  if place_column = 'id' then
    new.locality_id := new.part_of;
    return new;
  end if;
  execute format('select %I from public.%I where id = $1', place_column, whole) into place using new.part_of;
  -- A DELETE of the whole deletes its parts after the whole.
  if place is null then
    select (d.content ->> place_column)::uuid into place from public.deleted_records d where d.id = new.part_of and d.resource = whole;
  end if;
  if place_column = 'village_id' then new.village_id := place; else new.locality_id := place; end if;
  return new;
end $$;
comment on function app_audit_part() is
  'Sets the whole and the place of an audit entry of a part; arguments: table of the whole, key to it, its column of the place';

create function app_part(part regclass, whole regclass, key text) returns void language plpgsql as $$
begin
  execute format('create trigger %I before insert on audit_events for each row when (new.resource = %L)
      execute function app_audit_part(%L, %L, %L)',
    'place_of_' || part, part, whole, key,
    (select coalesce(min(attname) filter (where attname = 'village_id'), min(attname) filter (where attname = 'locality_id'), 'id')
       from pg_attribute where attrelid = whole and attname in ('village_id', 'locality_id') and not attisdropped));
end $$;
comment on function app_part(regclass, regclass, text) is
  'Registers a table as part of another: its audit entries name the whole, and take the place of the whole';

-- ── deleted records ────────────────────────────────────────────────────────────────────────────
-- The trigger that copies a deleted row has no encryption key: a job seals the personal fields, and reseals them after a change of key.
select app_table('deleted_records', tracked => false, grants => null, owner => 'writes');
create function app_deletions_to_seal(newest smallint, most integer) returns table (id uuid, resource text, personal jsonb, sealed bytea)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select d.id, d.resource, d.personal, d.sealed from public.deleted_records d
   where public.app_role() = 'system' and (d.personal is not null or d.sealed is not null and get_byte(d.sealed, 0) <> newest)
   order by d.personal is null limit most;
end $$;
comment on function app_deletions_to_seal(smallint, integer) is
  'Deleted rows whose personal fields are not sealed, or with another key than this one';

create function app_fresh_deletions(most integer) returns table (id uuid, resource text, personal jsonb)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select d.id, d.resource, d.personal from public.deleted_records d
   where public.app_role() = 'system' and d.personal is not null order by d.deleted_at limit most;
end $$;

create function app_seal_deletion(record uuid, of_resource text, by_key bytea) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  update public.deleted_records d set sealed = by_key, personal = null where d.id = record and d.resource = of_resource;
end $$;

create function app_sealed_deletions() returns table (key integer, fields bigint)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select get_byte(d.sealed, 0), count(*) from public.deleted_records d
   where public.app_role() = 'system' and d.sealed is not null group by 1;
end $$;

select app_table('sealing_keys', tracked => false, grants => 'select, insert, delete',
  reads => '{system}', writes => '{system}', reads_reason => 'Fingerprints of the sealing keys are compared at the start');

-- ── creations ──────────────────────────────────────────────────────────────────────────────────
select app_table('creations', tracked => false, grants => null, owner => 'writes');

-- Claims an id for a creation. The INSERT waits for a concurrent INSERT of the same id: of equal requests one is new and the others are
-- replays.
create function app_claim(new_id uuid, new_resource text, new_hash bytea) returns text
  language plpgsql security definer set search_path = '' as $$
declare
  known public.creations;
begin
  insert into public.creations (id, resource, actor_id, body_hash, created_at)
  values (new_id, new_resource, public.app_user_id(), new_hash, public.app_now())
  on conflict (id) do nothing;
  if found then
    -- The id may belong to a record that was inserted without a claim: a part of another one, or a deleted one.
    if exists (select from public.deleted_records d where d.id = new_id) then return 'conflict'; end if;
    return 'new';
  end if;
  select * into known from public.creations c where c.id = new_id;
  if known.resource <> new_resource or known.body_hash <> new_hash or known.actor_id is distinct from public.app_user_id() then
    return 'conflict';
  end if;
  if exists (select from public.deleted_records d where d.id = new_id) then return 'deleted'; end if;
  return 'replay';
end $$;

-- ── steps ──────────────────────────────────────────────────────────────────────────────────────
select app_table('steps', tracked => false, grants => null, owner => 'writes');

-- Stores the step as the last one of a record that the caller locked, and sets app.step, which app_track reads. The row does not change
-- when the same caller repeats the step with the same body, and FOUND is false then.
create function app_begin_step(record uuid, of_resource text, new_step text, new_hash bytea) returns boolean
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.steps as s (record_id, resource, step, taken_by, body_hash, taken_at)
  values (record, of_resource, new_step, public.app_user_id(), new_hash, public.app_now())
  on conflict (record_id) do update
    set step = excluded.step, taken_by = excluded.taken_by, body_hash = excluded.body_hash, taken_at = excluded.taken_at, answer = null
    where (s.step, s.taken_by, s.body_hash) is distinct from (excluded.step, excluded.taken_by, excluded.body_hash);
  if not found then return false; end if;
  perform public.app_set('step', new_step), public.app_set('step_of', of_resource);
  return true;
end $$;
comment on function app_begin_step(uuid, text, text, bytea) is 'Begins a step of a locked record; false for a repetition of the last one';

create function app_repeated_steps(records uuid[], of_resource text, which text, hash bytea) returns uuid[]
  stable language plpgsql security definer set search_path = '' as $$
begin
  return array(select s.record_id from public.steps s
    where s.record_id = any (records) and (s.resource, s.step, s.taken_by, s.body_hash) = (of_resource, which, public.app_user_id(), hash));
end $$;
comment on function app_repeated_steps(uuid[], text, text, bytea) is 'Those of the records whose last step is this one of the caller, with the same body';

create function app_forget_step(record uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  delete from public.steps s where s.record_id = record;
end $$;

create function app_keep_answer(record uuid, kept jsonb) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.steps s set answer = kept where s.record_id = record;
end $$;

create function app_kept_answer(record uuid) returns jsonb stable language plpgsql security definer set search_path = '' as $$
begin
  return (select s.answer from public.steps s where s.record_id = record);
end $$;
comment on function app_kept_answer(uuid) is 'The answer of the last step of a record, for its repetition';

-- ── dependent records ─────────────────────────────────────────────────────────────────────────
-- Runs as the owner: records outside the caller's range count too. Skips foreign keys by which dependent rows are deleted, and tables
-- that are no resource; the households of visits and gifts count as these.
create function app_dependents(of_table text, subject uuid) returns jsonb language plpgsql stable security definer set search_path = '' as $$
declare
  reference record;
  referring bigint;
  counts jsonb := '{}';
begin
  for reference in
    select r.relname as source, a.attname as key,
           case r.relname when 'visit_households' then 'visits' when 'gift_recipients' then 'gifts' when 'household_residences' then 'households' else r.relname end as name
      from pg_catalog.pg_constraint c
      join pg_catalog.pg_class r on r.oid = c.conrelid
      join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
     where c.contype = 'f' and c.confrelid = ('public.' || quote_ident(of_table))::regclass and c.confdeltype in ('a', 'r')
       and (r.relname in ('visit_households', 'gift_recipients', 'household_residences')
            or exists (select from pg_catalog.pg_trigger t where t.tgrelid = r.oid and t.tgname = 'zz_track'))
  loop
    execute format('select count(*) from public.%I where %I = $1', reference.source, reference.key) into referring using subject;
    counts := counts || jsonb_build_object(reference.name, referring + coalesce((counts ->> reference.name)::bigint, 0));
  end loop;
  return counts;
end $$;
comment on function app_dependents(text, uuid) is 'The number of rows that refer to a record and forbid its deletion, by table';

-- ── the tree day ───────────────────────────────────────────────────────────────────────────────
select app_table('tree_day', tracked => false, grants => 'select, insert, update',
  reads => '{everybody}', reads_reason => 'The day of the tree is public: every policy of places depends on it',
  writes => '{system}', writes_reason => 'A job moves the day');

select app_callable('app_audit_read', 'app_begin_step', 'app_claim', 'app_deletions_to_seal', 'app_dependents', 'app_forget_step', 'app_fresh_deletions',
  'app_keep_answer', 'app_kept_answer', 'app_repeated_steps', 'app_seal_deletion', 'app_sealed_deletions', 'app_with_caller');
