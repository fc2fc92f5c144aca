//! Which process is meant: a process id alone says little, since the kernel uses it again.

use std::fs;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open, pidfd_send_signal,
};
use serde::{Deserialize, Serialize};

/// How often a process is looked at when the kernel gives no handle to wait on.
const WITHOUT_HANDLE: Duration = Duration::from_millis(20);

/// Process id, start time in clock ticks since boot, and the boot it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    pub(crate) start_ticks: u64,
    pub(crate) boot_id: String,
}

impl Identity {
    /// The living process with this id; `None` when there is none, or only its zombie.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let start_ticks = start_ticks(pid)?;
        Some(Self { pid, start_ticks, boot_id: boot_id().to_owned() })
    }

    /// Whether that very process still runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.boot_id == boot_id() && start_ticks(self.pid) == Some(self.start_ticks)
    }

    /// Since its start; `None` where the kernel does not tell.
    pub(crate) fn age(&self) -> Option<Duration> {
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
        let started = self.start_ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        Some(Duration::from_secs_f64((uptime - started).max(0.0)))
    }

    /// Whether it has been frozen (SIGSTOP, a debugger): alive, but deaf.
    pub(crate) fn is_frozen(&self) -> bool {
        state_and_start(self.pid).is_some_and(|(state, _)| matches!(state, 'T' | 't'))
    }

    /// Sends a signal to that very process or to none. Says whether it was sent.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        if let Some(handle) = self.handle() {
            return pidfd_send_signal(&handle, signal).is_ok();
        }
        // No handle to be had (an old kernel, a sandbox, no descriptor left) is not "ended": the
        // next best is to check once more and signal by number.
        self.is_alive()
            && i32::try_from(self.pid)
                .ok()
                .and_then(Pid::from_raw)
                .is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// Ends what a process has left behind in the group that it led. Only for one that has ended:
    /// every process of ours leads a group, whose number nobody else gets while it has members.
    pub(crate) fn end_group(&self) {
        let group = i32::try_from(self.pid).ok().filter(|pid| *pid > 1).and_then(Pid::from_raw);
        if let Some(group) = group
            && !self.is_alive()
        {
            // Nobody left is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Waits until it has ended; `false` when the limit passes first.
    pub(crate) fn wait_for_end(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let Some(handle) = self.handle() else {
            while self.is_alive() && Instant::now() < deadline {
                std::thread::sleep(WITHOUT_HANDLE);
            }
            return !self.is_alive();
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            let mut waiting = [PollFd::new(&handle, PollFlags::IN)];
            match poll(&mut waiting, Some(&timeout)) {
                Ok(0) => return !self.is_alive(),
                Ok(_) => return true,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return !self.is_alive(),
            }
        }
    }

    /// A handle that can't come to mean another process: opened first, checked after.
    fn handle(&self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(i32::try_from(self.pid).ok()?)?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        self.is_alive().then_some(handle)
    }
}

/// Changes with every boot, so that records of an earlier one are recognised.
pub(crate) fn boot_id() -> &'static str {
    static BOOT_ID: OnceLock<String> = OnceLock::new();
    BOOT_ID.get_or_init(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
    })
}

/// Processor time a process has used, in user and kernel together: fields 14 and 15 of
/// `/proc/PID/stat` (proc(5)).
pub(crate) fn processor_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    let per_second = rustix::param::clock_ticks_per_second();
    Some(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// Field 22 of `/proc/PID/stat` (proc(5)); `None` for a process that is gone, dead or a zombie.
fn start_ticks(pid: u32) -> Option<u64> {
    state_and_start(pid).map(|(_, start)| start)
}

fn state_and_start(pid: u32) -> Option<(char, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name, in parentheses, may itself hold spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    if matches!(state, 'Z' | 'X' | 'x') {
        return None;
    }
    Some((state, fields.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself_and_not_its_namesake() {
        let me = Identity::of(std::process::id()).unwrap();
        assert!(me.is_alive());
        assert!(!Identity { start_ticks: me.start_ticks + 1, ..me.clone() }.is_alive());
        assert!(!Identity { boot_id: "another boot".into(), ..me }.is_alive());
    }

    #[test]
    fn an_ended_child_that_nobody_has_waited_for_is_not_alive() {
        let mut child = std::process::Command::new("/bin/sleep").arg("60").spawn().unwrap();
        let identity = Identity::of(child.id()).unwrap();
        assert!(identity.signal(Signal::KILL));
        assert!(identity.wait_for_end(Duration::from_secs(5)));
        assert!(!identity.is_alive());
        child.wait().unwrap();
        assert!(!identity.signal(Signal::KILL));
    }
}
