//! Creates roles, runs migrations, applies the text of `schema/`, and checks the database before serving. Roles belong
//! to the cluster and not to the database, so they are created here and not in a migration.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::{PgConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::with_defaults;
use super::{one_line, text};

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The advisory lock against concurrent migrations; the number is arbitrary.
const MIGRATION_LOCK: i64 = 7_364_102_301;

pub const NOT_CURRENT: &str = "the database is not up to date: run `ketnghia migrate` first";

/// Migrates the database to the schema of this binary.
pub fn migrate(url: &str) -> Result<usize, String> {
    let mut conn = connect(url)?;
    let told = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {}", one_line(&error.to_string()));
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
        .map_err(|e| told("cannot lock for migrating", &e))?;
    make_roles(&mut conn).map_err(|error| {
        told("the roles app_owner and app are missing and this login cannot make them or is not granted them (CREATE ROLE app_owner; CREATE ROLE app; GRANT app_owner, app TO login; GRANT CREATE ON SCHEMA public TO app_owner)", &error)
    })?;
    conn.batch_execute("SET ROLE app_owner").map_err(|e| told("cannot act as app_owner", &e))?;
    if is_rewritten(&mut conn) {
        return Err("the database was created before the first release, and its migrations have been rewritten since: move it away and create a new one".into());
    }
    let applied = conn.run_pending_migrations(MIGRATIONS).map_err(|e| told("a migration failed", &e))?.len();
    // A database with newer migrations keeps its text of `schema/`, which is newer, too.
    if !is_newer(&mut conn) {
        text::apply(&mut conn).map_err(|error| told("the text of schema/ cannot be applied", &error))?;
    }
    Ok(applied)
}

/// Drops the text of `schema/` and reverts every migration; for the test of each `down.sql`.
pub fn revert_all(url: &str) -> Result<(), String> {
    let mut conn = connect(url)?;
    conn.batch_execute("SET ROLE app_owner").map_err(|error| error.to_string())?;
    text::drop(&mut conn).map_err(|error| one_line(&error.to_string()))?;
    conn.revert_all_migrations(MIGRATIONS).map_err(|error| one_line(&error.to_string()))?;
    Ok(())
}

fn connect(url: &str) -> Result<PgConnection, String> {
    PgConnection::establish(&with_defaults(url)).map_err(|error| {
        // libpq repeats an invalid URL in its message, with the password.
        let reason = one_line(&error.to_string()).replace(url, "…");
        format!("cannot connect to the database (DATABASE_URL): {reason}")
    })
}

/// Checks once, before the pool retries connecting, that the database is migrated and the login is a member of `app`.
pub fn check_login(url: &str) -> Result<(), String> {
    #[derive(QueryableByName)]
    struct Login {
        #[diesel(sql_type = Bool)]
        migrated: bool,
        #[diesel(sql_type = Bool)]
        may_serve: bool,
    }
    let mut conn = connect(url)?;
    let login: Login = sql_query(
        "SELECT to_regclass('public.__diesel_schema_migrations') IS NOT NULL AS migrated,
                COALESCE((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = 'app'), false) AS may_serve",
    )
    .get_result(&mut conn)
    .map_err(|error| format!("cannot examine the database: {}", one_line(&error.to_string())))?;
    match login {
        Login { migrated: false, .. } => Err(NOT_CURRENT.into()),
        Login { may_serve: false, .. } => Err(
            "the login of DATABASE_URL may not serve: run GRANT app TO it, or `ketnghia migrate` with a login that may"
                .into(),
        ),
        _ => Ok(()),
    }
}

fn make_roles(conn: &mut PgConnection) -> QueryResult<()> {
    conn.batch_execute(
        "DO $$
         DECLARE
           name text;
         BEGIN
           FOREACH name IN ARRAY ARRAY['app_owner', 'app'] LOOP
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
               EXECUTE format('CREATE ROLE %I NOLOGIN', name);
             END IF;
             -- SET ROLE is tried: since PostgreSQL 16 the creator of a role is its member without the SET option.
             BEGIN
               EXECUTE format('SET LOCAL ROLE %I', name);
               RESET ROLE;
             EXCEPTION WHEN insufficient_privilege THEN
               EXECUTE format('GRANT %I TO CURRENT_USER', name);
             END;
           END LOOP;
           IF NOT has_schema_privilege('app_owner', 'public', 'CREATE') THEN
             GRANT CREATE, USAGE ON SCHEMA public TO app_owner;
           END IF;
         END $$",
    )
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    complaint: String,
    #[diesel(sql_type = Bool)]
    about_durability: bool,
}

#[derive(QueryableByName)]
struct Migrated {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Returns the first reason not to serve from this database, as one line. Must run on a connection of the pool, whose
/// role it checks.
pub fn complaints(conn: &mut PgConnection, unsafe_durability: bool) -> Option<String> {
    let findings: Result<Vec<Finding>, _> = sql_query(
        "SELECT 'the service would run as a superuser' AS complaint, false AS about_durability
          WHERE current_setting('is_superuser')::boolean
         UNION ALL
         SELECT 'the login of DATABASE_URL is a superuser: use one that is granted app and no more', false
           FROM pg_roles WHERE rolname = session_user AND rolsuper
         UNION ALL
         SELECT 'the service would run as a role that bypasses row-level security', false
           FROM pg_roles WHERE rolname = current_user AND rolbypassrls
         UNION ALL
         (SELECT 'the service would run as the owner of tables', false
           FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user LIMIT 1)
         UNION ALL
         SELECT 'lc_messages is ' || setting || ', and the service knows the messages of PostgreSQL in English only (ALTER ROLE the_login SET lc_messages = ''C'')', false
           FROM pg_settings WHERE name = 'lc_messages' AND setting !~* '^(C|POSIX|en|english)([^a-z]|$)' AND setting <> ''
         UNION ALL
         SELECT name || ' is off: acknowledged records could be lost', true
           FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'",
    )
    .load(conn);
    let findings = match findings {
        Ok(findings) => findings,
        Err(error) => return Some(format!("cannot examine the database: {}", one_line(&error.to_string()))),
    };
    let complaint = findings.into_iter().find(|finding| !(finding.about_durability && unsafe_durability))?;
    Some(format!("refusing to serve: {}", complaint.complaint))
}

/// Whether every migration of this binary is applied, and its text of `schema/`. With newer migrations the text is a
/// newer one, which is accepted.
pub fn is_current(conn: &mut PgConnection) -> bool {
    let applied = applied(conn);
    applied.is_some_and(|applied| known().iter().all(|known| applied.contains(known)))
        && (is_newer(conn) || text::is_applied(conn))
}

/// Whether migrations are applied that this binary does not have.
fn is_newer(conn: &mut PgConnection) -> bool {
    let known = known();
    applied(conn).is_some_and(|applied| applied.iter().any(|version| !known.contains(version)))
}

/// Whether the database has migrations that this binary lacks, and lacks some that it has: neither is newer than the
/// other.
fn is_rewritten(conn: &mut PgConnection) -> bool {
    let known = known();
    is_newer(conn) && applied(conn).is_some_and(|applied| known.iter().any(|version| !applied.contains(version)))
}

/// The applied versions; `None` where the table of migrations does not exist.
fn applied(conn: &mut PgConnection) -> Option<Vec<String>> {
    let rows: Vec<Migrated> = sql_query("SELECT version FROM __diesel_schema_migrations").load(conn).ok()?;
    Some(rows.into_iter().map(|row| row.version).collect())
}

fn known() -> Vec<String> {
    use diesel::migration::MigrationSource;
    let known = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS).unwrap_or_default();
    known.iter().map(|migration| migration.name().version().to_string()).collect()
}
