create or replace function app_audit_sealed(subject uuid, fields text[]) returns void language sql security definer set search_path = '' as $$
  insert into public.audit_events (at, actor_role, actor_id, resource, record_id, action, request_id, personal_fields, village_id)
  select public.app_now(), coalesce(public.app_role(), 'nobody'), public.app_user_id(), 'households', subject, 'update',
         nullif(current_setting('app.request_id', true), '')::uuid, fields, h.village_id
    from public.households h where h.id = subject $$;
alter table household_assessments drop column decision_number;
drop function app_enter_as(uuid, integer, timestamptz, uuid);
