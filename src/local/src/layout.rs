//! Which component listens where. Chosen once and kept, so that addresses survive restarts.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::data::DataDir;
use crate::data::files::{Durability, read_json, write_json};
use crate::error::Result;
use crate::process::port;

const FILE: &str = "layout.json";
pub(crate) const ENGINES_S3: &str = "engines-s3";
pub(crate) const ENGINES_API: &str = "engines-api";

/// Name of a listener to its address. Owned by the supervisor; others read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    addresses: BTreeMap<String, SocketAddr>,
}

/// The zones' names, in order: a, b, c …
pub(crate) fn zone_names(zones: u8) -> Vec<String> {
    (0..zones.clamp(1, 26)).map(|index| char::from(b'a' + index).to_string()).collect()
}

/// The zone of a server called `a-1`; `None` for what is no server's name.
pub(crate) fn zone_of(server: &str) -> Option<&str> {
    let (zone, ordinal) = server.split_once('-')?;
    let is_zone = matches!(zone.as_bytes(), [b'a'..=b'z']);
    (is_zone && ordinal.parse::<u32>().is_ok()).then_some(zone)
}

impl Layout {
    /// A layout that can't be read is made anew: it holds nothing that is not chosen.
    pub(crate) fn read(data: &DataDir) -> Self {
        let addresses = read_json(&data.run_file(FILE)).ok().flatten().unwrap_or_default();
        Self { addresses }
    }

    pub(crate) fn write(&self, data: &DataDir) -> Result<()> {
        write_json(&data.run_file(FILE), &self.addresses, Durability::Memory)
    }

    pub(crate) fn get(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.get(name).copied()
    }

    /// Gives the engines their addresses. Clients fetch content from where they enter, so the
    /// content listener follows `entry`; nothing else ever leaves loopback.
    pub(crate) fn complete(&mut self, entry: IpAddr) -> Result<()> {
        if self.get(ENGINES_S3).is_some_and(|address| address.ip() != entry) {
            self.addresses.remove(ENGINES_S3);
        }
        self.ensure(ENGINES_S3, || entry)?;
        self.ensure(ENGINES_API, || IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Takes in where a running process listens: it knows better than any file.
    pub(crate) fn remember(&mut self, listeners: &BTreeMap<String, SocketAddr>) {
        for (name, address) in listeners {
            self.addresses.insert(name.clone(), *address);
        }
    }

    /// The address of a server, on the loopback address of its zone.
    pub(crate) fn complete_server(&mut self, name: &str) -> Result<()> {
        let zone = zone_of(name).and_then(|zone| zone.bytes().next()).unwrap_or(b'a');
        self.ensure(name, || port::zone_address(zone - b'a'))
    }

    /// Content, then everything else.
    pub(crate) fn engines(&self) -> Option<(SocketAddr, SocketAddr)> {
        Some((self.get(ENGINES_S3)?, self.get(ENGINES_API)?))
    }

    /// The names of all servers that have an address.
    pub(crate) fn servers(&self) -> Vec<String> {
        self.addresses.keys().filter(|name| zone_of(name).is_some()).cloned().collect()
    }

    /// Forgets addresses that somebody else has taken meanwhile. Only for what does not run.
    pub(crate) fn forget_taken(&mut self, names: &[&str]) -> bool {
        let before = self.addresses.len();
        self.addresses
            .retain(|name, address| !names.contains(&name.as_str()) || port::is_free(*address));
        before != self.addresses.len()
    }

    fn ensure(&mut self, name: &str, address: impl Fn() -> IpAddr) -> Result<()> {
        while !self.addresses.contains_key(name) {
            let chosen = port::choose(address())?;
            // Two of ours could be given the same port before either listens.
            if !self.addresses.values().any(|used| *used == chosen) {
                self.addresses.insert(name.to_owned(), chosen);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn content_lies_where_clients_enter_and_the_rest_stays_on_loopback() {
        let mut layout = Layout::default();
        layout.complete(HERE).unwrap();
        let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9));
        layout.complete(elsewhere).unwrap();
        layout.complete_server("a-1").unwrap();
        assert_eq!(layout.get(ENGINES_S3).unwrap().ip(), elsewhere);
        assert_eq!(layout.get(ENGINES_API).unwrap().ip(), HERE);
        assert!(layout.get("a-1").unwrap().ip().is_loopback());
        assert_eq!(layout.servers(), ["a-1"]);
    }

    #[test]
    fn only_servers_are_named_by_a_zone() {
        assert_eq!(zone_of("b-12"), Some("b"));
        assert_eq!(zone_of(ENGINES_S3), None);
        assert_eq!(zone_of("balancer"), None);
        assert_eq!(zone_names(3), ["a", "b", "c"]);
    }

    #[test]
    fn an_address_stays_unless_somebody_else_took_it() {
        let mut layout = Layout::default();
        layout.complete(HERE).unwrap();
        layout.complete_server("a-1").unwrap();
        let (server, engines) = (layout.get("a-1").unwrap(), layout.get(ENGINES_S3).unwrap());
        let squatter = std::net::TcpListener::bind(server).unwrap();
        assert!(layout.forget_taken(&["a-1", ENGINES_S3]));
        layout.complete_server("a-1").unwrap();
        assert_ne!(layout.get("a-1").unwrap(), server);
        assert_eq!(layout.get(ENGINES_S3).unwrap(), engines);
        drop(squatter);
    }
}
