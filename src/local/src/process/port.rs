//! Ports: which are free, and who holds one that is not.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use crate::error::{LocalError, PortHolder, Result};

/// Below the range the kernel hands out to outgoing connections, so that none of them takes it.
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

/// Another command may hold the address for the instant in which it looks itself.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Refuses a taken address, naming the holder where the kernel shows it.
pub(crate) fn require_free(address: SocketAddr) -> Result<()> {
    let mut look = 1;
    loop {
        match TcpListener::bind(address) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                if look == LOOKS {
                    return Err(LocalError::PortTaken { address, holder: holder(address) });
                }
                look += 1;
                std::thread::sleep(BETWEEN_LOOKS);
            }
            Err(source) => return Err(LocalError::CannotListen { address, source }),
        }
    }
}

pub(crate) fn is_free(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_ok()
}

/// A free port on the address.
pub(crate) fn choose(address: IpAddr) -> Result<SocketAddr> {
    for _ in 0..200 {
        let candidate = SocketAddr::new(address, rand::random_range(FIRST..=LAST));
        if is_free(candidate) {
            return Ok(candidate);
        }
    }
    let any = SocketAddr::new(address, 0);
    TcpListener::bind(any)
        .and_then(|listener| listener.local_addr())
        .map_err(|source| LocalError::CannotListen { address: any, source })
}

/// The loopback address of a zone, or the common one where the machine has only that.
pub(crate) fn zone_address(zone: u8) -> IpAddr {
    let own = IpAddr::V4(Ipv4Addr::new(127, 0, zone.saturating_add(1), 1));
    if TcpListener::bind(SocketAddr::new(own, 0)).is_ok() {
        own
    } else {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    }
}

fn holder(address: SocketAddr) -> Option<PortHolder> {
    let inode = listening_inodes(address.port())?;
    let wanted: Vec<String> = inode.iter().map(|inode| format!("socket:[{inode}]")).collect();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else { continue };
        let holds = files.flatten().any(|file| {
            fs::read_link(file.path()).is_ok_and(|target| {
                wanted.iter().any(|socket| target.as_os_str() == socket.as_str())
            })
        });
        if holds {
            let program =
                fs::read_to_string(entry.path().join("comm")).unwrap_or_default().trim().to_owned();
            return Some(PortHolder { pid, program });
        }
    }
    None
}

/// Inodes of listening sockets on the port, whatever the address: a wildcard blocks the rest.
fn listening_inodes(port: u16) -> Option<Vec<u64>> {
    const LISTEN: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    let inodes: Vec<u64> = tables
        .iter()
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let (_, hexadecimal) = fields.get(1)?.rsplit_once(':')?;
            let same =
                u16::from_str_radix(hexadecimal, 16).ok()? == port && *fields.get(3)? == LISTEN;
            if same { fields.get(9)?.parse().ok() } else { None }
        })
        .collect();
    (!inodes.is_empty()).then_some(inodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused_with_its_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let Err(LocalError::PortTaken { holder: Some(holder), .. }) = require_free(address) else {
            panic!("the port is taken by this very process");
        };
        assert_eq!(holder.pid, std::process::id());
    }
}
