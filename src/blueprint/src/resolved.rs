//! What `resolve` answers: the deployment, where each value came from, and warnings.

use crate::deployment::Deployment;
use crate::diagnostic::Diagnostics;
use crate::keys::{self, KEYS};
use crate::layer::Origin;
use crate::resolve::Settings;
use crate::value::{Value, scalar};
use serde::Serialize;
use std::fmt::Write as _;

/// A deployment together with the story of its values.
#[derive(Clone, Debug)]
pub struct Resolved {
    deployment: Deployment,
    settings: Settings,
    warnings: Diagnostics,
}

/// One resolved value with its origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Dotted path of the key.
    pub key: String,
    /// The value as JSON; null for an absent one.
    pub value: serde_json::Value,
    /// Where it came from.
    pub origin: Origin,
}

impl Resolved {
    pub(crate) fn new(deployment: Deployment, settings: Settings, warnings: Diagnostics) -> Self {
        Self { deployment, settings, warnings }
    }

    /// The deployment.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The deployment alone.
    #[must_use]
    pub fn into_deployment(self) -> Deployment {
        self.deployment
    }

    /// What works and may be regretted.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// Where the value of a key came from; `None` for a key that does not exist here.
    #[must_use]
    pub fn origin(&self, path: &str) -> Option<&Origin> {
        self.settings.setting(path).map(|setting| &setting.origin)
    }

    /// Every value in the order of the reference, with its origin.
    #[must_use]
    pub fn explain(&self) -> Vec<Explained> {
        let paths = self.paths();
        let explained = paths.iter().filter_map(|path| {
            let setting = self.settings.setting(path)?;
            let (key, value) = (path.clone(), setting.value.to_json());
            Some(Explained { key, value, origin: setting.origin.clone() })
        });
        explained.collect()
    }

    /// The whole deployment as a blueprint that resolves to itself, each line with its origin behind it if asked.
    ///
    /// Keys of the other target are left out, and so are optional keys that are absent.
    #[must_use]
    pub fn to_yaml(&self, with_origins: bool) -> String {
        let mut lines: Vec<(String, Option<&Origin>)> = Vec::new();
        let mut open: Vec<String> = Vec::new();
        for path in self.paths() {
            let Some(setting) = self.settings.setting(&path) else { continue };
            let parts = split(&path);
            let Some((name, levels)) = parts.split_last() else { continue };
            let common = open.iter().zip(levels).take_while(|(open, level)| open == *level).count();
            open.truncate(common);
            for level in levels.iter().skip(common) {
                lines.push((format!("{}{level}:", "  ".repeat(open.len())), None));
                open.push((*level).to_owned());
            }
            let line =
                format!("{}{}: {}", "  ".repeat(open.len()), scalar(name), setting.value.to_yaml());
            lines.push((line, Some(&setting.origin)));
        }
        let origins = lines.iter().filter(|(_, origin)| origin.is_some());
        let width = origins
            .map(|(line, _)| line.chars().count())
            .filter(|width| *width <= 60)
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (line, origin) in lines {
            let _ = match origin.filter(|_| with_origins) {
                Some(origin) => writeln!(text, "{line:width$}  # {}", comment(&origin.to_string())),
                None => writeln!(text, "{line}"),
            };
        }
        text
    }

    /// Paths to show, in the order of the table, tags in between.
    fn paths(&self) -> Vec<String> {
        let local = self.settings.is_local() == Some(true);
        let oidc = !matches!(
            self.settings.setting("identity.accounts.oidc.issuer").map(|setting| &setting.value),
            None | Some(Value::None)
        );
        let shown = |path: &str| {
            let Some(keys::Found::Key(key) | keys::Found::Either(key)) = keys::find(path) else {
                return false;
            };
            let scope = match key.scope {
                keys::Scope::Both => true,
                keys::Scope::Aws => !local,
                keys::Scope::Local => local,
            };
            let accounts = match path {
                "identity.accounts" => !oidc,
                "identity.accounts.oidc.audience" => oidc,
                _ => true,
            };
            let absent = key.default == keys::Default::Absent || path == "email.from";
            let empty =
                self.settings.setting(path).is_none_or(|setting| setting.value == Value::None);
            scope && accounts && !(absent && empty)
        };
        let mut paths: Vec<String> =
            KEYS.iter().map(|key| key.path).filter(|path| shown(path)).map(str::to_owned).collect();
        let position =
            paths.iter().position(|path| path.starts_with("local.")).unwrap_or(paths.len());
        let tags = self
            .settings
            .iter()
            .map(|(path, _)| path)
            .filter(|path| path.starts_with("tags.") && shown(path));
        let tags: Vec<String> = tags.map(str::to_owned).collect();
        paths.splice(position..position, tags);
        paths
    }
}

/// Levels of a path. What follows `tags.` is one name, dots and all.
fn split(path: &str) -> Vec<&str> {
    match path.strip_prefix("tags.") {
        Some(tag) => vec!["tags", tag],
        None => path.split('.').collect(),
    }
}

/// An origin as a comment cannot break out of its line.
fn comment(origin: &str) -> String {
    origin
        .chars()
        .map(|character| if character.is_control() { '\u{FFFD}' } else { character })
        .collect()
}
