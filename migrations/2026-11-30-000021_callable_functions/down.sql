grant execute on all functions in schema public to app;
alter default privileges in schema public grant execute on functions to app;
