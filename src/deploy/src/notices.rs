//! What a person should know before saying yes: what would make an `apply` fail, and what would not work afterwards.

use blueprint::Certificate;
use blueprint::deployment::Manage;
use cloud::{CloudError, Reason};
use stack::{Purpose, bucket_name};

use crate::deployer::Deployer;
use crate::error::Result;
use crate::observe::Observed;
use crate::plan::{Kind, Level, Notice, Operation, Plan};
use crate::previews;

mod changes;
mod entry;
mod images;
mod mail;
mod processors;
mod quotas;
pub(crate) mod rolling;
mod warnings;

pub(crate) use warnings::of_change_set;

/// Looks at everything that CloudFormation finds out only half-way, or never. A check that the caller may not make
/// is a note, not an error. Without `may_ask` only what is known is looked at.
///
/// # Errors
/// When AWS does not answer at all.
pub(crate) async fn of(
    deployer: &Deployer<'_>,
    observed: &Observed,
    plan: &Plan,
    may_ask: bool,
) -> Result<Vec<Notice>> {
    let mut notices = offline(deployer, observed, plan);
    notices.extend(changes::check(plan));
    if may_ask {
        notices.extend(images::check(deployer, observed).await);
    }
    if may_ask && plan.has_changes() {
        let creates = plan.stacks.iter().any(|stack| stack.operation == Operation::Create);
        let (region, entry, mail, quotas) = futures::join!(
            region(deployer, creates),
            entry::check(deployer),
            mail::check(deployer, plan),
            quotas::check(deployer, plan),
        );
        notices.extend([region, entry, mail, quotas].into_iter().flatten());
        notices.extend(rolling::check(deployer, observed, plan));
    }
    notices.extend(processors::check(deployer, plan));
    notices.sort_by_key(|notice| notice.level);
    Ok(notices)
}

fn offline(deployer: &Deployer<'_>, observed: &Observed, plan: &Plan) -> Vec<Notice> {
    let deployment = deployer.deployment();
    let mut notices = Vec::new();
    let kept = changes::kept_key(plan, &deployment.storage.key).filter(|_| is_new(plan));
    if !observed.leftovers.is_empty() || kept.is_some() {
        let alias = bucket_name(&deployment.name, Purpose::Key, &plan.account, &plan.region);
        let kept = kept.map(|key| format!("the key {key} (alias/{alias})"));
        let names: Vec<String> = observed.leftovers.values().cloned().chain(kept).collect();
        notices.push(Notice {
            level: Level::Warning,
            text: format!(
                "An earlier deployment of this name left {}; this one takes them over with everything in them.",
                names.join(", ")
            ),
            advice: Some("to begin empty, choose another name, or remove them first".to_owned()),
            line: None,
        });
    }
    if deployment.ttl.is_some() && !previews::may_become_one(observed) {
        notices.push(Notice {
            level: Level::Blocker,
            text: format!(
                "{}; with a `ttl` it would be collected one day, with its data.",
                match observed.leftovers.is_empty() {
                    true => format!("{} is there already and is no preview", deployment.name),
                    false => format!(
                        "an earlier deployment of the name {} has left data, and this one would take it over",
                        deployment.name
                    ),
                }
            ),
            advice: Some("choose another name, or remove `ttl`".to_owned()),
            line: crate::lines::of_key(deployer.blueprint, "ttl"),
        });
    }
    if !observed.leftovers.is_empty()
        && !deployment.storage.content.retain
        && deployment.ttl.is_none()
    {
        notices.push(Notice {
            level: Level::Blocker,
            text: "An earlier deployment of this name was to keep its data, and this one would not keep it."
                .to_owned(),
            advice: Some("write `storage: { content: { retain: true } }`, or choose another name".to_owned()),
            line: crate::lines::of_key(deployer.blueprint, "storage.content.retain"),
        });
    }
    let stacks = [&observed.data, &observed.app].into_iter().flatten();
    let open = stacks.clone().filter(|stack| stack.is_deployed() && !stack.summary.protected);
    let open: Vec<&str> = open.map(|stack| stack.summary.name.as_str()).collect();
    if deployment.protect && !open.is_empty() {
        notices.push(Notice {
            level: Level::Warning,
            text: format!("Nothing keeps {} from being deleted at the moment.", open.join(" and ")),
            advice: Some(
                "`syncctl up` puts the protection on, also where nothing else changes".to_owned(),
            ),
            line: crate::lines::of_key(deployer.blueprint, "protect"),
        });
    }
    if !deployment.protect && stacks.clone().any(|stack| stack.summary.protected) {
        notices.push(Notice {
            level: Level::Warning,
            text: "Protection comes off: afterwards the deployment can be taken down without its name being typed."
                .to_owned(),
            advice: None,
            line: crate::lines::of_key(deployer.blueprint, "protect"),
        });
    }
    if deployment.entry.certificate.is_none() {
        let line = crate::lines::of_key(deployer.blueprint, "entry.certificate");
        notices.push(Notice {
            level: Level::Warning,
            text: "Clients reach the service over plain HTTP: passwords and file names can be read on the way."
                .to_owned(),
            advice: Some(
                "set entry.certificate to a certificate of ACM, or to `request` with entry.zone".to_owned(),
            ),
            line,
        });
    }
    notices
}

/// Whether the data stack is made: only then anything is taken over.
fn is_new(plan: &Plan) -> bool {
    let data = plan.stacks.iter().find(|stack| stack.kind == Kind::Data);
    data.is_some_and(|data| data.operation == Operation::Create)
}

async fn region(deployer: &Deployer<'_>, creates: bool) -> Vec<Notice> {
    if !creates {
        return Vec::new();
    }
    match deployer.cloud.is_opted_in().await {
        Ok(true) => Vec::new(),
        Ok(false) => vec![Notice {
            level: Level::Blocker,
            text: format!(
                "The account has not switched on the Region {}.",
                deployer.cloud.region()
            ),
            advice: Some(format!(
                "switch it on: aws account enable-region --region-name {}",
                deployer.cloud.region()
            )),
            line: crate::lines::of_key(deployer.blueprint, "region"),
        }],
        Err(error) => unchecked("whether the Region is switched on", &error),
    }
}

/// A check that could not be made.
fn unchecked(what: &str, error: &CloudError) -> Vec<Notice> {
    let why = match error.reason {
        Reason::Denied => {
            format!("these credentials may not call {}:{}", error.service, error.operation)
        }
        Reason::Unsupported => "this endpoint cannot tell".to_owned(),
        _ => error.message.clone(),
    };
    vec![Notice {
        level: Level::Note,
        text: format!("Not checked: {what} ({why})."),
        advice: None,
        line: None,
    }]
}

/// Whether a certificate is one that ACM knows.
fn certificate_arn(deployer: &Deployer<'_>) -> Option<String> {
    match &deployer.deployment().entry.certificate {
        Some(Certificate::Existing(arn)) => Some(arn.to_string()),
        _ => None,
    }
}

/// Whether an identity has to exist already.
fn existing_identity(deployer: &Deployer<'_>) -> Option<String> {
    let email = &deployer.deployment().email;
    let existing = email.manage == Manage::Existing;
    email.identity.as_ref().filter(|_| existing).map(ToString::to_string)
}
