//! Starts the server binary in a process of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Settings;
use crate::data::{Cluster, DATABASE};

/// Settings without rate limits, because few users of the benchmark represent many.
pub const UNLIMITED: [(&str, &str); 5] = [
    ("RATE_LIMIT_PER_SECOND", "0"),
    ("RATE_LIMIT_PER_MINUTE", "0"),
    ("ADDRESS_LIMIT_PER_SECOND", "0"),
    ("ADDRESS_LIMIT_PER_MINUTE", "0"),
    ("CONNECTIONS_PER_ADDRESS", "0"),
];

pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub url: String,
    /// From the start of the process to the first ready answer, with an existing database.
    pub started_in: Duration,
}

impl Server {
    /// `limits`: settings beside those of every server of the benchmark; without them the defaults apply.
    pub fn start(cluster: &Cluster, settings: &Settings, limits: &[(&str, &str)]) -> Result<Self, String> {
        cluster.keys()?;
        let address = free_address()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_ketnghia"));
        command
            .arg("serve")
            .env("DATABASE_URL", cluster.embedded.url(DATABASE))
            .env("JWT_KEYS_DIR", cluster.keys_dir())
            .env("PII_KEY_FILE", cluster.keys_dir().join("pii.key"))
            .env("BIND_ADDRESS", address.to_string())
            .envs(settings.pool.map(|pool| ("DATABASE_POOL_SIZE", pool.to_string())))
            .envs(limits.iter().copied())
            // The storm would log a line for each refused sign-in.
            .env("RUST_LOG", "off");
        Self::spawn(command, address)
    }

    /// Starts any command that listens on the address, and waits until it is ready.
    pub fn spawn(mut command: Command, address: SocketAddr) -> Result<Self, String> {
        let begun = Instant::now();
        let child = command.stdout(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("cannot start the server: {error}"))?;
        let mut server = Self { child, address, url: format!("http://{address}"), started_in: Duration::ZERO };
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

    /// Resident memory in MB, current and peak; `None` without /proc.
    pub fn memory(&self) -> Result<Option<Memory>, String> {
        let Ok(status) = fs::read_to_string(format!("/proc/{}/status", self.child.id())) else { return Ok(None) };
        let line = |name: &str| -> Result<f64, String> {
            let line = status.lines().find(|line| line.starts_with(name)).ok_or("no memory in /proc")?;
            let kilobytes = line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
            Ok(kilobytes.ok_or("no number in /proc")? / 1024.0)
        };
        Ok(Some(Memory { now: line("VmRSS:")?, highest: line("VmHWM:")? }))
    }

    /// Resets the peak to the current memory.
    pub fn forget_highest(&self) -> Result<(), String> {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")
            .map_err(|error| format!("the peak of memory cannot be reset: {error}"))
    }

    /// Open files and sockets of the server; `None` without /proc.
    pub fn descriptors(&self) -> Option<usize> {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok().map(Iterator::count)
    }
}

/// Returns a free port, which another process may still take before the server binds it.
pub fn free_address() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map_err(|error| error.to_string())
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
