//! The last lines, which are the first ones that a person sees.

use crate::plan::{Operation, Plan, Source};
use crate::report::paint::Tone;
use crate::report::words::{count, harm_tone, harms, tally};

use super::page::{Line, Page};

/// Below the numbers.
const INDENT: usize = 6;

pub(super) fn write(page: &mut Page<'_>, plan: &Plan) {
    page.gap();
    limits(page, plan);
    page.line(if plan.has_changes() { changes(plan) } else { nothing(plan) });
    let harms = harms(plan);
    if !harms.is_empty() {
        let parts = harms.iter().enumerate();
        let line = parts.fold(Line::indented(INDENT), |line, (index, (harm, text))| {
            let line = if index > 0 { line.plain(", ") } else { line };
            line.with(harm_tone(*harm), text)
        });
        page.line(line.plain("."));
    }
    if plan.has_changes() && !plan.drift.is_empty() {
        let what = count(plan.drift.len(), "resource was", "resources were");
        let text = format!("{what} changed outside syncctl.");
        page.line(Line::indented(INDENT).with(Tone::Warning, &text));
    }
    let blockers = plan.blockers().count();
    if blockers > 0 {
        let what = count(blockers, "problem has", "problems have");
        let text = format!("Blocked: {what} to be solved first.");
        page.line(Line::indented(INDENT).with(Tone::Danger, &text));
    }
}

/// What this plan does not know.
fn limits(page: &mut Page<'_>, plan: &Plan) {
    let guessed = |stack: &&crate::plan::StackPlan| {
        stack.operation == Operation::Update && stack.source == Source::Templates
    };
    if plan.stacks.iter().any(|stack| guessed(&stack)) {
        let text =
            "Worked out from the templates; CloudFormation was not asked and may decide otherwise.";
        page.line(Line::new().faint(text));
    }
    if !plan.drift_checked && plan.stacks.iter().any(|stack| stack.operation != Operation::Create) {
        page.line(Line::new().faint("Drift was not checked; syncctl plan does."));
    }
}

fn nothing(plan: &Plan) -> Line {
    let line = Line::new().with(Tone::Good, "Nothing to change.");
    match plan.drift.len() {
        0 if plan.drift_checked => {
            line.plain(&format!(" {} is as {} says.", plan.name, plan.blueprint))
        }
        // Somebody may have changed it since, which was not asked.
        0 => line.plain(&format!(" {} was deployed as {} says.", plan.name, plan.blueprint)),
        number => {
            let what = count(number, "resource was", "resources were");
            line.with(Tone::Warning, &format!(" {what} changed outside syncctl."))
        }
    }
}

fn changes(plan: &Plan) -> Line {
    Line::new().with(Tone::Strong, "Plan: ").plain(&tally(plan)).plain(".")
}
