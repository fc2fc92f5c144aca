//! Colour, which is never the only cue.

/// What a piece of text is, for whoever colours it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Headings and names.
    Strong,
    /// What can be skipped.
    Faint,
    /// What is lost, what fails.
    Danger,
    /// What changes, what to think about.
    Warning,
    /// What is made.
    Good,
    /// Where to look.
    Accent,
}

/// Puts colour on text, or leaves it alone.
pub trait Paint {
    /// The text with what the terminal wants around it. The text has no control characters.
    fn paint(&self, tone: Tone, text: &str) -> String;
}

/// No colour.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Paint for Plain {
    fn paint(&self, _: Tone, text: &str) -> String {
        text.to_owned()
    }
}
