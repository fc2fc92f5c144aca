//! Which blueprint stands for previews, which other folders and other people may have made.

use blueprint::{Preset, Sources};

use super::{Chosen, load_with_ttl, source};
use crate::error::{CliError, Kind, Result, from_blueprint};
use crate::ui::Ui;

/// For commands about all previews: only the Region counts. Of the flag, else of a blueprint at hand that is for AWS,
/// else of the environment.
pub(crate) fn load_for_previews(ui: &mut Ui) -> Result<Chosen> {
    let region = match ui.settings().region.clone() {
        Some(region) => region,
        None => match of_blueprint(ui, None)? {
            Some(chosen) => chosen.deployment().region.to_string(),
            None => of_environment()?,
        },
    };
    by_name("preview", &region, None, ui)
}

/// For commands about one preview: the blueprint at hand, else what `--name` and the Region say.
pub(crate) fn load_or_by_name(ui: &mut Ui, ttl: Option<&str>) -> Result<Chosen> {
    if let Some(chosen) = of_blueprint(ui, ttl)? {
        return Ok(chosen);
    }
    let Some(name) = ui.settings().name.clone() else {
        return Err(CliError::new(
            Kind::Usage,
            "there is no blueprint here, and no preview is named",
        )
        .hint("name it with --name, or its blueprint with --file"));
    };
    let region = match ui.settings().region.clone() {
        Some(region) => region,
        None => of_environment()?,
    };
    by_name(&name, &region, ttl, ui)
}

fn of_blueprint(ui: &mut Ui, ttl: Option<&str>) -> Result<Option<Chosen>> {
    if !source::is_there(ui.settings()) {
        return Ok(None);
    }
    Ok(Some(load_with_ttl(ui, ttl)?).filter(Chosen::is_aws))
}

fn of_environment() -> Result<String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).ok_or_else(|| {
        CliError::new(Kind::Usage, "nothing says which Region")
            .hint("name it with --region, or set AWS_REGION")
    })
}

fn by_name(name: &str, region: &str, ttl: Option<&str>, ui: &Ui) -> Result<Chosen> {
    let sources = Sources {
        preset: Preset::find("preview"),
        name: Some(name.to_owned()),
        region: Some(region.to_owned()),
        ttl: ttl.map(str::to_owned),
        ..Sources::default()
    };
    let color = ui.settings().terminal.color_stderr;
    let resolved =
        blueprint::resolve(&sources).map_err(|found| from_blueprint::error(&found, color))?;
    Ok(Chosen { resolved, source: "the command line".to_owned(), data_dir: None })
}
