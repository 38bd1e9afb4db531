//! Faults of the database, panics and shutdown: requests get 503, no acknowledged record is lost, no record is partly
//! written, and the service recovers without an operator.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use ketnghia::kernel::db::Entry;
use ketnghia::kernel::http::problem::{Code, Problem, Result};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, DataFolder, Program, TestServer, World, cluster, household, id_of, ketnghia};

/// More callers than the pool has connections.
const CALLERS: usize = 12;

#[track_caller]
fn assert_overloaded(answer: &Answer) {
    answer.expect_problem(503, "overloaded");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{answer:?}");
}

fn wait_until_ready(client: &Client) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while client.get("/health/ready").status != 200 {
        assert!(Instant::now() < deadline, "not ready after 20 s");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_unreachable_database_gives_503_loses_no_acknowledged_record_and_the_service_recovers() {
    let (server, relay) = TestServer::with_database_relay();
    let world = World::on(server);
    let village = world.village(world.ianan, "Làng Tung");
    let head = world.head(village);
    let anonymous = world.server.anonymous();
    let (acknowledged, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let refused = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let created = head.post("/households", new_household(village));
                    if created.status == 201 {
                        acknowledged.lock().unwrap().push(id_of(&created.expect(201)));
                    } else {
                        assert_overloaded(&created);
                        refused.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        for _ in 0..2 {
            relay.disconnect();
            assert_overloaded(&anonymous.get("/health/ready"));
            assert_overloaded(&head.get("/me"));
            anonymous.get("/health/live").expect(200);
            relay.listen();
            wait_until_ready(&anonymous);
            let before = acknowledged.lock().unwrap().len();
            let deadline = Instant::now() + Duration::from_secs(20);
            while acknowledged.lock().unwrap().len() == before {
                assert!(Instant::now() < deadline, "no create succeeds within 20 s");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(refused.load(Ordering::Relaxed), "no create failed while the database was unreachable");
    let acknowledged = acknowledged.into_inner().unwrap();
    let list = acknowledged.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(",");
    assert_eq!(world.count("households", &format!("id IN ({list})")), i64::try_from(acknowledged.len()).unwrap());
    assert_nothing_is_partly_written(&world);
}

/// A request for a household with an id of the client.
fn new_household(village: Uuid) -> Value {
    let mut new = household(village, "Rơ Mah Blơi");
    new["id"] = json!(Uuid::now_v7());
    new
}

/// Asserts that each household has its row in `creations` and its audit entry, and that there are no others.
fn assert_nothing_is_partly_written(world: &World) {
    let households = world.count("households", "true");
    assert_eq!(world.count("creations", "id IN (SELECT id FROM households)"), households);
    assert_eq!(world.count("creations", "resource = 'households'"), households);
    assert_eq!(world.count("audit_events", "resource = 'households' AND action = 'create'"), households);
}

#[test]
fn a_hanging_database_gives_503_to_every_caller_and_the_service_recovers() {
    let (server, relay) = TestServer::with_database_relay();
    let world = World::on(server);
    let admin = world.admin();
    let anonymous = world.server.anonymous();
    relay.pause();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| assert_overloaded(&admin.get("/me")));
        }
        assert_overloaded(&anonymous.get("/health/ready"));
        anonymous.get("/health/live").expect(200);
    });
    relay.resume();
    wait_until_ready(&anonymous);
    admin.get("/me").expect(200);
}

#[test]
fn a_lock_timeout_and_a_queue_behind_it_answer_503_with_retry_after() {
    let world = World::new();
    let village = world.village(world.ianan, "Làng Tung");
    let head = world.head(village);
    let mut holder = world.server.sql();
    holder.batch_execute("BEGIN; LOCK TABLE households IN ACCESS EXCLUSIVE MODE").unwrap();
    std::thread::scope(|scope| {
        // These hold every connection of the pool until lock_timeout.
        for _ in 0..4 {
            scope.spawn(|| assert_overloaded(&head.post("/households", new_household(village))));
        }
        std::thread::sleep(Duration::from_millis(200));
        for _ in 0..CALLERS {
            scope.spawn(|| assert_overloaded(&head.get("/me")));
        }
        world.server.anonymous().get("/health/live").expect(200);
    });
    holder.batch_execute("ROLLBACK").unwrap();
    head.get("/me").expect(200);
    assert_eq!(world.count("households", "true"), 0);
    assert_nothing_is_partly_written(&world);
    head.post("/households", new_household(village)).expect(201);
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    setting: String,
}

/// Runs a function in a transaction of the service and returns its result.
fn within<T: Send + 'static>(world: &World, work: fn(&mut PgConnection) -> Result<T>) -> Result<T, Problem> {
    let db = world.server.db.clone();
    let entry = Entry::Public { request: Uuid::now_v7() };
    actix_web::rt::System::new().block_on(async move { db.write(&entry, work).await })
}

#[test]
fn every_connection_has_timeouts_and_a_timed_out_transaction_leaves_no_row() {
    let world = World::new();
    let limits = within(&world, |conn| {
        let sql = "SELECT name || ' ' || current_setting(name) AS setting FROM pg_settings
                    WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY name";
        Ok(sql_query(sql).load::<Setting>(conn)?.into_iter().map(|row| row.setting).collect::<Vec<_>>())
    });
    assert_eq!(
        limits.unwrap(),
        ["idle_in_transaction_session_timeout 30s", "lock_timeout 3s", "statement_timeout 10s"]
    );

    fn claim(conn: &mut PgConnection) -> Result<()> {
        let sql = "SELECT app_claim(gen_random_uuid(), 'never', '\\x00')";
        sql_query(sql).execute(conn)?;
        Ok(())
    }
    let slow = within(&world, |conn| {
        claim(conn)?;
        conn.batch_execute("SET LOCAL statement_timeout = '50ms'; SELECT pg_sleep(10)")?;
        Ok(())
    });
    let idle = within(&world, |conn| {
        claim(conn)?;
        conn.batch_execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")?;
        std::thread::sleep(Duration::from_millis(300));
        claim(conn)
    });
    for problem in [slow, idle] {
        let problem = problem.unwrap_err();
        assert_eq!((problem.code(), problem.retry_after_seconds()), (Code::OVERLOADED, Some(2)), "{problem}");
    }
    assert_eq!(world.count("creations", "resource = 'never'"), 0);
    // The connections of the pool keep no setting of it.
    for _ in 0..8 {
        within(&world, claim).unwrap();
    }
}

#[test]
fn a_panic_fails_one_request_and_loses_no_connection() {
    let world = World::new();
    for _ in 0..8 {
        let broken: Result<()> = within(&world, |_| panic!("a panic in a query"));
        assert_eq!(broken.unwrap_err().code(), Code::INTERNAL);
    }
    world.admin().get("/me").expect(200);
}

/// A client that keeps its connection alive and detects each request without a response.
struct KeepAlive<'a> {
    address: &'a str,
    request: String,
    connection: Option<BufReader<TcpStream>>,
}

#[derive(PartialEq, Debug)]
enum Outcome {
    Answered,
    /// The server accepts no more connections.
    Refused,
    /// The server accepted the connection and did not answer 200.
    Unanswered(String),
}

impl KeepAlive<'_> {
    fn ask(&mut self) -> Outcome {
        let kept = self.connection.take();
        let is_new = kept.is_none();
        let mut connection = match kept {
            Some(connection) => connection,
            None => match TcpStream::connect(self.address) {
                Ok(stream) => BufReader::new(stream),
                Err(_) => return Outcome::Refused,
            },
        };
        match self.exchange(&mut connection) {
            Ok(head) if head.starts_with("HTTP/1.1 200") => {
                if !head.contains("connection: close") {
                    self.connection = Some(connection);
                }
                Outcome::Answered
            }
            Ok(head) => Outcome::Unanswered(head),
            // The kernel completes the handshake before the server accepts, and resets connections that were not accepted
            // when the socket closes: a client cannot distinguish this from a refusal.
            Err(error) if is_new && error.kind() == ErrorKind::ConnectionReset => Outcome::Refused,
            Err(error) => Outcome::Unanswered(error.to_string()),
        }
    }

    fn exchange(&self, connection: &mut BufReader<TcpStream>) -> std::io::Result<String> {
        connection.get_mut().write_all(self.request.as_bytes())?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if connection.read_line(&mut head)? == 0 {
                return Err(std::io::Error::other(format!("closed after {head:?}")));
            }
        }
        let head = head.to_ascii_lowercase().replace("http/1.1", "HTTP/1.1");
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        connection.read_exact(&mut vec![0; length.unwrap_or(0)])?;
        Ok(head)
    }
}

#[test]
fn a_shutdown_under_load_answers_every_accepted_request() {
    let world = World::new();
    let folder = DataFolder::new("stopping");
    let keys = cluster().keys_folder();
    let mut command = ketnghia(&folder.0);
    command
        .arg("serve")
        .env("DATABASE_URL", cluster().url(&world.server.database))
        .env("JWT_KEYS_DIR", &keys)
        .env("PII_KEY_FILE", keys.join("pii.key"))
        .env("RATE_LIMIT_PER_SECOND", "0")
        .env("RATE_LIMIT_PER_MINUTE", "0");
    let mut program = Program::run(&mut command);
    world.make_user("minh.anh", "admin", None, None);
    let credentials = json!({"username": "minh.anh", "password": crate::harness::PASSWORD});
    let tokens = program.client().post("/auth/login", credentials).expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    let request = format!("GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    let answered = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut client = KeepAlive { address: &program.address, request: request.clone(), connection: None };
                loop {
                    match client.ask() {
                        Outcome::Answered => *answered.lock().unwrap() += 1,
                        Outcome::Refused => break,
                        Outcome::Unanswered(how) => panic!("{how}"),
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(300));
        program.signal(Signal::SIGTERM);
        std::thread::sleep(Duration::from_millis(300));
        let waiting = program.client().get("/health/ready");
        assert_overloaded(&waiting);
        assert_eq!(waiting.header("connection"), "close");
        program.client().get("/health/live").expect(200);
        // A second signal changes nothing.
        program.signal(Signal::SIGTERM);
    });
    assert!(*answered.lock().unwrap() > CALLERS, "there were requests before the shutdown");
    let status = program.child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
}
