//! The network of a caller.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of an address: its /24 (IPv4) or its /48 (IPv6, what one customer of a network operator has at the
/// most). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkPrefix(String);

impl NetworkPrefix {
    /// The network of an address. An IPv4 address written as IPv6 is the IPv4 address.
    #[must_use]
    pub fn from_ip(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self(format!("{}/24", Ipv4Addr::new(a, b, c, 0)))
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                Self(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
            }
        }
    }

    /// Reads back what [`as_str`](Self::as_str) gave. `None` if the text is anything else.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let (address, _) = text.split_once('/')?;
        let network = Self::from_ip(address.parse().ok()?);
        (network.0 == text).then_some(network)
    }

    /// The network as text, such as `203.0.113.0/24` or `2001:db8:1::/48`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<NetworkPrefix> for String {
    fn from(network: NetworkPrefix) -> Self {
        network.0
    }
}

impl fmt::Debug for NetworkPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetworkPrefix(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_network() {
        for (address, network) in [
            ("203.0.113.7", "203.0.113.0/24"),
            ("203.0.113.255", "203.0.113.0/24"),
            ("203.0.114.0", "203.0.114.0/24"),
            ("::ffff:203.0.113.7", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("2001:db8:1:ffff::", "2001:db8:1::/48"),
            ("2001:db8:2::1", "2001:db8:2::/48"),
            ("::1", "::/48"),
        ] {
            let prefix = NetworkPrefix::from_ip(address.parse().unwrap());
            assert_eq!(prefix.as_str(), network);
            assert_eq!(NetworkPrefix::from_stored(network).as_ref(), Some(&prefix));
            assert_eq!(String::from(prefix), network);
        }
    }

    #[test]
    fn debug_shows_no_network() {
        let network = NetworkPrefix::from_ip(IpAddr::from([203, 0, 113, 7]));
        assert_eq!(format!("{network:?}"), "NetworkPrefix(…)");
    }

    #[test]
    fn only_a_network_is_read_back() {
        for wrong in ["", "/", "203.0.113.7", "203.0.113.7/24", "203.0.113.0/16", "2001:db8:1::/64", "a/24"] {
            assert_eq!(NetworkPrefix::from_stored(wrong), None, "{wrong}");
        }
    }
}
