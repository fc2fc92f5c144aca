use clap::Args;
use local::{Release, Verdict, short_digest};
use serde::Serialize;

use crate::aws::{self, Session};
use crate::deployment;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::log_line::printable;
use crate::ui::style::Style;
use crate::ui::table::Table;

/// List the releases of the server that this deployment has run
#[derive(Debug, Args)]
pub(crate) struct ReleasesArgs {}

#[derive(Debug, Serialize)]
struct Document<'a> {
    releases: Vec<Listed<'a>>,
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    state: State,
    #[serde(flatten)]
    release: &'a Release,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Serving,
    Passed,
    Undone,
    Rolling,
}

pub(crate) fn run(_: ReleasesArgs, ui: &mut Ui) -> Result<ExitCode> {
    let deployment = deployment::load(ui)?;
    if deployment.is_aws() {
        return aws::rollback::list(&Session::look(deployment, ui)?, ui);
    }
    let releases = local::releases(&deployment.data_dir()?)?;
    if ui.is_json() {
        let listed =
            releases.iter().map(|release| Listed { state: State::of(release), release }).collect();
        ui.json("syncctl/releases/1", &Document { releases: listed })?;
    } else if releases.is_empty() {
        ui.note("No release has passed its gate yet; `syncctl status` shows how the service is.");
    } else {
        for line in table(&releases, ui.style(), ui.settings().terminal.width) {
            ui.line(&line)?;
        }
    }
    Ok(ExitCode::Done)
}

impl State {
    fn of(release: &Release) -> Self {
        match &release.verdict {
            Verdict::Rolling => Self::Rolling,
            Verdict::Undone { .. } => Self::Undone,
            Verdict::Passed if release.in_force => Self::Serving,
            Verdict::Passed => Self::Passed,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Passed => "passed",
            Self::Undone => "undone",
            Self::Rolling => "rolling",
        }
    }

    fn coloured(self, style: Style) -> String {
        match self {
            Self::Serving => style.green(self.name()),
            Self::Passed => self.name().to_owned(),
            Self::Undone => style.red(self.name()),
            Self::Rolling => style.yellow(self.name()),
        }
    }
}

/// Newest first; why a release was undone stands below the table.
fn table(releases: &[Release], style: Style, width: usize) -> Vec<String> {
    let mut table = Table::new(&["RELEASE", "STATE", "WHEN", "FROM"]);
    for release in releases {
        table.row(vec![
            short_digest(&release.digest).to_owned(),
            State::of(release).name().to_owned(),
            release.at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            printable(&release.source.to_string_lossy()),
        ]);
    }
    let mut lines = table.render_with_last_cut(width);
    for (line, release) in lines.iter_mut().skip(1).zip(releases) {
        let state = State::of(release);
        if let Some(start) = line.find(&format!("  {}", state.name())).map(|start| start + 2) {
            line.replace_range(start..start + state.name().len(), &state.coloured(style));
        }
    }
    if let Some(heading) = lines.first_mut() {
        *heading = style.dim(heading);
    }
    let undone = releases.iter().filter_map(|release| match &release.verdict {
        Verdict::Undone { reason } => {
            let name = short_digest(&release.digest);
            Some(format!("{} {name}: {}", style.yellow("!"), printable(reason)))
        }
        Verdict::Passed | Verdict::Rolling => None,
    });
    lines.extend(undone);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(digest: &str, verdict: Verdict, in_force: bool) -> Release {
        Release {
            digest: digest.repeat(8),
            source: "/usr/local/lib/a/rather/long/place/for/a/program/syncd".into(),
            at: "2026-11-21T10:00:00Z".parse().unwrap(),
            verdict,
            in_force,
            kept: true,
        }
    }

    #[test]
    fn the_list_fits_and_tells_why_a_release_was_undone() {
        let undone = Verdict::Undone { reason: "a-2 ended with exit code 1".to_owned() };
        let releases = [
            release("89abcdef", undone, false),
            release("01234567", Verdict::Passed, true),
            release("aaaabbbb", Verdict::Passed, false),
        ];
        insta::assert_snapshot!(table(&releases, Style::new(false), 60).join("\n"), @r###"
        RELEASE       STATE    WHEN                  FROM
        89abcdef89ab  undone   2026-11-21 10:00 UTC  …/program/syncd
        012345670123  serving  2026-11-21 10:00 UTC  …/program/syncd
        aaaabbbbaaaa  passed   2026-11-21 10:00 UTC  …/program/syncd
        ! 89abcdef89ab: a-2 ended with exit code 1
        "###);
    }
}
