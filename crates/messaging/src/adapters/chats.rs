//! Whose chat a message belongs to, by the addresses that gateways write.

use wartel_core::{Jid, JidServer};

use crate::ContactAddress;

/// The person of the chat at `main`. `alternatives` are other addresses of the same chat: the number behind a LID, or the
/// LID of a number. Alternatives that name no person are passed over.
///
/// # Errors
/// Why there is no person, in words for [`InboundEvent::Ignored`](crate::InboundEvent::Ignored).
pub(super) fn person<'t>(
    main: Option<&str>,
    alternatives: impl IntoIterator<Item = Option<&'t str>>,
) -> Result<ContactAddress, &'static str> {
    let main = Jid::parse(main.ok_or("no address")?).map_err(|_| "an address of unknown form")?;
    match main.server() {
        JidServer::Group => return Err("a group"),
        JidServer::Newsletter => return Err("a channel"),
        JidServer::Broadcast if main.is_status_broadcast() => return Err("a status post"),
        JidServer::Broadcast => return Err("a broadcast list"),
        _ => {}
    }
    let others = alternatives.into_iter().flatten().filter_map(|text| Jid::parse(text).ok());
    let all: Vec<Jid> = std::iter::once(main).chain(others).collect();
    let phone = all.iter().find_map(Jid::phone);
    let lid = all.into_iter().find(|jid| jid.server() == JidServer::Lid);
    ContactAddress::new(phone, lid).ok_or("an address without a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_a_chat_are_one_person() {
        let number = Some("6281234567890@c.us");
        let lid = Some("123456789012345@lid");
        let both = person(number, [lid]).unwrap();
        assert_eq!(person(lid, [None, Some("nonsense"), Some("1@g.us"), number]), Ok(both.clone()));
        assert_eq!(person(Some("6281234567890:14@s.whatsapp.net"), [lid]), Ok(both.clone()));
        assert_eq!(both.lid.unwrap().to_wire(), "123456789012345@lid");
        assert!(person(lid, [None]).unwrap().phone.is_none());
    }

    #[test]
    fn who_is_no_person_has_a_reason() {
        for (main, why) in [
            (None, "no address"),
            (Some("6281234567890"), "an address of unknown form"),
            (Some("120363000000000000@g.us"), "a group"),
            (Some("120363000000000000@newsletter"), "a channel"),
            (Some("status@broadcast"), "a status post"),
            (Some("1234@broadcast"), "a broadcast list"),
            (Some("0@s.whatsapp.net"), "an address without a number"),
        ] {
            // A group stays a group, whoever wrote in it.
            let got =
                person(main, if why.contains("number") { None } else { Some(Some("6281234567890@c.us")) });
            assert_eq!(got, Err(why), "{main:?}");
        }
    }
}
