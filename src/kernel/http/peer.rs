//! Determines the address of the caller. `X-Forwarded-For` is trusted from the configured proxies only,
//! because any client can send the header.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderName, X_FORWARDED_FOR, X_FORWARDED_PROTO};
use actix_web::{FromRequest, HttpMessage, web};
use ipnet::IpNet;

use crate::kernel::http::problem::Problem;

/// The addresses of the proxies in front of the service.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxy(Vec<IpNet>);

impl FromStr for TrustedProxy {
    type Err = String;

    /// Parses addresses and networks, separated by commas; an empty text trusts no proxy.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network = |part: &str| {
            let address = part.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_no_address| part.parse())
                .map_err(|_no_network| format!("`{part}` is neither an address nor a network"))
        };
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxy {
    pub fn is(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The address by which clients are counted: for IPv6 the /64 network, in which one subscriber can use
/// any address.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// The origins that CORS allows.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<String>);

impl FromStr for Origins {
    type Err = String;

    /// Parses `scheme://host` or `scheme://host:port`, separated by commas. `*` is rejected: each origin is
    /// configured explicitly.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let origin = |part: &str| {
            let host = part.strip_prefix("https://").or_else(|| part.strip_prefix("http://"));
            let good =
                |host: &str| !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c));
            match host.filter(|host| good(host)) {
                Some(_) => Ok(part.to_owned()),
                None => Err(format!("`{part}` is not an origin such as https://app.example.vn")),
            }
        };
        parts.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

impl Origins {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The sender of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The caller's address; `None` for a Unix socket, which has none.
    pub address: Option<IpAddr>,
    /// The proxy forwarded the request, by its headers. The address does not tell: Prometheus beside nginx
    /// has the proxy's address and sends no such header.
    pub is_forwarded: bool,
    /// The request reached the proxy without TLS.
    pub is_insecure: bool,
    /// The proxy's header is unreadable. Such a request is rejected, since callers could not be distinguished.
    pub is_unreadable: bool,
}

impl Peer {
    pub fn of(request: &HttpRequest) -> Self {
        if let Some(known) = request.extensions().get::<Self>() {
            return *known;
        }
        let socket = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let trusted = request.app_data::<web::Data<TrustedProxy>>();
        let header = |name: HeaderName| {
            let values = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).map(str::trim).collect::<Vec<_>>()
        };
        let peer = match (socket, trusted) {
            (Some(socket), Some(trusted)) if trusted.is(socket) => {
                let address = forwarded(socket, &header(X_FORWARDED_FOR), trusted);
                Self {
                    address,
                    is_forwarded: [FORWARDED, X_FORWARDED_FOR, X_FORWARDED_PROTO]
                        .iter()
                        .any(|name| request.headers().contains_key(name)),
                    is_insecure: header(X_FORWARDED_PROTO).iter().any(|scheme| scheme.eq_ignore_ascii_case("http")),
                    is_unreadable: address.is_none(),
                }
            }
            _ => Self { address: socket, is_forwarded: false, is_insecure: false, is_unreadable: false },
        };
        request.extensions_mut().insert(peer);
        peer
    }
}

/// The caller's address in `X-Forwarded-For`. Each proxy appends the address of its peer, so the last address
/// that is no trusted proxy is the caller; the addresses before it were sent by the caller. `None` where an
/// entry cannot be parsed.
fn forwarded(socket: IpAddr, chain: &[&str], trusted: &TrustedProxy) -> Option<IpAddr> {
    let mut last = socket;
    for hop in chain.iter().rev() {
        last = address_of(hop)?;
        if !trusted.is(last) {
            break;
        }
    }
    Some(last)
}

/// Parses `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`, quoted or not.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

impl FromRequest for Peer {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;
    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn peer(socket: &str, trusted: &str, headers: &[(&str, &str)]) -> Peer {
        let mut request = TestRequest::default()
            .peer_addr(format!("{socket}:4711").parse().unwrap())
            .app_data(web::Data::new(trusted.parse::<TrustedProxy>().unwrap()));
        for header in headers {
            request = request.append_header(*header);
        }
        Peer::of(&request.to_http_request())
    }

    fn address(socket: &str, trusted: &str, chain: &str) -> String {
        peer(socket, trusted, &[("X-Forwarded-For", chain)]).address.unwrap().to_string()
    }

    #[test]
    fn a_header_is_believed_of_the_proxy_alone() {
        assert_eq!(address("203.0.113.9", "", "1.2.3.4"), "203.0.113.9");
        assert_eq!(address("203.0.113.9", "10.0.0.0/8", "1.2.3.4"), "203.0.113.9");
        assert_eq!(address("10.1.1.1", "10.0.0.0/8", "1.2.3.4"), "1.2.3.4");
        assert!(!peer("203.0.113.9", "10.0.0.1", &[("X-Forwarded-Proto", "http")]).is_insecure);
        assert!(peer("10.0.0.1", "10.0.0.1", &[("X-Forwarded-Proto", "http")]).is_insecure);
        assert!(!peer("10.0.0.1", "10.0.0.1", &[("X-Forwarded-Proto", "https")]).is_insecure);
    }

    #[test]
    fn who_calls_from_the_machine_of_the_proxy_did_not_come_through_it() {
        let is_forwarded = |socket: &str, headers: &[(&str, &str)]| peer(socket, "127.0.0.1", headers).is_forwarded;
        assert!(!is_forwarded("127.0.0.1", &[]));
        for header in [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=1.2.3.4")] {
            assert!(is_forwarded("127.0.0.1", &[header]), "{header:?}");
            assert!(!is_forwarded("203.0.113.9", &[header]), "{header:?}");
        }
    }

    #[test]
    fn of_a_chain_the_last_that_is_no_proxy_is_the_caller() {
        let trusted = "10.0.0.0/8, 192.168.0.1";
        assert_eq!(address("10.1.1.1", trusted, "6.6.6.6, 1.2.3.4, 192.168.0.1"), "1.2.3.4");
        for unreadable in ["rubbish", "unknown", "", "1.2.3.4, ", "1.2.3.4:x", "1.2.3.4, unknown", "_hidden"] {
            let peer = peer("10.1.1.1", trusted, &[("X-Forwarded-For", unreadable)]);
            assert!(peer.address.is_none() && peer.is_unreadable, "{unreadable}");
        }
        for (said, meant) in [
            ("1.2.3.4:4711", "1.2.3.4"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("rubbish, 1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4:80, 10.2.2.2:443", "1.2.3.4"),
        ] {
            assert_eq!(address("10.1.1.1", trusted, said), meant, "{said}");
        }
        assert_eq!(peer("10.1.1.1", trusted, &[]).address.unwrap().to_string(), "10.1.1.1", "the proxy itself asks");
        assert_eq!(address("10.1.1.1", trusted, "::ffff:1.2.3.4"), "1.2.3.4");
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        let known = "https://app.example.vn, http://localhost:5173".parse::<Origins>().unwrap();
        assert_eq!(known.iter().collect::<Vec<_>>(), ["https://app.example.vn", "http://localhost:5173"]);
        for wrong in ["*", "app.example.vn", "https://app.example.vn/", "https://", "null"] {
            assert!(wrong.parse::<Origins>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_and_networks_are_understood_and_nothing_else() {
        assert!("10.0.0.0/8,::1, 1.2.3.4".parse::<TrustedProxy>().is_ok());
        assert!("".parse::<TrustedProxy>().unwrap().0.is_empty());
        assert!("proxy.example.vn".parse::<TrustedProxy>().is_err());
    }
}
