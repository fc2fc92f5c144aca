//! The programs belong to the same release, and the clock is not off.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::Check;
use crate::error::Result;
use crate::programs::Installed;

/// 1 January 2026: this release is younger than that.
const BEFORE_THIS_RELEASE: Duration = Duration::from_secs(1_767_225_600);

pub(super) fn checks(installed: Result<Installed>) -> Vec<Check> {
    vec![server_program(installed), clock()]
}

fn server_program(installed: Result<Installed>) -> Check {
    const NAME: &str = "server-program";
    let installed = match installed {
        Ok(installed) => installed,
        Err(error) => return Check::failed(NAME, error.message, error.hints.join("; ")),
    };
    let path = installed.syncd.display();
    let answer = Command::new(&installed.syncd).arg("--version").stdin(Stdio::null()).output();
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let fix = "install the release for this machine's architecture";
            return Check::failed(NAME, format!("{path} does not start: {error}"), fix);
        }
    };
    let said = String::from_utf8_lossy(&answer.stdout);
    let version = said.split_whitespace().nth(1).unwrap_or("unknown");
    let expected = env!("CARGO_PKG_VERSION");
    if version == expected {
        return Check::ok(NAME, format!("{path}, version {version}"));
    }
    let detail = format!("{path} is version {version}, syncctl is {expected}");
    Check::failed(NAME, detail, "install `syncctl` and `syncd` from the same release")
}

fn clock() -> Check {
    const NAME: &str = "clock";
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    if now < BEFORE_THIS_RELEASE {
        let detail = "the clock is years behind; credentials and invitations would be refused";
        return Check::failed(
            NAME,
            detail,
            "set the clock, for example with `timedatectl set-ntp true`",
        );
    }
    Check::ok(NAME, jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string())
}
