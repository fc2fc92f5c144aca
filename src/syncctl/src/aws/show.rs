//! What a finished operation looks like.

use std::time::Duration;

use deploy::apply::Applied;
use serde::Serialize;

use super::Session;
use crate::error::Result;
use crate::invitation::InvitationDocument;
use crate::ui::Ui;
use crate::ui::units;

#[derive(Debug, Serialize)]
struct Document<'a> {
    outcome: &'static str,
    name: &'a str,
    seconds: f64,
    #[serde(flatten)]
    verified: &'a deploy::verify::Verified,
    /// For the first user, where nobody has an account yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<&'a InvitationDocument>,
}

/// The end of `up`, `apply`, `roll` and `rollback`: what changed, how long it took, where it is.
pub(crate) fn applied(
    format: &'static str,
    session: &Session,
    applied: &Applied,
    elapsed: Duration,
    invitation: Option<&InvitationDocument>,
    ui: &mut Ui,
) -> Result<()> {
    let verified = &applied.verified;
    if ui.is_json() {
        let outcome = if applied.changed { "changed" } else { "unchanged" };
        let (name, seconds) = (session.name(), elapsed.as_secs_f64());
        return ui.json(format, &Document { outcome, name, seconds, verified, invitation });
    }
    let name = session.name();
    let style = ui.style();
    let release = verified.release.chars().take(12).collect::<String>();
    let after = units::seconds(elapsed);
    ui.line(&match applied.changed {
        true => style.green(&format!("{name} is up to date after {after}.")),
        false => format!("{name} is up to date already; nothing changed."),
    })?;
    ui.line("")?;
    ui.line(&format!("  Endpoint  {}", ui.style().bold(&verified.endpoint)))?;
    ui.line(&format!(
        "  Servers   {}, all healthy, in {}",
        units::count(verified.servers as u64, "server", "servers"),
        verified.zones.join(", ")
    ))?;
    ui.line(&format!("  Release   {release}"))?;
    if let Some(target) = verified.outputs.get("LoadBalancerName")
        && session.blueprint().deployment().entry.zone.is_none()
        && let Some(domain) = &session.blueprint().deployment().entry.domain
    {
        ui.line(&format!("  DNS       {domain} has to point to {target} (CNAME or alias)"))?;
    }
    for (_, record) in verified.outputs.iter().filter(|(name, _)| name.starts_with("DkimRecord")) {
        if session.blueprint().deployment().email.zone.is_none() {
            ui.line(&format!(
                "  DNS       for mail: {} CNAME {}",
                part(record, 0),
                part(record, 1)
            ))?;
        }
    }
    if session.named_release_differs(&verified.release) {
        ui.note("\nThe blueprint names another release (servers.release); the next `syncctl up` returns to it.");
    }
    Ok(())
}

/// For who scrolls to the end of a job's log.
pub(crate) fn last_line(session: &Session, applied: &Applied, elapsed: Duration, ui: &mut Ui) {
    let (name, verified, after) = (session.name(), &applied.verified, units::seconds(elapsed));
    let release = verified.release.chars().take(12).collect::<String>();
    let what = if applied.changed { format!("changed in {after}") } else { "unchanged".to_owned() };
    ui.last_line(&format!(
        "{name}: {what}; release {release} on {} at {}. Next: `syncctl status`, `syncctl rollback`",
        units::count(verified.servers as u64, "healthy server", "healthy servers"),
        verified.endpoint
    ));
}

fn part(record: &str, index: usize) -> &str {
    record.split(' ').nth(index).unwrap_or(record)
}
