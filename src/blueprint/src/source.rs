//! Where a value stands in a text, and the piece of that text to show beside a message.

use serde::Serialize;

/// Longest piece of a source line that a diagnostic carries, in characters.
const EXCERPT: usize = 120;

/// A position in a text that a person can open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// File name as the caller gave it, or `preset NAME`.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// How many characters the marker covers, at least 1.
    pub width: usize,
    /// The source line, cut around the marker when it is long.
    pub excerpt: String,
    /// Where the marker starts inside the excerpt, in characters from 0.
    #[serde(skip)]
    pub(crate) offset: usize,
}

/// A stretch of characters on one line, without the text it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) width: usize,
}

/// A text with its name, cut into lines once.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    lines: Vec<String>,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), lines: split_lines(text).map(str::to_owned).collect() }
    }

    /// The line with this number, empty past the end.
    pub(crate) fn line(&self, number: usize) -> &str {
        number.checked_sub(1).and_then(|index| self.lines.get(index)).map_or("", String::as_str)
    }

    /// Number of lines.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn locate(&self, span: Span) -> Location {
        let line = self.line(span.line);
        let length = line.chars().count();
        let start = span.column.saturating_sub(1).min(length);
        let width = span.width.clamp(1, length.saturating_sub(start).max(1));
        let (excerpt, offset) = crop(line, length, start);
        Location {
            file: self.name.clone(),
            line: span.line.max(1),
            column: start + 1,
            width,
            excerpt,
            offset,
        }
    }
}

/// Lines as YAML counts them: ended by LF, CR LF or a lone CR.
fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    })
}

/// The part of a long line that holds the marker, with an ellipsis where text was left out.
fn crop(line: &str, length: usize, start: usize) -> (String, usize) {
    if length <= EXCERPT {
        return (line.to_owned(), start);
    }
    let first = start.saturating_sub(EXCERPT / 2);
    let mut excerpt = String::new();
    if first > 0 {
        excerpt.push('…');
    }
    excerpt.extend(line.chars().skip(first).take(EXCERPT));
    if first + EXCERPT < length {
        excerpt.push('…');
    }
    (excerpt, start - first + usize::from(first > 0))
}

#[cfg(test)]
mod tests {
    use super::{Source, Span};

    #[test]
    fn lines_end_as_yaml_ends_them() {
        let source = Source::new("a", "one\r\ntwo\rthree\nfour");
        let lines: Vec<_> = (1..=5).map(|number| source.line(number)).collect();
        assert_eq!(lines, ["one", "two", "three", "four", ""]);
    }

    #[test]
    fn a_long_line_is_cut_around_the_marker() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let location = Source::new("a", &text).locate(Span { line: 1, column: 501, width: 1 });
        assert_eq!(location.column, 501);
        assert_eq!(location.excerpt.chars().nth(location.offset), Some('X'));
        assert!(location.excerpt.chars().count() <= super::EXCERPT + 2);
    }

    #[test]
    fn a_position_outside_the_text_is_pulled_inside() {
        let location = Source::new("a", "name").locate(Span { line: 1, column: 90, width: 50 });
        assert_eq!((location.column, location.width), (5, 1));
    }
}
