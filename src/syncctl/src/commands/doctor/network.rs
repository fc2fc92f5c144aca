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
        Ok(_) => Check::ok(NAME, format!("{address} is free")),
        Err(_) if is_ours(spec) => {
            Check::ok(NAME, format!("{address} is served by this deployment"))
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Check::failed(
            NAME,
            match deployment_at(address) {
                Some(neighbour) => format!("{address} is taken: {}", neighbour.describe()),
                None => format!("{address} is taken by another process"),
            },
            format!(
                "use another port, for example one that is free: --set local.port={}",
                crate::programs::free_port(address.ip())
            ),
        ),
        Err(error) => Check::failed(
            NAME,
            format!("cannot listen on {address}: {error}"),
            "choose an address of this machine, for example 127.0.0.1:8420",
        ),
    }
}

fn is_ours(spec: &LocalSpec) -> bool {
    local::status(&spec.data_dir)
        .is_ok_and(|status| status.balancer.pid.is_some() && status.endpoint == spec.endpoint())
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
