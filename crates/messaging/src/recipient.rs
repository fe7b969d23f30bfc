//! Who a message goes to: a number, or a WhatsApp address whose number nobody knows.

use std::fmt;

use wartel_core::{Jid, JidServer, PhoneNumber};

/// The recipient of a message. There is no `Display`: it is mostly a phone number; [`masked`](Self::masked) is for logs.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recipient {
    /// A person, by phone number.
    Phone(PhoneNumber),
    /// A person of whom only the LID is known, or the business-scoped id of Meta's Cloud API: somebody who wrote first and
    /// hides the number. Only the account that they wrote to reaches one, and not every provider does;
    /// [`Capabilities::lid_recipients`](crate::Capabilities::lid_recipients) says which.
    Lid(Jid),
}

impl Recipient {
    /// The phone number, if it is known.
    #[must_use]
    pub const fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Phone(phone) => Some(phone),
            Self::Lid(_) => None,
        }
    }

    /// The business-scoped id, as Meta writes it, if it is one.
    #[must_use]
    pub fn business_scoped_id(&self) -> Option<&str> {
        match self {
            Self::Lid(jid) if jid.server() == JidServer::BusinessScoped => Some(jid.user()),
            _ => None,
        }
    }

    /// The number with its middle hidden, or `lid` and the last two digits: for logs.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Phone(phone) => phone.masked(),
            Self::Lid(jid) => {
                let user = jid.user();
                format!("lid•••{}", user.get(user.len().saturating_sub(2)..).unwrap_or_default())
            }
        }
    }

    /// The digits of the number, or the user of the LID. Not for logs.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::Phone(phone) => phone.digits(),
            Self::Lid(jid) => jid.user(),
        }
    }

    /// A key that is the same for the same recipient and nobody else. Not for logs.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Phone(phone) => phone.e164().to_owned(),
            Self::Lid(jid) => jid.without_device().to_wire(),
        }
    }
}

impl From<PhoneNumber> for Recipient {
    fn from(phone: PhoneNumber) -> Self {
        Self::Phone(phone)
    }
}

impl From<&PhoneNumber> for Recipient {
    fn from(phone: &PhoneNumber) -> Self {
        Self::Phone(phone.clone())
    }
}

impl PartialEq<PhoneNumber> for Recipient {
    fn eq(&self, phone: &PhoneNumber) -> bool {
        self.phone() == Some(phone)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(phone) => phone.fmt(f),
            Self::Lid(jid) => jid.fmt(f),
        }
    }
}
