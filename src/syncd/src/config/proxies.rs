//! The proxies whose `X-Forwarded-For` is believed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses and networks, for example `10.0.0.0/16`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// What does not parse as a list of networks.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a list of addresses and networks")]
pub struct NotNetworks;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    /// Leading bits that count.
    bits: u8,
}

/// This machine: where the local balancer runs.
impl Default for TrustedProxies {
    fn default() -> Self {
        Self(vec![
            Network { first: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), bits: 8 },
            Network { first: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128 },
        ])
    }
}

impl TrustedProxies {
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

/// Networks separated by commas; `none` trusts nobody.
impl FromStr for TrustedProxies {
    type Err = NotNetworks;

    fn from_str(text: &str) -> Result<Self, NotNetworks> {
        if text.trim() == "none" {
            return Ok(Self(Vec::new()));
        }
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Network {
    type Err = NotNetworks;

    fn from_str(text: &str) -> Result<Self, NotNetworks> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| NotNetworks)?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| NotNetworks)?;
        let all = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        if bits > all { Err(NotNetworks) } else { Ok(Self { first, bits }) }
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let apart = u64::from(first.to_bits() ^ address.to_bits());
                apart >> (32 - self.bits) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let apart = first.to_bits() ^ address.to_bits();
                apart.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TrustedProxies;

    #[test]
    fn networks_contain_their_addresses() {
        for (list, address, inside) in [
            ("10.0.0.0/16", "10.0.255.1", true),
            ("10.0.0.0/16", "10.1.0.1", false),
            ("10.0.0.0/16", "::ffff:10.0.3.4", true),
            ("192.0.2.1, 2001:db8::/32", "2001:db8:1::1", true),
            ("192.0.2.1, 2001:db8::/32", "192.0.2.1", true),
            ("192.0.2.1, 2001:db8::/32", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("::/0", "203.0.113.9", false),
            ("none", "127.0.0.1", false),
        ] {
            let proxies: TrustedProxies = list.parse().unwrap();
            assert_eq!(proxies.contains(address.parse().unwrap()), inside, "{list} {address}");
        }
        assert!(TrustedProxies::default().contains("127.0.2.1".parse().unwrap()));
        assert!(!TrustedProxies::default().contains("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for list in
            ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.1,", "balancer", "::1/129", "1.2.3.4/-1"]
        {
            assert!(list.parse::<TrustedProxies>().is_err(), "{list}");
        }
    }
}
