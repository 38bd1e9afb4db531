//! The process: start, kill, restart, shutdown, and refused starts.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::harness::{DataFolder, Program, TestServer, cluster, ketnghia};

/// Asserts that the command failed with one line on stderr that contains the reason.
#[track_caller]
fn assert_refused(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it should have failed: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "one line: {said}");
    assert!(said.starts_with("ketnghia: ") && said.contains(reason), "{reason}: {said}");
}

#[test]
fn the_server_recovers_from_kills_and_shuts_down_gracefully() {
    let folder = DataFolder::new("server");
    // With full durability: without it a killed PostgreSQL may lose committed transactions.
    let start = || Program::run(ketnghia(&folder.0).env_remove("KETNGHIA_UNSAFE_DURABILITY").arg("serve"));
    let server = start();
    assert!(server.lines.iter().any(|line| line.contains("Loading the catalogue of places")), "{:?}", server.lines);
    assert!(server.lines.iter().any(|line| line.ends_with("/docs/")), "{:?}", server.lines);
    server.client().get("/health/ready").expect(200);

    // `ketnghia health`, for containers without curl.
    let health = |address: &str| ketnghia(&folder.0).args(["health", "--bind-address", address]).output().unwrap();
    assert!(health(&server.address).status.success());
    assert_refused(&health("127.0.0.1:1"), "does not answer: Connection refused");

    // A second server on the same folder, and one on the same port.
    let second = ketnghia(&folder.0).args(["serve", "--bind-address", "127.0.0.1:0"]).output().unwrap();
    assert_refused(&second, "another ketnghia already runs on");
    let third = ketnghia(&folder.0).args(["serve", "--bind-address", &server.address]).output().unwrap();
    assert_refused(&third, "(BIND_ADDRESS): Address already in use");

    // An operator creates the first administrator while the server runs.
    let create = ["user", "create", "--username", "minh.anh", "--full-name", "Minh Anh"];
    let created = ketnghia(&folder.0).args(create).output().unwrap();
    let said = String::from_utf8(created.stdout).unwrap();
    let password = said.trim_end().rsplit(' ').next().unwrap();
    let credentials = json!({"username": "minh.anh", "password": password});
    let tokens = server.client().post("/auth/login", credentials.clone()).expect(200);
    assert_eq!(tokens["user"]["must_change_password"], true);
    assert_refused(&ketnghia(&folder.0).args(create).output().unwrap(), "there is a user minh.anh already");

    // The server restarts a killed PostgreSQL.
    let pid_file = folder.0.join("postgres/cluster/postmaster.pid");
    let postgres = || fs::read_to_string(&pid_file).unwrap().lines().next().unwrap().parse::<i32>().unwrap();
    let killed = postgres();
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    while fs::read_to_string(&pid_file).is_ok_and(|text| text.starts_with(&format!("{killed}\n"))) {
        std::thread::sleep(Duration::from_millis(50));
    }
    server.wait_until_ready();

    // SIGHUP reads a new key and does not end the process.
    let keys = folder.0.join("keys");
    let newer = aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    fs::write(keys.join("99999999.pk8"), newer.as_ref()).unwrap();
    server.signal(Signal::SIGHUP);
    server.client().get("/health/live").expect(200);

    // After SIGKILL and a restart a repeated refresh returns the same token.
    let grant = json!({"refresh_token": tokens["refresh_token"]});
    let lost = server.client().post("/auth/refresh", grant.clone()).expect(200);
    server.signal(Signal::SIGKILL);
    drop(server);
    let mut server = start();
    let again = server.client().post("/auth/refresh", grant).expect(200);
    assert_eq!(again["refresh_token"], lost["refresh_token"]);
    // A one-time password signs in once, also after a restart.
    server.client().post("/auth/login", credentials).expect_problem(401, "invalid_credentials");

    // SIGTERM: a started request is finished, PostgreSQL is stopped, and the exit status is 0.
    let mut slow = TcpStream::connect(&server.address).unwrap();
    let body = r#"{"username": "nobody", "password": "something"}"#;
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    server.signal(Signal::SIGTERM);
    std::thread::sleep(Duration::from_millis(300));
    slow.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let status = server.child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert!(!pid_file.exists(), "PostgreSQL still runs");
}

#[test]
fn a_startup_failure_is_reported_in_one_line() {
    let folder = DataFolder::new("refused");
    let run = |settings: &[(&str, &str)]| {
        ketnghia(&folder.0)
            .args(["serve", "--bind-address", "127.0.0.1:0"])
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    };
    assert_refused(&run(&[("PG_BIN_DIR", "/nonexistent")]), "PG_BIN_DIR /nonexistent holds no PostgreSQL 15 or newer");
    let database = ("DATABASE_URL", "postgres://somebody:secret@127.0.0.1:1/nothing");
    assert_refused(&run(&[database]), "JWT_KEYS_DIR is required with DATABASE_URL");
    assert_refused(&run(&[database, ("JWT_KEYS_DIR", "/nonexistent")]), "PII_KEY_FILE is required with DATABASE_URL");
    let keys = [("JWT_KEYS_DIR", "/nonexistent"), ("PII_KEY_FILE", "/nonexistent")];
    assert_refused(&run(&[&[database], keys.as_slice()].concat()), "JWT_KEYS_DIR /nonexistent: No such file");

    // With existing keys.
    let keys = folder.0.join("keys");
    let create = || ketnghia(&folder.0).args(["keys", "create"]).arg(&keys).output().unwrap();
    let made = String::from_utf8(create().stdout).unwrap();
    let pii = keys.join("pii.key");
    assert!(made.contains(&format!("JWT_KEYS_DIR={}\n", keys.display())), "{made}");
    assert!(made.contains(&format!("PII_KEY_FILE={}\n", pii.display())), "{made}");
    assert_refused(&create(), "holds keys already");
    let keys = [("JWT_KEYS_DIR", keys.to_str().unwrap()), ("PII_KEY_FILE", pii.to_str().unwrap())];
    let refused = run(&[&[database], keys.as_slice()].concat());
    assert_refused(&refused, "cannot connect to the database (DATABASE_URL): ");
    let misspelt = run(&[&[("DATABASE_URL", "postgre//somebody:secret@host")], keys.as_slice()].concat());
    assert_refused(&misspelt, "cannot connect to the database (DATABASE_URL): ");
    assert!(!String::from_utf8_lossy(&misspelt.stderr).contains("secret"), "the error contains the password");

    // A login that is a superuser.
    let server = TestServer::start();
    let superuser = cluster().superuser_url(&server.database);
    let refused = run(&[&[("DATABASE_URL", superuser.as_str())], keys.as_slice()].concat());
    assert_refused(&refused, "the login of DATABASE_URL is a superuser");

    // A port in use.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = ketnghia(&folder.0).args(["serve", "--bind-address", &address]).output().unwrap();
    assert_refused(&refused, "(BIND_ADDRESS): Address already in use");

    // Data of another major version of PostgreSQL.
    let cluster = folder.0.join("postgres/cluster");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    assert_refused(&run(&[]), "was made by PostgreSQL 9, but only");
}
