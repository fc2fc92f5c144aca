use super::{Problem, display_value, quote};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Ranges for private use: RFC 1918, and RFC 6598 which AWS permits as well.
const PRIVATE: [(Ipv4Addr, u8); 4] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
];

/// A range of IPv4 addresses, written `10.20.0.0/16`; the bits behind the prefix are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    address: u32,
    prefix: u8,
}

impl Cidr {
    /// Reads an address and a prefix length.
    ///
    /// # Errors
    /// When a part is missing or wrong, or when host bits are set.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let Some((address, prefix)) = text.split_once('/') else {
            let problem = Problem::new(format!("{} has no prefix length", quote(text)));
            return Err(match text.parse::<Ipv4Addr>() {
                Ok(address) => problem.instead(format!("{address}/32")),
                Err(_) => Problem::new(format!("{} is not an address range", quote(text))),
            });
        };
        let address = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => u32::from(address),
            Ok(IpAddr::V6(_)) => return Err(Problem::new("IPv6 ranges are not supported")),
            Err(_) => {
                let message = format!("{} is not an IPv4 address", quote(address));
                return Err(Problem::new(message));
            }
        };
        let plain = prefix.len() <= 2 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = match prefix.parse::<u8>() {
            Ok(length @ 0..=32) if plain => length,
            _ => {
                let message = format!("{} is not a prefix length from 0 to 32", quote(prefix));
                return Err(Problem::new(message));
            }
        };
        let network = address & mask(prefix);
        if network != address {
            let range = Self { address: network, prefix };
            let problem = Problem::new(format!("{} has bits set behind the prefix", quote(text)));
            return Err(problem.instead(range.to_string()));
        }
        Ok(Self { address, prefix })
    }

    /// First address of the range.
    #[must_use]
    pub fn address(self) -> Ipv4Addr {
        Ipv4Addr::from(self.address)
    }

    /// Number of leading bits that the addresses share.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether every address of the range is private.
    #[must_use]
    pub fn is_private(self) -> bool {
        PRIVATE.iter().any(|(address, prefix)| {
            self.prefix >= *prefix && self.address & mask(*prefix) == u32::from(*address)
        })
    }

    /// The part of the range with this number when it is cut into parts of this prefix length.
    #[must_use]
    pub fn part(self, prefix: u8, number: u32) -> Option<Self> {
        let bits = prefix.checked_sub(self.prefix).filter(|_| prefix <= 32)?;
        if u64::from(number) >= 1_u64 << bits {
            return None;
        }
        let address = u64::from(self.address) + (u64::from(number) << (32 - prefix));
        let address = u32::try_from(address).ok()?;
        Some(Self { address, prefix })
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address(), self.prefix)
    }
}

display_value!(Cidr);

#[cfg(test)]
mod tests {
    use super::Cidr;

    #[test]
    fn ranges_with_host_bits_come_with_the_range_that_was_meant() {
        let problem = Cidr::new("10.20.30.0/16").unwrap_err();
        assert_eq!(problem.instead.as_deref(), Some("10.20.0.0/16"));
        assert_eq!(Cidr::new("10.1.2.3").unwrap_err().instead.as_deref(), Some("10.1.2.3/32"));
        for bad in
            ["10.0.0.0/33", "10.0.0/8", "::/0", "/8", "10.0.0.0/+8", "10.0.0.0/", "010.0.0.0/8"]
        {
            assert!(Cidr::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn private_ranges_are_told_from_public_ones() {
        for (text, private) in [
            ("10.0.0.0/8", true),
            ("172.31.0.0/16", true),
            ("172.32.0.0/16", false),
            ("192.168.1.0/24", true),
            ("8.8.8.0/24", false),
            ("0.0.0.0/0", false),
        ] {
            assert_eq!(Cidr::new(text).unwrap().is_private(), private, "{text}");
        }
    }

    #[test]
    fn a_range_is_cut_into_parts() {
        let range = Cidr::new("10.20.0.0/16").unwrap();
        assert_eq!(range.part(20, 5).unwrap().to_string(), "10.20.80.0/20");
        assert_eq!(range.part(20, 16), None);
        assert_eq!(range.part(15, 0), None);
        assert_eq!(
            Cidr::new("0.0.0.0/0").unwrap().part(32, u32::MAX).unwrap().to_string(),
            "255.255.255.255/32"
        );
    }
}
