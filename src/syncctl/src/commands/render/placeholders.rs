//! What stands in for the world where none is asked.

use blueprint::Deployment;
use stack::{Resolved, Sha256Digest};

/// Zones `a`, `b`, `c` of the Region, and ids that no resource has.
pub(crate) fn resolved(deployment: &Deployment) -> Resolved {
    let zones = ('a'..='z').take(deployment.network.zones as usize);
    let nothing = "0".repeat(64);
    Resolved {
        zones: zones.map(|letter| format!("{}{letter}", deployment.region)).collect(),
        image: "ami-00000000000000000".to_owned(),
        // 64 zeros are a digest.
        release: Sha256Digest::new(&nothing).unwrap_or_else(|| unreachable!("64 digits")),
        first_servers: deployment.servers.desired,
        table_protection: false,
        kept_key: None,
        mail_endpoint: true,
        owner: "placeholder".to_owned(),
        expires: deployment.ttl.map(|_| "1970-01-01T00:00:00Z".to_owned()),
    }
}
