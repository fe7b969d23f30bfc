//! Phone numbers inside documents, as E.164. The number itself has no serde, so that it is never written by accident.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use wartel_core::PhoneNumber;

pub(crate) fn serialize<S: Serializer>(phone: &PhoneNumber, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(phone.e164())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PhoneNumber, D::Error> {
    let text = String::deserialize(deserializer)?;
    PhoneNumber::from_e164(&text).map_err(|_| D::Error::custom("not a phone number"))
}

/// The same for a number that may be missing.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, PhoneNumber, Serializer};
    use serde::Serialize as _;
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(
        phone: &Option<PhoneNumber>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        phone.as_ref().map(PhoneNumber::e164).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PhoneNumber>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| PhoneNumber::from_e164(&text))
            .transpose()
            .map_err(|_| D::Error::custom("not a phone number"))
    }
}
