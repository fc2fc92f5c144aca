//! The roll within a stack update, instance by instance, as the group tells it.

use std::collections::HashMap;

use cloud::{Activity, StackEvent};
use jiff::Timestamp;

use crate::deployer::Deployer;
use crate::events::Event;
use crate::verify::outputs;

/// Lines of the console that are shown of an instance that did not boot.
const LAST_LINES: usize = 12;

/// Newest lines of all servers' logs that are looked through.
const LOG_LINES: u32 = 10_000;

/// How `templates/instance/boot.sh.j2` begins and ends what it says of a failure.
const GAVE_UP: &str = "syncctl: boot failed: ";
const GAVE_UP_END: &str = "syncctl: end of the server's log";

/// Watches the group while its stack changes.
pub(crate) struct Roll {
    began: Timestamp,
    group: Option<String>,
    told: HashMap<String, String>,
    /// Instances that did not come up, whose last words are not known yet.
    failed: Vec<String>,
    /// Those that came up, in order.
    launched: Vec<String>,
    /// Whether the group could not be changed.
    is_undone: bool,
    /// Whether a failing instance has had its say; the others fail for the same reason.
    has_said: bool,
}

impl Roll {
    pub(crate) fn new() -> Self {
        let began = Timestamp::UNIX_EPOCH;
        Self {
            began,
            group: None,
            told: HashMap::new(),
            failed: Vec::new(),
            launched: Vec::new(),
            is_undone: false,
            has_said: false,
        }
    }

    /// Takes note of the group as soon as an event names it.
    pub(crate) fn note(&mut self, event: &StackEvent) {
        if event.resource_type == "AWS::AutoScaling::AutoScalingGroup" {
            if self.group.is_none() {
                // By AWS's own clock. What the group did before belongs to others.
                self.began = event.at;
            }
            self.group = event.physical_id.clone().filter(|name| !name.is_empty());
            self.is_undone |= event.status == "UPDATE_FAILED";
        }
    }

    /// Tells what is new. That the group cannot be asked is no reason to stop following the stack.
    pub(crate) async fn tell(&mut self, deployer: &Deployer<'_>) {
        let Some(group) = &self.group else { return };
        let Ok(mut activities) = deployer.cloud.activities(group).await else { return };
        activities.retain(|activity| activity.started >= self.began);
        activities.reverse();
        for activity in activities {
            if self.told.get(&activity.id) == Some(&activity.status) {
                continue;
            }
            self.told.insert(activity.id.clone(), activity.status.clone());
            deployer.tell(Event::Activity {
                description: activity.description.clone(),
                status: activity.status.clone(),
                reason: activity.message.clone(),
            });
            let Some(name) = launching(&activity) else { continue };
            if is_failure(&activity.status) {
                self.failed.push(name.to_owned());
            } else if activity.status == "Successful" {
                self.launched.push(name.to_owned());
            }
        }
        if !self.has_said {
            self.has_said = self.tell_last_words(deployer).await;
        }
    }

    /// What the instance that failed first says for itself: on its console where it did not come up, which AWS may show
    /// a look or two later, or in the log where it came up and was taken for bad.
    async fn tell_last_words(&self, deployer: &Deployer<'_>) -> bool {
        for name in &self.failed {
            let Ok(Some(console)) = deployer.cloud.console_output(name).await else { continue };
            deployer.trouble(format!("last lines of the console of {name}:"));
            last_lines(&console).into_iter().for_each(|line| deployer.trouble(line));
            return true;
        }
        let Some(first) = self.launched.first().filter(|_| self.is_undone) else { return false };
        let Ok(outputs) = outputs(deployer).await else { return false };
        let Some(group) = outputs.get("ServerLogGroup") else { return false };
        let Ok(lines) = deployer.cloud.log_lines(group, self.began, LOG_LINES).await else {
            return false;
        };
        let stream = format!("{first}/syncd");
        let of_it = lines.iter().filter(|line| line.stream == stream && !is_access(&line.text));
        let lines: Vec<_> = of_it.collect();
        if lines.is_empty() {
            return false;
        }
        deployer.trouble(format!("last lines of the log of {first}:"));
        for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
            deployer.trouble(line.text.trim_end());
        }
        true
    }
}

/// The instance that a launch is about.
fn launching(activity: &Activity) -> Option<&str> {
    instance(activity.description.strip_prefix("Launching a new EC2 instance")?)
}

/// Whether a line of a server's log only says that it answered somebody, which a busy one says all the time.
fn is_access(line: &str) -> bool {
    line.contains(r#""message":"request""#) && !line.contains(r#""status":5"#)
}

/// Whether an activity came to nothing. A launch whose boot script gives up is not failed but cancelled:
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html>.
#[must_use]
pub fn is_failure(status: &str) -> bool {
    matches!(status, "Failed" | "Cancelled")
}

/// The last lines that say something: those of the boot script where it gave up, because the shutdown that follows
/// says much and nothing about the cause.
pub(crate) fn last_lines(console: &str) -> Vec<&str> {
    let lines: Vec<&str> = console
        .lines()
        .map(|line| plain(line.trim_end()))
        .filter(|line| !line.is_empty())
        .collect();
    let Some(gave_up) = lines.iter().rposition(|line| line.starts_with(GAVE_UP)) else {
        return lines[lines.len().saturating_sub(LAST_LINES)..].to_vec();
    };
    let said = &lines[gave_up + 1..];
    let mut found = vec![lines[gave_up]];
    match said.iter().position(|line| line.starts_with(GAVE_UP_END)) {
        Some(end) => found.extend(&said[end.saturating_sub(LAST_LINES)..end]),
        None => found.extend(said.iter().take(LAST_LINES)),
    }
    found
}

/// Without what cloud-init puts before each line: `[   12.345678] cloud-init[1234]: `.
fn plain(line: &str) -> &str {
    let Some((head, rest)) = line.split_once("cloud-init[") else { return line };
    let is_head = head.chars().all(|letter| letter.is_ascii_digit() || " .[]".contains(letter));
    match rest.split_once("]: ") {
        Some((number, said)) if is_head && number.bytes().all(|it| it.is_ascii_digit()) => said,
        _ => line,
    }
}

/// The instance in `Launching a new EC2 instance: i-0123456789abcdef0`.
fn instance(description: &str) -> Option<&str> {
    let from = &description[description.find("i-")?..];
    let end = from.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    Some(&from[..end.unwrap_or(from.len())])
}

#[cfg(test)]
mod tests {
    use super::{instance, is_access, last_lines};

    #[test]
    fn the_instance_is_read_from_the_groups_words() {
        let words = "Launching a new EC2 instance: i-0123456789abcdef0.  Status Reason: …";
        assert_eq!(instance(words), Some("i-0123456789abcdef0"));
        assert_eq!(instance("Updating load balancers"), None);
    }

    #[test]
    fn only_the_last_lines_that_say_something_are_shown() {
        let console: String = (0..30).map(|line| format!("line {line}\n\n")).collect();
        assert_eq!(last_lines(&console).first(), Some(&"line 18"));
        assert_eq!(last_lines(&console).len(), 12);
        assert!(last_lines("\n").is_empty());
    }

    #[test]
    fn what_a_server_says_all_the_time_is_left_out() {
        assert!(is_access(r#"{"level":"INFO","message":"request","route":"/","status":200}"#));
        assert!(!is_access(r#"{"level":"INFO","message":"request","route":"/","status":503}"#));
        assert!(!is_access("out of everything: serving no more"));
    }

    #[test]
    fn a_boot_script_that_gave_up_has_the_last_word() {
        let console = "\
[   11.1] cloud-init[49]: syncctl: i-1 starts release 2f of acme
[   31.5] cloud-init[49]: syncctl: boot failed: the server ended 20 times
[   31.6] cloud-init[49]: fatal: this release cannot start
[   31.7] cloud-init[49]: syncctl: end of the server's log
[  OK  ] Stopped target timers.target - Timer Units.
[  OK  ] Reached target shutdown.target - System Shutdown.
Powering off.
";
        let said =
            ["syncctl: boot failed: the server ended 20 times", "fatal: this release cannot start"];
        assert_eq!(last_lines(console), said);
        // Cut off, or an image of before.
        let cut = console.lines().take(2).collect::<Vec<_>>().join("\n");
        assert_eq!(last_lines(&cut), said[..1]);
    }
}
