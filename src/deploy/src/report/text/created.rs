//! Stacks made from nothing.

use crate::plan::{Kind, Plan};
use crate::report::creation::{Group, charged, exposure, groups};
use crate::report::paint::Tone;
use crate::report::rows::is_folded;
use crate::report::words::count;

use super::page::{Line, Page};

/// Where facts begin: behind the longest concern and a number.
const COLUMN: usize = 17;

pub(super) fn write(page: &mut Page<'_>, plan: &Plan) {
    for stack in plan.stacks.iter().filter(|stack| is_folded(stack)) {
        let groups = groups(stack);
        let number: usize = groups.iter().map(|group| group.number).sum();
        if number == 0 {
            continue;
        }
        page.gap();
        let title = Line::new().with(Tone::Strong, "New: ").with(Tone::Strong, &stack.name);
        let what = match stack.kind {
            Kind::Data => "that hurt to lose",
            Kind::App => "that can be made again",
        };
        let number = count(number, "resource", "resources");
        page.line(title.faint(&format!("  {number} {what}")));
        for group in groups {
            write_group(page, &group);
        }
        if let Some(exposure) = exposure(stack) {
            let head = Line::indented(2).with(Tone::Warning, "!").plain(" ");
            page.paragraph(head, Tone::Plain, &exposure);
        }
    }
    if let Some(charged) = charged(plan) {
        page.paragraph(Line::indented(4), Tone::Plain, &charged);
    }
}

fn write_group(page: &mut Page<'_>, group: &Group) {
    let head = Line::indented(2)
        .with(Tone::Good, "+")
        .plain(" ")
        .with(Tone::Strong, group.concern.title());
    let head = head.up_to(COLUMN - 4).faint(&format!("{:>2}", group.number)).up_to(COLUMN);
    if group.facts.is_empty() {
        return page.list(head, Tone::Faint, &group.parts);
    }
    page.paragraph(head, Tone::Plain, &group.facts.join("; "));
    if !group.parts.is_empty() {
        page.list(Line::indented(COLUMN), Tone::Faint, &group.parts);
    }
}
