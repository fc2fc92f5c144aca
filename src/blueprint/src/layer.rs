//! One source of values, flattened to dotted paths: a file, a preset, the environment, or flags.

mod document;
mod typed;

pub(crate) use document::from_document;
pub(crate) use typed::{from_environment, from_flags, region_of_environment};

use crate::diagnostic::Place;
use crate::value::Value;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Which source a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A command line flag, for example `--set servers.min`.
    Flag {
        /// The flag.
        flag: String,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// The blueprint file.
    File {
        /// Name of the file as given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Environment variables that were put into the value.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        variables: Vec<String>,
    },
    /// A shipped blueprint.
    Preset {
        /// Name of the preset.
        name: String,
        /// Line, from 1.
        line: usize,
    },
    /// Nobody gave the value.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag { flag } => write!(formatter, "flag {flag}"),
            Self::Environment { name } => write!(formatter, "environment {name}"),
            Self::File { file, line, variables, .. } if variables.is_empty() => {
                write!(formatter, "{file}:{line}")
            }
            Self::File { file, line, variables, .. } => {
                write!(formatter, "{file}:{line} with environment {}", variables.join(", "))
            }
            Self::Preset { name, line } => write!(formatter, "preset {name}:{line}"),
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// A value as one source gives it.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// `None` when the source gives something that is no value; that was complained about already.
    pub(crate) value: Option<Value>,
    pub(crate) origin: Origin,
    pub(crate) place: Place,
}

/// Values by dotted path.
pub(crate) type Layer = BTreeMap<String, Given>;
