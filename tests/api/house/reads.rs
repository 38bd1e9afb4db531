//! The number of blocks that a list reads does not grow with the country. PostgreSQL counts the blocks of a table and its
//! indexes that a request reads: unlike a plan this covers every statement of the request, and unlike a time it does not
//! depend on the machine.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};

use crate::harness::{NOW, TestServer, World, password_hash};

const DATA: &str = include_str!("../../../benches/service/data.sql");

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(conn: &mut PgConnection, sql: &str) -> i64 {
    sql_query(sql).get_result::<Count>(conn).unwrap().count
}

/// 800 villages of 25 households and 50 gifts. A commune has less than 2 % of the visits: a sort of them is clearly cheaper than a scan in
/// the order of the list, so that no detail of the statistics decides between both.
fn a_country() -> World {
    let server = TestServer::start();
    let mut conn = server.sql();
    let settings = [
        ("villages", "800"),
        ("households", "20000"),
        ("gifts", "40000"),
        ("now", NOW),
        ("password_hash", password_hash()),
    ];
    for (name, value) in settings {
        conn.batch_execute(&format!("SELECT set_config('bench.{name}', '{value}', false)")).unwrap();
    }
    conn.batch_execute(DATA).unwrap();
    conn.batch_execute("VACUUM ANALYZE").unwrap();
    World::on(server)
}

/// Blocks of a table with its indexes, and of one of the indexes, that were read since the statistics began. A connection
/// reports its numbers when it ends, so the others are terminated first.
fn blocks(world: &World, table: &str, index: &str) -> (i64, i64) {
    let mut conn = world.server.sql();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    // In a loop: the pool may open another connection meanwhile.
    while count(&mut conn, others) > 0 {
        conn.batch_execute(&others.replace("count(*)", "pg_terminate_backend(pid)")).unwrap();
        thread::sleep(Duration::from_millis(10));
    }
    let all = "SELECT (coalesce(heap_blks_read, 0) + coalesce(heap_blks_hit, 0) + coalesce(idx_blks_read, 0)
                 + coalesce(idx_blks_hit, 0))::bigint AS count FROM pg_statio_user_tables WHERE relname = ";
    let one =
        "SELECT (idx_blks_read + idx_blks_hit)::bigint AS count FROM pg_statio_user_indexes WHERE indexrelname = ";
    (count(&mut conn, &format!("{all} '{table}'")), count(&mut conn, &format!("{one} '{index}'")))
}

#[test]
fn a_list_reads_a_bounded_number_of_blocks() {
    let world = a_country();
    // The index in the order of the list covers the whole country: a caller with few places must not scan it.
    let lists = [
        ("/households", "households", "households_name"),
        ("/gifts", "gifts", "gifts_given_on"),
        ("/visits", "visits", "visits_visited_on"),
    ];
    for (path, table, in_order) in lists {
        let callers = [("head7", false), ("commune7", false), ("unit7", false), ("province1", true), ("admin", true)];
        for (username, is_wide) in callers {
            let caller = if username == "admin" { world.admin() } else { world.sign_in(username) };
            let before = blocks(&world, table, in_order);
            let page = caller.get(&format!("{path}?limit=50")).expect(200);
            let after = blocks(&world, table, in_order);
            let (all, scanned) = (after.0 - before.0, after.1 - before.1);
            assert!(!page["items"].as_array().unwrap().is_empty());
            assert!(all > 0, "no block was counted");
            // The ten villages of a commune have 250 households or 500 gifts; the policies of the parts look each shown
            // row up again.
            assert!(all <= 1000, "{username} {path} read {all} blocks of {table}");
            // The planner itself reads the root of an index.
            let most = if is_wide { 40 } else { 3 };
            assert!(scanned <= most, "{username} {path} read {scanned} blocks of {in_order}");
        }
    }
}
