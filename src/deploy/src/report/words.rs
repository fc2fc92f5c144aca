//! What a change is called.

use crate::plan::{Change, ChangeAction, Harm, Level, Plan, PolicyAction, Replacement};

use super::paint::Tone;

/// Heading of the changes of one harm.
pub(super) const fn heading(harm: Harm) -> &'static str {
    match harm {
        Harm::Destroys => "Destroys data",
        Harm::Interrupts => "Can interrupt",
        Harm::Rolls => "Replaces servers one by one",
        Harm::Safe => "Safe",
    }
}

/// What the heading means.
pub(super) const fn meaning(harm: Harm) -> &'static str {
    match harm {
        Harm::Destroys => "gone afterwards, and no rollback brings it back",
        Harm::Interrupts => "requests may fail meanwhile",
        Harm::Rolls => "the others keep serving",
        Harm::Safe => "nobody notices",
    }
}

pub(super) const fn harm_tone(harm: Harm) -> Tone {
    match harm {
        Harm::Destroys => Tone::Danger,
        Harm::Interrupts => Tone::Warning,
        Harm::Rolls => Tone::Accent,
        Harm::Safe => Tone::Good,
    }
}

pub(super) const HARMS: [Harm; 4] = [Harm::Destroys, Harm::Interrupts, Harm::Rolls, Harm::Safe];

/// What happens, as one sign, and how it is coloured.
pub(super) const fn sign(change: &Change) -> (&'static str, Tone) {
    match (change.action, change.replacement) {
        (ChangeAction::Add, _) => ("+", Tone::Good),
        (ChangeAction::Remove, _) => ("-", Tone::Danger),
        (ChangeAction::Import, _) => ("←", Tone::Accent),
        (_, Replacement::Never) => ("~", Tone::Warning),
        (_, Replacement::Conditional | Replacement::Always) => ("-/+", Tone::Danger),
    }
}

/// What becomes of the resource, where that is more than the sign says. Ends where the id of the old one may follow.
pub(super) const fn consequence(change: &Change) -> Option<&'static str> {
    Some(match (change.action, change.policy, change.replacement) {
        (ChangeAction::Remove, Some(PolicyAction::Retain), _) => {
            "leaves the stack, stays in the account"
        }
        (ChangeAction::Remove, Some(PolicyAction::Snapshot), _) => "deleted, a snapshot stays",
        (ChangeAction::Remove, _, _) => "deleted",
        (ChangeAction::Import, ..) => "exists already, is taken over as it is",
        (ChangeAction::Dynamic, ..) => "CloudFormation decides while it happens",
        (ChangeAction::Sync, ..) => "stays as it is; only CloudFormation's record of it changes",
        (ChangeAction::Add, ..) | (_, _, Replacement::Never) => return None,
        (_, _, Replacement::Conditional) => {
            "may be replaced; CloudFormation decides while it happens"
        }
        (_, Some(PolicyAction::ReplaceAndRetain | PolicyAction::Retain), Replacement::Always) => {
            "a new one takes its place, the old one stays in the account"
        }
        (_, Some(PolicyAction::ReplaceAndSnapshot | PolicyAction::Snapshot), _) => {
            "a new one takes its place, the old one is deleted and a snapshot stays"
        }
        (_, _, Replacement::Always) => "a new one takes its place, the old one is deleted",
    })
}

/// A word before a notice, so that its weight needs no colour.
pub(super) const fn level(level: Level) -> (&'static str, Tone) {
    match level {
        Level::Blocker => ("blocked", Tone::Danger),
        Level::Warning => ("warning", Tone::Warning),
        Level::Note => ("note", Tone::Accent),
    }
}

/// `1 resource`, `12 resources`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// First digits of a digest: enough to tell two apart, and to find the object.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Bytes with a binary unit: `512 B`, `24.1 MiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `3 to add, 1 to replace`; what is zero is left out.
pub(super) fn tally(plan: &Plan) -> String {
    let counts = plan.counts();
    let counted = [
        (counts.add, "to add"),
        (counts.change, "to change"),
        (counts.replace, "to replace"),
        (counts.remove, "to remove"),
        (counts.import, "to take over"),
    ];
    let counted = counted.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = counted.map(|(number, what)| format!("{number} {what}")).collect();
    match parts.as_slice() {
        // A change of tags alone touches everything and lists nothing.
        [] if plan.stacks.iter().any(|stack| !stack.tags.is_empty()) => {
            "only tags change".to_owned()
        }
        [] => "no resource changes".to_owned(),
        parts => parts.join(", "),
    }
}

/// What only refers to what changes, in one line.
pub(super) fn echoes(plan: &Plan) -> Option<String> {
    match plan.echoes() {
        0 => None,
        1 => Some("1 more refers to what changes above; its value stays.".to_owned()),
        number => Some(format!("{number} more refer to what changes above; their values stay.")),
    }
}

/// What the numbers mean: `2 destroy data, 1 can interrupt, servers are replaced one by one`.
pub(super) fn harms(plan: &Plan) -> Vec<(Harm, String)> {
    let number = |harm| {
        let changes = plan.stacks.iter().flat_map(|stack| &stack.changes);
        changes.filter(|change| change.harm == harm).count()
    };
    let told = |harm| match (harm, number(harm)) {
        (_, 0) | (Harm::Safe, _) => None,
        (Harm::Destroys, 1) => Some("1 destroys data".to_owned()),
        (Harm::Destroys, number) => Some(format!("{number} destroy data")),
        (Harm::Interrupts, number) => Some(format!("{number} can interrupt")),
        (Harm::Rolls, _) => Some("servers are replaced one by one".to_owned()),
    };
    HARMS.into_iter().filter_map(|harm| Some((harm, told(harm)?))).collect()
}
