//! The programs of PostgreSQL on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const OLDEST_MAJOR: u32 = 15;

/// Returns the program folder of the PostgreSQL that created the data, or of the newest one on this machine.
pub fn find_postgres(made_by: Option<&str>) -> Result<(PathBuf, u32), String> {
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
        // Symbolic links are resolved: /usr/bin may link initdb without the other programs.
        .filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok()?.parent().map(Path::to_path_buf))
        .filter_map(|folder| major_version(&folder).map(|major| (folder, major)))
        .filter(|(_, major)| *major >= OLDEST_MAJOR)
        .max_by_key(|(_, major)| (made_by == Some(major.to_string().as_str()), *major))
        .ok_or_else(|| {
            format!("no PostgreSQL {OLDEST_MAJOR} or newer found: install it (Debian: apt-get install postgresql; macOS: brew install postgresql), or set DATABASE_URL or PG_BIN_DIR")
        })
}

fn major_version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(2)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
