//! The target of the control of harmful bodies: a server that parses any body without limits, names each of its
//! values in its answer, and answers no health check meanwhile.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The time for which it holds a parsed body, so that all bodies are in memory concurrently, also on a fast machine.
const HOLD: Duration = Duration::from_millis(500);

pub fn serve(address: SocketAddr) -> Result<(), String> {
    let listener = TcpListener::bind(address).map_err(|error| error.to_string())?;
    // Locked for reading while a body is parsed, and for writing by a health check, which so waits as it would for
    // a busy worker.
    let busy = Arc::new(RwLock::new(()));
    for stream in listener.incoming().flatten() {
        let busy = busy.clone();
        thread::spawn(move || converse(&stream, &busy));
    }
    Ok(())
}

fn converse(stream: &TcpStream, busy: &RwLock<()>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (line, length) = read_head(&mut reader)?;
        if line.starts_with("GET /health/") {
            drop(busy.write().unwrap_or_else(PoisonError::into_inner));
            write(stream, "200 OK", "{}")?;
            continue;
        }
        let body = match length {
            Some(length) => {
                let mut body = vec![0; length];
                reader.read_exact(&mut body).ok()?;
                body
            }
            None => read_chunks(&mut reader)?,
        };
        let held = busy.read().unwrap_or_else(PoisonError::into_inner);
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let mut pointers = Vec::new();
        name_each(&value, "#", &mut pointers);
        let answer = pointers.join("\n");
        thread::sleep(HOLD);
        drop((pointers, value, held));
        write(stream, "422 Unprocessable Entity", &answer)?;
    }
}

fn name_each(value: &Value, place: &str, pointers: &mut Vec<String>) {
    pointers.push(place.to_owned());
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        name_each(item, &format!("{place}/{n}"), pointers);
    }
}

/// Reads the first line, and the length of the body; `None` for a chunked body.
fn read_head(reader: &mut impl BufRead) -> Option<(String, Option<usize>)> {
    let mut first = String::new();
    if reader.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            return Some((first, length));
        }
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = Some(bytes.trim().parse().ok()?);
        }
    }
}

fn read_chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let begun = body.len();
        body.resize(begun + size, 0);
        reader.read_exact(body.get_mut(begun..)?).ok()?;
        reader.read_line(&mut String::new()).ok()?;
        if size == 0 {
            return Some(body);
        }
    }
}

fn write(mut stream: &TcpStream, status: &str, body: &str) -> Option<()> {
    let length = body.len();
    stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n").as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}
