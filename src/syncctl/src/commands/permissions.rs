use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::aws::session::require_aws;
use crate::deployment;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Print the IAM policies that a deployer of this blueprint needs
///
/// Needs no account. Each document fits a managed policy of its own; attach them all.
#[derive(Debug, Args)]
pub(crate) struct PermissionsArgs {
    /// Whose permissions
    #[arg(long = "for", value_enum, default_value_t = Role::Deployer, value_name = "ROLE", hide_possible_values = false, env = env_vars::PERMISSIONS_FOR, hide_env = true)]
    role: Role,
}

/// Who the policies are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Whoever runs `up`, `apply` and `down`
    Deployer,
    /// A job that runs `plan` only
    Ci,
    /// A job that runs `preview gc` only, for previews of any name made from this blueprint
    Gc,
}

#[derive(Debug, Serialize)]
struct Document {
    policies: Vec<serde_json::Value>,
}

pub(crate) fn run(args: PermissionsArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "permissions")?;
    let policies = match args.role {
        Role::Deployer => deploy::permissions::deployer(chosen.deployment(), None),
        Role::Ci => deploy::permissions::ci(chosen.deployment(), None),
        Role::Gc => deploy::permissions::collector(chosen.deployment(), None),
    };
    let policies = policies.map_err(deploy::DeployError::from)?;
    if ui.is_json() {
        ui.json("syncctl/permissions/1", &Document { policies })?;
        return Ok(ExitCode::Done);
    }
    for policy in policies {
        let text = serde_json::to_string_pretty(&policy)
            .map_err(|error| CliError::from_error(Kind::Failed, &error))?;
        ui.line(&text)?;
    }
    Ok(ExitCode::Done)
}
