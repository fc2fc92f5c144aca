//! A call that failed.

use cloud::{CloudError, Reason};

use super::message::unwrapped;
use crate::advice::{Advice, advice};

/// A failed call in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The call as AWS's policies name it: `cloudformation:CreateChangeSet`.
    pub action: String,
    /// AWS's words, or what kept the answer from coming.
    pub message: String,
    /// AWS's code; `None` when no answer came.
    pub code: Option<String>,
    /// The id that AWS support asks for.
    pub request_id: Option<String>,
    /// What helps.
    pub advice: Option<Advice>,
}

/// What a failed call means. Where nothing is known about its code and message, the advice goes by its reason.
#[must_use]
pub fn explain_call(error: &CloudError) -> Explained {
    let said = unwrapped(&error.message);
    let code = error.code.clone().or(said.code);
    let action = format!("{}:{}", error.service, error.operation);
    let known = advice(code.as_deref(), &said.text);
    let advice = known.or_else(|| by_reason(error.reason, &action));
    let request_id = error.request_id.clone().or(said.request_id);
    Explained { action, message: said.text, code, request_id, advice }
}

fn by_reason(reason: Reason, action: &str) -> Option<Advice> {
    let text = match reason {
        Reason::Denied => format!(
            "Allow `{action}` to whoever deploys. `syncctl permissions` prints everything that is needed."
        ),
        Reason::Credentials => {
            "Sign in again (`aws sso login`), or name a profile with `--profile`.".to_owned()
        }
        Reason::Overloaded => {
            "AWS is busy or failing for the moment. Run the same command again in a minute.".to_owned()
        }
        Reason::Unreachable => {
            "No answer came, so nobody knows whether the call was carried out. Look at the network, \
             `HTTPS_PROXY` and `AWS_ENDPOINT_URL`, then run the same command again: it looks first what is there.".to_owned()
        }
        Reason::Unsupported => format!(
            "This endpoint does not know `{action}`, or an argument of it. Older Regions and emulators do not know everything."
        ),
        Reason::NotFound | Reason::Conflict | Reason::Invalid | Reason::Other => return None,
    };
    Some(Advice { text, key: None })
}
