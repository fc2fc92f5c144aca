//! Which blueprint stands for previews, which other folders and other people may have made.

use blueprint::{Deployment, Preset, Sources};

use super::{Chosen, load, source};
use crate::error::{CliError, Kind, Result, from_blueprint};
use crate::ui::Ui;

/// For commands about all previews: only the Region counts. Of the flag, else of a blueprint at hand that is for AWS,
/// else of the environment.
pub(crate) fn load_for_previews(ui: &mut Ui) -> Result<Chosen> {
    let region = match ui.settings().region.clone() {
        Some(region) => region,
        None => match of_blueprint(ui)? {
            Some(chosen) => chosen.deployment().region.to_string(),
            None => of_environment()?,
        },
    };
    by_name("preview", &region, None, ui)
}

/// For commands about one preview: its name, Region and time, of the flags, else of the blueprint at hand. No more of
/// that blueprint counts: beside --name it may be another deployment's.
pub(crate) fn load_or_by_name(ui: &mut Ui, ttl: Option<&str>) -> Result<Chosen> {
    if let Some(chosen) = of_blueprint(ui)? {
        let Deployment { name, region, ttl: own, .. } = chosen.deployment();
        let ttl = ttl.map(str::to_owned).or_else(|| own.map(|own| own.to_string()));
        return by_name(name.as_str(), region.as_str(), ttl.as_deref(), ui);
    }
    let Some(name) = ui.settings().name.clone() else {
        let message = "there is no blueprint for AWS here, and no preview is named";
        return Err(CliError::new(Kind::Usage, message)
            .hint("name it with --name, or its blueprint with --file"));
    };
    let region = match ui.settings().region.clone() {
        Some(region) => region,
        None => of_environment()?,
    };
    by_name(&name, &region, ttl, ui)
}

fn of_blueprint(ui: &mut Ui) -> Result<Option<Chosen>> {
    if !source::is_there(ui.settings()) {
        return Ok(None);
    }
    Ok(Some(load(ui)?).filter(Chosen::is_aws))
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
