use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

use crate::state::AppState;

/// The address that a request comes from: the connection's own, or the one that a trusted proxy
/// names. IPv6
/// addresses are cut to their /64, which one household owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source(pub IpAddr);

impl FromRequestParts<AppState> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |info| info.0.ip());
        let forwarded =
            state.config.trusted_proxies.contains(peer).then(|| forwarded_for(&parts.headers));
        Ok(Self(network(forwarded.flatten().unwrap_or(peer))))
    }
}

/// What the proxy that speaks to us appended: the last entry. What stands left of it may be made
/// up, and where the last one is none of an address, nothing is believed.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let entry = last.rsplit(',').next()?.trim();
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
        forwarded_for(&headers).map(|address| network(address).to_string())
    }

    #[test]
    fn only_what_the_proxy_itself_appended_counts() {
        let found = Some("198.51.100.7".to_owned());
        assert_eq!(source(&["203.0.113.9, 198.51.100.7"]), found);
        assert_eq!(source(&["203.0.113.9", "192.0.2.1, 198.51.100.7"]), found);
        assert_eq!(source(&["198.51.100.7, unknown"]), None);
        assert_eq!(source(&[]), None);
    }

    #[test]
    fn a_household_counts_once() {
        let one = source(&["2001:db8:1:2:aaaa::1"]);
        assert_eq!(one, source(&["2001:db8:1:2:bbbb::2"]));
        assert_eq!(source(&["[2001:db8::1]:4711"]).as_deref(), Some("2001:db8::"));
    }
}
