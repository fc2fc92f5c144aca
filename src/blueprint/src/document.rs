use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place};
use crate::source::{Source, Span};
use crate::yaml::{self, Node, NodeKind};

/// A text that is YAML within the bounds of a blueprint. Whether its keys make sense is found when it is resolved.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) source: Source,
    pub(crate) root: Node,
    pub(crate) kind: Kind,
    /// Problems that do not hide the rest of the text, such as a key that stands twice.
    pub(crate) problems: Diagnostics,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    File,
    Preset(String),
}

/// Reads the bytes of a blueprint. `file_name` is only for messages.
///
/// # Errors
/// When the bytes are too many, not UTF-8, or not one YAML document.
pub fn parse(bytes: impl AsRef<[u8]>, file_name: &str) -> Result<Document, Diagnostics> {
    read(bytes.as_ref(), file_name, Kind::File)
}

pub(crate) fn read(bytes: &[u8], name: &str, kind: Kind) -> Result<Document, Diagnostics> {
    let text = yaml::decode(bytes, name).map_err(|problem| Diagnostics::from(*problem))?;
    let source = Source::new(name, text);
    let mut problems = Diagnostics::default();
    let root = yaml::build(text, &source, &mut problems);
    match root {
        Some(Node { kind: NodeKind::Empty, .. }) | None if !problems.has_errors() => {
            let place = Place::Text(source.locate(Span { line: 1, column: 1, width: 1 }));
            let problem = Diagnostic::new(Code::Empty, "", "the blueprint is empty", place);
            Err(problem
                .hint("start with `version: 1` and `name: NAME`, or run `syncctl init`")
                .into())
        }
        Some(root) => Ok(Document { source, root, kind, problems }),
        None => Err(problems),
    }
}
