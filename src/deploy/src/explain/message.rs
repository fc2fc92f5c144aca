//! AWS's words out of what CloudFormation and the SDKs wrap around them.

/// A message taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) code: Option<String>,
    pub(super) request_id: Option<String>,
}

const HANDLER: &str = "Resource handler returned message: \"";

/// Knows the two forms there are:
/// `Resource handler returned message: "TEXT (Service: Ec2, …)" (RequestToken: …, HandlerErrorCode: …)` and
/// `TEXT (Service: AmazonEC2; Status Code: 400; Error Code: …; Request ID: …)`.
pub(super) fn unwrapped(message: &str) -> Said {
    let (inner, handler_code) = handler(message);
    let (text, fields) = service(inner);
    let own_code = fields.and_then(|fields| field(fields, "Error Code"));
    let request_id = fields.and_then(|fields| field(fields, "Request ID"));
    let text = text.trim().trim_end_matches("null").trim_end();
    Said { text: text.to_owned(), code: own_code.or(handler_code), request_id }
}

fn handler(message: &str) -> (&str, Option<String>) {
    let Some((_, rest)) = message.split_once(HANDLER) else { return (message, None) };
    // The text may have quotes of its own, so the last end counts.
    match rest.rsplit_once("\" (RequestToken:") {
        Some((inner, end)) => (inner, field(end, "HandlerErrorCode")),
        None => (rest.trim_end_matches('"'), None),
    }
}

fn service(text: &str) -> (&str, Option<&str>) {
    match text.rfind(" (Service: ") {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    }
}

/// The value behind `NAME: `, up to the next separator.
fn field(fields: &str, name: &str) -> Option<String> {
    let start = fields.find(&format!("{name}: "))? + name.len() + 2;
    let rest = &fields[start..];
    let end = rest.find([',', ';', ')']).unwrap_or(rest.len());
    let value = rest[..end].trim();
    (!value.is_empty() && value != "null").then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Said, unwrapped};

    fn said(text: &str, code: Option<&str>, request_id: Option<&str>) -> Said {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Said { text: text.to_owned(), code: owned(code), request_id: owned(request_id) }
    }

    #[test]
    fn wrapping_comes_off() {
        let cases = [
            (
                "Resource handler returned message: \"The maximum number of internet gateways has been reached. (Service: Ec2, Status Code: 400, Request ID: fe23f9df-8f32) (SDK Attempt Count: 1)\" (RequestToken: 3b19167c, HandlerErrorCode: ServiceLimitExceeded)",
                said(
                    "The maximum number of internet gateways has been reached.",
                    Some("ServiceLimitExceeded"),
                    Some("fe23f9df-8f32"),
                ),
            ),
            (
                "The bucket you tried to delete is not empty (Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty; Request ID: 13B5WKE8TCT9VS8K; S3 Extended Request ID: /7/TL8=; Proxy: null)",
                said(
                    "The bucket you tried to delete is not empty",
                    Some("BucketNotEmpty"),
                    Some("13B5WKE8TCT9VS8K"),
                ),
            ),
            (
                "Resource handler returned message: \"Value \"x\" is wrong\" (RequestToken: 1, HandlerErrorCode: InvalidRequest)",
                said("Value \"x\" is wrong", Some("InvalidRequest"), None),
            ),
            ("mybucket already exists", said("mybucket already exists", None, None)),
        ];
        for (message, expected) in cases {
            assert_eq!(unwrapped(message), expected);
        }
    }
}
