//! Who calls: the address of the connection, or what a listed proxy says it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;
use tokio::time::Instant;

use crate::Http;

/// The header that proxies append the address of their peer to.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// So many entries are looked at; a longer chain is not one of real proxies.
const MAX_CHAIN: usize = 32;
/// How often the log says that the header comes from elsewhere.
const WARN_EVERY: Duration = Duration::from_secs(600);

/// Decides whose `X-Forwarded-For` is believed.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
    ignored: AtomicU64,
    warned_at: Mutex<Option<Instant>>,
    no_peer: AtomicBool,
}

impl Proxies {
    pub(crate) fn new(trusted: Vec<IpNet>) -> Self {
        Self { trusted, ..Self::default() }
    }

    /// How many requests had the header although their peer is not a listed proxy.
    pub(crate) fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    /// The address of the caller.
    ///
    /// The chain is walked from the right, because only what a listed proxy appended is known to be true; the first
    /// address that is not a listed proxy is the caller. Anything unreadable on the way makes it the peer.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !headers.contains_key(FORWARDED_FOR) {
            return peer;
        }
        if !self.trusts(peer) {
            self.note_ignored();
            return peer;
        }
        let mut client = peer;
        let values: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
        let entries = values.iter().rev().flat_map(|value| value.to_str().unwrap_or("?").rsplit(','));
        for (index, entry) in entries.enumerate() {
            let Some(address) = address(entry).filter(|_| index < MAX_CHAIN) else { return peer };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }

    fn note_ignored(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut warned_at = self.warned_at.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_at.is_none_or(|at| now.duration_since(at) >= WARN_EVERY) {
            *warned_at = Some(now);
            tracing::warn!(
                "X-Forwarded-For is ignored because it does not come from a trusted proxy; if there is a proxy in \
                 front, list its network in WARTEL_TRUSTED_PROXIES"
            );
        }
    }

    /// Without an address of the connection every caller counts as one, so that limits hold all the same.
    fn without_peer(&self) -> IpAddr {
        if !self.no_peer.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "the addresses of callers are unknown, so all share one limit; serve the router with \
                 `into_make_service_with_connect_info::<SocketAddr>()`"
            );
        }
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

/// An address, with or without a port; IPv6 with a port in brackets.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.parse::<IpAddr>().ok();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || entry.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    bare.or_else(bracketed).or_else(with_port).map(|address| address.to_canonical())
}

/// The address of the caller, as [`HttpConfig::trusted_proxies`](crate::HttpConfig::trusted_proxies) lets it be known.
///
/// Needs `axum::extract::ConnectInfo<SocketAddr>`; without it every caller is `0.0.0.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

impl<S> FromRequestParts<S> for ClientIp
where
    Http: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, state).await.ok();
        let http = Http::from_ref(state);
        let proxies = http.proxies();
        Ok(Self(match peer {
            Some(ConnectInfo(peer)) => proxies.client(peer.ip(), &parts.headers),
            None => proxies.without_peer(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, forwarded: &[&str]) -> (String, u64) {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        (proxies.client(peer.parse().unwrap(), &headers).to_string(), proxies.ignored())
    }

    #[tokio::test]
    async fn the_header_is_believed_only_from_a_listed_proxy() {
        let long = vec![PROXY; 40].join(", ");
        for (peer, forwarded, expected) in [
            // No header, or not from a proxy of ours.
            ("203.0.113.9", &[][..], "203.0.113.9"),
            (PROXY, &[], PROXY),
            // The right-most address that is not a proxy of ours; what stands left of it is hearsay.
            (PROXY, &["198.51.100.7"], "198.51.100.7"),
            (PROXY, &["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            (PROXY, &["1.1.1.1, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            (PROXY, &["nonsense, 198.51.100.7"], "198.51.100.7"),
            // Several headers are one chain.
            (PROXY, &["1.1.1.1", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            // Only proxies of ours: the furthest.
            (PROXY, &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // Junk where an address must be, and chains without end.
            (PROXY, &["nonsense"], PROXY),
            (PROXY, &[""], PROXY),
            (PROXY, &["198.51.100.7, nonsense"], PROXY),
            (PROXY, &["198.51.100.7,, 10.0.0.2"], PROXY),
            (PROXY, &["198.51.100.7\u{7f}é"], PROXY),
            (PROXY, &[long.as_str()], PROXY),
            // Ports, brackets and addresses of the other family.
            (PROXY, &["198.51.100.7:4711"], "198.51.100.7"),
            (PROXY, &["[2001:db8::1]:4711"], "2001:db8::1"),
            (PROXY, &["[2001:db8::1]"], "2001:db8::1"),
            (PROXY, &["2001:db8::1"], "2001:db8::1"),
            (PROXY, &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("fd00::1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:203.0.113.9", &[], "203.0.113.9"),
        ] {
            // HeaderValue refuses DEL, so that row is sent without it.
            let forwarded: Vec<String> = forwarded.iter().map(|value| value.replace('\u{7f}', "")).collect();
            let forwarded: Vec<&str> = forwarded.iter().map(String::as_str).collect();
            assert_eq!(client(peer, &forwarded), (expected.to_owned(), 0), "{peer} {forwarded:?}");
        }
        assert_eq!(client("203.0.113.9", &["198.51.100.7"]), ("203.0.113.9".to_owned(), 1));
    }

    #[tokio::test]
    async fn a_thousand_random_headers_of_a_stranger_are_one_caller() {
        let proxies = Proxies::default();
        for n in 0..1_000_u32 {
            let mut headers = HeaderMap::new();
            headers.insert(
                FORWARDED_FOR,
                Ipv4Addr::from(n.wrapping_mul(2_654_435_761)).to_string().parse().unwrap(),
            );
            assert_eq!(proxies.client("203.0.113.9".parse().unwrap(), &headers).to_string(), "203.0.113.9");
        }
        assert_eq!(proxies.ignored(), 1_000);
    }
}
