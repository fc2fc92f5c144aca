//! Tables in plain text that stay readable on narrow terminals.

/// Rows under headings; the first columns matter most, the last one may be cut.
#[derive(Debug, Default)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Space between two columns.
const GAP: usize = 2;

impl Table {
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Lines of at most `width` characters; whole columns are dropped from the right where they do
    /// not fit, so that no line wraps.
    pub(crate) fn render(&self, width: usize) -> Vec<String> {
        let widths: Vec<usize> =
            (0..self.headings.len()).map(|column| self.widest(column)).collect();
        let mut shown = widths.len();
        while shown > 1 && total(&widths[..shown]) > width {
            shown -= 1;
        }
        let headings: Vec<String> = self.headings.iter().map(|text| (*text).to_owned()).collect();
        std::iter::once(&headings)
            .chain(&self.rows)
            .map(|cells| line(&cells[..shown], &widths, width))
            .collect()
    }

    /// As [`Table::render`], but the last column stays and is cut from its left, as paths are read
    /// from their end.
    pub(crate) fn render_with_last_cut(&self, width: usize) -> Vec<String> {
        /// Less than this of a path tells nothing.
        const LEAST: usize = 12;
        let last = self.headings.len().saturating_sub(1);
        let before: usize = (0..last).map(|column| self.widest(column) + GAP).sum();
        let room = width.saturating_sub(before);
        if room < LEAST {
            return self.render(width);
        }
        let mut cut = Self::new(&self.headings);
        for row in &self.rows {
            let mut row = row.clone();
            if let Some(cell) = row.last_mut() {
                let surplus = cell.chars().count().saturating_sub(room);
                if surplus > 0 {
                    *cell = ['…'].into_iter().chain(cell.chars().skip(surplus + 1)).collect();
                }
            }
            cut.row(row);
        }
        cut.render(width)
    }

    fn widest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(self.headings[column].chars().count())
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn line(cells: &[String], widths: &[usize], limit: usize) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str(cell);
        let padding = width.saturating_sub(cell.chars().count()) + GAP;
        text.extend(std::iter::repeat_n(' ', padding));
    }
    text.trim_end().chars().take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers() -> Table {
        let mut table = Table::new(&["SERVER", "ZONE", "HEALTH", "SINCE"]);
        table.row(vec!["a-1".into(), "a".into(), "healthy".into(), "3 min".into()]);
        table.row(vec!["b-1".into(), "b".into(), "starting".into(), "1 s".into()]);
        table
    }

    #[test]
    fn columns_line_up() {
        let expected = [
            "SERVER  ZONE  HEALTH    SINCE",
            "a-1     a     healthy   3 min",
            "b-1     b     starting  1 s",
        ];
        assert_eq!(servers().render(80), expected);
    }

    #[test]
    fn columns_that_do_not_fit_are_dropped_whole() {
        assert_eq!(
            servers().render(25),
            ["SERVER  ZONE  HEALTH", "a-1     a     healthy", "b-1     b     starting"]
        );
    }
}
