//! Which failures are causes, and which only follow.

use cloud::StackEvent;

/// What CloudFormation says about resources that failed because others did.
const FOLLOWS: [&str; 8] = [
    "Resource creation cancelled",
    "Resource update cancelled",
    "Resource deletion cancelled",
    "Resource import cancelled",
    "The following resource(s) failed to",
    "Rollback requested by user",
    "Stack creation cancelled",
    "Stack rollback requested",
];

/// A failure that follows from no other one.
pub(super) struct Failure<'a> {
    pub(super) event: &'a StackEvent,
    pub(super) is_in_rollback: bool,
}

/// The causes, first one first, and how many failures follow from them.
pub(super) struct Failures<'a> {
    pub(super) causes: Vec<Failure<'a>>,
    pub(super) hidden: usize,
}

pub(super) fn failures(events: &[StackEvent]) -> Failures<'_> {
    let mut sorted: Vec<&StackEvent> = events.iter().collect();
    // Events of one moment: AWS gives the newest first, and ids say nothing. Resources stand before their stack.
    sorted.sort_by_key(|event| (event.at, event.is_of_stack()));
    let rollback = sorted.iter().position(|event| is_rollback(event)).unwrap_or(sorted.len());
    let failed: Vec<(usize, &StackEvent)> =
        sorted.iter().copied().enumerate().filter(|(_, event)| event.is_failure()).collect();

    let mut causes: Vec<Failure<'_>> = Vec::new();
    for (index, event) in &failed {
        if !follows(event) && !causes.iter().any(|cause| stems_from(event, cause.event)) {
            causes.push(Failure { event, is_in_rollback: *index > rollback });
        }
    }
    // A rollback of a creation deletes; what it cannot delete is no reason for the failure, but it is left behind.
    if causes.iter().all(|cause| cause.is_in_rollback)
        && let Some(event) = of_stack(&sorted)
    {
        causes.insert(0, Failure { event, is_in_rollback: false });
    }
    let hidden = failed.iter().filter(|(_, event)| {
        !event.is_of_stack() && !causes.iter().any(|cause| cause.event.id == event.id)
    });
    Failures { hidden: hidden.count(), causes }
}

fn follows(event: &StackEvent) -> bool {
    match &event.reason {
        Some(reason) => FOLLOWS.iter().any(|words| reason.contains(words)),
        None => true,
    }
}

/// The same failure again, or one that names what failed before.
fn stems_from(event: &StackEvent, cause: &StackEvent) -> bool {
    if event.logical_id == cause.logical_id && event.reason == cause.reason {
        return true;
    }
    let reason = event.reason.as_deref().unwrap_or_default();
    let own = event.physical_id.as_deref();
    let other = cause.physical_id.as_deref().filter(|id| id.len() > 3 && Some(*id) != own);
    let by_id = other.is_some_and(|id| reason.contains(id));
    by_id && event.logical_id != cause.logical_id
}

fn is_rollback(event: &StackEvent) -> bool {
    event.is_of_stack() && event.status.ends_with("ROLLBACK_IN_PROGRESS")
}

/// Why the stack as a whole turned round where no resource says it: an alarm, a hook, a person.
fn of_stack<'a>(sorted: &[&'a StackEvent]) -> Option<&'a StackEvent> {
    let is_turn = |event: &&StackEvent| {
        event.is_of_stack()
            && (is_rollback(event) || event.is_failure())
            && event.reason.as_ref().is_some_and(|reason| !reason.contains("failed to"))
    };
    let turn = sorted.iter().copied().find(is_turn);
    turn.or_else(|| sorted.iter().copied().find(|event| event.is_failure()))
}
