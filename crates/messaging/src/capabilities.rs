//! What a provider can do, as data.

/// The longest text that WhatsApp takes, in characters.
const MAX_TEXT: usize = 4_096;

/// What a provider can do. What it cannot do it refuses with
/// [`SendErrorKind::Unsupported`](crate::SendErrorKind::Unsupported).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// Sends anything at all. `false` means that messaging is switched off.
    pub enabled: bool,
    /// Sends one-time codes.
    pub one_time_code: bool,
    /// Sends plain text.
    pub text: bool,
    /// The longest text that goes out, in characters. Default: 4,096, which is what WhatsApp takes.
    pub max_text: usize,
    /// Sends files that lie at a public address.
    pub media_urls: bool,
    /// Sends files from their bytes.
    pub media_bytes: bool,
    /// Shows answers to tap on; otherwise a choice goes out as numbered text.
    pub buttons: bool,
    /// Sends templates that the provider has approved; otherwise their text.
    pub templates: bool,
    /// Quotes the message that is answered.
    pub quotes: bool,
    /// Reaches people of whom only the LID is known.
    pub lid_recipients: bool,
    /// Answers with an id for each message.
    pub message_ids: bool,
    /// Reports by webhook what became of a message.
    pub receipts: bool,
}

impl Capabilities {
    /// An enabled provider that can do nothing yet.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            enabled: true,
            one_time_code: false,
            text: false,
            max_text: MAX_TEXT,
            media_urls: false,
            media_bytes: false,
            buttons: false,
            templates: false,
            quotes: false,
            lid_recipients: false,
            message_ids: false,
            receipts: false,
        }
    }

    /// Messaging is switched off.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { enabled: false, ..Self::none() }
    }

    /// Sends one-time codes too.
    #[must_use]
    pub const fn with_one_time_code(mut self) -> Self {
        self.one_time_code = true;
        self
    }

    /// Sends plain text too.
    #[must_use]
    pub const fn with_text(mut self) -> Self {
        self.text = true;
        self
    }

    /// Sends texts of at most so many characters.
    #[must_use]
    pub const fn with_max_text(mut self, characters: usize) -> Self {
        self.max_text = characters;
        self
    }

    /// Sends files at public addresses too.
    #[must_use]
    pub const fn with_media_urls(mut self) -> Self {
        self.media_urls = true;
        self
    }

    /// Sends files from their bytes too.
    #[must_use]
    pub const fn with_media_bytes(mut self) -> Self {
        self.media_bytes = true;
        self
    }

    /// Shows answers to tap on too.
    #[must_use]
    pub const fn with_buttons(mut self) -> Self {
        self.buttons = true;
        self
    }

    /// Sends approved templates too.
    #[must_use]
    pub const fn with_templates(mut self) -> Self {
        self.templates = true;
        self
    }

    /// Quotes too.
    #[must_use]
    pub const fn with_quotes(mut self) -> Self {
        self.quotes = true;
        self
    }

    /// Reaches LIDs too.
    #[must_use]
    pub const fn with_lid_recipients(mut self) -> Self {
        self.lid_recipients = true;
        self
    }

    /// Gives message ids too.
    #[must_use]
    pub const fn with_message_ids(mut self) -> Self {
        self.message_ids = true;
        self
    }

    /// Reports receipts too.
    #[must_use]
    pub const fn with_receipts(mut self) -> Self {
        self.receipts = true;
        self
    }
}
