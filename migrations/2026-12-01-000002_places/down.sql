drop table data_loads, village_profiles, locality_words, locality_successions, locality_versions, localities;
drop sequence locality_labels;
