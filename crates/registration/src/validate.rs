//! What a form must look like. Nothing is corrected but white space around values.

use serde_json::{Map, Value};
use wartel_core::FullName;

use crate::error::{FieldError, FieldProblem};

/// The longest e-mail address. Source: RFC 5321 §4.5.3.1.3 (a path of 256 with its brackets).
pub const MAX_EMAIL_BYTES: usize = 254;
/// The longest postal address.
pub const MAX_ADDRESS_CHARACTERS: usize = 500;
/// The most that further fields may take together, as JSON.
pub const MAX_EXTRA_BYTES: usize = 16 * 1024;

/// A form in which every field is right.
pub(crate) struct ValidForm {
    pub(crate) full_name: FullName,
    pub(crate) email: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) extra: String,
}

/// Checks every field and tells of all that are wrong, not only of the first.
pub(crate) fn validate(
    full_name: &str,
    email: Option<&str>,
    address: Option<&str>,
    extra: &Map<String, Value>,
) -> Result<ValidForm, Vec<FieldError>> {
    let name = FullName::parse(full_name).map_err(FieldProblem::Name);
    let email = given(email).map(read_email).transpose();
    let address = given(address).map(read_address).transpose();
    let extra = read_extra(extra);
    match (name, email, address, extra) {
        (Ok(full_name), Ok(email), Ok(address), Ok(extra)) => {
            Ok(ValidForm { full_name, email, address, extra })
        }
        (name, email, address, extra) => {
            let problems = [
                ("full_name", name.err()),
                ("email", email.err()),
                ("address", address.err()),
                ("extra", extra.err()),
            ];
            let wrong = problems
                .into_iter()
                .filter_map(|(field, problem)| Some(FieldError { field, problem: problem? }));
            Err(wrong.collect())
        }
    }
}

/// An optional field that is there and not just white space.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A plausible address: one `@`, a dot in the domain, no white space. Whether it exists, only a message tells.
fn read_email(text: &str) -> Result<String, FieldProblem> {
    if text.len() > MAX_EMAIL_BYTES {
        return Err(FieldProblem::TooLong { max: MAX_EMAIL_BYTES, unit: "bytes" });
    }
    let plausible = text.split_once('@').is_some_and(|(local, domain)| {
        let labels_fit = domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        (1..=64).contains(&local.len())
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"@,;:\\\"()<>[]".contains(c))
            && domain.contains('.')
            && labels_fit
    });
    if plausible { Ok(text.to_owned()) } else { Err(FieldProblem::Email) }
}

fn read_address(text: &str) -> Result<String, FieldProblem> {
    if text.chars().count() > MAX_ADDRESS_CHARACTERS {
        return Err(FieldProblem::TooLong { max: MAX_ADDRESS_CHARACTERS, unit: "characters" });
    }
    if has_control(text) {
        return Err(FieldProblem::ControlCharacter);
    }
    Ok(text.to_owned())
}

fn read_extra(extra: &Map<String, Value>) -> Result<String, FieldProblem> {
    let json = Value::Object(extra.clone()).to_string();
    if json.len() > MAX_EXTRA_BYTES {
        return Err(FieldProblem::TooLong { max: MAX_EXTRA_BYTES, unit: "bytes" });
    }
    if extra.iter().any(|(key, value)| has_control(key) || value_has_control(value)) {
        return Err(FieldProblem::ControlCharacter);
    }
    Ok(json)
}

fn value_has_control(value: &Value) -> bool {
    match value {
        Value::String(text) => has_control(text),
        Value::Array(items) => items.iter().any(value_has_control),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| has_control(key) || value_has_control(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Line breaks and tabs belong to text areas; all other control characters to nobody.
fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_that_can_be_and_cannot_be() {
        for good in ["budi@example.com", "a.b+c@mail.example.co.id", "siti@bücher.example"] {
            assert_eq!(read_email(good).as_deref(), Ok(good));
        }
        let long = format!("{}@example.com", "a".repeat(65));
        let dotted = format!("a@{}.com", "b".repeat(260));
        for bad in [
            "budi",
            "@example.com",
            "budi@",
            "budi@localhost",
            "a b@example.com",
            "a@b@example.com",
            "a@-b.com",
            "a@b..com",
            ".a@example.com",
            "a..b@example.com",
            "<a@example.com>",
            "a\0@example.com",
            &long,
            &dotted,
        ] {
            assert!(read_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let extra = json!({"note": "a\u{0}b"});
        let errors = validate("B", Some("budi"), Some("Jl.\u{7}"), extra.as_object().unwrap()).err().unwrap();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["full_name", "email", "address", "extra"]);
    }

    #[test]
    fn empty_optional_fields_are_absent_and_extras_are_bounded() {
        let form = validate("Budi", Some("  "), Some(""), &Map::new()).ok().unwrap();
        assert_eq!((form.email, form.address, form.extra.as_str()), (None, None, "{}"));
        let deep = json!({"plan": {"speed": [20, {"unit": "Mb\u{1}"}]}});
        assert_eq!(read_extra(deep.as_object().unwrap()), Err(FieldProblem::ControlCharacter));
        let at_limit = json!({"n": "x".repeat(MAX_EXTRA_BYTES - 8)});
        assert!(read_extra(at_limit.as_object().unwrap()).is_ok());
        let over = json!({"n": "x".repeat(MAX_EXTRA_BYTES - 7)});
        assert!(matches!(read_extra(over.as_object().unwrap()), Err(FieldProblem::TooLong { .. })));
    }
}
