-- Insight: what hiding small counts has to know of the tree.

-- Rows of one parent are hidden together, so an answer asks at once for all that its places lie in. A
-- key sees no village of another range, but the places above its own are public anyway.
create function app_places_above(places uuid[], day date) returns table (id uuid, above_id uuid)
  stable language sql security definer set search_path = '' as $$
  with recursive up as (
    select v.locality_id as id, v.parent_id as above_id from public.locality_versions v
     where v.locality_id = any (places) and v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
    union
    select up.id, v.parent_id from up join public.locality_versions v on v.locality_id = up.above_id
     where v.parent_id is not null
       and (v.valid_from is null or v.valid_from <= day) and (v.valid_to is null or v.valid_to >= day)
  )
  select up.id, up.above_id from up $$;
comment on function app_places_above(uuid[], date) is 'Every place that each of these lay in on a day';
