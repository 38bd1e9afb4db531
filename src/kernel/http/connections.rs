//! Limits the connections of each address, and closes a connection whose peer does not read its answer.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use crate::kernel::http::peer::{TrustedProxy, subscriber};
use crate::kernel::metrics::Metrics;

/// The open connections of a server.
pub struct Connections {
    per_address: u32,
    unread: Duration,
    trusted: TrustedProxy,
    open: Mutex<HashMap<IpAddr, u32>>,
    metrics: Arc<Metrics>,
}

/// One open connection, counted until it is dropped.
struct Held {
    connections: Arc<Connections>,
    /// `None` where connections are not counted: behind a proxy all have the same address.
    address: Option<IpAddr>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.connections.metrics.connection_closed();
        let Some(address) = self.address else { return };
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

impl Connections {
    /// `per_address`: 0 is no limit; `unread`: the time-out for unacknowledged bytes.
    pub fn new(per_address: u32, unread: Duration, trusted: TrustedProxy, metrics: Arc<Metrics>) -> Self {
        Self { per_address, unread, trusted, open: Mutex::default(), metrics }
    }

    /// Counts a new connection in `kept`, which is dropped with the connection, or closes it.
    pub fn admit(self: &Arc<Self>, connection: &dyn Any, kept: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        let socket = SockRef::from(stream);
        // Closes the connection when bytes stay unacknowledged, or the peer's receive window closed, for this
        // time. Only the kernel sees whether an answer makes progress.
        #[cfg(target_os = "linux")]
        if let Err(error) = socket.set_tcp_user_timeout(Some(self.unread)) {
            log::warn!("a connection has no time limit for its answers: {error}");
        }
        let address = stream.peer_addr().ok().map(|peer| peer.ip().to_canonical());
        match self.hold(address) {
            Some(held) => {
                kept.insert(held);
            }
            None => {
                self.metrics.connection_refused();
                // Fails where the peer has closed the connection.
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }

    fn hold(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Held> {
        let counted = address.filter(|address| self.per_address > 0 && !self.trusted.is(*address)).map(subscriber);
        if let Some(address) = counted {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(address).or_default();
            if *count >= self.per_address {
                return None;
            }
            *count += 1;
        }
        self.metrics.connection_opened();
        Some(Held { connections: self.clone(), address: counted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(trusted: &str) -> Arc<Connections> {
        let trusted = trusted.parse().unwrap();
        Arc::new(Connections::new(2, Duration::from_secs(1), trusted, Arc::default()))
    }

    #[test]
    fn an_address_holds_so_many_and_another_one_its_own() {
        let connections = connections("");
        let hold = |address: &str| connections.hold(Some(address.parse().unwrap()));
        let (one, other) = (hold("203.0.113.9"), hold("203.0.113.9"));
        assert!(one.is_some() && other.is_some() && hold("203.0.113.9").is_none());
        assert!(hold("203.0.113.10").is_some());
        drop(one);
        assert!(hold("203.0.113.9").is_some());
        drop(other);
        assert!(connections.open.lock().unwrap().is_empty(), "addresses without connections are removed");
        // IPv6 addresses count by /64.
        let _both = (hold("2001:db8::1"), hold("2001:db8::2"));
        assert!(hold("2001:db8::3").is_none() && hold("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn the_proxy_holds_as_many_as_it_opens() {
        let connections = connections("10.0.0.1");
        let held: Vec<_> = (0..5).map(|_| connections.hold(Some("10.0.0.1".parse().unwrap()))).collect();
        assert!(held.iter().all(Option::is_some));
    }
}
