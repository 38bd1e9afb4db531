//! A private PostgreSQL: found on the machine, made and run under DATA_DIR, reached through a unix
//! socket only. It ends with this process, however this process ends: a small shell stands between
//! them, holds the read end of a pipe and stops PostgreSQL when the write end, ours, is closed. (The
//! parent-death signal would belong to the thread that spawned the child, and would be lost when
//! the user changes.) If PostgreSQL ends by itself, it is started again.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User};

use super::one_line;
use crate::kernel::secrets::sha256;

const OLDEST_MAJOR: u32 = 15;
/// Recovery after a crash may replay a good deal of log.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// sun_path is 108 bytes; the socket's own name takes the rest.
const LONGEST_SOCKET_FOLDER: usize = 88;
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
    socket: PathBuf,
    log: PathBuf,
    user: Option<(Uid, Gid)>,
    durable: bool,
}

impl Embedded {
    /// Starts PostgreSQL under `folder`, making the cluster first if there is none.
    pub fn start(folder: &Path, durable: bool) -> Result<Self, String> {
        let user = unprivileged_user()?;
        let folder = reachable_folder(folder, user)?;
        let lock = lock_folder(&folder)?;
        let (bin, major) = find_postgres()?;
        let socket = socket_folder(&folder, user)?;
        let plan = Plan { bin, data: folder.join("cluster"), socket, log: folder.join("postgres.log"), user, durable };
        plan.make_cluster(&folder, major)?;
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
        self.plan.url("ketnghia", database)
    }

    /// The same for the cluster's superuser, whom only this machine's owner can be.
    pub fn superuser_url(&self, database: &str) -> String {
        self.plan.url("postgres", database)
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

    /// The login owns nothing and is no superuser; the database belongs to app_owner.
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
                 GRANT app_owner, app TO ketnghia;
               END IF;
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
    fn url(&self, login: &str, database: &str) -> String {
        let host = self.socket.display().to_string().replace('%', "%25").replace('/', "%2F").replace(' ', "%20");
        format!("postgres://{login}@{host}/{database}")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        self.drop_privileges(&mut command);
        command
    }

    fn drop_privileges(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.user {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        // libpq and PostgreSQL read many PG* variables; none of them is meant for this cluster.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
    }

    fn make_cluster(&self, folder: &Path, major: u32) -> Result<(), String> {
        match fs::read_to_string(self.data.join("PG_VERSION")) {
            Ok(made_by) if made_by.trim() == major.to_string() => return Ok(()),
            Ok(made_by) => {
                let made_by = made_by.trim();
                return Err(format!(
                    "{} was made by PostgreSQL {made_by}, but {major} was found: set PG_BIN_DIR to the programs of {made_by}, or carry the data over with pg_dumpall",
                    self.data.display()
                ));
            }
            Err(_) => {}
        }
        // Made beside and then renamed, so that a broken-off initdb leaves nothing to trip over.
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
            return Err(format!("initdb failed: {}", one_line(&String::from_utf8_lossy(&output.stderr))));
        }
        fs::rename(&partial, &self.data).map_err(|error| format!("cannot make {}: {error}", self.data.display()))
    }

    /// Whoever holds the folder's lock is alone: a PostgreSQL that still runs on it was left by a
    /// server that was killed, and is about to end or must be ended.
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
            if !is_postgres(pid) {
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
            format!("unix_socket_directories={}", self.socket.display()),
            "unix_socket_permissions=0700".to_owned(),
            "lc_messages=C".to_owned(),
            "max_connections=120".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        if !self.durable {
            command.args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]);
        }
        // A group of its own: Ctrl-C is for us, who let requests finish first.
        command.process_group(0).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        command.spawn().map_err(|error| format!("cannot start PostgreSQL: {error}"))
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last = log
            .lines()
            .rev()
            .find(|line| line.contains("FATAL") || line.contains("PANIC") || line.contains("could not"));
        one_line(last.unwrap_or("no message"))
    }
}

fn is_postgres(pid: i32) -> bool {
    let output = Command::new("ps").args(["-o", "comm=", "-p", &pid.to_string()]).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("postgres"))
}

/// PostgreSQL refuses to run as root.
fn unprivileged_user() -> Result<Option<(Uid, Gid)>, String> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "_postgres", "nobody"] {
        if let Ok(Some(user)) = User::from_name(name) {
            return Ok(Some((user.uid, user.gid)));
        }
    }
    Err("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`".into())
}

/// The folder, made for the user who runs PostgreSQL; another one where that user cannot go.
fn reachable_folder(wanted: &Path, user: Option<(Uid, Gid)>) -> Result<PathBuf, String> {
    let told = |error: std::io::Error| format!("cannot make the data folder {}: {error}", wanted.display());
    let wanted = std::path::absolute(wanted).map_err(told)?;
    if user.is_none() || ancestors_are_open(&wanted) {
        make_owned(&wanted, user, 0o700).map_err(told)?;
        return Ok(wanted);
    }
    let name = hex(&sha256(wanted.display().to_string().as_bytes()));
    let elsewhere = Path::new("/var/tmp").join(format!("ketnghia-{name}"));
    log::warn!(
        "{} is closed to the user who runs PostgreSQL; its data is in {}",
        wanted.display(),
        elsewhere.display()
    );
    make_owned(&elsewhere, user, 0o700).map_err(told)?;
    Ok(elsewhere)
}

/// True when anybody may pass through every folder above.
fn ancestors_are_open(folder: &Path) -> bool {
    folder.ancestors().skip(1).all(|above| match fs::metadata(above) {
        Ok(found) => found.permissions().mode() & 0o001 != 0,
        // Not there yet: it will be made with the usual mode.
        Err(error) => error.kind() == ErrorKind::NotFound,
    })
}

fn make_owned(folder: &Path, user: Option<(Uid, Gid)>, mode: u32) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    if let Some((uid, gid)) = user {
        chown(folder, Some(uid.as_raw()), Some(gid.as_raw()))?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))
}

fn lock_folder(folder: &Path) -> Result<File, String> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_held) => Err(format!("another ketnghia already runs on {}", folder.display())),
    }
}

fn socket_folder(folder: &Path, user: Option<(Uid, Gid)>) -> Result<PathBuf, String> {
    let near = folder.join("socket");
    let socket = if near.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        near
    } else {
        PathBuf::from(format!("/tmp/ketnghia-{}", hex(&sha256(folder.display().to_string().as_bytes()))))
    };
    make_owned(&socket, user, 0o700).map_err(|error| format!("cannot make {}: {error}", socket.display()))?;
    Ok(socket)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The newest PostgreSQL on this machine.
fn find_postgres() -> Result<(PathBuf, u32), String> {
    if let Some(chosen) = std::env::var_os("PG_BIN_DIR").map(PathBuf::from) {
        return match major_version(&chosen) {
            Some(major) if major >= OLDEST_MAJOR => Ok((chosen, major)),
            _ => Err(format!("PG_BIN_DIR {} holds no PostgreSQL {OLDEST_MAJOR} or newer", chosen.display())),
        };
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    for shelf in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
        let entries = fs::read_dir(shelf).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| entry.path().join("bin")));
    }
    folders
        .into_iter()
        // initdb looks for its neighbours where it lies, not where a link to it lies.
        .filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok()?.parent().map(Path::to_path_buf))
        .filter_map(|folder| major_version(&folder).map(|major| (folder, major)))
        .filter(|(_, major)| *major >= OLDEST_MAJOR)
        .max_by_key(|(_, major)| *major)
        .ok_or_else(|| {
            format!("no PostgreSQL {OLDEST_MAJOR} or newer found: install it (Debian: apt-get install postgresql; macOS: brew install postgresql), or set DATABASE_URL or PG_BIN_DIR")
        })
}

fn major_version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(2)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
