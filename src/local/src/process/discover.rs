//! Finds the running processes of a deployment.
//!
//! Every process carries a mark in its environment, which the kernel keeps for us: it is there from
//! the first instruction on and gone with the process. So no crash between a start and its record
//! can lose a process, and no stale record can name a wrong one.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::identity::Identity;

pub(crate) const ENV_DATA: &str = "SYNCCTL_LOCAL_DATA";
pub(crate) const ENV_COMPONENT: &str = "SYNCCTL_LOCAL_COMPONENT";
pub(crate) const ENV_LAUNCH: &str = "SYNCCTL_LOCAL_LAUNCH";
pub(crate) const ENV_FINGERPRINT: &str = "SYNCCTL_LOCAL_FINGERPRINT";
pub(crate) const ENV_DIGEST: &str = "SYNCCTL_LOCAL_DIGEST";
pub(crate) const ENV_STARTED: &str = "SYNCCTL_LOCAL_STARTED";
pub(crate) const ENV_LISTENERS: &str = "SYNCCTL_LOCAL_LISTENERS";

/// An exec takes far less, even on a busy machine.
const YOUNG: Duration = Duration::from_secs(2);
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// A living process of the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) identity: Identity,
    pub(crate) component: String,
    /// Random per start.
    pub(crate) launch: String,
    /// Of everything it was started with; a different one means it must be restarted.
    pub(crate) fingerprint: String,
    /// SHA-256 of its program.
    pub(crate) digest: String,
    pub(crate) started_at: jiff::Timestamp,
    /// Name of a listener to its address.
    pub(crate) listeners: BTreeMap<String, SocketAddr>,
}

/// All of them, oldest first.
pub(crate) fn discover(root: &Path) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let me = std::process::id();
    let mut found: Vec<Process> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != me)
        .filter_map(|pid| examine(pid, root))
        .collect();
    found.sort_by_key(|process| (process.identity.start_ticks, process.identity.pid));
    found
}

/// Other users' processes can't be read, and are not ours.
///
/// In the middle of an exec a process shows no environment at all; a young one is asked again.
fn environment(identity: &Identity) -> Option<Vec<u8>> {
    let pid = identity.pid;
    for _ in 0..LOOKS {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        // Threads of the kernel have no program and never an environment.
        let settled = !environment.is_empty()
            || identity.age().is_none_or(|age| age > YOUNG)
            || fs::read_link(format!("/proc/{pid}/exe")).is_err();
        if settled {
            return Some(environment);
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    None
}

fn examine(pid: u32, root: &Path) -> Option<Process> {
    let identity = Identity::of(pid)?;
    let environment = environment(&identity)?;
    let value = |name: &str| {
        environment
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    };
    let text = |name: &str| Some(String::from_utf8_lossy(value(name)?).into_owned());
    if value(ENV_DATA)? != root.as_os_str().as_bytes() || !identity.is_alive() {
        return None;
    }
    Some(Process {
        identity,
        component: text(ENV_COMPONENT)?,
        launch: text(ENV_LAUNCH).unwrap_or_default(),
        fingerprint: text(ENV_FINGERPRINT).unwrap_or_default(),
        digest: text(ENV_DIGEST).unwrap_or_default(),
        started_at: text(ENV_STARTED).and_then(|text| text.parse().ok()).unwrap_or_default(),
        listeners: value(ENV_LISTENERS)
            .and_then(|json| serde_json::from_slice(json).ok())
            .unwrap_or_default(),
    })
}
