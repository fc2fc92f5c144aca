//! The STS query API: temporary credentials for one space.

mod assume_role;
mod xml;

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Response, StatusCode, header};

use crate::api::{Services, request_id};
use assume_role::assume_role;
use xml::Element;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The account every local role belongs to.
const ACCOUNT: &str = "000000000000";

/// A refusal in the words of STS.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn validation(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "ValidationError", message: message.into() }
    }
}

/// Answers one verified request.
pub(crate) fn answer(services: &Services, body: &[u8]) -> Response<Body> {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let action = form.get("Action").map_or("", String::as_str);
    let result = match action {
        "AssumeRole" => assume_role(services, &form),
        "GetCallerIdentity" => Ok(caller_identity(services)),
        _ => Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "InvalidAction",
            message: format!("Could not find operation {action}"),
        }),
    };
    match result {
        Ok(result) => success(action, result),
        Err(refusal) => error(refusal.status, refusal.code, &refusal.message),
    }
}

/// An error in the form of this API.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let root = Element::new("ErrorResponse").attribute("xmlns", NAMESPACE).child(
        Element::new("Error").text("Type", "Sender").text("Code", code).text("Message", message),
    );
    respond(status, root)
}

fn success(action: &str, result: Element) -> Response<Body> {
    let root =
        Element::new(format!("{action}Response")).attribute("xmlns", NAMESPACE).child(result);
    respond(StatusCode::OK, root)
}

fn respond(status: StatusCode, root: Element) -> Response<Body> {
    let id = request_id();
    let root = root
        .child(Element::new("ResponseMetadata").text("RequestId", id.to_str().unwrap_or_default()));
    let mut response = Response::new(Body::from(root.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/xml"));
    headers.insert("x-amzn-requestid", id);
    response
}

fn caller_identity(services: &Services) -> Element {
    Element::new("GetCallerIdentityResult")
        .text("Arn", &format!("arn:aws:iam::{ACCOUNT}:root"))
        .text("UserId", &services.credentials.root().access_key_id)
        .text("Account", ACCOUNT)
}
