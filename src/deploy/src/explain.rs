//! Why an operation failed: the first cause, in AWS's words, with what helps.

mod call;
mod cascade;
mod message;
#[cfg(test)]
mod tests;

use cloud::{StackEvent, Validation};
use serde::Serialize;

use crate::advice::advice;
use crate::lines;
use crate::plan::Kind;
use crate::report::names::name;
pub use call::{Explained, explain_call};
use message::Said;

/// The first thing that went wrong in one operation on a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Which stack, where that is known.
    pub stack: Option<Kind>,
    /// Id in the template; the stack's name where the stack itself is meant.
    pub logical_id: String,
    /// Id in the world, if known.
    pub physical_id: Option<String>,
    /// For example `AWS::EC2::VPC`; empty where validation found it before anything was made.
    pub resource_type: String,
    /// What was being done.
    pub what: What,
    /// AWS's words, without what CloudFormation wraps around them.
    pub message: String,
    /// AWS's code, where it gave one.
    pub code: Option<String>,
    /// The id that AWS support asks for.
    pub request_id: Option<String>,
    /// What helps.
    pub advice: Option<String>,
    /// Key of the blueprint that has to do with it.
    pub key: Option<&'static str>,
    /// Where the blueprint says it, for example `syncctl.yaml:12 servers.min`; see [`Cause::with_line`].
    pub line: Option<String>,
    /// Whether it happened while an earlier failure was being undone.
    pub is_in_rollback: bool,
    /// Other failures that do not follow from this one.
    pub also: Vec<Cause>,
    /// How many failures were left out because they only follow from these.
    pub hidden: usize,
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Checked, before anything was changed.
    Check,
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Deleted.
    Delete,
    /// Taken over.
    Import,
}

impl Cause {
    /// The same with the place in the blueprint that it comes from.
    #[must_use]
    pub fn with_line(mut self, blueprint: &blueprint::Resolved) -> Self {
        self.line = self.key.and_then(|key| lines::of_key(blueprint, key));
        self
    }

    /// What failed and why, in one sentence: `load balancer (LoadBalancer) could not be made: TEXT`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let what = match self.what {
            What::Check => "would fail",
            What::Create => "could not be made",
            What::Update => "could not be changed",
            What::Delete => "could not be deleted",
            What::Import => "could not be taken over",
        };
        let id = &self.logical_id;
        let subject = match (id.as_str(), self.resource_type.as_str()) {
            ("", _) => "the change".to_owned(),
            (id, "AWS::CloudFormation::Stack") => format!("stack {id}"),
            (id, _) => format!("{} ({id})", name(id)),
        };
        format!("{subject} {what}: {}", self.message)
    }
}

/// [`explain`] for the events of an operation alone.
#[must_use]
pub fn first_cause(events: &[StackEvent], stack: Kind) -> Option<Box<Cause>> {
    explain(stack, events, &[]).map(Box::new)
}

/// Why a change set was refused: what validation found, or else CloudFormation's reason.
#[must_use]
pub fn refused(validations: &[Validation], reason: &str) -> Option<Box<Cause>> {
    let mut findings: Vec<Cause> =
        validations.iter().filter(|it| it.is_fatal).map(|it| of_validation(None, it)).collect();
    if findings.is_empty() && !reason.is_empty() {
        let message = reason.to_owned();
        let reason = Validation { logical_id: None, path: None, message, is_fatal: true };
        findings.push(of_validation(None, &reason));
    }
    let mut findings = findings.into_iter();
    let first = findings.next()?;
    Some(Box::new(Cause { also: findings.collect(), ..first }))
}

/// What validation found and lets be carried out all the same.
pub(crate) fn warnings(validations: &[Validation]) -> Vec<Cause> {
    let warnings = validations.iter().filter(|finding| !finding.is_fatal);
    warnings.map(|finding| of_validation(None, finding)).collect()
}

/// The first cause in the events of one operation, in whatever order they are, and in what validation found before it;
/// `None` where nothing failed.
#[must_use]
pub fn explain(stack: Kind, events: &[StackEvent], validations: &[Validation]) -> Option<Cause> {
    let checks = validations.iter().filter(|finding| finding.is_fatal);
    let mut causes: Vec<Cause> =
        checks.map(|finding| of_validation(Some(stack), finding)).collect();
    let failures = cascade::failures(events);
    causes.extend(failures.causes.iter().map(|failure| of_event(stack, events, failure)));
    let mut causes = causes.into_iter();
    let first = causes.next()?;
    Some(Cause { also: causes.collect(), hidden: failures.hidden, ..first })
}

fn of_event(stack: Kind, events: &[StackEvent], failure: &cascade::Failure<'_>) -> Cause {
    let event = failure.event;
    let reason = hook_words(events, event).or(event.reason.as_deref());
    let Said { text, code, request_id } =
        message::unwrapped(reason.unwrap_or("AWS gave no reason"));
    let advice = advice(code.as_deref(), &text);
    let key = advice.as_ref().and_then(|advice| advice.key);
    Cause {
        stack: Some(stack),
        logical_id: event.logical_id.clone(),
        physical_id: event.physical_id.clone().filter(|id| !id.is_empty()),
        resource_type: event.resource_type.clone(),
        what: what(&event.status),
        message: text,
        code,
        request_id,
        key: key.or_else(|| lines::key_of(&event.logical_id)),
        advice: advice.map(|advice| advice.text),
        line: None,
        is_in_rollback: failure.is_in_rollback,
        also: Vec::new(),
        hidden: 0,
    }
}

/// A hook's own words come with another event of the same resource; the failure only names the hook.
fn hook_words<'a>(events: &'a [StackEvent], failure: &StackEvent) -> Option<&'a str> {
    let names_hook = |reason: &String| reason.contains("hook(s) failed");
    failure.reason.as_ref().filter(|reason| names_hook(reason))?;
    let of_same = events.iter().filter(|event| event.logical_id == failure.logical_id);
    let mut reasons = of_same.filter_map(|event| event.reason.as_deref());
    reasons.find(|reason| reason.contains("Hook failed with message"))
}

fn of_validation(stack: Option<Kind>, finding: &Validation) -> Cause {
    let path = finding.path.as_deref().unwrap_or_default().trim_start_matches('/');
    // From the root of the template, or from the resource.
    let (in_path, inner) = match path.strip_prefix("Resources/").map(|rest| rest.split_once('/')) {
        Some(Some((id, inner))) => (Some(id), inner),
        Some(None) => (path.strip_prefix("Resources/"), ""),
        None => (None, path),
    };
    let inner = inner.replace('/', ".");
    let logical_id = finding.logical_id.clone().or(in_path.map(str::to_owned)).unwrap_or_default();
    let Said { text, code, request_id } = message::unwrapped(&finding.message);
    let advice = advice(code.as_deref(), &text);
    let key = lines::line_of("", &logical_id, &inner);
    let key = key.or_else(|| advice.as_ref().and_then(|advice| advice.key));
    Cause {
        stack,
        key: key.or_else(|| lines::key_of(&logical_id)),
        logical_id,
        physical_id: None,
        resource_type: String::new(),
        what: What::Check,
        message: text,
        code,
        request_id,
        advice: advice.map(|advice| advice.text),
        line: None,
        is_in_rollback: false,
        also: Vec::new(),
        hidden: 0,
    }
}

fn what(status: &str) -> What {
    match status {
        "ROLLBACK_IN_PROGRESS" | "ROLLBACK_FAILED" => What::Create,
        status if status.starts_with("DELETE") => What::Delete,
        status if status.starts_with("UPDATE") => What::Update,
        status if status.starts_with("IMPORT") => What::Import,
        _ => What::Create,
    }
}
