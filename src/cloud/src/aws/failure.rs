//! From the SDK's errors to ours.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{CloudError, Reason};

/// For `map_err`: names the call that failed.
pub(super) fn of<E>(
    service: &'static str,
    operation: &'static str,
) -> impl Fn(SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| translate(service, operation, error)
}

/// An answer without what it must have.
pub(super) fn incomplete(service: &'static str, operation: &'static str, what: &str) -> CloudError {
    CloudError {
        service,
        operation,
        code: None,
        message: format!("the answer has no {what}"),
        request_id: None,
        reason: Reason::Other,
    }
}

fn translate<E>(
    service: &'static str,
    operation: &'static str,
    error: SdkError<E, HttpResponse>,
) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (code, message, request_id) = match error.as_service_error() {
        Some(answer) => (
            answer.code().map(str::to_owned),
            answer.message().map(str::to_owned),
            answer.meta().extra("aws_request_id").map(str::to_owned),
        ),
        None => (None, None, None),
    };
    let code = code.or_else(|| status.filter(|status| *status >= 300).map(|it| it.to_string()));
    let words = message.clone().unwrap_or_default();
    let reason = match (&code, status) {
        (Some(code), _) => reason_of(code, &words, status),
        (None, _) if is_about_credentials(&error) => Reason::Credentials,
        (None, _) => match &error {
            SdkError::TimeoutError(_)
            | SdkError::DispatchFailure(_)
            | SdkError::ResponseError(_) => Reason::Unreachable,
            _ => Reason::Other,
        },
    };
    let message = message.unwrap_or_else(|| match &code {
        Some(code) => format!("HTTP status {code} without a message"),
        None => cause(&error),
    });
    CloudError { service, operation, code, message, request_id, reason }
}

/// The SDK finds no credentials, or a provider of them fails, before anything is sent.
fn is_about_credentials<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    let text = DisplayErrorContext(error).to_string();
    [
        "CredentialsNotLoaded",
        "no providers in chain",
        "ProviderError",
        "TokenProvider",
        "InvalidConfiguration",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

/// The innermost two links of the SDK's chain, which say what happened; the others say where in the SDK.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let links = std::iter::successors(Some(error), |error| error.source());
    let mut said: Vec<String> = Vec::new();
    for text in links.map(|link| first_line(&link.to_string())) {
        // Some links repeat those below them.
        said.retain(|earlier| !earlier.contains(&text));
        if !text.is_empty()
            && text != "other"
            && !said.iter().any(|earlier| text.contains(earlier.as_str()))
        {
            said.push(text);
        }
    }
    said[said.len().saturating_sub(2)..].join(": ")
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().trim_end_matches(':').to_owned()
}

fn reason_of(code: &str, message: &str, status: Option<u16>) -> Reason {
    let listed = REASONS.iter().find(|(_, codes)| codes.contains(&code));
    if let Some((reason, _)) = listed {
        return *reason;
    }
    // CloudFormation has one code for most of what can be wrong.
    if code == "ValidationError" || code == "ValidationException" {
        if message.contains("does not exist") {
            return Reason::NotFound;
        }
        let busy = message.contains("_IN_PROGRESS state") || message.contains("is in progress");
        if busy && !message.contains("REVIEW_IN_PROGRESS") {
            return Reason::Conflict;
        }
        return Reason::Invalid;
    }
    if code.ends_with("NotFound")
        || code.ends_with("NotFoundException")
        || code.ends_with("NotFoundFault")
    {
        return Reason::NotFound;
    }
    match status {
        Some(404) => Reason::NotFound,
        Some(403) => Reason::Denied,
        Some(401) => Reason::Credentials,
        Some(409 | 412) => Reason::Conflict,
        Some(429 | 500 | 502..=599) => Reason::Overloaded,
        Some(501) => Reason::Unsupported,
        Some(400) => Reason::Invalid,
        _ => Reason::Other,
    }
}

/// Codes by what they come down to. From the services' lists of common errors
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html> and its siblings).
const REASONS: &[(Reason, &[&str])] = &[
    (
        Reason::NotFound,
        &[
            "ChangeSetNotFound",
            "NoSuchBucket",
            "NoSuchKey",
            "NoSuchLifecycleConfiguration",
            "NoSuchResourceException",
            "NotFound",
            "NotFoundException",
            "ParameterNotFound",
            "ResourceNotFoundException",
            "StackNotFoundException",
            "InvalidAMIID.NotFound",
            "InvalidInstanceID.NotFound",
            "InvalidServiceName",
        ],
    ),
    (
        Reason::Conflict,
        &[
            "AlreadyExistsException",
            "BucketAlreadyExists",
            "BucketAlreadyOwnedByYou",
            "ConditionalRequestConflict",
            "InvalidChangeSetStatus",
            "OperationAborted",
            "OperationInProgress",
            "PreconditionFailed",
            "ResourceInUseException",
            "StaleRequestException",
            "TokenAlreadyExistsException",
        ],
    ),
    (
        Reason::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "NotAuthorized",
            "OptInRequired",
            "UnauthorizedOperation",
        ],
    ),
    (
        Reason::Credentials,
        &[
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "MissingAuthenticationToken",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
            "UnrecognizedClientException",
        ],
    ),
    (
        Reason::Overloaded,
        &[
            "BandwidthLimitExceeded",
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "ServiceUnavailable",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "TooManyRequestsException",
            "TransactionInProgressException",
        ],
    ),
    (
        Reason::Unsupported,
        &[
            "InvalidAction",
            "MethodNotAllowed",
            "NotImplemented",
            "UnknownOperation",
            "UnknownOperationException",
            "UnsupportedOperation",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::reason_of;
    use crate::error::Reason;

    #[test]
    fn cloudformations_one_code_is_told_apart_by_its_words() {
        let reason = |message| reason_of("ValidationError", message, Some(400));
        assert_eq!(reason("Stack with id acme does not exist"), Reason::NotFound);
        let busy = "Stack:arn:aws:… is in UPDATE_IN_PROGRESS state and can not be updated.";
        assert_eq!(reason(busy), Reason::Conflict);
        assert_eq!(reason("Parameters: [Zones] must have values"), Reason::Invalid);
    }

    #[test]
    fn a_code_nobody_knows_is_judged_by_its_status() {
        assert_eq!(reason_of("Odd", "", Some(503)), Reason::Overloaded);
        assert_eq!(reason_of("Odd", "", Some(403)), Reason::Denied);
        assert_eq!(reason_of("TargetGroupNotFound", "", Some(400)), Reason::NotFound);
    }
}
