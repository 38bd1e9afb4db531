drop table pledges, hardship_items, hardship_lists, household_assessments, household_words, household_private, household_members, households;
drop function app_audit_sealed(uuid, text[]), app_hold_list(uuid), app_touch_parent(), app_latest_assessment(), app_index_household(), app_place_with_household(),
  app_place_in_village();
