-- Creates the roles, the logins and the database of an installation. Run once, as a superuser, with three
-- new passwords (psql 15 or newer):
--
--   MIGRATE_PASSWORD=… SERVE_PASSWORD=… BACKUP_PASSWORD=… psql -d postgres -f ops/roles.sql
\set ON_ERROR_STOP on
\getenv migrate_password MIGRATE_PASSWORD
\getenv serve_password SERVE_PASSWORD
\getenv backup_password BACKUP_PASSWORD

-- The owner of the tables, and the role of the service. Neither can log in.
CREATE ROLE app_owner NOLOGIN;
CREATE ROLE app NOLOGIN;

-- `ketnghia migrate` logs in as the first, the service as the second, which is not a member of any role that
-- owns objects.
CREATE ROLE ketnghia_migrate LOGIN PASSWORD :'migrate_password' IN ROLE app_owner, app;
CREATE ROLE ketnghia LOGIN PASSWORD :'serve_password' IN ROLE app;

-- Row-level security hides all rows before an entry function, also from pg_dump. This login bypasses it; with
-- row_security off a dump would fail rather than omit rows.
CREATE ROLE ketnghia_backup LOGIN BYPASSRLS PASSWORD :'backup_password' IN ROLE pg_read_all_data;
ALTER ROLE ketnghia_backup SET row_security = off;
ALTER ROLE ketnghia_backup SET default_transaction_read_only = on;

-- The service parses messages of PostgreSQL in English.
ALTER ROLE ketnghia_migrate SET lc_messages = 'C';
ALTER ROLE ketnghia SET lc_messages = 'C';

CREATE DATABASE ketnghia OWNER app_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE CONNECT, TEMPORARY ON DATABASE ketnghia FROM PUBLIC;
GRANT CONNECT ON DATABASE ketnghia TO app_owner, app, ketnghia_backup;
