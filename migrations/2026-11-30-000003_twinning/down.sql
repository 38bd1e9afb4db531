drop function app_place_level(uuid), app_place_name(uuid), app_twinning_status(boolean, date);
drop function app_twinning_active(twinnings, date);
drop table twinnings, programmes, organisation_headcounts, organisation_contacts, organisations;
drop function app_place_twinning(), app_place_in_locality();
