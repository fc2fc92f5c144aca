//! What a person should know before saying yes.

use crate::plan::{Notice, Plan};
use crate::report::words::level;

use super::page::{Line, Page};

/// Where the text begins: behind the longest word.
const COLUMN: usize = 9;

pub(super) fn write(page: &mut Page<'_>, plan: &Plan) {
    let mut notices: Vec<&Notice> = plan.notices.iter().collect();
    notices.sort_by_key(|notice| notice.level);
    page.gap();
    for notice in notices {
        let (word, tone) = level(notice.level);
        let head = Line::new().with(tone, word).up_to(COLUMN);
        page.paragraph(head, crate::report::paint::Tone::Plain, &notice.text);
        if let Some(advice) = &notice.advice {
            let head = Line::indented(COLUMN);
            page.paragraph(head, crate::report::paint::Tone::Plain, &format!("→ {advice}"));
        }
        if let Some(line) = &notice.line {
            page.line(Line::indented(COLUMN).faint(line));
        }
    }
}
