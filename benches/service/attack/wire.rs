//! HTTP/1.1 over plain TCP connections, with a chosen source address and control over each write and read.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// The number of source addresses, from 127.0.0.2 on.
pub const ATTACKERS: usize = 249;
/// The time-out of an answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn attacker(n: usize) -> Ipv4Addr {
    let last = u8::try_from(n % ATTACKERS).unwrap_or(0);
    Ipv4Addr::new(127, 0, 0, 2 + last)
}

pub fn connect(server: SocketAddr, from: Ipv4Addr) -> Result<TcpStream, String> {
    let connected = Socket::new(Domain::IPV4, Type::STREAM, None).and_then(|socket| {
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.connect_timeout(&server.into(), PATIENCE)?;
        Ok(socket)
    });
    connected.map(Into::into).map_err(|error| format!("cannot connect from {from}: {error}"))
}

/// The framing of a body.
#[derive(Clone, Copy)]
pub enum Length {
    Announced(usize),
    Chunked,
}

/// The head of a request with a JSON body.
pub fn head(path: &str, token: Option<&str>, length: Length, more: &str) -> Vec<u8> {
    let length = match length {
        Length::Announced(bytes) => format!("Content-Length: {bytes}"),
        Length::Chunked => "Transfer-Encoding: chunked".to_owned(),
    };
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{token}{more}{length}\r\n\r\n"
    )
    .into_bytes()
}

/// Encodes a body in chunks.
pub fn chunked(body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::with_capacity(body.len() + 1024);
    for chunk in body.chunks(64 * 1024) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend(b"\r\n");
    }
    chunks.extend(b"0\r\n\r\n");
    chunks
}

pub struct Answer {
    pub status: u16,
    /// Bytes of its body.
    pub size: usize,
    /// The server closes the connection after it.
    pub closes: bool,
}

/// Sends a request and reads its answer. A failed write is ignored where there is an answer: the server may answer
/// and close without reading the whole body.
pub fn ask(stream: &mut TcpStream, request: &[&[u8]]) -> Result<Answer, String> {
    let written = request.iter().try_for_each(|part| stream.write_all(part));
    read_answer(stream).map_err(|error| match written {
        Ok(()) => error,
        Err(unwritten) => format!("{error}; not all was written: {unwritten}"),
    })
}

/// Parses the status of a partly received answer.
pub fn status(answer: &[u8]) -> Option<u16> {
    std::str::from_utf8(answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()
}

fn read_answer(stream: &mut TcpStream) -> Result<Answer, String> {
    let mut received = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let end = received.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let status = status(&received).ok_or("no status line")?;
            let head = String::from_utf8_lossy(received.get(..end).unwrap_or_default()).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let size = rest(stream, received.len() - end - 4, length.ok_or("an answer without a length")?)?;
            let closes =
                head.lines().any(|line| line.strip_prefix("connection:").is_some_and(|how| how.trim() == "close"));
            return Ok(Answer { status, size, closes });
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err("closed without an answer".into()),
            Ok(read) => received.extend(buffer.iter().take(read)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("no answer: {error}")),
        }
    }
}

/// Reads and discards the rest of a body.
fn rest(stream: &mut TcpStream, mut received: usize, length: usize) -> Result<usize, String> {
    let mut buffer = [0; 16 * 1024];
    while received < length {
        match stream.read(&mut buffer) {
            Ok(0) => return Err("an answer that ends too early".into()),
            Ok(read) => received += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("half an answer: {error}")),
        }
    }
    Ok(received)
}
