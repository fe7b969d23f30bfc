//! Style and script of the page. Their names carry a hash, so that browsers may keep them for good.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::http::header;
use axum::response::{IntoResponse as _, Response};

const STYLE: &str = include_str!("../../assets/register.css");
const SCRIPT: &str = include_str!("../../assets/register.js");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asset {
    Style,
    Script,
}

impl Asset {
    /// `register.0123456789abcdef.css`
    pub(super) fn file_name(self) -> String {
        let (text, _, extension) = self.parts();
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        format!("register.{:016x}.{extension}", hasher.finish())
    }

    const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Style => (STYLE, "text/css; charset=utf-8", "css"),
            Self::Script => (SCRIPT, "text/javascript; charset=utf-8", "js"),
        }
    }

    /// The answer for a file name. One with another hash is of a page that was loaded from another version: it gets
    /// what there is, and does not keep it.
    pub(super) fn of_file(name: &str) -> Option<Response> {
        let asset = match name.strip_prefix("register.")?.rsplit_once('.')? {
            (_, "css") => Self::Style,
            (_, "js") => Self::Script,
            _ => return None,
        };
        let (text, content_type, _) = asset.parts();
        let keep = if name == asset.file_name() { "public, max-age=31536000, immutable" } else { "no-cache" };
        Some(([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, keep)], text).into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_present_version_is_kept_for_good() {
        let cache = |name: &str| {
            Asset::of_file(name).map(|r| r.headers()[header::CACHE_CONTROL].to_str().unwrap().to_owned())
        };
        assert!(cache(&Asset::Style.file_name()).unwrap().contains("immutable"));
        assert!(cache(&Asset::Script.file_name()).unwrap().contains("immutable"));
        assert_eq!(cache("register.0000000000000000.js").as_deref(), Some("no-cache"));
        for unknown in ["", "register", "register.js", "other.0.js", "register.0.html", "..register.0.js"] {
            assert_eq!(cache(unknown), None, "{unknown}");
        }
    }
}
