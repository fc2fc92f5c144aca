//! Sending with patience: what may be repeated is repeated, with growing, jittered pauses.

use std::time::Duration;

use rand::Rng;
use reqwest::{Method, Response, StatusCode, header};
use url::Url;

use super::{Api, chain, refusal};
use crate::error::ApiError;

/// Together about 25 s, enough for a server to be replaced behind the balancer.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(150);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// What a server may ask for with `Retry-After`; more is reported instead of waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

impl Api {
    /// `repeatable`: sending it twice does no harm. Others are repeated only where the request
    /// certainly was not processed: no connection, 429, 503.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        repeatable: bool,
    ) -> Result<Response, ApiError> {
        let body = body.map(bytes::Bytes::from);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut request = self.http.request(method.clone(), url.clone());
            if let Some(token) = &self.token {
                request = request.bearer_auth(token.expose());
            }
            if let Some(body) = &body {
                request =
                    request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
            }
            let pause = match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => {
                    let pause = retry_after(&answer).unwrap_or_else(|| backoff(attempt));
                    let again = matches!(
                        answer.status(),
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
                    ) || repeatable
                        && answer.status().is_server_error()
                        && answer.status() != StatusCode::INTERNAL_SERVER_ERROR;
                    if !again || attempt >= ATTEMPTS || pause > LONGEST_RETRY_AFTER {
                        return Err(refusal(answer).await);
                    }
                    pause
                }
                Err(error) => {
                    let again = repeatable || error.is_connect();
                    if !again || attempt >= ATTEMPTS {
                        return Err(ApiError::Unreachable {
                            url: self.base.to_string(),
                            message: chain(&error.without_url()),
                        });
                    }
                    backoff(attempt)
                }
            };
            tracing::debug!(%url, attempt, ?pause, "trying again");
            self.clock.sleep(pause).await;
        }
    }
}

/// Between half and all of an exponential step.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let step =
        FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
    step.mul_f64(rand::rng().random_range(0.5..=1.0))
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}
