//! Runs a private PostgreSQL with the programs of this machine and a cluster under DATA_DIR, on a unix socket only. It
//! ends with this process, also after SIGKILL: its parent is a shell that holds the read end of a pipe and sends SIGINT
//! to PostgreSQL when the write end, in this process, is closed. (The parent-death signal is bound to the thread that
//! spawned the child, and is cleared when the user changes.) If PostgreSQL ends by itself, it is started again.

/// Connection URLs of a cluster.
mod address;
/// Folders, their owner and their lock.
mod folder;
/// Finds the programs of PostgreSQL.
mod programs;

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid};

pub use self::address::Address;
use self::folder::{elsewhere, is_reachable, lock_folder, reachable_folder, socket_folder, unprivileged_user};
use self::programs::find_postgres;
use crate::kernel::db::one_line;

/// The data directory of PostgreSQL, within the folder.
const CLUSTER: &str = "cluster";
/// Includes crash recovery, which replays the write-ahead log since the last checkpoint.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_LOG: u64 = 20_000_000;
const SUPERVISOR: &str = r#"exec 3<&0
"$@" </dev/null 3<&- &
postgres=$!
(cat <&3 >/dev/null; kill -INT $postgres) &
exec 3<&-
wait $postgres"#;

/// A running private PostgreSQL.
pub struct Embedded {
    plan: Arc<Plan>,
    child: Arc<Mutex<Child>>,
    stopping: Arc<AtomicBool>,
    _lock: File,
}

struct Plan {
    bin: PathBuf,
    data: PathBuf,
    address: Address,
    log: PathBuf,
    /// The length of the log before this start.
    log_from: usize,
    user: Option<(Uid, Gid)>,
    durable: bool,
}

/// A private PostgreSQL, started by this process or by another one.
pub enum Opened {
    Ours(Embedded),
    /// Another process runs it on the same folder.
    Theirs(Address),
}

impl Embedded {
    /// Starts PostgreSQL under `folder`, and creates the cluster first if it does not exist.
    pub fn start(folder: &Path, durable: bool) -> Result<Self, String> {
        match Self::open(folder, durable)? {
            Opened::Ours(embedded) => Ok(embedded),
            Opened::Theirs(_) => Err(format!("another ketnghia already runs on {}", folder.display())),
        }
    }

    /// Whether a cluster exists under `folder`. Creates no folder.
    pub fn is_made(folder: &Path) -> Result<bool, String> {
        let user = unprivileged_user()?;
        let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(false) };
        // Without its parent, the folder does not exist.
        let Ok(parent) = std::path::absolute(parent).and_then(fs::canonicalize) else { return Ok(false) };
        let wanted = parent.join(name);
        let folder = if is_reachable(&wanted, user) { wanted } else { elsewhere(&wanted) };
        Ok(made_by(&folder.join(CLUSTER)).is_some())
    }

    /// Starts PostgreSQL under `folder`, or returns the address of the one that another process runs there.
    pub fn open(folder: &Path, durable: bool) -> Result<Opened, String> {
        let user = unprivileged_user()?;
        let folder = reachable_folder(folder, user)?;
        let address = Address { socket: socket_folder(&folder, user)? };
        let Some(lock) = lock_folder(&folder)? else { return Ok(Opened::Theirs(address)) };
        Self::start_locked(&folder, address, user, durable, lock).map(Opened::Ours)
    }

    fn start_locked(
        folder: &Path,
        address: Address,
        user: Option<(Uid, Gid)>,
        durable: bool,
        lock: File,
    ) -> Result<Self, String> {
        let data = folder.join(CLUSTER);
        let made_by = made_by(&data);
        let (bin, major) = find_postgres(made_by.as_deref())?;
        let log = folder.join("postgres.log");
        let log_from = put_old_log_aside(&log);
        let plan = Plan { bin, data, address, log, log_from, user, durable };
        plan.make_cluster(folder, made_by.as_deref(), major)?;
        plan.end_predecessor()?;
        let child = plan.spawn()?;
        let embedded = Self {
            plan: Arc::new(plan),
            child: Arc::new(Mutex::new(child)),
            stopping: Arc::new(AtomicBool::new(false)),
            _lock: lock,
        };
        embedded.wait_until_ready()?;
        embedded.make_database()?;
        embedded.keep_running();
        Ok(embedded)
    }

    /// The URL of a database in this cluster, for the login of the service.
    pub fn url(&self, database: &str) -> String {
        self.plan.address.url(database)
    }

    pub fn address(&self) -> &Address {
        &self.plan.address
    }

    /// The URL for the cluster's superuser. Only the user that runs PostgreSQL, and root, can open the socket.
    pub fn superuser_url(&self, database: &str) -> String {
        self.plan.address.superuser_url(database)
    }

    /// The reason that writes fail, if PostgreSQL has logged a full disk since this start.
    pub fn complaint(&self) -> Option<String> {
        let full = self.plan.words().contains("No space left on device");
        full.then(|| format!("no space is left on the disk of {}", self.plan.data.display()))
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let url = self.superuser_url("postgres");
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            match PgConnection::establish(&url) {
                Ok(_) => return Ok(()),
                Err(_) if Instant::now() < deadline => {}
                Err(error) => return Err(format!("PostgreSQL does not answer: {}", one_line(&error.to_string()))),
            }
            if self.has_exited() {
                return Err(format!(
                    "PostgreSQL ended at once: {} (see {})",
                    self.plan.last_words(),
                    self.plan.log.display()
                ));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn has_exited(&self) -> bool {
        self.child.lock().is_ok_and(|mut child| matches!(child.try_wait(), Ok(Some(_))))
    }

    /// Creates roles and database. The login is no superuser and owns no object; app_owner owns the database.
    fn make_database(&self) -> Result<(), String> {
        let failed = |error: diesel::result::Error| {
            format!("cannot prepare the private PostgreSQL: {}", one_line(&error.to_string()))
        };
        let mut conn =
            PgConnection::establish(&self.superuser_url("postgres")).map_err(|error| one_line(&error.to_string()))?;
        conn.batch_execute(
            "DO $$ BEGIN
               IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ketnghia') THEN
                 CREATE ROLE app_owner NOLOGIN; CREATE ROLE app NOLOGIN; CREATE ROLE ketnghia LOGIN;
               END IF;
               -- Migrations use the login of the superuser, so that a stolen login of the service cannot change tables.
               GRANT app TO ketnghia;
               REVOKE app_owner FROM ketnghia;
             END $$",
        )
        .map_err(failed)?;
        match conn.batch_execute("CREATE DATABASE ketnghia OWNER app_owner") {
            Err(error) if !error.to_string().contains("already exists") => Err(failed(error)),
            _ => Ok(()),
        }
    }

    /// Starts PostgreSQL again whenever it ends by itself.
    fn keep_running(&self) {
        let (plan, child, stopping) = (self.plan.clone(), self.child.clone(), self.stopping.clone());
        std::thread::spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(200));
                let Ok(mut child) = child.lock() else { return };
                if stopping.load(Ordering::Relaxed) || !matches!(child.try_wait(), Ok(Some(_))) {
                    continue;
                }
                log::error!("PostgreSQL ended by itself ({}); starting it again", plan.last_words());
                match plan.end_predecessor().and_then(|()| plan.spawn()) {
                    Ok(next) => *child = next,
                    Err(error) => log::error!("{error}"),
                }
            }
        });
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Ok(mut child) = self.child.lock() {
            drop(child.stdin.take());
            if let Err(error) = child.wait() {
                log::warn!("waiting for PostgreSQL to end: {error}");
            }
        }
    }
}

impl Plan {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        self.drop_privileges(&mut command);
        command
    }

    fn drop_privileges(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.user {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        // libpq and PostgreSQL read PG* variables, which are not meant for this cluster.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
    }

    fn make_cluster(&self, folder: &Path, made_by: Option<&str>, major: u32) -> Result<(), String> {
        match made_by {
            Some(made_by) if made_by == major.to_string() => return Ok(()),
            Some(made_by) => {
                return Err(format!(
                    "{} was made by PostgreSQL {made_by}, but only {major} was found: install {made_by} beside it or set PG_BIN_DIR to its programs, and to move on carry the data over with pg_dumpall",
                    self.data.display()
                ));
            }
            None => log::info!("making a private PostgreSQL {major} in {}", self.data.display()),
        }
        // Created under another name and then renamed, so that an interrupted initdb leaves no partial cluster.
        let partial = folder.join("cluster.partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(|error| format!("cannot remove {}: {error}", partial.display()))?;
        }
        let output = self
            .command("initdb")
            .args(["--data-checksums", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--no-instructions", "--pgdata"])
            .arg(&partial)
            .current_dir("/")
            .output()
            .map_err(|error| format!("cannot run initdb: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("initdb failed: {}", one_line(telling_line(&said).unwrap_or(&said))));
        }
        fs::rename(&partial, &self.data).map_err(|error| format!("cannot make {}: {error}", self.data.display()))
    }

    /// Ends a PostgreSQL that still runs on the data directory. This process holds the folder's lock, so the other one is
    /// left from a server that was killed: SIGINT first, SIGQUIT after 10 seconds.
    fn end_predecessor(&self) -> Result<(), String> {
        let pid_file = self.data.join("postmaster.pid");
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut asked = false;
        loop {
            let Some(pid) =
                fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next()?.trim().parse::<i32>().ok())
            else {
                return Ok(());
            };
            if !is_postgres_on(pid, &self.data) {
                return Ok(());
            }
            let signal = if Instant::now() > deadline { Signal::SIGQUIT } else { Signal::SIGINT };
            if !asked || signal == Signal::SIGQUIT {
                asked = true;
                kill(Pid::from_raw(pid), signal)
                    .map_err(|error| format!("cannot end the PostgreSQL left running as process {pid}: {error}"))?;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn spawn(&self) -> Result<Child, String> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(|error| format!("cannot write {}: {error}", self.log.display()))?;
        let mut command = Command::new("/bin/sh");
        self.drop_privileges(&mut command);
        command.args(["-c", SUPERVISOR, "sh"]).arg(self.bin.join("postgres")).arg("-D").arg(&self.data);
        for setting in [
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", self.address.socket.display()),
            format!("port={}", Address::PORT),
            "unix_socket_permissions=0700".to_owned(),
            "lc_messages=C".to_owned(),
            "max_connections=120".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        if !self.durable {
            command.args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]);
        }
        // Its own process group: Ctrl-C reaches this process only, which lets requests finish before PostgreSQL ends.
        command.process_group(0).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        command.spawn().map_err(|error| format!("cannot start PostgreSQL: {error}"))
    }

    /// The log of PostgreSQL since this start.
    fn words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(self.log_from..).unwrap_or_default()).into_owned()
    }

    fn last_words(&self) -> String {
        one_line(telling_line(&self.words()).unwrap_or("no message"))
    }
}

/// The last line that contains an error.
fn telling_line(text: &str) -> Option<&str> {
    text.lines().rev().find(|line| ["FATAL", "PANIC", "could not", "error:"].iter().any(|word| line.contains(word)))
}

/// Renames the log if it exceeds `LONGEST_LOG`; returns the length of the present log.
fn put_old_log_aside(log: &Path) -> usize {
    let length = fs::metadata(log).map_or(0, |found| found.len());
    if length < LONGEST_LOG {
        return usize::try_from(length).unwrap_or(0);
    }
    if let Err(error) = fs::rename(log, log.with_extension("log.old")) {
        log::warn!("cannot rename {}: {error}", log.display());
    }
    0
}

/// The major version that created the cluster; None without a cluster.
fn made_by(data: &Path) -> Option<String> {
    fs::read_to_string(data.join("PG_VERSION")).ok().map(|text| text.trim().to_owned())
}

/// Whether the process is the PostgreSQL of this folder: after a reboot its process id may belong to another program,
/// also to another PostgreSQL.
fn is_postgres_on(pid: i32, data: &Path) -> bool {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_else(|_no_proc| {
        let output = Command::new("ps").args(["-ww", "-o", "args=", "-p", &pid.to_string()]).output();
        output.map(|output| output.stdout).unwrap_or_default()
    });
    let data = data.as_os_str().as_bytes();
    arguments.windows(data.len()).any(|window| window == data)
}
