use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stack::Stack;

use crate::aws::session::require_aws;
use crate::deployment;
use crate::env_vars;
use crate::error::{CliError, Kind, Result};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

pub(super) mod placeholders;

/// Write the CloudFormation templates of a blueprint into a folder
///
/// Needs no account. What is looked up when a plan is made, zones and image, is a placeholder in the
/// files with the parameters.
#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR", env = env_vars::RENDER_OUT, hide_env = true)]
    out: PathBuf,
}

#[derive(Debug, Serialize)]
struct Document {
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: RenderArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "render")?;
    let deployment = chosen.deployment();
    let resolved = placeholders::resolved(deployment);
    let rendered = stack::render(deployment, &resolved).map_err(deploy::DeployError::from)?;
    fs::create_dir_all(&args.out)
        .map_err(|error| CliError::write(format!("cannot make {}", args.out.display()), &error))?;
    let mut files = Vec::new();
    for stack in [&rendered.data, &rendered.app] {
        files.push(write(
            &args.out,
            &format!("{}.template.json", stack.name),
            &stack.template.to_text(),
        )?);
        files.push(write(&args.out, &format!("{}.parameters.json", stack.name), &values(stack)?)?);
    }
    if ui.is_json() {
        ui.json("syncctl/render/1", &Document { files })?;
    } else {
        for file in &files {
            ui.line(&file.display().to_string())?;
        }
        ui.note(
            "Zones and image in the parameters are placeholders; `syncctl plan` looks them up.",
        );
    }
    Ok(ExitCode::Done)
}

fn values(stack: &Stack) -> Result<String> {
    let values = serde_json::json!({ "Parameters": stack.parameters, "Tags": stack.tags });
    let text = serde_json::to_string_pretty(&values);
    text.map(|text| text + "\n").map_err(|error| CliError::from_error(Kind::Failed, &error))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text)
        .map_err(|error| CliError::write(format!("cannot write {}", path.display()), &error))?;
    Ok(path)
}
