//! The parts of a comment, each whole in itself.

use crate::plan::{Drift, Harm, Level, Notice, Plan, Replacement};
use crate::report::creation::Group;
use crate::report::drifts::{Answer, answer_to_deletion, danger};
use crate::report::escape::{code, prose};
use crate::report::names::name;
use crate::report::rows::Row;
use crate::report::tags as changed;
use crate::report::values::{Difference, differences, shortened};
use crate::report::words::{self, bytes, consequence, short, sign};

/// Most lines about one resource, so that a single one cannot fill the comment.
const MOST_LINES: usize = 40;

/// Longest value on each side of an arrow, in characters.
const VALUE: usize = 80;

pub(super) fn marker(plan: &Plan) -> String {
    let is_safe = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    let name: String = plan.name.chars().filter(is_safe).take(64).collect();
    // Two dashes would end the comment early in older readers.
    let name = name.replace("--", "-");
    format!("<!-- syncctl-plan {name} -->\n")
}

pub(super) fn title(plan: &Plan) -> String {
    format!("### Plan for {}: {}\n\n", code(&plan.name), super::headline(plan))
}

pub(super) fn facts(plan: &Plan) -> String {
    let release = &plan.release;
    let new = code(short(&release.sha256));
    let digest = match &release.deployed {
        Some(old) if *old == release.sha256 => format!("{new}, as deployed"),
        Some(old) => format!("{} → {new}", code(short(old))),
        None => new,
    };
    let source = match release.source.as_str() {
        "bundled" => "bundled".to_owned(),
        path => format!("from {}", code(path)),
    };
    let protected = if plan.protect { ", protected against destruction" } else { "" };
    let shipped = if release.is_shipped { "uploaded already" } else { "will be uploaded" };
    format!(
        "Account {} in {}, planned by {} from {}{protected}.<br>\nRelease {digest}, {}, {}, {source}, {shipped}.\n",
        code(&plan.account),
        code(&plan.region),
        code(&plan.caller),
        code(&plan.blueprint),
        code(&release.architecture),
        bytes(release.size),
    )
}

pub(super) fn notices(plan: &Plan) -> Vec<String> {
    let mut notices: Vec<&Notice> = plan.notices.iter().collect();
    notices.sort_by_key(|notice| notice.level);
    notices.into_iter().map(notice).collect()
}

fn notice(notice: &Notice) -> String {
    let word = match notice.level {
        Level::Blocker => "CAUTION",
        Level::Warning => "WARNING",
        Level::Note => "NOTE",
    };
    let mut text = format!("\n> [!{word}]\n> {}", prose(&notice.text));
    if let Some(advice) = &notice.advice {
        text.push_str(&format!("<br>\n> → {}", prose(advice)));
    }
    if let Some(line) = &notice.line {
        text.push_str(&format!("<br>\n> {}", code(line)));
    }
    text.push('\n');
    text
}

pub(super) fn row(row: &Row<'_>) -> String {
    let change = row.change;
    let mut text = format!(
        "- {} **{}** {} {}\n",
        code(sign(change).0),
        plain(&name(&change.logical_id)),
        code(&change.resource_type),
        code(&change.logical_id),
    );
    if let Some(old) = row.replaces {
        let end = "which is deleted once nothing uses it";
        text.push_str(&format!("  - takes the place of {}, {end}\n", code(old)));
    } else if let Some(consequence) = consequence(change) {
        let id = change.physical_id.as_deref().map(|id| format!(": {}", code(id)));
        text.push_str(&format!("  - {consequence}{}\n", id.unwrap_or_default()));
    }
    for effect in &change.effects {
        let mark = if change.harm <= Harm::Interrupts { "**" } else { "" };
        text.push_str(&format!("  - {mark}{}{mark}\n", prose(effect)));
    }
    text.push_str(&properties(row));
    text
}

/// What only refers to what changes.
pub(super) fn echoes(plan: &Plan) -> Option<String> {
    Some(format!("\n{}\n", words::echoes(plan)?))
}

fn properties(row: &Row<'_>) -> String {
    let mut lines = Vec::new();
    let mut hidden = 0;
    for property in &row.properties {
        let (shown, more) = differences(&row.change.resource_type, property);
        let source = property.line.as_deref().map(|line| format!(" ({})", code(line)));
        let source = source.unwrap_or_default();
        lines.extend(shown.iter().map(|it| format!("  - {}{source}\n", difference(it))));
        hidden += more;
    }
    hidden += lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if hidden > 0 {
        lines.push(format!("  - and {hidden} more\n"));
    }
    lines.concat()
}

fn difference(difference: &Difference) -> String {
    let note = match difference.recreation {
        Replacement::Never => "",
        Replacement::Conditional => ", may replace it",
        Replacement::Always => ", **replaces it**",
    };
    let label = prose(&difference.label);
    if let Some((gone, new)) = &difference.members {
        let list = |sign: &str, items: &[String]| {
            let list = shortened(&items.join(", "), "", 2 * VALUE).0;
            (!items.is_empty()).then(|| format!("{sign} {}", code(&list)))
        };
        let lists = [list("without", gone), list("with", new)].into_iter().flatten();
        return format!("{label}: {}{note}", lists.collect::<Vec<_>>().join(", "));
    }
    let cut = |value: &str| code(&shortened(value, "", 2 * VALUE).0);
    let values = match (&difference.before, &difference.after) {
        (Some(before), Some(after)) => {
            let (before, after) = shortened(before, after, VALUE);
            format!("{} → {}", code(&before), code(&after))
        }
        (None, Some(after)) => format!("now {}", cut(after)),
        (Some(before), None) => format!("was {}", cut(before)),
        (None, None) => "changes".to_owned(),
    };
    format!("{label}: {values}{note}")
}

pub(super) fn group(group: &Group) -> String {
    let parts = prose(&group.parts.join(", "));
    let facts: Vec<String> = group.facts.iter().map(|fact| prose(fact)).collect();
    let end = if parts.is_empty() { "" } else { "<br>" };
    let facts = if facts.is_empty() { String::new() } else { format!("{}{end}", facts.join("; ")) };
    format!("- `+` **{}** ({}): {facts}{parts}\n", group.concern.title(), group.number)
}

pub(super) fn remark(text: &str) -> String {
    format!("- {}\n", prose(text))
}

pub(super) fn drift(drift: &Drift, answers: &[Answer<'_>]) -> String {
    let mut text = format!(
        "- **{}** {} {}\n",
        plain(&name(&drift.logical_id)),
        code(&drift.resource_type),
        code(&drift.logical_id),
    );
    if drift.is_deleted {
        let id = drift.physical_id.as_deref().map_or("it".to_owned(), code);
        text.push_str(&format!("  - {id} {}\n", prose(answer_to_deletion(drift))));
    }
    if let Some(danger) = danger(drift) {
        text.push_str(&format!("  - **⚠ {danger}**\n"));
    }
    for answer in answers.iter().take(MOST_LINES) {
        let (expected, actual) =
            shortened(&answer.property.expected, &answer.property.actual, VALUE);
        text.push_str(&format!(
            "  - {}: was {}, is {}; {}\n",
            prose(&answer.label),
            code(&expected),
            code(&actual),
            prose(&answer.answer),
        ));
    }
    text
}

pub(super) fn tags(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for (stack, changes) in changed::tags(plan) {
        let what = stack.map_or(String::new(), |name| format!(" in {}", code(name)));
        for change in changes {
            let (sign, key, value) = changed::parts(change);
            let line = change.line.as_deref().map(|line| format!(" ({})", code(line)));
            let line = line.unwrap_or_default();
            lines.push(format!("- {} {} {}{what}{line}\n", code(sign), code(key), code(&value)));
        }
    }
    lines
}

/// A name of ours, or the words of somebody's logical id.
fn plain(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || " ():,'-".contains(letter);
    if name.chars().all(is_plain) && name.chars().count() <= 120 {
        name.to_owned()
    } else {
        code(name)
    }
}
