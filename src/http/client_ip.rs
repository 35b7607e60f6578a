//! The address of the client of a request, seen through the proxies that the config trusts.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

use crate::domain::network::IpNetwork;

/// Address of the client that made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientIp(IpAddr);

impl ClientIp {
    /// Determines the client of a request from the peer of its connection.
    ///
    /// `X-Forwarded-For` is read from its end, where the nearest proxy writes, and only as far as
    /// the addresses are those of `trusted` proxies: the first other address is the client.
    pub(crate) fn new(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNetwork]) -> Self {
        let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
        let mut client = peer.to_canonical();
        let lines: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|line| line.to_str().ok())
            .collect();
        let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        while is_trusted(client) {
            // If a trusted proxy wrote something other than an address, the chain ends at that proxy.
            match hops.next().and_then(parse_hop) {
                Some(hop) => client = hop,
                None => break,
            }
        }
        Self(client)
    }

    /// Returns the network that requests are counted for: an IPv4 address or an IPv6 /64; `None`
    /// for a client on this machine, and for all whose address no proxy on this machine states.
    pub(crate) fn network(self) -> Option<IpAddr> {
        match self.0 {
            ip if ip.is_loopback() => None,
            IpAddr::V6(v6) => {
                Some(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into())
            }
            v4 @ IpAddr::V4(_) => Some(v4),
        }
    }
}

/// Parses an element of `X-Forwarded-For`. Some proxies add a port, quotation marks, brackets around
/// an IPv6 address, or its zone.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let host = match (text.strip_prefix('['), text.split_once(':')) {
        (Some(bracketed), _) => bracketed.split_once(']')?.0,
        (None, Some((host, port))) if !port.contains(':') => host,
        _ => text,
    };
    let address = host.split('%').next().unwrap_or_default().parse::<IpAddr>();
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNetwork> =
            trusted.iter().map(|text| IpNetwork::parse(text).unwrap()).collect();
        ClientIp::new(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    const LOOPBACK: &[&str] = &["127.0.0.1/32", "::1/128"];

    #[test]
    fn only_trusted_peers_may_name_another_client() {
        let forwarded = ["9.9.9.9, 203.0.113.7"];
        assert_eq!(client("127.0.0.1", &forwarded, LOOPBACK), "203.0.113.7");
        assert_eq!(client("::ffff:127.0.0.1", &forwarded, LOOPBACK), "203.0.113.7");
        for peer in ["172.17.0.1", "192.168.1.1", "198.51.100.1", "fd00::1"] {
            assert_eq!(client(peer, &forwarded, LOOPBACK), peer);
        }
        assert_eq!(client("127.0.0.1", &forwarded, &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[], LOOPBACK), "127.0.0.1");
    }

    #[test]
    fn a_chain_of_proxies_is_followed_to_the_first_untrusted_address() {
        let trusted = ["127.0.0.1/32", "10.0.0.0/8"];
        let through = |lines: &[&str]| client("127.0.0.1", lines, &trusted);
        assert_eq!(through(&["6.6.6.6, 203.0.113.7, 10.1.2.3"]), "203.0.113.7");
        assert_eq!(through(&["6.6.6.6", "203.0.113.7:4711", "10.1.2.3"]), "203.0.113.7");
        assert_eq!(through(&["[2001:db8::7]:443"]), "2001:db8::7");
        // Only proxies: the farthest one is all that is known.
        assert_eq!(through(&["10.9.9.9, 10.1.2.3"]), "10.9.9.9");
        for written in [
            "203.0.113.7:99999",
            "203.0.113.7:",
            "\"203.0.113.7:80\"",
            "[::ffff:203.0.113.7]",
            "::ffff:203.0.113.7",
        ] {
            assert_eq!(through(&[written]), "203.0.113.7", "{written}");
        }
        assert_eq!(through(&["[2001:db8::7]", "10.1.2.3"]), "2001:db8::7");
        assert_eq!(through(&["[2001:db8::7%eth0]:443"]), "2001:db8::7");
        for hidden in ["_hidden", "", "[2001:db8::7", "for=203.0.113.7", "203.0.113"] {
            assert_eq!(through(&[hidden]), "127.0.0.1", "{hidden}");
        }
        assert_eq!(through(&["6.6.6.6, unknown"]), "127.0.0.1");
        assert_eq!(through(&["6.6.6.6, unknown, 10.1.2.3"]), "10.1.2.3");
    }

    #[test]
    fn requests_are_counted_by_ipv4_address_and_ipv6_network() {
        let network = |ip: &str| ClientIp(ip.parse().unwrap()).network().map(|ip| ip.to_string());
        assert_eq!(network("203.0.113.7").as_deref(), Some("203.0.113.7"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1:2::"));
        assert_eq!((network("127.0.0.1"), network("::1")), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn forged_headers_never_panic_and_never_change_an_untrusted_peer(text in "[ -~]{0,60}") {
            let _ = client("127.0.0.1", &[text.as_str()], LOOPBACK);
            proptest::prop_assert_eq!(client("203.0.113.9", &[text.as_str()], LOOPBACK), "203.0.113.9");
        }
    }
}
