//! Lines of the log leave a request at once: a thread writes them to standard error, many in one system call.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Lines that wait. When standard error is blocked and so many wait, the next one waits too: no line is lost.
const LINES: usize = 10_000;
/// The most bytes of one call, unless a line is longer: a pipe does not mix such a write with those of others.
const TOGETHER: usize = 4_096;

enum Message {
    Line(Vec<u8>),
    /// Answered when all lines before it are written.
    Flush(SyncSender<()>),
}

/// A writer for `env_logger`, each call with a whole line.
pub struct Lines(SyncSender<Message>);

/// Waits on drop until every line is written.
pub struct Written(SyncSender<Message>);

/// Starts the thread, which runs until the process ends.
pub fn start() -> io::Result<(Lines, Written)> {
    let (lines, waiting) = sync_channel(LINES);
    thread::Builder::new().name("log".into()).spawn(move || write_all(&waiting, io::stderr()))?;
    Ok((Lines(lines.clone()), Written(lines)))
}

/// Writes the lines that wait together, until no sender is left.
fn write_all(waiting: &Receiver<Message>, mut out: impl Write) {
    // Where standard error is closed, an error cannot be reported either.
    let mut write = |text: &mut Vec<u8>| {
        let _ = out.write_all(text);
        text.clear();
    };
    let mut text = Vec::new();
    while let Ok(first) = waiting.recv() {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => {
                    if !text.is_empty() && text.len() + line.len() > TOGETHER {
                        write(&mut text);
                    }
                    text.extend(line);
                }
                Message::Flush(written) => {
                    write(&mut text);
                    let _ = written.send(());
                }
            }
            next = waiting.try_recv().ok();
        }
        write(&mut text);
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.send(Message::Line(line.to_vec())).is_err() {
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
        let (written, wait) = sync_channel(1);
        if self.0.send(Message::Flush(written)).is_ok() {
            let _ = wait.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, the last byte of each call, and the length of the longest one.
    #[derive(Default)]
    struct Counted {
        text: Vec<u8>,
        ends: Vec<u8>,
        longest: usize,
    }

    impl Write for &mut Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.ends.extend(bytes.last());
            self.longest = self.longest.max(bytes.len());
            self.text.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_wait_are_written_in_their_order_by_few_calls_of_whole_lines() {
        let (lines, waiting) = sync_channel(LINES);
        let mut lines = Lines(lines);
        let mut expected = Vec::new();
        for number in 0..1_000 {
            let line = format!("line {number}\n").into_bytes();
            lines.write_all(&line).unwrap();
            expected.extend(line);
        }
        lines.write_all(&[b'x'; 10_000]).unwrap();
        expected.extend([b'x'; 10_000]);
        drop(lines);
        let mut out = Counted::default();
        write_all(&waiting, &mut out);
        assert_eq!(out.text, expected);
        assert_eq!(out.longest, 10_000, "a longer line is one call");
        assert_eq!(out.ends, [b'\n', b'\n', b'\n', b'x'], "each call ends with a line");
    }

    #[test]
    fn a_flush_is_answered_when_all_lines_before_it_are_written() {
        let (lines, waiting) = sync_channel(LINES);
        let writer = thread::spawn(move || {
            let mut out = Counted::default();
            write_all(&waiting, &mut out);
            out.text
        });
        Lines(lines.clone()).write_all(b"last\n").unwrap();
        drop(Written(lines));
        assert_eq!(writer.join().unwrap(), b"last\n");
    }
}
