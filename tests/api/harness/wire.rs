//! The wire between a server and its database, which a test cuts, freezes and mends.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use ketnghia::postgres::Address;
use tempfile::TempDir;

pub struct Wire {
    folder: TempDir,
    line: Arc<Line>,
}

struct Line {
    to: PathBuf,
    frozen: Mutex<bool>,
    thawed: Condvar,
    ends: Mutex<HashMap<u64, UnixStream>>,
}

impl Wire {
    /// A socket of its own that leads to the PostgreSQL behind another.
    pub fn to(socket: &Path) -> Self {
        let line = Line {
            to: socket.join(Self::name()),
            frozen: Mutex::new(false),
            thawed: Condvar::new(),
            ends: Mutex::default(),
        };
        let wire = Self { folder: tempfile::tempdir().unwrap(), line: Arc::new(line) };
        wire.mend();
        wire
    }

    pub fn url(&self, database: &str) -> String {
        Address { socket: self.folder.path().to_owned() }.url(database)
    }

    fn name() -> String {
        format!(".s.PGSQL.{}", Address::PORT)
    }

    /// Nobody listens any more, and whoever talked is cut off.
    pub fn cut(&self) {
        std::fs::remove_file(self.folder.path().join(Self::name())).unwrap();
        for (_, end) in self.line.ends.lock().unwrap().drain() {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    pub fn mend(&self) {
        let listener = UnixListener::bind(self.folder.path().join(Self::name())).unwrap();
        let line = self.line.clone();
        // It ends with the process: what it listens on is gone after a cut.
        std::thread::spawn(move || {
            for (near, number) in listener.incoming().map_while(Result::ok).zip(0..) {
                let Ok(far) = UnixStream::connect(&line.to) else { continue };
                line.ends.lock().unwrap().insert(number, near.try_clone().unwrap());
                for (from, to) in [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))] {
                    let (line, from, to) = (line.clone(), from.unwrap(), to.unwrap());
                    std::thread::spawn(move || line.pump(from, to));
                }
            }
        });
    }

    /// Everything stays connected, and nothing comes through.
    pub fn freeze(&self) {
        *self.line.frozen.lock().unwrap() = true;
    }

    pub fn thaw(&self) {
        *self.line.frozen.lock().unwrap() = false;
        self.line.thawed.notify_all();
    }
}

impl Line {
    fn pump(&self, mut from: UnixStream, mut to: UnixStream) {
        let mut part = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut part) {
            drop(self.thawed.wait_while(self.frozen.lock().unwrap(), |frozen| *frozen).unwrap());
            if to.write_all(&part[..read]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
