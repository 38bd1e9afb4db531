//! Applies the current text of functions, triggers, policies and grants: the files of `schema/`.
//!
//! Migrations only append, so the current text of a function replaced by several of them is hard to find. The files are
//! applied as a whole and are equal to the content of the database.

use std::sync::LazyLock;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Bytea, Text};

use super::one_line;
use crate::kernel::secrets::sha256;

macro_rules! files {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("../../../schema/", $name, ".sql")))),*] };
}

/// The files in the order of application: helpers of all tables first, then the areas.
pub const FILES: [(&str, &str); 10] =
    files!["shapes", "access", "search", "records", "places", "twinning", "accounts", "needs", "support", "insight"];

static HASH: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text: String = FILES.iter().flat_map(|(name, text)| [*name, "\0", *text, "\0"]).collect();
    sha256(text.as_bytes())
});

/// Drops the objects that app_owner owns; an operator may have other tables in the schema. The row of `schema_text` is
/// deleted first, while its policies exist.
const DROP: &str = "
    DO $$
    DECLARE
      created text[];
      dropped record;
    BEGIN
      DELETE FROM schema_text RETURNING functions INTO created;
      FOR dropped IN SELECT t.tgname AS name, t.tgrelid::regclass AS target FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                      WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole AND NOT t.tgisinternal LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', dropped.name, dropped.target);
      END LOOP;
      FOR dropped IN SELECT p.polname AS name, p.polrelid::regclass AS target FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
                      WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole LOOP
        EXECUTE format('DROP POLICY %I ON %s', dropped.name, dropped.target);
      END LOOP;
      FOR dropped IN SELECT string_agg(c.oid::regclass::text, ', ') AS names FROM pg_class c
                      WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = current_user::regrole AND c.relkind = 'v'
                     HAVING count(*) > 0 LOOP
        EXECUTE 'DROP VIEW ' || dropped.names;
      END LOOP;
      IF cardinality(created) > 0 THEN
        EXECUTE 'DROP FUNCTION IF EXISTS ' || array_to_string(created, ', ');
      END IF;
    END $$";

/// Whether the text in the database is that of this binary.
pub fn is_applied(conn: &mut PgConnection) -> bool {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        same: bool,
    }
    let found = sql_query("SELECT EXISTS (SELECT FROM schema_text WHERE hash = $1) AS same")
        .bind::<Bytea, _>(HASH.as_slice())
        .get_result::<Found>(conn);
    found.is_ok_and(|found| found.same)
}

/// Replaces the text in one transaction, unless it is applied. `check_function_bodies` is off, so that a function may
/// call one of a later file; a test checks the bodies.
pub fn apply(conn: &mut PgConnection) -> Result<(), String> {
    if is_applied(conn) {
        return Ok(());
    }
    let mut at = "schema";
    let applied = conn.transaction(|conn| {
        conn.batch_execute("SET LOCAL search_path = public; SET LOCAL check_function_bodies = off")?;
        conn.batch_execute(DROP)?;
        let before = functions(conn)?;
        for (name, text) in FILES {
            at = name;
            conn.batch_execute(text)?;
        }
        let created: Vec<String> = functions(conn)?.into_iter().filter(|name| !before.contains(name)).collect();
        sql_query("INSERT INTO schema_text (hash, functions) VALUES ($1, $2)")
            .bind::<Bytea, _>(HASH.as_slice())
            .bind::<Array<Text>, _>(created)
            .execute(conn)
    });
    applied.map(|_| ()).map_err(|error: diesel::result::Error| format!("{at}.sql: {}", one_line(&error.to_string())))
}

/// Drops all triggers and policies, and the functions of the last application.
pub fn drop(conn: &mut PgConnection) -> QueryResult<()> {
    conn.transaction(|conn| conn.batch_execute(&format!("SET LOCAL search_path = public; {DROP}")))
}

/// The functions of app_owner, with the types of their arguments.
fn functions(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Function {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let functions: Vec<Function> = sql_query(
        "SELECT oid::regprocedure::text AS name FROM pg_proc
          WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole ORDER BY 1",
    )
    .load(conn)?;
    Ok(functions.into_iter().map(|function| function.name).collect())
}
