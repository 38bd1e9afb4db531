//! Lines of the log leave a request at once: a thread writes them to standard error, many in one system call.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Lines that wait. When standard error is blocked and so many wait, the next one waits too: no line is lost.
const LINES: usize = 10_000;

/// A writer for `env_logger`, each call with a whole line.
pub struct Lines(SyncSender<Vec<u8>>);

/// Waits on drop until every line is written.
pub struct Written {
    thread: Option<JoinHandle<()>>,
    end: SyncSender<Vec<u8>>,
}

/// Starts the thread, which runs until `Written` is dropped.
pub fn start() -> io::Result<(Lines, Written)> {
    let (lines, waiting) = sync_channel(LINES);
    let thread = thread::Builder::new().name("log".into()).spawn(move || write_all(&waiting, io::stderr()))?;
    Ok((Lines(lines.clone()), Written { thread: Some(thread), end: lines }))
}

/// Writes what waits in one call, until an empty line arrives.
fn write_all(waiting: &Receiver<Vec<u8>>, mut out: impl Write) {
    while let Ok(mut text) = waiting.recv() {
        let mut ends = text.is_empty();
        while !ends && let Ok(line) = waiting.try_recv() {
            ends = line.is_empty();
            text.extend(line);
        }
        // Where standard error is closed, an error cannot be reported either.
        let _ = out.write_all(&text);
        if ends {
            return;
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // After the end of the thread: a line of a thread that outlives `main`.
        if !line.is_empty() && self.0.send(line.to_vec()).is_err() {
            io::stderr().write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if self.end.send(Vec::new()).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts calls.
    #[derive(Default)]
    struct Counted {
        text: Vec<u8>,
        calls: usize,
    }

    impl Write for &mut Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            self.text.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_wait_are_written_in_their_order_with_one_call() {
        let (lines, waiting) = sync_channel(LINES);
        let mut lines = Lines(lines);
        let mut expected = Vec::new();
        for number in 0..1_000 {
            let line = format!("line {number}\n").into_bytes();
            lines.write_all(&line).unwrap();
            expected.extend(line);
        }
        lines.0.send(Vec::new()).unwrap();
        let mut out = Counted::default();
        write_all(&waiting, &mut out);
        assert_eq!(out.text, expected);
        assert_eq!(out.calls, 1);
    }
}
