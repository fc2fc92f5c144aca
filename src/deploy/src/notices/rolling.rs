//! What would break a roll off: credentials that end too soon.

use jiff::SignedDuration;

use crate::deployer::Deployer;
use crate::observe::Observed;
use crate::plan::{Harm, Kind, Level, Notice, Operation, Plan};

/// How long replacing one server takes: boot, warm-up, two health checks, draining. An estimate on the safe side; AWS
/// promises no time.
const EACH: SignedDuration = SignedDuration::from_mins(4);

pub(crate) fn check(deployer: &Deployer<'_>, observed: &Observed, plan: &Plan) -> Vec<Notice> {
    let app = plan.stacks.iter().find(|stack| stack.kind == Kind::App);
    let moves_servers = app.is_some_and(|app| match app.operation {
        Operation::Nothing => false,
        Operation::Create => true,
        _ => app.changes.iter().any(|change| change.harm != Harm::Safe),
    });
    match moves_servers {
        true => credentials(deployer, observed).into_iter().collect(),
        false => Vec::new(),
    }
}

/// CloudFormation acts with the credentials that an operation was begun with.
fn credentials(deployer: &Deployer<'_>, observed: &Observed) -> Option<Notice> {
    let end = observed.caller.expires.filter(|_| deployer.service_role.is_none())?;
    let left = end.duration_since((deployer.now)());
    let deployment = deployer.deployment();
    let servers = i32::try_from(deployment.servers.desired).unwrap_or(i32::MAX);
    let bake = SignedDuration::try_from(deployment.rollout.bake.to_std()).unwrap_or_default();
    let needed = EACH.saturating_mul(servers).saturating_add(bake);
    if left > needed {
        return None;
    }
    Some(Notice {
        level: Level::Warning,
        text: format!(
            "These credentials end in {} minutes, and CloudFormation works with them until the last server is in service, for about {} minutes.",
            left.as_mins().max(0),
            needed.as_mins()
        ),
        advice: Some(
            "get fresh ones first, or let CloudFormation act as a role of its own: --role-arn"
                .to_owned(),
        ),
        line: None,
    })
}
