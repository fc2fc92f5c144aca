//! What a change in place comes to, where the type of the resource alone does not tell: a number of days may cost
//! somebody the version that they wanted back.

use serde_json::Value;

use super::{Change, ChangeAction, Harm, PropertyChange};

mod access;
mod entry;
mod leaf;

use leaf::{Leaf, leaf};

/// A consequence in words, with how bad it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) harm: Harm,
    pub(super) words: String,
}

impl Effect {
    fn new(harm: Harm, words: impl Into<String>) -> Self {
        Self { harm, words: words.into() }
    }
}

/// What a change comes to, the worst first.
pub(super) fn effects(change: &Change) -> Vec<Effect> {
    let mut found: Vec<Effect> = Vec::new();
    match change.action {
        ChangeAction::Remove => found.extend(removal(change)),
        ChangeAction::Add | ChangeAction::Import => {}
        ChangeAction::Modify | ChangeAction::Dynamic | ChangeAction::Sync => {
            let own = |it: &&PropertyChange| !it.is_echo;
            for property in change.properties.iter().filter(own) {
                found.extend(of_property(change, property));
            }
            found.extend(access::of(change));
        }
    }
    found.sort_by_key(|effect| effect.harm);
    found.dedup();
    found
}

/// How bad one value is for another.
type Judge = fn(&Change, &Leaf) -> Option<Effect>;

/// The rules of a firewall, and the addresses in them.
const INGRESS: &str = "SecurityGroupIngress";
const RANGES: &str = "SecurityGroupIngress.CidrIp";

/// Type, path below `Properties` without list positions, and what it comes to.
const RULES: [(&str, &str, Judge); 10] = [
    (
        "AWS::S3::Bucket",
        "LifecycleConfiguration.Rules.NoncurrentVersionExpiration.NoncurrentDays",
        versions,
    ),
    ("AWS::S3::Bucket", "LifecycleConfiguration.Rules.ExpirationInDays", expiry),
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault.KMSMasterKeyID",
        key,
    ),
    (
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        recovery,
    ),
    ("AWS::Logs::LogGroup", "RetentionInDays", expiry),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckPath", health),
    ("AWS::EC2::SecurityGroup", INGRESS, entry::narrowed),
    ("AWS::EC2::SecurityGroup", RANGES, entry::narrowed),
    ("AWS::Route53::RecordSet", "Name", record),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.NetworkInterfaces.AssociatePublicIpAddress",
        addresses,
    ),
];

fn of_property(change: &Change, property: &PropertyChange) -> Vec<Effect> {
    let rules = RULES.iter().filter(|(kind, ..)| *kind == change.resource_type);
    rules.filter_map(|(_, path, judge)| judge(change, &leaf(property, path)?)).collect()
}

/// Ranges that a change of what is there lets in and that were not let in before: `None` in the place of the whole internet.
pub(crate) fn opened_to(change: &Change) -> Vec<Option<String>> {
    let mut opened = Vec::new();
    let changed = change.properties.iter().filter(|_| change.action == ChangeAction::Modify);
    for property in changed {
        let leaf = leaf(property, INGRESS).or_else(|| leaf(property, RANGES));
        let ranges = leaf.and_then(|leaf| entry::difference(change, &leaf));
        let ranges = ranges.map(|(_, gained)| gained).unwrap_or_default();
        let ranges = ranges.into_iter().map(|it| (it != entry::EVERYBODY).then_some(it));
        opened.extend(ranges);
    }
    opened.dedup();
    opened
}

/// What goes with a resource, where its type says more than that it is gone.
fn removal(change: &Change) -> Option<Effect> {
    let identity = (change.resource_type == "AWS::SES::EmailIdentity")
        .then(|| change.physical_id.as_deref().unwrap_or("it"))?;
    Some(Effect::new(
        Harm::Interrupts,
        format!("nobody can send as {identity} until the identity is made and verified again"),
    ))
}

fn versions(_: &Change, leaf: &Leaf) -> Option<Effect> {
    match leaf.numbers() {
        (before, Some(after)) if before.is_none_or(|before| after < before) => Some(Effect::new(
            Harm::Destroys,
            format!(
                "earlier versions older than {after} days are deleted for good, from the first day on"
            ),
        )),
        (Some(before), after) if after != Some(before) => {
            Some(Effect::new(Harm::Safe, "keeps versions longer; storage costs grow"))
        }
        _ => None,
    }
}

fn expiry(_: &Change, leaf: &Leaf) -> Option<Effect> {
    let (before, after) = leaf.numbers();
    let after = after.filter(|after| before.is_none_or(|before| *after < before))?;
    Some(Effect::new(
        Harm::Destroys,
        format!("what is older than {after} days is deleted for good, from the first day on"),
    ))
}

fn recovery(_: &Change, leaf: &Leaf) -> Option<Effect> {
    match leaf.switch()? {
        (true, false) => Some(Effect::new(
            Harm::Destroys,
            "the backup of the last 35 days is discarded; the table cannot be restored any more",
        )),
        (false, true) => Some(Effect::new(Harm::Safe, "can be restored from now on; costs grow")),
        _ => None,
    }
}

/// The roles know the key of the moment only: what another one has encrypted is closed to them.
fn key(_: &Change, leaf: &Leaf) -> Option<Effect> {
    let before = leaf.before.first().and_then(Value::as_str)?;
    (leaf.before != leaf.after).then(|| {
        Effect::new(
            Harm::Destroys,
            format!(
                "files uploaded so far become unreadable: servers and clients lose kms:Decrypt on {before}"
            ),
        )
    })
}

fn addresses(_: &Change, leaf: &Leaf) -> Option<Effect> {
    let is_on = |values: &[Value]| values.iter().any(|value| *value == true || *value == "true");
    let words = match (is_on(&leaf.before), is_on(&leaf.after)) {
        (false, true) => "servers get public addresses, inbound only from the load balancer",
        (true, false) => "servers lose their public addresses",
        _ => return None,
    };
    Some(Effect::new(Harm::Rolls, words))
}

fn health(_: &Change, leaf: &Leaf) -> Option<Effect> {
    let after = leaf.after.first()?.as_str()?;
    Some(Effect::new(
        Harm::Interrupts,
        format!("servers that do not answer at {after} are taken out of service"),
    ))
}

fn record(change: &Change, leaf: &Leaf) -> Option<Effect> {
    let before = leaf.before.first()?.as_str()?;
    let what = match change.logical_id.as_str() {
        "DomainRecord" => "; devices log in at the new address",
        _ => "",
    };
    Some(Effect::new(Harm::Interrupts, format!("{before} stops resolving{what}")))
}

#[cfg(test)]
mod tests;
