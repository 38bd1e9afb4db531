//! Reads a body within the size limit of its operation, a time limit, and a memory budget that all bodies
//! share.

use std::collections::HashMap;
use std::io::Read;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use flate2::read::GzDecoder;
use futures_util::{Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::kernel::http::contract::Contracts;
use crate::kernel::http::middleware::Caller;
use crate::kernel::http::peer::{Peer, subscriber};
use crate::kernel::http::problem::{Code, Problem, Result};
use crate::kernel::shares::{Share, Shares};

/// Bytes of a body, before and after decompression. Uploads have a limit of their own.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// The same for public operations, whose bodies are a user name, a password, a token.
pub const PUBLIC_BODY_LIMIT: usize = 16 * 1024;
/// Large bodies that are parsed concurrently: the parser may allocate 16 MiB for each.
const PARSERS: usize = 2;
/// The time-out for a free parser.
const PARSER_PATIENCE: Duration = Duration::from_millis(2500);
/// Bodies of one caller that wait while another of its bodies is parsed.
const PARSER_LINE: usize = 16;
/// Memory for the bodies of authenticated requests.
const BUDGET_KIB: usize = 256 * 1024;
/// Memory for the bodies of public operations, in addition.
const PUBLIC_BUDGET_KIB: usize = 64 * 1024;
/// The most that the bodies of one caller hold of it.
const CALLER_KIB: usize = 16 * 1024;
const KIB: usize = 1024;
/// Bodies that are received concurrently. Each holds a connection, and file descriptors are bounded.
const ARRIVING: usize = 4096;

/// Semaphores and counters that all requests share.
pub struct Bodies {
    budget: Arc<Semaphore>,
    public_budget: Arc<Semaphore>,
    holders: Arc<Holders>,
    parsers: Arc<Semaphore>,
    parser_lines: Arc<Shares<Sender>>,
    arriving: Semaphore,
    within: Duration,
}

impl Bodies {
    /// `within`: the time-out for a complete body.
    pub fn new(within: Duration) -> Self {
        Self {
            budget: Arc::new(Semaphore::new(BUDGET_KIB)),
            public_budget: Arc::new(Semaphore::new(PUBLIC_BUDGET_KIB)),
            holders: Arc::default(),
            parsers: Arc::new(Semaphore::new(PARSERS)),
            parser_lines: Shares::new(1, PARSER_LINE),
            arriving: Semaphore::new(ARRIVING),
            within,
        }
    }

    fn begin(&self, sender: Sender, is_compressed: bool, limit: usize) -> Body {
        Body {
            received: Vec::new(),
            is_compressed,
            limit,
            parsers: self.parsers.clone(),
            parser_lines: self.parser_lines.clone(),
            hold: Hold { holders: self.holders.clone(), sender, kib: 0 },
            share: None,
        }
    }
}

/// The user or key that a body counts for in memory and parsers, else the address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sender {
    Caller(Caller),
    Address(Option<IpAddr>),
}

impl Sender {
    fn of(request: &HttpRequest) -> Self {
        let caller = request.extensions().get::<Caller>().copied();
        caller.map_or_else(|| Self::Address(Peer::of(request).address.map(subscriber)), Self::Caller)
    }
}

/// KiB that the bodies of each sender hold.
type Holders = Mutex<HashMap<Sender, usize>>;

/// The KiB that one body holds, released on drop.
struct Hold {
    holders: Arc<Holders>,
    sender: Sender,
    kib: usize,
}

impl Hold {
    fn grow(&mut self, more: usize) -> Result<()> {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        let held = holders.entry(self.sender).or_default();
        if *held + more > CALLER_KIB {
            return Err(Problem::overloaded("the bodies of this caller use up its memory").closing());
        }
        *held += more;
        drop(holders);
        self.kib += more;
        Ok(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = holders.get_mut(&self.sender) {
            *held -= self.kib;
            if *held == 0 {
                holders.remove(&self.sender);
            }
        }
    }
}

/// A permit to parse, released on drop.
pub struct ParserTurn {
    _own: Share<Sender>,
    _parser: OwnedSemaphorePermit,
}

/// A received body and its share of the budget.
pub struct Body {
    received: Vec<u8>,
    is_compressed: bool,
    limit: usize,
    parsers: Arc<Semaphore>,
    parser_lines: Arc<Shares<Sender>>,
    hold: Hold,
    share: Option<OwnedSemaphorePermit>,
}

impl Body {
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// An upper bound of its size after decompression.
    pub fn content_limit(&self) -> usize {
        if self.is_compressed { self.limit } else { self.received.len() }
    }

    /// Waits for a free parser, and for other bodies of the same caller.
    pub async fn parser_turn(&self) -> Result<ParserTurn> {
        let deadline = Instant::now() + PARSER_PATIENCE;
        let own = self.parser_lines.take(self.hold.sender, deadline).await?;
        let parser = timeout_at(deadline, self.parsers.clone().acquire_owned()).await;
        let parser = parser.map_err(|_elapsed| Problem::overloaded("no parser was free in time"))?;
        Ok(ParserTurn { _own: own, _parser: parser.map_err(Problem::internal)? })
    }

    /// The decompressed body.
    pub fn content(self) -> Result<Vec<u8>> {
        if !self.is_compressed {
            return Ok(self.received);
        }
        let mut content = Vec::new();
        let most = u64::try_from(self.limit + 1).unwrap_or(u64::MAX);
        let read = GzDecoder::new(self.received.as_slice()).take(most).read_to_end(&mut content);
        match read {
            Ok(size) if size > self.limit => Err(Problem::new(Code::PAYLOAD_TOO_LARGE)),
            Ok(_) => Ok(content),
            Err(_not_gzip) => Err(Problem::new(Code::MALFORMED_REQUEST)),
        }
    }

    fn add(&mut self, chunk: &[u8], bodies: &Bodies) -> Result<()> {
        let size = self.received.len() + chunk.len();
        if size > self.limit {
            return Err(Problem::new(Code::PAYLOAD_TOO_LARGE).closing());
        }
        let held = self.share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = size.div_ceil(KIB).saturating_sub(held);
        if missing > 0 {
            self.hold.grow(missing)?;
            let missing = u32::try_from(missing).unwrap_or(u32::MAX);
            let budget = if self.limit == PUBLIC_BODY_LIMIT { &bodies.public_budget } else { &bodies.budget };
            let more = budget.clone().try_acquire_many_owned(missing);
            let more = more.map_err(|_used_up| Problem::overloaded("the memory for bodies is used up").closing())?;
            match &mut self.share {
                Some(share) => share.merge(more),
                None => self.share = Some(more),
            }
        }
        self.received.extend_from_slice(chunk);
        Ok(())
    }
}

/// Whether the body is compressed; `None` for an unsupported content coding.
fn is_compressed(request: &HttpRequest) -> Option<bool> {
    match request.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"identity") => Some(false),
        Some(b"gzip") => Some(true),
        Some(_) => None,
    }
}

/// Reads the body of a request.
pub fn read(request: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Body>> + use<> {
    let bodies = request.app_data::<Data<Bodies>>().cloned();
    let limit = if Contracts::is_public(request) { PUBLIC_BODY_LIMIT } else { BODY_LIMIT };
    let is_compressed = is_compressed(request);
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let payload = payload.take();
    let sender = Sender::of(request);
    async move {
        let bodies = bodies.ok_or_else(|| Problem::internal("no budget for bodies"))?;
        let is_compressed = is_compressed.ok_or_else(|| Problem::new(Code::UNSUPPORTED_MEDIA_TYPE))?;
        if announced.is_some_and(|size| size > limit) {
            return Err(Problem::new(Code::PAYLOAD_TOO_LARGE).closing());
        }
        let _arriving = bodies.arriving.try_acquire().map_err(|_many| {
            // The connection is closed after the answer, so that the rest of the body is not read.
            Problem::overloaded("too many bodies arrive at once").closing()
        })?;
        let body = bodies.begin(sender, is_compressed, limit);
        let arrival = timeout(bodies.within, collect(Box::pin(payload), body, &bodies)).await;
        arrival.map_err(|_elapsed| Problem::new(Code::REQUEST_TIMEOUT).closing())?
    }
}

async fn collect<P>(mut payload: Pin<Box<P>>, mut body: Body, bodies: &Bodies) -> Result<Body>
where
    P: Stream<Item = Result<actix_web::web::Bytes, PayloadError>>,
{
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match error {
            PayloadError::Overflow => Problem::new(Code::PAYLOAD_TOO_LARGE),
            _ => Problem::new(Code::MALFORMED_REQUEST),
        })?;
        body.add(&chunk, bodies)?;
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// A body of the sender with this number.
    fn body(bodies: &Bodies, sender: u8, limit: usize) -> Body {
        bodies.begin(Sender::Address(Some([203, 0, 113, sender].into())), false, limit)
    }

    #[test]
    fn bodies_share_a_budget_and_give_it_back() {
        let bodies = Bodies::new(Duration::from_secs(1));
        let mut all = Vec::new();
        for index in 0..u8::MAX {
            let mut one = body(&bodies, index / 16, BODY_LIMIT);
            one.add(&vec![b' '; BODY_LIMIT], &bodies).unwrap();
            all.push(one);
        }
        let mut last = body(&bodies, 15, BODY_LIMIT);
        last.add(&vec![b' '; BODY_LIMIT], &bodies).unwrap();
        all.push(last);
        let mut surplus = body(&bodies, 16, BODY_LIMIT);
        assert_eq!(surplus.add(b"{", &bodies).unwrap_err().code(), Code::OVERLOADED);
        // Bodies of public operations, such as sign-in, have a separate budget.
        body(&bodies, 17, PUBLIC_BODY_LIMIT).add(b"{", &bodies).unwrap();
        all.pop();
        surplus = body(&bodies, 16, BODY_LIMIT);
        surplus.add(b"{", &bodies).unwrap();
        drop((all, surplus));
        assert_eq!(bodies.budget.available_permits(), BUDGET_KIB);
        assert!(bodies.holders.lock().unwrap().is_empty());
    }

    #[test]
    fn one_sender_holds_its_part_and_leaves_the_rest_to_others() {
        let bodies = Bodies::new(Duration::from_secs(1));
        let mut own: Vec<Body> = (0..16).map(|_| body(&bodies, 1, BODY_LIMIT)).collect();
        for one in &mut own {
            one.add(&vec![b' '; BODY_LIMIT], &bodies).unwrap();
        }
        assert_eq!(body(&bodies, 1, BODY_LIMIT).add(b"{", &bodies).unwrap_err().code(), Code::OVERLOADED);
        body(&bodies, 2, BODY_LIMIT).add(b"{", &bodies).unwrap();
        own.pop();
        body(&bodies, 1, BODY_LIMIT).add(b"{", &bodies).unwrap();
    }

    #[test]
    fn a_compressed_body_has_the_same_limit_once_it_is_whole() {
        let bodies = Bodies::new(Duration::from_secs(1));
        let unpacked = |size: usize| {
            let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
            zip.write_all(&vec![b'0'; size]).unwrap();
            let mut packed = body(&bodies, 1, BODY_LIMIT);
            packed.is_compressed = true;
            packed.add(&zip.finish().unwrap(), &bodies).unwrap();
            packed.content().map(|content| content.len())
        };
        assert_eq!(unpacked(BODY_LIMIT).unwrap(), BODY_LIMIT);
        assert_eq!(unpacked(BODY_LIMIT + 1).unwrap_err().code(), Code::PAYLOAD_TOO_LARGE);
        assert_eq!(unpacked(100 * BODY_LIMIT).unwrap_err().code(), Code::PAYLOAD_TOO_LARGE);
    }
}
