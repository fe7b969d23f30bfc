//! The customer's phone: one page and the files it loads, compiled into the binary.

use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use crate::http_io::{SandboxBody, answer};

/// Only our own files, and no script or style within the page. The page may be shown beside a form of the same site.
const POLICY: &str = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'self'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Finds a page or file by its path below `/sandbox`.
fn find(path: &str) -> Option<(&'static str, &'static str)> {
    Some(match path {
        "" | "/" | "/phone" => (HTML, include_str!("../assets/phone.html")),
        "/phone.css" => (CSS, include_str!("../assets/phone.css")),
        "/phone.js" => (SCRIPT, include_str!("../assets/phone.js")),
        "/markup.js" => (SCRIPT, include_str!("../assets/markup.js")),
        "/icon.svg" => (SVG, include_str!("../assets/icon.svg")),
        "/wallpaper.svg" => (SVG, include_str!("../assets/wallpaper.svg")),
        _ => return None,
    })
}

pub(crate) fn serve(path: &str, method: &Method) -> Response<SandboxBody> {
    let mut response = match (find(path), method) {
        (Some((content_type, text)), &Method::GET | &Method::HEAD) => {
            answer(StatusCode::OK, content_type, text)
        }
        (Some(_), _) => {
            answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "method not allowed\n")
        }
        (None, _) => answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "not found\n"),
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_only_files_that_exist() {
        let (_, page) = find("/").unwrap();
        let mut links = 0;
        for attribute in ["href=\"", "src=\""] {
            for rest in page.split(attribute).skip(1) {
                let link = rest.split('"').next().unwrap();
                let path =
                    link.strip_prefix("/sandbox").unwrap_or_else(|| panic!("{link} is not below /sandbox"));
                assert!(find(path).is_some(), "{link}");
                links += 1;
            }
        }
        assert!(links >= 4, "{links}");
    }

    #[test]
    fn nothing_in_the_page_needs_a_looser_policy() {
        let (_, page) = find("/").unwrap();
        for forbidden in ["<style", "style=", "onclick", "javascript:", "<script>"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        for script in ["/phone.js", "/markup.js"] {
            let (_, text) = find(script).unwrap();
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(forbidden), "{script}: {forbidden}");
            }
        }
    }
}
