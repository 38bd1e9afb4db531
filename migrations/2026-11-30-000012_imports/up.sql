-- Lists are imported at the command line, in the name of a user: what that user may see and write is
-- what the import may, and the audit names them. Nobody signs in for it. Whoever runs the command
-- holds the login of the database and could enter as system, so no right is given away here; to enter
-- as the user takes rights away.

-- A session that lives for the length of this call lets app_enter do it: it stays the one place that
-- knows what a user sees. A transaction that is rolled back leaves no trace, not even in the audit.
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
  'Enters the transaction as a user for whom an operator acts, and notes it in the audit; refuses like app_enter';

-- Lists of years before the system name the decision that a commune approved them by.
alter table household_assessments add column decision_number text
  constraint household_assessments_decision_number check (decision_number <> '');
comment on column household_assessments.decision_number is 'The decision that approved the finding, as 12/QĐ-UBND';

-- An SQL function is planned at each call (0.6 ms of the 13 of a household under load), PL/pgSQL keeps its plan.
create or replace function app_audit_sealed(subject uuid, fields text[]) returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, personal_fields, village_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'households', subject, 'update',
         nullif(current_setting('app.request_id', true), '')::uuid, fields, h.village_id
    from public.households h where h.id = subject;
end $$;
