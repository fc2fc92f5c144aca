//! What was changed past `syncctl`.

use crate::plan::{Drift, Plan};
use crate::report::drifts::{answer_to_deletion, answers, danger};
use crate::report::names::name;
use crate::report::paint::Tone;

use super::page::{Line, Page};

const INDENT: usize = 8;

pub(super) fn write(page: &mut Page<'_>, plan: &Plan) {
    if plan.drift.is_empty() {
        return;
    }
    page.gap();
    let title = Line::new().with(Tone::Warning, "Changed outside syncctl");
    page.line(title.faint("  by hand or by another tool, since the last update"));
    for drift in &plan.drift {
        let line = Line::indented(2).with(Tone::Warning, "!").up_to(6);
        let line = line.with(Tone::Strong, &name(&drift.logical_id)).plain("  ");
        page.line(line.faint(&drift.resource_type).faint("  ").faint(&drift.logical_id));
        write_properties(page, plan, drift);
    }
}

fn write_properties(page: &mut Page<'_>, plan: &Plan, drift: &Drift) {
    if drift.is_deleted {
        let id = drift.physical_id.as_deref().unwrap_or("it");
        let head = Line::indented(INDENT);
        return page.paragraph(head, Tone::Danger, &format!("{id} {}", answer_to_deletion(drift)));
    }
    if let Some(danger) = danger(drift) {
        page.paragraph(Line::indented(INDENT), Tone::Danger, danger);
    }
    for answer in answers(plan, drift) {
        let property = answer.property;
        let text = format!(
            "{}: was {}, is {}; {}",
            answer.label, property.expected, property.actual, answer.answer
        );
        page.paragraph(Line::indented(INDENT), Tone::Plain, &text);
    }
}
