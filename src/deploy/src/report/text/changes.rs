//! Changes to what is there, sorted by harm.

use crate::plan::{Change, Plan, PropertyChange, Replacement};
use crate::report::names::name;
use crate::report::paint::Tone;
use crate::report::rows::{Row, of_harm};
use crate::report::tags;
use crate::report::values::{Difference, differences, shortened};
use crate::report::words::{HARMS, consequence, echoes, harm_tone, heading, meaning, sign};

use super::page::{Line, Page};

const NAME_COLUMN: usize = 6;

/// Where the lines about a change begin.
const INDENT: usize = 8;

pub(super) fn write(page: &mut Page<'_>, plan: &Plan) {
    for harm in HARMS {
        let rows = of_harm(plan, harm);
        if rows.is_empty() {
            continue;
        }
        page.gap();
        let title = Line::new().with(harm_tone(harm), heading(harm));
        page.line(title.faint(&format!("  {}", meaning(harm))));
        let longest = rows.iter().map(|row| name(&row.change.logical_id).chars().count()).max();
        let column = NAME_COLUMN + longest.unwrap_or(0) + 2;
        for row in rows {
            write_row(page, &row, column);
        }
    }
    if let Some(text) = echoes(plan) {
        page.gap();
        page.line(Line::new().faint(&text));
    }
    write_tags(page, plan);
}

fn write_row(page: &mut Page<'_>, row: &Row<'_>, column: usize) {
    let change = row.change;
    let (sign, tone) = sign(change);
    let line = Line::indented(2).with(tone, sign).up_to(NAME_COLUMN);
    let line = line.with(Tone::Strong, &name(&change.logical_id));
    let full = line.clone().up_to(column);
    let full = full.faint(&change.resource_type).faint("  ").faint(&change.logical_id);
    let is_wide = full.width() > page.width;
    page.line(if is_wide { line } else { full });
    if is_wide {
        let id = format!("{}  {}", change.resource_type, change.logical_id);
        page.line(Line::indented(INDENT).faint(&id));
    }
    write_consequence(page, row, tone);
    for effect in &change.effects {
        page.paragraph(Line::indented(INDENT), harm_tone(change.harm), effect);
    }
    for property in &row.properties {
        write_property(page, change, property, row.replaces.is_some());
    }
}

fn write_consequence(page: &mut Page<'_>, row: &Row<'_>, tone: Tone) {
    let change = row.change;
    if let Some(old) = row.replaces {
        let text = format!("takes the place of {old}, which is deleted once nothing uses it");
        return page.paragraph(Line::indented(INDENT), Tone::Plain, &text);
    }
    let Some(consequence) = consequence(change) else { return };
    let line = Line::indented(INDENT).with(tone, consequence);
    match &change.physical_id {
        Some(id) if line.width() + id.chars().count() + 2 > page.width => {
            page.line(line.plain(":"));
            page.line(Line::indented(INDENT).plain(id));
        }
        Some(id) => page.line(line.plain(": ").plain(id)),
        None => page.line(line),
    }
}

fn write_property(page: &mut Page<'_>, change: &Change, property: &PropertyChange, is_new: bool) {
    let (differences, hidden) = differences(&change.resource_type, property);
    // Another launch template is always a new one, and the row says so.
    let differences: Vec<Difference> = differences
        .into_iter()
        .map(|it| if is_new { Difference { recreation: Replacement::Never, ..it } } else { it })
        .collect();
    let last = differences.len().saturating_sub(1);
    for (index, difference) in differences.iter().enumerate() {
        let source = property.line.as_deref().filter(|_| index == last && hidden == 0);
        write_difference(page, difference, source);
    }
    if hidden > 0 {
        let line = Line::indented(INDENT).faint(&format!("and {hidden} more differences there"));
        write_with_source(page, line, property.line.as_deref());
    }
}

/// One line where it fits, else a line for each of the two values, so that they can be compared and copied.
fn write_difference(page: &mut Page<'_>, difference: &Difference, source: Option<&str>) {
    let note = match difference.recreation {
        Replacement::Never => "",
        Replacement::Conditional => " (may replace it)",
        Replacement::Always => " (replaces it)",
    };
    let head = Line::indented(INDENT).plain(&difference.label);
    if let Some((gone, new)) = &difference.members {
        let head = head.with(Tone::Warning, note).plain(":");
        return write_values(page, head, source, &gone.join(", "), &new.join(", "));
    }
    let line = head.clone().plain(": ");
    let line = match (&difference.before, &difference.after) {
        (Some(before), Some(after)) => {
            let line = line.plain(&format!("{before} → ")).with(Tone::Strong, after);
            if line.width() + note.len() > page.width {
                let head = head.with(Tone::Warning, note).plain(":");
                return write_values(page, head, source, before, after);
            }
            line
        }
        (None, Some(after)) => line.plain("now ").with(Tone::Strong, &cut(page, after)),
        (Some(before), None) => line.plain("was ").plain(&cut(page, before)),
        (None, None) => line.plain("changes"),
    };
    write_with_source(page, line.with(Tone::Warning, note), source);
}

fn write_values(page: &mut Page<'_>, head: Line, source: Option<&str>, old: &str, new: &str) {
    write_with_source(page, head, source);
    let (old, new) = shortened(old, new, page.width.saturating_sub(INDENT + 4));
    if !old.is_empty() {
        page.line(Line::indented(INDENT + 2).with(Tone::Danger, "-").plain(" ").plain(&old));
    }
    if !new.is_empty() {
        page.line(Line::indented(INDENT + 2).with(Tone::Good, "+").plain(" ").plain(&new));
    }
}

fn cut(page: &Page<'_>, value: &str) -> String {
    shortened(value, "", page.width / 2).0
}

fn write_with_source(page: &mut Page<'_>, line: Line, source: Option<&str>) {
    let Some(source) = source else { return page.line(line) };
    if line.width() + 3 + source.chars().count() <= page.width {
        return page.line(line.plain("   ").faint(source));
    }
    page.line(line);
    page.line(Line::indented(INDENT + 2).faint(source));
}

fn write_tags(page: &mut Page<'_>, plan: &Plan) {
    let tags = tags::tags(plan);
    if tags.is_empty() {
        return;
    }
    page.gap();
    for (stack, changes) in tags {
        let what = stack.map_or("everything".to_owned(), |name| format!("everything in {name}"));
        let parts: Vec<String> = changes
            .iter()
            .map(|change| {
                let (sign, key, value) = tags::parts(change);
                let line = change.line.as_deref().map(|line| format!(" ({line})"));
                format!("{sign} {key} {value}{}", line.unwrap_or_default())
            })
            .collect();
        let head = Line::new().with(Tone::Strong, "Tags").plain(&format!(" of {what}  "));
        page.list(head, Tone::Plain, &parts);
    }
}
