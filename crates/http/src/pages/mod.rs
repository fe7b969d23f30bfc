//! The registration page: one page in three steps, which talks to the registration routes.

mod assets;
mod texts;

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use wartel_core::Locale;
use wartel_otp::OtpService;

use crate::Http;
use crate::extract::locale_of;
use crate::problem::Problem;
use crate::routes::Routes;
use assets::Asset;
use texts::PageTexts;

/// The page brings a style and a script, and talks to this origin only. The icon is empty data.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

impl Http {
    /// `/register`, for the app whose name `otp` shows. Its links are relative: it works below any prefix, beside the
    /// registration and verification routes below the same one.
    pub fn page_routes(&self, otp: &OtpService) -> Routes {
        let pages = Pages {
            app_name: otp.app_name().into(),
            code_length: otp.policy().length,
            calling_code: self.config().default_country.calling_code(),
            sandbox_link: self.config().sandbox_link.as_deref().map(Into::into),
        };
        let router = OpenApiRouter::new()
            .route("/register", get(register))
            .route("/register/assets/{file}", get(asset))
            .with_state(pages);
        Routes::new(router)
    }
}

#[derive(Clone)]
struct Pages {
    app_name: Arc<str>,
    code_length: usize,
    calling_code: &'static str,
    sandbox_link: Option<Arc<str>>,
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage<'a> {
    lang: &'static str,
    other_lang: &'static str,
    t: &'static PageTexts,
    script_texts: String,
    app_name: &'a str,
    code_length: usize,
    calling_code: &'static str,
    sandbox_link: Option<&'a str>,
    style: String,
    script: String,
}

async fn register(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let locale = asked_for(query.as_deref()).unwrap_or_else(|| locale_of(&headers));
    let t = texts::of(locale);
    let page = RegisterPage {
        lang: locale.tag(),
        other_lang: if locale == Locale::En { Locale::Id.tag() } else { Locale::En.tag() },
        t,
        script_texts: t.for_script(),
        app_name: &pages.app_name,
        code_length: pages.code_length,
        calling_code: pages.calling_code,
        sandbox_link: pages.sandbox_link.as_deref(),
        style: Asset::Style.file_name(),
        script: Asset::Script.file_name(),
    };
    let html = page.render().map_err(|error| {
        tracing::error!(error = %error, "the page cannot be written");
        Problem::internal()
    })?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.tag())),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    Ok((headers, html).into_response())
}

async fn asset(file: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    file.ok().and_then(|Path(file)| Asset::of_file(&file)).ok_or_else(Problem::not_found)
}

/// The language of `?lang=en`.
fn asked_for(query: Option<&str>) -> Option<Locale> {
    query?.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Locale::from_tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_names_a_language() {
        for (query, expected) in [
            (None, None),
            (Some(""), None),
            (Some("lang=en"), Some(Locale::En)),
            (Some("a=b&lang=id"), Some(Locale::Id)),
            (Some("lang=fr"), None),
            (Some("xlang=en"), None),
        ] {
            assert_eq!(asked_for(query), expected, "{query:?}");
        }
    }
}
