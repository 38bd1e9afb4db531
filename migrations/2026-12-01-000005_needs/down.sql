drop table household_consents, merge_rules, pledges, hardship_items, hardship_lists, household_merges, village_registers, household_residences,
  household_assessments, household_words, household_private, household_members, households, poverty_standards;
