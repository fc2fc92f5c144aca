//! For a terminal.

mod changes;
mod created;
mod drift;
mod head;
mod notices;
mod page;
mod summary;
#[cfg(test)]
mod tests;

use crate::plan::Plan;

use super::paint::Paint;
use page::Page;

/// Narrower than this, lines are longer than the terminal rather than unreadable.
const NARROWEST: usize = 60;

/// Wider than this, the eye does not find the next line.
const WIDEST: usize = 120;

/// The plan for a person who knows AWS and not us, in lines of about `width` characters. Text of others comes out
/// without control characters.
#[must_use]
pub fn text(plan: &Plan, paint: &dyn Paint, width: usize) -> String {
    let mut page = Page::new(paint, width.clamp(NARROWEST, WIDEST));
    head::write(&mut page, plan);
    notices::write(&mut page, plan);
    created::write(&mut page, plan);
    changes::write(&mut page, plan);
    drift::write(&mut page, plan);
    summary::write(&mut page, plan);
    page.finish()
}
