-- Places: the path of a place is read without asking again for each step who may see it. Whoever sees a
-- place may know where it lies: everything above a village is public. A page of 200 communes took a
-- second, most of it in the policies of these steps.
create or replace function app_path(place uuid, day date) returns jsonb
  stable language sql security definer set search_path = '' as $$
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
     and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day) $$;
