//! The folders of a private PostgreSQL: owned by the user that runs it, mode 0700, locked by one process.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User};

use crate::kernel::secrets::sha256;

/// `sun_path` of a unix socket has 108 bytes; 20 of them are left for the name of the socket file.
const LONGEST_SOCKET_FOLDER: usize = 88;

/// Returns the user for PostgreSQL where this process is root, because PostgreSQL refuses to run as root.
pub fn unprivileged_user() -> Result<Option<(Uid, Gid)>, String> {
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

/// Creates the folder for the user that runs PostgreSQL, and returns its path: another one if that user cannot search a
/// parent of `wanted`.
pub fn reachable_folder(wanted: &Path, user: Option<(Uid, Gid)>) -> Result<PathBuf, String> {
    let told = |error: std::io::Error| format!("cannot make the data folder {}: {error}", wanted.display());
    let wanted = std::path::absolute(wanted).map_err(told)?;
    // Parents are created first and symbolic links resolved, so that the modes checked below are the final ones (umask).
    let wanted = match (wanted.parent(), wanted.file_name()) {
        (Some(parent), Some(name)) => {
            fs::create_dir_all(parent).map_err(told)?;
            fs::canonicalize(parent).map_err(told)?.join(name)
        }
        _ => wanted,
    };
    if is_reachable(&wanted, user) {
        fs::create_dir_all(&wanted).map_err(told)?;
        give_to(&wanted, user).map_err(told)?;
        return Ok(wanted);
    }
    let elsewhere = elsewhere(&wanted);
    log::warn!(
        "{} is not accessible to the user that runs PostgreSQL, which refuses to run as root; its data is in {}",
        wanted.display(),
        elsewhere.display()
    );
    make_among_strangers(&elsewhere, user)?;
    Ok(elsewhere)
}

pub fn is_reachable(folder: &Path, user: Option<(Uid, Gid)>) -> bool {
    user.is_none() || ancestors_are_open(folder)
}

/// The folder used instead of an inaccessible one. Not in /var/tmp, where systemd-tmpfiles removes files unused for 30 days.
pub fn elsewhere(wanted: &Path) -> PathBuf {
    Path::new("/var/lib").join(format!("ketnghia-{}", short_name(wanted)))
}

/// Whether all parent folders have the search permission for others.
fn ancestors_are_open(folder: &Path) -> bool {
    folder.ancestors().skip(1).all(|above| match fs::metadata(above) {
        Ok(found) => found.permissions().mode() & 0o001 != 0,
        Err(_) => false,
    })
}

fn give_to(folder: &Path, user: Option<(Uid, Gid)>) -> std::io::Result<()> {
    if let Some((uid, gid)) = user {
        chown(folder, Some(uid.as_raw()), Some(gid.as_raw()))?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Creates a folder in a parent that other users may write, such as /tmp. Rejects an existing file or symbolic link,
/// and a folder of another owner.
fn make_among_strangers(folder: &Path, user: Option<(Uid, Gid)>) -> Result<(), String> {
    let told = |error: std::io::Error| format!("cannot make {}: {error}", folder.display());
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(told(error)),
        _ => {}
    }
    let found = fs::symlink_metadata(folder).map_err(told)?;
    let us = Uid::effective();
    let owners = [us.as_raw(), user.map_or(us, |(uid, _)| uid).as_raw()];
    if !found.is_dir() || !owners.contains(&found.uid()) {
        return Err(format!("{} is not a folder of this user", folder.display()));
    }
    give_to(folder, user).map_err(told)
}

/// Locks the folder; None while another process holds the lock.
pub fn lock_folder(folder: &Path) -> Result<Option<File>, String> {
    let path = folder.join("lock");
    let told = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    let file = File::create(&path).map_err(|error| told(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(told(&error)),
    }
}

pub fn socket_folder(folder: &Path, user: Option<(Uid, Gid)>) -> Result<PathBuf, String> {
    let near = folder.join("socket");
    // unix_socket_directories is a list, so a path with its separators or quotes is not usable.
    let is_plain = near.to_str().is_some_and(|path| !path.contains([',', '"']) && !path.ends_with(' '));
    let socket = if is_plain && near.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        near
    } else {
        PathBuf::from(format!("/tmp/ketnghia-{}", short_name(folder)))
    };
    make_among_strangers(&socket, user)?;
    Ok(socket)
}

/// The first 12 hex digits of the SHA-256 of a path.
fn short_name(path: &Path) -> String {
    sha256(path.as_os_str().as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
