//! Who may connect.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{Change, Harm};
use super::{Effect, Leaf};

/// The whole internet.
pub(super) const EVERYBODY: &str = "0.0.0.0/0";

/// Who loses access to the load balancer. That others gain it is no harm to anybody who has it; a notice says so.
pub(super) fn narrowed(change: &Change, leaf: &Leaf) -> Option<Effect> {
    let (lost, _) = difference(change, leaf)?;
    let left: Vec<String> = ranges(&leaf.after).into_iter().collect();
    let is_everybody = lost.iter().any(|range| range == EVERYBODY);
    let words = match (lost.as_slice(), left.as_slice()) {
        ([], _) => return None,
        (_, left @ [_, ..]) if is_everybody => {
            format!("clients outside {} lose access", left.join(", "))
        }
        (lost, _) => format!("clients in {} lose access", lost.join(", ")),
    };
    Some(Effect::new(Harm::Interrupts, words))
}

/// Ranges that are let in no longer, and those that are let in from now on.
pub(super) fn difference(change: &Change, leaf: &Leaf) -> Option<(Vec<String>, Vec<String>)> {
    if change.logical_id != "BalancerFirewall" {
        return None;
    }
    let (before, after) = (ranges(&leaf.before), ranges(&leaf.after));
    let beyond = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        let is_covered = |range: &&String| other.iter().any(|it| covers(it, range));
        one.iter().filter(|range| !is_covered(range)).cloned().collect()
    };
    Some((beyond(&before, &after), beyond(&after, &before)))
}

fn ranges(rules: &[Value]) -> BTreeSet<String> {
    let rules = rules.iter().flat_map(|value| match value {
        Value::Array(rules) => rules.iter().collect(),
        rule => vec![rule],
    });
    // A change set may name the ranges alone.
    let range = |rule: &Value| rule.get("CidrIp").unwrap_or(rule).as_str().map(str::to_owned);
    rules.filter_map(range).collect()
}

/// Whether every address of the second range is in the first.
fn covers(outer: &str, inner: &str) -> bool {
    let parse = |range: &str| {
        let (address, length) = range.split_once('/')?;
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        Some((u32::from(address), length.parse::<u32>().ok().filter(|length| *length <= 32)?))
    };
    let (Some((outer, size)), Some((inner, length))) = (parse(outer), parse(inner)) else {
        return outer == inner;
    };
    let mask = u32::MAX.checked_shl(32 - size).unwrap_or(0);
    size <= length && outer & mask == inner & mask
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_range_holds_another_or_does_not() {
        assert!(covers("0.0.0.0/0", "10.1.2.3/32"));
        assert!(covers("10.0.0.0/8", "10.0.0.0/8"));
        assert!(covers("10.0.0.0/8", "10.255.0.0/16"));
        assert!(!covers("10.0.0.0/16", "10.0.0.0/8"));
        assert!(!covers("10.0.0.0/8", "192.0.2.0/24"));
    }
}
