//! Changes in the order in which they are shown.

use crate::diff::RENAMED;
use crate::plan::{Change, ChangeAction, Harm, Operation, Plan, PropertyChange, StackPlan};

/// A change together with what is shown below it.
pub(super) struct Row<'a> {
    pub(super) change: &'a Change,
    /// Logical id of the launch template that this one takes the place of.
    pub(super) replaces: Option<&'a str>,
    /// What to list about it.
    pub(super) properties: Vec<&'a PropertyChange>,
}

/// Whether everything that this stack is made of is new, so that a summary says more than a list.
pub(super) fn is_folded(stack: &StackPlan) -> bool {
    stack.operation == Operation::Create
}

/// Changes of one harm, the data stack's first, without what [`is_folded`] away.
pub(super) fn of_harm(plan: &Plan, harm: Harm) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for stack in &plan.stacks {
        let changes = stack.changes.iter().filter(|it| it.harm == harm && !it.is_echo());
        let changes = changes.filter(|change| !(is_folded(stack) && is_fold(change)));
        rows.extend(changes.map(row));
    }
    rows
}

/// Whether a change needs no line of its own in a stack that is new as a whole.
pub(super) fn is_fold(change: &Change) -> bool {
    change.action == ChangeAction::Add && change.harm == Harm::Safe
}

fn row(change: &Change) -> Row<'_> {
    let marker = change.properties.iter().find(|property| property.path == RENAMED);
    let replaces = marker.and_then(|marker| marker.before.as_ref()?.as_str());
    let properties = change.properties.iter().filter(|property| !is_told(change, property));
    let properties = properties.filter(|property| match change.action {
        ChangeAction::Remove => false,
        // Of what is made, only what the blueprint asks for in so many words.
        ChangeAction::Add => property.line.is_some(),
        _ => property.path != RENAMED,
    });
    Row { change, replaces, properties: properties.collect() }
}

const TAGS: &str = "Properties.LaunchTemplateData.TagSpecifications";

/// Whether another line says it already, or nothing has to be said.
fn is_told(change: &Change, property: &PropertyChange) -> bool {
    let has = |path: &str| change.properties.iter().any(|it| it.path == path && !it.is_echo);
    match property.path.as_str() {
        _ if property.is_echo => true,
        // What becomes of it when the stack goes is what people ask; the two never differ in our templates.
        "UpdateReplacePolicy" => has("DeletionPolicy"),
        // A launch template of another id is at its first version.
        "Properties.LaunchTemplate.Version" => has("Properties.LaunchTemplate.LaunchTemplateId"),
        // All that belongs to a server has the server's tags.
        path if path.starts_with(&format!("{TAGS}[")) => {
            let is_first = path.starts_with(&format!("{TAGS}[instance]"));
            !is_first
                && change
                    .properties
                    .iter()
                    .any(|it| it.path.starts_with(&format!("{TAGS}[instance]")))
        }
        // Where the firewall of a server stands depends on whether it has an address of its own.
        "Properties.LaunchTemplateData.NetworkInterfaces"
        | "Properties.LaunchTemplateData.SecurityGroupIds" => !change.effects.is_empty(),
        // Rights are told in words, which a cut through JSON is not.
        path => path.starts_with("Properties.PolicyDocument") && !change.effects.is_empty(),
    }
}
