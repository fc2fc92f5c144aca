//! Every key of the format, in one table: type, default, scope and meaning.
//!
//! Reading, defaults, "did you mean", the JSON schema and the test of the reference blueprint all use this
//! table, so that they cannot tell different stories.

mod kind;
mod read;
mod table;

pub(crate) use kind::Kind;
pub(crate) use read::{Typed, needs_quotes};
pub(crate) use table::{GROUPS, KEYS, TAG};

use crate::diagnostic::closest;

/// Which target a key has an effect on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Both,
    Aws,
    Local,
}

/// What holds when a key is given nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Default {
    /// Nothing: somebody has to give it.
    Required,
    /// The value is absent, and that means something.
    Absent,
    /// This value, as it would be written.
    Is(&'static str),
    /// A value that follows from others; the words say how.
    Follows(&'static str),
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Dotted path from the top.
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Default,
    /// Whether `none` may be written to switch it off.
    pub(crate) optional: bool,
    pub(crate) scope: Scope,
    /// Unit and effect, in one or two sentences.
    pub(crate) about: &'static str,
}

/// A level of the format that only holds keys.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) path: &'static str,
    pub(crate) about: &'static str,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    Key(&'static Key),
    Group,
    /// `identity.accounts` is a word, or a level of its own.
    Either(&'static Key),
}

pub(crate) fn find(path: &str) -> Option<Found> {
    if path.strip_prefix("tags.").is_some_and(|tag| !tag.is_empty()) {
        return Some(Found::Key(&TAG));
    }
    let key = KEYS.iter().find(|key| key.path == path);
    let group = GROUPS.iter().any(|group| group.path == path);
    match (key, group) {
        (Some(key), true) => Some(Found::Either(key)),
        (Some(key), false) => Some(Found::Key(key)),
        (None, true) => Some(Found::Group),
        (None, false) => None,
    }
}

/// Names that may stand directly below a level; the empty path is the top.
pub(crate) fn children(level: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    let paths = KEYS.iter().map(|key| key.path).chain(GROUPS.iter().map(|group| group.path));
    for path in paths {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        if parent == level && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What to write instead of a key that does not exist.
pub(crate) fn suggest(level: &str, name: &str) -> Option<String> {
    let siblings = children(level);
    if let Some(near) = closest(name, siblings.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let full = join(level, name);
    if name.contains('.') && find(&full).is_some() {
        return Some(format!("write `{name}` as nested keys, one level per dot"));
    }
    let everywhere = KEYS.iter().map(|key| key.path).chain(GROUPS.iter().map(|group| group.path));
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let elsewhere = everywhere.clone().find(|path| last(path) == name);
    let elsewhere =
        elsewhere.or_else(|| everywhere.clone().find(|path| is_plural(last(path), name)));
    let elsewhere = elsewhere.or_else(|| closest(&full, everywhere));
    if let Some(path) = elsewhere {
        return Some(format!("did you mean `{path}`?"));
    }
    (!siblings.is_empty()).then(|| format!("keys that exist here: {}", siblings.join(", ")))
}

/// As `suggest`, for a whole path typed on a command line.
pub(crate) fn suggest_path(path: &str) -> Option<String> {
    let (level, name) = path.rsplit_once('.').unwrap_or(("", path));
    let near = closest(name, children(level)).map(|near| join(level, near));
    let near = near.or_else(|| {
        let last = |key: &Key| key.path.rsplit('.').next().unwrap_or(key.path);
        KEYS.iter().find(|key| is_plural(last(key), name)).map(|key| key.path.to_owned())
    });
    let near = near.or_else(|| closest(path, KEYS.iter().map(|key| key.path)).map(str::to_owned));
    let near = near.or_else(|| {
        let named = |key: &&Key| key.path.rsplit('.').next() == Some(name);
        KEYS.iter().find(named).map(|key| key.path.to_owned())
    });
    near.map(|near| format!("did you mean `{near}`?"))
}

/// `zone` for `zones`, or the other way round, at a level where neither is a key.
fn is_plural(one: &str, other: &str) -> bool {
    one.strip_suffix('s') == Some(other) || other.strip_suffix('s') == Some(one)
}

pub(crate) fn join(level: &str, name: &str) -> String {
    if level.is_empty() { name.to_owned() } else { format!("{level}.{name}") }
}
