//! The frame of the OpenAPI document. Paths and schemas come from the handlers themselves.

use http::StatusCode;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, InfoBuilder, OpenApi, OpenApiBuilder, RefOr, Response, SecurityRequirement,
};

mod refusals;

pub(crate) use refusals::{Public, Read, Signed, Write};

/// Everything but the paths.
pub(crate) fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("syncd")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(utoipa::openapi::License::new("MIT OR Apache-2.0")))
        .build();
    let mut components = Components::new();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of a login."))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .build()
}

/// What the macros can't know.
pub(crate) fn finished(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        // GET and HEAD share a handler, but names of operations must be unique.
        let name = item.head.as_mut().and_then(|head| head.operation_id.as_mut());
        if let Some(name) = name {
            name.insert_str(0, "head_");
        }
        let operations = [&mut item.get, &mut item.head, &mut item.post, &mut item.put];
        for operation in operations.into_iter().chain([&mut item.delete]).flatten() {
            operation.responses.responses.iter_mut().for_each(described);
        }
    }
    document
}

/// An answer whose type says it all still needs words: the status's own.
fn described((status, response): (&String, &mut RefOr<Response>)) {
    if let RefOr::T(response) = response
        && response.description.is_empty()
        && let Ok(status) = status.parse::<StatusCode>()
    {
        response.description = status.canonical_reason().unwrap_or_default().to_owned();
    }
}

const DESCRIPTION: &str = "\
File synchronisation. Content goes straight to S3 with temporary credentials; everything else goes \
through here. Every answer carries `x-request-id`; every refusal is an `ErrorBody`.";
