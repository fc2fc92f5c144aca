//! Diagnostics as text, in the manner of the Rust compiler.

use super::{Diagnostic, Place, Severity};
use crate::source::Location;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar;

/// Columns that a tab takes in an excerpt.
const TAB: usize = 4;

pub(super) fn render(list: &[Diagnostic], left_out: usize, color: bool) -> String {
    let paint = Paint { color };
    let mut text = String::new();
    for diagnostic in list {
        one(&mut text, diagnostic, &paint);
        text.push('\n');
    }
    if left_out > 0 {
        let _ = writeln!(text, "… and {left_out} more\n");
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn one(text: &mut String, diagnostic: &Diagnostic, paint: &Paint) {
    let word = match diagnostic.severity {
        Severity::Error => paint.red("error"),
        Severity::Warning => paint.yellow("warning"),
    };
    let code = diagnostic.code.as_str();
    let message = paint.bold(&clean(&diagnostic.message));
    let _ = writeln!(text, "{word}[{code}]: {message}");
    let gutter = gutter(diagnostic);
    place(text, &diagnostic.place, gutter, None, paint);
    for related in &diagnostic.related {
        place(text, &related.place, gutter, Some(&related.message), paint);
    }
    if let Some(hint) = &diagnostic.hint {
        let edge = paint.blue(&format!("{:gutter$} =", ""));
        let _ = writeln!(text, "{edge} {}: {}", paint.bold("help"), clean(hint));
    }
}

/// Width of the column of line numbers.
fn gutter(diagnostic: &Diagnostic) -> usize {
    let related = diagnostic.related.iter().map(|related| &related.place);
    let widths = related.chain([&diagnostic.place]).map(|place| match place {
        Place::Text(location) => location.line.to_string().len(),
        Place::Flag { .. } | Place::Environment { .. } | Place::Nowhere => 1,
    });
    widths.max().unwrap_or(1)
}

fn place(text: &mut String, place: &Place, gutter: usize, label: Option<&str>, paint: &Paint) {
    let arrow =
        paint.blue(&format!("{:gutter$}{}", "", if label.is_some() { ":::" } else { "-->" }));
    match place {
        Place::Text(location) => {
            let file = clean(&location.file);
            let _ = writeln!(text, "{arrow} {file}:{}:{}", location.line, location.column);
            excerpt(text, location, gutter, label, paint);
        }
        Place::Flag { flag, value } => {
            let note = label.map(|label| format!(" ({label})")).unwrap_or_default();
            let _ = writeln!(text, "{arrow} {}", clean(&format!("{flag}={value}{note}")));
        }
        Place::Environment { name } => {
            let note = label.map(|label| format!(" ({label})")).unwrap_or_default();
            let _ = writeln!(text, "{arrow} environment variable {}{}", clean(name), clean(&note));
        }
        Place::Nowhere => {}
    }
}

fn excerpt(
    text: &mut String,
    location: &Location,
    gutter: usize,
    label: Option<&str>,
    paint: &Paint,
) {
    let mut line = String::new();
    let mut before = 0;
    let mut marker = 0;
    for (index, character) in location.excerpt.chars().enumerate() {
        let (shown, width) = show(character);
        line.push_str(&shown);
        if index < location.offset {
            before += width;
        } else if index < location.offset + location.width {
            marker += width;
        }
    }
    let number = paint.blue(&format!("{:>gutter$} |", location.line));
    let edge = paint.blue(&format!("{:gutter$} |", ""));
    let (character, tint): (&str, fn(&Paint, &str) -> String) = match label {
        Some(_) => ("-", Paint::blue),
        None => ("^", Paint::red),
    };
    let note = label.map(|label| format!(" {}", clean(label))).unwrap_or_default();
    let marks = tint(paint, &format!("{}{note}", character.repeat(marker.max(1))));
    let _ = writeln!(text, "{edge}\n{number} {}", line.trim_end());
    let _ = writeln!(text, "{edge} {:before$}{marks}", "");
}

/// A character as it may be shown on a terminal, and the columns it takes.
fn show(character: char) -> (String, usize) {
    match character {
        '\t' => (" ".repeat(TAB), TAB),
        _ if is_invisible(character) => ("\u{FFFD}".to_owned(), 1),
        _ => (character.to_string(), character.width().unwrap_or(0)),
    }
}

/// Control characters, and those that turn the direction of text around to mislead the reader.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

fn clean(text: &str) -> String {
    text.chars()
        .map(|character| if is_invisible(character) { '\u{FFFD}' } else { character })
        .collect()
}

struct Paint {
    color: bool,
}

impl Paint {
    fn wrap(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn red(&self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    fn yellow(&self, text: &str) -> String {
        self.wrap("1;33", text)
    }

    fn blue(&self, text: &str) -> String {
        self.wrap("1;34", text)
    }

    fn bold(&self, text: &str) -> String {
        self.wrap("1", text)
    }
}
