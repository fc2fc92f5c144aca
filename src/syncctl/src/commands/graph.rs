use clap::Args;
use stack::graph::Graph;

use super::render::placeholders;
use crate::aws::session::require_aws;
use crate::cli::Format;
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Draw what a blueprint builds on AWS
///
/// Zones, load balancer, servers, data, and who talks to whom. Needs no account. --format svg is a picture, --format mermaid what many documents show as one.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {}

pub(crate) fn run(_: GraphArgs, ui: &mut Ui) -> Result<ExitCode> {
    let chosen = deployment::load(ui)?;
    require_aws(&chosen, "graph")?;
    let deployment = chosen.deployment();
    let graph = Graph::new(deployment, &placeholders::resolved(deployment));
    match ui.settings().format {
        Format::Svg => ui.result(&graph.to_svg())?,
        _ => ui.result(&graph.to_mermaid())?,
    }
    Ok(ExitCode::Done)
}
