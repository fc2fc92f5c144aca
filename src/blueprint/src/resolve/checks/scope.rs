use super::Checks;
use crate::diagnostic::{Code, Diagnostic};
use crate::keys::{self, Found, Scope};
use crate::layer::Origin;
use crate::resolve::rank;
use crate::value::Value;
use crate::values::{Certificate, quote};

impl Checks<'_> {
    /// Keys of the other target.
    ///
    /// In one file both together are a mistake. Where a stronger source chose the target, as with
    /// `--set target=local` on a blueprint for AWS, the other target's keys are only said to rest; those of a
    /// preset rest silently.
    pub(super) fn scope(&mut self) {
        let (Some(local), Some(target)) =
            (self.settings.is_local(), self.settings.setting("target"))
        else {
            return;
        };
        let chosen = rank(&target.origin);
        for (path, setting) in self.settings.iter() {
            let Some(Found::Key(key) | Found::Either(key)) = keys::find(path) else { continue };
            let scope = match &setting.value {
                Value::Certificate(Certificate::Existing(_) | Certificate::Requested) => Scope::Aws,
                Value::Certificate(_) => Scope::Local,
                _ => key.scope,
            };
            let (foreign, other) = match scope {
                Scope::Both => continue,
                Scope::Aws => (local, "aws"),
                Scope::Local => (!local, "local"),
            };
            let given = rank(&setting.origin);
            let preset = matches!(setting.origin, Origin::Preset { .. } | Origin::Default);
            if !foreign || (preset && given <= chosen) {
                continue;
            }
            let here = if local { "local" } else { "aws" };
            let what = match &setting.value {
                Value::Certificate(certificate) => format!("{} {certificate}", quote(path)),
                _ => quote(path),
            };
            let message =
                format!("{what} has an effect on target {other} only, and the target is {here}");
            let place = setting.place.clone();
            let problem = if given >= chosen {
                let hint = format!("remove it, or write `target: {other}`");
                Diagnostic::new(Code::Conflict, path, message, place).hint(hint)
            } else {
                Diagnostic::new(Code::NoEffect, path, message, place).warning()
            };
            let label =
                if target.origin == Origin::Default { "the default target" } else { "the target" };
            self.problems.push(problem.related(format!("{label} is {here}"), &target.place));
        }
    }
}
