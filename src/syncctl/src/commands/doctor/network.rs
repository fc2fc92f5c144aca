//! The addresses: the endpoint's port is free or ours, and every zone has its loopback address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use local::LocalSpec;

use super::Check;
use crate::port_holder::deployment_at;

pub(super) fn checks(spec: &LocalSpec) -> Vec<Check> {
    vec![endpoint(spec), zones(spec.zones)]
}

fn endpoint(spec: &LocalSpec) -> Check {
    const NAME: &str = "endpoint";
    let address = spec.listen;
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(NAME, format!("port {} is free: {address} can be used", address.port())),
        Err(_) if is_ours(spec) => {
            Check::ok(NAME, format!("{address} is in use by this deployment, which runs"))
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Check::failed(
            NAME,
            match deployment_at(address) {
                Some(neighbour) => {
                    format!("port {} is taken: {}", address.port(), neighbour.describe())
                }
                None => format!(
                    "port {} is taken: another process listens on {address}",
                    address.port()
                ),
            },
            format!(
                "take another port, this one is free: `syncctl up --set local.port={}`, or local.port in the blueprint; or end what holds it",
                crate::programs::free_port(address.ip())
            ),
        ),
        Err(error) => Check::failed(
            NAME,
            format!("cannot listen on {address}: {error}"),
            "choose an address of this machine: `syncctl up --set local.listen=127.0.0.1`",
        ),
    }
}

fn is_ours(spec: &LocalSpec) -> bool {
    // Whether with TLS or without: that the blueprint changes it is for `up` to carry out.
    let address = spec.listen.to_string();
    local::status(&spec.data_dir).is_ok_and(|status| {
        status.balancer.pid.is_some()
            && status.endpoint.split_once("://").is_some_and(|(_, listens)| listens == address)
    })
}

/// Zone `n` lives on 127.0.n.1.
fn zones(count: u8) -> Check {
    const NAME: &str = "zones";
    for zone in 1..=count {
        let address = SocketAddr::from((Ipv4Addr::new(127, 0, zone, 1), 0));
        if let Err(error) = TcpListener::bind(address) {
            return Check::failed(
                NAME,
                format!("cannot listen on {}: {error}", address.ip()),
                "give the loopback interface its whole network: `ip address add 127.0.0.1/8 dev lo`",
            );
        }
    }
    Check::ok(NAME, format!("loopback addresses 127.0.1.1 to 127.0.{count}.1 are usable"))
}
