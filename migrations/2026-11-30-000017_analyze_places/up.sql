-- The catalogue arrives in one transaction, and the planner knows nothing of it until autovacuum comes
-- by, a minute later: until then every list of places ran into the statement timeout. Statistics are for
-- the owner to gather, and the service owns nothing.
create function app_analyze_places() returns void language plpgsql security definer set search_path = '' as $$
begin
  analyze public.localities, public.locality_versions, public.locality_successions, public.locality_words;
end $$;
