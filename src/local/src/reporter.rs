//! How a command tells its caller what it is doing; printing is the caller's business.

/// Receives progress. Called from the thread that runs the command.
pub trait Reporter {
    /// A step begins, for example `engines`. Steps may overlap.
    fn started(&self, step: &str);
    /// The step is done.
    fn finished(&self, step: &str);
    /// How far a longer work is, such as a roll.
    fn progress(&self, text: &str) {
        self.message(text);
    }
    /// Something worth one line.
    fn message(&self, text: &str);
    /// Asked often; `true` makes the command undo what it began and return [`crate::LocalError::Interrupted`].
    fn cancelled(&self) -> bool {
        false
    }
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn started(&self, _step: &str) {}
    fn finished(&self, _step: &str) {}
    fn message(&self, _text: &str) {}
}
