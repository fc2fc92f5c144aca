//! The least that a deployer and a plan-only pipeline may be allowed, as IAM policies.
//!
//! Two sources: the handlers of the resource types that the deployment's templates use ([`crate::schemas`]), and
//! the calls that the deployer makes itself ([`calls`]).
//!
//! # What CloudFormation does
//!
//! Without a service role CloudFormation calls other services with the caller's rights, by a forward access session.
//! Such requests carry `aws:CalledVia` ([IAM], [CloudFormation]), so every right that only a stack operation needs
//! has the condition `aws:CalledViaFirst` = `cloudformation.amazonaws.com`: nobody can use it past a stack. It is
//! the first of the chain also where one service calls another, as EC2 Auto Scaling does with EC2. CloudFormation
//! opens such a session for a service role too, so the statements whose Sid begins with `Stack` can move to one
//! as they are.
//!
//! # What the policies hang on
//!
//! They are for one blueprint. A change that takes something out needs the right to delete it: print the policy of
//! the old blueprint for it, or of both.
//!
//! Whoever may deploy may, by a template, give the roles of the deployment any right, and start servers with them. A
//! permissions boundary would be the remedy, and the templates have none.
//!
//! [IAM]: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
//! [CloudFormation]: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/fas-requests-and-permission-evaluation.html

use std::collections::{BTreeMap, BTreeSet};

use blueprint::Deployment;
use serde_json::Value;
use stack::RenderError;

use crate::schemas::{Handler, schema};

pub mod calls;
mod document;
mod left_out;
mod looked_up;
mod names;
mod scope;

pub use document::MOST_CHARACTERS;
pub use left_out::{LEFT_OUT, LeftOut};

use calls::{CALLS, Call, Purpose};
use document::Statement;
use names::Names;
use scope::Scope;

/// The policies of somebody who plans, applies, rolls, recovers and destroys this deployment, each a document of at
/// most [`MOST_CHARACTERS`]. Without an account id the policies hold in any account.
///
/// # Errors
/// For a deployment on this machine.
pub fn deployer(deployment: &Deployment, account: Option<&str>) -> Result<Vec<Value>, RenderError> {
    documents(deployment, account, Audience::Deployer)
}

/// The policies of a pipeline that only plans: it looks, and makes and removes change sets.
///
/// # Errors
/// For a deployment on this machine.
pub fn ci(deployment: &Deployment, account: Option<&str>) -> Result<Vec<Value>, RenderError> {
    documents(deployment, account, Audience::Planner)
}

/// The policies of a job that collects previews whose time is over, whatever their names, that have no other types of
/// resources than this deployment. It can delete stacks with the tag of previews and no others; what a bucket or a
/// table holds cannot be limited like this, so previews belong into an account of their own.
///
/// # Errors
/// For a deployment on this machine.
pub fn collector(
    deployment: &Deployment,
    account: Option<&str>,
) -> Result<Vec<Value>, RenderError> {
    documents(deployment, account, Audience::Collector)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    Deployer,
    Planner,
    Collector,
}

fn documents(
    deployment: &Deployment,
    account: Option<&str>,
    audience: Audience,
) -> Result<Vec<Value>, RenderError> {
    let rendered = looked_up::render(deployment)?;
    let names = match audience {
        Audience::Collector => Names::of_previews(deployment, account, &rendered),
        Audience::Deployer | Audience::Planner => Names::new(deployment, account, &rendered),
    };
    let own = own_statements(&names, audience);
    let stack = stack_statements(&names, audience, &looked_up::types(&rendered));
    Ok(document::pack(own.into_iter().chain(stack)))
}

/// What is called directly.
fn own_statements(names: &Names, audience: Audience) -> Vec<Statement> {
    let is_needed = |call: &Call| match (audience, call.purpose) {
        (Audience::Collector, _) => calls::COLLECTING.contains(&call.method),
        (_, Purpose::Plan) => true,
        (Audience::Deployer, Purpose::Apply) => true,
        // Buckets that outlive the deployment are never emptied.
        (Audience::Deployer, Purpose::Empty) => !names.keeps_data,
        (Audience::Planner, _) => false,
    };
    let mut scopes: BTreeMap<Scope, BTreeSet<String>> = BTreeMap::new();
    for call in CALLS.iter().filter(|call| is_needed(call)) {
        let scope = scope::own(call, names);
        scopes.entry(scope).or_default().extend(call.actions.iter().map(|it| (*it).to_owned()));
    }
    scopes.into_iter().map(|(scope, actions)| Statement::new(scope, actions)).collect()
}

/// What CloudFormation calls.
fn stack_statements(names: &Names, audience: Audience, types: &BTreeSet<String>) -> Vec<Statement> {
    let mut scopes: BTreeMap<Scope, BTreeSet<String>> = BTreeMap::new();
    for action in actions(types, audience) {
        for scope in scope::of_stack(&action, names) {
            scopes.entry(scope).or_default().insert(action.clone());
        }
    }
    scopes.into_iter().map(|(scope, actions)| Statement::new(scope, actions)).collect()
}

/// What the handlers of these types may call, without what they call for properties that no template has.
fn actions(types: &BTreeSet<String>, audience: Audience) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for name in types {
        let Some(schema) = schema(name) else { continue };
        let is_asked = |handler: Handler| match audience {
            Audience::Deployer => true,
            Audience::Planner => matches!(handler, Handler::Read | Handler::List),
            Audience::Collector => {
                matches!(handler, Handler::Read | Handler::List | Handler::Delete)
            }
        };
        let handlers = schema.handlers.iter().filter(|(handler, _)| is_asked(**handler));
        let of_handlers = handlers.flat_map(|(_, actions)| actions);
        let of_tags = schema.tagging.permissions.iter();
        let of_tags = of_tags.filter(|it| audience == Audience::Deployer || scope::is_read(it));
        let all = of_handlers.chain(of_tags);
        needed.extend(all.filter(|action| left_out::reason(name, action).is_none()).cloned());
    }
    if audience == Audience::Deployer {
        let extra = left_out::ADDED.iter().filter(|(name, _, _)| types.contains(*name));
        needed.extend(extra.map(|(_, action, _)| (*action).to_owned()));
    }
    needed
}
