//! A line made of coloured pieces, which knows how wide it is.

use super::screen::Glyphs;
use super::style::Style;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

/// Pieces of text; colour does not count for the width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pieces: Vec<(Paint, String)>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub(crate) fn with(mut self, paint: Paint, text: impl Into<String>) -> Self {
        self.pieces.push((paint, text.into()));
        self
    }

    #[must_use]
    pub(crate) fn plain(self, text: impl Into<String>) -> Self {
        self.with(Paint::Plain, text)
    }

    #[must_use]
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// In characters.
    pub(crate) fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// Blanks at the end up to this width.
    #[must_use]
    pub(crate) fn padded(self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        if missing == 0 { self } else { self.plain(" ".repeat(missing)) }
    }

    /// At most this wide; the last character then says that something is missing.
    #[must_use]
    pub(crate) fn cut(self, width: usize, glyphs: Glyphs) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut room = width.saturating_sub(1);
        let mut cut = Self::new();
        for (paint, text) in self.pieces {
            let taken: String = text.chars().take(room).collect();
            room -= taken.chars().count();
            cut = cut.with(paint, taken);
        }
        let end = match glyphs {
            Glyphs::Unicode => "…",
            Glyphs::Ascii => "~",
        };
        if width == 0 { cut } else { cut.plain(end) }
    }

    /// `other` at the right end, where it fits beside this one.
    #[must_use]
    pub(crate) fn with_right(self, other: Self, width: usize) -> Self {
        let needed = self.width() + other.width() + 2;
        if needed > width {
            return self;
        }
        let start = width - other.width();
        self.padded(start).join(other)
    }

    pub(crate) fn render(&self, style: Style) -> String {
        let pieces = self.pieces.iter().map(|(paint, text)| match paint {
            Paint::Plain => text.clone(),
            Paint::Bold => style.bold(text),
            Paint::Dim => style.dim(text),
            Paint::Red => style.red(text),
            Paint::Green => style.green(text),
            Paint::Yellow => style.yellow(text),
            Paint::Cyan => style.cyan(text),
        });
        let text: String = pieces.collect();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_does_not_count_and_a_cut_is_visible() {
        let line = Line::new().with(Paint::Green, "healthy").plain(" a-1");
        assert_eq!(line.width(), 11);
        let cut = line.clone().cut(9, Glyphs::Unicode);
        assert_eq!(cut.render(Style::new(true)), "\x1b[32mhealthy\x1b[0m …");
        assert_eq!(line.cut(9, Glyphs::Ascii).render(Style::new(false)), "healthy ~");
    }

    #[test]
    fn the_right_end_is_left_out_where_it_does_not_fit() {
        let (left, right) = (Line::new().plain("left"), Line::new().plain("right"));
        let text = |width| left.clone().with_right(right.clone(), width).render(Style::new(false));
        assert_eq!(text(12), "left   right");
        assert_eq!(text(10), "left");
    }
}
