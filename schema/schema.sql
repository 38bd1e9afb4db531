
CREATE FUNCTION public.app_access_used(session uuid, token_generation integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  update public.sessions s set used_generation = token_generation where s.id = session and s.used_generation < token_generation;
end $$;

COMMENT ON FUNCTION public.app_access_used(session uuid, token_generation integer) IS 'Records the first use of an access token: the client has received it, so its parent refresh token may not be repeated';

CREATE FUNCTION public.app_accounts_of(place uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select count(*) from public.users u where u.active and u.locality_id = place);
end $$;

COMMENT ON FUNCTION public.app_accounts_of(place uuid) IS 'The number of active accounts of a place: they read nothing after its end';

CREATE FUNCTION public.app_active_households(village uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select count(*) from public.households h where h.village_id = village and h.status = 'active');
end $$;

CREATE FUNCTION public.app_active_on(status text, since date, day date) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select status = 'active' or since > day $$;

COMMENT ON FUNCTION public.app_active_on(status text, since date, day date) IS 'Whether a household with this status since a day was active on another day';

CREATE FUNCTION public.app_acts_for(organisation uuid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(organisation = any (public.app_organisations()), false) $$;

COMMENT ON FUNCTION public.app_acts_for(organisation uuid) IS 'Whether an organisation is that of the caller, or one that it succeeded';

CREATE FUNCTION public.app_address_wait(address text, per_hour integer) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
begin
  return (
  select case when per_hour > 0 and exists (
      select from public.sign_in_addresses a
       where a.hour = date_trunc('hour', public.app_now()) and a.address = public.app_subscriber($1) and a.failures >= per_hour)
    then ceil(extract(epoch from date_trunc('hour', public.app_now()) + interval '1 hour' - public.app_now()))::integer else 0 end);
end $_$;

COMMENT ON FUNCTION public.app_address_wait(address text, per_hour integer) IS 'Seconds until an address with too many failures may try again';

CREATE FUNCTION public.app_analyze_places() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  analyze public.localities, public.locality_versions, public.locality_successions, public.locality_words;
end $$;

CREATE FUNCTION public.app_ancestor(place uuid, wanted_level text, day date) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  with recursive up as (
    select l.id, l.level, 0 as depth from public.localities l where l.id = place
    union all
    select p.id, p.level, up.depth + 1
      from up join public.locality_versions v on v.locality_id = up.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join public.localities p on p.id = v.parent_id
  )
  select id from up where level = wanted_level order by depth limit 1);
end $$;

CREATE FUNCTION public.app_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;

CREATE FUNCTION public.app_assessment_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if new.status = 'confirmed' or tg_op = 'UPDATE' and old.status = 'confirmed' then
    perform public.app_show_latest_assessment(new.household_id);
  end if;
  return null;
end $$;

CREATE FUNCTION public.app_audit_account() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  said jsonb := coalesce(new.old_values, '{}') || coalesce(new.new_values, '{}');
begin
  if new.village_id is not null then return new; end if;
  select coalesce(u.locality_id, (select o.locality_id from public.organisations o where o.id = u.organisation_id)), u.rank
    into new.locality_id, new.subject_rank from public.users u where u.id = new.record_id;
  -- The values of the change take precedence: a BEFORE trigger on users inserts this entry, so the row is still the old one, or none.
  new.locality_id := coalesce((said ->> 'locality_id')::uuid,
    (select o.locality_id from public.organisations o where o.id = (said ->> 'organisation_id')::uuid), new.locality_id);
  new.subject_rank := coalesce(case said ->> 'role' when 'admin' then 0 when 'province' then 1 when 'district' then 2 when 'commune' then 3
    when 'twinning_unit' then 4 when 'village_head' then 4 end, new.subject_rank);
  return new;
end $$;

CREATE FUNCTION public.app_audit_actor() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  select u.username, u.full_name, u.locality_id, u.organisation_id
    into new.actor_username, new.actor_full_name, new.actor_locality_id, new.actor_organisation_id
    from public.users u where u.id = new.actor_id;
  return new;
end $$;

CREATE FUNCTION public.app_audit_catalogue(catalogue uuid, counts jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  insert into public.audit_events (at, actor_role, resource, record_id, action, step, new_values)
  values (public.app_now(), public.app_role(), 'data_loads', catalogue, 'create', 'catalogue', counts);
end $$;

COMMENT ON FUNCTION public.app_audit_catalogue(catalogue uuid, counts jsonb) IS 'Writes the audit entry of a load of the catalogue, with the counts of its rows';

CREATE FUNCTION public.app_audit_locality() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.village_id := coalesce(new.village_id, new.record_id);
  return new;
end $$;

CREATE FUNCTION public.app_audit_part() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
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
end $_$;

COMMENT ON FUNCTION public.app_audit_part() IS 'Sets the whole and the place of an audit entry of a part; arguments: table of the whole, key to it, its column of the place';

CREATE FUNCTION public.app_audit_party() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  select o.locality_id into new.locality_id from public.organisations o where o.id = new.organisation_id;
  return new;
end $$;

CREATE FUNCTION public.app_audit_read(subject_resource text, subject uuid, subject_village uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, village_id)
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), subject_resource, subject, 'read',
          nullif(current_setting('app.request_id', true), '')::uuid, subject_village);
end $$;

COMMENT ON FUNCTION public.app_audit_read(subject_resource text, subject uuid, subject_village uuid) IS 'Inserts an audit entry for reading a sensitive field in full';

CREATE FUNCTION public.app_audit_sealed(subject uuid, fields text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, personal_fields, village_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'households', subject, 'update',
         nullif(current_setting('app.request_id', true), '')::uuid, fields, h.village_id
    from public.households h where h.id = subject;
end $$;

CREATE FUNCTION public.app_base36(number bigint) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
declare
  digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  rest bigint := number;
  result text := '';
begin
  loop
    result := substr(digits, (rest % 36)::int + 1, 1) || result;
    rest := rest / 36;
    exit when rest = 0;
  end loop;
  return result;
end $$;

CREATE FUNCTION public.app_begin_own_password(address text, per_hour integer) RETURNS TABLE(wait integer, hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  pause integer := public.app_address_wait(address, per_hour);
begin
  if pause = 0 then
    select public.app_take_try('password ' || u.username) into pause from public.users u where u.id = public.app_user_id();
  end if;
  return query select pause, case pause when 0 then (
    select p.hash from public.user_passwords p
     where p.user_id = public.app_user_id() and (p.one_time_expires_at is null or p.one_time_expires_at > public.app_now())) end;
end $$;

CREATE FUNCTION public.app_begin_sign_in(name text, mark bytea, address text, per_hour integer) RETURNS TABLE(wait integer, counted_by text, user_id uuid, hash text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  pause integer := public.app_address_wait(address, per_hour);
  subject text;
  cause text := 'address';
begin
  if pause = 0 then
    subject := public.app_sign_in_subject(name, mark);
    pause := public.app_take_try(subject);
    cause := split_part(subject, ' ', 1);
  end if;
  if pause > 0 then return query select pause, cause, null::uuid, null::text; return; end if;
  return query select 0, cause, c.user_id, c.hash from (select) as nobody left join (
    select u.id as user_id, p.hash from public.users u join public.user_passwords p on p.user_id = u.id
     where u.username = name and u.active
       and (p.one_time_expires_at is null or p.one_time_expires_at > public.app_now() and p.one_time_used_at is null)) c on true;
end $$;

CREATE FUNCTION public.app_begin_step(record uuid, of_resource text, new_step text, new_hash bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

COMMENT ON FUNCTION public.app_begin_step(record uuid, of_resource text, new_step text, new_hash bytea) IS 'Begins a step of a locked record; false for a repetition of the last one';

CREATE FUNCTION public.app_both(one text, other text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select left(case when one = other then one else nullif(concat_ws(E'\n', one, other), '') end, 1000) $$;

COMMENT ON FUNCTION public.app_both(one text, other text) IS 'Joins two notes within the length limit of a note';

CREATE FUNCTION public.app_callable(VARIADIC names text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  name text;
  found_function regprocedure;
begin
  foreach name in array names loop
    select p.oid into strict found_function from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname = name;
    execute format('grant execute on function %s to app', found_function);
  end loop;
end $$;

COMMENT ON FUNCTION public.app_callable(VARIADIC names text[]) IS 'Lets the serving role call functions; each file ends with its list';

CREATE FUNCTION public.app_change_own_password(verified text, new_hash text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  name text;
begin
  select u.username into name from public.users u where u.id = public.app_user_id() and u.active for update;
  perform 1 from public.sessions s where s.id = public.app_session_id() and s.revoked_at is null;
  if not found then return false; end if;
  update public.user_passwords p set hash = new_hash, one_time_expires_at = null, one_time_used_at = null
   where p.user_id = public.app_user_id() and p.hash = verified;
  if not found then return false; end if;
  update public.users u set must_change_password = false where u.id = public.app_user_id();
  update public.sessions s set revoked_at = public.app_now()
   where s.user_id = public.app_user_id() and s.id <> public.app_session_id() and s.revoked_at is null;
  delete from public.devices d
   where d.user_id = public.app_user_id()
     and d.mark is distinct from (select s.device_mark from public.sessions s where s.id = public.app_session_id());
  perform public.app_forgive(name), public.app_security_event('password_changed', public.app_user_id());
  return true;
end $$;

CREATE FUNCTION public.app_choose_item() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if new.household_id is null then
    if tg_op = 'UPDATE' and old.household_id is not null then new.households_named := 0; end if;
    if new.item_automatic then new.hardship_item_id := null; end if;
  else
    new.households_count := 1;
    new.households_named := 1;
    -- In a merge the item follows its household.
    if new.item_automatic and coalesce(current_setting('app.step', true), '') <> 'merge' then
      new.hardship_item_id := (select item from public.app_item_for(new.household_id, new.village_id, new.category, new.given_on,
        case when tg_op = 'UPDATE' and old.status = 'confirmed' then old.hardship_item_id end) item);
    end if;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_choose_items(gifts uuid[], helped boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
begin
  update public.gift_recipients r set hardship_item_id = chosen.item
    from public.gift_recipients x
    join public.gifts g on g.id = x.gift_id
   left join lateral public.app_item_for(x.household_id, x.village_id, g.category, g.given_on,
           case when helped then x.hardship_item_id end) chosen(item) on true
   where x.gift_id = any (gifts) and x.item_automatic and r.gift_id = x.gift_id and r.household_id = x.household_id
     and r.hardship_item_id is distinct from chosen.item;
end $$;

CREATE FUNCTION public.app_choose_items_of_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  perform public.app_choose_items(array[new.id], old.status = 'confirmed');
  return null;
end $$;

CREATE FUNCTION public.app_claim(new_id uuid, new_resource text, new_hash bytea) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.app_communes() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.communes', true), '')::uuid[] $$;

COMMENT ON FUNCTION public.app_communes() IS 'Communes for which the caller''s organisation may record support of the commune itself';

CREATE FUNCTION public.app_condition(target regclass, shapes text[]) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  place constant text := '%1$sscope_path >= (select app_low()) and %1$sscope_path < (select app_high())';
  shape text;
  extra text;
  part text[];
  condition text not null := '';
  conditions text[] := '{}';
begin
  foreach shape in array shapes loop
    extra := substring(shape from ' where (.*)$');
    part := regexp_match(shape, 'part of (\w+) by (\w+)$');
    condition := case regexp_replace(regexp_replace(shape, ' where .*$', ''), ' of \w+ by \w+$', '')
      -- The record lies in the caller's range of places.
      when 'place' then format('(' || place || ')', '')
      -- The caller's organisation, or one that it succeeded, gave or promised it.
      when 'giver' then 'organisation_id = any ((select app_organisations())::uuid[])'
      -- The caller's organisation is twinned with the village today; a column condition may narrow it.
      when 'twinned' then format(case when extra is null then '%s' else '(%s and %s)' end,
        'village_id = any ((select app_villages())::uuid[])', extra)
      -- The same, or the commune itself.
      when 'twinned place' then '(village_id = any ((select app_villages())::uuid[]) or locality_id = any ((select app_communes())::uuid[]))'
      -- The caller sees the record that this one is a part of.
      when 'part' then format('exists (select from %1$s %2$s where %2$s.id = %3$s.%4$s)',
        part[1], left(part[1], 1), target, part[2])
      -- The same, for callers with twinned villages only: others skip the look-up of the whole.
      when 'twinned part' then format('((select app_villages()) is not null and exists (select from %1$s %2$s where %2$s.id = %3$s.%4$s))',
        part[1], left(part[1], 1), target, part[2])
      -- The same, for confirmed parts only.
      when 'twinned confirmed part' then format('(%3$s.status = ''confirmed'' and (select app_villages()) is not null and exists (select from %1$s %2$s where %2$s.id = %3$s.%4$s))',
        part[1], left(part[1], 1), target, part[2])
      -- The record that this one is a part of lies in the caller's range.
      when 'managed part' then format('exists (select from %1$s %2$s where %2$s.id = %3$s.%4$s and '
        || format(place, left(part[1], 1) || '.') || ')', part[1], left(part[1], 1), target, part[2])
      -- The same, or the whole is the caller's organisation.
      when 'own part' then format('exists (select from %1$s %2$s where %2$s.id = %3$s.%4$s and (%2$s.id = (select app_organisation()) or '
        || format(place, left(part[1], 1) || '.') || '))', part[1], left(part[1], 1), target, part[2])
      -- Loaders and jobs.
      when 'system' then '(select app_role()) = ''system'''
      -- Every caller that entered, keys and public operations included.
      when 'entered' then '(select app_role()) is not null'
      -- Also connections that did not enter.
      when 'everybody' then 'true'
    end;
    conditions := conditions || condition;
  end loop;
  return array_to_string(conditions, ' or ');
end $_$;

COMMENT ON FUNCTION public.app_condition(target regclass, shapes text[]) IS 'The condition of a policy: its shapes, joined by OR';

CREATE FUNCTION public.app_confirm_gifts(gifts uuid[], doubtful uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  gift uuid;
begin
  foreach gift in array gifts loop
    perform public.app_set('two_person', case when gift = any (doubtful) then 'doubt' else '' end);
    update public.gifts g set status = 'confirmed' where g.id = gift;
  end loop;
end $$;

COMMENT ON FUNCTION public.app_confirm_gifts(gifts uuid[], doubtful uuid[]) IS 'Confirms gifts, one after the other; the steps on the doubtful ones are marked';

CREATE FUNCTION public.app_consent_in_force(given_on date, expires_on date, withdrawn_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select given_on <= public.app_today() and (expires_on is null or expires_on >= public.app_today()) and withdrawn_at is null $$;

CREATE FUNCTION public.app_consenting(subjects uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  select coalesce(array_agg(s.id), '{}')
    from unnest(subjects) s(id) left join public.household_merges m on m.id = s.id
   where exists (select from public.household_consents c
                  where c.household_id = coalesce(m.household_id, s.id) and (c.organisation_id is null or c.organisation_id = public.app_organisation())
                    and public.app_consent_in_force(c.given_on, c.expires_on, c.withdrawn_at)));
end $$;

COMMENT ON FUNCTION public.app_consenting(subjects uuid[]) IS 'Those of the households that consented today that the caller''s organisation reads everything';

CREATE FUNCTION public.app_deletions_to_seal(newest smallint, most integer) RETURNS TABLE(id uuid, resource text, personal jsonb, sealed bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select d.id, d.resource, d.personal, d.sealed from public.deleted_records d
   where public.app_role() = 'system' and (d.personal is not null or d.sealed is not null and get_byte(d.sealed, 0) <> newest)
   order by d.personal is null limit most;
end $$;

COMMENT ON FUNCTION public.app_deletions_to_seal(newest smallint, most integer) IS 'Deleted rows whose personal fields are not sealed, or with another key than this one';

CREATE FUNCTION public.app_dependents(of_table text, subject uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
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
end $_$;

COMMENT ON FUNCTION public.app_dependents(of_table text, subject uuid) IS 'The number of rows that refer to a record and forbid its deletion, by table';

CREATE FUNCTION public.app_end_access(account uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  update public.sessions s set revoked_at = public.app_now() where s.user_id = account and s.revoked_at is null;
  delete from public.devices d where d.user_id = account;
end $$;

CREATE FUNCTION public.app_end_own_session(target uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  lost bytea;
begin
  update public.sessions s set revoked_at = public.app_now()
   where s.id = target and s.user_id = public.app_user_id() and s.revoked_at is null returning s.device_mark into lost;
  if not found then return false; end if;
  -- Deletes the device of a session that was ended from another session, as of a lost phone; the caller's own device stays.
  delete from public.devices d where d.user_id = public.app_user_id() and d.mark = lost and target <> public.app_session_id();
  perform public.app_security_event('session_ended', public.app_user_id());
  return true;
end $$;

CREATE FUNCTION public.app_end_session() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  update public.sessions s set revoked_at = public.app_now() where s.id = public.app_session_id() and s.revoked_at is null;
  perform public.app_security_event('sign_out', public.app_user_id());
end $$;

CREATE FUNCTION public.app_end_sessions(name text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  ended bigint;
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  -- Locks in the order of a sign-in: the account, then its devices and sessions.
  perform from public.users u where name is null or u.username = name order by u.id for update;
  with gone as (
    update public.sessions s set revoked_at = public.app_now()
      from public.users u where u.id = s.user_id and s.revoked_at is null and (name is null or u.username = name)
    returning s.user_id), forgotten as (
    delete from public.devices d using public.users u where u.id = d.user_id and (name is null or u.username = name))
  insert into public.audit_events (at, actor_role, resource, record_id, action, step)
  select public.app_now(), public.app_role(), 'users', g.user_id, 'security', 'session_ended' from gone g;
  get diagnostics ended = row_count;
  return ended;
end $$;

COMMENT ON FUNCTION public.app_end_sessions(name text) IS 'Ends the sessions of an account, or of all accounts, with an audit entry for each, and deletes the devices; for operators';

CREATE FUNCTION public.app_end_village(village uuid, ends date, successors uuid[], basis text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if 1 + cardinality(successors) <> (select count(*) from public.localities l where l.id = any (array_append(successors, village))
      and l.level = 'village' and public.app_in_range(l.scope_path)) then
    perform public.app_refuse('app_not_found');
  end if;
  -- Later versions only followed a commune to its successor: the service has refused others.
  delete from public.locality_versions v where v.locality_id = village and v.valid_from > ends;
  update public.locality_versions v set valid_to = ends where v.locality_id = village and coalesce(v.valid_to > ends, true);
  perform public.app_show_version(village, null);
  update public.locality_flags f set to_on = ends
   where f.locality_id = village and coalesce(f.from_on <= ends, true) and coalesce(f.to_on > ends, true);
  update public.locality_posts p set to_on = ends
   where p.locality_id = village and coalesce(p.from_on <= ends, true) and coalesce(p.to_on > ends, true);
  insert into public.locality_successions (id, predecessor_id, successor_id, effective_on, extent, certain, legal_basis)
  select gen_random_uuid(), village, s.id, ends + 1, case cardinality(successors) when 1 then 'whole' else 'part' end,
         cardinality(successors) = 1, basis
    from unnest(successors) s(id);
  update public.localities l set valid_to = ends, end_legal_basis = basis where l.id = village;
  update public.localities l
     set scope_path = s.scope_path || l.label || '.', province_id = s.province_id, district_id = s.district_id,
         commune_id = s.commune_id, merged_into_id = coalesce(s.merged_into_id, s.id)
    from public.localities s, public.tree_day t
   where l.id = village and s.id = any (successors) and cardinality(successors) = 1 and ends < t.day;
end $$;

COMMENT ON FUNCTION public.app_end_village(village uuid, ends date, successors uuid[], basis text) IS 'Ends a village, with its successors; the villages are in the caller''s range';

CREATE FUNCTION public.app_enter(session uuid, token_auth_version integer, token_generation integer, moment timestamp with time zone, request uuid) RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  who record;
  place record;
  giver record;
  outcome smallint := 1;
  today date := (moment at time zone 'Asia/Ho_Chi_Minh')::date;
begin
  select u.id, u.role, u.rank, u.locality_id, u.organisation_id, s.generation, s.used_generation into who
    from public.sessions s join public.users u on u.id = s.user_id
   where s.id = session and s.revoked_at is null and u.active and u.auth_version = token_auth_version;
  if not found then return 0; end if;
  if token_generation = who.generation and token_generation > who.used_generation then outcome := 2; end if;

  perform public.app_set('now', moment::text), public.app_set('request_id', request::text),
          public.app_set('session_id', session::text), public.app_set('user_id', who.id::text),
          public.app_set('role', who.role), public.app_set('rank', who.rank::text);

  if who.role = 'admin' then
    perform public.app_set('low', '0.'), public.app_set('high', '0/');
    return outcome;
  end if;

  if who.role = 'village_head' and current_setting('transaction_read_only') = 'off' then
    -- Locks the village until the transaction ends: a village that moves meanwhile would leave the range that is set below,
    -- and the head's own records with it.
    perform 1 from public.localities l where l.id = who.locality_id for key share;
  end if;
  if who.locality_id is not null then
    -- An account whose place has ended may sign in and sees no record.
    select l.scope_path into place from public.localities l, public.tree_day t
     where l.id = who.locality_id and (l.valid_from is null or l.valid_from <= t.day) and (l.valid_to is null or l.valid_to >= t.day);
    if not found then perform public.app_set('role', null); return outcome; end if;
    -- '/' follows '.' in the collation C, so the range holds every text that begins with the path.
    perform public.app_set('low', place.scope_path), public.app_set('high', left(place.scope_path, -1) || '/');
  end if;

  select o.id, o.kind into giver from public.organisations o
   where o.id = who.organisation_id or o.place_id = who.locality_id;
  if found then
    perform public.app_set('organisation', giver.id::text),
            public.app_set('organisations', public.app_successions(giver.id)::text),
            public.app_set('withholds', (who.role = 'twinning_unit' and giver.kind = any (public.app_non_state_kinds()))::text);
    -- After its end, also that of the organisation, a twinning gives no village.
    perform public.app_set('villages', (array_agg(distinct v.id) filter (where v.level = 'village'))::text),
            public.app_set('communes', (array_agg(distinct v.id) filter (where v.level = 'commune'))::text)
       from public.twinnings t
       -- A village that merged into a twinned one lies below it, and is not twinned.
       join public.localities v on v.level in ('village', 'commune') and v.merged_into_id is distinct from t.locality_id
        and v.scope_path >= t.scope_path and v.scope_path < left(t.scope_path, -1) || '/'
      where t.organisation_id = giver.id and public.app_twinning_active(t, today);
  end if;
  return outcome;
end $$;

COMMENT ON FUNCTION public.app_enter(session uuid, token_auth_version integer, token_generation integer, moment timestamp with time zone, request uuid) IS 'Enters the transaction as the user of a session: sets caller, scope and moment; 0: refused, 1: entered, 2: entered, with the first use of the newest access token';

CREATE FUNCTION public.app_enter_as(account uuid, token_auth_version integer, moment timestamp with time zone, request uuid) RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  momentary constant uuid := gen_random_uuid();
  outcome smallint;
begin
  insert into public.sessions (id, user_id, created_at, refreshed_at)
  select momentary, u.id, moment, moment from public.users u where u.id = account;
  outcome := public.app_enter(momentary, token_auth_version, -1, moment, request);
  delete from public.sessions s where s.id = momentary;
  if outcome > 0 then
    perform public.app_set('session_id', null), public.app_security_event('entered_by_operator', account);
  end if;
  return outcome;
end $$;

COMMENT ON FUNCTION public.app_enter_as(account uuid, token_auth_version integer, moment timestamp with time zone, request uuid) IS 'Enters the transaction as a user for whom an operator acts, with an audit entry; returns 0 or 1 like app_enter';

CREATE FUNCTION public.app_enter_key(key uuid, hash bytea, moment timestamp with time zone, request uuid) RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  place record;
begin
  select k.scope_path, k.locality_id into place from public.api_keys k
   where k.id = key and k.secret_hash = hash
     and (k.expires_on is null or k.expires_on >= (moment at time zone 'Asia/Ho_Chi_Minh')::date);
  if not found then return 0; end if;
  perform public.app_set('now', moment::text), public.app_set('request_id', request::text),
          public.app_set('user_id', key::text), public.app_set('role', 'key'), public.app_set('place', place.locality_id::text),
          public.app_set('low', place.scope_path), public.app_set('high', left(place.scope_path, -1) || '/');
  return 1;
end $$;

CREATE FUNCTION public.app_enter_public(moment timestamp with time zone, request uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform app_set('now', moment::text), app_set('role', 'public'), app_set('request_id', request::text);
end $$;

COMMENT ON FUNCTION public.app_enter_public(moment timestamp with time zone, request uuid) IS 'For operations without sign-in: reads public tables only';

CREATE FUNCTION public.app_enter_system(moment timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform app_set('now', moment::text), app_set('role', 'system'), app_set('low', '0.'), app_set('high', '0/');
end $$;

COMMENT ON FUNCTION public.app_enter_system(moment timestamp with time zone) IS 'For loaders and jobs: they read and write every row';

CREATE FUNCTION public.app_fold(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ select trim(regexp_replace(
          translate(regexp_replace(normalize(lower(value), nfd), '[\u0300-\u036f]', '', 'g'),
            'ðøđħłŧƀƃƈƌƒƙƚƥƫƭƴƶǥȡȥȴȵȶȼȿɀɇɉɋɍɏɓɕɖɗɠɦɨɭɱɲɳɽɾʂʈʋʐʑʝʠᵽⱡⱥⱦⱱⱳⱴꝁꝃꝅꝉꝋꝑꝕꝗꝙꝟꞎꞓꞔꞕꞙꞡꞣꞥꞧꞩꞹꟈꟊ',
            'dodhltbbcdfklpttyzgdzlntcszejqrybcddghilmnnrrstvzzjqplatvwvkkkloppqqvlcchfgknrsuds'),
          '[^a-z0-9]+', ' ', 'g')) $$;

COMMENT ON FUNCTION public.app_fold(value text) IS 'Case, diacritics, strokes, hooks and punctuation folded away: Kông Chro = kong chro; `text::fold` does the same';

CREATE FUNCTION public.app_follow_end() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_table_name = 'organisations' then
    update public.twinnings t set ends_on = new.valid_to
     where t.organisation_id = new.id and t.starts_on <= new.valid_to and (t.ends_on is null or t.ends_on > new.valid_to);
  end if;
  update public.twinnings t set last_day = public.app_last_day(t)
   where case tg_table_name when 'programmes' then t.programme_id = new.id when 'organisations' then t.organisation_id = new.id
         else t.locality_id = new.id end
     and t.last_day is distinct from public.app_last_day(t);
  return null;
end $$;

CREATE FUNCTION public.app_follow_item() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  key constant text := tg_argv[0];
begin
  if tg_op <> 'INSERT' then perform public.app_refresh_item((to_jsonb(old) ->> key)::uuid); end if;
  if tg_op <> 'DELETE' then perform public.app_refresh_item((to_jsonb(new) ->> key)::uuid); end if;
  return null;
end $$;

CREATE FUNCTION public.app_follow_items() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  perform public.app_refresh_item(r.hardship_item_id)
     from (select x.hardship_item_id from public.gift_recipients x where x.gift_id = new.id and x.hardship_item_id is not null
            order by x.hardship_item_id) r;
  return null;
end $$;

CREATE FUNCTION public.app_follow_member() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'DELETE' then
    delete from public.household_private p where p.household_id = old.household_id and p.subject_id = old.id;
  else
    update public.household_private p set household_id = new.household_id
     where p.household_id = old.household_id and p.subject_id = old.id;
  end if;
  return null;
end $$;

CREATE FUNCTION public.app_follow_recipients() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  items uuid[];
begin
  select array_agg(c.hardship_item_id) into items from changed c join public.gifts g on g.id = c.gift_id and g.status = 'confirmed';
  if tg_op = 'UPDATE' then
    select items || array_agg(c.hardship_item_id) into items from former c join public.gifts g on g.id = c.gift_id and g.status = 'confirmed';
  end if;
  perform public.app_refresh_item(x.item) from (select distinct item from unnest(items) item order by item) x;
  return null;
end $$;

CREATE FUNCTION public.app_forget(most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  now constant timestamptz := public.app_now();
  gone integer;
  total integer := 0;
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  -- Sessions 30 days after their end, or 400 days after the last refresh; their tokens are deleted by the foreign key.
  delete from public.sessions s where s.id in (
    select x.id from public.sessions x where x.revoked_at < now - interval '30 days' limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.sessions s where s.id in (
    select x.id from public.sessions x where x.revoked_at is null and x.refreshed_at < now - interval '400 days' limit most);
  get diagnostics gone = row_count; total := total + gone;
  -- Phones repeat requests after weeks, not after years.
  delete from public.creations c where c.id in (
    select x.id from public.creations x where x.created_at < now - interval '2 years' limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.steps s where s.record_id in (
    select x.record_id from public.steps x where x.taken_at < now - interval '2 years' limit most);
  get diagnostics gone = row_count; total := total + gone;
  -- The id of a deleted record stays taken; its content is emptied.
  update public.deleted_records d set content = '{}', personal = null, sealed = null where (d.id, d.resource) in (
    select x.id, x.resource from public.deleted_records x where x.content <> '{}' and x.deleted_at < now - interval '1 year' limit most);
  get diagnostics gone = row_count; total := total + gone;
  -- Counters without an attempt for 30 days: otherwise guessed names would fill the table.
  delete from public.sign_in_failures f where f.subject in (
    select x.subject from public.sign_in_failures x where x.last_at < now - interval '30 days' limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.sign_in_addresses a where a.hour < now - interval '2 hours';
  delete from public.account_makers m where m.made_at < now - make_interval(days => greatest(public.app_two_person_days(), 400));
  return total;
end $$;

COMMENT ON FUNCTION public.app_forget(most integer) IS 'Deletes rows whose retention has ended, at most a number of each kind';

CREATE FUNCTION public.app_forget_step(record uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  delete from public.steps s where s.record_id = record;
end $$;

CREATE FUNCTION public.app_forgive(username text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  delete from public.sign_in_failures f
   where f.subject in ('name ' || username, 'password ' || username)
      or f.subject >= 'device ' || username || ' ' and f.subject < 'device ' || username || '!';
end $$;

COMMENT ON FUNCTION public.app_forgive(username text) IS 'Deletes the failure counters of an account: by name, by device, and of changes of its password';

CREATE FUNCTION public.app_former_places() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  with recursive above as (
    select former.id
      from public.localities l
     cross join lateral (select v.parent_id from public.locality_versions v where v.locality_id = l.id
                          union all
                         select s.predecessor_id from public.locality_successions s where s.successor_id = l.id) former(id)
     where public.app_role() in ('commune', 'district') and l.level = 'village'
       and l.scope_path >= public.app_low() and l.scope_path < public.app_high()
     union
    select v.parent_id from above a join public.locality_versions v on v.locality_id = a.id
  )
  select array_agg(l.id) from above join public.localities l using (id) where l.valid_to is not null and l.level <> 'province');
end $$;

COMMENT ON FUNCTION public.app_former_places() IS 'Ended communes and districts in which a village of the caller''s range lay, and villages that ended into one';

CREATE FUNCTION public.app_former_residents(days date[]) RETURNS TABLE(village_id uuid, on_day date, poverty_status text, standard text, special_hardship boolean, minority boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select r.village_id, day, a.poverty_status, a.standard, h.special_hardship, h.ethnic_group <> '01'
    from unnest(days) day
    join public.household_residences r on r.scope_path >= public.app_low() and r.scope_path < public.app_high()
     and public.app_lived_on(r.from_on, r.until_on, day)
    join public.households h on h.id = r.household_id and public.app_active_on(h.status, h.status_since, day)
    cross join lateral public.app_latest_assessment(h.id, day) a;
end $$;

COMMENT ON FUNCTION public.app_former_residents(days date[]) IS 'Assessed households on days on which they lived in a village that they left';

CREATE FUNCTION public.app_fresh_deletions(most integer) RETURNS TABLE(id uuid, resource text, personal jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select d.id, d.resource, d.personal from public.deleted_records d
   where public.app_role() = 'system' and d.personal is not null order by d.deleted_at limit most;
end $$;

CREATE FUNCTION public.app_give_one_time_password(who uuid, new_hash text, expires timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update users u set must_change_password = true, auth_version = u.auth_version + 1 where u.id = who;
  if not found then perform app_refuse('app_not_found'); end if;
  perform app_replace_password(who, new_hash, expires);
end $$;

CREATE FUNCTION public.app_gives_at_home(organisation uuid, path text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return exists (select from public.organisations o join public.localities l on l.id = o.place_id
    where o.id = organisation and l.level = 'commune' and starts_with(path, l.scope_path));
end $$;

COMMENT ON FUNCTION public.app_gives_at_home(organisation uuid, path text) IS 'Whether an organisation is a commune, and a place lies in it';

CREATE FUNCTION public.app_has_account(organisation uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (select from public.users u where u.active and u.organisation_id = organisation)
      or exists (select from public.organisations o join public.users u on u.locality_id = o.place_id where o.id = organisation and u.active);
end $$;

COMMENT ON FUNCTION public.app_has_account(organisation uuid) IS 'Whether an active account belongs to an organisation, or to the place that it represents';

CREATE FUNCTION public.app_high() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.high', true), '') $$;

COMMENT ON FUNCTION public.app_high() IS 'End of the caller''s range of places (exclusive)';

CREATE FUNCTION public.app_hold_approved(list uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select l.status = 'approved' from public.hardship_lists l where l.id = list for share);
end $$;

CREATE FUNCTION public.app_household_decided(subject uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (select from public.hardship_items i where i.household_id = subject and i.approved)
      or exists (select from public.gifts g where g.household_id = subject and g.status <> 'recorded')
      or exists (select from public.gift_recipients r join public.gifts g on g.id = r.gift_id
                  where r.household_id = subject and g.status <> 'recorded');
end $$;

COMMENT ON FUNCTION public.app_household_decided(subject uuid) IS 'Whether a list approved the household, or a gift to it was confirmed, disputed or settled';

CREATE FUNCTION public.app_household_history(subject uuid) RETURNS TABLE(id uuid, kind text, happened_on date, recorded_at timestamp with time zone, household_id uuid, year integer, round_kind text, poverty_status text, deprivations text[], poverty_causes text[], assessment_status text, corrected boolean, from_village_id uuid, from_village_name text, village_id uuid, village_name text, from_status text, status text, merged_household_id uuid, fields text[], actor_id uuid, actor_name text, actor_role text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  with home as (
    select h.id, coalesce(h.scope_path >= public.app_low() and h.scope_path < public.app_high(), false) as inside
      from public.households h
     where h.id = subject and (h.scope_path >= public.app_low() and h.scope_path < public.app_high()
                               or h.village_id = any (public.app_villages()) and h.listed)
  ), records as (
    select home.id from home union all select m.id from public.household_merges m join home on m.household_id = home.id
  ), events as (
    -- Entries of loaders have no request id: those of one moment form one line. Its id begins with the moment, like the UUIDv7 of a
    -- request, so that ids order the lines of one day.
    select coalesce(e.request_id, (lpad(to_hex((extract(epoch from e.at) * 1000)::bigint), 12, '0') || right(md5(e.at::text), 20))::uuid) as request, e.at, e.record_id, e.action, e.step, e.actor_id, e.actor_role,
           e.old_values, e.new_values, field.name as field
      from public.audit_events e join records r on r.id = e.record_id
      left join lateral (
        select key as name from jsonb_object_keys(e.new_values) key union select unnest(e.personal_fields)) field on e.action = 'update'
     where e.resource = 'households' and e.action in ('create', 'update', 'delete')
  ), lines as (
    select e.request, e.at, min(e.actor_id::text)::uuid as actor_id, min(e.actor_role) as actor_role,
           bool_or(e.action = 'create') as registered, coalesce(bool_or(e.step = 'merge'), false) as merging,
           (min(e.record_id::text) filter (where e.action <> 'delete'))::uuid as record_id,
           (min(e.record_id::text) filter (where e.action = 'delete'))::uuid as merged_id,
           (max(e.old_values ->> 'village_id') filter (where e.action = 'update'))::uuid as from_village,
           (max(e.new_values ->> 'village_id') filter (where e.action <> 'delete'))::uuid as village,
           max(e.old_values ->> 'status') filter (where e.action = 'update') as from_status,
           max(e.new_values ->> 'status') filter (where e.action <> 'delete') as status,
           (max(e.new_values ->> 'status_since') filter (where e.action = 'update'))::date as since,
           (max(e.new_values ->> 'moved_on') filter (where e.action = 'update'))::date as moved_on,
           -- Leaves out columns that the database derives, and those that an assessment writes.
           array_agg(distinct e.field) filter (where e.field not in ('head_fold', 'special_hardship', 'listed', 'acted_by', 'on_behalf_of',
             'poverty_status', 'poverty_year', 'poverty_assessed_on', 'poverty_standard', 'deprivations', 'poverty_causes')) as fields,
           exists (select from public.audit_events m
                    where m.at = e.at and m.request_id = e.request and m.resource = 'household_members') as with_members
      from events e group by e.request, e.at
  ), entries as (
    select l.request as id,
           case when l.merging then 'merged' when l.registered then 'registered'
                when l.from_village <> l.village then 'moved' when l.from_status <> l.status then 'status_changed'
                else 'changed' end as kind,
           coalesce(case when l.from_village <> l.village then l.moved_on when l.from_status <> l.status then l.since end, (l.at at time zone 'Asia/Ho_Chi_Minh')::date) as happened_on, l.at as recorded_at,
           coalesce(l.record_id, subject) as household_id, null::integer as year, null::text as round_kind, null::text as poverty_status,
           '{}'::text[] as deprivations, '{}'::text[] as poverty_causes, null::text as assessment_status, null::boolean as corrected,
           l.from_village as from_village_id, l.village as village_id, l.from_status, l.status, l.merged_id as merged_household_id,
           coalesce(l.fields, '{}') || case when l.with_members and not l.registered then '{members}' else '{}'::text[] end as fields,
           l.actor_id, l.actor_role
      from lines l
    union all
    select a.id, 'assessed', a.assessed_on, a.updated_at, subject, a.round_year, a.round_kind, a.poverty_status, a.deprivations,
           a.poverty_causes, a.status, a.corrected_by_id is not null, null, null, null, null, null, '{}', a.assessor_id, null
      from public.household_assessments a join home on a.household_id = home.id
     where home.inside or a.status = 'confirmed'
  )
  select e.id, e.kind, e.happened_on, e.recorded_at, e.household_id, e.year, e.round_kind, e.poverty_status, e.deprivations, e.poverty_causes,
         e.assessment_status, e.corrected, origin.id, public.app_place_name(origin.id), e.village_id, public.app_place_name(e.village_id),
         e.from_status, e.status, e.merged_household_id,
         case when home.inside then e.fields else '{}' end,
         case when home.inside then e.actor_id end, case when home.inside then u.full_name end,
         case when home.inside then coalesce(e.actor_role, u.role) end
    from entries e cross join home left join public.users u on u.id = e.actor_id
    -- Does not name a village that the caller may not see.
    left join public.localities origin on origin.id = e.from_village_id
     and (origin.scope_path >= public.app_low() and origin.scope_path < public.app_high() or origin.id = any (public.app_villages()))
   where e.kind <> 'changed' or (home.inside and e.fields <> '{}');
end $$;

COMMENT ON FUNCTION public.app_household_history(subject uuid) IS 'The history of a household that the caller sees; no row for any other';

CREATE FUNCTION public.app_in_complete_register(subject uuid, of_year integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  village uuid;
begin
  select coalesce((select r.village_id from public.household_residences r
                    where r.household_id = h.id and public.app_lived_on(r.from_on, r.until_on, public.app_register_day(of_year))), h.village_id)
    into village from public.households h where h.id = subject;
  perform pg_advisory_xact_lock_shared(hashtextextended(village::text, of_year));
  return exists (select from public.village_registers g where g.village_id = village and g.year = of_year and g.complete);
end $$;

CREATE FUNCTION public.app_in_range(path text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(path collate "C" >= public.app_low() and path collate "C" < public.app_high(), false) $$;

COMMENT ON FUNCTION public.app_in_range(path text) IS 'Whether the caller''s range contains a path; policies write the comparison out, so that it can use an index';

CREATE FUNCTION public.app_index_household() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'UPDATE' then
    if new.head_name = old.head_name then return null; end if;
    delete from public.household_words w where w.household_id = new.id;
  end if;
  insert into public.household_words (household_id, scope_path, word)
  select new.id, new.scope_path, word from public.app_index_words(new.head_name) word;
  return null;
end $$;

CREATE FUNCTION public.app_index_localities() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  insert into public.locality_words (locality_id, word)
  select distinct n.locality_id, word from named n cross join lateral public.app_index_words(n.name) word
  on conflict do nothing;
  return null;
end $$;

CREATE FUNCTION public.app_index_words(value text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select word from public.app_words(value || ' ' || translate(value, '''’‘ʼ`´', '')) word $$;

COMMENT ON FUNCTION public.app_index_words(value text) IS 'Words of a name for the index; a search is split by app_words';

CREATE FUNCTION public.app_is_urban(village uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  select v.kind = 'to_dan_pho' or coalesce(c.kind in ('phuong', 'thi_tran'), false)
    from public.localities v left join public.localities c on c.id = v.parent_id where v.id = village);
end $$;

COMMENT ON FUNCTION public.app_is_urban(village uuid) IS 'Whether a village is urban: a residential group, or part of a ward or township';

CREATE FUNCTION public.app_item_for(household uuid, village uuid, category text, day date, current uuid) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    AS $$
  select x.id
    from (select i.id, l.approved_at, i.needs && public.app_needs_of(category) as fits, count(*) over () as all_items
            from public.hardship_items i join public.hardship_lists l on l.id = i.list_id
           where i.household_id = household and i.village_id = village and i.approved and not i.dropped
             and l.year = extract(year from day) and (i.status <> 'helped' or i.id = current)) x
   where x.fits or x.all_items = 1
   order by x.fits desc, x.approved_at, x.id limit 1 $$;

CREATE FUNCTION public.app_item_held(item uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (select from public.pledges p where p.item_id = item)
      or exists (select from public.gifts g where g.hardship_item_id = item)
      or exists (select from public.gift_recipients r where r.hardship_item_id = item);
end $$;

COMMENT ON FUNCTION public.app_item_held(item uuid) IS 'Whether a pledge or gift refers to a line of a hardship list';

CREATE FUNCTION public.app_items_met(items uuid[], day date) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return query
  select g.hardship_item_id from public.gifts g
   where g.hardship_item_id = any (items) and g.status = 'confirmed' and g.given_on <= day
   union all
  select r.hardship_item_id from public.gift_recipients r join public.gifts g on g.id = r.gift_id
   where r.hardship_item_id = any (items) and g.status = 'confirmed' and g.given_on <= day
   union all
  select p.item_id from public.pledges p
   where p.item_id = any (items) and (p.created_at at time zone 'Asia/Ho_Chi_Minh')::date <= day;
end $$;

COMMENT ON FUNCTION public.app_items_met(items uuid[], day date) IS 'Those of the items that had a pledge or a confirmed gift on a day, by the gifts and pledges of today';

CREATE FUNCTION public.app_keep_answer(record uuid, kept jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  update public.steps s set answer = kept where s.record_id = record;
end $$;

CREATE FUNCTION public.app_keep_identity() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if (new.kind, new.place_id, new.locality_id) is distinct from (old.kind, old.place_id, old.locality_id)
     and (exists (select from public.twinnings t where t.organisation_id = new.id)
       or exists (select from public.visits v where v.organisation_id = new.id)
       or exists (select from public.gifts g where g.organisation_id = new.id)
       or exists (select from public.pledges p where p.organisation_id = new.id)) then
    raise exception 'the organisation is a party' using constraint = 'app_in_use', errcode = 'foreign_key_violation';
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_keep_inside(subjects uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  outside record;
begin
  -- Waits for records whose transaction is not committed yet.
  perform 1 from public.twinnings t where t.id = any (subjects) order by t.id for update;
  select count(*) filter (where x.starts_on < x.first or coalesce(x.ends_on, x.starts_on) > x.last) as twinnings,
         coalesce(sum((select count(*) from public.visits r where r.twinning_id = x.id
           and (r.visited_on < x.starts_on or r.visited_on > x.last_day or public.app_suspended(x.suspensions, r.visited_on)))), 0) as visits,
         coalesce(sum((select count(*) from public.gifts r where r.twinning_id = x.id
           and (r.given_on < x.starts_on or r.given_on > x.last_day or public.app_suspended(x.suspensions, r.given_on)))), 0) as gifts
    into outside
    from (select t.*, greatest(p.effective_on, o.valid_from, l.valid_from) as first, least(p.ends_on, o.valid_to, l.valid_to) as last
            from public.twinnings t
            join public.programmes p on p.id = t.programme_id
            join public.organisations o on o.id = t.organisation_id
            join public.localities l on l.id = t.locality_id
           where t.id = any (subjects)) x;
  if outside.twinnings + outside.visits + outside.gifts > 0 then
    raise exception 'records lie outside' using constraint = 'app_in_use', errcode = 'foreign_key_violation', detail = to_jsonb(outside)::text;
  end if;
end $$;

COMMENT ON FUNCTION public.app_keep_inside(subjects uuid[]) IS 'Raises app_in_use, with counts, where twinnings or their records lie outside their days';

CREATE FUNCTION public.app_keep_own() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if current_user = 'app' and not public.app_in_range(old.scope_path)
     and (to_jsonb(new) - 'updated_at') <> (to_jsonb(old) - 'updated_at') then
    raise exception 'only officials above an organisation change it' using constraint = 'organisations_own', errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_keep_residence() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if new.village_id <> old.village_id then
    new.moved_on := coalesce(new.moved_on, public.app_today());
    insert into public.household_residences (household_id, village_id, scope_path, from_on, until_on)
    select old.id, old.village_id, old.scope_path, old.moved_on, new.moved_on - 1
     where old.moved_on is null or old.moved_on < new.moved_on;
  elsif new.moved_on <> old.moved_on then
    update public.household_residences r set until_on = new.moved_on - 1
     where r.household_id = old.id and r.until_on = old.moved_on - 1;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_keep_twinnings_inside() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_table_name = 'twinnings' then
    perform public.app_keep_inside(array(select n.id from changed n join former o using (id)
      where (n.starts_on, n.ends_on, n.last_day, n.suspensions) is distinct from (o.starts_on, o.ends_on, o.last_day, o.suspensions)));
  elsif tg_table_name = 'programmes' then
    perform public.app_keep_inside(array(select t.id from public.twinnings t where t.programme_id = new.id));
  else
    perform public.app_keep_inside(array(select t.id from public.twinnings t where t.organisation_id = new.id));
  end if;
  return null;
end $$;

CREATE FUNCTION public.app_keep_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- Ignores changes of its own account, such as its password.
  if exists (select from public.audit_events e
              where e.actor_id = old.id and e.action <> 'security' and (e.resource, e.record_id) <> ('users', old.id)) then
    raise exception 'the account has acted' using constraint = 'app_in_use', errcode = 'foreign_key_violation';
  end if;
  return old;
end $$;

CREATE FUNCTION public.app_kept_answer(record uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select s.answer from public.steps s where s.record_id = record);
end $$;

COMMENT ON FUNCTION public.app_kept_answer(record uuid) IS 'The answer of the last step of a record, for its repetition';

CREATE TABLE public.twinnings (
    id uuid NOT NULL,
    programme_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    organisation_scope_path text NOT NULL COLLATE pg_catalog."C",
    locality_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    lead boolean NOT NULL,
    decision_number text,
    decision_date date,
    starts_on date NOT NULL,
    ends_on date,
    last_day date,
    suspensions jsonb DEFAULT '[]'::jsonb NOT NULL,
    predecessor_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT twinnings_period CHECK ((starts_on <= ends_on)),
    CONSTRAINT twinnings_predecessor_other CHECK ((predecessor_id <> id))
);

ALTER TABLE ONLY public.twinnings FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.twinnings IS 'An organisation is twinned with a place (kết nghĩa), under a programme, for a time';

COMMENT ON COLUMN public.twinnings.lead IS 'Leads (chủ trì) rather than takes part (phối hợp)';

COMMENT ON COLUMN public.twinnings.last_day IS 'The earliest end (inclusive) of the twinning, its programme, organisation and place; null: open';

COMMENT ON COLUMN public.twinnings.suspensions IS 'Entries of Suspension in their order; a change replaces all of them';

COMMENT ON COLUMN public.twinnings.predecessor_id IS 'The twinning that this one continues with another organisation, place or programme';

CREATE FUNCTION public.app_last_day(t public.twinnings) RETURNS date
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  select least(t.ends_on, p.ends_on, o.valid_to, l.valid_to)
    from public.programmes p, public.organisations o, public.localities l
   where p.id = t.programme_id and o.id = t.organisation_id and l.id = t.locality_id);
end $$;

COMMENT ON FUNCTION public.app_last_day(t public.twinnings) IS 'The earliest end of a twinning, its programme, organisation and place';

CREATE FUNCTION public.app_last_day_of_new() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'INSERT' then
    perform 1 from public.programmes p where p.id = new.programme_id for share;
    perform 1 from public.organisations o where o.id = new.organisation_id for share;
    perform 1 from public.localities l where l.id = new.locality_id for share;
  end if;
  new.last_day := public.app_last_day(new);
  return new;
end $$;

CREATE FUNCTION public.app_late_entry_days() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(nullif(current_setting('app.late_entry_days', true), '')::integer, 90) $$;

COMMENT ON FUNCTION public.app_late_entry_days() IS 'LATE_ENTRY_DAYS: days after the last day of a twinning in which the unit may still record what happened before';

CREATE FUNCTION public.app_latest_assessment(subject uuid, on_day date) RETURNS TABLE(poverty_status text, round_year integer, assessed_on date, standard text, deprivations text[], poverty_causes text[])
    LANGUAGE sql STABLE
    AS $$
  select a.poverty_status, a.round_year, a.assessed_on, a.standard, a.deprivations, a.poverty_causes
    from public.household_assessments a
   where a.household_id = subject and a.status = 'confirmed' and a.corrected_by_id is null and a.assessed_on <= on_day
   order by a.assessed_on desc, a.created_at desc, a.id desc limit 1 $$;

COMMENT ON FUNCTION public.app_latest_assessment(subject uuid, on_day date) IS 'The assessment that counts for a household on a day; no row without one';

CREATE FUNCTION public.app_leads_there(programme uuid, locality uuid, begins date) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (select from public.twinnings t where t.programme_id = programme and t.locality_id = locality and t.lead
                    and coalesce(t.last_day, begins) >= begins);
end $$;

COMMENT ON FUNCTION public.app_leads_there(programme uuid, locality uuid, begins date) IS 'Whether a leading organisation is twinned with a place on a day or later';

CREATE FUNCTION public.app_list_where_it_lives() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  new.listed := exists (select from public.hardship_items i
                         where i.household_id = new.id and i.village_id = new.village_id and i.approved);
  return new;
end $$;

CREATE FUNCTION public.app_lived_on(from_on date, until_on date, day date) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select coalesce(from_on <= day, true) and coalesce(until_on >= day, true) $$;

COMMENT ON FUNCTION public.app_lived_on(from_on date, until_on date, day date) IS 'Whether a residence, with a first day that may be unknown, includes a day';

CREATE FUNCTION public.app_lock_register(of_village uuid, of_year integer) RETURNS void
    LANGUAGE sql
    AS $$ select pg_advisory_xact_lock(hashtextextended(of_village::text, of_year)) $$;

CREATE FUNCTION public.app_low() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.low', true), '') $$;

COMMENT ON FUNCTION public.app_low() IS 'First scope_path of the caller''s range of places (inclusive); null: an empty range';

CREATE FUNCTION public.app_mark_support(villages uuid[], years integer[], households uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
begin
  perform 1 from public.households h where h.id = any (households) order by h.id for no key update;
  -- OFFSET 0 and no sequential scan keep nested loops over indexes: the plan is made once, perhaps while a table is still empty, and a
  -- gift has few marks.
  insert into public.support_changes (village_id, scope_path, year)
  select touched.village_id, l.scope_path, touched.year
    from (select * from unnest(villages, years)
           union
          select other.village_id, extract(year from other.day)::integer
            from (select distinct * from unnest(villages, households)) given(village_id, household_id)
           cross join lateral (
             select g.village_id, g.given_on from public.gifts g where g.household_id = given.household_id and g.village_id < given.village_id
              union all
             select g.village_id, g.given_on from public.gifts g where g.household_id = given.household_id and g.village_id > given.village_id
              union all
             select r.village_id, g.given_on from public.gift_recipients r join public.gifts g on g.id = r.gift_id
              where r.household_id = given.household_id and r.village_id < given.village_id
              union all
             select r.village_id, g.given_on from public.gift_recipients r join public.gifts g on g.id = r.gift_id
              where r.household_id = given.household_id and r.village_id > given.village_id
             offset 0) other(village_id, day)
         ) touched(village_id, year)
   cross join lateral (select x.scope_path from public.localities x where x.id = touched.village_id offset 0) l;
end $$;

COMMENT ON FUNCTION public.app_mark_support(villages uuid[], years integer[], households uuid[]) IS 'Marks places, each with a year, and the other villages in which the same households received gifts';

CREATE FUNCTION public.app_matches(value text, part text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ select public.app_fold(part) <> '' and public.app_fold(value) like '%' || public.app_fold(part) || '%' $$;

COMMENT ON FUNCTION public.app_matches(value text, part text) IS 'Whether a text contains a part, without case and diacritics; uses no index, so for short lists only';

CREATE FUNCTION public.app_may_have_lain_in(place uuid, present uuid, day date) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return (
  with recursive before as (
    select s.predecessor_id as id from locality_successions s where s.successor_id = present
     union
    select s.predecessor_id from before b join locality_successions s on s.successor_id = b.id
  )
  select exists (select from before b where b.id = place
    or app_ancestor(b.id, 'province', day) = app_ancestor(place, 'province', day)));
end $$;

CREATE FUNCTION public.app_may_succeed(programme uuid, organisation uuid, locality uuid, begins date) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (select from public.programmes p, public.organisations o, public.localities l
                  where p.id = programme and p.effective_on <= begins and coalesce(p.ends_on, begins) >= begins
                    and o.id = organisation and coalesce(o.valid_from, begins) <= begins and coalesce(o.valid_to, begins) >= begins
                    and l.id = locality and coalesce(l.valid_from, begins) <= begins and coalesce(l.valid_to, begins) >= begins
                    and o.place_id is distinct from l.id)
     and not exists (select from public.twinnings t
                      where t.programme_id = programme and t.organisation_id = organisation and t.locality_id = locality
                        and coalesce(t.last_day, begins) >= begins);
end $$;

CREATE FUNCTION public.app_member_given(member uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (select from public.gifts g where g.member_id = member);
end $$;

COMMENT ON FUNCTION public.app_member_given(member uuid) IS 'Whether a gift was for a member of a household';

CREATE FUNCTION public.app_merge_assessments(merged uuid, survivor uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  pair record;
begin
  for pair in
    select m.id as merged_id, s.id as kept_id, m.status = 'confirmed' and s.status <> 'confirmed' as merged_counts
      from public.household_assessments m
      join public.household_assessments s on s.household_id = survivor and s.corrected_by_id is null and s.round_kind = m.round_kind
       and case m.round_kind when 'annual' then s.round_year = m.round_year else s.assessed_on = m.assessed_on end
     where m.household_id = merged and m.corrected_by_id is null
  loop
    update public.household_assessments a
       set corrected_by_id = case when pair.merged_counts then pair.merged_id else pair.kept_id end
     where a.id = case when pair.merged_counts then pair.kept_id else pair.merged_id end;
  end loop;
  update public.household_assessments a set household_id = survivor, scope_path = h.scope_path
    from public.households h
   where h.id = survivor and a.household_id = merged;
  perform public.app_show_latest_assessment(survivor);
end $$;

CREATE FUNCTION public.app_merge_gifts(merged uuid, survivor uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update public.gifts g
     set household_id = survivor, member_id = case when p.member_id is null then g.member_id else p.kept_id end
    from public.gifts x left join public.app_same_people(merged, survivor) p on p.member_id = x.member_id
   where g.id = x.id and x.household_id = merged;
end $$;

CREATE FUNCTION public.app_merge_households(merged uuid, survivor uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if merged = survivor or 2 <> (select count(*) from public.households h where h.id in (merged, survivor)
      and h.scope_path >= public.app_low() and h.scope_path < public.app_high()) then
    perform public.app_refuse('app_not_found');
  end if;
  perform public.app_merge_rows('households', merged, survivor);
  update public.households s
     set head_sex = coalesce(s.head_sex, m.head_sex), head_birth_year = coalesce(s.head_birth_year, m.head_birth_year),
         head_birth_date = case when coalesce(s.head_birth_year = m.head_birth_year, true) then coalesce(s.head_birth_date, m.head_birth_date) else s.head_birth_date end,
         hardship_reasons = public.app_union(s.hardship_reasons, m.hardship_reasons), address = coalesce(s.address, m.address),
         latitude = case when s.latitude is null or s.longitude is null then m.latitude else s.latitude end,
         longitude = case when s.latitude is null or s.longitude is null then m.longitude else s.longitude end,
         note = coalesce(s.note, m.note), updated_at = clock_timestamp()
    from public.households m where s.id = survivor and m.id = merged;
  insert into public.household_merges (id, household_id, merged_by) values (merged, survivor, public.app_user_id());
  delete from public.households h where h.id = merged;
end $$;

COMMENT ON FUNCTION public.app_merge_households(merged uuid, survivor uuid) IS 'Moves all rows of the merged household to the survivor and deletes it';

CREATE FUNCTION public.app_merge_items(merged uuid, survivor uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update public.hardship_items s
     set reasons = public.app_union(s.reasons, m.reasons), needs = public.app_union(s.needs, m.needs),
         priority = least(s.priority, m.priority), note = public.app_both(s.note, m.note),
         approved = s.approved or m.approved, approved_state = coalesce(s.approved_state, m.approved_state),
         dropped = s.dropped and m.dropped, created_at = least(s.created_at, m.created_at), updated_at = clock_timestamp()
    from public.hardship_items m
   where s.household_id = survivor and m.household_id = merged and s.list_id = m.list_id;
  update public.pledges k
     set note = public.app_both(k.note, p.note), planned_on = least(k.planned_on, p.planned_on)
    from public.pledges p
    join public.hardship_items m on m.id = p.item_id and m.household_id = merged
    join public.hardship_items s on s.list_id = m.list_id and s.household_id = survivor
   where k.item_id = s.id and k.organisation_id = p.organisation_id;
  delete from public.pledges p
   using public.hardship_items m, public.hardship_items s, public.pledges k
   where m.id = p.item_id and m.household_id = merged and s.list_id = m.list_id and s.household_id = survivor
     and k.item_id = s.id and k.organisation_id = p.organisation_id;
  update public.pledges p set item_id = s.id
    from public.hardship_items m join public.hardship_items s on s.list_id = m.list_id and s.household_id = survivor
   where m.id = p.item_id and m.household_id = merged;
  perform public.app_merge_rows('hardship_items', m.id, s.id)
     from public.hardship_items m join public.hardship_items s on s.list_id = m.list_id and s.household_id = survivor
    where m.household_id = merged;
  -- A merge changes the lists of the merged household, so its caller becomes an author.
  update public.hardship_lists l set written_by = public.app_with_caller(l.written_by)
   where l.id in (select m.list_id from public.hardship_items m where m.household_id = merged);
  delete from public.hardship_items m
   using public.hardship_items s where m.household_id = merged and s.household_id = survivor and s.list_id = m.list_id;
  update public.hardship_items m set household_id = survivor where m.household_id = merged;
  perform public.app_refresh_item(i.id) from public.hardship_items i where i.household_id = survivor;
end $$;

CREATE FUNCTION public.app_merge_members(merged uuid, survivor uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  gone uuid[];
  kept uuid[];
begin
  select coalesce(array_agg(p.member_id), '{}'), coalesce(array_agg(p.kept_id), '{}') into gone, kept
    from public.app_same_people(merged, survivor) p;
  update public.household_members s
     set birth_year = coalesce(s.birth_year, m.birth_year), birth_date = case when coalesce(s.birth_year = m.birth_year, true) then coalesce(s.birth_date, m.birth_date) else s.birth_date end,
         ethnic_group = coalesce(s.ethnic_group, m.ethnic_group), sex = coalesce(s.sex, m.sex),
         relation = coalesce(s.relation, m.relation), student = s.student or m.student
    from unnest(gone, kept) as p (member_id, kept_id) join public.household_members m on m.id = p.member_id
   where s.id = p.kept_id;
  delete from public.household_members m where m.id = any (gone);
  update public.household_members m set household_id = survivor where m.household_id = merged;
end $$;

CREATE FUNCTION public.app_merge_recipients(merged uuid, survivor uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  with gone as (delete from public.gift_recipients r where r.household_id = merged returning r.*)
  insert into public.gift_recipients (gift_id, household_id, village_id, hardship_item_id, item_automatic)
  select g.gift_id, survivor, g.village_id, g.hardship_item_id, g.item_automatic from gone g
  on conflict do nothing;
end $$;

CREATE FUNCTION public.app_merge_rows(of_table text, gone uuid, kept uuid) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
  registered record;
begin
  for registered in select m.part, m.key, m.rule from public.merge_rules m where m.whole = of_table order by m.position desc loop
    if registered.rule = 'move' then
      execute format('update public.%1$I set %2$I = $2 where %2$I = $1', registered.part, registered.key) using gone, kept;
    elsif registered.rule <> 'delete' then
      execute format('select public.%I($1, $2)', registered.rule) using gone, kept;
    end if;
  end loop;
end $_$;

COMMENT ON FUNCTION public.app_merge_rows(of_table text, gone uuid, kept uuid) IS 'Applies the rule of each table to the rows that refer to the merged record';

CREATE FUNCTION public.app_merge_rule(whole regclass, part regclass, key text, rule text) RETURNS void
    LANGUAGE sql
    AS $$
  insert into merge_rules (whole, part, key, rule) values (whole::text, part::text, key, rule) $$;

COMMENT ON FUNCTION public.app_merge_rule(whole regclass, part regclass, key text, rule text) IS 'Registers the rule for rows that refer to a merged record: move (to the surviving record), delete (by their foreign key), or a function';

CREATE FUNCTION public.app_merge_visits(merged uuid, survivor uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update public.visits v set updated_at = clock_timestamp()
   where v.id in (select x.visit_id from public.visit_households x where x.household_id = merged);
  insert into public.visit_households (visit_id, household_id)
  select x.visit_id, survivor from public.visit_households x where x.household_id = merged on conflict do nothing;
  delete from public.visit_households x where x.household_id = merged;
end $$;

CREATE FUNCTION public.app_merged(records uuid[]) RETURNS TABLE(gone uuid, kept uuid)
    LANGUAGE sql STABLE
    AS $$ select m.id, m.household_id from public.household_merges m where m.id = any (records) $$;

COMMENT ON FUNCTION public.app_merged(records uuid[]) IS 'The records into which others were merged, as far as the caller sees them';

CREATE FUNCTION public.app_move_accounts(origin uuid, successor uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update public.users u set organisation_id = successor where u.organisation_id = origin;
end $$;

COMMENT ON FUNCTION public.app_move_accounts(origin uuid, successor uuid) IS 'Moves the accounts of an organisation to another one';

CREATE FUNCTION public.app_move_households(villages uuid[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  moved bigint;
begin
  update public.households h set village_id = s.successor_id, moved_on = s.effective_on
    from public.locality_successions s
   where h.village_id = any (villages) and h.status = 'active' and s.predecessor_id = h.village_id and s.certain
     and public.app_in_range(h.scope_path);
  get diagnostics moved = row_count;
  return moved;
end $$;

COMMENT ON FUNCTION public.app_move_households(villages uuid[]) IS 'Moves the active households of ended villages to their only successors; returns their number';

CREATE FUNCTION public.app_move_households_of_the_day() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  perform public.app_move_households(array(select l.id from public.localities l
    where l.level = 'village' and l.valid_to >= old.day and l.valid_to < new.day));
  return null;
end $$;

CREATE FUNCTION public.app_name_homes(gifts uuid[], homes uuid[], village uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  insert into public.gift_recipients (gift_id, household_id, village_id)
  select given.gift, given.home, village from unnest(gifts, homes) given(gift, home) on conflict do nothing;
end $$;

COMMENT ON FUNCTION public.app_name_homes(gifts uuid[], homes uuid[], village uuid) IS 'Names homes of gifts in one village; those that are named already stay';

CREATE FUNCTION public.app_name_late() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  before constant text := coalesce(current_setting('app.villages', true), '');
begin
  perform public.app_set('villages', (array_agg(l.id) filter (where l.level = 'village'))::text),
          public.app_set('communes', (array_agg(l.id) filter (where l.level = 'commune'))::text)
    from (
    with recursive places as (
      select t.locality_id as id from public.twinnings t
       where t.organisation_id = any (public.app_organisations()) and t.starts_on <= public.app_today()
         and (t.last_day is null or t.last_day + public.app_late_entry_days() >= public.app_today())
       union
      -- Below the place at any time; the record is checked against the tree of its day.
      select v.locality_id from places p join public.locality_versions v on v.parent_id = p.id
    )
    select distinct l.id, l.level from places join public.localities l using (id)) l;
  return before;
end $$;

CREATE FUNCTION public.app_name_was_taken() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  insert into public.sign_in_failures as f (subject, failures, last_at) values ('naming ' || public.app_user_id(), 1, public.app_now())
  on conflict (subject) do update set last_at = public.app_now(),
    failures = case when f.last_at < public.app_now() - interval '1 day' then 1 else f.failures + 1 end;
end $$;

CREATE FUNCTION public.app_naming_pause() RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  select coalesce((select least(60, public.app_sign_in_pause(f.failures, f.last_at)) from public.sign_in_failures f
                    where f.subject = 'naming ' || public.app_user_id()), 0));
end $$;

CREATE FUNCTION public.app_needs_of(category text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case category when 'food' then array['food'] when 'cash' then array['cash'] when 'study_equipment' then array['study']
    when 'bicycle' then array['study'] when 'medicine' then array['medical'] when 'household_goods' then array['housing', 'sanitation']
    when 'seedling' then array['livestock'] when 'livestock' then array['livestock'] when 'tool' then array['tools', 'job']
    else array['other'] end $$;

COMMENT ON FUNCTION public.app_needs_of(category text) IS 'The needs of a listed household that a category of gifts fits';

CREATE FUNCTION public.app_non_state_kinds() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select string_to_array(coalesce(nullif(current_setting('app.non_state_kinds', true), ''), 'enterprise,cooperative,other'), ',') $$;

COMMENT ON FUNCTION public.app_non_state_kinds() IS 'NON_STATE_KINDS: kinds of organisations that are no state bodies';

CREATE FUNCTION public.app_now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.now', true), '')::timestamptz $$;

COMMENT ON FUNCTION public.app_now() IS 'The moment of the request by the service''s clock, which tests and demonstrations move';

CREATE FUNCTION public.app_one_lead() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', 'lead', new.programme_id, new.locality_id), 0));
  if exists (select from public.twinnings t
              where t.programme_id = new.programme_id and t.locality_id = new.locality_id and t.lead and t.id <> new.id
                and (t.last_day is null or t.last_day >= new.starts_on) and (new.last_day is null or new.last_day >= t.starts_on)) then
    raise exception 'another organisation leads' using constraint = 'twinnings_lead', errcode = 'exclusion_violation';
  end if;
  return null;
end $$;

CREATE FUNCTION public.app_organisation() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.organisation', true), '')::uuid $$;

COMMENT ON FUNCTION public.app_organisation() IS 'The organisation that the caller acts for: its own, or the one that represents its place';

CREATE FUNCTION public.app_organisations() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.organisations', true), '')::uuid[] $$;

COMMENT ON FUNCTION public.app_organisations() IS 'The same, and the organisations that it succeeded, whose records it reads';

CREATE FUNCTION public.app_own_account() RETURNS TABLE(id uuid, username text, full_name text, phone text, role text, must_change_password boolean, locality_id uuid, locality_code text, locality_name text, locality_level text, locality_valid_to date, organisation_id uuid, organisation_name text, in_office boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select u.id, u.username, u.full_name, u.phone, u.role, u.must_change_password,
         l.id, l.code, l.name, l.level, l.valid_to, o.id, o.name, public.app_role() is not null
    from public.users u
    left join public.localities l on l.id = u.locality_id
    left join public.organisations o on o.id = u.organisation_id
   where u.id = public.app_user_id();
end $$;

CREATE FUNCTION public.app_own_accounts() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  with recursive since(moment) as materialized (
    select public.app_now() - make_interval(days => public.app_two_person_days())
  ), up(id) as (
    select public.app_user_id()
    union select m.maker_id from up join public.account_makers m on m.user_id = up.id where m.made_at > (select moment from since)
  ), down(id) as (
    select public.app_user_id()
    union select m.user_id from down join public.account_makers m on m.maker_id = down.id where m.made_at > (select moment from since)
  )
  select array(select id from up union select id from down));
end $$;

COMMENT ON FUNCTION public.app_own_accounts() IS 'The accounts that may be the caller''s own, including its account: the maker of an account has known its password';

CREATE FUNCTION public.app_own_sessions(idle_days integer, absolute_days integer) RETURNS TABLE(id uuid, device_name text, created_at timestamp with time zone, refreshed_at timestamp with time zone, current boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select s.id, s.device_name, s.created_at, s.refreshed_at, s.id = public.app_session_id()
    from public.sessions s
   where s.user_id = public.app_user_id() and s.revoked_at is null
     and s.refreshed_at >= public.app_now() - make_interval(days => idle_days)
     and s.created_at >= public.app_now() - make_interval(days => absolute_days);
end $$;

CREATE FUNCTION public.app_part(part regclass, whole regclass, key text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  execute format('create trigger %I before insert on audit_events for each row when (new.resource = %L)
      execute function app_audit_part(%L, %L, %L)',
    'place_of_' || part, part, whole, key,
    (select coalesce(min(attname) filter (where attname = 'village_id'), min(attname) filter (where attname = 'locality_id'), 'id')
       from pg_attribute where attrelid = whole and attname in ('village_id', 'locality_id') and not attisdropped));
end $$;

COMMENT ON FUNCTION public.app_part(part regclass, whole regclass, key text) IS 'Registers a table as part of another: its audit entries name the whole, and take the place of the whole';

CREATE FUNCTION public.app_password_was_wrong(name text, address text, what text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
declare
  this_hour timestamptz := date_trunc('hour', public.app_now());
begin
  insert into public.sign_in_addresses as a (hour, address, failures) values (this_hour, public.app_subscriber($2), 1)
  on conflict on constraint sign_in_addresses_pkey do update set failures = a.failures + 1;
  perform public.app_security_event(what, u.id) from public.users u where u.username = coalesce(name, '') or (name is null and u.id = public.app_user_id());
  return (select sum(a.failures) from public.sign_in_addresses a where a.hour = this_hour);
end $_$;

CREATE FUNCTION public.app_path(place uuid, day date) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  with recursive up as (
    select v.parent_id, 1 as depth from public.locality_versions v
     where v.locality_id = place and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
    union all
    select v.parent_id, up.depth + 1 from up join public.locality_versions v on v.locality_id = up.parent_id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'name', v.name, 'level', l.level) order by up.depth desc), '[]')
    from up join public.localities l on l.id = up.parent_id
    join public.locality_versions v on v.locality_id = l.id
     and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day));
end $$;

COMMENT ON FUNCTION public.app_path(place uuid, day date) IS 'The places above a place on a day, the widest first';

CREATE FUNCTION public.app_path_end(place uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select left(l.scope_path, -1) || '/' from public.localities l where l.id = place);
end $$;

COMMENT ON FUNCTION public.app_path_end(place uuid) IS 'End of the paths of a place (exclusive)';

CREATE FUNCTION public.app_path_of(place uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select l.scope_path from public.localities l where l.id = place);
end $$;

COMMENT ON FUNCTION public.app_path_of(place uuid) IS 'First scope_path of a place (inclusive)';

CREATE FUNCTION public.app_paths() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return array(select l.scope_path from public.localities l
                where l.scope_path >= public.app_low() and l.scope_path < public.app_high());
end $$;

COMMENT ON FUNCTION public.app_paths() IS 'Every path of the caller''s range of places, for ranges of few places; policies compare the bounds';

CREATE FUNCTION public.app_place() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.place', true), '')::uuid $$;

COMMENT ON FUNCTION public.app_place() IS 'The place of an API key';

CREATE FUNCTION public.app_place_and_above(place uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return query
  select distinct above.id
    from public.localities l cross join lateral (values (l.id), (l.commune_id), (l.district_id), (l.province_id)) above(id)
   where l.id = place and above.id is not null;
end $$;

COMMENT ON FUNCTION public.app_place_and_above(place uuid) IS 'A place and the places above it on the tree day';

CREATE FUNCTION public.app_place_in_locality() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'INSERT' or new.locality_id is distinct from old.locality_id then
    select l.scope_path into new.scope_path from public.localities l where l.id = new.locality_id for key share;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_place_in_village() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'INSERT' or new.village_id is distinct from old.village_id then
    select l.scope_path into new.scope_path from public.localities l where l.id = new.village_id for key share;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_place_labels(places uuid[], day date) RETURNS TABLE(id uuid, code text, name text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select v.locality_id, v.code, v.name from public.locality_versions v join public.localities l on l.id = v.locality_id
   -- A village that ended without a certain successor has its last name.
   where v.locality_id = any (places) and (v.valid_from is null or v.valid_from <= least(day, l.valid_to))
     and (v.valid_to is null or v.valid_to >= least(day, l.valid_to));
end $$;

CREATE FUNCTION public.app_place_level(place uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return (select l.level from public.localities l where l.id = place);
end $$;

CREATE FUNCTION public.app_place_locality() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  -- app_set_tree_day sets parent and path together, when the path of the parent may be outdated still.
  -- A merged village lies in its successor, whatever its last parent was.
  if tg_op = 'INSERT' or (new.parent_id is distinct from old.parent_id and new.scope_path = old.scope_path and new.merged_into_id is null) then
    select p.scope_path || new.label || '.', p.province_id, p.district_id, p.commune_id
      into new.scope_path, new.province_id, new.district_id, new.commune_id
      from public.localities p where p.id = new.parent_id;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_place_name(place uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return (select l.name from public.localities l where l.id = place);
end $$;

CREATE FUNCTION public.app_place_of_support() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  day date;
begin
  if tg_op = 'INSERT' then
    if tg_table_name = 'visits' then day := new.visited_on; else day := new.given_on; end if;
    perform 1 from public.twinnings t where t.id = new.twinning_id and public.app_twinning_active(t, day) for key share;
    if not found and exists (select from public.twinnings t where t.id = new.twinning_id) then
      raise exception 'could not serialize access: the days of the twinning have changed' using errcode = 'serialization_failure';
    end if;
  end if;
  if tg_op = 'INSERT' or (new.village_id, new.locality_id) is distinct from (old.village_id, old.locality_id) then
    select l.scope_path into new.scope_path from public.localities l where l.id = coalesce(new.village_id, new.locality_id) for key share;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_place_twinning() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'INSERT' or new.organisation_id is distinct from old.organisation_id then
    select o.scope_path into new.organisation_scope_path from public.organisations o where o.id = new.organisation_id for key share;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_place_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'INSERT' or (new.locality_id, new.organisation_id) is distinct from (old.locality_id, old.organisation_id) then
    new.scope_path := case
      when new.locality_id is not null then (select l.scope_path from public.localities l where l.id = new.locality_id for key share)
      when new.organisation_id is not null then (select o.scope_path from public.organisations o where o.id = new.organisation_id for key share)
      else '0.' end;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_place_with_household() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'INSERT' or new.household_id is distinct from old.household_id then
    select h.scope_path into new.scope_path from public.households h where h.id = new.household_id for key share;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_places_above(places uuid[], day date) RETURNS TABLE(id uuid, above_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  with recursive up as (
    select v.locality_id as id, v.parent_id as above_id from public.locality_versions v
     where v.locality_id = any (places) and v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
    union
    select up.id, v.parent_id from up join public.locality_versions v on v.locality_id = up.above_id
     where v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select up.id, up.above_id from up
   union
  -- A village that has ended by the day lies where its last commune lies.
  select l.id, above.id from public.localities l cross join lateral unnest(array[l.commune_id, l.district_id, l.province_id]) above(id)
   where l.id = any (places) and l.level = 'village' and l.valid_to < day and above.id is not null;
end $$;

COMMENT ON FUNCTION public.app_places_above(places uuid[], day date) IS 'All places above each of these on a day';

CREATE FUNCTION public.app_places_below(place uuid, day date) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return query
  with recursive below as (
    select l.id, l.level from public.localities l where l.id = place
     union
    select l.id, l.level
      from below b
      join public.locality_versions v on v.parent_id = b.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join public.localities l on l.id = v.locality_id
     where b.level <> 'village'
  )
  select id from below;
end $$;

COMMENT ON FUNCTION public.app_places_below(place uuid, day date) IS 'A place and all places below it on a day';

CREATE FUNCTION public.app_places_of(places uuid[]) RETURNS TABLE(place_id uuid, village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select l.id, case l.level when 'village' then coalesce(l.merged_into_id, l.id) end, l.commune_id, l.district_id, l.province_id
    from public.localities l where l.id = any (places);
end $$;

CREATE FUNCTION public.app_policy(target regclass, policy text, command text, shapes text[], reason text) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  condition constant text := app_condition(target, shapes);
begin
  execute format('create policy %I on %s as %s for %s', policy, target,
      case command when 'insert' then 'restrictive' else 'permissive' end, command)
    || case when command <> 'insert' then format(' using (%s)', condition) else '' end
    || case when command in ('all', 'insert') then format(' with check (%s)', condition) else '' end;
  execute format('comment on policy %I on %s is %L', policy, target,
    case when policy = 'in_scope' and 'place' = any (shapes)
      then 'Officials and village heads see the records of the places in their range; a key sees those of its place. '
      else '' end || reason);
end $$;

COMMENT ON FUNCTION public.app_policy(target regclass, policy text, command text, shapes text[], reason text) IS 'Creates a policy from named shapes, with its reason; for INSERT a restrictive one';

CREATE FUNCTION public.app_programmes_below(programme uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return query
  with recursive below as (
    select p.id from public.programmes p where p.id = programme
     union
    select p.id from below b join public.programmes p on p.parent_id = b.id
  )
  select id from below;
end $$;

COMMENT ON FUNCTION public.app_programmes_below(programme uuid) IS 'A programme and its descendants';

CREATE FUNCTION public.app_programmes_of_twinnings() RETURNS TABLE(twinning_id uuid, programme_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  with recursive above as (
    select p.id, p.id as above_id, p.parent_id from public.programmes p
     union
    select a.id, p.id, p.parent_id from above a join public.programmes p on p.id = a.parent_id
  )
  select t.id, a.above_id from public.twinnings t join above a on a.id = t.programme_id;
end $$;

COMMENT ON FUNCTION public.app_programmes_of_twinnings() IS 'The programme of each twinning, and those above it';

CREATE FUNCTION public.app_rank() RETURNS smallint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.rank', true), '')::smallint $$;

COMMENT ON FUNCTION public.app_rank() IS 'Rank of the caller''s office, 0 for an administrator; an office manages the accounts of greater ranks';

CREATE FUNCTION public.app_recipient_homes(gift uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return query select r.household_id from public.gift_recipients r where r.gift_id = gift;
end $$;

COMMENT ON FUNCTION public.app_recipient_homes(gift uuid) IS 'The households of a gift to many, for counts of distinct ones';

CREATE FUNCTION public.app_recipients_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
declare
  gifts uuid[];
begin
  select array_agg(distinct c.gift_id) into gifts from changed c;
  -- A separate statement takes the locks: the count has a new snapshot and sees what a concurrent transaction committed.
  perform 1 from public.gifts g where g.id = any (gifts) order by g.id for no key update;
  if tg_op = 'INSERT' and coalesce(current_setting('app.step', true), '') <> 'merge' then
    perform public.app_choose_items(gifts, true);
  end if;
  update public.gifts g set households_named = named.number
    from (select x.id, (select count(*) from public.gift_recipients r where r.gift_id = x.id) as number from unnest(gifts) x(id)) named
   where g.id = named.id and g.households_named <> named.number;
  return null;
end $$;

CREATE FUNCTION public.app_records_outside(village uuid, earliest date, latest date) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  select jsonb_build_object(
    'twinnings', (select count(*) from public.twinnings t where t.locality_id = village and (t.starts_on < earliest or t.starts_on > latest)),
    'visits', (select count(*) from public.visits v where v.village_id = village and (v.visited_on < earliest or v.visited_on > latest)),
    'gifts', (select count(*) from public.gifts g where g.village_id = village and (g.given_on < earliest or g.given_on > latest)),
    'hardship_lists', (select count(*) from public.hardship_lists l where l.village_id = village
      and (l.year < extract(year from earliest) or l.year > extract(year from latest))),
    'village_registers', (select count(*) from public.village_registers r where r.village_id = village
      and (r.year < extract(year from earliest) or r.year > extract(year from latest))),
    'locality_flags', (select count(*) from public.locality_flags f where f.locality_id = village and f.from_on > latest),
    'locality_posts', (select count(*) from public.locality_posts p where p.locality_id = village and p.from_on > latest),
    -- Households that came after the last day.
    'households', (select count(*) from public.households h where h.village_id = village and h.moved_on > latest)));
end $$;

COMMENT ON FUNCTION public.app_records_outside(village uuid, earliest date, latest date) IS 'Records of a village before its first or after its last day; null: no such day';

CREATE FUNCTION public.app_refresh(token_hash bytea, child_hash bytea, device text, idle_days integer, absolute_days integer) RETURNS TABLE(outcome text, session_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  token public.refresh_tokens;
  family public.sessions;
begin
  select * into token from public.refresh_tokens t where t.hash = token_hash;
  if not found then return query select 'invalid', null::uuid; return; end if;
  select * into family from public.sessions s where s.id = token.session_id for update;
  if family.revoked_at is not null
     or not exists (select from public.users u where u.id = family.user_id and u.active) then
    return query select 'invalid', null::uuid; return;
  end if;
  if family.refreshed_at < public.app_now() - make_interval(days => idle_days)
     or family.created_at < public.app_now() - make_interval(days => absolute_days) then
    return query select 'expired', null::uuid; return;
  end if;
  if token.generation = family.generation then
    insert into public.refresh_tokens (hash, session_id, generation) values (child_hash, family.id, family.generation + 1);
    update public.sessions s set generation = s.generation + 1, refreshed_at = public.app_now() where s.id = family.id;
  elsif token.generation < family.generation - 1 or family.used_generation = family.generation
     or family.refreshed_at < public.app_now() - interval '24 hours' or device is distinct from family.device_name then
    update public.sessions s set revoked_at = public.app_now() where s.id = family.id;
    delete from public.devices d where d.user_id = family.user_id and d.mark = family.device_mark;
    perform public.app_security_event('refresh_token_reused', family.user_id);
    return query select 'reused', null::uuid; return;
  else
    perform public.app_security_event('refresh_token_replayed', family.user_id);
  end if;
  return query select 'ok', family.id;
end $$;

CREATE FUNCTION public.app_refresh_item(item uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if item is null then return; end if;
  -- A separate statement takes the lock: the next one has a new snapshot and sees what a concurrent transaction committed.
  perform 1 from public.hardship_items i where i.id = item for update;
  update public.hardship_items i set status = s.status
    from (select case when exists (select from public.gifts g where g.hardship_item_id = item and g.status = 'confirmed')
                        or exists (select from public.gift_recipients r join public.gifts g on g.id = r.gift_id
                                    where r.hardship_item_id = item and g.status = 'confirmed') then 'helped'
                      when exists (select from public.pledges p where p.item_id = item) then 'pledged'
                      else 'open' end as status) s
   where i.id = item and i.status <> s.status;
end $$;

CREATE FUNCTION public.app_refresh_listed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  homes uuid[];
begin
  if tg_op = 'INSERT' then
    select array_agg(distinct n.household_id) into homes from added n where n.approved;
  elsif tg_op = 'DELETE' then
    select array_agg(distinct o.household_id) into homes from removed o where o.approved;
  else
    select array_agg(distinct home) into homes
      from added n join removed o on o.id = n.id cross join lateral unnest(array[n.household_id, o.household_id]) home
     where (n.approved, n.household_id) is distinct from (o.approved, o.household_id);
  end if;
  if homes is null then return null; end if;
  -- A separate statement takes the lock: the next one has a new snapshot and sees what a concurrent transaction committed.
  perform 1 from public.households h where h.id = any (homes) order by h.id for update;
  update public.households h set listed = l.listed
    from (select x.id, exists (select from public.hardship_items i
                                where i.household_id = x.id and i.village_id = x.village_id and i.approved) as listed
            from public.households x where x.id = any (homes)) l
   where h.id = l.id and h.listed <> l.listed;
  return null;
end $$;

CREATE FUNCTION public.app_refuse(reason text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'refused' using constraint = reason, errcode = 'insufficient_privilege';
end $$;

CREATE FUNCTION public.app_register_counts(of_village uuid, of_year integer) RETURNS TABLE(registered integer, assessed integer, poor integer, near_poor integer, proposed integer, unassessed integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  with homes as (
    select r.household_id, latest.poverty_status,
           exists (select from public.household_assessments a
                    where a.household_id = r.household_id and a.round_year = of_year and a.status = 'confirmed' and a.corrected_by_id is null) as assessed,
           exists (select from public.household_assessments a
                    where a.household_id = r.household_id and a.round_year = of_year and a.status = 'proposed' and a.corrected_by_id is null) as proposed,
           before.poverty_status in ('poor', 'near_poor') as was_poor
      from public.app_residents(of_village, public.app_register_day(of_year)) r
      left join lateral public.app_latest_assessment(r.household_id, public.app_register_day(of_year)) latest on true
      left join lateral public.app_latest_assessment(r.household_id, make_date(of_year - 1, 12, 31)) before on true
  )
  select count(*)::integer, (count(*) filter (where assessed))::integer, (count(*) filter (where poverty_status = 'poor'))::integer,
         (count(*) filter (where poverty_status = 'near_poor'))::integer, (count(*) filter (where proposed))::integer,
         (count(*) filter (where was_poor and not assessed))::integer
    from homes;
end $$;

CREATE FUNCTION public.app_register_day(of_year integer) RETURNS date
    LANGUAGE sql STABLE
    AS $$ select least(make_date(of_year, 12, 31), public.app_today()) $$;

COMMENT ON FUNCTION public.app_register_day(of_year integer) IS 'The day on which a register of a year counts: its last one, in this year today';

CREATE FUNCTION public.app_registers(of_village uuid) RETURNS TABLE(year integer, complete boolean, completed_on date, completed_by uuid, reopen_reason text, households integer, minority_households integer, registered integer, assessed integer, poor integer, near_poor integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  with village as (
    select v.id, v.scope_path >= public.app_low() and v.scope_path < public.app_high() as inside from public.localities v
     where v.id = of_village and v.level = 'village'
       and (v.scope_path >= public.app_low() and v.scope_path < public.app_high() or v.id = any (public.app_villages()))
  ), years as (
    select p.year from public.village_profiles p where p.village_id = of_village and p.year >= 1990
     union select g.year from public.village_registers g where g.village_id = of_village
     union select a.round_year from public.households h join public.household_assessments a on a.household_id = h.id
            where h.village_id = of_village and (select inside from village)
     union select extract(year from public.app_today())::integer
  )
  select y.year, coalesce(g.complete, false), g.completed_on, g.completed_by, case when village.inside then g.reopen_reason end,
         p.households, p.minority_households, c.registered, c.assessed,
         -- A complete register is as the commune declared it.
         case when g.complete then coalesce(p.poor, c.poor) else c.poor end, case when g.complete then coalesce(p.near_poor, c.near_poor) else c.near_poor end
    from village cross join years y
    left join public.village_registers g on g.village_id = of_village and g.year = y.year
    left join public.village_profiles p on p.village_id = of_village and p.year = y.year
    left join lateral public.app_register_counts(of_village, y.year) c on village.inside or g.complete;
end $$;

COMMENT ON FUNCTION public.app_registers(of_village uuid) IS 'The registers of a village that the caller sees; no row for any other place';

CREATE FUNCTION public.app_repeated_steps(records uuid[], of_resource text, which text, hash bytea) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return array(select s.record_id from public.steps s
    where s.record_id = any (records) and (s.resource, s.step, s.taken_by, s.body_hash) = (of_resource, which, public.app_user_id(), hash));
end $$;

COMMENT ON FUNCTION public.app_repeated_steps(records uuid[], of_resource text, which text, hash bytea) IS 'Those of the records whose last step is this one of the caller, with the same body';

CREATE FUNCTION public.app_replace_password(who uuid, new_hash text, expires timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  subject record;
begin
  select u.username, u.rank, u.scope_path into subject from public.users u where u.id = who for update;
  if not found or not (public.app_role() = 'system' or subject.scope_path >= public.app_low() and subject.scope_path < public.app_high()
       and (subject.rank > public.app_rank() or public.app_role() = 'admin' and who <> public.app_user_id())) then
    perform public.app_refuse('app_not_found');
  end if;
  insert into public.user_passwords (user_id, hash, one_time_expires_at) values (who, new_hash, expires)
  on conflict (user_id) do update set hash = excluded.hash, one_time_expires_at = excluded.one_time_expires_at, one_time_used_at = null;
  perform public.app_end_access(who), public.app_forgive(subject.username);
  perform public.app_tell_of_account(who, 'unit_account_given');
  -- Earlier makers do not know the new password.
  delete from public.account_makers m where m.user_id = who;
  if public.app_user_id() is not null then
    insert into public.account_makers (user_id, maker_id, made_at) values (who, public.app_user_id(), public.app_now());
  end if;
end $$;

COMMENT ON FUNCTION public.app_replace_password(who uuid, new_hash text, expires timestamp with time zone) IS 'Sets the password of a user whom the caller manages and ends its sessions';

CREATE FUNCTION public.app_residents(of_village uuid, on_day date) RETURNS TABLE(household_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select h.id from public.households h
   where h.village_id = of_village and public.app_lived_on(h.moved_on, null, on_day) and public.app_active_on(h.status, h.status_since, on_day)
   union all
  select h.id from public.household_residences r join public.households h on h.id = r.household_id
   where r.village_id = of_village and public.app_lived_on(r.from_on, r.until_on, on_day)
     and public.app_active_on(h.status, h.status_since, on_day);
end $$;

COMMENT ON FUNCTION public.app_residents(of_village uuid, on_day date) IS 'The active households that lived in a village on a day';

CREATE FUNCTION public.app_role() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.role', true), '') $$;

COMMENT ON FUNCTION public.app_role() IS 'Role of the caller, or system, key, public; null before an entry function ran';

CREATE FUNCTION public.app_roll_up_support(of_level text, places uuid[], years integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
begin
  delete from public.support_summaries s
   where s.place_id = any (places) and s.level = of_level and extract(year from s.starts_on)::integer = any (years);
  with members as materialized (
    select x.id, coalesce(x.commune_id, x.id) as whole_id from public.localities x
     where of_level = 'commune' and (x.commune_id = any (places) or x.id = any (places))
     union all
    select x.id, coalesce(x.province_id, x.commune_id, x.id) from public.localities x
     where of_level = 'province' and (x.province_id = any (places) and (x.level <> 'village' or x.commune_id is null) or x.id = any (places))
  ), parts as (
    select m.whole_id, s.* from members m
     cross join lateral (
      select * from public.support_summaries s
       where s.place_id = m.id and s.level = case of_level when 'commune' then 'place' else 'commune' end
         and extract(year from s.starts_on)::integer = any (years) offset 0) s
     where m.whole_id = any (places)
  ), wandering as (
    select p.whole_id, p.period, p.starts_on, array_agg(distinct home) as homes
      from parts p cross join unnest(p.wandering_households) home group by 1, 2, 3
  ), sums as (
    select p.whole_id, p.period, p.starts_on, sum(p.visits) as visits, sum(p.gifts) as gifts, sum(p.gifts_confirmed) as gifts_confirmed,
           sum(p.gift_value_vnd) as gift_value_vnd, sum(p.loans_vnd) as loans_vnd, sum(p.households_unnamed) as households_unnamed,
           max(p.last_visit_on) as last_visit_on, max(p.last_holiday_visit_on) as last_holiday_visit_on, max(p.last_gift_on) as last_gift_on,
           sum(p.households) as households
      from parts p group by 1, 2, 3
  )
  insert into public.support_summaries (place_id, scope_path, level, period, starts_on, visits, gifts, gifts_confirmed, gift_value_vnd,
      loans_vnd, households_unnamed, last_visit_on, last_holiday_visit_on, last_gift_on, households, wandering_households)
  select s.whole_id, l.scope_path, of_level, s.period, s.starts_on, s.visits, s.gifts, s.gifts_confirmed, s.gift_value_vnd,
         s.loans_vnd, s.households_unnamed, s.last_visit_on, s.last_holiday_visit_on, s.last_gift_on, s.households, coalesce(w.homes, '{}')
    from sums s join public.localities l on l.id = s.whole_id left join wandering w using (whole_id, period, starts_on);
end $$;

CREATE FUNCTION public.app_same_people(merged uuid, survivor uuid) RETURNS TABLE(member_id uuid, kept_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  with people as (
    select m.id, m.household_id, lower(normalize(m.name)) as name, m.birth_year, m.sex, p.identity_number_index as number,
           count(*) over (partition by m.household_id, lower(normalize(m.name))) = 1 as alone
      from public.household_members m left join public.household_private p on p.household_id = m.household_id and p.subject_id = m.id
     where m.household_id in (merged, survivor)
  )
  select m.id, s.id
    from people m
    join public.households h on h.id = survivor
    left join public.household_private head on head.household_id = survivor and head.subject_id = survivor
    left join people s on s.household_id = survivor and s.alone and s.name = m.name
     and coalesce(s.birth_year = m.birth_year, true) and coalesce(s.sex = m.sex, true) and coalesce(s.number = m.number, true)
   where m.household_id = merged and m.alone
     and (s.id is not null or (m.name = lower(normalize(h.head_name)) and m.birth_year = h.head_birth_year
                               and coalesce(head.identity_number_index = m.number, true)
                               and not exists (select from people x where x.household_id = survivor and x.name = m.name)));
end $$;

COMMENT ON FUNCTION public.app_same_people(merged uuid, survivor uuid) IS 'Members of the merged household that the survivor has too; kept_id is null for a member that is its head';

CREATE FUNCTION public.app_seal_deletion(record uuid, of_resource text, by_key bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  update public.deleted_records d set sealed = by_key, personal = null where d.id = record and d.resource = of_resource;
end $$;

CREATE FUNCTION public.app_sealed_deletions() RETURNS TABLE(key integer, fields bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select get_byte(d.sealed, 0), count(*) from public.deleted_records d
   where public.app_role() = 'system' and d.sealed is not null group by 1;
end $$;

CREATE FUNCTION public.app_security_event(what text, subject uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, step, request_id)
  -- A wrong password identifies no caller.
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), case what when 'sign_in_failed' then null else subject end,
          'users', subject, 'security', what,
          nullif(current_setting('app.request_id', true), '')::uuid);
end $$;

CREATE FUNCTION public.app_session_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.session_id', true), '')::uuid $$;

CREATE FUNCTION public.app_session_view(session uuid) RETURNS TABLE(session_id uuid, user_id uuid, auth_version integer, generation integer, role text, must_change_password boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select s.id, u.id, u.auth_version, s.generation, u.role, u.must_change_password
    from public.sessions s join public.users u on u.id = s.user_id
   where s.id = session and s.revoked_at is null and u.active;
end $$;

CREATE FUNCTION public.app_set(name text, value text) RETURNS text
    LANGUAGE sql
    AS $$ select set_config('app.' || name, coalesce(value, ''), true) $$;

COMMENT ON FUNCTION public.app_set(name text, value text) IS 'Sets app.<name> for the rest of the transaction';

CREATE FUNCTION public.app_set_tree_day(new_day date) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  moved integer;
begin
  insert into tree_day (day) values (new_day) on conflict (only_row) do update set day = excluded.day;
  with recursive nearest as (
    select distinct on (v.locality_id) v.locality_id, v.name, v.code, v.kind, v.parent_id,
           l.level, l.label, l.valid_from > new_day as future, l.valid_to < new_day as ended
      from locality_versions v join localities l on l.id = v.locality_id
     order by v.locality_id,
       -- the version of the day, else the last before it, else the first after it
       (v.valid_from is null or v.valid_from <= new_day) desc, v.valid_from desc nulls last
  ), home as (
    select n.*, case
        when n.future then null
        when n.ended then coalesce((select s.successor_id from locality_successions s
                                     where s.predecessor_id = n.locality_id and s.certain
                                     order by s.effective_on limit 1), n.parent_id)
        else n.parent_id end as lies_in
      from nearest n
  ), tree as (
    select h.locality_id, '0.' || h.label || '.' as path,
           case when not coalesce(h.future, false) and h.level = 'province' then h.locality_id end as province_id,
           null::uuid as district_id, null::uuid as commune_id, null::uuid as village_id
      from home h where h.lies_in is null
    union all
    select h.locality_id, t.path || h.label || '.',
           coalesce(t.province_id, case when h.level = 'province' then h.locality_id end),
           coalesce(t.district_id, case when h.level = 'district' and not coalesce(h.ended, false) then h.locality_id end),
           coalesce(t.commune_id, case when h.level = 'commune' and not coalesce(h.ended, false) then h.locality_id end),
           coalesce(t.village_id, case when h.level = 'village' and not coalesce(h.ended, false) then h.locality_id end)
      from tree t join home h on h.lies_in = t.locality_id
  )
  update localities l
     set scope_path = t.path, province_id = t.province_id, district_id = t.district_id, commune_id = t.commune_id,
         merged_into_id = nullif(t.village_id, l.id), name = h.name, code = h.code, kind = h.kind, parent_id = h.parent_id
    from tree t join home h using (locality_id)
   where l.id = t.locality_id
     and (l.scope_path, l.name, l.code, l.kind, l.parent_id, l.province_id, l.district_id, l.commune_id, l.merged_into_id)
      is distinct from (t.path, h.name, h.code, h.kind, h.parent_id, t.province_id, t.district_id, t.commune_id, nullif(t.village_id, l.id));
  get diagnostics moved = row_count;
  return moved;
end $$;

COMMENT ON FUNCTION public.app_set_tree_day(new_day date) IS 'Computes every path as of a day; called as system. Returns the number of changed localities';

CREATE FUNCTION public.app_share_maker(others uuid[]) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (
    select from public.account_makers m join public.account_makers o on o.maker_id = m.maker_id
     where m.user_id = public.app_user_id() and o.user_id = any (others) and o.user_id <> m.user_id
       and least(m.made_at, o.made_at) > public.app_now() - make_interval(days => public.app_two_person_days()));
end $$;

COMMENT ON FUNCTION public.app_share_maker(others uuid[]) IS 'Whether a third account recently made or reset both the caller''s account and one of the others';

CREATE FUNCTION public.app_show_latest_assessment(subject uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  update public.households h
     set poverty_status = a.poverty_status, poverty_year = a.round_year, poverty_assessed_on = a.assessed_on, poverty_standard = a.standard,
         deprivations = coalesce(a.deprivations, '{}'), poverty_causes = coalesce(a.poverty_causes, '{}')
    from (select) one left join lateral public.app_latest_assessment(subject, 'infinity') a on true
   where h.id = subject
     and (h.poverty_status, h.poverty_year, h.poverty_assessed_on, h.poverty_standard, h.deprivations, h.poverty_causes)
      is distinct from (a.poverty_status, a.round_year, a.assessed_on, a.standard, coalesce(a.deprivations, '{}'), coalesce(a.poverty_causes, '{}'));
end $$;

CREATE FUNCTION public.app_show_version(village uuid, began date) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update public.localities l
     set name = v.name, code = v.code, kind = v.kind, parent_id = v.parent_id, updated_at = clock_timestamp(),
         valid_from = case when l.valid_from is not null then coalesce(began, l.valid_from) end
    from (select x.* from public.locality_versions x, public.tree_day t where x.locality_id = village
           order by (x.valid_from is null or x.valid_from <= t.day) desc, x.valid_from desc nulls last limit 1) v
   where l.id = village;
end $$;

COMMENT ON FUNCTION public.app_show_version(village uuid, began date) IS 'Copies name, code, kind and parent of the tree day, and a new first day, to a village; runs as the caller';

CREATE FUNCTION public.app_sign_in(who uuid, mark bytea, verified text, session uuid, device text, token_hash bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
declare
  name text;
  known public.user_passwords;
begin
  select u.username into name from public.users u where u.id = who and u.active for share;
  if not found then return false; end if;
  select * into known from public.user_passwords p where p.user_id = who and p.hash = verified for update;
  if not found then return false; end if;
  if known.one_time_expires_at is not null then
    if known.one_time_used_at is not null or known.one_time_expires_at <= public.app_now() then return false; end if;
    update public.user_passwords p set one_time_used_at = public.app_now() where p.user_id = who;
  end if;
  delete from public.sign_in_failures f where f.subject = public.app_sign_in_subject(name, mark);
  insert into public.devices as d (user_id, mark, signed_in_at) values (who, $2, public.app_now())
  on conflict on constraint devices_pkey do update set signed_in_at = public.app_now();
  delete from public.devices d where d.user_id = who and d.mark in (
    select x.mark from public.devices x where x.user_id = who order by x.signed_in_at desc, x.mark offset 20);
  -- Rate limits count by session: one account has at most twenty sessions, and the least recently used ends.
  update public.sessions s set revoked_at = public.app_now() where s.id in (
    select x.id from public.sessions x where x.user_id = who and x.revoked_at is null order by x.refreshed_at desc, x.id desc offset 19);
  insert into public.sessions (id, user_id, device_name, device_mark, created_at, refreshed_at)
  values (session, who, device, mark, public.app_now(), public.app_now());
  insert into public.refresh_tokens (hash, session_id, generation) values (token_hash, session, 0);
  perform public.app_security_event('sign_in', who);
  return true;
end $_$;

COMMENT ON FUNCTION public.app_sign_in(who uuid, mark bytea, verified text, session uuid, device text, token_hash bytea) IS 'Opens a session for a password whose hash was compared; false: the hash or the account has changed meanwhile';

CREATE FUNCTION public.app_sign_in_pause(failures integer, last_at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
  return (
  select case
    when failures < 10 then 0
    else greatest(0, ceil(extract(epoch from
           last_at + make_interval(secs => least(power(2, least(failures - 10, 17)), 86400)) - public.app_now()))::integer) end);
end $$;

COMMENT ON FUNCTION public.app_sign_in_pause(failures integer, last_at timestamp with time zone) IS 'Seconds to wait after a number of consecutive failures';

CREATE FUNCTION public.app_sign_in_subject(name text, mark bytea) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
begin
  return (
  select case when exists (select from public.devices d join public.users u on u.id = d.user_id where u.username = $1 and d.mark = $2)
    then 'device ' || name || ' ' || encode(mark, 'hex') else 'name ' || name end);
end $_$;

COMMENT ON FUNCTION public.app_sign_in_subject(name text, mark bytea) IS 'The key by which wrong passwords of a sign-in are counted. Each kind of key has its own prefix, because a name is any text that a client sends';

CREATE FUNCTION public.app_standing(places uuid[], first_day date, last_day date) RETURNS TABLE(twinning_id uuid, organisation_id uuid, locality_id uuid, active boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
#variable_conflict use_column
begin
  return query
  select t.id, t.organisation_id, t.locality_id, public.app_twinning_active(t, $3) from public.twinnings t
   where t.locality_id = any (places) and t.starts_on <= $3 and (t.last_day is null or t.last_day >= first_day);
end $_$;

COMMENT ON FUNCTION public.app_standing(places uuid[], first_day date, last_day date) IS 'Twinnings with these places themselves whose days overlap a period, and whether each is active on its last day';

CREATE FUNCTION public.app_subscriber(address text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT
    SET search_path TO ''
    AS $$
begin
  return network(set_masklen(address::inet, case family(address::inet) when 4 then 32 else 64 end))::text;
end $$;

COMMENT ON FUNCTION public.app_subscriber(address text) IS 'The network that counts as one address: an IPv6 subscriber may use any address of a /64';

CREATE FUNCTION public.app_succeed_organisation(subject uuid, successor uuid, begins date, with_twinnings boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  former record;
  ended date;
begin
  if exists (select from unnest(array[subject, successor]) x(id) left join public.organisations o using (id)
              where not coalesce(public.app_in_range(o.scope_path), false)) then
    perform public.app_refuse('app_not_found');
  end if;
  select o.valid_to into ended from public.organisations o where o.id = subject for update;
  if with_twinnings then
    -- Those that the organisation had on its last day; an end that came with that of the organisation is none of the new twinning.
    for former in
      select t.* from public.twinnings t where t.organisation_id = subject and t.starts_on < begins
         and (t.last_day is null or t.last_day >= least(begins, ended)) order by t.id for update
    loop
      if public.app_may_succeed(former.programme_id, successor, former.locality_id, begins) then
        perform public.app_succeed_twinning(former.id, gen_random_uuid(), begins, former.programme_id, successor, former.locality_id,
          former.lead, former.decision_number, former.decision_date);
      end if;
    end loop;
  end if;
  update public.organisations o set valid_to = least(o.valid_to, begins - 1), successor_id = successor where o.id = subject;
  -- A successor that was attached to the organisation takes its place in the tree first: its own parents would otherwise lie below it.
  update public.organisations o set parent_id = (select f.parent_id from public.organisations f where f.id = subject)
   where o.id = successor and o.parent_id is not null
     and subject in (with recursive up as (select successor as id union select p.parent_id from up join public.organisations p using (id) where p.parent_id is not null)
                     select id from up);
  update public.organisations o set parent_id = successor
   where o.parent_id = subject and o.id <> successor and coalesce(o.valid_to, begins) >= begins;
end $$;

COMMENT ON FUNCTION public.app_succeed_organisation(subject uuid, successor uuid, begins date, with_twinnings boolean) IS 'Ends an organisation on the day before, continues its twinnings with the successor or ends them, and attaches its organisations to the successor';

CREATE FUNCTION public.app_succeed_place(place uuid, successors uuid[], begins date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  former record;
  successor uuid;
begin
  if exists (select from unnest(place || successors) x(id) left join public.localities l using (id)
              where not coalesce(public.app_in_range(l.scope_path), false)) then
    perform public.app_refuse('app_not_found');
  end if;
  for former in
    select t.* from public.twinnings t where t.locality_id = place and t.starts_on < begins and (t.ends_on is null or t.ends_on >= begins)
       and (t.last_day is null or t.last_day >= begins - 1) order by t.lead desc, t.id for update
  loop
    update public.twinnings t set ends_on = begins - 1 where t.id = former.id;
    foreach successor in array successors loop
      if public.app_may_succeed(former.programme_id, former.organisation_id, successor, begins) then
        perform public.app_succeed_twinning(former.id, gen_random_uuid(), begins, former.programme_id, former.organisation_id, successor,
          former.lead and not public.app_leads_there(former.programme_id, successor, begins), former.decision_number, former.decision_date);
      end if;
    end loop;
  end loop;
end $$;

COMMENT ON FUNCTION public.app_succeed_place(place uuid, successors uuid[], begins date) IS 'Ends the twinnings of a place on the day before, and continues each at every successor with which its programme and organisation may be twinned; {}: only ends them. Called before the place ends, in the same transaction. Place and successors lie in the caller''s range, else app_not_found. Raises app_in_use, with counts, for records on that day or later. A twinning leads at a successor only where no other one does';

CREATE FUNCTION public.app_succeed_twinning(subject uuid, new_id uuid, begins date, programme uuid, organisation uuid, locality uuid, leads boolean, decision text, decided date) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  former public.twinnings;
begin
  select * into strict former from public.twinnings t where t.id = subject for update;
  update public.twinnings t set ends_on = begins - 1 where t.id = subject and (t.last_day is null or t.last_day >= begins);
  insert into public.twinnings (id, predecessor_id, programme_id, organisation_id, locality_id, lead, decision_number, decision_date, starts_on, ends_on)
  select new_id, subject, programme, organisation, locality, leads, decision, decided, begins,
         case when former.ends_on >= begins then least(former.ends_on, p.ends_on, o.valid_to, l.valid_to) end
    from public.programmes p, public.organisations o, public.localities l
   where p.id = programme and o.id = organisation and l.id = locality;
end $$;

COMMENT ON FUNCTION public.app_succeed_twinning(subject uuid, new_id uuid, begins date, programme uuid, organisation uuid, locality uuid, leads boolean, decision text, decided date) IS 'Ends a twinning on the day before, and adds the one that continues it; its caller checks the parties';

CREATE FUNCTION public.app_successions(organisation uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  with recursive chain as (
    select organisation as id
     union
    select o.id from chain c join public.organisations o on o.successor_id = c.id
  )
  select array_agg(id) from chain);
end $$;

COMMENT ON FUNCTION public.app_successions(organisation uuid) IS 'An organisation and those that it succeeded, directly and through others';

CREATE FUNCTION public.app_summarise_support(most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  marks integer;
  villages uuid[];
  years integer[];
  kept uuid[];
  communes uuid[];
  provinces uuid[];
begin
  -- Runs in one session at a time, so that no older count overwrites a newer one. The number is arbitrary.
  if not pg_try_advisory_xact_lock(7364102304) then return 0; end if;
  -- Skips places that another transaction moves, or whose commune or province it changes, until the next run: that transaction may wait
  -- for this job, so this job must not wait for it. The lock keeps them where they are until the sums are committed.
  select array_agg(c.village_id) into villages from (select x.village_id from public.support_changes x order by x.id limit most) c;
  select array_agg(x.id) into kept
    from (select l.id from public.localities l
           where l.id in (select above.id from public.localities p cross join lateral (values (p.id), (p.commune_id), (p.province_id)) above(id)
                           where p.id = any (villages))
             for share skip locked) x;
  select array_agg(l.id) into villages
    from public.localities l
   where l.id = any (villages) and l.id = any (kept)
     and (l.commune_id is null or l.commune_id = any (kept)) and (l.province_id is null or l.province_id = any (kept));
  with taken as (
    delete from public.support_changes c
     where c.id in (select id from public.support_changes where village_id = any (villages) order by id limit most)
    returning c.village_id, c.year)
  select count(*), array_agg(distinct village_id), array_agg(distinct year) into marks, villages, years from taken;
  if marks = 0 then return 0; end if;

  delete from public.support_summaries s
   where s.place_id = any (villages) and s.level = 'place' and extract(year from s.starts_on)::integer = any (years);
  with given as (
    select g.id, coalesce(g.village_id, g.locality_id) as village_id, g.given_on, g.status, g.value_vnd, g.funding_source, g.household_id,
           g.households_count, g.households_named
      from public.gifts g
     where (g.village_id = any (villages) or g.locality_id = any (villages)) and g.status in ('recorded', 'confirmed')
  ), homes as (
    select g.village_id, g.given_on as day, g.household_id from given g where g.household_id is not null
     union all
    select g.village_id, g.given_on, r.household_id from given g join public.gift_recipients r on r.gift_id = g.id
     where g.household_id is null and g.households_named > 0
  ), facts as (
    select g.village_id, g.given_on as day, 0 as visit, false as holiday, 1 as gift, (g.status = 'confirmed')::integer as confirmed,
           case when g.funding_source <> 'credit' then g.value_vnd else 0 end as value_vnd,
           case when g.funding_source = 'credit' then g.value_vnd else 0 end as loan_vnd,
           coalesce(g.households_count - g.households_named, 0) as unnamed, null::uuid as household_id, false as wanders
      from given g
     union all
    select h.village_id, h.day, 0, false, 0, 0, 0, 0, 0, h.household_id,
           exists (select from public.gifts o where o.household_id = h.household_id and o.village_id < h.village_id)
           or exists (select from public.gifts o where o.household_id = h.household_id and o.village_id > h.village_id)
           or exists (select from public.gift_recipients o where o.household_id = h.household_id and o.village_id < h.village_id)
           or exists (select from public.gift_recipients o where o.household_id = h.household_id and o.village_id > h.village_id)
      from homes h
     union all
    select coalesce(v.village_id, v.locality_id), v.visited_on, 1, v.purpose = 'holiday', 0, 0, 0, 0, 0, null, false
      from public.visits v where v.village_id = any (villages) or v.locality_id = any (villages)
  ), counted as (
    select f.village_id, p.period, date_trunc(p.period, f.day::timestamp)::date as starts_on, sum(visit) as visits, sum(gift) as gifts,
           sum(confirmed) as gifts_confirmed, sum(value_vnd) as gift_value_vnd, sum(loan_vnd) as loans_vnd, sum(unnamed) as households_unnamed,
           max(day) filter (where visit = 1) as last_visit_on, max(day) filter (where holiday) as last_holiday_visit_on,
           max(day) filter (where gift = 1) as last_gift_on,
           count(distinct household_id) filter (where not wanders) as households,
           coalesce(array_agg(distinct household_id) filter (where wanders), '{}') as wandering_households
      from facts f cross join (values ('month'), ('quarter'), ('year')) p(period)
     where extract(year from f.day)::integer = any (years)
     group by 1, 2, 3
  )
  insert into public.support_summaries (place_id, scope_path, level, period, starts_on, visits, gifts, gifts_confirmed, gift_value_vnd,
      loans_vnd, households_unnamed, last_visit_on, last_holiday_visit_on, last_gift_on, households, wandering_households)
  select c.village_id, l.scope_path, 'place', c.period, c.starts_on, c.visits, c.gifts, c.gifts_confirmed, c.gift_value_vnd, c.loans_vnd,
         c.households_unnamed, c.last_visit_on, c.last_holiday_visit_on, c.last_gift_on, c.households, c.wandering_households
    from counted c join public.localities l on l.id = c.village_id;

  -- Also for a marked place itself: a village that now lies in a commune no longer stands for itself.
  select array_agg(distinct commune.id), array_agg(distinct province.id) into communes, provinces
    from public.localities l
   cross join lateral (values (coalesce(l.commune_id, l.id)), (l.id)) commune(id)
   cross join lateral (values (coalesce(l.province_id, l.commune_id, l.id)), (l.id)) province(id)
   where l.id = any (villages);
  perform public.app_roll_up_support('commune', communes, years);
  perform public.app_roll_up_support('province', provinces, years);
  return marks;
end $$;

COMMENT ON FUNCTION public.app_summarise_support(most integer) IS 'Recounts the villages of a number of marks; returns the number of marks, 0 without marks or while another job runs';

CREATE FUNCTION public.app_support_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  villages uuid[];
  years integer[];
  households uuid[];
begin
  -- One call for each statement and not for each row: a visit with five gifts inserts two marks.
  if tg_table_name = 'visits' then
    if tg_op = 'INSERT' then
      select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from visited_on)::integer) into villages, years from new_rows;
    elsif tg_op = 'DELETE' then
      select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from visited_on)::integer) into villages, years from old_rows;
    else
      select array_agg(ends.village_id), array_agg(extract(year from ends.day)::integer) into villages, years
        from old_rows o join new_rows n on n.id = o.id
        cross join lateral (values (coalesce(o.village_id, o.locality_id), o.visited_on), (coalesce(n.village_id, n.locality_id), n.visited_on))
          ends(village_id, day)
       where (o.village_id, o.locality_id, o.visited_on, o.purpose) is distinct from (n.village_id, n.locality_id, n.visited_on, n.purpose);
    end if;
  elsif tg_table_name = 'gift_recipients' then
    if tg_op = 'INSERT' then
      select array_agg(r.village_id), array_agg(extract(year from g.given_on)::integer), array_agg(r.household_id) into villages, years, households
        from new_rows r join public.gifts g on g.id = r.gift_id;
    else
      select array_agg(r.village_id), array_agg(extract(year from g.given_on)::integer) into villages, years
        from old_rows r join public.gifts g on g.id = r.gift_id;
    end if;
  elsif tg_op = 'INSERT' then
    select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from given_on)::integer), array_agg(household_id)
      into villages, years, households from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(coalesce(village_id, locality_id)), array_agg(extract(year from given_on)::integer) into villages, years from old_rows;
  else
    -- A gift with an unchanged village and household changes no household's villages, so the household is not locked: a
    -- confirmation and a merge would deadlock.
    select array_agg(ends.village_id), array_agg(extract(year from ends.day)::integer), array_agg(ends.household_id)
      into villages, years, households
      from old_rows o join new_rows n on n.id = o.id
      cross join lateral (values (coalesce(o.village_id, o.locality_id), o.given_on, null), (coalesce(n.village_id, n.locality_id), n.given_on,
        case when (o.village_id, o.household_id) is distinct from (n.village_id, n.household_id) then n.household_id end)
      ) ends(village_id, day, household_id)
     where (o.village_id, o.locality_id, o.given_on, o.status, o.value_vnd, o.funding_source, o.household_id, o.households_count, o.households_named)
           is distinct from
           (n.village_id, n.locality_id, n.given_on, n.status, n.value_vnd, n.funding_source, n.household_id, n.households_count, n.households_named);
  end if;
  if villages is not null then
    perform public.app_mark_support(villages, years, households);
  end if;
  return null;
end $$;

CREATE FUNCTION public.app_support_moved() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
begin
  insert into public.support_changes (village_id, scope_path, year)
  select distinct l.id, l.scope_path, extract(year from s.starts_on)::integer
    from changed n join former o on o.id = n.id
    join public.support_summaries s on s.place_id = n.id and s.level = 'place' and s.period = 'year'
   cross join lateral (values (n.id), (o.commune_id), (n.commune_id), (o.province_id), (n.province_id)) place(id)
    join public.localities l on l.id = place.id
   where (o.commune_id, o.province_id) is distinct from (n.commune_id, n.province_id);
  return null;
end $$;

CREATE FUNCTION public.app_suspended(suspensions jsonb, day date) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin
  return suspensions <> '[]' and exists (select from jsonb_to_recordset(suspensions) as s(starts_on date, ends_on date)
    where s.starts_on <= day and (s.ends_on is null or s.ends_on >= day));
end $$;

CREATE FUNCTION public.app_table(target regclass, reads text[] DEFAULT NULL::text[], reads_reason text DEFAULT NULL::text, writes text[] DEFAULT NULL::text[], writes_reason text DEFAULT NULL::text, inserts text[] DEFAULT NULL::text[], inserts_reason text DEFAULT NULL::text, owner text DEFAULT NULL::text, grants text DEFAULT 'select, insert, update, delete'::text, tracked boolean DEFAULT true, personal text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  if grants is not null then
    execute format('grant %s on %s to app', grants, target);
  end if;
  if tracked then
    execute format('create trigger zz_track before insert or update or delete on %s for each row execute function app_track(%s)',
      target, (select string_agg(quote_literal(name), ', ') from unnest(personal) name));
  end if;

  if reads = writes then
    perform app_policy(target, 'in_scope', 'all', reads, reads_reason);
  else
    if reads is not null then perform app_policy(target, 'in_scope', 'select', reads, reads_reason); end if;
    if writes is not null then perform app_policy(target, 'written', 'all', writes, writes_reason); end if;
  end if;

  if inserts is not null then perform app_policy(target, 'twinned', 'insert', inserts, inserts_reason); end if;

  if owner is not null then
    execute format(case owner when 'writes' then 'create policy definer_functions on %s to app_owner using (true) with check (true)'
      else 'create policy definer_functions on %s for select to app_owner using (true)' end, target);
    execute format('comment on policy definer_functions on %s is %L', target,
      'Functions that run as the owner: row-level security is forced on the owner, too');
  end if;
  if owner = 'locks' then
    execute format('create policy definer_locks on %s for update to app_owner using (true) with check (false)', target);
    execute format('comment on policy definer_locks on %s is %L', target,
      'A foreign key locks the row that it refers to, as the owner; nothing is changed');
  elsif owner = 'merges' then
    execute format('create policy merging on %s to app_owner using (true) with check (true)', target);
    execute format('comment on policy merging on %s is %L', target, 'app_merge_households moves the records of one household to another');
  end if;
end $$;

COMMENT ON FUNCTION public.app_table(target regclass, reads text[], reads_reason text, writes text[], writes_reason text, inserts text[], inserts_reason text, owner text, grants text, tracked boolean, personal text[]) IS 'Puts a table under forced row-level security and creates its grants, its tracking and its policies by shape; other policies are written out beside the call';

CREATE FUNCTION public.app_take_try(tried text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  pause integer;
begin
  insert into public.sign_in_failures as f (subject, failures, last_at) values (tried, 1, public.app_now())
  on conflict (subject) do update set failures = f.failures + 1, last_at = public.app_now()
    where public.app_sign_in_pause(f.failures, f.last_at) = 0;
  if found then return 0; end if;
  select public.app_sign_in_pause(f.failures, f.last_at) into pause from public.sign_in_failures f where f.subject = tried;
  return greatest(1, pause);
end $$;

COMMENT ON FUNCTION public.app_take_try(tried text) IS 'Counts an attempt as failed until its password is compared; 0, or the seconds to wait';

CREATE FUNCTION public.app_tell_of_account(account uuid, what text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, step, request_id, new_values, locality_id, organisation_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'twinnings', t.id, 'security', what,
         nullif(current_setting('app.request_id', true), '')::uuid, jsonb_build_object('username', u.username), t.locality_id, t.organisation_id
    from public.users u
    join public.twinnings t on t.organisation_id = u.organisation_id
   where u.id = account and public.app_twinning_active(t, public.app_today())
     and not (t.scope_path >= t.organisation_scope_path and t.scope_path < left(t.organisation_scope_path, -1) || '/');
end $$;

CREATE FUNCTION public.app_tell_of_move() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  perform public.app_tell_of_account(new.id, 'unit_account_given');
  return null;
end $$;

CREATE FUNCTION public.app_timeline(parent uuid, starts date, assigned uuid) RETURNS TABLE(parent_id uuid, valid_from date, valid_to date)
    LANGUAGE plpgsql STABLE
    AS $$
declare
  place record;
  next_id uuid;
begin
  -- backward
  select l.id, l.valid_from, l.valid_to into place from localities l where l.id = parent;
  parent_id := parent; valid_from := greatest(starts, place.valid_from); valid_to := place.valid_to;
  if starts is null then valid_from := place.valid_from; end if;
  if place.valid_from is not null and (starts is null or starts < place.valid_from) then
    select case when count(*) = 1 then (array_agg(s.predecessor_id))[1]
                when count(distinct old.province) = 1 then (array_agg(old.province))[1] end
      into next_id
      from locality_successions s
      join lateral (select app_ancestor(s.predecessor_id, 'province', place.valid_from - 1) as province) old on true
     where s.successor_id = parent;
    if next_id is not null then
      return query select next_id, starts, place.valid_from - 1;
    end if;
  end if;
  -- A village that began after the place had ended never lay in it.
  if starts is null or place.valid_to is null or starts <= place.valid_to then return next; end if;
  -- forward
  while place.valid_to is not null loop
    next_id := null;
    if assigned is not null then
      next_id := assigned;
      assigned := null;
    else
      select s.successor_id into next_id from locality_successions s where s.predecessor_id = place.id and s.certain limit 1;
      if next_id is null then
        -- the successor of the province above it, or that province while it is in force
        select coalesce((select s.successor_id from locality_successions s where s.predecessor_id = p.province and s.certain limit 1), p.province)
          into next_id
          from (select app_ancestor(place.id, 'province', place.valid_to) as province) p;
      end if;
    end if;
    exit when next_id is null or next_id = place.id;
    parent_id := next_id; valid_from := greatest(starts, place.valid_to + 1);
    select l.id, l.valid_from, l.valid_to into place from localities l where l.id = next_id;
    valid_to := place.valid_to;
    if valid_to is null or valid_from <= valid_to then return next; end if;
  end loop;
end $$;

COMMENT ON FUNCTION public.app_timeline(parent uuid, starts date, assigned uuid) IS 'The dated parents of a village that was entered under a given parent';

CREATE FUNCTION public.app_today() RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select (public.app_now() at time zone 'Asia/Ho_Chi_Minh')::date $$;

COMMENT ON FUNCTION public.app_today() IS 'The current day in Vietnam';

CREATE FUNCTION public.app_touch_ended_twinnings() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update public.twinnings t set updated_at = pg_catalog.clock_timestamp()
   where t.last_day >= old.day and t.last_day < new.day
      or t.suspensions <> '[]' and public.app_twinning_active(t, old.day) <> public.app_twinning_active(t, new.day);
  return null;
end $$;

CREATE FUNCTION public.app_touch_flagged_places() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  update public.localities l set updated_at = pg_catalog.clock_timestamp()
   where l.id in (select f.locality_id from public.locality_flags f
                   where f.from_on > old.day and f.from_on <= new.day or f.to_on >= old.day and f.to_on < new.day);
  return null;
end $$;

CREATE FUNCTION public.app_touch_parent() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
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
end $_$;

COMMENT ON FUNCTION public.app_touch_parent() IS 'Increments the version of the parent record; arguments: its table, the column that refers to it';

CREATE FUNCTION public.app_track() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

CREATE FUNCTION public.app_tree(day date) RETURNS TABLE(place_id uuid, village_id uuid, commune_id uuid, district_id uuid, province_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  with above as (
    select l.id, l.level, v.parent_id
      from public.localities l join public.locality_versions v on v.locality_id = l.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select a.id, case a.level when 'village' then a.id end,
         case when a.level = 'commune' then a.id when p1.level = 'commune' then p1.id end,
         case when p1.level = 'district' then p1.id when p2.level = 'district' then p2.id end,
         case when p1.level = 'province' then p1.id when p2.level = 'province' then p2.id when p3.level = 'province' then p3.id end
    from above a
    join above p1 on p1.id = a.parent_id
    left join above p2 on p2.id = p1.parent_id
    left join above p3 on p3.id = p2.parent_id
   where a.level in ('village', 'commune')
  union all
  -- A commune or village that has ended by the day lies where its successor lies; a commune that begins later lies nowhere yet.
  select l.id, case l.level when 'village' then coalesce(l.merged_into_id, l.id) end,
         case when l.valid_to < day then l.commune_id end, null, case when l.valid_to < day then l.province_id end
    from public.localities l where l.level in ('commune', 'village') and (l.valid_to < day or l.level = 'commune' and l.valid_from > day);
end $$;

COMMENT ON FUNCTION public.app_tree(day date) IS 'Every village and commune with the places above it on a day other than the tree day, whose ancestors are stored in localities';

CREATE FUNCTION public.app_twinned_homes() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select array_agg(h.id) from public.households h where h.village_id = any (public.app_villages()) and h.listed);
end $$;

COMMENT ON FUNCTION public.app_twinned_homes() IS 'The listed households of the villages that the caller is twinned with';

CREATE FUNCTION public.app_twinned_places(day date) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return query
  with recursive twinned as (
    select l.id, l.level from public.localities l
     where l.id in (select t.locality_id from public.twinnings t where public.app_twinning_active(t, day))
     union
    select l.id, l.level
      from twinned above
      join public.locality_versions v on v.parent_id = above.id
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
      join public.localities l on l.id = v.locality_id
     where above.level <> 'village'
  )
  select id from twinned;
end $$;

COMMENT ON FUNCTION public.app_twinned_places(day date) IS 'Places of every level with an active twinning on a day, by themselves or through a place above';

CREATE FUNCTION public.app_twinning_active(t public.twinnings, day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$ select t.starts_on <= day and (t.last_day is null or t.last_day >= day)
    and (t.suspensions = '[]' or not public.app_suspended(t.suspensions, day)) $$;

CREATE FUNCTION public.app_twinning_once() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- A shorter period overlaps no other twinning than before.
  if tg_op = 'UPDATE' and (new.programme_id, new.organisation_id, new.locality_id) = (old.programme_id, old.organisation_id, old.locality_id)
     and new.starts_on >= old.starts_on and coalesce(new.ends_on, 'infinity') <= coalesce(old.ends_on, 'infinity') then
    return null;
  end if;
  -- Of two concurrent requests the second waits for the lock, and its next statement sees the row of the first.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(
    pg_catalog.concat_ws(' ', 'twinning', new.programme_id, new.organisation_id, new.locality_id), 0));
  if exists (select from public.twinnings t
              where t.organisation_id = new.organisation_id and t.locality_id = new.locality_id and t.programme_id = new.programme_id
                and t.id <> new.id
                and (t.ends_on is null or t.ends_on >= new.starts_on) and (new.ends_on is null or new.ends_on >= t.starts_on)) then
    -- Named like the unique key that refuses the same first day: the service answers both with one problem.
    raise exception 'overlapping twinning' using constraint = 'twinnings_key', errcode = 'exclusion_violation';
  end if;
  return null;
end $$;

CREATE FUNCTION public.app_twinning_status(last_day date, suspensions jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select case when last_day < public.app_today() then 'ended'
    when public.app_suspended(suspensions, public.app_today()) then 'suspended' else 'active' end $$;

CREATE FUNCTION public.app_twinnings_under(programme uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return query select t.id from public.twinnings t where t.programme_id in (select public.app_programmes_below(programme));
end $$;

COMMENT ON FUNCTION public.app_twinnings_under(programme uuid) IS 'The twinnings under a programme and its descendants';

CREATE FUNCTION public.app_twinnings_until(place uuid, day date) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select count(*) from public.twinnings t where t.locality_id = place and t.starts_on <= day and t.last_day = day);
end $$;

COMMENT ON FUNCTION public.app_twinnings_until(place uuid, day date) IS 'The number of twinnings of a place whose last day is this one';

CREATE FUNCTION public.app_two_person_days() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(nullif(current_setting('app.two_person_days', true), '')::integer, 30) $$;

COMMENT ON FUNCTION public.app_two_person_days() IS 'TWO_PERSON_DAYS: days for which the maker of an account, or of its last reset, counts as its owner; 0: never';

CREATE FUNCTION public.app_union(one text[], other text[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
  return one || array(select word from unnest(other) word where word <> all (one));
end $$;

CREATE FUNCTION public.app_units_here() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (
  select array_agg(distinct t.organisation_id) from public.twinnings t
   where public.app_role() in ('province', 'district', 'commune', 'village_head')
     and (t.last_day is null or t.last_day + public.app_late_entry_days() >= public.app_today())
     and (t.scope_path >= public.app_low() and t.scope_path < public.app_high()
          or public.app_low() >= t.scope_path and public.app_low() < left(t.scope_path, -1) || '/'));
end $$;

COMMENT ON FUNCTION public.app_units_here() IS 'Organisations that are twinned with places of the caller''s range or above it, or were while they may record late';

CREATE FUNCTION public.app_unsettle_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if old.active and not new.active then
    perform public.app_end_access(new.id);
  end if;
  if (new.role, new.locality_id, new.organisation_id, new.active) is distinct from (old.role, old.locality_id, old.organisation_id, old.active) then
    new.auth_version := old.auth_version + 1;
  end if;
  return new;
end $$;

CREATE FUNCTION public.app_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;

CREATE FUNCTION public.app_village_name(village uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return (select l.name from public.localities l where l.id = village and l.level = 'village');
end $$;

COMMENT ON FUNCTION public.app_village_name(village uuid) IS 'The name of a village that the caller may no longer see, for its records there';

CREATE FUNCTION public.app_village_years(years integer[]) RETURNS TABLE(village_id uuid, year integer, households integer, minority_households integer, complete boolean, inhabited boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
begin
  return query
  select v.id, y, p.households, p.minority_households, coalesce(g.complete, false), lived.here is not null
    from public.localities v
    cross join unnest(years) y
    left join public.village_profiles p on p.village_id = v.id and p.year = y
    left join public.village_registers g on g.village_id = v.id and g.year = y
    left join lateral (select true as here from public.households h where h.village_id = v.id and h.status = 'active' limit 1) lived on true
   where v.level = 'village' and v.scope_path >= public.app_low() and v.scope_path < public.app_high()
     and coalesce(v.valid_from <= public.app_register_day(y), true) and coalesce(v.valid_to >= public.app_register_day(y), true);
end $$;

COMMENT ON FUNCTION public.app_village_years(years integer[]) IS 'The villages of the range of the caller, with the numbers that rates divide by';

CREATE FUNCTION public.app_villages() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('app.villages', true), '')::uuid[] $$;

COMMENT ON FUNCTION public.app_villages() IS 'Villages that the caller''s organisation is twinned with today';

CREATE FUNCTION public.app_visit_gave(visit uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return exists (select from public.gifts g where g.visit_id = visit);
end $$;

COMMENT ON FUNCTION public.app_visit_gave(visit uuid) IS 'Whether a gift belongs to a visit';

CREATE FUNCTION public.app_with_caller(authors uuid[]) RETURNS uuid[]
    LANGUAGE sql STABLE
    AS $$ select array_append(array_remove(authors, public.app_user_id()), public.app_user_id()) $$;

COMMENT ON FUNCTION public.app_with_caller(authors uuid[]) IS 'The authors of a record with the caller added';

CREATE FUNCTION public.app_withholds() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(nullif(current_setting('app.withholds', true), '')::boolean, false) $$;

COMMENT ON FUNCTION public.app_withholds() IS 'Whether sensitive fields are withheld from the caller';

CREATE FUNCTION public.app_words(value text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select distinct word from unnest(string_to_array(public.app_fold(value), ' ')) word where word <> '' $$;

CREATE FUNCTION public.app_writes_party(scope_path text, organisation uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return coalesce(public.app_in_range(scope_path), false) or exists (select from public.organisations o
    where o.id = organisation and (o.id = public.app_organisation() or public.app_in_range(o.scope_path)));
end $$;

CREATE TABLE public.__diesel_schema_migrations (
    version character varying(50) NOT NULL,
    run_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);

CREATE TABLE public.account_makers (
    user_id uuid NOT NULL,
    maker_id uuid NOT NULL,
    made_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.account_makers FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.account_makers IS 'Accounts that created an account or reset its password, which they knew, and when last';

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    name text NOT NULL,
    locality_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    secret_hash bytea NOT NULL,
    expires_on date,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT api_keys_name CHECK ((name <> ''::text))
);

ALTER TABLE ONLY public.api_keys FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.api_keys IS 'Keys of dashboards: aggregates of one place, no personal data';

CREATE TABLE public.audit_events (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_role text NOT NULL,
    actor_id uuid,
    on_behalf_of uuid,
    resource text NOT NULL,
    record_id uuid NOT NULL,
    action text NOT NULL,
    step text,
    forced boolean DEFAULT false NOT NULL,
    two_person text,
    request_id uuid,
    old_values jsonb,
    new_values jsonb,
    personal_fields text[] DEFAULT '{}'::text[] NOT NULL,
    village_id uuid,
    locality_id uuid,
    organisation_id uuid,
    subject_rank smallint,
    part_of uuid,
    actor_username text,
    actor_full_name text,
    actor_locality_id uuid,
    actor_organisation_id uuid,
    place_id uuid GENERATED ALWAYS AS (COALESCE(village_id, locality_id)) STORED,
    CONSTRAINT audit_events_action CHECK ((action = ANY (ARRAY['create'::text, 'update'::text, 'delete'::text, 'read'::text, 'security'::text]))),
    CONSTRAINT audit_events_two_person CHECK ((two_person = 'doubt'::text))
);

ALTER TABLE ONLY public.audit_events FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.audit_events IS 'Every change of a record with its actor. Append-only: SELECT is the only grant';

COMMENT ON COLUMN public.audit_events.forced IS 'The caller overrode the version check with If-Match: *';

COMMENT ON COLUMN public.audit_events.two_person IS 'doubt: one person may have taken both steps of a two-person rule, because one account recently made or reset the other';

COMMENT ON COLUMN public.audit_events.personal_fields IS 'Names of personal fields that changed; their values are never stored here';

COMMENT ON COLUMN public.audit_events.locality_id IS 'For a record without a village: the place whose officials are responsible for it';

COMMENT ON COLUMN public.audit_events.subject_rank IS 'For an entry about an account: the rank of its office; offices above it read the entry';

COMMENT ON COLUMN public.audit_events.part_of IS 'For an entry about a part (a member of a household): the whole';

COMMENT ON COLUMN public.audit_events.actor_username IS 'As at the moment of the entry, like name and office: an account may be renamed or moved to another office';

COMMENT ON COLUMN public.audit_events.place_id IS 'The place whose officials read the entry';

ALTER TABLE public.audit_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.creations (
    id uuid NOT NULL,
    resource text NOT NULL,
    actor_id uuid,
    body_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.creations FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.creations IS 'Ids made by clients, with the hash of their request body: a repeated request is recognised';

CREATE TABLE public.data_loads (
    name text NOT NULL,
    digest bytea NOT NULL,
    loaded_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.data_loads FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.data_loads IS 'Digests of the loaded catalogue files: a start with the same files loads nothing';

CREATE TABLE public.deleted_records (
    id uuid NOT NULL,
    resource text NOT NULL,
    deleted_at timestamp with time zone NOT NULL,
    deleted_by uuid,
    changed_xid xid8 NOT NULL,
    village_id uuid,
    organisation_id uuid,
    content jsonb NOT NULL,
    personal jsonb,
    sealed bytea
);

ALTER TABLE ONLY public.deleted_records FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.deleted_records IS 'Copies of deleted rows; their ids stay taken';

COMMENT ON COLUMN public.deleted_records.content IS 'The fields that are not personal; emptied after a year, while the id stays taken';

COMMENT ON COLUMN public.deleted_records.personal IS 'The personal fields until a job seals them, 20 seconds later at most';

COMMENT ON COLUMN public.deleted_records.sealed IS 'The personal fields, sealed like those of household_private';

CREATE TABLE public.devices (
    user_id uuid NOT NULL,
    mark bytea NOT NULL,
    signed_in_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.devices FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.devices IS 'The last twenty devices on which an account signed in since its last reset; failures are counted for each device';

COMMENT ON COLUMN public.devices.mark IS 'Random; the device holds it in its device token';

CREATE TABLE public.gift_recipients (
    gift_id uuid NOT NULL,
    household_id uuid NOT NULL,
    village_id uuid NOT NULL,
    hardship_item_id uuid,
    item_automatic boolean DEFAULT true NOT NULL
);

ALTER TABLE ONLY public.gift_recipients FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.gift_recipients IS 'The known households of a gift to many';

COMMENT ON COLUMN public.gift_recipients.village_id IS 'The village of the gift';

CREATE TABLE public.gifts (
    id uuid NOT NULL,
    visit_id uuid,
    twinning_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    village_id uuid,
    locality_id uuid,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    household_id uuid,
    member_id uuid,
    hardship_item_id uuid,
    item_automatic boolean DEFAULT true NOT NULL,
    recipient_group text,
    households_count integer,
    households_named integer DEFAULT 0 NOT NULL,
    category text NOT NULL,
    description text NOT NULL,
    quantity numeric(15,3),
    unit text,
    value_vnd bigint NOT NULL,
    funding_source text NOT NULL,
    given_on date NOT NULL,
    note text,
    status text DEFAULT 'recorded'::text NOT NULL,
    dispute_reason text,
    settlement_note text,
    correction_reason text,
    written_by uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    acted_by uuid NOT NULL,
    on_behalf_of uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT gifts_category CHECK ((category = ANY (ARRAY['food'::text, 'cash'::text, 'clothes'::text, 'study_equipment'::text, 'bicycle'::text, 'medicine'::text, 'household_goods'::text, 'seedling'::text, 'livestock'::text, 'tool'::text, 'equipment'::text, 'other'::text]))),
    CONSTRAINT gifts_description CHECK ((description <> ''::text)),
    CONSTRAINT gifts_funding_source CHECK ((funding_source = ANY (ARRAY['programme_direct'::text, 'central_budget'::text, 'province_budget'::text, 'district_budget'::text, 'commune_budget'::text, 'programme_integrated'::text, 'organisation_own'::text, 'staff_contribution'::text, 'enterprise'::text, 'mass_organisation'::text, 'donor'::text, 'community'::text, 'credit'::text, 'labour_days'::text, 'other_legal'::text]))),
    CONSTRAINT gifts_households_count CHECK (((households_count >= 1) AND (households_count <= 100000))),
    CONSTRAINT gifts_households_named CHECK ((households_named >= 0)),
    CONSTRAINT gifts_member_of_household CHECK (((member_id IS NULL) OR (household_id IS NOT NULL))),
    CONSTRAINT gifts_named CHECK ((households_named <= households_count)),
    CONSTRAINT gifts_one_or_many CHECK (((household_id IS NULL) OR ((recipient_group IS NULL) AND (households_count = 1) AND (households_named = 1)))),
    CONSTRAINT gifts_place CHECK ((num_nonnulls(village_id, locality_id) = 1)),
    CONSTRAINT gifts_quantity CHECK ((quantity > (0)::numeric)),
    CONSTRAINT gifts_recipient_group CHECK ((recipient_group = ANY (ARRAY['poor'::text, 'near_poor'::text, 'newly_escaped'::text, 'special_hardship'::text, 'merit_family'::text, 'social_protection'::text, 'disabled'::text, 'elderly'::text, 'orphan'::text, 'student'::text, 'prestigious_person'::text, 'all'::text, 'other'::text]))),
    CONSTRAINT gifts_status CHECK ((status = ANY (ARRAY['recorded'::text, 'confirmed'::text, 'disputed'::text, 'not_delivered'::text]))),
    CONSTRAINT gifts_value_vnd CHECK (((value_vnd >= 0) AND (value_vnd <= '1000000000000'::bigint)))
);

ALTER TABLE ONLY public.gifts FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.gifts IS 'Gifts to a household, to one of its members, to many households, to the whole village, or to a commune';

COMMENT ON COLUMN public.gifts.locality_id IS 'The commune to which it was given itself';

COMMENT ON COLUMN public.gifts.item_automatic IS 'The service chooses the listed item; false: a caller chose it, or none';

COMMENT ON COLUMN public.gifts.households_count IS 'All homes reached, named or not; null: the whole village or commune';

COMMENT ON COLUMN public.gifts.households_named IS 'Known households: 1, or the number of recipients';

COMMENT ON COLUMN public.gifts.value_vnd IS 'Whole VND, the total';

COMMENT ON COLUMN public.gifts.written_by IS 'Accounts that changed it: none of them may confirm it';

COMMENT ON COLUMN public.gifts.acted_by IS 'The account that recorded it, which may not confirm it';

CREATE TABLE public.hardship_items (
    id uuid NOT NULL,
    list_id uuid NOT NULL,
    village_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    household_id uuid NOT NULL,
    reasons text[] NOT NULL,
    needs text[] NOT NULL,
    priority smallint NOT NULL,
    note text,
    approved boolean DEFAULT false NOT NULL,
    approved_state jsonb,
    dropped boolean DEFAULT false NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT hardship_items_needs CHECK ((needs <@ ARRAY['food'::text, 'housing'::text, 'livestock'::text, 'tools'::text, 'study'::text, 'medical'::text, 'job'::text, 'sanitation'::text, 'cash'::text, 'other'::text])),
    CONSTRAINT hardship_items_priority CHECK (((priority >= 1) AND (priority <= 3))),
    CONSTRAINT hardship_items_reasons CHECK ((reasons <@ ARRAY['elderly_alone'::text, 'disabled'::text, 'serious_illness'::text, 'orphan'::text, 'single_parent'::text, 'temporary_house'::text, 'disaster'::text, 'student_hardship'::text, 'merit_family'::text, 'social_protection'::text, 'other'::text])),
    CONSTRAINT hardship_items_status CHECK ((status = ANY (ARRAY['open'::text, 'pledged'::text, 'helped'::text])))
);

ALTER TABLE ONLY public.hardship_items FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.hardship_items IS 'A household on a hardship list';

COMMENT ON COLUMN public.hardship_items.approved IS 'Whether it was part of an approved list: twinned units see these items';

COMMENT ON COLUMN public.hardship_items.approved_state IS 'Reasons, needs, priority and note as approved last: twinned units see these, also while the list is reopened';

COMMENT ON COLUMN public.hardship_items.dropped IS 'Approved, and left out of the reopened list since: units see it until the next approval deletes it';

COMMENT ON COLUMN public.hardship_items.status IS 'Derived by app_refresh_item from pledges and confirmed gifts';

CREATE TABLE public.hardship_lists (
    id uuid NOT NULL,
    village_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    year integer NOT NULL,
    round integer NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    submitted_at timestamp with time zone,
    submitted_by uuid,
    approved_at timestamp with time zone,
    approved_by uuid,
    written_by uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    return_reason text,
    acted_by uuid,
    on_behalf_of uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT hardship_lists_round CHECK (((round >= 1) AND (round <= 12))),
    CONSTRAINT hardship_lists_status CHECK ((status = ANY (ARRAY['draft'::text, 'submitted'::text, 'returned'::text, 'approved'::text, 'closed'::text]))),
    CONSTRAINT hardship_lists_year CHECK (((year >= 1990) AND (year <= 2200)))
);

ALTER TABLE ONLY public.hardship_lists FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.hardship_lists IS 'The households of a village in greatest hardship, one list for each round of a year (danh sách hộ khó khăn)';

COMMENT ON COLUMN public.hardship_lists.approved_at IS 'First approval: twinned units see the list from then on, also while it is closed or reopened';

COMMENT ON COLUMN public.hardship_lists.written_by IS 'Accounts that changed it since its last approval: an approval by one of them is marked in the audit';

CREATE TABLE public.household_assessments (
    id uuid NOT NULL,
    household_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    assessed_on date NOT NULL,
    round_year integer NOT NULL,
    round_kind text NOT NULL,
    standard text NOT NULL,
    poverty_status text NOT NULL,
    deprivations text[] DEFAULT '{}'::text[] NOT NULL,
    poverty_causes text[] DEFAULT '{}'::text[] NOT NULL,
    score_b1 integer,
    score_b2 integer,
    no_labour_capacity boolean,
    decision_number text,
    decision_date date,
    note text,
    status text NOT NULL,
    return_reason text,
    corrects_id uuid,
    corrected_by_id uuid,
    assessor_id uuid,
    confirmed_by uuid,
    confirmed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT household_assessments_assessed_on CHECK ((assessed_on >= '1990-01-01'::date)),
    CONSTRAINT household_assessments_decision_number CHECK ((decision_number <> ''::text)),
    CONSTRAINT household_assessments_poverty_causes CHECK ((poverty_causes <@ ARRAY['no_land'::text, 'no_capital'::text, 'no_labour'::text, 'no_tools'::text, 'no_knowledge'::text, 'no_skills'::text, 'illness'::text, 'disaster'::text, 'many_dependants'::text, 'outdated_customs'::text, 'dependence'::text, 'other'::text])),
    CONSTRAINT household_assessments_poverty_status CHECK ((poverty_status = ANY (ARRAY['poor'::text, 'near_poor'::text, 'newly_escaped'::text, 'average'::text, 'not_poor'::text]))),
    CONSTRAINT household_assessments_round_kind CHECK ((round_kind = ANY (ARRAY['annual'::text, 'regular'::text]))),
    CONSTRAINT household_assessments_round_year CHECK (((round_year)::numeric = EXTRACT(year FROM assessed_on))),
    CONSTRAINT household_assessments_score_b1 CHECK (((score_b1 >= 0) AND (score_b1 <= 1000))),
    CONSTRAINT household_assessments_score_b2 CHECK (((score_b2 >= 0) AND (score_b2 <= 1000))),
    CONSTRAINT household_assessments_status CHECK ((status = ANY (ARRAY['proposed'::text, 'confirmed'::text, 'returned'::text])))
);

ALTER TABLE ONLY public.household_assessments FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.household_assessments IS 'Poverty assessments of households (rà soát hộ nghèo), dated, by the standard of their day';

COMMENT ON COLUMN public.household_assessments.round_kind IS 'annual: the review at the end of the year (rà soát định kỳ); regular: during the year (rà soát thường xuyên)';

COMMENT ON COLUMN public.household_assessments.decision_number IS 'The decision that recognises the result, as 12/QĐ-UBND';

COMMENT ON COLUMN public.household_assessments.corrected_by_id IS 'The assessment that took its place, by a correction or in a merge: it stays in the history and counts nowhere';

CREATE TABLE public.household_consents (
    id uuid NOT NULL,
    household_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    organisation_id uuid,
    given_by text NOT NULL,
    given_on date NOT NULL,
    expires_on date,
    proof text NOT NULL,
    withdrawn_at timestamp with time zone,
    acted_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT household_consents_given_by CHECK ((given_by <> ''::text)),
    CONSTRAINT household_consents_period CHECK ((given_on <= expires_on)),
    CONSTRAINT household_consents_proof CHECK ((proof = ANY (ARRAY['signature'::text, 'thumbprint'::text, 'recording'::text])))
);

ALTER TABLE ONLY public.household_consents FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.household_consents IS 'Consents of households that organisations which are no state bodies read their sensitive fields (Law 91/2025/QH15)';

COMMENT ON COLUMN public.household_consents.organisation_id IS 'The organisation that may read; null: every one that sees the household';

CREATE TABLE public.household_members (
    id uuid NOT NULL,
    household_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."vi-x-icu",
    sex text,
    birth_year integer,
    birth_date date,
    ethnic_group text,
    relation text,
    student boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT household_members_birth_date CHECK (((birth_year)::numeric = EXTRACT(year FROM birth_date))),
    CONSTRAINT household_members_birth_year CHECK (((birth_year >= 1890) AND (birth_year <= 2200))),
    CONSTRAINT household_members_ethnic_group CHECK ((ethnic_group ~ '^[0-9]{2}$'::text)),
    CONSTRAINT household_members_name CHECK ((name <> ''::text)),
    CONSTRAINT household_members_sex CHECK ((sex = ANY (ARRAY['male'::text, 'female'::text])))
);

ALTER TABLE ONLY public.household_members FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.household_members IS 'The people of a household besides its head';

CREATE TABLE public.household_merges (
    id uuid NOT NULL,
    household_id uuid NOT NULL,
    merged_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL
);

ALTER TABLE ONLY public.household_merges FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.household_merges IS 'Households that were recorded twice: the deleted id, and the household that it was merged into';

CREATE TABLE public.household_private (
    household_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    phone bytea,
    identity_number bytea,
    identity_number_last4 bytea,
    identity_number_index bytea
);

ALTER TABLE ONLY public.household_private FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.household_private IS 'Phone and identity number, each sealed with the key named in its first byte (AES-256-GCM, bound to subject and field)';

COMMENT ON COLUMN public.household_private.subject_id IS 'The household, for its head, or one of its members';

COMMENT ON COLUMN public.household_private.identity_number_index IS 'Keyed hash: equality without the number';

CREATE TABLE public.household_residences (
    household_id uuid NOT NULL,
    village_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    from_on date,
    until_on date NOT NULL,
    CONSTRAINT household_residences_period CHECK ((from_on <= until_on))
);

ALTER TABLE ONLY public.household_residences FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.household_residences IS 'Villages in which a household lived before its present one: counts of a day include it there';

CREATE TABLE public.household_words (
    household_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    word text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.household_words FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.household_words IS 'Folded words of the head''s name, searched by prefix as a range, which can use an index under row-level security';

CREATE TABLE public.households (
    id uuid NOT NULL,
    village_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    status text DEFAULT 'active'::text NOT NULL,
    status_since date,
    head_name text NOT NULL COLLATE pg_catalog."vi-x-icu",
    head_fold text GENERATED ALWAYS AS (public.app_fold(head_name)) STORED NOT NULL,
    head_sex text,
    head_birth_year integer,
    head_birth_date date,
    ethnic_group text NOT NULL,
    poverty_status text,
    poverty_year integer,
    poverty_assessed_on date,
    poverty_standard text,
    deprivations text[] DEFAULT '{}'::text[] NOT NULL,
    poverty_causes text[] DEFAULT '{}'::text[] NOT NULL,
    hardship_reasons text[] DEFAULT '{}'::text[] NOT NULL,
    special_hardship boolean GENERATED ALWAYS AS ((cardinality(hardship_reasons) > 0)) STORED NOT NULL,
    address text,
    latitude double precision,
    longitude double precision,
    note text,
    listed boolean DEFAULT false NOT NULL,
    moved_on date,
    acted_by uuid,
    on_behalf_of uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT households_ethnic_group CHECK ((ethnic_group ~ '^[0-9]{2}$'::text)),
    CONSTRAINT households_hardship_reasons CHECK ((hardship_reasons <@ ARRAY['elderly_alone'::text, 'disabled'::text, 'serious_illness'::text, 'orphan'::text, 'single_parent'::text, 'temporary_house'::text, 'disaster'::text, 'student_hardship'::text, 'merit_family'::text, 'social_protection'::text, 'other'::text])),
    CONSTRAINT households_head_birth_date CHECK (((head_birth_year)::numeric = EXTRACT(year FROM head_birth_date))),
    CONSTRAINT households_head_birth_year CHECK (((head_birth_year >= 1890) AND (head_birth_year <= 2200))),
    CONSTRAINT households_head_name CHECK ((head_name <> ''::text)),
    CONSTRAINT households_head_sex CHECK ((head_sex = ANY (ARRAY['male'::text, 'female'::text]))),
    CONSTRAINT households_latitude CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT households_longitude CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT households_poverty_status CHECK ((poverty_status = ANY (ARRAY['poor'::text, 'near_poor'::text, 'newly_escaped'::text, 'average'::text, 'not_poor'::text]))),
    CONSTRAINT households_status CHECK ((status = ANY (ARRAY['active'::text, 'moved_away'::text, 'dissolved'::text])))
);

ALTER TABLE ONLY public.households FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.households IS 'Households of a village';

COMMENT ON COLUMN public.households.head_fold IS 'Without case and diacritics: equal names are likely duplicates';

COMMENT ON COLUMN public.households.listed IS 'Whether an approved hardship list of its village names it: twinned units see these households only';

COMMENT ON COLUMN public.households.moved_on IS 'First day in this village; null: it lived in no other one since its registration';

COMMENT ON COLUMN public.households.acted_by IS 'The account that entered it';

COMMENT ON COLUMN public.households.on_behalf_of IS 'The village whose head an official acted for';

CREATE SEQUENCE public.locality_labels
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.localities (
    id uuid NOT NULL,
    label text DEFAULT public.app_base36(nextval('public.locality_labels'::regclass)) NOT NULL COLLATE pg_catalog."C",
    level text NOT NULL,
    valid_from date,
    valid_to date,
    name text NOT NULL COLLATE pg_catalog."vi-x-icu",
    code text,
    kind text NOT NULL,
    parent_id uuid,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    province_id uuid,
    district_id uuid,
    commune_id uuid,
    merged_into_id uuid,
    end_legal_basis text,
    ethnic_groups text[] DEFAULT '{}'::text[] NOT NULL,
    latitude double precision,
    longitude double precision,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT localities_kind CHECK ((kind = ANY (ARRAY['tinh'::text, 'thanh_pho'::text, 'quan'::text, 'huyen'::text, 'thi_xa'::text, 'phuong'::text, 'thi_tran'::text, 'xa'::text, 'dac_khu'::text, 'thon'::text, 'lang'::text, 'ban'::text, 'buon'::text, 'to_dan_pho'::text]))),
    CONSTRAINT localities_label_form CHECK ((label ~ '^[0-9A-Z]+$'::text)),
    CONSTRAINT localities_latitude CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT localities_level CHECK ((level = ANY (ARRAY['province'::text, 'district'::text, 'commune'::text, 'village'::text]))),
    CONSTRAINT localities_longitude CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT localities_name CHECK ((name <> ''::text)),
    CONSTRAINT localities_scope_path_form CHECK ((scope_path ~ '^0\.([0-9A-Z]+\.)+$'::text)),
    CONSTRAINT localities_validity CHECK ((valid_from <= valid_to))
);

ALTER TABLE ONLY public.localities FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.localities IS 'Provinces, districts, communes and villages of every era';

COMMENT ON COLUMN public.localities.label IS 'Surrogate in base 36, the locality''s part of scope paths; never an official code';

COMMENT ON COLUMN public.localities.valid_from IS 'First day (inclusive); null: before the first day of the catalogue';

COMMENT ON COLUMN public.localities.valid_to IS 'Last day (inclusive); null: still in force';

COMMENT ON COLUMN public.localities.scope_path IS 'Labels from the root on the tree day; policies compare it with the caller''s range';

COMMENT ON COLUMN public.localities.province_id IS 'Its province on the tree day (itself, for a province); null for future places';

COMMENT ON COLUMN public.localities.merged_into_id IS 'For a village that has ended by the tree day: the village in which it lies since; derived from its certain succession';

CREATE TABLE public.locality_flags (
    id uuid NOT NULL,
    locality_id uuid NOT NULL,
    flag text NOT NULL,
    from_on date,
    to_on date,
    decision_number text,
    decision_date date,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT locality_flags_flag CHECK ((flag = ANY (ARRAY['border'::text, 'extremely_difficult'::text, 'upland'::text, 'lowland'::text, 'ethnic_minority'::text]))),
    CONSTRAINT locality_flags_period CHECK ((from_on <= to_on))
);

ALTER TABLE ONLY public.locality_flags FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.locality_flags IS 'What a decision declared a village, commune or district to be, from day to day (both inclusive)';

COMMENT ON COLUMN public.locality_flags.from_on IS 'Null: since before the records begin';

CREATE TABLE public.locality_posts (
    id uuid NOT NULL,
    locality_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    post text NOT NULL,
    person_name text NOT NULL COLLATE pg_catalog."vi-x-icu",
    phone text,
    from_on date,
    to_on date,
    party_member boolean,
    note text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT locality_posts_period CHECK ((from_on <= to_on)),
    CONSTRAINT locality_posts_person_name CHECK ((person_name <> ''::text)),
    CONSTRAINT locality_posts_post CHECK ((post = ANY (ARRAY['village_head'::text, 'deputy_head'::text, 'party_cell_secretary'::text, 'front_head'::text, 'militia_leader'::text, 'health_worker'::text, 'women'::text, 'farmers'::text, 'youth'::text, 'veterans'::text, 'prestigious_person'::text, 'village_elder'::text, 'contact_officer'::text, 'other'::text])))
);

ALTER TABLE ONLY public.locality_posts FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.locality_posts IS 'Holders of posts of a village or commune, with their terms (both days inclusive)';

COMMENT ON COLUMN public.locality_posts.party_member IS 'A political view: null for twinned units';

CREATE TABLE public.locality_successions (
    id uuid NOT NULL,
    predecessor_id uuid NOT NULL,
    successor_id uuid NOT NULL,
    effective_on date NOT NULL,
    extent text NOT NULL,
    certain boolean NOT NULL,
    legal_basis text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT locality_successions_extent CHECK ((extent = ANY (ARRAY['whole'::text, 'part'::text, 'part_area'::text, 'part_population'::text, 'all_area'::text, 'part_area_all_population'::text])))
);

ALTER TABLE ONLY public.locality_successions FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.locality_successions IS 'The localities that replaced an ended one';

COMMENT ON COLUMN public.locality_successions.certain IS 'Every village of the predecessor lies in this successor';

CREATE TABLE public.locality_versions (
    id uuid NOT NULL,
    locality_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."vi-x-icu",
    name_fold text GENERATED ALWAYS AS (public.app_fold(name)) STORED NOT NULL COLLATE pg_catalog."C",
    code text,
    kind text NOT NULL,
    parent_id uuid,
    valid_from date,
    valid_to date,
    legal_basis text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT locality_versions_validity CHECK ((valid_from <= valid_to))
);

ALTER TABLE ONLY public.locality_versions FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.locality_versions IS 'Name, code, kind and parent of a locality from day to day (both inclusive)';

CREATE TABLE public.locality_words (
    locality_id uuid NOT NULL,
    word text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY public.locality_words FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.locality_words IS 'Folded words of every name of a locality, searched by prefix as a range, which can use an index under row-level security';

CREATE TABLE public.merge_rules (
    "position" integer NOT NULL,
    whole text NOT NULL,
    part text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    CONSTRAINT merge_rules_rule CHECK (((rule = ANY (ARRAY['move'::text, 'delete'::text])) OR (rule ~~ 'app\_merge\_%'::text)))
);

ALTER TABLE ONLY public.merge_rules FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.merge_rules IS 'Rules of a merge for the rows that refer to the merged record; written by schema/';

COMMENT ON COLUMN public.merge_rules."position" IS 'In the order of the areas: the rows of later areas move first';

COMMENT ON COLUMN public.merge_rules.rule IS 'move, delete (by the foreign key), or a function of the merged and the surviving record';

ALTER TABLE public.merge_rules ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.merge_rules_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.organisation_contacts (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    contact_name text,
    contact_phone text,
    contact_email text,
    address text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL
);

ALTER TABLE ONLY public.organisation_contacts FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.organisation_contacts IS 'Contact of an organisation, for itself and the officials who manage it';

CREATE TABLE public.organisation_headcounts (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    year integer NOT NULL,
    headcount integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT organisation_headcounts_headcount CHECK ((headcount >= 0)),
    CONSTRAINT organisation_headcounts_year CHECK (((year >= 1900) AND (year <= 2200)))
);

ALTER TABLE ONLY public.organisation_headcounts FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.organisation_headcounts IS 'Assigned posts (biên chế) by year, attached units included';

CREATE TABLE public.organisations (
    id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."vi-x-icu",
    kind text NOT NULL,
    level text NOT NULL,
    parent_id uuid,
    locality_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    place_id uuid,
    valid_from date,
    valid_to date,
    successor_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT organisations_kind CHECK ((kind = ANY (ARRAY['department'::text, 'public_service_unit'::text, 'enterprise'::text, 'cooperative'::text, 'armed_force'::text, 'border_guard'::text, 'front'::text, 'mass_organisation'::text, 'party_body'::text, 'locality'::text, 'other'::text]))),
    CONSTRAINT organisations_level CHECK ((level = ANY (ARRAY['central'::text, 'province'::text, 'district'::text, 'commune'::text, 'village'::text]))),
    CONSTRAINT organisations_name CHECK ((name <> ''::text)),
    CONSTRAINT organisations_parent_other CHECK ((parent_id <> id)),
    CONSTRAINT organisations_place CHECK (((kind = 'locality'::text) = (place_id IS NOT NULL))),
    CONSTRAINT organisations_successor CHECK (((successor_id IS NULL) OR (valid_to IS NOT NULL))),
    CONSTRAINT organisations_validity CHECK ((valid_from <= valid_to))
);

ALTER TABLE ONLY public.organisations FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.organisations IS 'Departments, companies, units, associations and places that give support';

COMMENT ON COLUMN public.organisations.locality_id IS 'The place whose officials manage it';

COMMENT ON COLUMN public.organisations.place_id IS 'The village, commune or district that the organisation represents as a giver (kind locality)';

COMMENT ON COLUMN public.organisations.successor_id IS 'The organisation that took over from it the day after its last one';

CREATE TABLE public.pledges (
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    village_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    note text,
    planned_on date,
    acted_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL
);

ALTER TABLE ONLY public.pledges FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.pledges IS 'A unit promises to help a listed household';

CREATE TABLE public.poverty_standards (
    code text NOT NULL,
    name_vi text NOT NULL,
    name_en text NOT NULL,
    basis text,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    indicators jsonb NOT NULL,
    lines jsonb NOT NULL,
    CONSTRAINT poverty_standards_code CHECK ((code ~ '^[a-z][a-z0-9_]{0,29}$'::text)),
    CONSTRAINT poverty_standards_name_en CHECK ((name_en <> ''::text)),
    CONSTRAINT poverty_standards_name_vi CHECK ((name_vi <> ''::text)),
    CONSTRAINT poverty_standards_period CHECK ((starts_on <= ends_on))
);

ALTER TABLE ONLY public.poverty_standards FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.poverty_standards IS 'Poverty standards, each in force for a period; an operator imports the next one';

COMMENT ON COLUMN public.poverty_standards.basis IS 'The decree';

COMMENT ON COLUMN public.poverty_standards.indicators IS '[{code, name_vi, name_en}]: what a household can be deprived of';

COMMENT ON COLUMN public.poverty_standards.lines IS '{rural, urban}: income_vnd (a person and month, up to it poor or near-poor), average_vnd (up to it average), score_b1 (points; below it, the income is below the line)';

CREATE TABLE public.programmes (
    id uuid NOT NULL,
    number text,
    title text NOT NULL COLLATE pg_catalog."vi-x-icu",
    issuer text,
    kind text NOT NULL,
    issued_on date,
    effective_on date NOT NULL,
    ends_on date,
    locality_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    parent_id uuid,
    note text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT programmes_kind CHECK ((kind = ANY (ARRAY['directive'::text, 'decision'::text, 'plan'::text, 'campaign'::text, 'conclusion'::text]))),
    CONSTRAINT programmes_parent_other CHECK ((parent_id <> id)),
    CONSTRAINT programmes_period CHECK ((effective_on <= ends_on)),
    CONSTRAINT programmes_title CHECK ((title <> ''::text))
);

ALTER TABLE ONLY public.programmes FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.programmes IS 'Directives, decisions and plans that are the basis of twinnings';

COMMENT ON COLUMN public.programmes.number IS 'Unknown for some: the copy of the plan of Ia Nan has none';

CREATE TABLE public.refresh_tokens (
    hash bytea NOT NULL,
    session_id uuid NOT NULL,
    generation integer NOT NULL
);

ALTER TABLE ONLY public.refresh_tokens FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.refresh_tokens IS 'SHA-256 of every refresh token of a live session, so that the reuse of an old one is recognised';

CREATE TABLE public.schema_text (
    only_row boolean DEFAULT true NOT NULL,
    hash bytea NOT NULL,
    functions text[] NOT NULL,
    CONSTRAINT schema_text_one_row CHECK (only_row)
);

ALTER TABLE ONLY public.schema_text FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.schema_text IS 'The application of schema/ that is in force; one row';

COMMENT ON COLUMN public.schema_text.hash IS 'SHA-256 over the files: `ketnghia migrate` applies them when theirs differs';

COMMENT ON COLUMN public.schema_text.functions IS 'Functions that the application created, with their argument types: the next one drops them';

CREATE TABLE public.sealing_keys (
    id smallint NOT NULL,
    fingerprint bytea NOT NULL,
    added_at timestamp with time zone NOT NULL,
    CONSTRAINT sealing_keys_id CHECK (((id >= 0) AND (id <= 255)))
);

ALTER TABLE ONLY public.sealing_keys FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.sealing_keys IS 'The keys of PII_KEY_FILE that sealed fields of this database use: the service does not start with a file that lacks one';

COMMENT ON COLUMN public.sealing_keys.fingerprint IS 'A keyed hash: identifies a key without revealing it';

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    device_name text,
    device_mark bytea,
    generation integer DEFAULT 0 NOT NULL,
    used_generation integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    refreshed_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.sessions IS 'A sign-in on one device: the family of its refresh tokens';

COMMENT ON COLUMN public.sessions.device_mark IS 'Refers to devices while the device is listed there';

COMMENT ON COLUMN public.sessions.generation IS 'Of the newest refresh token';

COMMENT ON COLUMN public.sessions.used_generation IS 'The newest generation whose access token was used: its answer arrived, so the client has no reason to repeat its parent';

CREATE TABLE public.sign_in_addresses (
    hour timestamp with time zone NOT NULL,
    address text NOT NULL,
    failures integer NOT NULL
);

ALTER TABLE ONLY public.sign_in_addresses FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.sign_in_addresses IS 'Failed sign-ins by hour and address (of IPv6 the network of a subscriber), kept for two hours';

CREATE TABLE public.sign_in_failures (
    subject text NOT NULL COLLATE pg_catalog."C",
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.sign_in_failures FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.sign_in_failures IS 'Failed sign-ins in a row';

COMMENT ON COLUMN public.sign_in_failures.subject IS '"name NAME", also of no account, so that the answer does not reveal which names exist; or "device NAME MARK" of devices; or "password NAME", a change of the own password';

CREATE TABLE public.steps (
    record_id uuid NOT NULL,
    resource text NOT NULL,
    step text NOT NULL,
    taken_by uuid,
    body_hash bytea NOT NULL,
    answer jsonb,
    taken_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.steps FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.steps IS 'The last step of each record with states: the same call again is recognised as a repetition';

COMMENT ON COLUMN public.steps.answer IS 'For steps that are not answered with their record: a repetition has the same answer';

CREATE TABLE public.support_changes (
    id bigint NOT NULL,
    village_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    year integer NOT NULL
);

ALTER TABLE ONLY public.support_changes FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.support_changes IS 'Marks: gifts or visits of the village in this year have changed since its summaries were counted';

ALTER TABLE public.support_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.support_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_summaries (
    place_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    level text NOT NULL,
    period text NOT NULL,
    starts_on date NOT NULL,
    visits integer NOT NULL,
    gifts integer NOT NULL,
    gifts_confirmed integer NOT NULL,
    gift_value_vnd bigint NOT NULL,
    loans_vnd bigint NOT NULL,
    households_unnamed bigint NOT NULL,
    last_visit_on date,
    last_holiday_visit_on date,
    last_gift_on date,
    households integer NOT NULL,
    wandering_households uuid[] NOT NULL,
    CONSTRAINT support_summaries_level CHECK ((level = ANY (ARRAY['place'::text, 'commune'::text, 'province'::text]))),
    CONSTRAINT support_summaries_period CHECK ((period = ANY (ARRAY['month'::text, 'quarter'::text, 'year'::text])))
);

ALTER TABLE ONLY public.support_summaries FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.support_summaries IS 'Support of a place in a month, a quarter or a year; valid where support_changes has no mark of the place or of a place in it';

COMMENT ON COLUMN public.support_summaries.level IS 'place: a village, or what a commune received itself; commune, province: with all places in it, in the tree of today';

COMMENT ON COLUMN public.support_summaries.households_unnamed IS 'Homes reached by gifts to many, without the named ones';

COMMENT ON COLUMN public.support_summaries.households IS 'Distinct households with gifts in one village and in no other at any time: the numbers may be added up over places';

COMMENT ON COLUMN public.support_summaries.wandering_households IS 'Households with gifts in the place and, at any time, in two villages: each counts once among places';

CREATE TABLE public.tree_day (
    only_row boolean DEFAULT true NOT NULL,
    day date NOT NULL,
    CONSTRAINT tree_day_one_row CHECK (only_row)
);

ALTER TABLE ONLY public.tree_day FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.tree_day IS 'The day whose tree of places the scope paths follow; readable by all, one row';

CREATE TABLE public.user_passwords (
    user_id uuid NOT NULL,
    hash text NOT NULL,
    one_time_expires_at timestamp with time zone,
    one_time_used_at timestamp with time zone
);

ALTER TABLE ONLY public.user_passwords FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.user_passwords IS 'Argon2id hashes';

COMMENT ON COLUMN public.user_passwords.one_time_expires_at IS 'End of validity of a one-time password; null for an own password';

COMMENT ON COLUMN public.user_passwords.one_time_used_at IS 'Set by the one sign-in with a one-time password; afterwards only a change of password accepts it';

CREATE TABLE public.users (
    id uuid NOT NULL,
    username text NOT NULL COLLATE pg_catalog."C",
    full_name text NOT NULL COLLATE pg_catalog."vi-x-icu",
    phone text,
    role text NOT NULL,
    rank smallint GENERATED ALWAYS AS (
CASE role
    WHEN 'admin'::text THEN 0
    WHEN 'province'::text THEN 1
    WHEN 'district'::text THEN 2
    WHEN 'commune'::text THEN 3
    ELSE 4
END) STORED NOT NULL,
    locality_id uuid,
    organisation_id uuid,
    scope_path text DEFAULT '0.'::text NOT NULL COLLATE pg_catalog."C",
    active boolean DEFAULT true NOT NULL,
    auth_version integer DEFAULT 1 NOT NULL,
    must_change_password boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT users_full_name CHECK ((full_name <> ''::text)),
    CONSTRAINT users_office CHECK (
CASE role
    WHEN 'admin'::text THEN ((locality_id IS NULL) AND (organisation_id IS NULL))
    WHEN 'twinning_unit'::text THEN ((locality_id IS NULL) AND (organisation_id IS NOT NULL))
    ELSE ((locality_id IS NOT NULL) AND (organisation_id IS NULL))
END),
    CONSTRAINT users_role CHECK ((role = ANY (ARRAY['admin'::text, 'province'::text, 'district'::text, 'commune'::text, 'twinning_unit'::text, 'village_head'::text]))),
    CONSTRAINT users_scope_path_form CHECK ((scope_path ~ '^0\.([0-9A-Z]+\.)*$'::text)),
    CONSTRAINT users_username_form CHECK ((username ~ '^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$'::text))
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.users IS 'People who sign in: one account each, several may hold one office';

COMMENT ON COLUMN public.users.auth_version IS 'Raised by deactivation, demotion, a move or a reset: earlier access tokens are refused';

CREATE TABLE public.village_profiles (
    id uuid NOT NULL,
    village_id uuid NOT NULL,
    year integer NOT NULL,
    households integer,
    population integer,
    minority_households integer,
    poor integer,
    near_poor integer,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT village_profiles_households CHECK ((households >= 0)),
    CONSTRAINT village_profiles_minority_households CHECK ((minority_households >= 0)),
    CONSTRAINT village_profiles_minority_within CHECK ((minority_households <= households)),
    CONSTRAINT village_profiles_near_poor CHECK ((near_poor >= 0)),
    CONSTRAINT village_profiles_poor CHECK ((poor >= 0)),
    CONSTRAINT village_profiles_population CHECK ((population >= 0)),
    CONSTRAINT village_profiles_year CHECK (((year >= 1900) AND (year <= 2200)))
);

ALTER TABLE ONLY public.village_profiles FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.village_profiles IS 'Numbers of households and people of a village, year by year, as its commune counts them';

CREATE TABLE public.village_registers (
    id uuid NOT NULL,
    village_id uuid NOT NULL,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    year integer NOT NULL,
    complete boolean NOT NULL,
    completed_on date,
    completed_by uuid,
    reopened_by uuid,
    reopen_reason text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT village_registers_completed CHECK ((complete = (completed_on IS NOT NULL))),
    CONSTRAINT village_registers_year CHECK (((year >= 1990) AND (year <= 2200)))
);

ALTER TABLE ONLY public.village_registers FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.village_registers IS 'Years for which the assessments of a village are complete; rates are published for these only';

CREATE TABLE public.visit_households (
    visit_id uuid NOT NULL,
    household_id uuid NOT NULL
);

ALTER TABLE ONLY public.visit_households FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.visit_households IS 'The households of a visit';

CREATE TABLE public.visits (
    id uuid NOT NULL,
    twinning_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    village_id uuid,
    locality_id uuid,
    scope_path text NOT NULL COLLATE pg_catalog."C",
    visited_on date NOT NULL,
    purpose text NOT NULL,
    occasion text,
    participants integer,
    findings text,
    latitude double precision,
    longitude double precision,
    recorded_at timestamp with time zone,
    acted_by uuid,
    on_behalf_of uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT visits_latitude CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT visits_longitude CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT visits_participants CHECK (((participants >= 1) AND (participants <= 10000))),
    CONSTRAINT visits_place CHECK ((num_nonnulls(village_id, locality_id) = 1)),
    CONSTRAINT visits_purpose CHECK ((purpose = ANY (ARRAY['holiday'::text, 'survey'::text, 'propaganda'::text, 'monitoring'::text, 'handover'::text, 'other'::text])))
);

ALTER TABLE ONLY public.visits FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE public.visits IS 'Visits of units to villages and communes';

COMMENT ON COLUMN public.visits.organisation_id IS 'The organisation of the twinning on the day of the visit';

COMMENT ON COLUMN public.visits.locality_id IS 'The commune that was visited itself';

COMMENT ON COLUMN public.visits.recorded_at IS 'By the clock of the phone, stored as sent';

COMMENT ON COLUMN public.visits.on_behalf_of IS 'The organisation, where an official entered the record from its paper';

CREATE TABLE public.working_groups (
    id uuid NOT NULL,
    programme_id uuid NOT NULL,
    organisation_id uuid,
    locality_id uuid,
    scope_path text COLLATE pg_catalog."C",
    kind text NOT NULL,
    name text NOT NULL,
    established_on date NOT NULL,
    ended_on date,
    decision_number text,
    regulation_number text,
    members jsonb NOT NULL,
    acted_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    changed_xid xid8 NOT NULL,
    CONSTRAINT working_groups_kind CHECK ((kind = ANY (ARRAY['working_group'::text, 'steering_committee'::text, 'management_board'::text]))),
    CONSTRAINT working_groups_name CHECK ((name <> ''::text)),
    CONSTRAINT working_groups_party CHECK ((num_nonnulls(organisation_id, locality_id) = 1)),
    CONSTRAINT working_groups_period CHECK ((established_on <= ended_on))
);

ALTER TABLE ONLY public.working_groups FORCE ROW LEVEL SECURITY;

COMMENT ON COLUMN public.working_groups.members IS 'Entries of WorkingGroupMember in their order; a change replaces all of them';

ALTER TABLE ONLY public.__diesel_schema_migrations
    ADD CONSTRAINT __diesel_schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.account_makers
    ADD CONSTRAINT account_makers_pkey PRIMARY KEY (user_id, maker_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.creations
    ADD CONSTRAINT creations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.data_loads
    ADD CONSTRAINT data_loads_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.deleted_records
    ADD CONSTRAINT deleted_records_pkey PRIMARY KEY (id, resource);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (user_id, mark);

ALTER TABLE ONLY public.gift_recipients
    ADD CONSTRAINT gift_recipients_pkey PRIMARY KEY (gift_id, household_id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hardship_items
    ADD CONSTRAINT hardship_items_household_key UNIQUE (list_id, household_id);

ALTER TABLE ONLY public.hardship_items
    ADD CONSTRAINT hardship_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hardship_lists
    ADD CONSTRAINT hardship_lists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.hardship_lists
    ADD CONSTRAINT hardship_lists_round_key UNIQUE (village_id, year, round);

ALTER TABLE ONLY public.household_assessments
    ADD CONSTRAINT household_assessments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.household_consents
    ADD CONSTRAINT household_consents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.household_members
    ADD CONSTRAINT household_members_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.household_merges
    ADD CONSTRAINT household_merges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.household_private
    ADD CONSTRAINT household_private_pkey PRIMARY KEY (household_id, subject_id);

ALTER TABLE ONLY public.household_residences
    ADD CONSTRAINT household_residences_pkey PRIMARY KEY (household_id, until_on);

ALTER TABLE ONLY public.household_words
    ADD CONSTRAINT household_words_pkey PRIMARY KEY (household_id, word);

ALTER TABLE ONLY public.households
    ADD CONSTRAINT households_id_scope_path_key UNIQUE (id, scope_path);

ALTER TABLE ONLY public.households
    ADD CONSTRAINT households_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_id_scope_path_key UNIQUE (id, scope_path);

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_label_key UNIQUE (label);

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.locality_flags
    ADD CONSTRAINT locality_flags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.locality_posts
    ADD CONSTRAINT locality_posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.locality_successions
    ADD CONSTRAINT locality_successions_key UNIQUE (predecessor_id, successor_id);

ALTER TABLE ONLY public.locality_successions
    ADD CONSTRAINT locality_successions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.locality_versions
    ADD CONSTRAINT locality_versions_day_key UNIQUE NULLS NOT DISTINCT (locality_id, valid_from);

ALTER TABLE ONLY public.locality_versions
    ADD CONSTRAINT locality_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.locality_words
    ADD CONSTRAINT locality_words_pkey PRIMARY KEY (locality_id, word);

ALTER TABLE ONLY public.merge_rules
    ADD CONSTRAINT merge_rules_key UNIQUE (part, key);

ALTER TABLE ONLY public.merge_rules
    ADD CONSTRAINT merge_rules_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.organisation_contacts
    ADD CONSTRAINT organisation_contacts_organisation_id_key UNIQUE (organisation_id);

ALTER TABLE ONLY public.organisation_contacts
    ADD CONSTRAINT organisation_contacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.organisation_headcounts
    ADD CONSTRAINT organisation_headcounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.organisation_headcounts
    ADD CONSTRAINT organisation_headcounts_year_key UNIQUE (organisation_id, year);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_id_scope_path_key UNIQUE (id, scope_path);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_place_id_key UNIQUE (place_id);

ALTER TABLE ONLY public.pledges
    ADD CONSTRAINT pledges_organisation_key UNIQUE (item_id, organisation_id);

ALTER TABLE ONLY public.pledges
    ADD CONSTRAINT pledges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.poverty_standards
    ADD CONSTRAINT poverty_standards_one_a_day EXCLUDE USING gist (daterange(starts_on, ends_on, '[]'::text) WITH &&);

ALTER TABLE ONLY public.poverty_standards
    ADD CONSTRAINT poverty_standards_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.programmes
    ADD CONSTRAINT programmes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_generation_key UNIQUE (session_id, generation);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.schema_text
    ADD CONSTRAINT schema_text_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.sealing_keys
    ADD CONSTRAINT sealing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sign_in_addresses
    ADD CONSTRAINT sign_in_addresses_pkey PRIMARY KEY (hour, address);

ALTER TABLE ONLY public.sign_in_failures
    ADD CONSTRAINT sign_in_failures_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY public.steps
    ADD CONSTRAINT steps_pkey PRIMARY KEY (record_id);

ALTER TABLE ONLY public.support_changes
    ADD CONSTRAINT support_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_summaries
    ADD CONSTRAINT support_summaries_pkey PRIMARY KEY (place_id, level, period, starts_on);

ALTER TABLE ONLY public.tree_day
    ADD CONSTRAINT tree_day_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.twinnings
    ADD CONSTRAINT twinnings_key UNIQUE (programme_id, organisation_id, locality_id, starts_on);

ALTER TABLE ONLY public.twinnings
    ADD CONSTRAINT twinnings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_passwords
    ADD CONSTRAINT user_passwords_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username_key UNIQUE (username);

ALTER TABLE ONLY public.village_profiles
    ADD CONSTRAINT village_profiles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.village_profiles
    ADD CONSTRAINT village_profiles_village_year_key UNIQUE (village_id, year);

ALTER TABLE ONLY public.village_registers
    ADD CONSTRAINT village_registers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.village_registers
    ADD CONSTRAINT village_registers_year_key UNIQUE (village_id, year);

ALTER TABLE ONLY public.visit_households
    ADD CONSTRAINT visit_households_pkey PRIMARY KEY (visit_id, household_id);

ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.working_groups
    ADD CONSTRAINT working_groups_pkey PRIMARY KEY (id);

CREATE INDEX account_makers_maker_id ON public.account_makers USING btree (maker_id);

CREATE INDEX api_keys_changed ON public.api_keys USING btree (changed_xid, id);

CREATE INDEX api_keys_created_by ON public.api_keys USING btree (created_by);

CREATE INDEX api_keys_locality_id ON public.api_keys USING btree (locality_id, scope_path);

CREATE INDEX api_keys_scope_path ON public.api_keys USING btree (scope_path, created_at);

CREATE INDEX audit_events_actor ON public.audit_events USING btree (actor_id, at, id);

CREATE INDEX audit_events_at ON public.audit_events USING btree (at, id);

CREATE INDEX audit_events_part_of ON public.audit_events USING btree (part_of, at, id) WHERE (part_of IS NOT NULL);

CREATE INDEX audit_events_place ON public.audit_events USING btree (place_id, at, id);

CREATE INDEX audit_events_record ON public.audit_events USING btree (record_id, at, id);

CREATE INDEX audit_events_two_person ON public.audit_events USING btree (at, id) WHERE (two_person IS NOT NULL);

CREATE INDEX creations_created_at ON public.creations USING btree (created_at);

CREATE INDEX deleted_records_deleted_at ON public.deleted_records USING btree (deleted_at) WHERE (content <> '{}'::jsonb);

CREATE INDEX deleted_records_personal ON public.deleted_records USING btree (deleted_at) WHERE (personal IS NOT NULL);

CREATE INDEX gift_recipients_hardship_item_id ON public.gift_recipients USING btree (hardship_item_id) WHERE (hardship_item_id IS NOT NULL);

CREATE INDEX gift_recipients_household_village ON public.gift_recipients USING btree (household_id, village_id);

CREATE INDEX gifts_changed ON public.gifts USING btree (changed_xid, id);

CREATE INDEX gifts_given_on ON public.gifts USING btree (given_on, id, scope_path);

CREATE INDEX gifts_hardship_item_id ON public.gifts USING btree (hardship_item_id);

CREATE INDEX gifts_household_village ON public.gifts USING btree (household_id, village_id);

CREATE INDEX gifts_locality_id ON public.gifts USING btree (locality_id, scope_path) WHERE (locality_id IS NOT NULL);

CREATE INDEX gifts_member_id ON public.gifts USING btree (member_id);

CREATE INDEX gifts_organisation_id ON public.gifts USING btree (organisation_id, given_on);

CREATE INDEX gifts_scope_path ON public.gifts USING btree (scope_path, given_on);

CREATE INDEX gifts_twinning_id ON public.gifts USING btree (twinning_id);

CREATE INDEX gifts_village_day ON public.gifts USING btree (village_id, given_on, id);

CREATE INDEX gifts_village_id ON public.gifts USING btree (village_id, scope_path);

CREATE INDEX gifts_visit_id ON public.gifts USING btree (visit_id);

CREATE INDEX hardship_items_changed ON public.hardship_items USING btree (changed_xid, id);

CREATE INDEX hardship_items_created_at ON public.hardship_items USING btree (created_at, id, scope_path);

CREATE INDEX hardship_items_household_id ON public.hardship_items USING btree (household_id);

CREATE INDEX hardship_items_scope_path ON public.hardship_items USING btree (scope_path, created_at, id);

CREATE INDEX hardship_items_unhelped ON public.hardship_items USING btree (scope_path, created_at, id) WHERE (approved AND (status <> 'helped'::text));

CREATE INDEX hardship_items_village_id ON public.hardship_items USING btree (village_id, scope_path);

CREATE INDEX hardship_lists_approved_by ON public.hardship_lists USING btree (approved_by);

CREATE INDEX hardship_lists_changed ON public.hardship_lists USING btree (changed_xid, id);

CREATE INDEX hardship_lists_created_at ON public.hardship_lists USING btree (created_at, id, scope_path);

CREATE INDEX hardship_lists_scope_path ON public.hardship_lists USING btree (scope_path, year);

CREATE INDEX hardship_lists_submitted_by ON public.hardship_lists USING btree (submitted_by);

CREATE INDEX hardship_lists_village_id ON public.hardship_lists USING btree (village_id, scope_path);

CREATE UNIQUE INDEX household_assessments_annual_key ON public.household_assessments USING btree (household_id, round_year) WHERE ((round_kind = 'annual'::text) AND (corrected_by_id IS NULL));

CREATE INDEX household_assessments_assessed_on ON public.household_assessments USING btree (assessed_on, id, scope_path);

CREATE INDEX household_assessments_changed ON public.household_assessments USING btree (changed_xid, id);

CREATE INDEX household_assessments_corrected_by_id ON public.household_assessments USING btree (corrected_by_id);

CREATE INDEX household_assessments_corrects_id ON public.household_assessments USING btree (corrects_id);

CREATE INDEX household_assessments_counting ON public.household_assessments USING btree (household_id, assessed_on) WHERE ((status = 'confirmed'::text) AND (corrected_by_id IS NULL));

CREATE INDEX household_assessments_household_id ON public.household_assessments USING btree (household_id, scope_path);

CREATE UNIQUE INDEX household_assessments_regular_key ON public.household_assessments USING btree (household_id, assessed_on) WHERE ((round_kind = 'regular'::text) AND (corrected_by_id IS NULL));

CREATE INDEX household_assessments_scope_path ON public.household_assessments USING btree (scope_path, assessed_on, id);

CREATE INDEX household_assessments_standard ON public.household_assessments USING btree (standard);

CREATE INDEX household_assessments_updated_at ON public.household_assessments USING btree (updated_at, id, scope_path);

CREATE INDEX household_assessments_waiting ON public.household_assessments USING btree (scope_path, assessed_on, id) WHERE (status = 'proposed'::text);

CREATE INDEX household_consents_changed ON public.household_consents USING btree (changed_xid, id);

CREATE INDEX household_consents_given_on ON public.household_consents USING btree (given_on, id);

CREATE INDEX household_consents_household_id ON public.household_consents USING btree (household_id, scope_path);

CREATE INDEX household_consents_organisation_id ON public.household_consents USING btree (organisation_id);

CREATE INDEX household_consents_scope_path ON public.household_consents USING btree (scope_path);

CREATE INDEX household_consents_updated_at ON public.household_consents USING btree (updated_at, id);

CREATE INDEX household_members_changed ON public.household_members USING btree (changed_xid, id);

CREATE INDEX household_members_household_id ON public.household_members USING btree (household_id, scope_path);

CREATE INDEX household_merges_changed ON public.household_merges USING btree (changed_xid, id);

CREATE INDEX household_merges_household_id ON public.household_merges USING btree (household_id);

CREATE INDEX household_private_household_id ON public.household_private USING btree (household_id, scope_path);

CREATE INDEX household_private_identity_number_index ON public.household_private USING btree (identity_number_index);

CREATE INDEX household_residences_scope_path ON public.household_residences USING btree (scope_path);

CREATE INDEX household_residences_village_id ON public.household_residences USING btree (village_id, scope_path);

CREATE INDEX household_words_household_id ON public.household_words USING btree (household_id, scope_path);

CREATE INDEX household_words_word ON public.household_words USING btree (word, scope_path, household_id);

CREATE INDEX households_changed ON public.households USING btree (changed_xid, id);

CREATE INDEX households_created_at ON public.households USING btree (created_at, id, scope_path);

CREATE INDEX households_name ON public.households USING btree (head_name, id, scope_path);

CREATE INDEX households_scope_path_name ON public.households USING btree (scope_path, head_name, id);

CREATE INDEX households_twins ON public.households USING btree (village_id, head_fold, head_birth_year);

CREATE INDEX households_updated_at ON public.households USING btree (updated_at, id, scope_path);

CREATE INDEX households_village_id ON public.households USING btree (village_id, scope_path);

CREATE INDEX households_village_name ON public.households USING btree (village_id, head_name, id);

CREATE INDEX localities_changed ON public.localities USING btree (changed_xid, id);

CREATE INDEX localities_code ON public.localities USING btree (code);

CREATE INDEX localities_commune_id ON public.localities USING btree (commune_id);

CREATE INDEX localities_district_id ON public.localities USING btree (district_id);

CREATE INDEX localities_level_name ON public.localities USING btree (level, name, id);

CREATE INDEX localities_merged_into_id ON public.localities USING btree (merged_into_id) WHERE (merged_into_id IS NOT NULL);

CREATE INDEX localities_parent_id ON public.localities USING btree (parent_id, name, id);

CREATE INDEX localities_province_id ON public.localities USING btree (province_id);

CREATE INDEX localities_scope_path ON public.localities USING btree (scope_path);

CREATE INDEX locality_flags_changed ON public.locality_flags USING btree (changed_xid, id);

CREATE INDEX locality_flags_locality_id ON public.locality_flags USING btree (locality_id, flag);

CREATE INDEX locality_posts_changed ON public.locality_posts USING btree (changed_xid, id);

CREATE INDEX locality_posts_locality_id ON public.locality_posts USING btree (locality_id, scope_path);

CREATE INDEX locality_posts_person_name ON public.locality_posts USING btree (person_name, id);

CREATE INDEX locality_posts_scope_path ON public.locality_posts USING btree (scope_path);

CREATE INDEX locality_posts_updated_at ON public.locality_posts USING btree (updated_at, id);

CREATE INDEX locality_successions_changed ON public.locality_successions USING btree (changed_xid, id);

CREATE INDEX locality_successions_successor_id ON public.locality_successions USING btree (successor_id);

CREATE INDEX locality_versions_changed ON public.locality_versions USING btree (changed_xid, id);

CREATE INDEX locality_versions_code ON public.locality_versions USING btree (code);

CREATE INDEX locality_versions_parent_id ON public.locality_versions USING btree (parent_id, name_fold);

CREATE INDEX locality_words_word ON public.locality_words USING btree (word, locality_id);

CREATE INDEX organisation_contacts_changed ON public.organisation_contacts USING btree (changed_xid, id);

CREATE INDEX organisation_headcounts_changed ON public.organisation_headcounts USING btree (changed_xid, id);

CREATE INDEX organisations_changed ON public.organisations USING btree (changed_xid, id);

CREATE INDEX organisations_created_at ON public.organisations USING btree (created_at, id);

CREATE INDEX organisations_locality_id ON public.organisations USING btree (locality_id, scope_path);

CREATE INDEX organisations_name ON public.organisations USING btree (name, id);

CREATE INDEX organisations_parent_id ON public.organisations USING btree (parent_id);

CREATE INDEX organisations_scope_path ON public.organisations USING btree (scope_path);

CREATE INDEX organisations_successor_id ON public.organisations USING btree (successor_id);

CREATE INDEX pledges_changed ON public.pledges USING btree (changed_xid, id);

CREATE INDEX pledges_created_at ON public.pledges USING btree (created_at, id, scope_path);

CREATE INDEX pledges_organisation_id ON public.pledges USING btree (organisation_id, created_at, id);

CREATE INDEX pledges_scope_path ON public.pledges USING btree (scope_path, created_at, id);

CREATE INDEX pledges_village_id ON public.pledges USING btree (village_id, scope_path);

CREATE INDEX programmes_changed ON public.programmes USING btree (changed_xid, id);

CREATE INDEX programmes_effective_on ON public.programmes USING btree (effective_on, id);

CREATE INDEX programmes_locality_id ON public.programmes USING btree (locality_id, scope_path);

CREATE INDEX programmes_parent_id ON public.programmes USING btree (parent_id);

CREATE INDEX programmes_scope_path ON public.programmes USING btree (scope_path);

CREATE INDEX programmes_title ON public.programmes USING btree (title, id);

CREATE INDEX sessions_refreshed_at ON public.sessions USING btree (refreshed_at) WHERE (revoked_at IS NULL);

CREATE INDEX sessions_revoked_at ON public.sessions USING btree (revoked_at);

CREATE INDEX sessions_user_id ON public.sessions USING btree (user_id);

CREATE INDEX sign_in_failures_last_at ON public.sign_in_failures USING btree (last_at);

CREATE INDEX steps_taken_at ON public.steps USING btree (taken_at);

CREATE INDEX support_changes_village_id ON public.support_changes USING btree (village_id, scope_path);

CREATE INDEX support_summaries_place_id ON public.support_summaries USING btree (place_id, scope_path);

CREATE INDEX support_summaries_scope_path ON public.support_summaries USING btree (level, period, starts_on, scope_path);

CREATE INDEX support_summaries_wandering ON public.support_summaries USING btree (level, period, starts_on, scope_path) WHERE (wandering_households <> '{}'::uuid[]);

CREATE INDEX support_summaries_years ON public.support_summaries USING btree (level, scope_path) WHERE (period = 'year'::text);

CREATE INDEX twinnings_changed ON public.twinnings USING btree (changed_xid, id);

CREATE INDEX twinnings_last_day ON public.twinnings USING btree (last_day);

CREATE INDEX twinnings_locality_id ON public.twinnings USING btree (locality_id, scope_path);

CREATE INDEX twinnings_organisation_id ON public.twinnings USING btree (organisation_id, organisation_scope_path);

CREATE INDEX twinnings_organisation_scope_path ON public.twinnings USING btree (organisation_scope_path);

CREATE INDEX twinnings_predecessor_id ON public.twinnings USING btree (predecessor_id);

CREATE INDEX twinnings_scope_path ON public.twinnings USING btree (scope_path);

CREATE INDEX twinnings_starts_on ON public.twinnings USING btree (starts_on, id);

CREATE INDEX users_changed ON public.users USING btree (changed_xid, id);

CREATE INDEX users_created_at ON public.users USING btree (created_at, id);

CREATE INDEX users_locality_id ON public.users USING btree (locality_id, scope_path);

CREATE INDEX users_organisation_id ON public.users USING btree (organisation_id, scope_path);

CREATE INDEX users_scope_path ON public.users USING btree (scope_path, username);

CREATE INDEX village_profiles_changed ON public.village_profiles USING btree (changed_xid, id);

CREATE INDEX village_registers_changed ON public.village_registers USING btree (changed_xid, id);

CREATE INDEX village_registers_scope_path ON public.village_registers USING btree (scope_path, year);

CREATE INDEX village_registers_village_id ON public.village_registers USING btree (village_id, scope_path);

CREATE INDEX visit_households_household_id ON public.visit_households USING btree (household_id);

CREATE INDEX visits_changed ON public.visits USING btree (changed_xid, id);

CREATE INDEX visits_locality_id ON public.visits USING btree (locality_id, scope_path) WHERE (locality_id IS NOT NULL);

CREATE INDEX visits_organisation_id ON public.visits USING btree (organisation_id, visited_on);

CREATE INDEX visits_scope_path ON public.visits USING btree (scope_path, visited_on);

CREATE INDEX visits_twinning_id ON public.visits USING btree (twinning_id);

CREATE INDEX visits_village_day ON public.visits USING btree (village_id, visited_on, id);

CREATE INDEX visits_village_id ON public.visits USING btree (village_id, scope_path);

CREATE INDEX visits_visited_on ON public.visits USING btree (visited_on, id, scope_path);

CREATE INDEX working_groups_changed ON public.working_groups USING btree (changed_xid, id);

CREATE INDEX working_groups_established_on ON public.working_groups USING btree (established_on, id);

CREATE INDEX working_groups_locality_id ON public.working_groups USING btree (locality_id, scope_path);

CREATE INDEX working_groups_organisation_id ON public.working_groups USING btree (organisation_id);

CREATE INDEX working_groups_programme_id ON public.working_groups USING btree (programme_id);

CREATE INDEX working_groups_scope_path ON public.working_groups USING btree (scope_path);

CREATE INDEX working_groups_updated_at ON public.working_groups USING btree (updated_at, id);

CREATE TRIGGER aa_keep BEFORE DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.app_keep_user();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF locality_id ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.app_place_in_locality();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF village_id, locality_id ON public.gifts FOR EACH ROW EXECUTE FUNCTION public.app_place_of_support();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF village_id ON public.hardship_items FOR EACH ROW EXECUTE FUNCTION public.app_place_in_village();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF village_id ON public.hardship_lists FOR EACH ROW EXECUTE FUNCTION public.app_place_in_village();

CREATE TRIGGER aa_place BEFORE INSERT ON public.household_assessments FOR EACH ROW EXECUTE FUNCTION public.app_place_with_household();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF household_id ON public.household_consents FOR EACH ROW EXECUTE FUNCTION public.app_place_with_household();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF household_id ON public.household_members FOR EACH ROW EXECUTE FUNCTION public.app_place_with_household();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF household_id ON public.household_private FOR EACH ROW EXECUTE FUNCTION public.app_place_with_household();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF village_id ON public.households FOR EACH ROW EXECUTE FUNCTION public.app_place_in_village();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF parent_id ON public.localities FOR EACH ROW WHEN ((new.level = 'village'::text)) EXECUTE FUNCTION public.app_place_locality();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF locality_id ON public.locality_posts FOR EACH ROW EXECUTE FUNCTION public.app_place_in_locality();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF locality_id ON public.organisations FOR EACH ROW EXECUTE FUNCTION public.app_place_in_locality();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF village_id ON public.pledges FOR EACH ROW EXECUTE FUNCTION public.app_place_in_village();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF locality_id ON public.programmes FOR EACH ROW EXECUTE FUNCTION public.app_place_in_locality();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF locality_id ON public.twinnings FOR EACH ROW EXECUTE FUNCTION public.app_place_in_locality();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF locality_id, organisation_id ON public.users FOR EACH ROW EXECUTE FUNCTION public.app_place_user();

CREATE TRIGGER aa_place BEFORE INSERT ON public.village_registers FOR EACH ROW EXECUTE FUNCTION public.app_place_in_village();

CREATE TRIGGER aa_place BEFORE INSERT OR UPDATE OF village_id, locality_id ON public.visits FOR EACH ROW EXECUTE FUNCTION public.app_place_of_support();

CREATE TRIGGER aa_place BEFORE INSERT ON public.working_groups FOR EACH ROW EXECUTE FUNCTION public.app_place_in_locality();

CREATE TRIGGER ab_item BEFORE INSERT ON public.gifts FOR EACH ROW EXECUTE FUNCTION public.app_choose_item();

CREATE TRIGGER ab_item_of_changed BEFORE UPDATE OF household_id, category, given_on, status, item_automatic ON public.gifts FOR EACH ROW WHEN ((((((new.household_id IS DISTINCT FROM old.household_id) OR (new.category IS DISTINCT FROM old.category)) OR (new.given_on IS DISTINCT FROM old.given_on)) OR (new.item_automatic IS DISTINCT FROM old.item_automatic)) OR ((new.status = 'confirmed'::text) AND (old.status <> 'confirmed'::text)))) EXECUTE FUNCTION public.app_choose_item();

CREATE TRIGGER ab_keep_identity BEFORE UPDATE OF kind, place_id, locality_id ON public.organisations FOR EACH ROW EXECUTE FUNCTION public.app_keep_identity();

CREATE TRIGGER ab_keep_own BEFORE UPDATE ON public.organisations FOR EACH ROW EXECUTE FUNCTION public.app_keep_own();

CREATE TRIGGER ab_listed BEFORE UPDATE OF village_id ON public.households FOR EACH ROW EXECUTE FUNCTION public.app_list_where_it_lives();

CREATE TRIGGER ab_place BEFORE INSERT OR UPDATE OF organisation_id ON public.twinnings FOR EACH ROW EXECUTE FUNCTION public.app_place_twinning();

CREATE TRIGGER ab_private AFTER DELETE OR UPDATE OF household_id ON public.household_members FOR EACH ROW EXECUTE FUNCTION public.app_follow_member();

CREATE TRIGGER ab_unsettle BEFORE UPDATE OF role, locality_id, organisation_id, active ON public.users FOR EACH ROW EXECUTE FUNCTION public.app_unsettle_user();

CREATE TRIGGER ac_last_day BEFORE INSERT OR UPDATE OF ends_on ON public.twinnings FOR EACH ROW EXECUTE FUNCTION public.app_last_day_of_new();

CREATE TRIGGER ac_residence BEFORE UPDATE OF village_id, moved_on ON public.households FOR EACH ROW EXECUTE FUNCTION public.app_keep_residence();

CREATE TRIGGER actor BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.actor_id IS NOT NULL)) EXECUTE FUNCTION public.app_audit_actor();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION public.app_append_only();

CREATE TRIGGER choose_items AFTER UPDATE OF category, given_on, status ON public.gifts FOR EACH ROW WHEN (((new.household_id IS NULL) AND (new.households_named > 0) AND (((new.category IS DISTINCT FROM old.category) OR (new.given_on IS DISTINCT FROM old.given_on)) OR ((new.status = 'confirmed'::text) AND (old.status <> 'confirmed'::text))))) EXECUTE FUNCTION public.app_choose_items_of_changed();

CREATE TRIGGER ended_twinnings AFTER UPDATE OF day ON public.tree_day FOR EACH ROW WHEN ((new.day > old.day)) EXECUTE FUNCTION public.app_touch_ended_twinnings();

CREATE TRIGGER flagged_places AFTER UPDATE OF day ON public.tree_day FOR EACH ROW WHEN ((new.day > old.day)) EXECUTE FUNCTION public.app_touch_flagged_places();

CREATE TRIGGER follow_end AFTER UPDATE OF valid_to ON public.localities FOR EACH ROW WHEN ((new.valid_to IS DISTINCT FROM old.valid_to)) EXECUTE FUNCTION public.app_follow_end();

CREATE TRIGGER follow_end AFTER UPDATE OF valid_to ON public.organisations FOR EACH ROW WHEN ((new.valid_to IS DISTINCT FROM old.valid_to)) EXECUTE FUNCTION public.app_follow_end();

CREATE TRIGGER follow_end AFTER UPDATE OF ends_on ON public.programmes FOR EACH ROW WHEN ((new.ends_on IS DISTINCT FROM old.ends_on)) EXECUTE FUNCTION public.app_follow_end();

CREATE TRIGGER follow_item AFTER INSERT ON public.gifts FOR EACH ROW WHEN (((new.hardship_item_id IS NOT NULL) AND (new.status = 'confirmed'::text))) EXECUTE FUNCTION public.app_follow_item('hardship_item_id');

CREATE TRIGGER follow_item AFTER INSERT OR DELETE ON public.pledges FOR EACH ROW EXECUTE FUNCTION public.app_follow_item('item_id');

CREATE TRIGGER follow_item_of_changed AFTER UPDATE OF status, hardship_item_id ON public.gifts FOR EACH ROW WHEN (((new.status = 'confirmed'::text) OR (old.status = 'confirmed'::text))) EXECUTE FUNCTION public.app_follow_item('hardship_item_id');

CREATE TRIGGER follow_item_of_deleted AFTER DELETE ON public.gifts FOR EACH ROW WHEN ((old.status = 'confirmed'::text)) EXECUTE FUNCTION public.app_follow_item('hardship_item_id');

CREATE TRIGGER follow_items AFTER INSERT ON public.gift_recipients REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.app_follow_recipients();

CREATE TRIGGER follow_items AFTER UPDATE OF status ON public.gifts FOR EACH ROW WHEN (((new.household_id IS NULL) AND (new.households_named > 0) AND ((new.status = 'confirmed'::text) <> (old.status = 'confirmed'::text)))) EXECUTE FUNCTION public.app_follow_items();

CREATE TRIGGER follow_items_of_changed AFTER UPDATE ON public.gift_recipients REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.app_follow_recipients();

CREATE TRIGGER follow_items_of_removed AFTER DELETE ON public.gift_recipients REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.app_follow_recipients();

CREATE TRIGGER index_words AFTER INSERT OR UPDATE OF head_name ON public.households FOR EACH ROW EXECUTE FUNCTION public.app_index_household();

CREATE TRIGGER index_words_of_changed AFTER UPDATE ON public.locality_versions REFERENCING NEW TABLE AS named FOR EACH STATEMENT EXECUTE FUNCTION public.app_index_localities();

CREATE TRIGGER index_words_of_new AFTER INSERT ON public.locality_versions REFERENCING NEW TABLE AS named FOR EACH STATEMENT EXECUTE FUNCTION public.app_index_localities();

CREATE TRIGGER keep_inside AFTER UPDATE OF valid_from, valid_to ON public.organisations FOR EACH ROW WHEN (((new.valid_from IS DISTINCT FROM old.valid_from) OR (new.valid_to IS DISTINCT FROM old.valid_to))) EXECUTE FUNCTION public.app_keep_twinnings_inside();

CREATE TRIGGER keep_inside AFTER UPDATE OF effective_on, ends_on ON public.programmes FOR EACH ROW WHEN (((new.effective_on IS DISTINCT FROM old.effective_on) OR (new.ends_on IS DISTINCT FROM old.ends_on))) EXECUTE FUNCTION public.app_keep_twinnings_inside();

CREATE TRIGGER keep_inside AFTER UPDATE ON public.twinnings REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.app_keep_twinnings_inside();

CREATE TRIGGER latest_assessment AFTER INSERT OR UPDATE OF status, corrected_by_id, household_id ON public.household_assessments FOR EACH ROW EXECUTE FUNCTION public.app_assessment_changed();

CREATE TRIGGER moved_households AFTER UPDATE OF day ON public.tree_day FOR EACH ROW WHEN ((new.day > old.day)) EXECUTE FUNCTION public.app_move_households_of_the_day();

CREATE TRIGGER once AFTER INSERT OR UPDATE OF programme_id, organisation_id, locality_id, starts_on, ends_on ON public.twinnings FOR EACH ROW EXECUTE FUNCTION public.app_twinning_once();

CREATE TRIGGER one_lead AFTER INSERT OR UPDATE OF programme_id, locality_id, lead, starts_on, ends_on, last_day ON public.twinnings FOR EACH ROW WHEN (new.lead) EXECUTE FUNCTION public.app_one_lead();

CREATE TRIGGER place_of_household_assessments BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'household_assessments'::text)) EXECUTE FUNCTION public.app_audit_part('households', 'household_id', 'village_id');

CREATE TRIGGER place_of_household_consents BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'household_consents'::text)) EXECUTE FUNCTION public.app_audit_part('households', 'household_id', 'village_id');

CREATE TRIGGER place_of_household_members BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'household_members'::text)) EXECUTE FUNCTION public.app_audit_part('households', 'household_id', 'village_id');

CREATE TRIGGER place_of_household_merges BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'household_merges'::text)) EXECUTE FUNCTION public.app_audit_part('households', 'household_id', 'village_id');

CREATE TRIGGER place_of_localities BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'localities'::text)) EXECUTE FUNCTION public.app_audit_locality();

CREATE TRIGGER place_of_locality_flags BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'locality_flags'::text)) EXECUTE FUNCTION public.app_audit_part('localities', 'locality_id', 'id');

CREATE TRIGGER place_of_locality_successions BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'locality_successions'::text)) EXECUTE FUNCTION public.app_audit_part('localities', 'predecessor_id', 'id');

CREATE TRIGGER place_of_locality_versions BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'locality_versions'::text)) EXECUTE FUNCTION public.app_audit_part('localities', 'locality_id', 'id');

CREATE TRIGGER place_of_organisation_contacts BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'organisation_contacts'::text)) EXECUTE FUNCTION public.app_audit_part('organisations', 'organisation_id', 'locality_id');

CREATE TRIGGER place_of_organisation_headcounts BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'organisation_headcounts'::text)) EXECUTE FUNCTION public.app_audit_part('organisations', 'organisation_id', 'locality_id');

CREATE TRIGGER place_of_parties BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN (((new.resource = 'working_groups'::text) AND (new.locality_id IS NULL))) EXECUTE FUNCTION public.app_audit_party();

CREATE TRIGGER place_of_users BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'users'::text)) EXECUTE FUNCTION public.app_audit_account();

CREATE TRIGGER place_of_village_profiles BEFORE INSERT ON public.audit_events FOR EACH ROW WHEN ((new.resource = 'village_profiles'::text)) EXECUTE FUNCTION public.app_audit_part('localities', 'village_id', 'id');

CREATE TRIGGER recipients_added AFTER INSERT ON public.gift_recipients REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.app_recipients_changed();

CREATE TRIGGER recipients_removed AFTER DELETE ON public.gift_recipients REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.app_recipients_changed();

CREATE TRIGGER refresh_listed_deleted AFTER DELETE ON public.hardship_items REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION public.app_refresh_listed();

CREATE TRIGGER refresh_listed_inserted AFTER INSERT ON public.hardship_items REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.app_refresh_listed();

CREATE TRIGGER refresh_listed_updated AFTER UPDATE ON public.hardship_items REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.app_refresh_listed();

CREATE TRIGGER support_deleted AFTER DELETE ON public.gift_recipients REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER support_deleted AFTER DELETE ON public.gifts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER support_deleted AFTER DELETE ON public.visits REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER support_inserted AFTER INSERT ON public.gift_recipients REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER support_inserted AFTER INSERT ON public.gifts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER support_inserted AFTER INSERT ON public.visits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER support_moved AFTER UPDATE ON public.localities REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_moved();

CREATE TRIGGER support_updated AFTER UPDATE ON public.gifts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER support_updated AFTER UPDATE ON public.visits REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.app_support_changed();

CREATE TRIGGER tell_of_move AFTER UPDATE OF organisation_id, active ON public.users FOR EACH ROW WHEN ((new.active AND (new.organisation_id IS NOT NULL) AND ((NOT old.active) OR (new.organisation_id IS DISTINCT FROM old.organisation_id)))) EXECUTE FUNCTION public.app_tell_of_move();

CREATE TRIGGER touch_parent AFTER INSERT OR DELETE OR UPDATE ON public.gifts FOR EACH ROW EXECUTE FUNCTION public.app_touch_parent('visits', 'visit_id');

CREATE TRIGGER touch_parent AFTER INSERT OR DELETE OR UPDATE ON public.hardship_items FOR EACH ROW EXECUTE FUNCTION public.app_touch_parent('hardship_lists', 'list_id');

CREATE TRIGGER touch_parent AFTER INSERT OR DELETE OR UPDATE ON public.household_assessments FOR EACH ROW EXECUTE FUNCTION public.app_touch_parent('households', 'household_id');

CREATE TRIGGER touch_parent AFTER INSERT OR DELETE OR UPDATE ON public.household_consents FOR EACH ROW EXECUTE FUNCTION public.app_touch_parent('households', 'household_id');

CREATE TRIGGER touch_parent AFTER INSERT OR DELETE OR UPDATE ON public.locality_flags FOR EACH ROW EXECUTE FUNCTION public.app_touch_parent('localities', 'locality_id');

CREATE TRIGGER touch_parent AFTER INSERT OR DELETE OR UPDATE ON public.pledges FOR EACH ROW EXECUTE FUNCTION public.app_touch_parent('hardship_items', 'item_id');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.app_track('secret_hash');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.gifts FOR EACH ROW EXECUTE FUNCTION public.app_track('description', 'note', 'dispute_reason', 'settlement_note', 'correction_reason');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.hardship_items FOR EACH ROW EXECUTE FUNCTION public.app_track('reasons', 'needs', 'note', 'approved_state');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.hardship_lists FOR EACH ROW EXECUTE FUNCTION public.app_track('return_reason');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.household_assessments FOR EACH ROW EXECUTE FUNCTION public.app_track('poverty_status', 'deprivations', 'poverty_causes', 'score_b1', 'score_b2', 'no_labour_capacity', 'note', 'return_reason');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.household_consents FOR EACH ROW EXECUTE FUNCTION public.app_track('given_by');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.household_members FOR EACH ROW EXECUTE FUNCTION public.app_track('name', 'sex', 'birth_year', 'birth_date', 'ethnic_group', 'relation', 'student');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.household_merges FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.households FOR EACH ROW EXECUTE FUNCTION public.app_track('head_name', 'head_fold', 'head_sex', 'head_birth_year', 'head_birth_date', 'ethnic_group', 'address', 'latitude', 'longitude', 'note', 'hardship_reasons', 'poverty_causes', 'deprivations', 'poverty_status');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.localities FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.locality_flags FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.locality_posts FOR EACH ROW EXECUTE FUNCTION public.app_track('person_name', 'phone', 'party_member', 'note');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.locality_successions FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.locality_versions FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.organisation_contacts FOR EACH ROW EXECUTE FUNCTION public.app_track('contact_name', 'contact_phone', 'contact_email', 'address');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.organisation_headcounts FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.organisations FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.pledges FOR EACH ROW EXECUTE FUNCTION public.app_track('note');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.programmes FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.twinnings FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.app_track('full_name', 'phone');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.village_profiles FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.village_registers FOR EACH ROW EXECUTE FUNCTION public.app_track();

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.visits FOR EACH ROW EXECUTE FUNCTION public.app_track('findings', 'occasion', 'latitude', 'longitude');

CREATE TRIGGER zz_track BEFORE INSERT OR DELETE OR UPDATE ON public.working_groups FOR EACH ROW EXECUTE FUNCTION public.app_track('members');

ALTER TABLE ONLY public.account_makers
    ADD CONSTRAINT account_makers_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.gift_recipients
    ADD CONSTRAINT gift_recipients_gift_id_fkey FOREIGN KEY (gift_id) REFERENCES public.gifts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.gift_recipients
    ADD CONSTRAINT gift_recipients_hardship_item_id_fkey FOREIGN KEY (hardship_item_id) REFERENCES public.hardship_items(id);

ALTER TABLE ONLY public.gift_recipients
    ADD CONSTRAINT gift_recipients_household_id_fkey FOREIGN KEY (household_id) REFERENCES public.households(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_hardship_item_id_fkey FOREIGN KEY (hardship_item_id) REFERENCES public.hardship_items(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_household_id_fkey FOREIGN KEY (household_id) REFERENCES public.households(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.household_members(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_twinning_id_fkey FOREIGN KEY (twinning_id) REFERENCES public.twinnings(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_visit_id_fkey FOREIGN KEY (visit_id) REFERENCES public.visits(id);

ALTER TABLE ONLY public.hardship_items
    ADD CONSTRAINT hardship_items_household_id_fkey FOREIGN KEY (household_id) REFERENCES public.households(id);

ALTER TABLE ONLY public.hardship_items
    ADD CONSTRAINT hardship_items_list_id_fkey FOREIGN KEY (list_id) REFERENCES public.hardship_lists(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.hardship_items
    ADD CONSTRAINT hardship_items_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.hardship_lists
    ADD CONSTRAINT hardship_lists_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.hardship_lists
    ADD CONSTRAINT hardship_lists_submitted_by_fkey FOREIGN KEY (submitted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.hardship_lists
    ADD CONSTRAINT hardship_lists_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.household_assessments
    ADD CONSTRAINT household_assessments_corrected_by_id_fkey FOREIGN KEY (corrected_by_id) REFERENCES public.household_assessments(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.household_assessments
    ADD CONSTRAINT household_assessments_corrects_id_fkey FOREIGN KEY (corrects_id) REFERENCES public.household_assessments(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.household_assessments
    ADD CONSTRAINT household_assessments_household_id_fkey FOREIGN KEY (household_id, scope_path) REFERENCES public.households(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.household_assessments
    ADD CONSTRAINT household_assessments_standard_fkey FOREIGN KEY (standard) REFERENCES public.poverty_standards(code);

ALTER TABLE ONLY public.household_consents
    ADD CONSTRAINT household_consents_household_id_fkey FOREIGN KEY (household_id, scope_path) REFERENCES public.households(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.household_consents
    ADD CONSTRAINT household_consents_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.household_members
    ADD CONSTRAINT household_members_household_id_fkey FOREIGN KEY (household_id, scope_path) REFERENCES public.households(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.household_merges
    ADD CONSTRAINT household_merges_household_id_fkey FOREIGN KEY (household_id) REFERENCES public.households(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.household_private
    ADD CONSTRAINT household_private_household_id_fkey FOREIGN KEY (household_id, scope_path) REFERENCES public.households(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.household_residences
    ADD CONSTRAINT household_residences_household_id_fkey FOREIGN KEY (household_id) REFERENCES public.households(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.household_residences
    ADD CONSTRAINT household_residences_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.household_words
    ADD CONSTRAINT household_words_household_id_fkey FOREIGN KEY (household_id, scope_path) REFERENCES public.households(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.households
    ADD CONSTRAINT households_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_commune_id_fkey FOREIGN KEY (commune_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_district_id_fkey FOREIGN KEY (district_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_merged_into_id_fkey FOREIGN KEY (merged_into_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.localities
    ADD CONSTRAINT localities_province_id_fkey FOREIGN KEY (province_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.locality_flags
    ADD CONSTRAINT locality_flags_locality_id_fkey FOREIGN KEY (locality_id) REFERENCES public.localities(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.locality_posts
    ADD CONSTRAINT locality_posts_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.locality_successions
    ADD CONSTRAINT locality_successions_predecessor_id_fkey FOREIGN KEY (predecessor_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.locality_successions
    ADD CONSTRAINT locality_successions_successor_id_fkey FOREIGN KEY (successor_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.locality_versions
    ADD CONSTRAINT locality_versions_locality_id_fkey FOREIGN KEY (locality_id) REFERENCES public.localities(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.locality_versions
    ADD CONSTRAINT locality_versions_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.locality_words
    ADD CONSTRAINT locality_words_locality_id_fkey FOREIGN KEY (locality_id) REFERENCES public.localities(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.organisation_contacts
    ADD CONSTRAINT organisation_contacts_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.organisation_headcounts
    ADD CONSTRAINT organisation_headcounts_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_place_id_fkey FOREIGN KEY (place_id) REFERENCES public.localities(id);

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT organisations_successor_id_fkey FOREIGN KEY (successor_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.pledges
    ADD CONSTRAINT pledges_item_id_fkey FOREIGN KEY (item_id) REFERENCES public.hardship_items(id);

ALTER TABLE ONLY public.pledges
    ADD CONSTRAINT pledges_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.pledges
    ADD CONSTRAINT pledges_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.programmes
    ADD CONSTRAINT programmes_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.programmes
    ADD CONSTRAINT programmes_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.programmes(id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.support_changes
    ADD CONSTRAINT support_changes_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.support_summaries
    ADD CONSTRAINT support_summaries_place_id_fkey FOREIGN KEY (place_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.twinnings
    ADD CONSTRAINT twinnings_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.twinnings
    ADD CONSTRAINT twinnings_organisation_id_fkey FOREIGN KEY (organisation_id, organisation_scope_path) REFERENCES public.organisations(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.twinnings
    ADD CONSTRAINT twinnings_predecessor_id_fkey FOREIGN KEY (predecessor_id) REFERENCES public.twinnings(id);

ALTER TABLE ONLY public.twinnings
    ADD CONSTRAINT twinnings_programme_id_fkey FOREIGN KEY (programme_id) REFERENCES public.programmes(id);

ALTER TABLE ONLY public.user_passwords
    ADD CONSTRAINT user_passwords_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_organisation_id_fkey FOREIGN KEY (organisation_id, scope_path) REFERENCES public.organisations(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.village_profiles
    ADD CONSTRAINT village_profiles_village_id_fkey FOREIGN KEY (village_id) REFERENCES public.localities(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.village_registers
    ADD CONSTRAINT village_registers_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.visit_households
    ADD CONSTRAINT visit_households_household_id_fkey FOREIGN KEY (household_id) REFERENCES public.households(id);

ALTER TABLE ONLY public.visit_households
    ADD CONSTRAINT visit_households_visit_id_fkey FOREIGN KEY (visit_id) REFERENCES public.visits(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_twinning_id_fkey FOREIGN KEY (twinning_id) REFERENCES public.twinnings(id);

ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_village_id_fkey FOREIGN KEY (village_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.working_groups
    ADD CONSTRAINT working_groups_locality_id_fkey FOREIGN KEY (locality_id, scope_path) REFERENCES public.localities(id, scope_path) ON UPDATE CASCADE;

ALTER TABLE ONLY public.working_groups
    ADD CONSTRAINT working_groups_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);

ALTER TABLE ONLY public.working_groups
    ADD CONSTRAINT working_groups_programme_id_fkey FOREIGN KEY (programme_id) REFERENCES public.programmes(id);

ALTER TABLE public.account_makers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_events ENABLE ROW LEVEL SECURITY;

CREATE POLICY by_the_unit ON public.pledges USING (((organisation_id = ( SELECT public.app_organisation() AS app_organisation)) OR (( SELECT public.app_role() AS app_role) = 'system'::text))) WITH CHECK ((((organisation_id = ( SELECT public.app_organisation() AS app_organisation)) AND (village_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[]))) OR (( SELECT public.app_role() AS app_role) = 'system'::text)));

COMMENT ON POLICY by_the_unit ON public.pledges IS 'A unit pledges for itself, and only in villages that it is twinned with';

ALTER TABLE public.creations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.data_loads ENABLE ROW LEVEL SECURITY;

CREATE POLICY definer_functions ON public.account_makers TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.account_makers IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.api_keys FOR SELECT TO app_owner USING (true);

COMMENT ON POLICY definer_functions ON public.api_keys IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.audit_events TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.audit_events IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.creations TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.creations IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.deleted_records TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.deleted_records IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.devices TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.devices IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.gift_recipients TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.gift_recipients IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.gifts FOR SELECT TO app_owner USING (true);

COMMENT ON POLICY definer_functions ON public.gifts IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.hardship_items TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.hardship_items IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.hardship_lists TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.hardship_lists IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.household_assessments TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.household_assessments IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.household_consents FOR SELECT TO app_owner USING (true);

COMMENT ON POLICY definer_functions ON public.household_consents IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.household_members TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.household_members IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.household_merges TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.household_merges IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.household_private TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.household_private IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.household_residences TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.household_residences IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.household_words TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.household_words IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.households TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.households IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.localities TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.localities IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.locality_flags TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.locality_flags IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.locality_posts TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.locality_posts IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.locality_successions TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.locality_successions IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.locality_versions TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.locality_versions IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.locality_words TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.locality_words IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.merge_rules TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.merge_rules IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.organisations TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.organisations IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.pledges FOR SELECT TO app_owner USING (true);

COMMENT ON POLICY definer_functions ON public.pledges IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.programmes FOR SELECT TO app_owner USING (true);

COMMENT ON POLICY definer_functions ON public.programmes IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.refresh_tokens TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.refresh_tokens IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.schema_text TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.schema_text IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.sessions TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.sessions IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.sign_in_addresses TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.sign_in_addresses IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.sign_in_failures TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.sign_in_failures IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.steps TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.steps IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.support_changes TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.support_changes IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.support_summaries TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.support_summaries IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.twinnings TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.twinnings IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.user_passwords TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.user_passwords IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.users TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.users IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.village_profiles FOR SELECT TO app_owner USING (true);

COMMENT ON POLICY definer_functions ON public.village_profiles IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.village_registers TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.village_registers IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.visit_households TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.visit_households IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.visits TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY definer_functions ON public.visits IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_functions ON public.working_groups FOR SELECT TO app_owner USING (true);

COMMENT ON POLICY definer_functions ON public.working_groups IS 'Functions that run as the owner: row-level security is forced on the owner, too';

CREATE POLICY definer_locks ON public.programmes FOR UPDATE TO app_owner USING (true) WITH CHECK (false);

COMMENT ON POLICY definer_locks ON public.programmes IS 'A foreign key locks the row that it refers to, as the owner; nothing is changed';

ALTER TABLE public.deleted_records ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY;

CREATE POLICY either_end ON public.twinnings FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((organisation_scope_path >= ( SELECT public.app_low() AS app_low)) AND (organisation_scope_path < ( SELECT public.app_high() AS app_high))) OR (organisation_id = ANY (( SELECT public.app_organisations() AS app_organisations)::uuid[])) OR (locality_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) OR (locality_id = ANY (( SELECT public.app_former_places() AS app_former_places)::uuid[]))));

COMMENT ON POLICY either_end ON public.twinnings IS 'A twinning is visible to the officials of the village and of the unit, to the unit and its successors, to the other units of the village, and to each commune that holds a village of the lineage of an ended place';

ALTER TABLE public.gift_recipients ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.gifts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.hardship_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.hardship_lists ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.household_assessments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.household_consents ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.household_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.household_merges ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.household_private ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.household_residences ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.household_words ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.households ENABLE ROW LEVEL SECURITY;

CREATE POLICY in_care ON public.users USING ((((rank > ( SELECT public.app_rank() AS app_rank)) OR (( SELECT public.app_role() AS app_role) = 'system'::text) OR ((rank = 0) AND (( SELECT public.app_role() AS app_role) = 'admin'::text) AND (id <> ( SELECT public.app_user_id() AS app_user_id)))) AND (scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK ((((rank > ( SELECT public.app_rank() AS app_rank)) OR (( SELECT public.app_role() AS app_role) = 'system'::text) OR ((rank = 0) AND (( SELECT public.app_role() AS app_role) = 'admin'::text) AND (id <> ( SELECT public.app_user_id() AS app_user_id)))) AND (scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY in_care ON public.users IS 'Officials manage the accounts of lower offices, administrators those of each other; app_own_account reads the own account';

CREATE POLICY in_scope ON public.api_keys USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)) AND (( SELECT public.app_role() AS app_role) <> 'key'::text)));

COMMENT ON POLICY in_scope ON public.api_keys IS 'Officials manage the keys of their range; a key reads no key';

CREATE POLICY in_scope ON public.audit_events FOR SELECT USING (((( SELECT public.app_role() AS app_role) = 'admin'::text) OR ((( SELECT public.app_rank() AS app_rank) <= 3) AND COALESCE((subject_rank > ( SELECT public.app_rank() AS app_rank)), true) AND (place_id IN ( SELECT l.id
   FROM public.localities l
  WHERE ((l.scope_path >= ( SELECT public.app_low() AS app_low)) AND (l.scope_path < ( SELECT public.app_high() AS app_high))))))));

COMMENT ON POLICY in_scope ON public.audit_events IS 'Officials read entries about records of their range, and about accounts of lower offices only; administrators read all entries';

CREATE POLICY in_scope ON public.data_loads USING ((( SELECT public.app_role() AS app_role) = 'system'::text)) WITH CHECK ((( SELECT public.app_role() AS app_role) = 'system'::text));

COMMENT ON POLICY in_scope ON public.data_loads IS 'Only loaders read the digests of loaded files';

CREATE POLICY in_scope ON public.gift_recipients FOR SELECT USING ((EXISTS ( SELECT
   FROM public.gifts g
  WHERE ((g.id = gift_recipients.gift_id) AND (g.scope_path >= ( SELECT public.app_low() AS app_low)) AND (g.scope_path < ( SELECT public.app_high() AS app_high))))));

COMMENT ON POLICY in_scope ON public.gift_recipients IS 'The receiving side reads all names';

CREATE POLICY in_scope ON public.gifts USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (organisation_id = ANY (( SELECT public.app_organisations() AS app_organisations)::uuid[])))) WITH CHECK ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (organisation_id = ANY (( SELECT public.app_organisations() AS app_organisations)::uuid[]))));

COMMENT ON POLICY in_scope ON public.gifts IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A giver reads and corrects its own gifts, also after its twinning has ended';

CREATE POLICY in_scope ON public.hardship_items FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((village_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) AND approved)));

COMMENT ON POLICY in_scope ON public.hardship_items IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A twinned unit sees an item from its first approval on';

CREATE POLICY in_scope ON public.hardship_lists FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((village_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) AND (approved_at IS NOT NULL))));

COMMENT ON POLICY in_scope ON public.hardship_lists IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A twinned unit sees a list from its first approval on';

CREATE POLICY in_scope ON public.household_assessments FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((status = 'confirmed'::text) AND (( SELECT public.app_villages() AS app_villages) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = household_assessments.household_id))))));

COMMENT ON POLICY in_scope ON public.household_assessments IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A twinned unit reads the confirmed ones of the households that it sees';

CREATE POLICY in_scope ON public.household_consents USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY in_scope ON public.household_consents IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. The village and its officials keep the consents; units read their effect only';

CREATE POLICY in_scope ON public.household_members FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((( SELECT public.app_villages() AS app_villages) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = household_members.household_id))))));

COMMENT ON POLICY in_scope ON public.household_members IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A twinned unit reads them of the households that it sees';

CREATE POLICY in_scope ON public.household_merges FOR SELECT USING ((EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = household_merges.household_id))));

COMMENT ON POLICY in_scope ON public.household_merges IS 'A part is read with the record that it belongs to';

CREATE POLICY in_scope ON public.household_residences FOR SELECT USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY in_scope ON public.household_residences IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. The village that a household left counts it in the years before';

CREATE POLICY in_scope ON public.household_words FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((( SELECT public.app_villages() AS app_villages) IS NOT NULL) AND (EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = household_words.household_id))))));

COMMENT ON POLICY in_scope ON public.household_words IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. The words of a name are as visible as the household';

CREATE POLICY in_scope ON public.households FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((village_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) AND listed)));

COMMENT ON POLICY in_scope ON public.households IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A twinned unit sees households on approved lists only';

CREATE POLICY in_scope ON public.locality_flags FOR SELECT USING ((EXISTS ( SELECT
   FROM public.localities l
  WHERE (l.id = locality_flags.locality_id))));

COMMENT ON POLICY in_scope ON public.locality_flags IS 'A part is read with the record that it belongs to';

CREATE POLICY in_scope ON public.locality_posts FOR SELECT USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY in_scope ON public.locality_posts IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. Posts are read with their place';

CREATE POLICY in_scope ON public.locality_successions FOR SELECT USING ((( SELECT public.app_role() AS app_role) IS NOT NULL));

COMMENT ON POLICY in_scope ON public.locality_successions IS 'Successions of provinces, districts and communes are public';

CREATE POLICY in_scope ON public.locality_versions FOR SELECT USING ((EXISTS ( SELECT
   FROM public.localities l
  WHERE (l.id = locality_versions.locality_id))));

COMMENT ON POLICY in_scope ON public.locality_versions IS 'A part is read with the record that it belongs to';

CREATE POLICY in_scope ON public.locality_words FOR SELECT USING ((( SELECT public.app_role() AS app_role) IS NOT NULL));

COMMENT ON POLICY in_scope ON public.locality_words IS 'The words repeat names of localities; a search joins localities, whose policies apply';

CREATE POLICY in_scope ON public.organisation_contacts USING ((EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = organisation_contacts.organisation_id) AND ((o.id = ( SELECT public.app_organisation() AS app_organisation)) OR ((o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high)))))))) WITH CHECK ((EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = organisation_contacts.organisation_id) AND ((o.id = ( SELECT public.app_organisation() AS app_organisation)) OR ((o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high))))))));

COMMENT ON POLICY in_scope ON public.organisation_contacts IS 'The contact of a unit is for the unit and for the officials who manage it';

CREATE POLICY in_scope ON public.organisation_headcounts FOR SELECT USING ((EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = organisation_headcounts.organisation_id) AND ((o.id = ( SELECT public.app_organisation() AS app_organisation)) OR ((o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high))))))));

COMMENT ON POLICY in_scope ON public.organisation_headcounts IS 'Headcounts of a unit are for the unit and for the officials who manage it';

CREATE POLICY in_scope ON public.pledges FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (village_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) OR (organisation_id = ANY (( SELECT public.app_organisations() AS app_organisations)::uuid[]))));

COMMENT ON POLICY in_scope ON public.pledges IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. Twinned units see each other''s pledges, so that two do not give the same';

CREATE POLICY in_scope ON public.poverty_standards FOR SELECT USING (true);

COMMENT ON POLICY in_scope ON public.poverty_standards IS 'Standards are law, and public';

CREATE POLICY in_scope ON public.schema_text FOR SELECT USING (true);

COMMENT ON POLICY in_scope ON public.schema_text IS 'The readiness check compares the hash in a transaction without a caller';

CREATE POLICY in_scope ON public.sealing_keys USING ((( SELECT public.app_role() AS app_role) = 'system'::text)) WITH CHECK ((( SELECT public.app_role() AS app_role) = 'system'::text));

COMMENT ON POLICY in_scope ON public.sealing_keys IS 'Fingerprints of the sealing keys are compared at the start';

CREATE POLICY in_scope ON public.support_changes FOR SELECT USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY in_scope ON public.support_changes IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. Marks are read for the range of the caller';

CREATE POLICY in_scope ON public.support_summaries FOR SELECT USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY in_scope ON public.support_summaries IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. Counts are read for the range of the caller';

CREATE POLICY in_scope ON public.tree_day FOR SELECT USING (true);

COMMENT ON POLICY in_scope ON public.tree_day IS 'The day of the tree is public: every policy of places depends on it';

CREATE POLICY in_scope ON public.village_registers FOR SELECT USING ((EXISTS ( SELECT
   FROM public.localities l
  WHERE (l.id = village_registers.village_id))));

COMMENT ON POLICY in_scope ON public.village_registers IS 'A register is read with its village';

CREATE POLICY in_scope ON public.visits USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (organisation_id = ANY (( SELECT public.app_organisations() AS app_organisations)::uuid[])))) WITH CHECK ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (organisation_id = ANY (( SELECT public.app_organisations() AS app_organisations)::uuid[]))));

COMMENT ON POLICY in_scope ON public.visits IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A giver reads and corrects its own visits, also after its twinning has ended';

CREATE POLICY in_scope ON public.working_groups FOR SELECT USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = working_groups.organisation_id) AND ((o.id = ( SELECT public.app_organisation() AS app_organisation)) OR ((o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high))))))) OR (EXISTS ( SELECT
   FROM public.programmes p
  WHERE ((p.id = working_groups.programme_id) AND (p.scope_path >= ( SELECT public.app_low() AS app_low)) AND (p.scope_path < ( SELECT public.app_high() AS app_high)))))));

COMMENT ON POLICY in_scope ON public.working_groups IS 'Officials and village heads see the records of the places in their range; a key sees those of its place. A group is visible to its party, to the officials of the party and to those of the programme';

ALTER TABLE public.localities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.locality_flags ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.locality_posts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.locality_successions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.locality_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.locality_words ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.merge_rules ENABLE ROW LEVEL SECURITY;

CREATE POLICY merging ON public.gifts TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY merging ON public.gifts IS 'app_merge_households moves the records of one household to another';

CREATE POLICY merging ON public.household_consents TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY merging ON public.household_consents IS 'app_merge_households moves the records of one household to another';

CREATE POLICY merging ON public.pledges TO app_owner USING (true) WITH CHECK (true);

COMMENT ON POLICY merging ON public.pledges IS 'app_merge_households moves the records of one household to another';

CREATE POLICY named ON public.gift_recipients USING (((EXISTS ( SELECT
   FROM public.gifts g
  WHERE (g.id = gift_recipients.gift_id))) AND (EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = gift_recipients.household_id))))) WITH CHECK (((EXISTS ( SELECT
   FROM public.gifts g
  WHERE (g.id = gift_recipients.gift_id))) AND (EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = gift_recipients.household_id)))));

COMMENT ON POLICY named ON public.gift_recipients IS 'A name is added and removed by callers who see the gift and the household; the service decides which of them may';

CREATE POLICY officials_and_head ON public.household_private USING (((( SELECT public.app_role() AS app_role) = ANY (ARRAY['province'::text, 'district'::text, 'commune'::text, 'village_head'::text, 'system'::text])) AND (scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY officials_and_head ON public.household_private IS 'Sealed phones and identity numbers are for officials and the village head: no unit, no administrator, no key';

ALTER TABLE public.organisation_contacts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organisation_headcounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organisations ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON public.organisations FOR UPDATE USING ((id = ( SELECT public.app_organisation() AS app_organisation))) WITH CHECK ((id = ( SELECT public.app_organisation() AS app_organisation)));

COMMENT ON POLICY own ON public.organisations IS 'A unit changes its contact, and with it the version of the organisation; a trigger keeps every column';

ALTER TABLE public.pledges ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.poverty_standards ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.programmes ENABLE ROW LEVEL SECURITY;

CREATE POLICY readable ON public.localities FOR SELECT USING ((((level <> 'village'::text) AND (( SELECT public.app_role() AS app_role) IS NOT NULL)) OR ((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[]))));

COMMENT ON POLICY readable ON public.localities IS 'Provinces, districts and communes are public; a village is visible to callers whose range includes it and to twinned units';

CREATE POLICY readable ON public.organisations FOR SELECT USING ((( SELECT public.app_role() AS app_role) <> 'public'::text));

COMMENT ON POLICY readable ON public.organisations IS 'Names of units are visible to every signed-in user and to keys: gifts and twinnings contain them';

CREATE POLICY readable ON public.programmes FOR SELECT USING ((( SELECT public.app_role() AS app_role) <> ALL (ARRAY['public'::text, 'key'::text])));

COMMENT ON POLICY readable ON public.programmes IS 'Programmes are visible to every signed-in user; keys read aggregates only';

ALTER TABLE public.refresh_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.schema_text ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sealing_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY seen ON public.gift_recipients FOR SELECT USING (((EXISTS ( SELECT
   FROM public.gifts g
  WHERE (g.id = gift_recipients.gift_id))) AND (EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = gift_recipients.household_id)))));

COMMENT ON POLICY seen ON public.gift_recipients IS 'A giver reads the names of households that it sees';

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_failures ENABLE ROW LEVEL SECURITY;

CREATE POLICY stands_by ON public.organisation_contacts FOR SELECT USING ((organisation_id = ANY (( SELECT public.app_units_here() AS app_units_here)::uuid[])));

COMMENT ON POLICY stands_by ON public.organisation_contacts IS 'The contact of a unit is also for the officials and heads of its twinned places, until it may no longer record there';

ALTER TABLE public.steps ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.support_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.support_summaries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.tree_day ENABLE ROW LEVEL SECURITY;

CREATE POLICY twinned ON public.gifts AS RESTRICTIVE FOR INSERT WITH CHECK ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((village_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) OR (locality_id = ANY (( SELECT public.app_communes() AS app_communes)::uuid[])))));

COMMENT ON POLICY twinned ON public.gifts IS 'A unit records gifts only to villages that it is twinned with on that day; officials record for units on paper';

CREATE POLICY twinned ON public.locality_posts FOR SELECT USING ((((locality_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) OR (locality_id = ANY (( SELECT public.app_communes() AS app_communes)::uuid[]))) AND ((from_on IS NULL) OR (from_on <= ( SELECT public.app_today() AS app_today))) AND ((to_on IS NULL) OR (to_on >= ( SELECT public.app_today() AS app_today)))));

COMMENT ON POLICY twinned ON public.locality_posts IS 'A unit twinned with the place today sees the present holders';

CREATE POLICY twinned ON public.visits AS RESTRICTIVE FOR INSERT WITH CHECK ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR ((village_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) OR (locality_id = ANY (( SELECT public.app_communes() AS app_communes)::uuid[])))));

COMMENT ON POLICY twinned ON public.visits IS 'A unit records visits only to villages that it is twinned with on that day; officials record for units on paper';

CREATE POLICY twinned ON public.working_groups FOR SELECT USING (((locality_id = ANY (( SELECT public.app_villages() AS app_villages)::uuid[])) OR (organisation_id = ANY (( SELECT public.app_organisations() AS app_organisations)::uuid[]))));

COMMENT ON POLICY twinned ON public.working_groups IS 'A twinned unit sees the groups of its villages, and those of the organisations that it succeeded';

ALTER TABLE public.twinnings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_passwords ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.village_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.village_registers ENABLE ROW LEVEL SECURITY;

CREATE POLICY villages_added ON public.localities FOR INSERT WITH CHECK (((level = 'village'::text) AND (scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY villages_added ON public.localities IS 'Villages are added by the officials above them';

CREATE POLICY villages_changed ON public.localities FOR UPDATE USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((level = 'village'::text) AND (scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY villages_changed ON public.localities IS 'Officials change villages within their range; USING lets them lock other places too, so that the refusal can state its reason';

CREATE POLICY villages_deleted ON public.localities FOR DELETE USING (((level = 'village'::text) AND (scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY villages_deleted ON public.localities IS 'Villages are deleted by the officials above them';

ALTER TABLE public.visit_households ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY;

CREATE POLICY with_its_village ON public.village_profiles FOR SELECT USING (((( SELECT public.app_role() AS app_role) <> 'key'::text) AND (EXISTS ( SELECT
   FROM public.localities l
  WHERE (l.id = village_profiles.village_id)))));

COMMENT ON POLICY with_its_village ON public.village_profiles IS 'A part is read with the record that it belongs to; keys read aggregates only';

CREATE POLICY with_its_visit ON public.visit_households USING ((EXISTS ( SELECT
   FROM public.visits v
  WHERE (v.id = visit_households.visit_id)))) WITH CHECK (((EXISTS ( SELECT
   FROM public.visits v
  WHERE (v.id = visit_households.visit_id))) AND (EXISTS ( SELECT
   FROM public.households h
  WHERE (h.id = visit_households.household_id)))));

COMMENT ON POLICY with_its_visit ON public.visit_households IS 'A part is read with the record that it belongs to; a household that the caller does not see cannot be added';

ALTER TABLE public.working_groups ENABLE ROW LEVEL SECURITY;

CREATE POLICY written ON public.hardship_items USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.hardship_items IS 'The village and its officials make the list; units read';

CREATE POLICY written ON public.hardship_lists USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.hardship_lists IS 'The village and its officials make the list; units read';

CREATE POLICY written ON public.household_assessments USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.household_assessments IS 'The village and its officials assess';

CREATE POLICY written ON public.household_members USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.household_members IS 'The village and its officials keep the register';

CREATE POLICY written ON public.households USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.households IS 'The village and its officials keep the register';

CREATE POLICY written ON public.localities USING ((( SELECT public.app_role() AS app_role) = 'system'::text)) WITH CHECK ((( SELECT public.app_role() AS app_role) = 'system'::text));

COMMENT ON POLICY written ON public.localities IS 'The catalogue is written by its loader';

CREATE POLICY written ON public.locality_flags USING (((( SELECT public.app_role() AS app_role) = 'system'::text) OR (EXISTS ( SELECT
   FROM public.localities l
  WHERE ((l.id = locality_flags.locality_id) AND (l.level <> 'province'::text) AND (l.scope_path > ( SELECT public.app_low() AS app_low)) AND (l.scope_path < ( SELECT public.app_high() AS app_high))))))) WITH CHECK (((( SELECT public.app_role() AS app_role) = 'system'::text) OR (EXISTS ( SELECT
   FROM public.localities l
  WHERE ((l.id = locality_flags.locality_id) AND (l.level <> 'province'::text) AND (l.scope_path > ( SELECT public.app_low() AS app_low)) AND (l.scope_path < ( SELECT public.app_high() AS app_high)))))));

COMMENT ON POLICY written ON public.locality_flags IS 'Flags of a village, commune or district are set by callers whose range holds its parent';

CREATE POLICY written ON public.locality_posts USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)) AND ((( SELECT public.app_role() AS app_role) <> 'village_head'::text) OR (post <> ALL (ARRAY['village_head'::text, 'party_cell_secretary'::text]))))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)) AND ((( SELECT public.app_role() AS app_role) <> 'village_head'::text) OR (post <> ALL (ARRAY['village_head'::text, 'party_cell_secretary'::text])))));

COMMENT ON POLICY written ON public.locality_posts IS 'The commune and the village keep the posts; the head and the Party-cell secretary, who hold the account of the village, do not name themselves';

CREATE POLICY written ON public.locality_successions USING ((( SELECT public.app_role() AS app_role) = 'system'::text)) WITH CHECK ((( SELECT public.app_role() AS app_role) = 'system'::text));

COMMENT ON POLICY written ON public.locality_successions IS 'The catalogue is written by its loader';

CREATE POLICY written ON public.locality_versions USING (((( SELECT public.app_role() AS app_role) = 'system'::text) OR (EXISTS ( SELECT
   FROM public.localities l
  WHERE ((l.id = locality_versions.locality_id) AND (l.level = 'village'::text) AND (l.scope_path >= ( SELECT public.app_low() AS app_low)) AND (l.scope_path < ( SELECT public.app_high() AS app_high))))))) WITH CHECK (((( SELECT public.app_role() AS app_role) = 'system'::text) OR (EXISTS ( SELECT
   FROM public.localities l
  WHERE ((l.id = locality_versions.locality_id) AND (l.level = 'village'::text) AND (l.scope_path >= ( SELECT public.app_low() AS app_low)) AND (l.scope_path < ( SELECT public.app_high() AS app_high)))))));

COMMENT ON POLICY written ON public.locality_versions IS 'A version changes with its village, or by the loader';

CREATE POLICY written ON public.organisation_headcounts USING ((EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = organisation_headcounts.organisation_id) AND (o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high)))))) WITH CHECK ((EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = organisation_headcounts.organisation_id) AND (o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high))))));

COMMENT ON POLICY written ON public.organisation_headcounts IS 'Officials manage units';

CREATE POLICY written ON public.organisations USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.organisations IS 'Officials manage the units of their range';

CREATE POLICY written ON public.poverty_standards USING ((( SELECT public.app_role() AS app_role) = 'system'::text)) WITH CHECK ((( SELECT public.app_role() AS app_role) = 'system'::text));

COMMENT ON POLICY written ON public.poverty_standards IS 'The operator imports the next standard';

CREATE POLICY written ON public.programmes USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.programmes IS 'Officials manage the programmes of their range';

CREATE POLICY written ON public.tree_day USING ((( SELECT public.app_role() AS app_role) = 'system'::text)) WITH CHECK ((( SELECT public.app_role() AS app_role) = 'system'::text));

COMMENT ON POLICY written ON public.tree_day IS 'A job moves the day';

CREATE POLICY written ON public.twinnings USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.twinnings IS 'The officials of the village decide about it';

CREATE POLICY written ON public.village_profiles USING (((( SELECT public.app_role() AS app_role) <> 'key'::text) AND (EXISTS ( SELECT
   FROM public.localities l
  WHERE ((l.id = village_profiles.village_id) AND (l.scope_path >= ( SELECT public.app_low() AS app_low)) AND (l.scope_path < ( SELECT public.app_high() AS app_high))))))) WITH CHECK ((EXISTS ( SELECT
   FROM public.localities l
  WHERE ((l.id = village_profiles.village_id) AND (l.scope_path >= ( SELECT public.app_low() AS app_low)) AND (l.scope_path < ( SELECT public.app_high() AS app_high))))));

COMMENT ON POLICY written ON public.village_profiles IS 'The village and its officials keep the profile';

CREATE POLICY written ON public.village_registers USING (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high)))) WITH CHECK (((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))));

COMMENT ON POLICY written ON public.village_registers IS 'The commune completes the register of a year';

CREATE POLICY written ON public.working_groups USING ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = working_groups.organisation_id) AND ((o.id = ( SELECT public.app_organisation() AS app_organisation)) OR ((o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high))))))))) WITH CHECK ((((scope_path >= ( SELECT public.app_low() AS app_low)) AND (scope_path < ( SELECT public.app_high() AS app_high))) OR (EXISTS ( SELECT
   FROM public.organisations o
  WHERE ((o.id = working_groups.organisation_id) AND ((o.id = ( SELECT public.app_organisation() AS app_organisation)) OR ((o.scope_path >= ( SELECT public.app_low() AS app_low)) AND (o.scope_path < ( SELECT public.app_high() AS app_high)))))))));

COMMENT ON POLICY written ON public.working_groups IS 'The party and its officials keep the group';

GRANT USAGE ON SCHEMA public TO app;

REVOKE ALL ON FUNCTION public.app_access_used(session uuid, token_generation integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_access_used(session uuid, token_generation integer) TO app;

REVOKE ALL ON FUNCTION public.app_accounts_of(place uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_accounts_of(place uuid) TO app;

REVOKE ALL ON FUNCTION public.app_active_households(village uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_active_households(village uuid) TO app;

REVOKE ALL ON FUNCTION public.app_active_on(status text, since date, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_active_on(status text, since date, day date) TO app;

REVOKE ALL ON FUNCTION public.app_acts_for(organisation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_acts_for(organisation uuid) TO app;

REVOKE ALL ON FUNCTION public.app_address_wait(address text, per_hour integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_analyze_places() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_analyze_places() TO app;

REVOKE ALL ON FUNCTION public.app_ancestor(place uuid, wanted_level text, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_ancestor(place uuid, wanted_level text, day date) TO app;

REVOKE ALL ON FUNCTION public.app_append_only() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_assessment_changed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_audit_account() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_audit_actor() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_audit_catalogue(catalogue uuid, counts jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_audit_catalogue(catalogue uuid, counts jsonb) TO app;

REVOKE ALL ON FUNCTION public.app_audit_locality() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_audit_part() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_audit_party() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_audit_read(subject_resource text, subject uuid, subject_village uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_audit_read(subject_resource text, subject uuid, subject_village uuid) TO app;

REVOKE ALL ON FUNCTION public.app_audit_sealed(subject uuid, fields text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_audit_sealed(subject uuid, fields text[]) TO app;

REVOKE ALL ON FUNCTION public.app_base36(number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_base36(number bigint) TO app;

REVOKE ALL ON FUNCTION public.app_begin_own_password(address text, per_hour integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_begin_own_password(address text, per_hour integer) TO app;

REVOKE ALL ON FUNCTION public.app_begin_sign_in(name text, mark bytea, address text, per_hour integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_begin_sign_in(name text, mark bytea, address text, per_hour integer) TO app;

REVOKE ALL ON FUNCTION public.app_begin_step(record uuid, of_resource text, new_step text, new_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_begin_step(record uuid, of_resource text, new_step text, new_hash bytea) TO app;

REVOKE ALL ON FUNCTION public.app_both(one text, other text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_callable(VARIADIC names text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_change_own_password(verified text, new_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_change_own_password(verified text, new_hash text) TO app;

REVOKE ALL ON FUNCTION public.app_choose_item() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_choose_items(gifts uuid[], helped boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_choose_items_of_changed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_claim(new_id uuid, new_resource text, new_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_claim(new_id uuid, new_resource text, new_hash bytea) TO app;

REVOKE ALL ON FUNCTION public.app_communes() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_communes() TO app;

REVOKE ALL ON FUNCTION public.app_condition(target regclass, shapes text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_confirm_gifts(gifts uuid[], doubtful uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_confirm_gifts(gifts uuid[], doubtful uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_consent_in_force(given_on date, expires_on date, withdrawn_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_consent_in_force(given_on date, expires_on date, withdrawn_at timestamp with time zone) TO app;

REVOKE ALL ON FUNCTION public.app_consenting(subjects uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_consenting(subjects uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_deletions_to_seal(newest smallint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_deletions_to_seal(newest smallint, most integer) TO app;

REVOKE ALL ON FUNCTION public.app_dependents(of_table text, subject uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_dependents(of_table text, subject uuid) TO app;

REVOKE ALL ON FUNCTION public.app_end_access(account uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_end_own_session(target uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_end_own_session(target uuid) TO app;

REVOKE ALL ON FUNCTION public.app_end_session() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_end_session() TO app;

REVOKE ALL ON FUNCTION public.app_end_sessions(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_end_sessions(name text) TO app;

REVOKE ALL ON FUNCTION public.app_end_village(village uuid, ends date, successors uuid[], basis text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_end_village(village uuid, ends date, successors uuid[], basis text) TO app;

REVOKE ALL ON FUNCTION public.app_enter(session uuid, token_auth_version integer, token_generation integer, moment timestamp with time zone, request uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_enter(session uuid, token_auth_version integer, token_generation integer, moment timestamp with time zone, request uuid) TO app;

REVOKE ALL ON FUNCTION public.app_enter_as(account uuid, token_auth_version integer, moment timestamp with time zone, request uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_enter_as(account uuid, token_auth_version integer, moment timestamp with time zone, request uuid) TO app;

REVOKE ALL ON FUNCTION public.app_enter_key(key uuid, hash bytea, moment timestamp with time zone, request uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_enter_key(key uuid, hash bytea, moment timestamp with time zone, request uuid) TO app;

REVOKE ALL ON FUNCTION public.app_enter_public(moment timestamp with time zone, request uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_enter_public(moment timestamp with time zone, request uuid) TO app;

REVOKE ALL ON FUNCTION public.app_enter_system(moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_enter_system(moment timestamp with time zone) TO app;

REVOKE ALL ON FUNCTION public.app_fold(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_fold(value text) TO app;

REVOKE ALL ON FUNCTION public.app_follow_end() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_follow_item() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_follow_items() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_follow_member() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_follow_recipients() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_forget(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_forget(most integer) TO app;

REVOKE ALL ON FUNCTION public.app_forget_step(record uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_forget_step(record uuid) TO app;

REVOKE ALL ON FUNCTION public.app_forgive(username text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_former_places() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_former_places() TO app;

REVOKE ALL ON FUNCTION public.app_former_residents(days date[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_former_residents(days date[]) TO app;

REVOKE ALL ON FUNCTION public.app_fresh_deletions(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_fresh_deletions(most integer) TO app;

REVOKE ALL ON FUNCTION public.app_give_one_time_password(who uuid, new_hash text, expires timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_give_one_time_password(who uuid, new_hash text, expires timestamp with time zone) TO app;

REVOKE ALL ON FUNCTION public.app_gives_at_home(organisation uuid, path text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_gives_at_home(organisation uuid, path text) TO app;

REVOKE ALL ON FUNCTION public.app_has_account(organisation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_has_account(organisation uuid) TO app;

REVOKE ALL ON FUNCTION public.app_high() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_high() TO app;

REVOKE ALL ON FUNCTION public.app_hold_approved(list uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_hold_approved(list uuid) TO app;

REVOKE ALL ON FUNCTION public.app_household_decided(subject uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_household_decided(subject uuid) TO app;

REVOKE ALL ON FUNCTION public.app_household_history(subject uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_household_history(subject uuid) TO app;

REVOKE ALL ON FUNCTION public.app_in_complete_register(subject uuid, of_year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_in_complete_register(subject uuid, of_year integer) TO app;

REVOKE ALL ON FUNCTION public.app_in_range(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_in_range(path text) TO app;

REVOKE ALL ON FUNCTION public.app_index_household() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_index_localities() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_index_words(value text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_is_urban(village uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_is_urban(village uuid) TO app;

REVOKE ALL ON FUNCTION public.app_item_for(household uuid, village uuid, category text, day date, current uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_item_held(item uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_item_held(item uuid) TO app;

REVOKE ALL ON FUNCTION public.app_items_met(items uuid[], day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_items_met(items uuid[], day date) TO app;

REVOKE ALL ON FUNCTION public.app_keep_answer(record uuid, kept jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_keep_answer(record uuid, kept jsonb) TO app;

REVOKE ALL ON FUNCTION public.app_keep_identity() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_keep_inside(subjects uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_keep_own() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_keep_residence() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_keep_twinnings_inside() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_keep_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_kept_answer(record uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_kept_answer(record uuid) TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.twinnings TO app;

REVOKE ALL ON FUNCTION public.app_last_day(t public.twinnings) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_last_day_of_new() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_late_entry_days() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_late_entry_days() TO app;

REVOKE ALL ON FUNCTION public.app_latest_assessment(subject uuid, on_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_latest_assessment(subject uuid, on_day date) TO app;

REVOKE ALL ON FUNCTION public.app_leads_there(programme uuid, locality uuid, begins date) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_list_where_it_lives() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_lived_on(from_on date, until_on date, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_lived_on(from_on date, until_on date, day date) TO app;

REVOKE ALL ON FUNCTION public.app_lock_register(of_village uuid, of_year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_lock_register(of_village uuid, of_year integer) TO app;

REVOKE ALL ON FUNCTION public.app_low() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_low() TO app;

REVOKE ALL ON FUNCTION public.app_mark_support(villages uuid[], years integer[], households uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_mark_support(villages uuid[], years integer[], households uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_matches(value text, part text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_matches(value text, part text) TO app;

REVOKE ALL ON FUNCTION public.app_may_have_lain_in(place uuid, present uuid, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_may_have_lain_in(place uuid, present uuid, day date) TO app;

REVOKE ALL ON FUNCTION public.app_may_succeed(programme uuid, organisation uuid, locality uuid, begins date) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_member_given(member uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_member_given(member uuid) TO app;

REVOKE ALL ON FUNCTION public.app_merge_assessments(merged uuid, survivor uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merge_gifts(merged uuid, survivor uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merge_households(merged uuid, survivor uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_merge_households(merged uuid, survivor uuid) TO app;

REVOKE ALL ON FUNCTION public.app_merge_items(merged uuid, survivor uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merge_members(merged uuid, survivor uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merge_recipients(merged uuid, survivor uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merge_rows(of_table text, gone uuid, kept uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merge_rule(whole regclass, part regclass, key text, rule text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merge_visits(merged uuid, survivor uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_merged(records uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_merged(records uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_move_accounts(origin uuid, successor uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_move_accounts(origin uuid, successor uuid) TO app;

REVOKE ALL ON FUNCTION public.app_move_households(villages uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_move_households(villages uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_move_households_of_the_day() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_name_homes(gifts uuid[], homes uuid[], village uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_name_homes(gifts uuid[], homes uuid[], village uuid) TO app;

REVOKE ALL ON FUNCTION public.app_name_late() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_name_late() TO app;

REVOKE ALL ON FUNCTION public.app_name_was_taken() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_name_was_taken() TO app;

REVOKE ALL ON FUNCTION public.app_naming_pause() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_naming_pause() TO app;

REVOKE ALL ON FUNCTION public.app_needs_of(category text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_non_state_kinds() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_now() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_now() TO app;

REVOKE ALL ON FUNCTION public.app_one_lead() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_organisation() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_organisation() TO app;

REVOKE ALL ON FUNCTION public.app_organisations() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_organisations() TO app;

REVOKE ALL ON FUNCTION public.app_own_account() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_own_account() TO app;

REVOKE ALL ON FUNCTION public.app_own_accounts() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_own_accounts() TO app;

REVOKE ALL ON FUNCTION public.app_own_sessions(idle_days integer, absolute_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_own_sessions(idle_days integer, absolute_days integer) TO app;

REVOKE ALL ON FUNCTION public.app_part(part regclass, whole regclass, key text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_password_was_wrong(name text, address text, what text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_password_was_wrong(name text, address text, what text) TO app;

REVOKE ALL ON FUNCTION public.app_path(place uuid, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_path(place uuid, day date) TO app;

REVOKE ALL ON FUNCTION public.app_path_end(place uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_path_end(place uuid) TO app;

REVOKE ALL ON FUNCTION public.app_path_of(place uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_path_of(place uuid) TO app;

REVOKE ALL ON FUNCTION public.app_paths() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_paths() TO app;

REVOKE ALL ON FUNCTION public.app_place() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_place() TO app;

REVOKE ALL ON FUNCTION public.app_place_and_above(place uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_place_and_above(place uuid) TO app;

REVOKE ALL ON FUNCTION public.app_place_in_locality() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_place_in_village() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_place_labels(places uuid[], day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_place_labels(places uuid[], day date) TO app;

REVOKE ALL ON FUNCTION public.app_place_level(place uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_place_level(place uuid) TO app;

REVOKE ALL ON FUNCTION public.app_place_locality() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_place_name(place uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_place_name(place uuid) TO app;

REVOKE ALL ON FUNCTION public.app_place_of_support() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_place_twinning() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_place_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_place_with_household() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_places_above(places uuid[], day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_places_above(places uuid[], day date) TO app;

REVOKE ALL ON FUNCTION public.app_places_below(place uuid, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_places_below(place uuid, day date) TO app;

REVOKE ALL ON FUNCTION public.app_places_of(places uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_places_of(places uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_policy(target regclass, policy text, command text, shapes text[], reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_programmes_below(programme uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_programmes_below(programme uuid) TO app;

REVOKE ALL ON FUNCTION public.app_programmes_of_twinnings() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_programmes_of_twinnings() TO app;

REVOKE ALL ON FUNCTION public.app_rank() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_rank() TO app;

REVOKE ALL ON FUNCTION public.app_recipient_homes(gift uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_recipient_homes(gift uuid) TO app;

REVOKE ALL ON FUNCTION public.app_recipients_changed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_records_outside(village uuid, earliest date, latest date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_records_outside(village uuid, earliest date, latest date) TO app;

REVOKE ALL ON FUNCTION public.app_refresh(token_hash bytea, child_hash bytea, device text, idle_days integer, absolute_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_refresh(token_hash bytea, child_hash bytea, device text, idle_days integer, absolute_days integer) TO app;

REVOKE ALL ON FUNCTION public.app_refresh_item(item uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_refresh_item(item uuid) TO app;

REVOKE ALL ON FUNCTION public.app_refresh_listed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_refuse(reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_refuse(reason text) TO app;

REVOKE ALL ON FUNCTION public.app_register_counts(of_village uuid, of_year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_register_counts(of_village uuid, of_year integer) TO app;

REVOKE ALL ON FUNCTION public.app_register_day(of_year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_register_day(of_year integer) TO app;

REVOKE ALL ON FUNCTION public.app_registers(of_village uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_registers(of_village uuid) TO app;

REVOKE ALL ON FUNCTION public.app_repeated_steps(records uuid[], of_resource text, which text, hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_repeated_steps(records uuid[], of_resource text, which text, hash bytea) TO app;

REVOKE ALL ON FUNCTION public.app_replace_password(who uuid, new_hash text, expires timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_replace_password(who uuid, new_hash text, expires timestamp with time zone) TO app;

REVOKE ALL ON FUNCTION public.app_residents(of_village uuid, on_day date) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_role() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_role() TO app;

REVOKE ALL ON FUNCTION public.app_roll_up_support(of_level text, places uuid[], years integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_same_people(merged uuid, survivor uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_same_people(merged uuid, survivor uuid) TO app;

REVOKE ALL ON FUNCTION public.app_seal_deletion(record uuid, of_resource text, by_key bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_seal_deletion(record uuid, of_resource text, by_key bytea) TO app;

REVOKE ALL ON FUNCTION public.app_sealed_deletions() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_sealed_deletions() TO app;

REVOKE ALL ON FUNCTION public.app_security_event(what text, subject uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_session_id() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_session_view(session uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_session_view(session uuid) TO app;

REVOKE ALL ON FUNCTION public.app_set(name text, value text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_set(name text, value text) TO app;

REVOKE ALL ON FUNCTION public.app_set_tree_day(new_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_set_tree_day(new_day date) TO app;

REVOKE ALL ON FUNCTION public.app_share_maker(others uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_share_maker(others uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_show_latest_assessment(subject uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_show_version(village uuid, began date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_show_version(village uuid, began date) TO app;

REVOKE ALL ON FUNCTION public.app_sign_in(who uuid, mark bytea, verified text, session uuid, device text, token_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_sign_in(who uuid, mark bytea, verified text, session uuid, device text, token_hash bytea) TO app;

REVOKE ALL ON FUNCTION public.app_sign_in_pause(failures integer, last_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_sign_in_subject(name text, mark bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_standing(places uuid[], first_day date, last_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_standing(places uuid[], first_day date, last_day date) TO app;

REVOKE ALL ON FUNCTION public.app_subscriber(address text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_succeed_organisation(subject uuid, successor uuid, begins date, with_twinnings boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_succeed_organisation(subject uuid, successor uuid, begins date, with_twinnings boolean) TO app;

REVOKE ALL ON FUNCTION public.app_succeed_place(place uuid, successors uuid[], begins date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_succeed_place(place uuid, successors uuid[], begins date) TO app;

REVOKE ALL ON FUNCTION public.app_succeed_twinning(subject uuid, new_id uuid, begins date, programme uuid, organisation uuid, locality uuid, leads boolean, decision text, decided date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_succeed_twinning(subject uuid, new_id uuid, begins date, programme uuid, organisation uuid, locality uuid, leads boolean, decision text, decided date) TO app;

REVOKE ALL ON FUNCTION public.app_successions(organisation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_successions(organisation uuid) TO app;

REVOKE ALL ON FUNCTION public.app_summarise_support(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_summarise_support(most integer) TO app;

REVOKE ALL ON FUNCTION public.app_support_changed() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_support_moved() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_suspended(suspensions jsonb, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_suspended(suspensions jsonb, day date) TO app;

REVOKE ALL ON FUNCTION public.app_table(target regclass, reads text[], reads_reason text, writes text[], writes_reason text, inserts text[], inserts_reason text, owner text, grants text, tracked boolean, personal text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_take_try(tried text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_tell_of_account(account uuid, what text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_tell_of_move() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_timeline(parent uuid, starts date, assigned uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_timeline(parent uuid, starts date, assigned uuid) TO app;

REVOKE ALL ON FUNCTION public.app_today() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_today() TO app;

REVOKE ALL ON FUNCTION public.app_touch_ended_twinnings() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_touch_flagged_places() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_touch_parent() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_track() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_tree(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_tree(day date) TO app;

REVOKE ALL ON FUNCTION public.app_twinned_homes() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_twinned_homes() TO app;

REVOKE ALL ON FUNCTION public.app_twinned_places(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_twinned_places(day date) TO app;

REVOKE ALL ON FUNCTION public.app_twinning_active(t public.twinnings, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_twinning_active(t public.twinnings, day date) TO app;

REVOKE ALL ON FUNCTION public.app_twinning_once() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_twinning_status(last_day date, suspensions jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_twinning_status(last_day date, suspensions jsonb) TO app;

REVOKE ALL ON FUNCTION public.app_twinnings_under(programme uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_twinnings_under(programme uuid) TO app;

REVOKE ALL ON FUNCTION public.app_twinnings_until(place uuid, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_twinnings_until(place uuid, day date) TO app;

REVOKE ALL ON FUNCTION public.app_two_person_days() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_union(one text[], other text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_units_here() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_units_here() TO app;

REVOKE ALL ON FUNCTION public.app_unsettle_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.app_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_user_id() TO app;

REVOKE ALL ON FUNCTION public.app_village_name(village uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_village_name(village uuid) TO app;

REVOKE ALL ON FUNCTION public.app_village_years(years integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_village_years(years integer[]) TO app;

REVOKE ALL ON FUNCTION public.app_villages() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_villages() TO app;

REVOKE ALL ON FUNCTION public.app_visit_gave(visit uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_visit_gave(visit uuid) TO app;

REVOKE ALL ON FUNCTION public.app_with_caller(authors uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_with_caller(authors uuid[]) TO app;

REVOKE ALL ON FUNCTION public.app_withholds() FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_withholds() TO app;

REVOKE ALL ON FUNCTION public.app_words(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_words(value text) TO app;

REVOKE ALL ON FUNCTION public.app_writes_party(scope_path text, organisation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.app_writes_party(scope_path text, organisation uuid) TO app;

GRANT SELECT ON TABLE public.__diesel_schema_migrations TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_keys TO app;

GRANT SELECT ON TABLE public.audit_events TO app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.data_loads TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.gift_recipients TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.gifts TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.hardship_items TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.hardship_lists TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.household_assessments TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.household_consents TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.household_members TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.household_merges TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.household_private TO app;

GRANT SELECT ON TABLE public.household_residences TO app;

GRANT SELECT ON TABLE public.household_words TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.households TO app;

GRANT USAGE ON SEQUENCE public.locality_labels TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.localities TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.locality_flags TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.locality_posts TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.locality_successions TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.locality_versions TO app;

GRANT SELECT ON TABLE public.locality_words TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organisation_contacts TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organisation_headcounts TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organisations TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pledges TO app;

GRANT SELECT,INSERT ON TABLE public.poverty_standards TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.programmes TO app;

GRANT SELECT ON TABLE public.schema_text TO app;

GRANT SELECT,INSERT,DELETE ON TABLE public.sealing_keys TO app;

GRANT SELECT ON TABLE public.support_changes TO app;

GRANT SELECT ON TABLE public.support_summaries TO app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.tree_day TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.village_profiles TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.village_registers TO app;

GRANT SELECT,INSERT,DELETE ON TABLE public.visit_households TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.visits TO app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.working_groups TO app;

