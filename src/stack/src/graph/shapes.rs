//! Boxes, texts and arrows of SVG.

use std::fmt::Write as _;

use super::model::Part;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    pub(super) fn center(self) -> f64 {
        self.x + self.width / 2.0
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.height
    }

    pub(super) fn right(self) -> f64 {
        self.x + self.width
    }
}

/// SVG in the making.
#[derive(Default)]
pub(super) struct Canvas(String);

impl Canvas {
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    pub(super) fn raw(&mut self, text: &str) {
        self.line(text);
    }

    /// A frame with its name in the upper left corner.
    pub(super) fn frame(&mut self, area: Area, class: &str, name: &str) {
        self.rectangle(area, class);
        self.text(area.x + 12.0, area.y + 20.0, "frame-name", "start", name);
    }

    /// A box with a title and notes, in the middle.
    pub(super) fn part(&mut self, area: Area, class: &str, part: &Part) {
        self.rectangle(area, class);
        let lines = part.notes.len() as f64;
        let mut y = area.y + area.height / 2.0 - lines * 8.0 + 5.0;
        self.text(area.center(), y, "title", "middle", &part.title);
        for note in &part.notes {
            y += 17.0;
            self.text(area.center(), y, "note", "middle", note);
        }
    }

    pub(super) fn rectangle(&mut self, area: Area, class: &str) {
        let Area { x, y, width, height } = area;
        self.line(&format!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>"#
        ));
    }

    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        self.line(&format!(
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#,
            escape(text)
        ));
    }

    /// A line without a head.
    pub(super) fn line_to(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.line(&format!(r#"<path class="{class}" d="M{x1} {y1} L{x2} {y2}"/>"#));
    }

    /// An arrow along straight pieces.
    pub(super) fn arrow(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(path, "{}{x} {y}", if index == 0 { "M" } else { " L" });
        }
        self.line(&format!(r#"<path class="{class}" d="{path}" marker-end="url(#head)"/>"#));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
