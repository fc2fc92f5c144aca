//! What the operating system lets one user have: open files, processes, file watches.

use rustix::process::{Resource, getrlimit};

use super::Check;

/// A busy server holds a few connections per request, twice: client and engine.
const OPEN_FILES: u64 = 4096;
/// Six processes with some forty threads each, and the person's own programs.
const PROCESSES: u64 = 512;
/// `sync-agent` needs one watch per folder.
const WATCHES: u64 = 65_536;
const WATCHES_FILE: &str = "/proc/sys/fs/inotify/max_user_watches";

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![open_files(), processes()];
    checks.extend(watches());
    checks
}

fn open_files() -> Check {
    const NAME: &str = "open-files";
    let limit = getrlimit(Resource::Nofile);
    let (now, most) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    match (now, most) {
        (OPEN_FILES.., _) => Check::ok(NAME, limit_text(now)),
        (_, OPEN_FILES..) => Check::warning(
            NAME,
            format!("only {now} at once"),
            format!("before `syncctl up`: ulimit -n {OPEN_FILES}"),
        ),
        _ => Check::failed(
            NAME,
            format!("only {now} at once, and at most {most}"),
            "raise `nofile` for your user in /etc/security/limits.conf and log in again",
        ),
    }
}

fn processes() -> Check {
    const NAME: &str = "processes";
    let limit = getrlimit(Resource::Nproc).current.unwrap_or(u64::MAX);
    if limit >= PROCESSES {
        return Check::ok(NAME, limit_text(limit));
    }
    Check::failed(
        NAME,
        format!("your user may run only {limit} processes and threads"),
        format!("before `syncctl up`: ulimit -u {PROCESSES}"),
    )
}

/// Nothing to say on systems without inotify.
fn watches() -> Option<Check> {
    const NAME: &str = "file-watches";
    let watches: u64 = std::fs::read_to_string(WATCHES_FILE).ok()?.trim().parse().ok()?;
    if watches >= WATCHES {
        return Some(Check::ok(NAME, limit_text(watches)));
    }
    Some(Check::warning(
        NAME,
        format!("only {watches}: `sync-agent` cannot watch more folders than that"),
        format!("sudo sysctl fs.inotify.max_user_watches={WATCHES}"),
    ))
}

fn limit_text(limit: u64) -> String {
    // Limits of this size are how "no limit" is often written down.
    if limit >= 1 << 30 { "no limit".to_owned() } else { format!("up to {limit}") }
}
