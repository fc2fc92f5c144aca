//! What the tests of this crate share.

use blueprint::{Diagnostics, Resolved, Sources, parse, resolve};
use std::collections::BTreeMap;

/// The environment of a test, spelled as pairs.
pub(crate) fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// Resolves one file alone.
pub(crate) fn resolve_text(text: impl AsRef<[u8]>) -> Result<Resolved, Diagnostics> {
    let file = Some(parse(text, "blueprint.yaml")?);
    resolve(&Sources {
        file,
        environment: environment(&[("HOME", "/home/ann")]),
        ..Sources::default()
    })
}

/// Resolves what is hoped to be right.
#[track_caller]
pub(crate) fn resolved(text: impl AsRef<[u8]>) -> Resolved {
    resolve_text(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The findings about one file, as text.
pub(crate) fn findings(text: impl AsRef<[u8]>) -> String {
    match resolve_text(text) {
        Ok(resolved) => resolved.warnings().render(false),
        Err(problems) => problems.render(false),
    }
}

/// The stable names of the findings about one file.
pub(crate) fn codes(text: impl AsRef<[u8]>) -> Vec<&'static str> {
    let codes = |problems: &Diagnostics| {
        problems.list().iter().map(|problem| problem.code.as_str()).collect()
    };
    match resolve_text(text) {
        Ok(resolved) => codes(resolved.warnings()),
        Err(problems) => codes(&problems),
    }
}
