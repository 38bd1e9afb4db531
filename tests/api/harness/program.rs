//! The program `ketnghia` as a separate process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::client::Client;

/// A `DATA_DIR` that the unprivileged user of PostgreSQL can read, with a space in its name.
pub struct DataFolder(pub PathBuf);

impl DataFolder {
    pub fn new(name: &str) -> Self {
        let folder = PathBuf::from(format!("/tmp/ketnghia-process-{}/{name} of data", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_dir(self.0.parent().unwrap());
    }
}

/// A command without the settings of this machine.
pub fn ketnghia(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ketnghia"));
    for name in ["DATABASE_URL", "JWT_KEYS_DIR", "PII_KEY_FILE", "BIND_ADDRESS", "DATABASE_POOL_SIZE"] {
        command.env_remove(name);
    }
    command.env("DATA_DIR", folder).env("KETNGHIA_UNSAFE_DURABILITY", "1").env("RUST_LOG", "warn").stdin(Stdio::null());
    command
}

/// A running `ketnghia serve`.
pub struct Program {
    pub child: Child,
    pub lines: Vec<String>,
    pub address: String,
}

impl Program {
    /// Starts a server on a private PostgreSQL.
    pub fn start(folder: &Path) -> Self {
        Self::run(ketnghia(folder).arg("serve"))
    }

    /// Runs the command and waits until it prints the address of the documentation.
    pub fn run(command: &mut Command) -> Self {
        let mut child = command
            .args(["--bind-address", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines: Vec<String> = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            lines.push(line);
            if lines.last().unwrap().contains("docs") {
                break;
            }
        }
        let address = lines.iter().find_map(|line| line.strip_prefix("ketnghia listens on http://"));
        let address = address.unwrap_or_else(|| panic!("the server did not start: {lines:?}")).to_owned();
        Self { child, lines, address }
    }

    pub fn client(&self) -> Client {
        Client::new(format!("http://{}", self.address), None)
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    pub fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(15);
        while self.client().get("/health/ready").status != 200 {
            assert!(Instant::now() < deadline, "not ready again");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
