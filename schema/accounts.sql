-- Accounts: entering a transaction, sign-in, sessions, passwords, API keys, and the place and the actor of audit entries.

-- ── tables ─────────────────────────────────────────────────────────────────────────────────────
-- An account is managed by the offices above it; its owner reads it through app_own_account. No office is above an administrator, so
-- administrators manage each other.
select app_table('users', owner => 'writes', personal => '{full_name, phone}');
create policy in_care on users
  using ((rank > (select app_rank()) or (select app_role()) = 'system' or (rank = 0 and (select app_role()) = 'admin' and id <> (select app_user_id())))
    and scope_path >= (select app_low()) and scope_path < (select app_high()))
  with check ((rank > (select app_rank()) or (select app_role()) = 'system' or (rank = 0 and (select app_role()) = 'admin' and id <> (select app_user_id())))
    and scope_path >= (select app_low()) and scope_path < (select app_high()));
comment on policy in_care on users is
  'Officials manage the accounts of lower offices, administrators those of each other; app_own_account reads the own account';

create function app_place_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' or (new.locality_id, new.organisation_id) is distinct from (old.locality_id, old.organisation_id) then
    new.scope_path := case
      when new.locality_id is not null then (select l.scope_path from public.localities l where l.id = new.locality_id for key share)
      when new.organisation_id is not null then (select o.scope_path from public.organisations o where o.id = new.organisation_id for key share)
      else '0.' end;
  end if;
  return new;
end $$;
create trigger aa_place before insert or update of locality_id, organisation_id on users for each row execute function app_place_user();

select app_table('api_keys', owner => 'reads', personal => '{secret_hash}');
create policy in_scope on api_keys
  using (scope_path >= (select app_low()) and scope_path < (select app_high()) and (select app_role()) <> 'key');
comment on policy in_scope on api_keys is
  'Officials manage the keys of their range; a key reads no key';
create trigger aa_place before insert or update of locality_id on api_keys for each row execute function app_place_in_locality();

-- The service reaches passwords, tokens and failures through the functions below only.
select app_table('user_passwords', tracked => false, grants => null, owner => 'writes');
select app_table('account_makers', tracked => false, grants => null, owner => 'writes');
select app_table('devices', tracked => false, grants => null, owner => 'writes');
select app_table('sessions', tracked => false, grants => null, owner => 'writes');
select app_table('refresh_tokens', tracked => false, grants => null, owner => 'writes');
select app_table('sign_in_failures', tracked => false, grants => null, owner => 'writes');
select app_table('sign_in_addresses', tracked => false, grants => null, owner => 'writes');

-- ── entering ───────────────────────────────────────────────────────────────────────────────────
-- Returns 0 for a refusal instead of raising an error: malformed requests must not fill the log of PostgreSQL.
create function app_enter(session uuid, token_auth_version integer, token_generation integer, moment timestamptz, request uuid) returns smallint
  language plpgsql security definer set search_path = '' as $$
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
comment on function app_enter(uuid, integer, integer, timestamptz, uuid) is
  'Enters the transaction as the user of a session: sets caller, scope and moment; 0: refused, 1: entered, 2: entered, with the first use of the newest access token';

create function app_access_used(session uuid, token_generation integer) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set used_generation = token_generation where s.id = session and s.used_generation < token_generation;
end $$;
comment on function app_access_used(uuid, integer) is
  'Records the first use of an access token: the client has received it, so its parent refresh token may not be repeated';

create function app_enter_key(key uuid, hash bytea, moment timestamptz, request uuid) returns smallint
  language plpgsql security definer set search_path = '' as $$
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

create function app_enter_system(moment timestamptz) returns void language plpgsql as $$
begin
  perform app_set('now', moment::text), app_set('role', 'system'), app_set('low', '0.'), app_set('high', '0/');
end $$;
comment on function app_enter_system(timestamptz) is 'For loaders and jobs: they read and write every row';

create function app_enter_public(moment timestamptz, request uuid) returns void language plpgsql as $$
begin
  perform app_set('now', moment::text), app_set('role', 'public'), app_set('request_id', request::text);
end $$;
comment on function app_enter_public(timestamptz, uuid) is 'For operations without sign-in: reads public tables only';

-- Enters as a user for an import at the command line: the import has the rights of the user, and the audit names the user. The operator
-- holds the login of the database and could enter as system, so this grants no further right. Inserts a session for this call only, so
-- that app_enter alone computes the scope. A rollback removes the audit entry together with the changes.
create function app_enter_as(account uuid, token_auth_version integer, moment timestamptz, request uuid) returns smallint
  language plpgsql security definer set search_path = '' as $$
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
comment on function app_enter_as(uuid, integer, timestamptz, uuid) is
  'Enters the transaction as a user for whom an operator acts, with an audit entry; returns 0 or 1 like app_enter';

-- ── the audit ──────────────────────────────────────────────────────────────────────────────────
create policy in_scope on audit_events for select using (
  (select app_role()) = 'admin'
  or ((select app_rank()) <= 3
      and coalesce(subject_rank > (select app_rank()), true)
      and place_id in (
        select l.id from localities l where l.scope_path >= (select app_low()) and l.scope_path < (select app_high()))));
comment on policy in_scope on audit_events is
  'Officials read entries about records of their range, and about accounts of lower offices only; administrators read all entries';

create function app_audit_actor() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  select u.username, u.full_name, u.locality_id, u.organisation_id
    into new.actor_username, new.actor_full_name, new.actor_locality_id, new.actor_organisation_id
    from public.users u where u.id = new.actor_id;
  return new;
end $$;
create trigger actor before insert on audit_events for each row when (new.actor_id is not null) execute function app_audit_actor();

-- Sets the place of an entry about an account: its office or, for a unit's account, the managing place of the unit.
create function app_audit_account() returns trigger language plpgsql security definer set search_path = '' as $$
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
create trigger place_of_users before insert on audit_events for each row when (new.resource = 'users') execute function app_audit_account();
create function app_security_event(what text, subject uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, step, request_id)
  -- A wrong password identifies no caller.
  values (public.app_now(), coalesce(public.app_role(), 'nobody'), case what when 'sign_in_failed' then null else subject end,
          'users', subject, 'security', what,
          nullif(current_setting('app.request_id', true), '')::uuid);
end $$;

-- Rejects the deletion of an account that has done more than sign in: the audit must name its actors.
create function app_keep_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  -- Ignores changes of its own account, such as its password.
  if exists (select from public.audit_events e
              where e.actor_id = old.id and e.action <> 'security' and (e.resource, e.record_id) <> ('users', old.id)) then
    raise exception 'the account has acted' using constraint = 'app_in_use', errcode = 'foreign_key_violation';
  end if;
  return old;
end $$;
create trigger aa_keep before delete on users for each row execute function app_keep_user();

-- ── the own account and its sessions ───────────────────────────────────────────────────────────
-- Runs as the owner: an account whose place has ended has no role, so the policies would hide its row.
create function app_own_account() returns table (id uuid, username text, full_name text, phone text, role text, must_change_password boolean,
    locality_id uuid, locality_code text, locality_name text, locality_level text, locality_valid_to date,
    organisation_id uuid, organisation_name text, in_office boolean)
  stable language plpgsql security definer set search_path = '' as $$
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

create function app_session_view(session uuid) returns table
  (session_id uuid, user_id uuid, auth_version integer, generation integer, role text, must_change_password boolean)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select s.id, u.id, u.auth_version, s.generation, u.role, u.must_change_password
    from public.sessions s join public.users u on u.id = s.user_id
   where s.id = session and s.revoked_at is null and u.active;
end $$;

create function app_own_sessions(idle_days integer, absolute_days integer)
  returns table (id uuid, device_name text, created_at timestamptz, refreshed_at timestamptz, current boolean)
  stable language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select s.id, s.device_name, s.created_at, s.refreshed_at, s.id = public.app_session_id()
    from public.sessions s
   where s.user_id = public.app_user_id() and s.revoked_at is null
     and s.refreshed_at >= public.app_now() - make_interval(days => idle_days)
     and s.created_at >= public.app_now() - make_interval(days => absolute_days);
end $$;

create function app_end_session() returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set revoked_at = public.app_now() where s.id = public.app_session_id() and s.revoked_at is null;
  perform public.app_security_event('sign_out', public.app_user_id());
end $$;

create function app_end_own_session(target uuid) returns boolean language plpgsql security definer set search_path = '' as $$
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

create function app_end_sessions(name text) returns bigint language plpgsql security definer set search_path = '' as $$
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
comment on function app_end_sessions(text) is
  'Ends the sessions of an account, or of all accounts, with an audit entry for each, and deletes the devices; for operators';

-- Ends every session of an account and deletes its devices.
create function app_end_access(account uuid) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set revoked_at = public.app_now() where s.user_id = account and s.revoked_at is null;
  delete from public.devices d where d.user_id = account;
end $$;

-- Invalidates earlier access tokens after a change of office or a deactivation. A deactivation also ends the sessions: their refresh
-- tokens would otherwise become valid again when the account is reactivated.
create function app_unsettle_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if old.active and not new.active then
    perform public.app_end_access(new.id);
  end if;
  if (new.role, new.locality_id, new.organisation_id, new.active) is distinct from (old.role, old.locality_id, old.organisation_id, old.active) then
    new.auth_version := old.auth_version + 1;
  end if;
  return new;
end $$;
create trigger ab_unsettle before update of role, locality_id, organisation_id, active on users for each row execute function app_unsettle_user();

-- Moves the accounts of an organisation to its successor. The policies restrict the rows to accounts that the caller manages; their
-- access tokens end, and their sessions go on.
create function app_move_accounts(origin uuid, successor uuid) returns void language plpgsql as $$
begin
  update public.users u set organisation_id = successor where u.organisation_id = origin;
end $$;
comment on function app_move_accounts(uuid, uuid) is 'Moves the accounts of an organisation to another one';

-- Officials record for a unit only while no active account belongs to it. Runs as the owner: most callers may not read accounts.
create function app_has_account(organisation uuid) returns boolean stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (select from public.users u where u.active and u.organisation_id = organisation)
      or exists (select from public.organisations o join public.users u on u.locality_id = o.place_id where o.id = organisation and u.active);
end $$;
comment on function app_has_account(uuid) is 'Whether an active account belongs to an organisation, or to the place that it represents';

create function app_accounts_of(place uuid) returns bigint stable language plpgsql security definer set search_path = '' as $$
begin
  return (select count(*) from public.users u where u.active and u.locality_id = place);
end $$;
comment on function app_accounts_of(uuid) is 'The number of active accounts of a place: they read nothing after its end';

-- ── signing in ─────────────────────────────────────────────────────────────────────────────────
-- An attempt is counted as failed before its password is compared, and success clears the count: concurrent attempts get no more
-- comparisons than sequential ones. Attempts count by account, and separately by device: guessing the password of a name does not lock
-- out the device that its owner uses. The limit of an address exceeds the attempts of a commune, whose phones share the address of
-- their carrier.
--
-- Ten attempts may fail without delay. Then follows a delay of one second, which each further failure doubles, up to a day (ASVS
-- 6.1.1): the hundred consecutive guesses that NIST SP 800-63B allows take ten weeks.
create function app_sign_in_pause(failures integer, last_at timestamptz) returns integer stable language plpgsql set search_path = '' as $$
begin
  return (
  select case
    when failures < 10 then 0
    else greatest(0, ceil(extract(epoch from
           last_at + make_interval(secs => least(power(2, least(failures - 10, 17)), 86400)) - public.app_now()))::integer) end);
end $$;
comment on function app_sign_in_pause(integer, timestamptz) is 'Seconds to wait after a number of consecutive failures';

create function app_take_try(tried text) returns integer language plpgsql security definer set search_path = '' as $$
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
comment on function app_take_try(text) is 'Counts an attempt as failed until its password is compared; 0, or the seconds to wait';

-- Returns the delay after answers "user name taken", which reveal that an account of this name exists anywhere in the country: frequent
-- ones are delayed like guesses of a password.
create function app_naming_pause() returns integer stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select coalesce((select least(60, public.app_sign_in_pause(f.failures, f.last_at)) from public.sign_in_failures f
                    where f.subject = 'naming ' || public.app_user_id()), 0));
end $$;

create function app_name_was_taken() returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.sign_in_failures as f (subject, failures, last_at) values ('naming ' || public.app_user_id(), 1, public.app_now())
  on conflict (subject) do update set last_at = public.app_now(),
    failures = case when f.last_at < public.app_now() - interval '1 day' then 1 else f.failures + 1 end;
end $$;

create function app_forgive(username text) returns void language plpgsql security definer set search_path = '' as $$
begin
  delete from public.sign_in_failures f
   where f.subject in ('name ' || username, 'password ' || username)
      or f.subject >= 'device ' || username || ' ' and f.subject < 'device ' || username || '!';
end $$;
comment on function app_forgive(text) is 'Deletes the failure counters of an account: by name, by device, and of changes of its password';

create function app_subscriber(address text) returns text immutable strict language plpgsql set search_path = '' as $$
begin
  return network(set_masklen(address::inet, case family(address::inet) when 4 then 32 else 64 end))::text;
end $$;
comment on function app_subscriber(text) is 'The network that counts as one address: an IPv6 subscriber may use any address of a /64';

create function app_address_wait(address text, per_hour integer) returns integer stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select case when per_hour > 0 and exists (
      select from public.sign_in_addresses a
       where a.hour = date_trunc('hour', public.app_now()) and a.address = public.app_subscriber($1) and a.failures >= per_hour)
    then ceil(extract(epoch from date_trunc('hour', public.app_now()) + interval '1 hour' - public.app_now()))::integer else 0 end);
end $$;
comment on function app_address_wait(text, integer) is 'Seconds until an address with too many failures may try again';

-- A device counts only while it is listed for the account: attempts with a device token from before a reset count by name.
create function app_sign_in_subject(name text, mark bytea) returns text stable language plpgsql security definer set search_path = '' as $$
begin
  return (
  select case when exists (select from public.devices d join public.users u on u.id = d.user_id where u.username = $1 and d.mark = $2)
    then 'device ' || name || ' ' || encode(mark, 'hex') else 'name ' || name end);
end $$;
comment on function app_sign_in_subject(text, bytea) is
  'The key by which wrong passwords of a sign-in are counted. Each kind of key has its own prefix, because a name is any text that a client sends';

create function app_begin_sign_in(name text, mark bytea, address text, per_hour integer)
  returns table (wait integer, counted_by text, user_id uuid, hash text)
  language plpgsql security definer set search_path = '' as $$
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

-- Counts the failure for the address (app_take_try has counted it for the subject) and inserts an audit entry for the officials who
-- manage the account. Returns the failures of all accounts in this hour.
create function app_password_was_wrong(name text, address text, what text) returns bigint
  language plpgsql security definer set search_path = '' as $$
declare
  this_hour timestamptz := date_trunc('hour', public.app_now());
begin
  insert into public.sign_in_addresses as a (hour, address, failures) values (this_hour, public.app_subscriber($2), 1)
  on conflict on constraint sign_in_addresses_pkey do update set failures = a.failures + 1;
  perform public.app_security_event(what, u.id) from public.users u where u.username = coalesce(name, '') or (name is null and u.id = public.app_user_id());
  return (select sum(a.failures) from public.sign_in_addresses a where a.hour = this_hour);
end $$;

-- Takes the locks of a deactivation or change of password, in the same order, and compares the hash again: hashing is slow, and either
-- may be committed meanwhile.
create function app_sign_in(who uuid, mark bytea, verified text, session uuid, device text, token_hash bytea) returns boolean
  language plpgsql security definer set search_path = '' as $$
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
end $$;
comment on function app_sign_in(uuid, bytea, text, uuid, text, bytea) is
  'Opens a session for a password whose hash was compared; false: the hash or the account has changed meanwhile';

-- A refresh token may be used once. The same device may repeat it for a day, until an access token of its child was used: the
-- answer with the child may have been lost. The child is derived from its parent, so the repetition returns the same one. Any other
-- reuse means that the token was copied: it ends the session with all its tokens.
create function app_refresh(token_hash bytea, child_hash bytea, device text, idle_days integer, absolute_days integer)
  returns table (outcome text, session_id uuid) language plpgsql security definer set search_path = '' as $$
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

-- ── passwords ──────────────────────────────────────────────────────────────────────────────────
create function app_begin_own_password(address text, per_hour integer) returns table (wait integer, hash text)
  language plpgsql security definer set search_path = '' as $$
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

-- Ends every session except the caller's, and with them their access tokens, because app_enter checks the session. Compares the hash
-- again after locking, because a reset or another change may have been committed first.
create function app_change_own_password(verified text, new_hash text) returns boolean
  language plpgsql security definer set search_path = '' as $$
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

-- Sets a one-time password. Runs as the caller, so that its policies decide whether it may change the account.
create function app_give_one_time_password(who uuid, new_hash text, expires timestamptz) returns void language plpgsql as $$
begin
  update users u set must_change_password = true, auth_version = u.auth_version + 1 where u.id = who;
  if not found then perform app_refuse('app_not_found'); end if;
  perform app_replace_password(who, new_hash, expires);
end $$;

-- Also records the caller as maker of the account, because it has known the password: see app_own_accounts.
create function app_replace_password(who uuid, new_hash text, expires timestamptz) returns void
  language plpgsql security definer set search_path = '' as $$
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
comment on function app_replace_password(uuid, text, timestamptz) is
  'Sets the password of a user whom the caller manages and ends its sessions';

-- Inserts an audit entry, for the officials of a village, about a new account of a unit that is twinned with it and managed elsewhere.
create function app_tell_of_account(account uuid, what text) returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, step, request_id, new_values, locality_id, organisation_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'twinnings', t.id, 'security', what,
         nullif(current_setting('app.request_id', true), '')::uuid, jsonb_build_object('username', u.username), t.locality_id, t.organisation_id
    from public.users u
    join public.twinnings t on t.organisation_id = u.organisation_id
   where u.id = account and public.app_twinning_active(t, public.app_today())
     and not (t.scope_path >= t.organisation_scope_path and t.scope_path < left(t.organisation_scope_path, -1) || '/');
end $$;

create function app_tell_of_move() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform public.app_tell_of_account(new.id, 'unit_account_given');
  return null;
end $$;
create trigger tell_of_move after update of organisation_id, active on users for each row
  when (new.active and new.organisation_id is not null and (not old.active or new.organisation_id is distinct from old.organisation_id))
  execute function app_tell_of_move();

-- ── two-person rules ───────────────────────────────────────────────────────────────────────────
-- Follows account_makers from the caller's account up (its maker, the maker of that one, and so on) and down (the accounts that it
-- made). Two accounts with one maker count as two people, because in a new commune all accounts are of that kind; a confirmation between
-- them is marked (app_share_maker).
create function app_own_accounts() returns uuid[] stable language plpgsql security definer set search_path = '' as $$
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
comment on function app_own_accounts() is
  'The accounts that may be the caller''s own, including its account: the maker of an account has known its password';

create function app_share_maker(others uuid[]) returns boolean stable language plpgsql security definer set search_path = '' as $$
begin
  return exists (
    select from public.account_makers m join public.account_makers o on o.maker_id = m.maker_id
     where m.user_id = public.app_user_id() and o.user_id = any (others) and o.user_id <> m.user_id
       and least(m.made_at, o.made_at) > public.app_now() - make_interval(days => public.app_two_person_days()));
end $$;
comment on function app_share_maker(uuid[]) is
  'Whether a third account recently made or reset both the caller''s account and one of the others';

-- ── retention ──────────────────────────────────────────────────────────────────────────────────
-- Deletes a bounded number of rows of each kind, so that no request waits for it; returns the number of deleted rows.
create function app_forget(most integer) returns integer language plpgsql security definer set search_path = '' as $$
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
comment on function app_forget(integer) is 'Deletes rows whose retention has ended, at most a number of each kind';

select app_callable('app_access_used', 'app_accounts_of', 'app_begin_own_password', 'app_begin_sign_in', 'app_change_own_password', 'app_end_own_session',
  'app_end_session', 'app_end_sessions', 'app_enter', 'app_enter_as', 'app_enter_key', 'app_enter_public', 'app_enter_system', 'app_forget',
  'app_give_one_time_password', 'app_has_account', 'app_move_accounts', 'app_name_was_taken', 'app_naming_pause', 'app_own_account', 'app_own_accounts',
  'app_own_sessions', 'app_password_was_wrong', 'app_refresh', 'app_replace_password', 'app_session_view', 'app_share_maker', 'app_sign_in');
