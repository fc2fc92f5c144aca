use serde::Serialize;

/// The kind of a problem. The names are stable: scripts may match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// More bytes, values or levels than a blueprint can need.
    TooLarge,
    /// The text is not UTF-8.
    NotUtf8,
    /// A control character that no blueprint needs, such as NUL.
    ControlCharacter,
    /// The text is no YAML.
    Syntax,
    /// The text has no content.
    Empty,
    /// More than one YAML document.
    ManyDocuments,
    /// An anchor, an alias or a merge key.
    Anchor,
    /// A `!tag`.
    Tag,
    /// The same key twice.
    DuplicateKey,
    /// A key that does not exist.
    UnknownKey,
    /// A key without which nothing can be deployed.
    MissingKey,
    /// A key with nothing behind it.
    EmptyValue,
    /// A list where a text belongs, a text where a number belongs, and so on.
    WrongType,
    /// Text without quotes that YAML tools read as something else.
    NeedsQuotes,
    /// A value that is not of the required form.
    BadValue,
    /// A number or a duration outside its limits.
    OutOfRange,
    /// A format version that this program does not know.
    UnsupportedVersion,
    /// `${env:NAME}` that cannot be replaced.
    Variable,
    /// Values that are right alone and wrong together.
    Conflict,
    /// A value that has no effect here.
    NoEffect,
    /// A combination that works and that one may regret.
    Risky,
    /// A mistake in this program.
    Internal,
}

impl Code {
    /// The stable name, for example `unknown-key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::NotUtf8 => "not-utf8",
            Self::ControlCharacter => "control-character",
            Self::Syntax => "syntax",
            Self::Empty => "empty",
            Self::ManyDocuments => "many-documents",
            Self::Anchor => "anchor",
            Self::Tag => "tag",
            Self::DuplicateKey => "duplicate-key",
            Self::UnknownKey => "unknown-key",
            Self::MissingKey => "missing-key",
            Self::EmptyValue => "empty-value",
            Self::WrongType => "wrong-type",
            Self::NeedsQuotes => "needs-quotes",
            Self::BadValue => "bad-value",
            Self::OutOfRange => "out-of-range",
            Self::UnsupportedVersion => "unsupported-version",
            Self::Variable => "variable",
            Self::Conflict => "conflict",
            Self::NoEffect => "no-effect",
            Self::Risky => "risky",
            Self::Internal => "internal",
        }
    }
}
