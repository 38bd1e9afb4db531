drop table data_loads, village_profiles, locality_words, locality_successions, locality_versions, localities;
drop function app_place_labels(uuid[], date), app_places_of(uuid[]), app_tree(date), app_path(uuid, date), app_ancestor(uuid, text, date), app_timeline(uuid, date, uuid), app_set_tree_day(date),
  app_index_locality(), app_place_locality();
drop sequence locality_labels;
