//! The refusals that a kind of route has in common, so that no handler forgets to document one.

use std::collections::BTreeMap;

use protocol::error::ErrorBody;
use utoipa::IntoResponses;
use utoipa::openapi::response::Response;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

const MALFORMED: (&str, &str) = ("400", "The request can't be understood.");
const UNAUTHENTICATED: (&str, &str) = ("401", "No valid token, or wrong credentials.");
const FORBIDDEN: (&str, &str) = ("403", "The caller's role does not allow it.");
const NOT_FOUND: (&str, &str) = ("404", "No such thing, or not visible to the caller.");
const CONFLICT: (&str, &str) = ("409", "Something moved on or is taken; nothing was changed.");
const TOO_LARGE: (&str, &str) = ("413", "Above a stated limit.");
const NOT_JSON: (&str, &str) = ("415", "The body is not JSON.");
const SLOW_DOWN: (&str, &str) = ("429", "Slow down; `Retry-After` says how long.");
const DEFECT: (&str, &str) = ("500", "A defect of the server.");
const UNAVAILABLE: (&str, &str) = ("503", "A dependency is in doubt; try again.");

const FULL: (&str, &str) = ("507", "The service's disk is full; reads go on.");

/// Without a token.
pub(crate) struct Public;

/// With a token, about the caller.
pub(crate) struct Signed;

/// Reads in a space.
pub(crate) struct Read;

/// Changes in a space.
pub(crate) struct Write;

impl IntoResponses for Public {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[MALFORMED, TOO_LARGE, NOT_JSON, SLOW_DOWN, DEFECT, UNAVAILABLE, FULL])
    }
}

impl IntoResponses for Signed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let own = refusals(&[UNAUTHENTICATED]);
        own.into_iter().chain(Public::responses()).collect()
    }
}

impl IntoResponses for Read {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[MALFORMED, UNAUTHENTICATED, NOT_FOUND, SLOW_DOWN, DEFECT, UNAVAILABLE])
    }
}

impl IntoResponses for Write {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let own = refusals(&[FORBIDDEN, NOT_FOUND, CONFLICT]);
        own.into_iter().chain(Signed::responses()).collect()
    }
}

fn refusals(statuses: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let response = |description: &str| {
        let schema = Ref::from_schema_name(<ErrorBody as utoipa::ToSchema>::name());
        let body = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new().description(description).content("application/json", body).build()
    };
    statuses.iter().map(|(status, about)| ((*status).to_owned(), response(about).into())).collect()
}
