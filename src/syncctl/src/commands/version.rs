use clap::Args;
use serde::Serialize;

use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Print the version
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {}

#[derive(Debug, Serialize)]
struct Version {
    version: &'static str,
    operating_system: &'static str,
    architecture: &'static str,
}

pub(crate) fn run(_: VersionArgs, ui: &mut Ui) -> Result<ExitCode> {
    let version = Version {
        version: env!("CARGO_PKG_VERSION"),
        operating_system: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
    };
    if ui.is_json() {
        ui.json("syncctl/version/1", &version)?;
    } else {
        ui.line(&format!(
            "syncctl {} ({} {})",
            version.version, version.operating_system, version.architecture
        ))?;
    }
    Ok(ExitCode::Done)
}
