alter default privileges in schema public revoke execute on functions from app;
alter default privileges grant execute on functions to public;
grant execute on all functions in schema public to public;
