-- Set-up of every table: row-level security, grants, tracking, and policies by named shape.
--
-- The files of this folder are the current text of functions, triggers, policies and grants. `ketnghia migrate` applies them in one
-- transaction when their hash changed: it drops all triggers, all policies and the functions of the last application, and runs
-- every file, in the order shapes, access, search, records, places, twinning, accounts, needs, support, insight. Tables, indexes and
-- the immutable functions that those call are defined in `migrations/`.

-- Revokes every right of the serving role, which the files grant again: a grant removed from the text is removed from the database.
revoke all on all tables in schema public from app;
revoke all on all sequences in schema public from app;
revoke all on all functions in schema public from app;

-- Returns the condition of a policy. Functions without arguments stand in a sub-select: PostgreSQL then evaluates them once for each
-- query and not once for each row. An unknown shape is an error: `condition` takes no null.
create function app_condition(target regclass, shapes text[]) returns text stable language plpgsql as $$
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
end $$;
comment on function app_condition(regclass, text[]) is 'The condition of a policy: its shapes, joined by OR';

create function app_policy(target regclass, policy text, command text, shapes text[], reason text) returns void language plpgsql as $$
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
comment on function app_policy(regclass, text, text, text[], text) is
  'Creates a policy from named shapes, with its reason; for INSERT a restrictive one';

create function app_table(
  target regclass,
  -- Shapes of the policy by which rows are read, and its reason.
  reads text[] default null, reads_reason text default null,
  -- Shapes by which rows are written. Equal to `reads`, they become one policy: PostgreSQL would evaluate both of two.
  writes text[] default null, writes_reason text default null,
  -- Shapes that restrict INSERT further.
  inserts text[] default null, inserts_reason text default null,
  -- Access of functions that run as the owner, on whom row-level security is forced too: reads, writes; locks (foreign keys lock the row
  -- referred to as the owner); merges (reads, and writes of app_merge_households).
  owner text default null,
  grants text default 'select, insert, update, delete',
  -- Whether app_track versions and audits the rows, and the personal columns that it does not copy.
  tracked boolean default true, personal text[] default '{}'
) returns void language plpgsql as $$
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
comment on function app_table(regclass, text[], text, text[], text, text[], text, text, text, boolean, text[]) is
  'Puts a table under forced row-level security and creates its grants, its tracking and its policies by shape; other policies are written out beside the call';

-- Grants the serving role EXECUTE on these functions only; functions that they call run with the rights of their owner. An injected
-- statement then cannot insert an audit entry or count an attempt of a password. An unknown or overloaded name is an error.
create function app_callable(variadic names text[]) returns void language plpgsql as $$
declare
  name text;
  found_function regprocedure;
begin
  foreach name in array names loop
    select p.oid into strict found_function from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname = name;
    execute format('grant execute on function %s to app', found_function);
  end loop;
end $$;
comment on function app_callable(text[]) is 'Lets the serving role call functions; each file ends with its list';

-- The applied text. The readiness check and `ketnghia migrate` read it in transactions without a caller.
select app_table('schema_text', tracked => false, grants => 'select', owner => 'writes',
  reads => '{everybody}', reads_reason => 'The readiness check compares the hash in a transaction without a caller');
grant select on __diesel_schema_migrations to app;
