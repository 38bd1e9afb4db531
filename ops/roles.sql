-- The roles, the logins and the database of an installation. Once, by a superuser, with three
-- passwords of your own (psql 15 or newer):
--
--   MIGRATE_PASSWORD=… SERVE_PASSWORD=… BACKUP_PASSWORD=… psql -d postgres -f ops/roles.sql
\set ON_ERROR_STOP on
\getenv migrate_password MIGRATE_PASSWORD
\getenv serve_password SERVE_PASSWORD
\getenv backup_password BACKUP_PASSWORD

-- Who owns the tables, and who works in them. Nobody logs in as either.
CREATE ROLE app_owner NOLOGIN;
CREATE ROLE app NOLOGIN;

-- `ketnghia migrate` logs in as the first, the service as the second, which can become nobody who
-- owns anything.
CREATE ROLE ketnghia_migrate LOGIN PASSWORD :'migrate_password' IN ROLE app_owner, app;
CREATE ROLE ketnghia LOGIN PASSWORD :'serve_password' IN ROLE app;

-- Row-level security hides everything from who has not entered, a backup included. This login sees
-- everything; with row_security off it would fail rather than leave rows out.
CREATE ROLE ketnghia_backup LOGIN BYPASSRLS PASSWORD :'backup_password' IN ROLE pg_read_all_data;
ALTER ROLE ketnghia_backup SET row_security = off;
ALTER ROLE ketnghia_backup SET default_transaction_read_only = on;

-- The service knows the messages of PostgreSQL in English.
ALTER ROLE ketnghia_migrate SET lc_messages = 'C';
ALTER ROLE ketnghia SET lc_messages = 'C';

CREATE DATABASE ketnghia OWNER app_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE CONNECT, TEMPORARY ON DATABASE ketnghia FROM PUBLIC;
GRANT CONNECT ON DATABASE ketnghia TO app_owner, app, ketnghia_backup;
