-- Which keys the sealed fields need, and how long is kept what is kept for a while.

create table sealing_keys (
  id smallint primary key constraint sealing_keys_id check (id between 0 and 255),
  fingerprint bytea not null,
  added_at timestamptz not null
);
comment on table sealing_keys is 'The keys of PII_KEY_FILE that this database has met: with another file the service does not start';
comment on column sealing_keys.fingerprint is 'A keyed mark: it tells whether a key is the same one, and nothing of the key';
alter table sealing_keys enable row level security;
alter table sealing_keys force row level security;
grant select, insert, delete on sealing_keys to app;
create policy system_only on sealing_keys using ((select app_role()) = 'system') with check ((select app_role()) = 'system');

-- ── deleted records ────────────────────────────────────────────────────────────────────────────
-- The trigger that keeps a deleted row has no key: a job seals its personal fields, and seals them anew when the
-- key changes.
create function app_deletions_to_seal(newest smallint, most integer) returns table (id uuid, resource text, personal jsonb, sealed bytea)
  stable language sql security definer set search_path = '' as $$
  select d.id, d.resource, d.personal, d.sealed from public.deleted_records d
   where public.app_role() = 'system' and (d.personal is not null or d.sealed is not null and get_byte(d.sealed, 0) <> newest)
   order by d.personal is null limit most $$;
comment on function app_deletions_to_seal(smallint, integer) is 'Deleted rows whose personal fields are not sealed, or with another key than this one';

create function app_fresh_deletions(most integer) returns table (id uuid, resource text, personal jsonb)
  stable language sql security definer set search_path = '' as $$
  select d.id, d.resource, d.personal from public.deleted_records d
   where public.app_role() = 'system' and d.personal is not null order by d.deleted_at limit most $$;

create function app_seal_deletion(record uuid, of_resource text, by_key bytea) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  update public.deleted_records d set sealed = by_key, personal = null where d.id = record and d.resource = of_resource;
end $$;

create function app_sealed_deletions() returns table (key integer, fields bigint)
  stable language sql security definer set search_path = '' as $$
  select get_byte(d.sealed, 0), count(*) from public.deleted_records d
   where public.app_role() = 'system' and d.sealed is not null group by 1 $$;

-- ── periods ────────────────────────────────────────────────────────────────────────────────────
-- Some rows at a time, so that nobody waits for it; returns how many went.
create function app_forget(most integer) returns integer language plpgsql security definer set search_path = '' as $$
declare
  now constant timestamptz := public.app_now();
  gone integer;
  total integer := 0;
begin
  if public.app_role() <> 'system' then perform public.app_refuse('app_not_found'); end if;
  -- Sessions a month after they ended, or could have been refreshed for the last time; their tokens go with them.
  delete from public.sessions s where s.id in (
    select x.id from public.sessions x where x.revoked_at < now - interval '30 days' limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.sessions s where s.id in (
    select x.id from public.sessions x where x.revoked_at is null and x.refreshed_at < now - interval '400 days' limit most);
  get diagnostics gone = row_count; total := total + gone;
  -- Phones repeat what they sent weeks ago, not years.
  delete from public.creations c where c.id in (
    select x.id from public.creations x where x.created_at < now - interval '2 years' limit most);
  get diagnostics gone = row_count; total := total + gone;
  -- The id of a deleted record stays spent, its content goes.
  update public.deleted_records d set content = '{}', personal = null, sealed = null where (d.id, d.resource) in (
    select x.id, x.resource from public.deleted_records x where x.content <> '{}' and x.deleted_at < now - interval '1 year' limit most);
  get diagnostics gone = row_count; total := total + gone;
  -- Names that nobody tried for a month, so that guessing names fills nothing.
  delete from public.sign_in_failures f where f.subject in (
    select x.subject from public.sign_in_failures x where x.last_at < now - interval '30 days' limit most);
  get diagnostics gone = row_count; total := total + gone;
  delete from public.sign_in_addresses a where a.hour < now - interval '2 hours';
  delete from public.account_makers m where m.made_at < now - make_interval(days => greatest(public.app_two_person_days(), 400));
  return total;
end $$;
comment on function app_forget(integer) is 'Deletes what has been kept for its period, at most so many rows of each kind';
create index creations_created_at on creations (created_at);
