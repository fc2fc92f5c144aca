use clap::Args;
use serde::Serialize;

use crate::aws::Session;
use crate::aws::listener::Screen;
use crate::aws::session::require_aws;
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Print the endpoint, buckets, roles and DNS records on AWS
///
/// One `NAME=value` per line, names in capitals, so that a shell can read them; --format json for
/// programs.
#[derive(Debug, Args)]
pub(crate) struct OutputsArgs {}

#[derive(Debug, Serialize)]
struct Document {
    outputs: std::collections::BTreeMap<String, String>,
}

pub(crate) fn run(_: OutputsArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "outputs")?;
    let session = Session::look(chosen, ui)?;
    let outputs = {
        let screen = Screen::new(ui.settings());
        session.inquire(&screen, async |deployer| deploy::verify::outputs(&deployer).await)?
    };
    if ui.is_json() {
        ui.json("syncctl/outputs/1", &Document { outputs })?;
        return Ok(ExitCode::Done);
    }
    for (name, value) in outputs {
        ui.line(&format!("{}={}", capitals(&name), crate::repeat::quoted(&value)))?;
    }
    Ok(ExitCode::Done)
}

/// `LoadBalancerArn` to `LOAD_BALANCER_ARN`.
fn capitals(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.chars().enumerate() {
        if index > 0 && letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_variables() {
        assert_eq!(super::capitals("LoadBalancerArn"), "LOAD_BALANCER_ARN");
        assert_eq!(super::capitals("Endpoint"), "ENDPOINT");
    }
}
