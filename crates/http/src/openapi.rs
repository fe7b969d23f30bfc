//! The description of the interface, written from the code.

use utoipa::openapi::{ContactBuilder, Info, InfoBuilder, LicenseBuilder, OpenApi};

/// Title, version and licence.
fn info() -> Info {
    InfoBuilder::new()
        .title("Wartel")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Phone verification and registration by one-time codes over WhatsApp.\n\nSuccesses are \
             `{\"success\": true, \"message\": …, \"data\": …}`. Errors are `application/problem+json` (RFC 9457) with \
             `success: false` and a stable `code`; their `message` is in the language of `Accept-Language` (`id` by \
             default, `en`). 429 and 503 carry `Retry-After`. Every answer carries `X-Request-Id`.",
        ))
        .contact(Some(ContactBuilder::new().url(Some(env!("CARGO_PKG_HOMEPAGE"))).build()))
        .license(Some(LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build()))
        .build()
}

/// The description in JSON.
pub(crate) fn describe(mut openapi: OpenApi) -> String {
    openapi.info = info();
    // A description is made of texts and numbers, so it has a form in JSON.
    openapi.to_json().unwrap_or_default()
}
