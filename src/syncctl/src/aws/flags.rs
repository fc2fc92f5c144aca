//! Flags of the commands that change something on AWS.

use std::time::Duration;

use clap::Args;

use crate::error::{CliError, Kind, Result};
use crate::{durations, env_vars};

/// How CloudFormation is to work.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct ServiceRole {
    /// Service role that CloudFormation acts with, and keeps for the stacks [default: your own rights]
    #[arg(long, value_name = "ARN", value_parser = role, env = env_vars::ROLE_ARN, hide_env = true)]
    pub(crate) role_arn: Option<String>,
}

/// What to do where somebody else is at work.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct Waiting {
    /// Wait this long for somebody else's operation to end, e.g. 15m [default: stop with exit code 75]
    #[arg(long, value_name = "DURATION", value_parser = durations::parse, env = env_vars::WAIT_FOR_OTHER, hide_env = true)]
    pub(crate) wait_for_other: Option<Duration>,
}

/// On this machine there is no CloudFormation, and nobody to wait for.
pub(crate) fn refuse_here(role: &ServiceRole, waiting: &Waiting) -> Result<()> {
    let flag = match (&role.role_arn, waiting.wait_for_other) {
        (Some(_), _) => "--role-arn",
        (None, Some(_)) => "--wait-for-other",
        (None, None) => return Ok(()),
    };
    Err(CliError::new(Kind::Usage, format!("{flag} is for `target: aws`"))
        .hint("leave it out: this deployment runs on this machine"))
}

fn role(text: &str) -> std::result::Result<String, String> {
    let is_role = text.starts_with("arn:") && text.contains(":iam::") && text.contains(":role/");
    match is_role {
        true => Ok(text.to_owned()),
        false => Err("the ARN of a role looks like arn:aws:iam::123456789012:role/NAME".to_owned()),
    }
}
