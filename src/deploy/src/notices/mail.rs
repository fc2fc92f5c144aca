//! Mail: the sandbox, and identities that are not verified.

use super::{existing_identity, unchecked};
use crate::deployer::Deployer;
use crate::plan::{Change, ChangeAction, Level, Notice, Plan};

pub(super) async fn check(deployer: &Deployer<'_>, plan: &Plan) -> Vec<Notice> {
    if deployer.deployment().email.identity.is_none() {
        return Vec::new();
    }
    let (account, identity, new) = futures::join!(
        check_account(deployer),
        check_identity(deployer),
        check_new_identity(deployer, plan)
    );
    [account, identity, new].into_iter().flatten().collect()
}

/// There is one of each in a Region: whoever has given a deployment another name finds the old one's here.
async fn check_new_identity(deployer: &Deployer<'_>, plan: &Plan) -> Vec<Notice> {
    let mut changes = plan.stacks.iter().flat_map(|stack| &stack.changes);
    let is_made =
        |change: &Change| change.logical_id == "MailIdentity" && change.action == ChangeAction::Add;
    let identity = deployer.deployment().email.identity.as_ref().map(ToString::to_string);
    let Some(identity) = identity.filter(|_| changes.any(is_made)) else { return Vec::new() };
    match deployer.cloud.mail_identity(&identity).await {
        Ok(None) => Vec::new(),
        Ok(Some(_)) => vec![Notice {
            level: Level::Blocker,
            text: format!("SES has an identity {identity} already, and cannot make another."),
            advice: Some(
                "if a deployment of another name has it: a new name is a new deployment, and data does not move; else set `manage: existing` under email"
                    .to_owned(),
            ),
            line: crate::lines::of_key(deployer.blueprint, "email.identity"),
        }],
        Err(error) => unchecked("whether the mail identity is there already", &error),
    }
}

async fn check_account(deployer: &Deployer<'_>) -> Vec<Notice> {
    let account = match deployer.cloud.mail_account().await {
        Ok(account) => account,
        Err(error) => return unchecked("what SES lets the account send", &error),
    };
    let notice = |text: &str, advice: &str| Notice {
        level: Level::Warning,
        text: text.to_owned(),
        advice: Some(advice.to_owned()),
        line: crate::lines::of_key(deployer.blueprint, "email.identity"),
    };
    let mut notices = Vec::new();
    if !account.has_production_access {
        notices.push(notice(
            "SES is in its sandbox in this Region: mail reaches verified addresses only.",
            "ask for production access: aws sesv2 put-account-details --production-access-enabled …",
        ));
    }
    if !account.can_send {
        notices.push(notice(
            "SES has suspended sending for this account.",
            "see the account dashboard of SES for the reason",
        ));
    }
    notices
}

async fn check_identity(deployer: &Deployer<'_>) -> Vec<Notice> {
    let Some(identity) = existing_identity(deployer) else { return Vec::new() };
    let line = crate::lines::of_key(deployer.blueprint, "email.identity");
    let found = match deployer.cloud.mail_identity(&identity).await {
        Ok(found) => found,
        Err(error) => return unchecked("the mail identity", &error),
    };
    let notice = |level, text, advice| vec![Notice { level, text, advice: Some(advice), line }];
    match found {
        None => notice(
            Level::Blocker,
            format!("SES has no identity {identity} in {}.", deployer.cloud.region()),
            "create it there, or set `manage: create` under email".to_owned(),
        ),
        Some(state) if !state.is_verified => {
            let records: Vec<String> = state
                .records
                .iter()
                .map(|record| format!("{} {} {}", record.name, record.kind, record.value))
                .collect();
            let advice = match records.is_empty() {
                true => "open the link that SES has mailed to it".to_owned(),
                false => format!("add these records to the DNS: {}", records.join("; ")),
            };
            notice(
                Level::Warning,
                format!("{identity} is not verified; SES refuses mail from it."),
                advice,
            )
        }
        Some(_) => Vec::new(),
    }
}
