use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

use crate::state::AppState;

/// The address that a request comes from, as far as the proxies in front can be trusted. IPv6
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
        let forwarded = forwarded_for(&parts.headers, state.config.trusted_hops);
        Ok(Self(network(forwarded.unwrap_or(peer))))
    }
}

/// The entry that the outermost trusted proxy appended; what stands left of it may be made up.
fn forwarded_for(headers: &HeaderMap, trusted_hops: usize) -> Option<IpAddr> {
    let hops = trusted_hops.checked_sub(1)?;
    let mut addresses: Vec<&str> = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        addresses.extend(value.to_str().ok()?.split(',').map(str::trim));
    }
    let entry = addresses.iter().rev().nth(hops)?;
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

    fn source(header: &str, trusted_hops: usize) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_str(header).unwrap());
        forwarded_for(&headers, trusted_hops).map(|address| network(address).to_string())
    }

    #[test]
    fn only_what_a_trusted_proxy_appended_counts() {
        let forged = "203.0.113.9, 198.51.100.7";
        assert_eq!(source(forged, 1).as_deref(), Some("198.51.100.7"));
        assert_eq!(source(forged, 2).as_deref(), Some("203.0.113.9"));
        assert_eq!(source(forged, 3), None);
        assert_eq!(source(forged, 0), None);
        assert_eq!(source("unknown", 1), None);
    }

    #[test]
    fn a_household_counts_once() {
        let one = source("2001:db8:1:2:aaaa::1", 1);
        assert_eq!(one, source("2001:db8:1:2:bbbb::2", 1));
        assert_eq!(source("[2001:db8::1]:4711", 1).as_deref(), Some("2001:db8::"));
    }
}
