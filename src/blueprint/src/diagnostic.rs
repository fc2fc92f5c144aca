//! What is wrong with a blueprint, where, and what to write instead.

mod code;
mod render;
mod suggest;

pub use code::Code;
pub(crate) use suggest::closest;

use crate::source::Location;
use serde::Serialize;
use std::fmt;

/// More findings than this help nobody; the rest is only counted.
const MOST: usize = 50;

/// Whether a finding stops the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The blueprint cannot be used.
    Error,
    /// The blueprint can be used, but something in it has no effect or is risky.
    Warning,
}

/// Where the value in question was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Place {
    /// A line of a file or of a preset.
    Text(Location),
    /// A command line flag, with the argument as typed.
    Flag {
        /// For example `--set servers.min`.
        flag: String,
        /// The value as typed.
        value: String,
    },
    /// An environment variable. Its value is not repeated.
    Environment {
        /// Name of the variable.
        name: String,
    },
    /// The value is a default, or is missing everywhere.
    Nowhere,
}

/// A second place that belongs to the same problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What is there, for example "`servers.max` is 2 here".
    pub message: String,
    /// Where it is.
    pub place: Place,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable name of the kind of problem.
    pub code: Code,
    /// Whether it stops the command.
    pub severity: Severity,
    /// Key that it is about, dotted; empty when it is about the text as a whole.
    pub key: String,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Other places that take part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, key: &str, message: impl Into<String>, place: Place) -> Self {
        Self {
            code,
            severity: Severity::Error,
            key: shorten(key.to_owned()),
            message: shorten(message.into()),
            place,
            hint: None,
            related: Vec::new(),
        }
    }

    pub(crate) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(shorten(hint.into()));
        self
    }

    /// Names another place, unless there is nothing to show there.
    pub(crate) fn related(mut self, message: impl Into<String>, place: &Place) -> Self {
        if *place != Place::Nowhere {
            self.related.push(Related { message: shorten(message.into()), place: place.clone() });
        }
        self
    }
}

/// Keeps what came from a hostile text from filling a screen.
fn shorten(text: String) -> String {
    const LONGEST: usize = 400;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or("").to_owned() + "…",
        None => text,
    }
}

/// Every problem found in one run, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    /// The findings, at most 50.
    #[serde(rename = "diagnostics")]
    list: Vec<Diagnostic>,
    /// How many findings were left out beyond that.
    left_out: usize,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < MOST {
            self.list.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    /// Whether another finding would only be counted, so that finding a hint for it is wasted work.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    pub(crate) fn append(&mut self, other: Diagnostics) {
        self.left_out += other.left_out;
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Errors before warnings, each in the order of the text.
    pub(crate) fn sort(&mut self) {
        self.list.sort_by_key(|diagnostic| {
            let position = match &diagnostic.place {
                Place::Text(location) => (location.file.clone(), location.line, location.column),
                Place::Flag { .. } | Place::Environment { .. } | Place::Nowhere => {
                    (String::new(), 0, 0)
                }
            };
            (diagnostic.severity == Severity::Warning, position)
        });
    }

    /// The findings.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether at least one finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.error_count() > 0
    }

    /// Number of errors, warnings not counted.
    #[must_use]
    pub fn error_count(&self) -> usize {
        let errors = self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        errors.count()
    }

    /// All findings as text for a terminal, with source lines and markers.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render::render(&self.list, self.left_out, color)
    }

    /// All findings as one JSON value: `{"diagnostics": [...], "left_out": n}`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // Strings and numbers only: nothing here can fail to serialise.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut all = Self::default();
        all.push(diagnostic);
        all
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
