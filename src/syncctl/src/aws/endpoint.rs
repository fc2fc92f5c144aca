//! Asks the endpoint whether it serves, as a client would.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use deploy::{Answer, Endpoint};

use crate::error::{CliError, Kind, Result};

/// Longest wait for an answer of the load balancer; healthy servers answer in milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Http(reqwest::Client);

impl Http {
    pub(crate) fn new() -> Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        client.map(Self).map_err(|error| CliError::from_error(Kind::Failed, &error))
    }
}

#[async_trait]
impl Endpoint for Http {
    async fn ask(&self, url: &str) -> Answer {
        match self.0.get(format!("{url}/ready")).send().await {
            Ok(answer) if answer.status().is_success() => Answer::Ready,
            Ok(answer) => Answer::NotReady(format!("HTTP {}", answer.status().as_u16())),
            Err(error) => Answer::Unreachable(reason(&error)),
        }
    }
}

/// The innermost cause: the outer ones only repeat that something failed.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| error.to_string(), ToString::to_string)
}
