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
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let (space, path) = text
            .split_once(":/")
            .or_else(|| text.strip_suffix(':').map(|space| (space, "")))
            .filter(|(space, _)| !space.is_empty())
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "{text:?} names no place in a space; write it like SPACE:/path"
                ))
            })?;
        let path: SpacePath =
            path.parse().map_err(|error| Failure::Usage(format!("{text:?}: {error}")))?;
        Ok(Self { space: space.to_owned(), slash: text.ends_with('/'), path })
    }
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
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!((place.space.as_str(), place.slash), (space, slash), "{text}");
            assert_eq!(place.path.to_string(), path);
        }
        for text in ["", ":/a", "home", "home:/../x", "a/b"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
