//! Rules of the database schema: migrations, policies, privileges, functions, indexes.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorInformation, Error};
use diesel::sql_types::{BigInt, Text};
use ketnghia::kernel::db::migrate;

use crate::harness::{TestServer, World, cluster, sources};

#[derive(QueryableByName, Debug, PartialEq)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

fn rows(conn: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Row> = diesel::sql_query(sql).load(conn).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    rows.into_iter().map(|row| row.row).collect()
}

fn count(conn: &mut PgConnection, from: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let row: Count = diesel::sql_query(format!("SELECT count(*) FROM {from}")).get_result(conn).unwrap();
    row.count
}

/// Every object that migrations and the text of `schema/` create, one line each.
fn snapshot(conn: &mut PgConnection) -> Vec<String> {
    const PARTS: [&str; 9] = [
        "SELECT format('table %s %s %s %s %s', c.relname, c.relkind, c.relowner::regrole, c.relacl, obj_description(c.oid)) ||
                format(' rls %s %s %s', c.relrowsecurity, c.relforcerowsecurity, c.reloptions)
           FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'S', 'p')",
        "SELECT format('column %s %s %s %s %s %s %s %s', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                a.attgenerated, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid)) || coalesce(col_description(a.attrelid, a.attnum), '')
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped",
        "SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT format('function %s %s %s', p.proowner::regrole, p.proacl, pg_get_functiondef(p.oid)) || coalesce(obj_description(p.oid), '')
           FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')",
        "SELECT format('policy %s %s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check) FROM pg_policies WHERE schemaname = 'public'",
        "SELECT format('trigger %s %s', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT format('type %s', typname) FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')",
        "SELECT format('schema %s', nspacl) FROM pg_namespace WHERE nspname = 'public'",
    ];
    let mut lines: Vec<String> =
        PARTS.iter().flat_map(|part| rows(conn, &format!("SELECT row FROM ({part}) part(row)"))).collect();
    lines.sort();
    lines
}

#[test]
fn every_migration_can_be_reverted_and_applied_again() {
    cluster().make_empty("up_down_up");
    let url = cluster().superuser_url("up_down_up");
    let mut conn = PgConnection::establish(&url).unwrap();
    migrate::migrate(&url).unwrap();
    let up = snapshot(&mut conn);
    migrate::revert_all(&url).unwrap();
    let left: Vec<_> =
        snapshot(&mut conn).into_iter().filter(|line| !line.contains("__diesel_schema_migrations")).collect();
    let left: Vec<_> =
        left.iter().filter(|line| !line.starts_with("schema ") && !line.contains("function diesel_")).collect();
    assert!(left.is_empty(), "{left:#?}");
    migrate::migrate(&url).unwrap();
    let again = snapshot(&mut conn);
    assert_eq!(up.len(), again.len());
    for (before, after) in up.iter().zip(&again) {
        assert_eq!(before, after);
    }
    assert_eq!(migrate::migrate(&url).unwrap(), 0, "nothing is pending");
}

#[test]
fn a_changed_schema_text_is_replaced_as_a_whole() {
    cluster().make_empty("replaced_text");
    let url = cluster().superuser_url("replaced_text");
    let mut conn = PgConnection::establish(&url).unwrap();
    migrate::migrate(&url).unwrap();
    let ours = snapshot(&mut conn);
    assert!(migrate::is_current(&mut conn));
    conn.batch_execute(
        "SET ROLE app_owner;
         DROP TRIGGER zz_track ON gifts;
         DROP POLICY in_scope ON gifts;
         CREATE POLICY stray ON gifts USING (true);
         CREATE FUNCTION app_stray(gift gifts) RETURNS text LANGUAGE sql AS 'SELECT NULL';
         CREATE TRIGGER stray BEFORE INSERT ON gifts EXECUTE FUNCTION app_append_only();
         GRANT TRUNCATE ON gifts TO app;
         UPDATE schema_text SET hash = '', functions = functions || '{app_stray(gifts),app_gone(uuid)}';
         RESET ROLE",
    )
    .unwrap();
    let other = snapshot(&mut conn);
    assert_ne!(other, ours);
    assert!(!migrate::is_current(&mut conn), "a server is not ready while its text is not applied");
    // After the migration of a newer binary its text stays, and this binary counts as current.
    conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000001')").unwrap();
    assert!(migrate::is_current(&mut conn));
    migrate::migrate(&url).unwrap();
    assert_eq!(snapshot(&mut conn), other);
    conn.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '99991231000001'").unwrap();
    migrate::migrate(&url).unwrap();
    assert_eq!(snapshot(&mut conn), ours);
    assert!(migrate::is_current(&mut conn));
}

/// The text is applied with `check_function_bodies = off`, so that a function may call one of a later file.
#[test]
fn every_function_passes_check_function_bodies() {
    let server = TestServer::start();
    let mut conn = server.sql();
    let functions = rows(
        &mut conn,
        "SELECT pg_get_functiondef(p.oid) AS row FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
          WHERE p.pronamespace = 'public'::regnamespace AND l.lanname IN ('sql', 'plpgsql') ORDER BY p.proname",
    );
    assert!(functions.len() > 100, "{}", functions.len());
    conn.batch_execute("SET check_function_bodies = on").unwrap();
    for function in functions {
        conn.batch_execute(&function).unwrap_or_else(|error| panic!("{error}\n{function}"));
    }
}

/// PostgreSQL plans the queries of such an SQL function at each statement that calls it, PL/pgSQL keeps their plans: a gift was
/// recorded a fifth faster, and 200 confirmations spent two thirds of their time on plans.
#[test]
fn every_function_with_a_query_that_is_not_inlined_is_in_plpgsql() {
    let server = TestServer::start();
    let planned_anew = rows(
        &mut server.sql(),
        "SELECT p.oid::regprocedure::text AS row FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'sql'
          WHERE p.pronamespace = 'public'::regnamespace AND p.proname <> 'app_merge_rule' AND (p.prosecdef OR p.proconfig IS NOT NULL OR NOT p.proretset
            AND p.prosrc ~* '\\m(from|insert into|update|delete from|exists)\\M')",
    );
    assert!(planned_anew.is_empty(), "{planned_anew:#?}");
}

/// For clients that fetch the changes since their last call.
#[test]
fn every_tracked_table_has_an_index_on_changed_xid_and_id() {
    let server = TestServer::start();
    let without = rows(
        &mut server.sql(),
        "SELECT c.relname::text AS row FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'zz_track'
          WHERE NOT EXISTS (SELECT FROM pg_indexes i WHERE i.schemaname = 'public' AND i.tablename = c.relname
            AND i.indexname = c.relname || '_changed' AND i.indexdef LIKE '% USING btree (changed_xid, id)')",
    );
    assert!(without.is_empty(), "{without:#?}");
}

/// `app_merge_households` moves the rows of registered foreign keys only.
#[test]
fn every_foreign_key_to_households_is_registered_for_merges() {
    let server = TestServer::start();
    let mut conn = server.sql();
    // app_merge_items joins pledges itself, before the references of later areas.
    let unregistered = rows(
        &mut conn,
        "SELECT format('%s of %s', f.conname, f.conrelid::regclass) AS row FROM pg_constraint f
           JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
          WHERE f.contype = 'f' AND f.confrelid IN ('households'::regclass, 'hardship_items'::regclass) AND f.conrelid <> 'pledges'::regclass
            AND NOT EXISTS (SELECT FROM merge_rules m WHERE m.whole = f.confrelid::regclass::text AND m.part = f.conrelid::regclass::text
              AND m.key = a.attname AND (m.rule <> 'delete' OR f.confdeltype = 'c'))",
    );
    assert!(unregistered.is_empty(), "{unregistered:#?}");
    let missing = rows(
        &mut conn,
        "SELECT rule AS row FROM merge_rules WHERE rule NOT IN ('move', 'delete')
            AND to_regprocedure(rule || '(uuid, uuid)') IS NULL",
    );
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_foreign_key_has_an_index_that_begins_with_its_columns() {
    let server = TestServer::start();
    let bare = rows(
        &mut server.sql(),
        "SELECT format('%s on %s', conname, conrelid::regclass) AS row FROM pg_constraint f
          WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = f.conrelid
               AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '(% IS NOT NULL)')
               AND (SELECT array_agg(k ORDER BY k) FROM unnest((i.indkey::int2[])[0:cardinality(f.conkey) - 1]) k)
                 = (SELECT array_agg(k ORDER BY k) FROM unnest(f.conkey) k))",
    );
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn every_table_has_policies_and_forced_row_level_security() {
    // Tables without policies, each with its reason.
    const PUBLIC: [&str; 1] = [
        // The applied migrations: read by the readiness check without an entry.
        "__diesel_schema_migrations",
    ];
    let server = TestServer::start();
    let open = rows(
        &mut server.sql(),
        "SELECT c.relname::text AS row FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))",
    );
    assert_eq!(open, PUBLIC);
}

#[test]
fn every_security_definer_function_has_an_empty_search_path() {
    let server = TestServer::start();
    let found = rows(
        &mut server.sql(),
        "SELECT p.oid::regprocedure::text AS row FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
            AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s = 'search_path=\"\"')",
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_view_is_security_invoker_and_none_is_materialized() {
    let server = TestServer::start();
    let found = rows(
        &mut server.sql(),
        "SELECT c.relname::text AS row FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind = 'm' OR c.relkind = 'v'
            AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) WHERE option_name = 'security_invoker' AND option_value::boolean))",
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_serving_role_owns_nothing_and_cannot_bypass_the_policies() {
    let server = TestServer::start();
    let mut conn = server.sql();
    let owned = rows(
        &mut conn,
        "SELECT classid::regclass || ' ' || objid AS row FROM pg_shdepend WHERE refobjid = 'app'::regrole AND deptype = 'o'",
    );
    assert!(owned.is_empty(), "{owned:#?}");
    let roles = rows(
        &mut conn,
        "SELECT rolname::text AS row FROM pg_roles WHERE rolname IN ('app', 'app_owner')
            AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication)",
    );
    assert!(roles.is_empty(), "{roles:#?}");
    let rights = rows(
        &mut conn,
        "SELECT c.relname::text AS row FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND (has_table_privilege('app', c.oid, 'TRUNCATE') OR has_table_privilege('app', c.oid, 'TRIGGER') OR has_table_privilege('app', c.oid, 'REFERENCES'))",
    );
    assert!(rights.is_empty(), "{rights:#?}");
    let create = rows(
        &mut conn,
        "SELECT 'create' AS row WHERE has_schema_privilege('app', 'public', 'CREATE') OR pg_has_role('app', 'app_owner', 'MEMBER')",
    );
    assert!(create.is_empty());
}

/// A connection like those of the pool.
fn serving(server: &TestServer) -> PgConnection {
    let mut conn = PgConnection::establish(&cluster().url(&server.database)).unwrap();
    conn.batch_execute("SET ROLE app").unwrap();
    conn
}

#[test]
fn a_transaction_without_entry_sees_no_row_even_on_a_reused_connection() {
    let world = World::new();
    world.village(world.ianan, "Tung");
    let mut conn = serving(&world.server);
    let readable = rows(
        &mut conn,
        "SELECT c.relname::text AS row FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
            AND has_table_privilege(c.oid, 'SELECT') AND c.relname NOT IN ('__diesel_schema_migrations', 'schema_text', 'tree_day', 'poverty_standards')",
    );
    assert!(readable.len() > 10);
    let nothing = |conn: &mut PgConnection| {
        for table in &readable {
            assert_eq!(count(conn, table), 0, "{table}");
        }
    };
    nothing(&mut conn);
    conn.batch_execute("BEGIN; SELECT app_enter_system('2026-11-22T02:00:00Z')").unwrap();
    assert!(count(&mut conn, "localities WHERE level = 'village'") > 0);
    assert!(count(&mut conn, "users") > 0);
    conn.batch_execute("COMMIT").unwrap();
    nothing(&mut conn);
    conn.batch_execute("BEGIN; SELECT app_enter_system('2026-11-22T02:00:00Z'); ROLLBACK").unwrap();
    nothing(&mut conn);
    conn.batch_execute("BEGIN; SAVEPOINT a; SELECT app_enter_system('2026-11-22T02:00:00Z'); ROLLBACK TO a").unwrap();
    nothing(&mut conn);
    conn.batch_execute("COMMIT").unwrap();
}

/// The message of the error; diesel does not expose the SQLSTATE.
fn refusal(conn: &mut PgConnection, sql: &str) -> String {
    match conn.batch_execute(sql) {
        Err(Error::DatabaseError(_, information)) => {
            let information: &dyn DatabaseErrorInformation = information.as_ref();
            information.message().to_owned()
        }
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn audit_events_is_append_only_for_the_service_and_the_owner() {
    let world = World::new();
    world.village(world.ianan, "Tung");
    let mut conn = serving(&world.server);
    for entry in
        ["app_enter_public('2026-11-22T02:00:00Z', gen_random_uuid())", "app_enter_system('2026-11-22T02:00:00Z')"]
    {
        for sql in [
            "UPDATE audit_events SET actor_id = NULL",
            "DELETE FROM audit_events",
            "TRUNCATE audit_events",
            "INSERT INTO audit_events (at, actor_role, resource, record_id, action) VALUES (now(), 'x', 'x', gen_random_uuid(), 'create')",
        ] {
            conn.batch_execute(&format!("BEGIN; SELECT {entry}")).unwrap();
            assert_eq!(refusal(&mut conn, sql), "permission denied for table audit_events");
            conn.batch_execute("ROLLBACK").unwrap();
        }
    }
    // The owner is refused by the trigger.
    let mut owner = world.server.sql();
    for sql in ["UPDATE audit_events SET actor_id = NULL", "DELETE FROM audit_events", "TRUNCATE audit_events"] {
        assert_eq!(refusal(&mut owner, sql), "audit_events is append-only");
    }
    assert!(count(&mut owner, "audit_events") > 0);
}

#[test]
fn tables_with_passwords_and_tokens_are_reached_through_functions_only() {
    let world = World::new();
    let mut conn = serving(&world.server);
    for table in [
        "user_passwords",
        "account_makers",
        "sessions",
        "refresh_tokens",
        "sign_in_failures",
        "sign_in_addresses",
        "creations",
        "deleted_records",
        "devices",
        "merge_rules",
        "steps",
    ] {
        assert_eq!(refusal(&mut conn, &format!("SELECT FROM {table}")), format!("permission denied for table {table}"));
    }
}

#[test]
fn every_scope_path_column_has_a_format_check_and_collation_c() {
    let server = TestServer::start();
    let mut conn = server.sql();
    // Either its own CHECK, or a foreign key to a table that has it.
    let loose = rows(
        &mut conn,
        "SELECT a.attrelid::regclass || '.' || a.attname AS row FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname LIKE '%scope_path' AND NOT a.attisdropped
            AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)
              AND (k.contype = 'c' AND position('([0-9A-Z]+\\.)' IN pg_get_constraintdef(k.oid)) > 0
                OR k.contype = 'f' AND k.confupdtype = 'c' AND EXISTS (
                     SELECT FROM pg_attribute r WHERE r.attrelid = k.confrelid AND r.attname = 'scope_path' AND r.attnum = ANY (k.confkey))))",
    );
    assert!(loose.is_empty(), "{loose:#?}");
    let collated = rows(
        &mut conn,
        "SELECT a.attrelid::regclass || '.' || a.attname AS row FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname LIKE '%scope_path' AND a.attcollation <> '\"C\"'::regcollation",
    );
    assert!(collated.is_empty(), "{collated:#?}");
    for path in ["0.", "1.A.", "0.a.", "0.A", "0.Đ.", "0..", ""] {
        let sql = format!("UPDATE localities SET scope_path = '{path}' WHERE level = 'province'");
        let told = refusal(&mut conn, &sql);
        assert!(told.contains("localities_scope_path_form"), "{path}: {told}");
    }
}

/// `schema/policies.md` shows the comment as the reason.
#[test]
fn every_policy_has_a_comment() {
    let server = TestServer::start();
    let silent = rows(
        &mut server.sql(),
        "SELECT format('%s on %s', polname, polrelid::regclass) AS row FROM pg_policy WHERE obj_description(oid, 'pg_policy') IS NULL",
    );
    assert!(silent.is_empty(), "COMMENT ON POLICY is missing: {silent:#?}");
}

#[test]
fn policies_call_functions_about_the_caller_in_subselects_only() {
    let server = TestServer::start();
    let policies = rows(
        &mut server.sql(),
        "SELECT format('%s.%s: %s %s', tablename, policyname, qual, with_check) AS row FROM pg_policies WHERE schemaname = 'public'",
    );
    assert!(policies.len() > 20);
    for policy in policies {
        let mut rest = policy.clone();
        for function in [
            "low",
            "high",
            "role",
            "user_id",
            "session_id",
            "rank",
            "organisation",
            "organisations",
            "units_here",
            "villages",
            "communes",
            "former_places",
            "now",
            "today",
        ] {
            let wrapped = format!("( SELECT app_{function}() AS app_{function})");
            rest = rest.replace(&wrapped, "");
        }
        assert!(!rest.contains("app_"), "{policy}");
        assert!(!rest.contains("starts_with"), "{policy}");
    }
}

#[test]
fn an_unknown_policy_shape_and_an_unknown_callable_are_errors() {
    let server = TestServer::start();
    let mut conn = server.sql();
    let told = refusal(&mut conn, "SELECT app_condition('gifts', '{place, nobody}')");
    assert!(told.starts_with("null value cannot be assigned"), "{told}");
    let told = refusal(&mut conn, "SELECT app_callable('app_nobody')");
    assert!(told.starts_with("query returned no rows"), "{told}");
}

#[test]
fn every_table_is_tracked_unless_listed_as_an_exception() {
    // Written by functions and triggers of the database only, or part of another record (`visit_households` of its visit).
    const UNTRACKED: [&str; 26] = [
        "__diesel_schema_migrations",
        "account_makers",
        "audit_events",
        "creations",
        "data_loads",
        "deleted_records",
        "devices",
        "gift_recipients",
        "household_private",
        "household_residences",
        "household_words",
        "locality_words",
        "merge_rules",
        "poverty_standards",
        "refresh_tokens",
        "schema_text",
        "sealing_keys",
        "sessions",
        "sign_in_addresses",
        "sign_in_failures",
        "steps",
        "support_changes",
        "support_summaries",
        "tree_day",
        "user_passwords",
        "visit_households",
    ];
    let server = TestServer::start();
    let mut untracked = rows(
        &mut server.sql(),
        "SELECT c.relname::text AS row FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'zz_track')",
    );
    untracked.sort();
    assert_eq!(untracked, UNTRACKED);
}

/// A login for backups, which reads all data, must not be able to enter as a user.
#[test]
fn other_logins_may_not_execute_the_functions() {
    let server = TestServer::start();
    let open = rows(
        &mut server.sql(),
        "SELECT p.oid::regprocedure::text AS row FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            AND has_function_privilege('pg_read_all_data', p.oid, 'EXECUTE')",
    );
    assert!(open.is_empty(), "{open:#?}");
}

/// A function that the service does not call is not granted to it, among them those that write an audit entry, reset a
/// counter of failures, or return a password hash without a counted try.
#[test]
fn the_serving_role_may_execute_only_functions_that_the_service_calls() {
    // Called by other functions, triggers and policies, each with its reason.
    const OTHERS: [(&str, &str); 8] = [
        ("app_communes", "policies of visits and gifts"),
        ("app_mark_support", "the trigger that marks villages whose summaries are out of date"),
        ("app_organisations", "policies of visits, gifts and twinnings"),
        ("app_rank", "policies of accounts"),
        ("app_refuse", "app_give_one_time_password, which asks with the caller's policies"),
        ("app_refresh_item", "the trigger that follows gifts and pledges"),
        ("app_units_here", "policies of contacts"),
        ("app_twinning_active", "app_twinned_places and filters, as a part of their statements"),
    ];
    let server = TestServer::start();
    let callable = rows(
        &mut server.sql(),
        "SELECT DISTINCT p.proname::text AS row FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            AND has_function_privilege('app', p.oid, 'EXECUTE') AND p.proname NOT LIKE 'diesel\\_%' ORDER BY 1",
    );
    let source = source();
    let is_called = |name: &str| {
        source.match_indices(name).any(|(at, _)| {
            let next = source[at + name.len()..].chars().next();
            !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let idle: Vec<_> =
        callable.iter().filter(|name| !is_called(name) && !OTHERS.iter().any(|(other, _)| other == name)).collect();
    assert!(idle.is_empty(), "executable but not called: {idle:?}");
    for closed in
        ["app_security_event", "app_take_try", "app_forgive", "app_tell_of_account", "app_table", "app_touch_parent"]
    {
        assert!(!callable.iter().any(|name| name == closed), "{closed}");
    }
}

/// Under the policies of the caller such a function would not see the rows that it must refuse for.
#[test]
fn every_function_that_refuses_because_of_other_rows_is_security_definer() {
    // Called by the service before it refuses; foreign keys cover what is written in between.
    const ASKED: [&str; 4] = ["app_household_decided", "app_item_held", "app_member_given", "app_visit_gave"];
    // Refuses by rows that the caller must see: an account out of scope gets 404.
    const OF_THE_CALLER: [&str; 1] = ["app_give_one_time_password"];
    let server = TestServer::start();
    let mut conn = server.sql();
    let blind = rows(
        &mut conn,
        "SELECT p.proname::text AS row FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT p.prosecdef
            AND p.prosrc ~* '(app_refuse|raise exception)' AND p.prosrc ~* '(exists|from|found)' ORDER BY 1",
    );
    assert_eq!(blind, OF_THE_CALLER);
    for name in ASKED {
        let sees = format!("SELECT p.prosecdef::text AS row FROM pg_proc p WHERE p.proname = '{name}'");
        assert_eq!(rows(&mut conn, &sees), ["true"], "{name}");
    }
    // The other uses of `exists` in the code of the service.
    const OTHERS: [(&str, &str); 6] = [
        ("app_item_held(i::id)", "checked above"),
        ("app_member_given(m::id)", "checked above"),
        ("exists(declared)", "the registers of villages that the caller may write, read with their villages"),
        ("exists(in_force)", "the consents of a household of the caller's area"),
        ("exists(left)", "the items of the list itself, which its submitter sees"),
        ("exists(repeated)", "a repetition of the caller's own merge"),
    ];
    let source = source();
    let unknown: Vec<_> = source
        .lines()
        .filter(|line| line.contains("select(exists(") && !line.contains("data_loads"))
        .filter(|line| !OTHERS.iter().any(|(known, _)| line.contains(known)))
        .collect();
    assert!(unknown.is_empty(), "checks under the policies of the caller: {unknown:#?}");
}

/// The source code of the service.
fn source() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&folder).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn the_login_of_a_private_postgresql_cannot_become_owner_or_superuser() {
    let server = TestServer::start();
    let mut conn = PgConnection::establish(&cluster().url(&server.database)).unwrap();
    for role in ["app_owner", "postgres"] {
        assert_eq!(
            refusal(&mut conn, &format!("SET ROLE {role}")),
            format!("permission denied to set role \"{role}\"")
        );
    }
}

/// An import was refused while the counts were summarised, because both took lock 7364102303.
#[test]
fn advisory_locks_have_distinct_numbers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let areas = fs::read_dir(root.join("schema")).unwrap().flatten().map(|entry| entry.path());
    let schema =
        areas.filter(|path| path.extension().is_some_and(|kind| kind == "sql") && !path.ends_with("schema.sql"));
    let texts = sources(&root.join("src")).into_iter().chain(schema).map(|path| fs::read_to_string(path).unwrap());
    let all: String = texts.map(|text| text.replace('_', "")).collect();
    let mut numbers: Vec<&str> =
        all.match_indices("7364102").filter_map(|(start, _)| all.get(start..start + 10)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers.len(), 4, "{numbers:?}");
    assert!(numbers.is_sorted_by(|one, next| one < next), "two locks share a number: {numbers:?}");
}
