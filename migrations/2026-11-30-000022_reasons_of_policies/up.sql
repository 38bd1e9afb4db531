-- The reason of each policy, for schema/policies.md.
do $$
declare
  place constant text := 'Officials and village heads see the records of the places in their range; a key sees those of its place';
  part constant text := 'A part is read with the record that it belongs to';
  said record;
begin
  for said in
    select * from (values
      ('api_keys', 'in_scope', 'Officials look after the keys of their range; a key reads no key'),
      ('audit_events', 'in_scope', 'Officials read about the records of their range, and of accounts only about those below them; administrators read everything'),
      ('data_loads', 'system_only', 'Loaders alone ask which catalogue is loaded'),
      ('gifts', 'in_scope', place || '. A giver reads and corrects its own gifts for ever, also after its twinning'),
      ('gifts', 'twinned', 'A unit records gifts only to villages that it stands by on that day; officials record for units on paper'),
      ('hardship_items', 'in_scope', place || '. A twinned unit sees what the commune approved, and nothing before'),
      ('hardship_items', 'written', 'The village and its officials make the list; units read'),
      ('hardship_lists', 'in_scope', place || '. A twinned unit sees a list from its first approval on'),
      ('hardship_lists', 'written', 'The village and its officials make the list; units read'),
      ('household_assessments', 'in_scope', place || '. A twinned unit reads them of the households that it sees'),
      ('household_assessments', 'written', 'The village and its officials assess'),
      ('household_former_assessments', 'with_its_household', part),
      ('household_members', 'in_scope', place || '. A twinned unit reads them of the households that it sees'),
      ('household_members', 'written', 'The village and its officials keep the register'),
      ('household_merges', 'with_its_household', part),
      ('household_private', 'officials_and_head', 'Sealed phones and identity numbers are for officials and the village head: no unit, no administrator, no key'),
      ('household_words', 'in_scope', 'The words of a name are as visible as the household'),
      ('households', 'in_scope', place || '. A twinned unit sees households on approved lists only'),
      ('households', 'written', 'The village and its officials keep the register'),
      ('localities', 'readable', 'Provinces, districts and communes are public knowledge; a village is seen by its range and by twinned units'),
      ('localities', 'system_writes', 'The catalogue is written by its loader'),
      ('localities', 'villages_added', 'Villages are added by the officials above them'),
      ('localities', 'villages_changed', 'Officials change the villages of their range and keep them in it; other places are only locked, to answer that the catalogue changes them'),
      ('localities', 'villages_deleted', 'Villages are deleted by the officials above them'),
      ('locality_successions', 'readable', 'What became of provinces, districts and communes is public knowledge'),
      ('locality_successions', 'system_writes', 'The catalogue is written by its loader'),
      ('locality_versions', 'with_its_locality', part),
      ('locality_versions', 'written', 'A version changes with its village, or by the loader'),
      ('locality_words', 'readable', 'Words of names of places tell nothing that the place does not; the search joins localities'),
      ('organisation_contacts', 'self_and_managers', 'The contact of a unit is for the unit and for the officials who manage it'),
      ('organisation_contacts', 'written', 'Officials manage units'),
      ('organisation_headcounts', 'self_and_managers', 'Headcounts of a unit are for the unit and for the officials who manage it'),
      ('organisation_headcounts', 'written', 'Officials manage units'),
      ('organisations', 'managed', 'Officials manage the units of their range'),
      ('organisations', 'readable', 'Names of units are known to everybody who signs in: gifts and twinnings name them'),
      ('pledges', 'by_the_unit', 'A pledge is the unit''s own word, and only to villages that it stands by'),
      ('pledges', 'in_scope', place || '. Twinned units see each other''s pledges, so that two do not give the same'),
      ('programmes', 'managed', 'Officials manage the programmes of their range'),
      ('programmes', 'readable', 'Programmes are known to everybody who signs in; keys ask for aggregates'),
      ('sealing_keys', 'system_only', 'Fingerprints of the sealing keys are compared at the start'),
      ('support_changes', 'in_scope', 'Marks are counted for the range of the caller'),
      ('support_summaries', 'in_scope', 'Counts are read for the range of the caller'),
      ('tree_day', 'readable', 'The day of the tree is no secret, and every policy of places depends on it'),
      ('tree_day', 'system_writes', 'A job moves the day'),
      ('twinnings', 'either_end', 'A twinning is seen from both ends: by the officials of the village and of the unit, by the unit, by the units beside it'),
      ('twinnings', 'managed', 'The officials of the village decide about it'),
      ('users', 'in_care', 'Officials look after the accounts below them, administrators after each other; an own account is read by app_own_account'),
      ('village_profiles', 'with_its_village', part || '; keys ask for aggregates'),
      ('village_profiles', 'written', 'The village and its officials keep the profile'),
      ('visit_households', 'with_its_visit', part || '; a household that the caller does not see cannot be added'),
      ('visits', 'in_scope', place || '. A giver reads and corrects its own visits for ever, also after its twinning'),
      ('visits', 'twinned', 'A unit records visits only to villages that it stands by on that day; officials record for units on paper')
    ) reasons (target, policy, reason)
    union all
    select p.tablename, p.policyname, case p.policyname
        when 'definer_functions' then 'Functions that run as the owner: row-level security is forced on the owner, too'
        when 'definer_locks' then 'A foreign key locks the row that it refers to, as the owner; nothing is changed'
        when 'merging' then 'app_merge_households moves the records of one household to another' end
      from pg_policies p where p.schemaname = 'public' and p.policyname in ('definer_functions', 'definer_locks', 'merging')
  loop
    execute format('comment on policy %I on %I is %L', said.policy, said.target, said.reason);
  end loop;
end $$;
