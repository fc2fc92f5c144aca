//! The tree of a document, checked against the table of keys.

use super::{Given, Layer, Origin};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Place};
use crate::document::{Document, Kind as DocumentKind};
use crate::keys::{self, Found, Key, Typed};
use crate::source::Span;
use crate::value::Value;
use crate::values::quote;
use crate::variables::{self, Known};
use crate::yaml::{Entry, Node, NodeKind};
use std::collections::BTreeMap;

/// Values of a document. `name` is what stronger sources call the deployment, for `${name}`; else the document's own.
pub(crate) fn from_document(
    document: &Document,
    environment: &BTreeMap<String, String>,
    name: Option<&str>,
    problems: &mut Diagnostics,
) -> Layer {
    let name = name.map(str::to_owned).or_else(|| own_name(document, environment));
    let mut reader = Reader { document, environment, name, problems, layer: Layer::new() };
    reader.top();
    reader.layer
}

/// The document's `name`, whether or not it may be one: that is told where it stands.
fn own_name(document: &Document, environment: &BTreeMap<String, String>) -> Option<String> {
    let NodeKind::Mapping(entries) = &document.root.kind else { return None };
    let entry = entries.iter().find(|entry| entry.key == "name")?;
    let NodeKind::Scalar { text, .. } = &entry.value.kind else { return None };
    let expanded = variables::expand(text, Known { environment, name: None }).ok()?;
    Some(expanded.map_or_else(|| text.to_string(), |(text, _)| text))
}

struct Reader<'a> {
    document: &'a Document,
    environment: &'a BTreeMap<String, String>,
    name: Option<String>,
    problems: &'a mut Diagnostics,
    layer: Layer,
}

impl Reader<'_> {
    fn top(&mut self) {
        let root = &self.document.root;
        match &root.kind {
            NodeKind::Mapping(entries) => {
                if !entries.iter().any(|entry| entry.key == "version") {
                    let span = entries.first().map_or(root.span, |entry| entry.span);
                    self.complain(
                        Code::MissingKey,
                        "version",
                        "the key `version` is missing".to_owned(),
                        span,
                        "write `version: 1` in the first line",
                    );
                }
                self.level("", entries);
            }
            NodeKind::Refused => {}
            NodeKind::Empty | NodeKind::Scalar { .. } | NodeKind::Sequence(_) => {
                let message = "a blueprint is a list of keys with values".to_owned();
                self.complain(
                    Code::WrongType,
                    "",
                    message,
                    root.span,
                    "start with `version: 1` and `name: NAME`, each on its own line",
                );
            }
        }
    }

    fn level(&mut self, level: &str, entries: &[Entry]) {
        for entry in entries {
            let path = keys::join(level, &entry.key);
            let dotted = entry.key.contains('.') && level != "tags";
            match keys::find(&path).filter(|_| !dotted) {
                None => self.unknown(level, entry),
                Some(Found::Group) => self.group(&path, entry),
                Some(Found::Key(key)) => self.key(key, path, entry),
                Some(Found::Either(key)) => match entry.value.kind {
                    NodeKind::Mapping(_) => self.either(&path, entry),
                    _ => self.key(key, path, entry),
                },
            }
        }
    }

    fn unknown(&mut self, level: &str, entry: &Entry) {
        let name = quote(&entry.key);
        let message = if level.is_empty() {
            format!("unknown key {name}")
        } else {
            format!("unknown key {name} in `{level}`")
        };
        let hint = if self.problems.is_full() { None } else { keys::suggest(level, &entry.key) };
        let hint = hint.unwrap_or_else(|| "remove it".to_owned());
        self.complain(Code::UnknownKey, &keys::join(level, &entry.key), message, entry.span, &hint);
    }

    fn group(&mut self, path: &str, entry: &Entry) {
        match &entry.value.kind {
            NodeKind::Mapping(entries) => self.level(path, entries),
            // What is left of a level when all its keys are commented out.
            NodeKind::Empty | NodeKind::Refused => {}
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) => {
                let names = keys::children(path);
                let hint = match names.first() {
                    Some(first) => {
                        format!("write its keys below it: `{}: {{ {first}: … }}`", entry.key)
                    }
                    None => {
                        format!("write its keys below it: `{}: {{ team: storage }}`", entry.key)
                    }
                };
                let message = format!("`{path}` holds keys, not a value");
                self.complain(Code::WrongType, path, message, entry.value.span, &hint);
            }
        }
    }

    /// A level that stands in the place of a word must say something.
    fn either(&mut self, path: &str, entry: &Entry) {
        let before = self.problems.error_count();
        self.group(path, entry);
        let below = format!("{path}.");
        if self.problems.error_count() == before
            && !self.layer.keys().any(|path| path.starts_with(&below))
        {
            let message = format!("`{path}` has no keys below it");
            self.complain(
                Code::MissingKey,
                path,
                message,
                entry.span,
                "write `builtin`, or `oidc: { issuer: https://… }`",
            );
        }
    }

    fn key(&mut self, key: &'static Key, path: String, entry: &Entry) {
        if level_is_tags(&path) {
            self.tag_name(&path, entry);
        }
        let mut used = Vec::new();
        let value = self.value(key, &path, entry, &mut used);
        let span = entry.value.span;
        let (place, origin) = match &entry.value.kind {
            NodeKind::Empty => (entry.span, self.origin(entry.span, used)),
            _ => (span, self.origin(span, used)),
        };
        let place = Place::Text(self.document.source.locate(place));
        self.layer.insert(path, Given { value, origin, place });
    }

    fn origin(&self, span: Span, variables: Vec<String>) -> Origin {
        match &self.document.kind {
            DocumentKind::Preset(name) => Origin::Preset { name: name.clone(), line: span.line },
            DocumentKind::File => {
                let file = self.document.source.name.clone();
                Origin::File { file, line: span.line, column: span.column, variables }
            }
        }
    }

    fn value(
        &mut self,
        key: &'static Key,
        path: &str,
        entry: &Entry,
        used: &mut Vec<String>,
    ) -> Option<Value> {
        match &entry.value.kind {
            NodeKind::Empty => {
                let hint = match (key.optional, key.default) {
                    (true, _) => "write `none`, or remove the line".to_owned(),
                    (false, keys::Default::Is(default)) => format!(
                        "write {}, or remove the line for the default {default}",
                        key.kind.expectation()
                    ),
                    (false, _) => format!("write {}", key.kind.expectation()),
                };
                self.complain(
                    Code::EmptyValue,
                    path,
                    format!("`{path}` has no value"),
                    entry.span,
                    &hint,
                );
                None
            }
            NodeKind::Refused => None,
            NodeKind::Scalar { .. } if !key.kind.is_list() => {
                self.scalar(key, path, &entry.value, used)
            }
            NodeKind::Sequence(items) if key.kind.is_list() => {
                let read: Vec<Option<Value>> =
                    items.iter().map(|item| self.scalar(key, path, item, used)).collect();
                let values = read.into_iter().collect::<Option<Vec<Value>>>()?;
                match key.read_list(&values) {
                    Ok(value) => Some(value),
                    Err(refusal) => {
                        self.complain(
                            refusal.code,
                            path,
                            format!("{path}: {}", refusal.message),
                            entry.value.span,
                            &refusal.hint,
                        );
                        None
                    }
                }
            }
            NodeKind::Scalar { text, .. } => {
                let message = format!("`{path}` is a list");
                let hint = format!("write [{text}]");
                self.complain(Code::WrongType, path, message, entry.value.span, &hint);
                None
            }
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
                let found = if matches!(entry.value.kind, NodeKind::Sequence(_)) {
                    "a list"
                } else {
                    "keys"
                };
                let message = format!("`{path}` is one value, found {found}");
                self.complain(
                    Code::WrongType,
                    path,
                    message,
                    entry.value.span,
                    &format!("write {}", key.kind.expectation()),
                );
                None
            }
        }
    }

    fn scalar(
        &mut self,
        key: &'static Key,
        path: &str,
        node: &Node,
        used: &mut Vec<String>,
    ) -> Option<Value> {
        let NodeKind::Scalar { text, quoted } = &node.kind else {
            if !matches!(node.kind, NodeKind::Refused) {
                let message = format!("an item of `{path}` is not a single value");
                self.complain(
                    Code::WrongType,
                    path,
                    message,
                    node.span,
                    &format!("write {}", key.kind.expectation()),
                );
            }
            return None;
        };
        let name = self.name.as_deref().filter(|_| path != "name");
        let known = Known { environment: self.environment, name };
        let expanded = match variables::expand(text, known) {
            Ok(expanded) => expanded,
            Err(problem) => {
                let span = self.part(node.span, &problem.part);
                self.complain(
                    Code::Variable,
                    path,
                    format!("{path}: {}", problem.message),
                    span,
                    &problem.hint,
                );
                return None;
            }
        };
        let typed = match (&expanded, quoted) {
            (Some((text, names)), _) => {
                used.extend(names.iter().cloned());
                Typed::Free(text)
            }
            (None, true) => Typed::Quoted(text),
            (None, false) => Typed::Plain(text),
        };
        match key.read(typed) {
            Ok(value) => Some(value),
            Err(refusal) => {
                self.complain(
                    refusal.code,
                    path,
                    format!("{path}: {}", refusal.message),
                    node.span,
                    &refusal.hint,
                );
                None
            }
        }
    }

    fn tag_name(&mut self, path: &str, entry: &Entry) {
        let count = self.layer.keys().filter(|path| level_is_tags(path)).count();
        let name = path.strip_prefix("tags.").unwrap_or("");
        if let Err(message) = super::typed::check_tag_name(name, count) {
            self.complain(
                Code::BadValue,
                path,
                message,
                entry.span,
                "tag names have letters, digits, blanks and + - = . _ : / @",
            );
        }
    }

    /// The place of a part of a value, when it stands literally in the text.
    fn part(&self, span: Span, part: &str) -> Span {
        let line = self.document.source.line(span.line);
        let skip = span.column.saturating_sub(1);
        let start = line.char_indices().nth(skip).map_or(line.len(), |(index, _)| index);
        let rest = line.get(start..).unwrap_or("");
        match rest.find(part) {
            Some(position) => Span {
                line: span.line,
                column: span.column + rest.get(..position).unwrap_or("").chars().count(),
                width: part.chars().count(),
            },
            None => span,
        }
    }

    fn complain(&mut self, code: Code, key: &str, message: String, span: Span, hint: &str) {
        let place = Place::Text(self.document.source.locate(span));
        self.problems.push(Diagnostic::new(code, key, message, place).hint(hint));
    }
}

fn level_is_tags(path: &str) -> bool {
    path.starts_with("tags.")
}
