//! Parser events to nodes, with everything a blueprint does not use refused at its place.

use super::{Entry, LONGEST_SCALAR, MOST_LEVELS, MOST_NODES, Node, NodeKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place};
use crate::source::{Source, Span};
use serde_yaml::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag};

/// Builds the tree of one document. What was found wrong lands in `problems`; `None` means no usable content.
pub(crate) fn build(text: &str, source: &Source, problems: &mut Diagnostics) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MOST_LEVELS + 2,
        block_nesting_limit: MOST_LEVELS + 2,
        max_directive_bytes: 256,
    };
    let mut builder =
        Builder { source, problems, open: Vec::new(), root: None, documents: 0, nodes: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        let outcome = match event {
            Ok((event, span)) => builder.event(event, span_of(&span)),
            Err(error) => {
                builder.syntax(&error);
                Flow::Stop
            }
        };
        if outcome == Flow::Stop {
            return None;
        }
    }
    builder.root
}

#[derive(PartialEq)]
enum Flow {
    Continue,
    Stop,
}

/// A collection that is still being read.
enum Open {
    Sequence { span: Span, refused: bool, items: Vec<Node> },
    Mapping { span: Span, refused: bool, entries: Vec<Entry>, key: Option<(String, Span, bool)> },
}

struct Builder<'a> {
    source: &'a Source,
    problems: &'a mut Diagnostics,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Flow {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document starts here; a blueprint is one document";
                    self.complain(
                        Code::ManyDocuments,
                        message,
                        span,
                        "keep one blueprint per file and remove the `---`",
                    );
                    return Flow::Stop;
                }
                Flow::Continue
            }
            Event::Scalar(text, style, anchor, tag) => {
                let refused = self.properties(anchor, tag.as_deref(), span);
                if text.len() > LONGEST_SCALAR {
                    let message = format!(
                        "this value has {} bytes; the longest may have {LONGEST_SCALAR}",
                        text.len()
                    );
                    self.complain(
                        Code::TooLarge,
                        message,
                        span,
                        "blueprints hold short values; did a quote go missing?",
                    );
                    return Flow::Stop;
                }
                let quoted = style != ScalarStyle::Plain;
                let kind = match text.as_ref() {
                    _ if refused => NodeKind::Refused,
                    "" | "~" | "null" | "Null" | "NULL" if !quoted => NodeKind::Empty,
                    text => NodeKind::Scalar { text: text.to_owned(), quoted },
                };
                self.node(Node { span, kind })
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.complain(
                    Code::Anchor,
                    "aliases (`*name`) are not used in blueprints",
                    span,
                    "write the value out; put a text that starts with * in quotes",
                );
                self.node(Node { span, kind: NodeKind::Refused })
            }
            Event::SequenceStart(_, anchor, tag) => {
                let refused = self.properties(anchor, tag.as_deref(), span);
                self.push(Open::Sequence { span, refused, items: Vec::new() }, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                let refused = self.properties(anchor, tag.as_deref(), span);
                self.push(Open::Mapping { span, refused, entries: Vec::new(), key: None }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            // Stream and document ends carry nothing; anchors and comments are not asked for.
            _ => Flow::Continue,
        }
    }

    /// Complains about an anchor or a tag. True when the value must not be used.
    fn properties(&mut self, anchor: usize, tag: Option<&Tag>, span: Span) -> bool {
        if anchor != 0 {
            let message = "anchors (`&name`) are not used in blueprints";
            self.complain(
                Code::Anchor,
                message,
                span,
                "remove the anchor and write the value where it is needed",
            );
        }
        if let Some(tag) = tag {
            let message = format!("tags are not used in blueprints, found `{}`", tag.original());
            self.complain(Code::Tag, message, span, "remove the tag; each key knows its type");
        }
        tag.is_some()
    }

    fn push(&mut self, open: Open, span: Span) -> Flow {
        if self.open.len() >= MOST_LEVELS {
            self.too_deep(span);
            return Flow::Stop;
        }
        self.open.push(open);
        Flow::Continue
    }

    fn close(&mut self) -> Flow {
        let node = match self.open.pop() {
            Some(Open::Sequence { span, refused, items }) => {
                let kind = if refused { NodeKind::Refused } else { NodeKind::Sequence(items) };
                Node { span, kind }
            }
            Some(Open::Mapping { span, refused, entries, .. }) => {
                let kind = if refused { NodeKind::Refused } else { NodeKind::Mapping(entries) };
                Node { span, kind }
            }
            None => return Flow::Continue,
        };
        self.node(node)
    }

    /// Puts a finished value where it belongs: into the open list, behind the waiting key, or becomes the key.
    fn node(&mut self, node: Node) -> Flow {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("more than {MOST_NODES} values");
            self.complain(
                Code::TooLarge,
                message,
                node.span,
                "is this the right file? A blueprint has some dozen values",
            );
            return Flow::Stop;
        }
        if matches!(self.open.last(), Some(Open::Mapping { key: None, .. })) {
            let name = self.key(node);
            if let Some(Open::Mapping { key, .. }) = self.open.last_mut() {
                *key = Some(name);
            }
            return Flow::Continue;
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, .. }) => {
                if let Some((name, span, true)) = key.take() {
                    entries.push(Entry { key: name, span, value: node });
                }
            }
        }
        Flow::Continue
    }

    /// A key with its place, and whether its value is wanted.
    fn key(&mut self, node: Node) -> (String, Span, bool) {
        let span = node.span;
        let text = match node.kind {
            NodeKind::Scalar { text, quoted } => {
                if text == "<<" && !quoted {
                    let message = "merge keys (`<<`) are not used in blueprints";
                    self.complain(Code::Anchor, message, span, "write the values out");
                    return (text, span, false);
                }
                text
            }
            NodeKind::Refused => return (String::new(), span, false),
            NodeKind::Empty | NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
                self.complain(
                    Code::WrongType,
                    "this key is no word",
                    span,
                    "keys are words: `name: acme-sync`",
                );
                return (String::new(), span, false);
            }
        };
        let Some(Open::Mapping { entries, .. }) = self.open.last() else {
            return (text, span, true);
        };
        if let Some(first) = entries.iter().find(|entry| entry.key == text) {
            let first = Place::Text(self.source.locate(first.span));
            let place = Place::Text(self.source.locate(span));
            let message = format!("the key `{text}` stands here twice");
            let problem = Diagnostic::new(Code::DuplicateKey, &text, message, place)
                .related("first here", &first)
                .hint("keep one of the two");
            self.problems.push(problem);
            return (text, span, false);
        }
        (text, span, true)
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("nested more than {MOST_LEVELS} levels deep");
        self.complain(Code::TooLarge, message, span, "a blueprint has at most four levels");
    }

    fn complain(&mut self, code: Code, message: impl Into<String>, span: Span, hint: &str) {
        let place = Place::Text(self.source.locate(span));
        self.problems.push(Diagnostic::new(code, "", message, place).hint(hint));
    }

    fn syntax(&mut self, error: &ScanError) {
        let marker = error.marker();
        let span = Span { line: marker.line(), column: marker.col() + 1, width: 1 };
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return self.too_deep(span);
        }
        let hint = match error.kind() {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation => "indent with blanks; YAML does not take tabs",
            ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
                "close the quote"
            }
            ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator => {
                "close the bracket, or put a comma between the values"
            }
            ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
                "write `key: value`, with a blank behind the colon; put a text with a colon in quotes"
            }
            ErrorKind::UnexpectedCharacter { .. } => {
                "put a text that starts with this character in quotes"
            }
            ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
                "keys of one level start in the same column"
            }
            _ => "see https://yaml.org/spec/1.2.2 for the form of YAML",
        };
        self.complain(Code::Syntax, format!("this is no YAML: {}", error.info()), span, hint);
    }
}

/// Positions as people count them. A value over several lines is marked on its first.
fn span_of(span: &granit_parser::Span) -> Span {
    let (start, end) = (span.start, span.end);
    let width = if end.line() == start.line() {
        end.col().saturating_sub(start.col()).max(1)
    } else {
        usize::MAX
    };
    Span { line: start.line(), column: start.col() + 1, width }
}
