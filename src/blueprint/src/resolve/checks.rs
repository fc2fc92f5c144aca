//! Values that are right alone and wrong together.
//!
//! A check whose values are missing or broken is silent: the reason was reported already.

mod aws;
mod local;
mod scope;
mod sizes;

use super::Settings;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place};
use crate::keys::{Default, KEYS};
use crate::layer::Origin;
use crate::values::Url;

pub(super) fn check(settings: &Settings, problems: &mut Diagnostics) {
    let mut checks = Checks { settings, problems };
    checks.required();
    checks.scope();
    checks.sizes();
    checks.aws();
    checks.local();
}

struct Checks<'a> {
    settings: &'a Settings,
    problems: &'a mut Diagnostics,
}

impl Checks<'_> {
    /// Reports a combination at the place of the value to change.
    fn conflict(&mut self, key: &str, others: &[&str], message: String, hint: &str) {
        self.combination(Code::Conflict, key, others, message, hint);
    }

    /// As `conflict`, for what works and may be regretted.
    fn risk(&mut self, key: &str, others: &[&str], message: &str, hint: &str) {
        self.combination(Code::Risky, key, others, message.to_owned(), hint);
    }

    fn combination(&mut self, code: Code, key: &str, others: &[&str], message: String, hint: &str) {
        // A default cannot be pointed at, so the first value that somebody gave takes its part.
        let given = [key]
            .iter()
            .chain(others)
            .copied()
            .find(|path| self.settings.place(path) != Place::Nowhere);
        let main = given.unwrap_or(key);
        let mut problem = Diagnostic::new(code, key, message, self.settings.place(main)).hint(hint);
        for path in [key].iter().chain(others).filter(|path| **path != main) {
            let Some(setting) = self.settings.setting(path) else { continue };
            let label = format!("`{path}` is {}", setting.value.to_yaml());
            problem = problem.related(label, &setting.place);
        }
        self.problems.push(if code == Code::Conflict { problem } else { problem.warning() });
    }

    fn required(&mut self) {
        for key in
            KEYS.iter().filter(|key| key.default == Default::Required && key.path != "version")
        {
            let missing =
                self.settings.setting(key.path).is_none() && !self.settings.is_broken(key.path);
            if missing {
                let message = format!("the key `{}` is missing", key.path);
                let hint =
                    format!("write `{}:` with {}, or use --{0}", key.path, key.kind.expectation());
                let problem = Diagnostic::new(Code::MissingKey, key.path, message, self.start());
                self.problems.push(problem.hint(hint));
            }
        }
        self.issuer();
        let aws = self.settings.is_local() == Some(false);
        if aws && self.settings.setting("region").is_none() && !self.settings.is_broken("region") {
            let message = "the key `region` is missing; target aws needs one";
            let place = self.settings.place("target");
            let problem = Diagnostic::new(Code::MissingKey, "region", message, place);
            self.problems
                .push(problem.hint("write `region: eu-west-1`, use --region, or set AWS_REGION"));
        }
    }

    /// An audience without a provider.
    fn issuer(&mut self) {
        let (issuer, audience) =
            ("identity.accounts.oidc.issuer", "identity.accounts.oidc.audience");
        let missing = self.settings.get::<Option<Url>>(issuer) == Some(None);
        let place = self.settings.place(audience);
        if missing && place != Place::Nowhere {
            let problem = Diagnostic::new(
                Code::MissingKey,
                issuer,
                format!("the key `{issuer}` is missing"),
                place,
            );
            self.problems.push(problem.hint("write `issuer:` with the address of the provider"));
        }
    }

    /// The first line of the blueprint, where missing keys are reported.
    fn start(&self) -> Place {
        let version = self.settings.setting("version");
        match version {
            Some(setting) if matches!(setting.origin, Origin::File { .. }) => setting.place.clone(),
            _ => Place::Nowhere,
        }
    }
}
