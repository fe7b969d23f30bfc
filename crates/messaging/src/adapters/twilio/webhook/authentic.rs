//! Whether a request carries Twilio's signature: over the URL and the fields, or over the URL and the body's hash in it.
//!
//! Source: <https://www.twilio.com/docs/usage/security>, read in November 2026.

use sha2::{Digest as _, Sha256};
use url::Url;
use wartel_core::Secret;

use super::Fields;
use crate::WebhookRequest;
use crate::adapters::signature::{is_hmac_sha1_base64, is_sha256_hex};

pub(super) fn is_authentic(token: &Secret, request: &WebhookRequest<'_>, fields: Option<&Fields>) -> bool {
    let (Some(given), Some(url)) = (request.header("x-twilio-signature"), request.url) else {
        return false;
    };
    let mut tail = String::new();
    if let Some(hash) = body_hash(url) {
        // A body that is no form: its hash stands in the URL, and the URL alone is signed.
        if !is_sha256_hex(&Sha256::digest(request.body), &hash) {
            return false;
        }
    } else if let Some(Fields(pairs)) = fields {
        // In the order of their names, each name followed by its value.
        pairs.iter().for_each(|(key, value)| tail.extend([key.as_str(), value.as_str()]));
    }
    spellings(url)
        .iter()
        .any(|url| is_hmac_sha1_base64(token.expose().as_bytes(), format!("{url}{tail}").as_bytes(), given))
}

fn body_hash(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.query_pairs().find(|(key, _)| key == "bodySHA256").map(|(_, value)| value.into_owned())
}

/// The URL as it is, and with or without the port that its scheme implies: Twilio signs it sometimes so and sometimes so.
fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return all,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    if let Some(bare) = host.strip_suffix(port) {
        all.push(format!("{scheme}://{bare}{path}"));
    } else if !host.rsplit(']').next().unwrap_or_default().contains(':') {
        all.push(format!("{scheme}://{host}{port}{path}"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_two_spellings_where_the_port_is_implied() {
        for (url, other) in [
            ("https://a.example/x?y", Some("https://a.example:443/x?y")),
            ("https://a.example:443/x", Some("https://a.example/x")),
            ("http://a.example:80", Some("http://a.example")),
            ("http://[::1]/x", Some("http://[::1]:80/x")),
            ("https://a.example:8443/x", None),
            ("http://[::1]:9090/x", None),
            ("x", None),
        ] {
            let mut expected = vec![url.to_owned()];
            expected.extend(other.map(str::to_owned));
            assert_eq!(spellings(url), expected);
        }
    }
}
