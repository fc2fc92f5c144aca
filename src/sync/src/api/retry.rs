//! Sending with patience: what may be repeated is repeated, with growing, jittered pauses.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use protocol::error::{ErrorBody, ErrorCode};
use rand::Rng;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, StatusCode};
use url::Url;

use super::{Api, chain};
use crate::error::{ApiError, is_untrusted};

/// Together up to 25 s, enough for a server to be replaced behind the balancer.
const ATTEMPTS: u32 = 9;
/// Says that a second request does nothing more than the first.
const REPEATABLE: &str = "x-repeatable";
const FIRST_PAUSE: Duration = Duration::from_millis(150);
/// People are told why they wait before they wait longer than this.
const NOTICE_AFTER: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// What a server may ask for with `Retry-After`; more is reported instead of waited for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// After which failures a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Twice does no harm: also where the first one may have been carried out.
    Freely,
    /// 503, after which a second one is a nuisance at worst, and whatever [`Self::Unsent`] allows.
    Refused,
    /// Only where it certainly was not carried out: no connection, 429.
    Unsent,
}

impl Repeat {
    fn after(self, status: StatusCode) -> bool {
        match status {
            StatusCode::TOO_MANY_REQUESTS => true,
            StatusCode::SERVICE_UNAVAILABLE => self != Self::Unsent,
            StatusCode::NOT_IMPLEMENTED => false,
            status => self == Self::Freely && status.is_server_error(),
        }
    }

    /// Without an answer. Who the server is does not change from one attempt to the next.
    fn after_failure(self, connecting: bool, message: &str) -> bool {
        (self == Self::Freely || connecting) && !is_untrusted(message)
    }
}

/// An answer with its whole body.
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    headers: HeaderMap,
}

impl Api {
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        repeat: Repeat,
    ) -> Result<Answer, ApiError> {
        let body = body.map(Bytes::from);
        // Lets the balancer repeat what this client would repeat itself.
        let repeatable = repeat == Repeat::Freely && method == Method::POST;
        let mut attempt = 0;
        // An attempt may have been carried out though its answer says nothing of it, or was lost.
        let mut maybe_done = false;
        let started = Instant::now();
        let mut waited = Duration::ZERO;
        loop {
            attempt += 1;
            let mut request = self.http.request(method.clone(), url.clone());
            if let Some(token) = &self.token {
                request = request.bearer_auth(token.expose());
            }
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            if repeatable {
                request = request.header(REPEATABLE, "yes");
            }
            let failure;
            let pause = match exchange(request).await {
                Ok(answer) if answer.status.is_success() => {
                    self.answered();
                    return Ok(answer);
                }
                // The attempt before went through, and only its answer was lost.
                Ok(answer)
                    if maybe_done
                        && method == Method::DELETE
                        && answer.status == StatusCode::NOT_FOUND =>
                {
                    return Ok(answer);
                }
                Ok(answer) => {
                    let asked = retry_after(&answer.headers, self.clock.now());
                    let again = repeat.after(answer.status) && asked <= LONGEST_RETRY_AFTER;
                    if !again || attempt >= ATTEMPTS {
                        return Err(refusal(answer, attempt));
                    }
                    // Far more often than not, these two are told before anything is done.
                    maybe_done |= ![StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS]
                        .contains(&answer.status);
                    failure = format!("answered {}", answer.status);
                    // Everybody was asked for the same pause.
                    asked + backoff(attempt)
                }
                Err(error) => {
                    let connecting = error.is_connect();
                    let message = chain(&error.without_url());
                    if attempt >= ATTEMPTS || !repeat.after_failure(connecting, &message) {
                        return Err(ApiError::Unreachable {
                            url: self.base.to_string(),
                            message: message + &tried(attempt),
                        });
                    }
                    failure = "does not answer".to_owned();
                    maybe_done |= !connecting;
                    backoff(attempt)
                }
            };
            tracing::debug!(%url, attempt, ?pause, "trying again");
            waited += pause;
            if waited.max(started.elapsed() + pause) >= NOTICE_AFTER {
                self.notice(&failure);
            }
            self.clock.sleep(pause).await;
        }
    }
}

impl Api {
    fn notice(&self, failure: &str) {
        if let Some(notice) = &self.notice
            && !notice.told.swap(true, Ordering::Relaxed)
        {
            (notice.tell)(&format!("{} {failure}; trying again", self.base));
        }
    }

    fn answered(&self) {
        if let Some(notice) = &self.notice {
            notice.told.store(false, Ordering::Relaxed);
        }
    }
}

/// An answer that breaks off is none.
async fn exchange(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (url, status) = (response.url().clone(), response.status());
    let headers = response.headers().clone();
    Ok(Answer { url, status, headers, body: response.bytes().await? })
}

/// Between half and all of an exponential step.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let step =
        FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
    step.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// Seconds or a date; nothing where it is absent or makes no sense.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Duration {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text.and_then(|text| match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let until = DateTimeParser::new().parse_timestamp(text).ok()?;
            Duration::try_from(until.duration_since(now)).ok()
        }
    });
    asked.unwrap_or_default()
}

/// The error a refused request stands for, whatever the body looks like.
fn refusal(answer: Answer, attempts: u32) -> ApiError {
    let Answer { mut url, status, body, .. } = answer;
    url.set_query(None);
    let code = code_of(status.as_u16());
    let where_from = format!("{url} answered {status}");
    // A balancer's own page: only the status can be believed.
    let Ok(mut error) = serde_json::from_slice::<ErrorBody>(&body) else {
        if code == ErrorCode::Unknown {
            return ApiError::Garbled { url: url.into(), status: status.as_u16() };
        }
        let message = where_from + &tried(attempts);
        return ApiError::Refused(Box::new(ErrorBody::new(code, message)));
    };
    if error.code == ErrorCode::Unknown {
        error.code = code;
    }
    if status.is_server_error() {
        let request = error.request_id.as_ref().map(|id| format!(", request {id}"));
        let (request, tried) = (request.unwrap_or_default(), tried(attempts));
        error.message = format!("{} ({where_from}{request}{tried})", error.message);
    }
    ApiError::Refused(Box::new(error))
}

fn tried(attempts: u32) -> String {
    if attempts > 1 { format!(", {attempts} times in a row") } else { String::new() }
}

fn code_of(status: u16) -> ErrorCode {
    match status {
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Forbidden,
        413 => ErrorCode::TooLarge,
        429 => ErrorCode::TooManyRequests,
        500 | 502..=504 => ErrorCode::Unavailable,
        _ => ErrorCode::Unknown,
    }
}

#[cfg(test)]
mod tests;
