use blueprint::PRESETS;
use clap::Args;
use serde::Serialize;

use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// List the presets that ship with this release
#[derive(Debug, Args)]
pub(crate) struct ListArgs {}

#[derive(Debug, Serialize)]
struct PresetList {
    presets: Vec<PresetSummary>,
}

#[derive(Debug, Serialize)]
struct PresetSummary {
    name: &'static str,
    summary: &'static str,
}

pub(crate) fn run(_: ListArgs, ui: &mut Ui) -> Result<ExitCode> {
    if ui.is_json() {
        let presets = PRESETS
            .iter()
            .map(|preset| PresetSummary { name: preset.name, summary: preset.summary })
            .collect();
        ui.json("syncctl/blueprint-list/1", &PresetList { presets })?;
        return Ok(ExitCode::Done);
    }
    let widest = PRESETS.iter().map(|preset| preset.name.len()).max().unwrap_or(0);
    for preset in &PRESETS {
        ui.line(&format!("{:widest$}  {}", preset.name, preset.summary))?;
    }
    ui.note("\nStart from one with `syncctl init --preset NAME`.");
    Ok(ExitCode::Done)
}
