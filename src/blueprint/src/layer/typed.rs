//! Values typed on a command line or exported in a shell.

use super::{Given, Layer, Origin};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place};
use crate::keys::{self, Found, Typed};
use crate::values::quote;
use std::collections::BTreeMap;

/// Start of the variables that set a key: `SYNCCTL_SET_SERVERS__MIN` sets `servers.min`.
const SET_PREFIX: &str = "SYNCCTL_SET_";
/// Most tags. AWS allows 50, and the deployment needs some of its own.
const MOST_TAGS: usize = 40;

/// Flags in the order typed: `--set PATH=VALUE` any number of times, then those with a name of their own, as
/// flag, path and value.
pub(crate) fn from_flags(
    sets: &[(String, String)],
    named: [(&str, &str, Option<&str>); 3],
    problems: &mut Diagnostics,
) -> Layer {
    let mut layer = Layer::new();
    for (path, value) in sets {
        let flag = format!("--set {path}");
        let place = Place::Flag { flag: flag.clone(), value: value.clone() };
        set(&mut layer, path, value, &Origin::Flag { flag }, &place, problems);
    }
    for (flag, path, value) in named {
        if let Some(value) = value {
            let flag = flag.to_owned();
            let place = Place::Flag { flag: flag.clone(), value: value.to_owned() };
            set(&mut layer, path, value, &Origin::Flag { flag }, &place, problems);
        }
    }
    layer
}

/// Variables: `SYNCCTL_SET_` and a path in capitals with two underscores per dot, `SYNCCTL_NAME`, `SYNCCTL_REGION`.
pub(crate) fn from_environment(
    environment: &BTreeMap<String, String>,
    problems: &mut Diagnostics,
) -> Layer {
    let mut layer = Layer::new();
    let sets = environment.iter().filter_map(|(name, value)| {
        let path = name.strip_prefix(SET_PREFIX)?;
        Some((name, path.to_ascii_lowercase().replace("__", "."), value))
    });
    let named = [("SYNCCTL_NAME", "name"), ("SYNCCTL_REGION", "region")];
    let named = named.into_iter().filter_map(|(name, path)| {
        let (name, value) = environment.get_key_value(name)?;
        (!value.is_empty()).then(|| (name, path.to_owned(), value))
    });
    for (name, path, value) in sets.chain(named) {
        let origin = Origin::Environment { name: name.clone() };
        let place = Place::Environment { name: name.clone() };
        set(&mut layer, &path, value, &origin, &place, problems);
    }
    layer
}

/// The Region that AWS tools would use here. It counts less than a file or preset, which were written for
/// this deployment, and so is a layer of its own right above the defaults.
pub(crate) fn region_of_environment(
    environment: &BTreeMap<String, String>,
    problems: &mut Diagnostics,
) -> Layer {
    let mut layer = Layer::new();
    let found = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| {
        let value = environment.get(name)?;
        (!value.is_empty()).then_some((name, value))
    });
    if let Some((name, value)) = found {
        let origin = Origin::Environment { name: name.to_owned() };
        let place = Place::Environment { name: name.to_owned() };
        set(&mut layer, "region", value, &origin, &place, problems);
    }
    layer
}

fn set(
    layer: &mut Layer,
    path: &str,
    value: &str,
    origin: &Origin,
    place: &Place,
    problems: &mut Diagnostics,
) {
    let mut complain = |code, message: String, hint: String| {
        problems.push(Diagnostic::new(code, path, message, place.clone()).hint(hint));
    };
    let (key, tag) = match keys::find(path) {
        Some(Found::Key(key) | Found::Either(key)) => (key, path.strip_prefix("tags.")),
        Some(Found::Group) => {
            let names = keys::children(path);
            let first = names.first().copied().unwrap_or("team");
            let message = format!("{} holds keys, not a value", quote(path));
            return complain(
                Code::WrongType,
                message,
                format!("set one of its keys, such as {path}.{first}"),
            );
        }
        None => {
            let hint = keys::suggest_path(path);
            let message = format!("unknown key {}", quote(path));
            return complain(
                Code::UnknownKey,
                message,
                hint.unwrap_or_else(|| "remove it".to_owned()),
            );
        }
    };
    if let Some(name) = tag {
        let count = layer.keys().filter(|path| path.starts_with("tags.")).count();
        if let Err(message) = check_tag_name(name, count) {
            return complain(Code::BadValue, message, "choose another name".to_owned());
        }
    }
    let read = if key.kind.is_list() {
        key.read_joined(value)
    } else {
        key.read(Typed::Free(value.trim()))
    };
    let value = match read {
        Ok(value) => Some(value),
        Err(refusal) => {
            complain(refusal.code, format!("{path}: {}", refusal.message), refusal.hint);
            None
        }
    };
    layer.insert(path.to_owned(), Given { value, origin: origin.clone(), place: place.clone() });
}

/// Checks the name of a tag, and that there is room for it beside the others of its source.
pub(super) fn check_tag_name(name: &str, others: usize) -> Result<(), String> {
    let known = |character: char| character.is_alphanumeric() || " _.:/=+-@".contains(character);
    let lower = name.to_lowercase();
    if others >= MOST_TAGS {
        Err(format!("more than {MOST_TAGS} tags"))
    } else if name.is_empty() || name.chars().count() > 128 {
        Err("a tag name has 1 to 128 characters".to_owned())
    } else if let Some(strange) = name.chars().find(|character| !known(*character)) {
        Err(format!("a tag name cannot contain the character {}", quote(&strange.to_string())))
    } else if lower.starts_with("aws:") || lower.starts_with("syncctl:") {
        Err(format!("the tag name {} is taken", quote(name)))
    } else {
        Ok(())
    }
}
