//! The blueprints that ship with the program.

use crate::diagnostic::Diagnostics;
use crate::document::{self, Document, Kind};

/// A shipped blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Name to ask for it by.
    pub name: &'static str,
    /// What it is for, one sentence.
    pub summary: &'static str,
    /// The file as shipped, comments and all.
    pub text: &'static str,
}

/// All shipped blueprints, simplest first.
pub static PRESETS: [Preset; 4] = [
    Preset {
        name: "local",
        summary: "The whole service on this machine; no account, no network.",
        text: include_str!("../../../blueprints/local.yaml"),
    },
    Preset {
        name: "preview",
        summary: "Cheap and disposable on AWS: two zones, one small server, gone after three days.",
        text: include_str!("../../../blueprints/preview.yaml"),
    },
    Preset {
        name: "production",
        summary: "Three zones on AWS, protected against destruction.",
        text: include_str!("../../../blueprints/production.yaml"),
    },
    Preset {
        name: "reference",
        summary: "Every key with its unit, default and effect, to copy from.",
        text: include_str!("../../../blueprints/reference.yaml"),
    },
];

impl Preset {
    /// The preset of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        PRESETS.iter().find(|preset| preset.name == name).copied()
    }

    /// The name nearest to a mistyped one.
    #[must_use]
    pub fn suggest(name: &str) -> Option<&'static str> {
        crate::diagnostic::closest(name, PRESETS.iter().map(|preset| preset.name))
    }

    pub(crate) fn document(self) -> Result<Document, Diagnostics> {
        let title = format!("preset {}", self.name);
        document::read(self.text.as_bytes(), &title, Kind::Preset(self.name.to_owned()))
    }
}
