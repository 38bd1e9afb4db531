//! A relay between a server and PostgreSQL on a unix socket, whose connections a test closes, pauses and accepts again.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use ketnghia::postgres::Address;
use tempfile::TempDir;

pub struct Relay {
    folder: TempDir,
    state: Arc<State>,
}

struct State {
    to: PathBuf,
    paused: Mutex<bool>,
    resumed: Condvar,
    accepted: Mutex<HashMap<u64, UnixStream>>,
}

impl Relay {
    /// Listens on a new socket and connects to the PostgreSQL that listens on this one.
    pub fn to(socket: &Path) -> Self {
        let state = State {
            to: socket.join(Self::name()),
            paused: Mutex::new(false),
            resumed: Condvar::new(),
            accepted: Mutex::default(),
        };
        let relay = Self { folder: tempfile::tempdir().unwrap(), state: Arc::new(state) };
        relay.listen();
        relay
    }

    pub fn url(&self, database: &str) -> String {
        Address { socket: self.folder.path().to_owned() }.url(database)
    }

    fn name() -> String {
        format!(".s.PGSQL.{}", Address::PORT)
    }

    /// Closes the listening socket and all connections.
    pub fn disconnect(&self) {
        std::fs::remove_file(self.folder.path().join(Self::name())).unwrap();
        for (_, stream) in self.state.accepted.lock().unwrap().drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Accepts connections again.
    pub fn listen(&self) {
        let listener = UnixListener::bind(self.folder.path().join(Self::name())).unwrap();
        let state = self.state.clone();
        // The thread ends with the process: its socket is removed by a disconnect.
        std::thread::spawn(move || {
            for (near, number) in listener.incoming().map_while(Result::ok).zip(0..) {
                let Ok(far) = UnixStream::connect(&state.to) else { continue };
                state.accepted.lock().unwrap().insert(number, near.try_clone().unwrap());
                for (from, to) in [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))] {
                    let (state, from, to) = (state.clone(), from.unwrap(), to.unwrap());
                    std::thread::spawn(move || state.copy(from, to));
                }
            }
        });
    }

    /// Keeps the connections open and copies no byte until `resume`.
    pub fn pause(&self) {
        *self.state.paused.lock().unwrap() = true;
    }

    pub fn resume(&self) {
        *self.state.paused.lock().unwrap() = false;
        self.state.resumed.notify_all();
    }
}

impl State {
    fn copy(&self, mut from: UnixStream, mut to: UnixStream) {
        let mut part = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut part) {
            drop(self.resumed.wait_while(self.paused.lock().unwrap(), |paused| *paused).unwrap());
            if to.write_all(&part[..read]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
