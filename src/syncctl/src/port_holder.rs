//! Which deployment of ours serves at an address that somebody else wants.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A deployment of this user that runs on this machine.
pub(crate) struct Neighbour {
    pub(crate) name: String,
    pub(crate) data_dir: PathBuf,
}

impl Neighbour {
    pub(crate) fn describe(&self) -> String {
        format!(
            "the deployment `{}` is served there, with its data in {}",
            self.name,
            self.data_dir.display()
        )
    }
}

/// The deployment whose balancer listens on the port of `address`; `None` where it is none of ours,
/// or of another user.
pub(crate) fn deployment_at(address: SocketAddr) -> Option<Neighbour> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut balancers = processes.filter_map(|entry| {
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<String> = words
            .split(|byte| *byte == 0)
            .map(|word| String::from_utf8_lossy(word).into())
            .collect();
        words.iter().position(|word| word == "__balancer")?;
        let data = words.iter().position(|word| word == "--data")?;
        words.get(data + 1).map(PathBuf::from)
    });
    balancers.find_map(|data_dir| {
        let endpoint = local::status(&data_dir).ok()?.endpoint;
        let port = endpoint.trim_end_matches('/').rsplit_once(':')?.1.parse::<u16>().ok()?;
        let name = local::recorded(&data_dir).ok()??.name;
        (port == address.port()).then_some(Neighbour { name, data_dir })
    })
}
