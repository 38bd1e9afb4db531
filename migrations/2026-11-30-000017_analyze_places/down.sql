drop function app_analyze_places();
