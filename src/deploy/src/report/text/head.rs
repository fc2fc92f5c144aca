//! What, where, who.

use crate::plan::{Operation, Plan, ReleasePlan};
use crate::report::paint::Tone;
use crate::report::words::{bytes, short};

use super::page::{Line, Page};

/// Where the second column begins.
const COLUMN: usize = 13;

pub(super) fn write(page: &mut Page<'_>, plan: &Plan) {
    page.line(Line::new().plain("Plan for ").with(Tone::Strong, &plan.name));
    let entry = |name: &str| Line::indented(2).faint(name).up_to(COLUMN);
    // At a glance nobody asks who asks.
    if plan.account.is_empty() {
        page.line(entry("region").plain(&plan.region));
    } else {
        page.line(entry("account").plain(&format!("{} in {}", plan.account, plan.region)));
        page.line(entry("by").plain(&plan.caller));
    }
    let protected = if plan.protect { ", protected against destruction" } else { "" };
    page.line(entry("blueprint").plain(&plan.blueprint).plain(protected));
    release(page, entry("release"), &plan.release);
    for (index, stack) in plan.stacks.iter().enumerate() {
        let what = match stack.operation {
            Operation::Create => "new",
            Operation::Update => "changes",
            Operation::Nothing => "unchanged",
        };
        let name = if index == 0 { "stacks" } else { "" };
        page.line(entry(name).plain(&format!("{}, {what}", stack.name)));
    }
}

fn release(page: &mut Page<'_>, line: Line, release: &ReleasePlan) {
    let new = short(&release.sha256);
    let line = match &release.deployed {
        Some(old) if *old == release.sha256 => line.plain(&format!("{new}, as deployed")),
        Some(old) => line.plain(&format!("{} → ", short(old))).with(Tone::Strong, new),
        None => line.with(Tone::Strong, new),
    };
    let size = bytes(release.size);
    let source = match release.source.as_str() {
        "bundled" => "bundled with syncctl".to_owned(),
        path => format!("from {path}"),
    };
    let shipped = if release.is_shipped { "uploaded already" } else { "will be uploaded" };
    let text = format!(", {}, {size}, {source}, {shipped}", release.architecture);
    page.run_on(line, COLUMN, &text);
}
