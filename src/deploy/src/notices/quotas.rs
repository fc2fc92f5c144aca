//! Quotas that the stack and its rolls need.

use super::unchecked;
use crate::deployer::Deployer;
use crate::plan::{Harm, Kind, Level, Notice, Operation, Plan};

mod need;

use need::{Need, Now};

/// Running On-Demand standard instances, in virtual processors.
const STANDARD_PROCESSORS: (&str, &str) = ("ec2", "L-1216C47A");
/// VPCs per Region.
const NETWORKS: (&str, &str) = ("vpc", "L-F678F1CE");
/// Application load balancers per Region.
const LOAD_BALANCERS: (&str, &str) = ("elasticloadbalancing", "L-53DA6B97");

/// Virtual processors of the sizes people start with; larger ones double with each step
/// (<https://aws.amazon.com/ec2/instance-types/>). `None` for a size that is not in the list.
fn processors(size: &str) -> Option<u32> {
    let large = |count: u32| count.checked_mul(4);
    match size {
        "nano" | "micro" | "small" | "medium" | "large" => Some(2),
        "xlarge" => Some(4),
        _ => large(size.strip_suffix("xlarge")?.parse().ok()?),
    }
}

pub(super) async fn check(deployer: &Deployer<'_>, plan: &Plan) -> Vec<Notice> {
    let creates = plan.stacks.iter().any(|stack| stack.operation == Operation::Create);
    let (processors, networks, balancers) = futures::join!(
        check_processors(deployer, plan),
        check_one(deployer, creates, NETWORKS, "VPCs", deployer.cloud.vpcs()),
        check_one(
            deployer,
            creates,
            LOAD_BALANCERS,
            "application load balancers",
            deployer.cloud.load_balancers()
        ),
    );
    [processors, networks, balancers].into_iter().flatten().collect()
}

async fn check_processors(deployer: &Deployer<'_>, plan: &Plan) -> Vec<Notice> {
    let servers = &deployer.deployment().servers;
    let (_, size) = servers.instance.as_str().split_once('.').unwrap_or_default();
    let Some(each) = processors(size) else { return Vec::new() };
    let (service, code) = STANDARD_PROCESSORS;
    let (quota, running) =
        futures::join!(deployer.cloud.quota(service, code), deployer.cloud.running_vcpus());
    let (quota, running) = match (quota, running) {
        (Ok(Some(quota)), Ok(running)) => (quota, running),
        (Ok(None), _) => return Vec::new(),
        (Err(error), _) | (_, Err(error)) => return unchecked("the quota of processors", &error),
    };
    let mut changes = plan.stacks.iter().flat_map(|stack| &stack.changes);
    let creates = plan
        .stacks
        .iter()
        .any(|stack| stack.kind == Kind::App && stack.operation == Operation::Create);
    let need = Need {
        each,
        servers: servers.desired,
        most: servers.max,
        more: {
            let extra = servers.desired * deployer.deployment().rollout.max_healthy.get() / 100;
            extra.max(servers.desired + 1) - servers.desired
        },
        others: if creates { running } else { running.saturating_sub(servers.desired * each) },
        quota,
    };
    let now = match (creates, changes.any(|change| change.harm == Harm::Rolls)) {
        (true, _) => Now::Creates,
        (false, true) => Now::Rolls,
        (false, false) => Now::Neither,
    };
    let Some((level, text, wanted)) = need.told(now) else { return Vec::new() };
    let line = match level {
        Level::Note => "servers.max",
        _ => "servers.desired",
    };
    vec![Notice {
        level,
        text,
        advice: Some(format!(
            "ask for more: aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} --desired-value {wanted}"
        )),
        line: crate::lines::of_key(deployer.blueprint, line),
    }]
}

async fn check_one(
    deployer: &Deployer<'_>,
    creates: bool,
    (service, code): (&str, &str),
    what: &str,
    used: impl Future<Output = cloud::Result<u32>>,
) -> Vec<Notice> {
    if !creates {
        return Vec::new();
    }
    let (quota, used) = futures::join!(deployer.cloud.quota(service, code), used);
    match (quota, used) {
        (Ok(Some(quota)), Ok(used)) if f64::from(used + 1) > quota => vec![Notice {
            level: Level::Blocker,
            text: format!(
                "The account has {used} {what} in this Region, and its quota is {quota}."
            ),
            advice: Some(format!(
                "remove one, or ask for more: aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} --desired-value {}",
                used + 1
            )),
            line: None,
        }],
        (Ok(_), Ok(_)) => Vec::new(),
        (Err(error), _) | (_, Err(error)) => unchecked(&format!("the quota of {what}"), &error),
    }
}

#[cfg(test)]
mod tests {
    use super::processors;

    #[test]
    fn sizes_double() {
        assert_eq!(processors("small"), Some(2));
        assert_eq!(processors("xlarge"), Some(4));
        assert_eq!(processors("2xlarge"), Some(8));
        assert_eq!(processors("metal"), None);
    }
}
