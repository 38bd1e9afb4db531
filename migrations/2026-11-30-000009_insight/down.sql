drop function app_places_above(uuid[], date);
