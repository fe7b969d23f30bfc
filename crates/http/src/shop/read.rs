//! Documents in bodies.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::ShopText;
use crate::extract::Form;
use crate::problem::{FieldIssue, Problem};
use crate::texts::Text;

/// Reads a document that has defaults for all of its fields, and names each of `fields` that has another form. `ignored`
/// are what the document has and a body does not set: whose it is, and when it was written. A dot leads into an object;
/// what stands in it comes before it.
pub(super) fn document<T: DeserializeOwned>(
    mut form: Form,
    ignored: &[&str],
    fields: &[&'static str],
) -> Result<T, Problem> {
    for name in ignored {
        form.discard(name);
    }
    let body = form.rest();
    let mut wrong: Vec<&'static str> = Vec::new();
    for &path in fields {
        let inner = format!("{path}.");
        let told = wrong.iter().any(|known| known.starts_with(&inner));
        // A list would be read as the fields of an object in their order, and an empty one as all of its defaults.
        let is_object = fields.iter().any(|field| field.starts_with(&inner));
        let no_object = is_object && body.get(path).is_some_and(|value| !value.is_object());
        let misfits = |part| serde_json::from_value::<T>(part).is_err();
        if no_object || (!told && part(&body, path).is_some_and(misfits)) {
            wrong.push(path);
        }
    }
    let document = serde_json::from_value(Value::Object(body));
    document.ok().filter(|_| wrong.is_empty()).ok_or_else(|| {
        let issue = |field: &'static str| {
            let number = matches!(field, "phone" | "staff");
            let text = if number { ShopText::PhoneForm } else { ShopText::Form };
            FieldIssue { field, text: Text::from(text) }
        };
        Problem::invalid_fields(wrong.into_iter().map(issue).collect())
    })
}

/// One field alone, as a document.
fn part(body: &Map<String, Value>, path: &str) -> Option<Value> {
    match path.split_once('.') {
        None => body.get(path).map(|value| json!({ path: value })),
        Some((outer, inner)) => {
            let value = body.get(outer)?.get(inner)?;
            Some(json!({ outer: { inner: value } }))
        }
    }
}
