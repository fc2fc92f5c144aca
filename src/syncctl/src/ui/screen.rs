//! A terminal that is drawn over and over: no flicker while it lasts, no trace when it ends.

use super::Ui;
use super::line::Line;
use crate::error::Result;

/// The alternate screen, with the cursor hidden.
pub(crate) struct Screen {
    _private: (),
}

/// The characters that pictures are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyphs {
    Unicode,
    /// For locales that are not UTF-8.
    Ascii,
}

impl Glyphs {
    /// As the locale says: `LC_ALL`, then `LC_CTYPE`, then `LANG`, as everywhere.
    pub(crate) fn of_process() -> Self {
        let value = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(value).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let unicode = locale.contains("utf-8") || locale.contains("utf8");
        if unicode { Self::Unicode } else { Self::Ascii }
    }
}

impl Screen {
    pub(crate) fn open(ui: &mut Ui) -> Result<Self> {
        ui.result("\x1b[?1049h\x1b[?25l\x1b[2J")?;
        ui.flush()?;
        Ok(Self { _private: () })
    }

    /// Columns and rows at present; the person may change them at any time.
    pub(crate) fn size(&self, ui: &Ui) -> (usize, usize) {
        let told = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok();
        let told = told.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
        told.filter(|(columns, rows)| *columns >= 20 && *rows > 0)
            .unwrap_or((ui.settings().terminal.width, 24))
    }

    /// Draws from the top left. Each line clears what an earlier one left behind it; what does not
    /// fit below is left out.
    pub(crate) fn draw(
        &self,
        lines: &[Line],
        (width, height): (usize, usize),
        ui: &mut Ui,
    ) -> Result<()> {
        let mut text = "\x1b[H".to_owned();
        for (row, line) in lines.iter().take(height).enumerate() {
            if row > 0 {
                text.push_str("\r\n");
            }
            text.push_str(&line.render(ui.style()));
            // In the last column this would clear the character just written.
            if line.width() < width {
                text.push_str("\x1b[K");
            }
        }
        // What is left below; without a line feed, so that nothing scrolls.
        if lines.len() < height {
            text.push_str("\r\n\x1b[J");
        }
        ui.result(&text)?;
        ui.flush()
    }

    pub(crate) fn close(self, ui: &mut Ui) -> Result<()> {
        ui.result("\x1b[?25h\x1b[?1049l")?;
        ui.flush()
    }
}
