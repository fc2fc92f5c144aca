//! Lines made of coloured pieces. Every piece is escaped on its way in, so that none can be forgotten.

use crate::report::escape::terminal;
use crate::report::paint::{Paint, Tone};

/// A line before it is coloured.
#[derive(Clone, Default)]
pub(super) struct Line {
    pieces: Vec<(Tone, String)>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// An empty line that begins this far in.
    pub(super) fn indented(blanks: usize) -> Self {
        Self::new().plain(&" ".repeat(blanks))
    }

    pub(super) fn with(mut self, tone: Tone, text: &str) -> Self {
        self.pieces.push((tone, terminal(text)));
        self
    }

    pub(super) fn plain(self, text: &str) -> Self {
        self.with(Tone::Plain, text)
    }

    pub(super) fn faint(self, text: &str) -> Self {
        self.with(Tone::Faint, text)
    }

    /// Blanks up to this column, at least one.
    pub(super) fn up_to(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width()).max(1);
        self.plain(&" ".repeat(missing))
    }

    /// In characters.
    pub(super) fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.chars().count()).sum()
    }
}

/// What has been written so far.
pub(super) struct Page<'a> {
    paint: &'a dyn Paint,
    pub(super) width: usize,
    text: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(paint: &'a dyn Paint, width: usize) -> Self {
        Self { paint, width, text: String::new() }
    }

    pub(super) fn line(&mut self, line: Line) {
        let mut pieces = line.pieces;
        // No line ends in blanks.
        while pieces.last().is_some_and(|(_, text)| text.trim_end().is_empty()) {
            pieces.pop();
        }
        if let Some((_, last)) = pieces.last_mut() {
            last.truncate(last.trim_end().len());
        }
        for (tone, text) in pieces {
            match tone {
                Tone::Plain => self.text.push_str(&text),
                tone => self.text.push_str(&self.paint.paint(tone, &text)),
            }
        }
        self.text.push('\n');
    }

    /// One empty line, never two, and none at the start.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A paragraph behind `head`, broken between words so that it fits, its further lines below its first.
    pub(super) fn paragraph(&mut self, head: Line, tone: Tone, text: &str) {
        let words: Vec<&str> = text.split(' ').collect();
        self.broken(head, tone, &words, "");
    }

    /// The same for a list, broken between its items.
    pub(super) fn list(&mut self, head: Line, tone: Tone, items: &[String]) {
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        self.broken(head, tone, &items, ",");
    }

    fn broken(&mut self, head: Line, tone: Tone, items: &[&str], end: &str) {
        let indent = head.width();
        let room = self.width.saturating_sub(indent).max(20);
        let mut head = Some(head);
        for line in wrapped(items, end, room) {
            let start = head.take().unwrap_or_else(|| Line::indented(indent));
            self.line(start.with(tone, &line));
        }
    }

    /// Text right behind a line, its further lines beginning at a column of the page.
    pub(super) fn run_on(&mut self, head: Line, column: usize, text: &str) {
        let mut line = head;
        for word in text.split(' ') {
            let is_first = word.starts_with(',');
            if !is_first && line.width() + 1 + word.chars().count() > self.width {
                self.line(std::mem::replace(&mut line, Line::indented(column)));
                line = line.plain(word);
            } else {
                line = line.plain(if is_first { "" } else { " " }).plain(word);
            }
        }
        self.line(line);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Lines of items with a blank between them and `end` behind all but the last. An item longer than the room stays
/// whole: nobody can copy an ARN that is cut in two.
fn wrapped(items: &[&str], end: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for (index, item) in items.iter().enumerate() {
        let end = if index + 1 < items.len() { end } else { "" };
        let item = terminal(item) + end;
        let length = item.chars().count();
        if used > 0 && used + 1 + length > room {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(&item);
            used += length;
        }
    }
    lines
}
