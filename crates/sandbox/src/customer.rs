//! What a customer writes.

use std::fmt;

use crate::provider::Shown;

/// A message that a customer, or the person at the device's phone, writes. `Debug` shows only what kind it is.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct CustomerMessage {
    /// The customer's number, in any spelling.
    pub phone: String,
    /// The text; beside a file its caption, beside a tapped answer its title.
    pub text: String,
    /// The name that the customer gave themselves. Default: `Pelanggan`.
    pub name: String,
    /// As whom the customer appears. Default: by the number.
    pub shown: Shown,
    /// The group (`…@g.us`) that it is written in. Default: none, it is the chat with the customer.
    pub group: Option<String>,
    /// Whether it is a status post instead of a message. Default: no.
    pub story: bool,
    /// Whether the person at the device's phone wrote it to the customer. Default: no.
    pub from_own_phone: bool,
    /// What it is beside its text. Default: nothing.
    pub extra: Extra,
    /// The id of the message that it answers. Default: none.
    pub quotes: Option<String>,
}

/// What a message is beside its text.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Extra {
    /// Nothing: it is text.
    #[default]
    Nothing,
    /// A file.
    Media {
        /// `image`, `document`, `audio`, `video` or `sticker`.
        kind: String,
        /// Its type, such as `image/jpeg`.
        mime: String,
        /// Where it is.
        url: String,
        /// Its name.
        file_name: Option<String>,
    },
    /// An answer that was tapped; the message's text is its title.
    Choice {
        /// The id that the application gave it.
        id: String,
    },
    /// A place, in degrees.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
}

impl Extra {
    /// What stands beside the text on the phone.
    pub(crate) fn attachment(&self) -> Option<String> {
        match self {
            Self::Media { url, file_name, .. } => Some(file_name.clone().unwrap_or_else(|| url.clone())),
            Self::Location { latitude, longitude } => Some(format!("{latitude},{longitude}")),
            Self::Nothing | Self::Choice { .. } => None,
        }
    }
}

impl CustomerMessage {
    /// A text in the chat with a customer.
    #[must_use]
    pub fn new(phone: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            phone: phone.into(),
            text: text.into(),
            name: "Pelanggan".into(),
            shown: Shown::Phone,
            group: None,
            story: false,
            from_own_phone: false,
            extra: Extra::Nothing,
            quotes: None,
        }
    }

    /// From a customer with this name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// From a customer who appears as this.
    #[must_use]
    pub fn shown_as(mut self, shown: Shown) -> Self {
        self.shown = shown;
        self
    }

    /// In a group.
    #[must_use]
    pub fn in_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// As a status post.
    #[must_use]
    pub fn as_story(mut self) -> Self {
        self.story = true;
        self
    }

    /// Written by the person at the device's own phone, to this customer.
    #[must_use]
    pub fn from_own_phone(mut self) -> Self {
        self.from_own_phone = true;
        self
    }

    /// With a file, a tapped answer or a place.
    #[must_use]
    pub fn with(mut self, extra: Extra) -> Self {
        self.extra = extra;
        self
    }

    /// In answer to the message with this id.
    #[must_use]
    pub fn quoting(mut self, id: impl Into<String>) -> Self {
        self.quotes = Some(id.into());
        self
    }
}

impl fmt::Debug for CustomerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerMessage")
            .field("shown", &self.shown)
            .field("group", &self.group.is_some())
            .field("story", &self.story)
            .field("from_own_phone", &self.from_own_phone)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Media { .. } => "Media",
            Self::Choice { .. } => "Choice",
            Self::Location { .. } => "Location",
        })
    }
}
