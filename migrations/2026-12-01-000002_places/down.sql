drop table data_loads, locality_posts, locality_flags, village_profiles, locality_words, locality_successions, locality_versions, localities;
drop sequence locality_labels;
