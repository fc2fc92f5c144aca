//! `SPACE:/path` on the command line.

use protocol::name::SpacePath;

use crate::failure::Failure;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// A space's name or id.
    pub(crate) space: String,
    pub(crate) path: SpacePath,
    /// Whether it was written with a trailing slash.
    pub(crate) slash: bool,
}

impl Place {
    /// `SPACE:/path`, or shorter where that leaves no doubt: `SPACE:path`, `SPACE:`, `SPACE`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let split = text.split_once(":/").or_else(|| text.split_once(':'));
        let (space, path) = match split {
            Some(split) => split,
            None if looks_local(text) && !names_an_owner(text) => return Err(local(text)),
            None => (text, ""),
        };
        if space.is_empty() {
            return Err(Failure::Usage(format!(
                "{text:?} names no space; write it like SPACE:/path"
            )));
        }
        let path: SpacePath =
            path.parse().map_err(|error| Failure::Usage(format!("{text:?}: {error}")))?;
        Ok(Self { space: space.to_owned(), slash: text.ends_with('/'), path })
    }
}

/// The name in `home`, `home:` and `home:/`.
pub(crate) fn whole_space(text: &str) -> Result<&str, Failure> {
    let name = text.strip_suffix(":/").or_else(|| text.strip_suffix(':')).unwrap_or(text);
    match name.split_once(":/") {
        _ if name.is_empty() => Err(Failure::Usage(format!("{text:?} names no space"))),
        Some((space, _)) => Err(Failure::Usage(format!(
            "{text:?} is a place in a space; this works on the whole space: {space}"
        ))),
        None => Ok(name),
    }
}

/// `eve@example.com/notes`: somebody else's space.
fn names_an_owner(text: &str) -> bool {
    let owner = text.split_once('/').filter(|(_, name)| !name.is_empty() && !name.contains('/'));
    owner.is_some_and(|(owner, _)| owner.contains('@') && !owner.starts_with(['.', '~', '@']))
}

/// Whether somebody more likely means a file on this machine.
fn looks_local(text: &str) -> bool {
    text.contains('/') || text.starts_with(['.', '~']) || text.is_empty()
}

fn local(text: &str) -> Failure {
    let names = text.trim_start_matches(['.', '~', '/']).trim_end_matches('/');
    let suggestion = match names.split_once('/') {
        Some((space, path)) if !text.starts_with(['.', '~', '/']) => format!("{space}:/{path}"),
        _ if names.is_empty() => "SPACE:/".to_owned(),
        _ => format!("SPACE:/{names}"),
    };
    Failure::Usage(format!(
        "{text:?} looks like a place on this machine; a place in a space is written SPACE:/path, \
         perhaps {suggestion}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_space_and_a_path() {
        for (text, space, path, slash) in [
            ("home:/", "home", "/", true),
            ("home:", "home", "/", false),
            ("home:/a/b c", "home", "/a/b c", false),
            ("my space:/a/", "my space", "/a", true),
            ("home:/a:/b", "home", "/a:/b", false),
            ("home", "home", "/", false),
            ("home:f", "home", "/f", false),
            ("home:a/b/", "home", "/a/b", true),
            ("eve@example.com/notes", "eve@example.com/notes", "/", false),
            ("eve@example.com/notes:a", "eve@example.com/notes", "/a", false),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!((place.space.as_str(), place.slash), (space, slash), "{text}");
            assert_eq!(place.path.to_string(), path);
        }
        for (text, told) in [
            ("", "SPACE:/path"),
            (":/a", "names no space"),
            ("home:/../x", ".."),
            ("home:../x", ".."),
            ("home/b/c", "perhaps home:/b/c"),
            ("./b", "perhaps SPACE:/b"),
            ("/", "perhaps SPACE:/"),
        ] {
            let error = Place::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn a_whole_space_may_be_written_as_a_place() {
        for text in ["home", "home:", "home:/"] {
            assert_eq!(whole_space(text).unwrap(), "home");
        }
        for text in ["", ":/", "home:/a"] {
            assert!(whole_space(text).is_err(), "{text}");
        }
    }
}
