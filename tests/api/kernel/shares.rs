//! Shares of the connection pool: heavy queries of one caller do not block others.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::harness::giving::value;
use crate::harness::{Client, TestServer, World};

/// Locks the table `gifts`, so that queries on it wait until `work` has returned.
fn while_gifts_are_locked<T>(world: &World, work: impl FnOnce() -> T) -> T {
    let mut holder = world.server.sql();
    holder.batch_execute("BEGIN; LOCK TABLE gifts IN ACCESS EXCLUSIVE MODE").unwrap();
    let outcome = work();
    holder.batch_execute("ROLLBACK").unwrap();
    outcome
}

/// An API key of Gia Lai.
fn key(world: &World) -> Client {
    let official = world.province(world.gialai);
    let made = official.post("/api-keys", json!({"name": "Bảng số liệu", "locality_id": world.gialai})).expect(201);
    world.server.anonymous().with_token(made["key"].as_str().unwrap())
}

#[test]
fn heavy_queries_of_one_caller_do_not_delay_the_lists_of_others() {
    let world = World::new();
    let village = world.village(world.ianan, "Tung");
    let head = world.head(village);
    let dashboard = key(&world);
    let official = world.commune(world.ianan);
    let (heavy, slowest) = while_gifts_are_locked(&world, || {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let asking: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(|| {
                        let mut statuses = Vec::new();
                        while !over.load(Ordering::Relaxed) {
                            statuses.push(dashboard.get("/aggregates/support?group_by=commune").status);
                        }
                        statuses
                    })
                })
                .collect();
            thread::sleep(Duration::from_millis(300));
            let mut slowest = Duration::ZERO;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(3) {
                for caller in [&head, &official] {
                    let asked = Instant::now();
                    caller.get("/households").expect(200);
                    slowest = slowest.max(asked.elapsed());
                }
                world.server.anonymous().get("/health/ready").expect(200);
            }
            over.store(true, Ordering::Relaxed);
            (asking.into_iter().flat_map(|asked| asked.join().unwrap()).collect::<Vec<_>>(), slowest)
        })
    });
    assert!(!heavy.is_empty() && heavy.iter().all(|status| *status == 503), "{heavy:?}");
    assert!(slowest < Duration::from_secs(2), "a list took {slowest:?}");
    dashboard.get("/aggregates/support?group_by=commune").expect(200);
}

#[test]
fn a_heavy_query_is_cancelled_after_three_seconds() {
    let world = World::new();
    let dashboard = key(&world);
    let took = while_gifts_are_locked(&world, || {
        let asked = Instant::now();
        let refused = dashboard.get("/aggregates/support?group_by=commune");
        refused.expect_problem(503, "overloaded");
        assert!(!refused.header("retry-after").is_empty());
        asked.elapsed()
    });
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[test]
fn a_heavy_query_is_cancelled_when_the_client_disconnects() {
    let world = World::new();
    let dashboard = key(&world);
    // Only locks of this database: other tests run on the same server.
    let here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let waiting = || value(&world, &format!("SELECT count(*)::text FROM pg_locks WHERE NOT granted AND {here}"));
    while_gifts_are_locked(&world, || {
        let mut asker = TcpStream::connect(world.server.url().trim_start_matches("http://")).unwrap();
        let head = format!(
            "GET /api/v1/aggregates/support?group_by=commune HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\n\r\n",
            dashboard.token()
        );
        asker.write_all(head.as_bytes()).unwrap();
        let begins = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(10));
            waiting() != "0"
        });
        assert!(begins, "the query waits for the lock");
        let left = Instant::now();
        drop(asker);
        while waiting() != "0" {
            assert!(left.elapsed() < Duration::from_millis(1500), "the query still waits");
            thread::sleep(Duration::from_millis(10));
        }
    });
}

#[test]
fn readiness_answers_while_the_pool_is_exhausted() {
    let server = TestServer::start();
    let world = World::on(server);
    let officials: Vec<Client> = (0..3).map(|_| world.commune(world.ianan)).collect();
    let mut holder = world.server.sql();
    holder.batch_execute("BEGIN; LOCK TABLE households IN ACCESS EXCLUSIVE MODE").unwrap();
    thread::scope(|scope| {
        for official in &officials {
            for _ in 0..2 {
                scope.spawn(|| official.get("/households").status);
            }
        }
        thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        world.server.anonymous().get("/health/ready").expect(200);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        holder.batch_execute("ROLLBACK").unwrap();
    });
}
