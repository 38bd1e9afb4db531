drop function app_twinned_places();
drop function app_household_history(uuid);
drop function app_merge_households(uuid, uuid);
drop function app_household_decided(uuid);
drop function app_union(text[], text[]);
drop function app_both(text, text);
drop function app_same_people(uuid, uuid);

create or replace function app_follow_item() returns trigger language plpgsql as $$
declare
  key constant text := tg_argv[0];
begin
  if tg_op <> 'INSERT' then perform app_refresh_item((to_jsonb(old) ->> key)::uuid); end if;
  if tg_op <> 'DELETE' then perform app_refresh_item((to_jsonb(new) ->> key)::uuid); end if;
  return null;
end $$;
create or replace function app_latest_assessment() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.households h
     set poverty_status = a.poverty_status, poverty_year = a.year, deprivations = a.deprivations, poverty_causes = a.poverty_causes
    from (select * from public.household_assessments x where x.household_id = new.household_id order by x.year desc limit 1) a
   where h.id = new.household_id
     and (h.poverty_status, h.poverty_year, h.deprivations, h.poverty_causes)
      is distinct from (a.poverty_status, a.year, a.deprivations, a.poverty_causes);
  return null;
end $$;
drop function app_show_latest_assessment(uuid);

drop policy merging on pledges;
drop policy merging on gifts;
drop policy merging on household_assessments;
drop policy definer_functions on visit_households;
drop policy definer_functions on household_members;
drop table household_former_assessments;
drop table household_merges;
