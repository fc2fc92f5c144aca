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

/// A place in the group: `a-1` is the first server of the first zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) zone: String,
    zone_index: u8,
}

/// The group's places, spread evenly over the zones.
pub(crate) fn slots(servers: u8, zones: u8) -> Vec<Slot> {
    let zones = zones.max(1);
    (0..servers)
        .map(|index| {
            let zone_index = index % zones;
            let zone = char::from(b'a' + zone_index).to_string();
            Slot { name: format!("{zone}-{}", index / zones + 1), zone, zone_index }
        })
        .collect()
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

    /// Gives an address to everything that has none. Clients fetch content from where they enter,
    /// so the content listener follows `entry`; nothing else ever leaves loopback.
    pub(crate) fn complete(&mut self, slots: &[Slot], entry: IpAddr) -> Result<()> {
        if self.get(ENGINES_S3).is_some_and(|address| address.ip() != entry) {
            self.addresses.remove(ENGINES_S3);
        }
        self.ensure(ENGINES_S3, || entry)?;
        self.ensure(ENGINES_API, || IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        for slot in slots {
            self.ensure(&slot.name, || port::zone_address(slot.zone_index))?;
        }
        Ok(())
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
        layout.complete(&slots(1, 1), HERE).unwrap();
        let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9));
        layout.complete(&slots(1, 1), elsewhere).unwrap();
        assert_eq!(layout.get(ENGINES_S3).unwrap().ip(), elsewhere);
        assert_eq!(layout.get(ENGINES_API).unwrap().ip(), HERE);
        assert!(layout.get("a-1").unwrap().ip().is_loopback());
    }

    #[test]
    fn servers_are_spread_over_the_zones() {
        let names: Vec<String> = slots(5, 3).into_iter().map(|slot| slot.name).collect();
        assert_eq!(names, ["a-1", "b-1", "c-1", "a-2", "b-2"]);
    }

    #[test]
    fn an_address_stays_unless_somebody_else_took_it() {
        let mut layout = Layout::default();
        layout.complete(&slots(1, 1), HERE).unwrap();
        let (server, engines) = (layout.get("a-1").unwrap(), layout.get(ENGINES_S3).unwrap());
        let squatter = std::net::TcpListener::bind(server).unwrap();
        assert!(layout.forget_taken(&["a-1", ENGINES_S3]));
        layout.complete(&slots(1, 1), HERE).unwrap();
        assert_ne!(layout.get("a-1").unwrap(), server);
        assert_eq!(layout.get(ENGINES_S3).unwrap(), engines);
        drop(squatter);
    }
}
