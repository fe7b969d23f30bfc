//! The approved templates of the fake's account.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/authentication-templates>, 2026-11.

use serde_json::Value;

use super::error::Refusal;

/// An authentication template with a copy-code button.
pub(super) const OTP: &str = "sandbox_code";
/// A utility template with one gap in its body.
pub(super) const NOTE: &str = "sandbox_note";

/// The languages that both were approved in.
const LANGUAGES: &[&str] = &["id", "en", "en_US"];
/// The longest code, in characters.
const MAX_CODE: usize = 15;

/// The text that the customer reads.
pub(super) fn text(template: &Value) -> Result<String, Refusal> {
    let text = |pointer: &str| template.pointer(pointer).and_then(Value::as_str);
    let name =
        text("/name").ok_or_else(|| Refusal::because(131_008, "Required parameter is missing: name"))?;
    let language = text("/language/code")
        .ok_or_else(|| Refusal::because(131_008, "Required parameter is missing: language"))?;
    if !LANGUAGES.contains(&language) {
        return Err(Refusal::of(132_001).with_details("the template is not approved in this language"));
    }
    match name {
        OTP => otp(template, language),
        NOTE => {
            let [gap] = parameters(template, "body", None)?.try_into().map_err(|_| Refusal::of(132_000))?;
            Ok(if language == "id" { format!("Catatan: {gap}") } else { format!("A note: {gap}") })
        }
        _ => Err(Refusal::of(132_001).with_details("the template does not exist")),
    }
}

fn otp(template: &Value, language: &str) -> Result<String, Refusal> {
    let [code] = parameters(template, "body", None)?.try_into().map_err(|_| Refusal::of(132_000))?;
    let button = parameters(template, "button", Some("url"))?;
    let [button] = button.try_into().map_err(|_| {
        Refusal::because(131_008, "Required parameter is missing")
            .with_details("Button at index 0 of type Url requires a parameter")
    })?;
    if code != button {
        return Err(Refusal::of(132_000).with_details("the code of the button is not the code of the body"));
    }
    if code.is_empty() || code.chars().count() > MAX_CODE {
        return Err(Refusal::because(132_005, "Translated text too long"));
    }
    // Meta writes it in one line. Here the code has a line of its own, where the phone page and tests look for it.
    Ok(match language {
        "id" => format!("*{code}*\nadalah kode verifikasi Anda."),
        _ => format!("*{code}*\nis your verification code."),
    })
}

/// The texts of the parameters of one component.
fn parameters(template: &Value, kind: &str, sub_type: Option<&str>) -> Result<Vec<String>, Refusal> {
    let components = template.get("components").and_then(Value::as_array);
    let wanted = |component: &&Value| {
        let is = |key: &str, value: &str| component.get(key).and_then(Value::as_str) == Some(value);
        is("type", kind)
            && sub_type.is_none_or(|sub_type| is("sub_type", sub_type) && index_is_zero(component))
    };
    let Some(component) = components.into_iter().flatten().find(wanted) else { return Ok(Vec::new()) };
    let parameters = component.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let text = |parameter: &Value| match (parameter.get("type")?.as_str()?, parameter.get("text")?.as_str()?)
    {
        ("text", text) => Some(text.to_owned()),
        _ => None,
    };
    let texts: Option<Vec<String>> = parameters.map(text).collect();
    texts.ok_or_else(|| Refusal::because(132_012, "Parameter format does not match"))
}

/// A text in Meta's examples, a number in its reference.
fn index_is_zero(component: &Value) -> bool {
    component.get("index").is_some_and(|index| index == "0" || index == 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(name: &str, language: &str, components: &Value) -> Result<String, i64> {
        let template = json!({ "name": name, "language": { "code": language }, "components": components });
        text(&template).map_err(|refusal| format!("{refusal:?}")).map_err(|shown| {
            let code = shown.split("code: ").nth(1).and_then(|rest| rest.split(',').next());
            code.unwrap().parse().unwrap()
        })
    }

    #[test]
    fn a_code_stands_there_twice_or_is_refused() {
        let part = |kind: &str, text: &str| json!({ "type": kind, "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": text }] });
        let both = |text: &str| json!([part("body", text), part("button", text)]);
        assert_eq!(given(OTP, "id", &both("482915")).unwrap(), "*482915*\nadalah kode verifikasi Anda.");
        for (name, language, components, code) in [
            (OTP, "fr", both("1"), 132_001),
            ("unheard_of", "id", both("1"), 132_001),
            (OTP, "id", json!([]), 132_000),
            (OTP, "id", json!([part("body", "1")]), 131_008),
            (OTP, "id", json!([part("body", "1"), part("button", "2")]), 132_000),
            (OTP, "id", both("1234567890123456"), 132_005),
            (OTP, "id", json!([{ "type": "body", "parameters": [{ "type": "image" }] }]), 132_012),
            (NOTE, "en", json!([]), 132_000),
        ] {
            assert_eq!(given(name, language, &components), Err(code), "{name} {language}");
        }
        assert_eq!(given(NOTE, "en", &json!([part("body", "x")])).unwrap(), "A note: x");
    }
}
