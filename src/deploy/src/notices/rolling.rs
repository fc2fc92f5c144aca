//! What would break a roll off: credentials that end too soon.

use crate::deployer::Deployer;
use crate::observe::Observed;
use crate::plan::{Kind, Level, Notice, Operation, Plan};
use jiff::SignedDuration;

/// How long it takes to replace one server: boot, warm-up, draining. Source: the lifecycle hook's and the drain's
/// limits are five minutes together; three are usual.
const EACH: SignedDuration = SignedDuration::from_mins(4);

pub(crate) fn check(deployer: &Deployer<'_>, observed: &Observed, plan: &Plan) -> Vec<Notice> {
    let app = plan.stacks.iter().find(|stack| stack.kind == Kind::App);
    if app.is_none_or(|app| app.operation == Operation::Nothing) {
        return Vec::new();
    }
    credentials(deployer, observed).into_iter().collect()
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
            "These credentials end in {} minutes, and CloudFormation works with them until the last server is replaced, for about {} minutes.",
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
