-- Functions that run with their owner's rights are for the service alone. PostgreSQL lets everybody
-- execute what nobody speaks of: a login that was made to read for backups could have entered as
-- system through one.
revoke execute on all functions in schema public from public;
grant execute on all functions in schema public to app;
alter default privileges revoke execute on functions from public;
alter default privileges in schema public grant execute on functions to app;
