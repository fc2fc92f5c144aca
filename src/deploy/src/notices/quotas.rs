//! Quotas that the stack and its rolls need.

use super::unchecked;
use crate::deployer::Deployer;
use crate::plan::{Level, Notice};

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

pub(super) async fn check(deployer: &Deployer<'_>, creates: bool) -> Vec<Notice> {
    let (processors, networks, balancers) = futures::join!(
        check_processors(deployer, creates),
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

async fn check_processors(deployer: &Deployer<'_>, creates: bool) -> Vec<Notice> {
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
    let extra = servers.desired * deployer.deployment().rollout.max_healthy.get() / 100;
    let roll = extra.max(servers.desired + 1) - servers.desired;
    let new = if creates { servers.desired } else { 0 };
    let needed = running + (new + roll) * each;
    if f64::from(needed) <= quota {
        return Vec::new();
    }
    let start_fits = f64::from(running + new * each) <= quota;
    vec![Notice {
        level: if start_fits { Level::Warning } else { Level::Blocker },
        text: format!(
            "{needed} virtual processors would run at once while servers are replaced ({running} run now, {} of {each}, {roll} more in a roll), and the quota is {quota}.",
            if servers.desired == 1 {
                "1 server".to_owned()
            } else {
                format!("{} servers", servers.desired)
            }
        ),
        advice: Some(format!(
            "ask for more: aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} --desired-value {needed}"
        )),
        line: crate::lines::of_key(deployer.blueprint, "servers.desired"),
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
