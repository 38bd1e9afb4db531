//! The real server, in a process of its own.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Settings;
use crate::data::{Cluster, DATABASE};

pub struct Server {
    child: Child,
    pub url: String,
    /// From the start of the process to the first ready answer, with an existing database.
    pub started_in: Duration,
}

impl Server {
    pub fn start(cluster: &Cluster, settings: &Settings) -> Result<Self, String> {
        cluster.keys()?;
        // A port that was free a moment ago.
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        drop(listener);
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_ketnghia"))
            .arg("serve")
            .env("DATABASE_URL", cluster.embedded.url(DATABASE))
            .env("JWT_KEYS_DIR", cluster.keys_dir())
            .env("PII_KEY_FILE", cluster.keys_dir().join("pii.key"))
            .env("BIND_ADDRESS", address.to_string())
            .envs(settings.pool.map(|pool| ("DATABASE_POOL_SIZE", pool.to_string())))
            // Few users stand for many here.
            .env("RATE_LIMIT_PER_SECOND", "0")
            .env("RATE_LIMIT_PER_MINUTE", "0")
            .env("ADDRESS_LIMIT_PER_SECOND", "0")
            .env("ADDRESS_LIMIT_PER_MINUTE", "0")
            .env("CONNECTIONS_PER_ADDRESS", "0")
            // A storm is told to come back, once for each phone.
            .env("RUST_LOG", "off")
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start the server: {error}"))?;
        let mut server = Self { child, url: format!("http://{address}"), started_in: Duration::ZERO };
        let ready = format!("{}/health/ready", server.url);
        while ureq::get(&ready).call().is_err() {
            if begun.elapsed() > Duration::from_secs(60) || server.has_ended() {
                return Err("the server did not become ready".into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        server.started_in = begun.elapsed();
        Ok(server)
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Resident memory in MB, now and at its highest; None where the system does not tell.
    pub fn memory(&self) -> Result<Option<Memory>, String> {
        let Ok(status) = fs::read_to_string(format!("/proc/{}/status", self.child.id())) else { return Ok(None) };
        let line = |name: &str| -> Result<f64, String> {
            let line = status.lines().find(|line| line.starts_with(name)).ok_or("no memory in /proc")?;
            let kilobytes = line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
            Ok(kilobytes.ok_or("no number in /proc")? / 1024.0)
        };
        Ok(Some(Memory { now: line("VmRSS:")?, highest: line("VmHWM:")? }))
    }
}

#[derive(Clone, Copy)]
pub struct Memory {
    pub now: f64,
    pub highest: f64,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
