use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

use crate::config::TrustedProxies;
use crate::state::AppState;

/// The address that a request comes from: the connection's own, or the one that the
/// trusted proxies name. IPv6 addresses are cut to their /64, which one household owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source(pub IpAddr);

impl FromRequestParts<AppState> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |info| info.0.ip());
        let trusted = &state.config.trusted_proxies;
        let forwarded =
            trusted.contains(peer).then(|| forwarded_for(&parts.headers, trusted)).flatten();
        Ok(Self(network(forwarded.unwrap_or(peer))))
    }
}

/// The address that the outermost trusted proxy was asked from. Each proxy appends whom it was
/// asked by, so the header is read from its end: past our own proxies to the first other address.
/// What stands left of that may be made up. Where there is no other address, the left-most of our
/// own counts, as far as the entries are addresses.
fn forwarded_for(headers: &HeaderMap, trusted: &TrustedProxies) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut outermost = None;
    for address in entries.map_while(address) {
        outermost = Some(address);
        if !trusted.contains(address) {
            break;
        }
    }
    outermost
}

fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?.trim();
    let address = entry.parse::<IpAddr>().ok();
    address.or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(bits.into())
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{forwarded_for, network};

    fn source(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        let trusted = "127.0.0.0/8,10.0.0.0/16".parse().unwrap();
        forwarded_for(&headers, &trusted).map(|address| network(address).to_string())
    }

    #[test]
    fn only_what_a_proxy_of_ours_appended_counts() {
        let found = Some("198.51.100.7".to_owned());
        assert_eq!(source(&["203.0.113.9, 198.51.100.7"]), found);
        assert_eq!(source(&["203.0.113.9", "192.0.2.1, 198.51.100.7"]), found);
        assert_eq!(source(&["198.51.100.7, unknown"]), None);
        assert_eq!(source(&[]), None);
    }

    #[test]
    fn two_proxies_of_ours_do_not_hide_who_asked_the_outer_one() {
        let found = Some("198.51.100.7".to_owned());
        assert_eq!(source(&["203.0.113.9, 198.51.100.7, 10.0.0.1"]), found);
        assert_eq!(source(&["203.0.113.9, 198.51.100.7", "10.0.0.1", "127.0.0.1"]), found);
        assert_eq!(source(&["203.0.113.9, 198.51.100.7, 10.0.0.1:4711"]), found);
    }

    #[test]
    fn somebody_among_the_proxies_is_known_by_the_outermost_address() {
        assert_eq!(source(&["10.0.0.2, 10.0.0.1", "127.0.0.1"]).as_deref(), Some("10.0.0.2"));
        assert_eq!(source(&["198.51.100.7, unknown, 10.0.0.1"]).as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn a_household_counts_once() {
        let one = source(&["2001:db8:1:2:aaaa::1"]);
        assert_eq!(one, source(&["2001:db8:1:2:bbbb::2"]));
        assert_eq!(source(&["[2001:db8::1]:4711"]).as_deref(), Some("2001:db8::"));
    }
}
