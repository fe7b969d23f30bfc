//! WhatsApp addresses.

use std::fmt;

use crate::phone::PhoneNumber;

/// The longest address that is read, in bytes: a business-scoped id has up to 135.
const MAX_BYTES: usize = 160;

/// The part of an address behind the `@`: what kind of thing it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JidServer {
    /// `s.whatsapp.net`: a person, by phone number.
    WhatsApp,
    /// `c.us`: a person, by phone number, as WhatsApp Web and the gateways built on it write it.
    Legacy,
    /// `lid`: a person, by an opaque id that is not a phone number.
    Lid,
    /// `bsuid`: a person who hides the number, by the id that Meta's Cloud API knows them by towards one business. The
    /// name is this crate's own: Meta writes such an id without one.
    BusinessScoped,
    /// `g.us`: a group.
    Group,
    /// `newsletter`: a channel.
    Newsletter,
    /// `broadcast`: a broadcast list, or everybody's status.
    Broadcast,
}

impl JidServer {
    /// The name on the wire: `"s.whatsapp.net"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WhatsApp => "s.whatsapp.net",
            Self::Legacy => "c.us",
            Self::Lid => "lid",
            Self::BusinessScoped => "bsuid",
            Self::Group => "g.us",
            Self::Newsletter => "newsletter",
            Self::Broadcast => "broadcast",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::WhatsApp,
            Self::Legacy,
            Self::Lid,
            Self::BusinessScoped,
            Self::Group,
            Self::Newsletter,
            Self::Broadcast,
        ];
        all.into_iter().find(|server| server.as_str() == name)
    }

    /// Whether what it names is a person.
    const fn is_person(self) -> bool {
        matches!(self, Self::WhatsApp | Self::Legacy | Self::Lid | Self::BusinessScoped)
    }

    /// Whether what it names has devices.
    const fn has_devices(self) -> bool {
        matches!(self, Self::WhatsApp | Self::Legacy | Self::Lid)
    }

    /// Whether it names a person without telling the number.
    const fn is_hidden(self) -> bool {
        matches!(self, Self::Lid | Self::BusinessScoped)
    }
}

/// A WhatsApp address: `user[:device]@server`.
///
/// There is no `Display`, because the user is mostly a phone number; [`Jid::to_wire`] shows the address, `Debug`
/// masks the user. Two addresses are equal if they are written alike; `s.whatsapp.net` and `c.us` of one person
/// are two addresses with one [`Jid::phone`].
///
/// ```
/// use wartel_core::{Jid, JidServer};
///
/// let jid = Jid::parse("6281234567890:3@s.whatsapp.net")?;
/// assert_eq!(jid.server(), JidServer::WhatsApp);
/// assert_eq!(jid.device(), Some(3));
/// assert_eq!(jid.without_device().to_wire(), "6281234567890@s.whatsapp.net");
/// assert_eq!(jid.phone().unwrap().e164(), "+6281234567890");
/// # Ok::<(), wartel_core::JidError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jid {
    user: Box<str>,
    device: Option<u16>,
    server: JidServer,
}

impl Jid {
    /// Reads an address.
    ///
    /// # Behavior
    /// - The user has letters, digits, `.`, `_` and `-` of ASCII.
    /// - Device 0 is the phone itself, which is also what an address without a device means: it is read as
    ///   `None`, so that both are equal.
    ///
    /// # Errors
    /// [`JidError`] says which part is wrong. Texts over 160 bytes are not looked at.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        if text.len() > MAX_BYTES {
            return Err(JidError::TooLong);
        }
        let (who, server) = text.split_once('@').ok_or(JidError::NoServer)?;
        let server = JidServer::parse(server).ok_or(JidError::UnknownServer)?;
        let (user, device) = match who.split_once(':') {
            None => (who, None),
            Some((user, device)) if server.has_devices() => (user, Some(parse_device(device)?)),
            Some(_) => return Err(JidError::InvalidDevice),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if user.is_empty() || !user.chars().all(allowed) {
            return Err(JidError::InvalidUser);
        }
        Ok(Self { user: user.into(), device: device.filter(|&device| device != 0), server })
    }

    /// The address of the person with this number, at `s.whatsapp.net`.
    #[must_use]
    pub fn from_phone(phone: &PhoneNumber) -> Self {
        Self { user: phone.digits().into(), device: None, server: JidServer::WhatsApp }
    }

    /// The part before the device and the `@`. For a person mostly a phone number: not for logs.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The number of a linked device; `None` for the phone itself and for everything that has no devices.
    #[must_use]
    pub fn device(&self) -> Option<u16> {
        self.device
    }

    /// The kind of address.
    #[must_use]
    pub fn server(&self) -> JidServer {
        self.server
    }

    /// Whether this is a person, known by phone number, by LID or by a business-scoped id.
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.server.is_person()
    }

    /// Whether this is a person whose number it does not tell: a LID or a business-scoped id.
    #[must_use]
    pub fn is_hidden_person(&self) -> bool {
        self.server.is_hidden()
    }

    /// Whether this is a group.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.server == JidServer::Group
    }

    /// Whether this is `status@broadcast`, where status updates come from.
    #[must_use]
    pub fn is_status_broadcast(&self) -> bool {
        self.server == JidServer::Broadcast && &*self.user == "status"
    }

    /// The same address without the device: the chat rather than the phone or computer it came from.
    #[must_use]
    pub fn without_device(&self) -> Self {
        Self { device: None, ..self.clone() }
    }

    /// The phone number of a person at `s.whatsapp.net` or `c.us`; `None` for everything else, a LID among it,
    /// and for digits that are no phone number.
    #[must_use]
    pub fn phone(&self) -> Option<PhoneNumber> {
        match self.server {
            JidServer::WhatsApp | JidServer::Legacy => PhoneNumber::from_international_digits(&self.user),
            _ => None,
        }
    }

    /// The address as WhatsApp writes it: `6281234567890:3@s.whatsapp.net`.
    #[must_use]
    pub fn to_wire(&self) -> String {
        let server = self.server.as_str();
        match self.device {
            Some(device) => format!("{}:{device}@{server}", self.user),
            None => format!("{}@{server}", self.user),
        }
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_status_broadcast() {
            return f.write_str("Jid(status@broadcast)");
        }
        // Two characters of a short user would be most of it.
        let tail = match self.user.len() {
            0..=5 => "",
            length => self.user.get(length.saturating_sub(2)..).unwrap_or_default(),
        };
        write!(f, "Jid(…{tail}@{})", self.server.as_str())
    }
}

fn parse_device(text: &str) -> Result<u16, JidError> {
    // `u16::from_str` also takes a plus sign.
    if !text.chars().all(|c| c.is_ascii_digit()) {
        return Err(JidError::InvalidDevice);
    }
    text.parse().map_err(|_| JidError::InvalidDevice)
}

/// The text is not a WhatsApp address. Says which part is wrong and never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JidError {
    /// The text is longer than any address.
    #[error("the address is too long")]
    TooLong,
    /// There is no `@`.
    #[error("the address has no server")]
    NoServer,
    /// The part behind the `@` is none of [`JidServer`].
    #[error("the address has an unknown server")]
    UnknownServer,
    /// The user is empty or has characters that no user has.
    #[error("the address has no valid user")]
    InvalidUser,
    /// The device is not a number up to 65,535, or stands where there are no devices.
    #[error("the address has no valid device")]
    InvalidDevice,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::Country;

    fn jid(text: &str) -> Jid {
        Jid::parse(text).unwrap()
    }

    #[test]
    fn every_server_is_read_and_written_back() {
        let rows = [
            ("6281234567890@s.whatsapp.net", JidServer::WhatsApp, true, false),
            ("6281234567890@c.us", JidServer::Legacy, true, false),
            ("123456789012345@lid", JidServer::Lid, true, false),
            ("ID.13491208655302741918@bsuid", JidServer::BusinessScoped, true, false),
            ("6281234567890-1600000000@g.us", JidServer::Group, false, true),
            ("120363000000000000@g.us", JidServer::Group, false, true),
            ("120363000000000000@newsletter", JidServer::Newsletter, false, false),
            ("status@broadcast", JidServer::Broadcast, false, false),
            ("1600000000@broadcast", JidServer::Broadcast, false, false),
        ];
        for (text, server, person, group) in rows {
            let jid = jid(text);
            assert_eq!(jid.server(), server, "{text}");
            assert_eq!(jid.is_person(), person, "{text}");
            assert_eq!(jid.is_group(), group, "{text}");
            assert_eq!(jid.is_status_broadcast(), text == "status@broadcast", "{text}");
            assert_eq!(jid.to_wire(), text);
        }
        assert!(!jid("status@s.whatsapp.net").is_status_broadcast());
    }

    #[test]
    fn the_device_is_optional_and_the_phone_itself_is_none() {
        let linked = jid("6281234567890:12@s.whatsapp.net");
        assert_eq!(linked.device(), Some(12));
        assert_eq!(linked.to_wire(), "6281234567890:12@s.whatsapp.net");
        assert_eq!(linked.without_device(), jid("6281234567890@s.whatsapp.net"));
        assert_eq!(jid("6281234567890:0@s.whatsapp.net"), jid("6281234567890@s.whatsapp.net"));
        assert_eq!(jid("123456789012345:65535@lid").device(), Some(u16::MAX));
    }

    #[test]
    fn only_numbers_at_the_two_person_servers_are_phones() {
        let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
        assert_eq!(jid("6281234567890:1@s.whatsapp.net").phone().as_ref(), Some(&phone));
        assert_eq!(jid("6281234567890@c.us").phone().as_ref(), Some(&phone));
        assert_eq!(Jid::from_phone(&phone).phone().as_ref(), Some(&phone));
        assert_eq!(Jid::from_phone(&phone).to_wire(), "6281234567890@s.whatsapp.net");
        for none in [
            "6281234567890@lid",
            "6281234567890@g.us",
            "6281234567890@broadcast",
            "6281234567890@newsletter",
            "status@broadcast",
            "081234567890@c.us",
            "0@s.whatsapp.net",
            "62812-3456-7890@c.us",
            "abc@c.us",
        ] {
            assert_eq!(jid(none).phone(), None, "{none}");
        }
    }

    #[test]
    fn an_old_mexican_address_is_the_number_without_its_one() {
        let phone = jid("5215512345678@s.whatsapp.net").phone().unwrap();
        assert_eq!(phone.e164(), "+525512345678");
    }

    #[test]
    fn refuses_with_the_part_that_is_wrong() {
        let long = format!("{}@c.us", "1".repeat(156));
        let rows = [
            ("", JidError::NoServer),
            ("6281234567890", JidError::NoServer),
            ("s.whatsapp.net", JidError::NoServer),
            ("6281234567890@", JidError::UnknownServer),
            ("6281234567890@example.com", JidError::UnknownServer),
            ("6281234567890@S.WHATSAPP.NET", JidError::UnknownServer),
            ("6281234567890@c.us@c.us", JidError::UnknownServer),
            ("6281234567890@c.us ", JidError::UnknownServer),
            ("6281234567890@c.us\0", JidError::UnknownServer),
            ("@c.us", JidError::InvalidUser),
            (":1@c.us", JidError::InvalidUser),
            ("+6281234567890@c.us", JidError::InvalidUser),
            ("62812 3456@c.us", JidError::InvalidUser),
            ("٦٢٨١٢@c.us", JidError::InvalidUser),
            ("6281234567890:@c.us", JidError::InvalidDevice),
            ("6281234567890:x@c.us", JidError::InvalidDevice),
            ("6281234567890:+1@c.us", JidError::InvalidDevice),
            ("6281234567890:-1@c.us", JidError::InvalidDevice),
            ("6281234567890:1:2@c.us", JidError::InvalidDevice),
            ("6281234567890:65536@c.us", JidError::InvalidDevice),
            ("120363000000000000:1@g.us", JidError::InvalidDevice),
            ("ID.13491208655302741918:1@bsuid", JidError::InvalidDevice),
            (long.as_str(), JidError::TooLong),
        ];
        for (text, error) in rows {
            assert_eq!(Jid::parse(text), Err(error), "{text}");
        }
        assert!(Jid::parse(&format!("{}@c.us", "1".repeat(155))).is_ok());
    }

    #[test]
    fn debug_masks_the_user() {
        assert_eq!(format!("{:?}", jid("6281234567890:3@s.whatsapp.net")), "Jid(…90@s.whatsapp.net)");
        assert_eq!(format!("{:?}", jid("12345@lid")), "Jid(…@lid)");
        assert_eq!(format!("{:?}", jid("status@broadcast")), "Jid(status@broadcast)");
    }
}
