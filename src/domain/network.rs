//! IP networks, and the addresses to which requests may be sent on behalf of untrusted clients.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses, for example `10.0.0.0/8` or `fd00::/8` (RFC 4632, RFC 4291 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpNetwork {
    first: IpAddr,
    prefix: u8,
}

impl IpNetwork {
    /// Parses a network; an address without a prefix length is a network of one address.
    ///
    /// # Errors
    /// A message if the text is not a network, or if bits after the prefix are set.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let error = || {
            format!(
                "`{text}` is not a valid network; write for example 10.0.0.0/8, 192.168.1.7 or fd00::/8"
            )
        };
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let first: IpAddr = address.parse().map_err(|_| error())?;
        let max_prefix: u8 = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| error())?
            }
            Some(_) => return Err(error()),
            None => max_prefix,
        };
        if prefix > max_prefix {
            return Err(error());
        }
        let network = Self { first, prefix };
        let network_address = network.masked(first);
        if network_address != first {
            return Err(format!(
                "`{text}` has bits set after its prefix; write {network_address}/{prefix}"
            ));
        }
        Ok(network)
    }

    /// Returns `true` if the network contains the address; never for the other address family.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && self.masked(address) == self.first
    }

    fn masked(&self, address: IpAddr) -> IpAddr {
        let prefix = u32::from(self.prefix);
        match address {
            IpAddr::V4(v4) => {
                Ipv4Addr::from_bits(v4.to_bits() & u32::MAX.checked_shl(32 - prefix).unwrap_or(0))
                    .into()
            }
            IpAddr::V6(v6) => {
                Ipv6Addr::from_bits(v6.to_bits() & u128::MAX.checked_shl(128 - prefix).unwrap_or(0))
                    .into()
            }
        }
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// IPv4 blocks that are not globally reachable or that strangers must not make this service
/// contact: first address, prefix length.
const NON_PUBLIC_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),        // this network (RFC 791)
    ([10, 0, 0, 0], 8),       // private (RFC 1918)
    ([100, 64, 0, 0], 10),    // carrier-grade NAT (RFC 6598)
    ([127, 0, 0, 0], 8),      // loopback (RFC 1122)
    ([168, 63, 129, 16], 32), // Azure platform services
    ([169, 254, 0, 0], 16),   // link-local, and metadata services of most clouds (RFC 3927)
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // IETF protocols (RFC 6890)
    ([192, 0, 2, 0], 24),     // documentation (RFC 5737)
    ([192, 31, 196, 0], 24),  // AS112 (RFC 7535)
    ([192, 52, 193, 0], 24),  // AMT (RFC 7450)
    ([192, 88, 99, 0], 24),   // 6to4 relays (RFC 7526)
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarking (RFC 2544)
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 3),      // multicast, reserved, broadcast
];

/// The same for IPv6 global unicast, 2000::/3; addresses outside it are not public.
const NON_PUBLIC_V6: [(u128, u32); 4] = [
    (0x2001_0000 << 96, 23), // IETF protocols, including Teredo with embedded IPv4 addresses (RFC 4380)
    (0x2001_0db8 << 96, 32), // documentation (RFC 3849)
    (0x2002_0000 << 96, 16), // 6to4 with embedded IPv4 addresses (RFC 3056)
    (0x3fff_0000 << 96, 20), // documentation (RFC 9637)
];

/// Returns `true` for globally reachable unicast addresses: not private, loopback, link-local or
/// multicast, and not an embedded IPv4 address (IPv4-mapped, NAT64, 6to4, Teredo).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !NON_PUBLIC_V4.iter().any(|(first, prefix)| {
            (v4.to_bits() ^ u32::from_be_bytes(*first)) >> (32 - prefix) == 0
        }),
        IpAddr::V6(v6) => {
            let bits = v6.to_bits();
            bits >> 125 == 1
                && !NON_PUBLIC_V6
                    .iter()
                    .any(|(first, prefix)| (bits ^ first) >> (128 - prefix) == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_contains_only_its_own_addresses() {
        let ten = IpNetwork::parse(" 10.0.0.0/8 ").unwrap();
        assert!(
            ten.contains(ip("10.255.0.1"))
                && !ten.contains(ip("11.0.0.0"))
                && !ten.contains(ip("::ffff:10.0.0.1"))
        );
        let ula = IpNetwork::parse("fd00::/8").unwrap();
        assert!(ula.contains(ip("fdab::1")) && !ula.contains(ip("fe80::1")));
        let one = IpNetwork::parse("::1").unwrap();
        assert!(one.contains(ip("::1")) && !one.contains(ip("::2")));
        assert!(IpNetwork::parse("0.0.0.0/0").unwrap().contains(ip("8.8.8.8")));
    }

    #[test]
    fn invalid_networks_are_rejected() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "example.org",
            "10.0.0.0/8/8",
        ] {
            assert!(
                IpNetwork::parse(text).unwrap_err().contains("is not a valid network"),
                "{text}"
            );
        }
        assert_eq!(
            IpNetwork::parse("10.1.0.0/8").unwrap_err(),
            "`10.1.0.0/8` has bits set after its prefix; write 10.0.0.0/8"
        );
    }

    #[test]
    fn only_globally_reachable_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.169.0.1",
            "223.255.255.254",
        ] {
            assert!(is_public(ip(text)), "{text}");
        }
        for text in ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "2001:200::1"]
        {
            assert!(is_public(ip(text)), "{text}");
        }
        let non_public = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fd00:ec2::254",
            "fc00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in non_public {
            assert!(!is_public(ip(text)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_network_parses_to_itself(bits in any::<u128>(), prefix in 0_u8..=128, four in any::<bool>()) {
            let (whole, prefix): (IpAddr, u8) = match four {
                true => (Ipv4Addr::from_bits(u32::try_from(bits >> 96).unwrap()).into(), prefix / 4),
                false => (Ipv6Addr::from_bits(bits).into(), prefix),
            };
            let network = IpNetwork { first: IpNetwork { first: whole, prefix }.masked(whole), prefix };
            prop_assert!(network.contains(whole));
            prop_assert_eq!(IpNetwork::parse(&network.to_string()), Ok(network));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "[0-9a-f:./]{0,20}") {
            let _ = IpNetwork::parse(&text);
        }
    }
}
