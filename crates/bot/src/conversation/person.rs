//! A person of the shop who answers from here, not from the phone: pure functions on a chat.

use std::time::Duration;

use wartel_core::Timestamp;
use wartel_messaging::inbox::InboxEntryId;

use super::chat::{Chat, Pause, PauseBy};
use super::line::LineAuthor;
use super::part::Part;
use crate::tenant::BotSettings;

/// How long the words of a person are worth sending.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// How many messages may wait to be sent.
const WAITING: usize = 20;

/// What became of the words of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said {
    /// They wait to be sent, and the assistant is silent.
    Waits,
    /// They were known already: nothing has changed.
    Known,
    /// Twenty messages wait to be sent already: nothing has changed.
    Full,
}

impl Chat {
    /// A person of the shop answers from here: the assistant is silent from now on, what it was about to say is not said,
    /// and these words wait to be sent for at most an hour, also to a customer who wants no automatic messages.
    ///
    /// `name` names the words; said twice, they wait once. A pause by command that lasts longer stays.
    pub fn person_says(
        &mut self,
        name: InboxEntryId,
        text: &str,
        settings: &BotSettings,
        now: Timestamp,
    ) -> Said {
        if self.taken.contains(&name) {
            return Said::Known;
        }
        if self.outgoing.len() >= WAITING {
            return Said::Full;
        }
        self.take(name);
        let until = now + Duration::from_secs(60 * u64::from(settings.handoff_minutes));
        let lasts = |pause: &Pause| pause.by == PauseBy::Command && pause.until.is_none_or(|it| it > until);
        let longer = self.pause.take().filter(lasts);
        self.pause_by(PauseBy::Person, now, Some(until));
        self.pause = longer.or(self.pause.take());
        self.say(Part::text(text, LineAuthor::Person, now + LIFE).in_any_case(), now);
        Said::Waits
    }
}

#[cfg(test)]
mod tests {
    use wartel_core::{AccountId, TenantId};
    use wartel_messaging::inbox::ContactId;

    use super::*;
    use crate::conversation::{Incoming, PartEnd, PartState};
    use crate::key::ChatKey;

    const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    fn chat() -> Chat {
        Chat::new(ChatKey::new(TenantId::default(), AccountId::default(), ContactId::random()))
    }

    #[test]
    fn the_assistant_is_silent_from_the_moment_on_and_its_words_are_not_said() {
        let (mut chat, settings) = (chat(), BotSettings::default());
        chat.customer_wrote(&Incoming::new(InboxEntryId::random(), "halo", NOW), true, &settings);
        chat.plan(1, vec![Part::text("Halo Kak", LineAuthor::Assistant, NOW + LIFE)], Vec::new(), true, NOW);
        chat.customer_wrote(&Incoming::new(InboxEntryId::random(), "lagi", NOW), true, &settings);
        let name = InboxEntryId::random();
        assert_eq!(chat.person_says(name, "Saya bantu, Kak", &settings, NOW), Said::Waits);
        assert_eq!(chat.person_says(name, "Saya bantu, Kak", &settings, NOW), Said::Known);
        assert!(chat.is_paused(NOW) && chat.burst.is_empty());
        let waits: Vec<String> = chat.outgoing.iter().map(Part::words).collect();
        assert_eq!(waits, ["Saya bantu, Kak"]);
        assert!(chat.due_at().is_some_and(|due| due <= NOW));

        let part = chat.begin_part(NOW).unwrap();
        assert!(chat.may_send(&part, NOW), "the pause does not hold back what a person says");
        let line = chat.end_part(&PartEnd::Sent { id: Some("id-1".to_owned()) }, NOW).unwrap();
        assert_eq!((line.author, line.text.as_str()), (LineAuthor::Person, "Saya bantu, Kak"));
        assert!(chat.has_sent(Some("id-1"), None, NOW), "its echo is no other person");
    }

    #[test]
    fn what_is_being_sent_has_its_own_end_and_a_longer_pause_stays() {
        let (mut chat, settings) = (chat(), BotSettings::default());
        chat.say(Part::text("Halo Kak", LineAuthor::Assistant, NOW + LIFE), NOW);
        chat.begin_part(NOW);
        chat.pause_by(PauseBy::Command, NOW, None);
        chat.person_says(InboxEntryId::random(), "Saya bantu", &settings, NOW);
        assert!(matches!(chat.outgoing[0].state, PartState::Trying { .. }));
        assert_eq!((chat.outgoing.len(), chat.pause.clone().unwrap().until), (2, None));
        chat.pause_by(PauseBy::Command, NOW, Some(NOW + LIFE));
        chat.person_says(InboxEntryId::random(), "Sebentar", &settings, NOW);
        let until = chat.pause.clone().unwrap().until.unwrap();
        assert_eq!(until.since(NOW), Duration::from_secs(720 * 60));
    }

    #[test]
    fn words_that_wait_are_bounded() {
        let (mut chat, settings) = (chat(), BotSettings::default());
        for _ in 0..WAITING {
            assert_eq!(chat.person_says(InboxEntryId::random(), "a", &settings, NOW), Said::Waits);
        }
        let before = chat.clone();
        assert_eq!(chat.person_says(InboxEntryId::random(), "a", &settings, NOW), Said::Full);
        assert!(chat == before);
    }
}
