//! Whom a call is about: numbers in many spellings, WhatsApp addresses, groups.

use crate::provider::Call;

/// The shortest number of digits that is a group.
const GROUP_DIGITS: usize = 18;
/// The shortest text with a hyphen that is a group.
const GROUP_TEXT: usize = 24;

/// A number as the API makes a WhatsApp address of it: without device, spaces, `+` and brackets.
///
/// The rules for Mexican, Argentinian and Brazilian numbers, which drop a digit, are left out.
pub(super) fn jid(number: &str) -> String {
    let (user, server) = match number.trim().split_once('@') {
        Some((user, server)) => (user, Some(server)),
        None => (number.trim(), None),
    };
    let user = user.split(':').next().unwrap_or_default();
    let user: String = user.chars().filter(|letter| !matches!(letter, ' ' | '+' | '(' | ')')).collect();
    let is_group =
        user.len() >= GROUP_TEXT && user.contains('-') || user.len() >= GROUP_DIGITS && !user.contains('-');
    match server {
        Some(server @ ("g.us" | "lid" | "broadcast" | "newsletter")) => format!("{user}@{server}"),
        None if is_group => format!("{user}@g.us"),
        _ => format!("{}@s.whatsapp.net", user.replace('-', "")),
    }
}

/// The digits of a person's address; `None` for LIDs, groups and what is no number.
pub(super) fn phone(jid: &str) -> Option<&str> {
    let phone = jid.strip_suffix("@s.whatsapp.net")?;
    ((8..=15).contains(&phone.len()) && phone.bytes().all(|b| b.is_ascii_digit())).then_some(phone)
}

/// The customers' numbers in a call, for faults that are planned for a number.
pub(super) fn phones(call: &Call) -> Vec<String> {
    let Some(body) = call.json() else { return Vec::new() };
    let one = body.get("number").and_then(|number| number.as_str());
    let many = body.get("numbers").and_then(|numbers| numbers.as_array());
    let many = many.into_iter().flatten().filter_map(|number| number.as_str());
    one.into_iter().chain(many).filter_map(|number| phone(&jid(number)).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_have_one_address() {
        for (number, expected) in [
            ("6281234567890", "6281234567890@s.whatsapp.net"),
            ("+62 (812) 3456-7890", "6281234567890@s.whatsapp.net"),
            ("6281234567890:12@s.whatsapp.net", "6281234567890@s.whatsapp.net"),
            ("123456789012345@lid", "123456789012345@lid"),
            ("120363000000000001", "120363000000000001@g.us"),
            ("6281234567890-1600000000", "6281234567890-1600000000@g.us"),
            ("120363000000000001@g.us", "120363000000000001@g.us"),
        ] {
            assert_eq!(jid(number), expected);
        }
        assert_eq!(phone("6281234567890@s.whatsapp.net"), Some("6281234567890"));
        for none in ["123456789012345@lid", "120363000000000001@g.us", "62812abc3456@s.whatsapp.net"] {
            assert_eq!(phone(none), None);
        }
    }
}
