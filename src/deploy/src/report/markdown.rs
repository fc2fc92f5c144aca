//! For a comment on a pull request: dangers first, the rest folded, never longer than the place takes.

mod blocks;
mod document;
#[cfg(test)]
mod tests;

use crate::plan::{Harm, Plan};

use super::creation::{charged, exposure, groups};
use super::drifts;
use super::rows::{Row, is_folded, of_harm};
use super::words::{count, harms, heading, meaning, tally};
use document::{Document, Section};

/// Longest comment by default, in bytes. GitHub takes 65,536 characters and GitLab more; what a bot puts around the
/// plan needs room too.
pub const MARKDOWN_BYTES: usize = 60_000;

/// The plan in GitHub's Markdown, in at most `max_bytes` bytes. It begins with the comment `<!-- syncctl-plan NAME -->`,
/// by which a bot finds the comment to update. What does not fit is left out from the end, whole resources at a
/// time, and counted. Below about 500 bytes only the beginning is left.
///
/// Text of others stands in code spans, or is made of words that mean nothing to Markdown, HTML and GitHub.
#[must_use]
pub fn markdown(plan: &Plan, max_bytes: usize) -> String {
    let mut document = Document::new(max_bytes);
    document.push(&blocks::marker(plan));
    document.push(&blocks::title(plan));
    document.push(&blocks::facts(plan));
    for notice in blocks::notices(plan) {
        document.push(&notice);
    }
    let sections = [
        harm(plan, Harm::Destroys),
        harm(plan, Harm::Interrupts),
        drift(plan),
        harm(plan, Harm::Rolls),
        created(plan),
        harm(plan, Harm::Safe),
    ];
    let write = |document: &mut Document, section: Section| {
        if !section.blocks.is_empty() {
            document.section(&section);
        }
    };
    sections.into_iter().for_each(|section| write(&mut document, section));
    if let Some(echoes) = blocks::echoes(plan) {
        document.aside(&echoes);
    }
    write(&mut document, tags(plan));
    document.finish()
}

fn harm(plan: &Plan, harm: Harm) -> Section {
    let rows: Vec<Row<'_>> = of_harm(plan, harm);
    let title = format!("{} ({})", heading(harm), rows.len());
    let is_danger = harm <= Harm::Interrupts;
    Section {
        title,
        meaning: meaning(harm),
        is_folded: !is_danger,
        blocks: rows.iter().map(blocks::row).collect(),
    }
}

fn created(plan: &Plan) -> Section {
    let stacks = plan.stacks.iter().filter(|stack| is_folded(stack));
    let groups: Vec<_> = stacks.flat_map(groups).collect();
    let number: usize = groups.iter().map(|group| group.number).sum();
    let stacks = plan.stacks.iter().filter(|stack| is_folded(stack));
    let remarks = stacks.filter_map(exposure).chain(charged(plan)).map(|it| blocks::remark(&it));
    Section {
        title: format!("New ({})", count(number, "resource", "resources")),
        meaning: "made from nothing",
        is_folded: false,
        blocks: groups.iter().map(blocks::group).chain(remarks).collect(),
    }
}

fn drift(plan: &Plan) -> Section {
    Section {
        title: format!("Changed outside syncctl ({})", plan.drift.len()),
        meaning: "by hand or by another tool, since the last update",
        is_folded: false,
        blocks: plan
            .drift
            .iter()
            .map(|drift| blocks::drift(drift, &drifts::answers(plan, drift)))
            .collect(),
    }
}

fn tags(plan: &Plan) -> Section {
    let lines = blocks::tags(plan);
    Section {
        title: format!("Tags ({})", lines.len()),
        meaning: "on everything in a stack",
        is_folded: true,
        blocks: lines,
    }
}

/// `2 to add, 1 to replace`, and what is bad about it.
fn headline(plan: &Plan) -> String {
    if !plan.has_changes() {
        return "nothing to change".to_owned();
    }
    let blockers = plan.blockers().count();
    let blocked = (blockers > 0).then(|| "⚠ blocked".to_owned());
    let harms = harms(plan).into_iter().filter(|(harm, _)| *harm <= Harm::Interrupts);
    let harms = harms.map(|(harm, text)| match harm {
        Harm::Destroys => format!("⚠ {text}"),
        _ => text,
    });
    let parts: Vec<String> = blocked.into_iter().chain(harms).chain([tally(plan)]).collect();
    parts.join(" · ")
}
