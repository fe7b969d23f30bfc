//! Pausing and resuming the assistant in the chats of one customer.

use std::time::Duration;

use wartel_core::{Country, PhoneNumber, StoreError};

use super::desk::{AdminDesk, Outcome};
use super::undo::{PauseStep, Step};
use super::{AdminMessage, texts};
use crate::conversation::{Chat, Pause, PauseBy};
use crate::pipeline::change_chat;
use crate::words;

/// Among so many chats, those in which somebody wrote last, a customer is looked for.
const LOOKED_THROUGH: usize = 1_000;
/// The longest pause that a command can set, in minutes: 30 days.
const LONGEST: u32 = 30 * 24 * 60;

/// Whose chats.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
enum Who {
    Number(PhoneNumber),
    /// Folded.
    Name(String),
}

/// The chats of one customer and for how many minutes.
enum Chats {
    Of(Vec<Chat>, Option<u32>),
    Nobody,
    Several,
}

/// What the words behind `/pause` may mean, the likeliest first. A number may be written with spaces, so which of the words
/// are minutes only becomes clear when somebody has that number.
fn readings(words: &[String], country: Country) -> Vec<(Who, Option<u32>)> {
    let phone =
        |words: &[String]| PhoneNumber::parse_lenient(&words.join(" "), country).ok().map(Who::Number);
    let name = |words: &[String]| {
        let name = words::words(&words.join(" ")).join(" ");
        (!name.is_empty()).then_some(Who::Name(name))
    };
    let mut found = Vec::new();
    for read in [&phone as &dyn Fn(&[String]) -> Option<Who>, &name] {
        for at in 1..=words.len() {
            let (who, rest) = words.split_at(at);
            let time = if rest.is_empty() { Some(None) } else { minutes(rest).map(Some) };
            if let (Some(who), Some(time)) = (read(who), time) {
                found.push((who, time));
            }
        }
    }
    found
}

/// `60`, `60m`, `60 menit`, `2 jam`, `2h`.
fn minutes(words: &[String]) -> Option<u32> {
    let text = words.concat().to_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let each = match unit {
        "" | "m" | "mnt" | "min" | "menit" | "minute" | "minutes" => 1,
        "j" | "h" | "jam" | "hour" | "hours" => 60,
        "hari" | "d" | "day" | "days" => 24 * 60,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(each).filter(|minutes| (1..=LONGEST).contains(minutes))
}

impl AdminDesk {
    async fn chats_of(
        &self,
        message: &AdminMessage,
        words: &[String],
        paused: bool,
    ) -> Result<Chats, StoreError> {
        let all = self.parts.chats.list(&message.chat.tenant, paused, LOOKED_THROUGH).await?;
        for (who, minutes) in readings(words, super::country(&message.tenant)) {
            let fits = |chat: &&Chat| match &who {
                Who::Number(number) => chat.phone.as_ref() == Some(number),
                Who::Name(name) => chat.name.as_deref().is_some_and(|it| words::words(it).join(" ") == *name),
            };
            let found: Vec<Chat> = all.iter().filter(fits).cloned().collect();
            let Some(first) = found.first() else { continue };
            // Anybody may call themselves anything: a name that two have is nobody's.
            if found.iter().any(|chat| chat.key.contact != first.key.contact) {
                return Ok(Chats::Several);
            }
            return Ok(Chats::Of(found, minutes));
        }
        Ok(Chats::Nobody)
    }

    pub(super) async fn pause(
        &self,
        message: &AdminMessage,
        words: &[String],
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let (chats, minutes) = match self.chats_of(message, words, false).await? {
            Chats::Of(chats, minutes) => (chats, minutes),
            Chats::Nobody => return Ok(Outcome::refused(texts::no_chat(locale))),
            Chats::Several => return Ok(Outcome::refused(texts::several_chats(locale))),
        };
        let until = minutes.map(|minutes| message.at + Duration::from_secs(60 * u64::from(minutes)));
        let text = texts::paused(locale, &texts::who(locale, chats.first()), minutes);
        self.set_pauses(message, &chats, Some(Pause { by: PauseBy::Command, since: message.at, until }), text)
            .await
    }

    pub(super) async fn resume(
        &self,
        message: &AdminMessage,
        words: &[String],
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let chats = match self.chats_of(message, words, true).await? {
            Chats::Of(chats, None) => chats,
            Chats::Of(_, Some(_)) | Chats::Nobody => return Ok(Outcome::refused(texts::no_pause(locale))),
            Chats::Several => return Ok(Outcome::refused(texts::several_chats(locale))),
        };
        let text = texts::resumed(locale, &texts::who(locale, chats.first()), message.tenant.bot.enabled);
        self.set_pauses(message, &chats, None, text).await
    }

    async fn set_pauses(
        &self,
        message: &AdminMessage,
        chats: &[Chat],
        pause: Option<Pause>,
        text: String,
    ) -> Result<Outcome, StoreError> {
        let mut steps = Vec::new();
        for chat in chats {
            let mut before = None;
            change_chat(&self.parts.chats, &self.parts.clock, &chat.key, |chat| {
                before.clone_from(&chat.pause);
                match &pause {
                    Some(pause) => chat.pause_by(pause.by.clone(), pause.since, pause.until),
                    None => chat.resume(),
                }
                Some(Vec::new())
            })
            .await?;
            steps.push(PauseStep { key: chat.key.clone(), before, left: pause.clone() });
        }
        let target = chats.first().map(|chat| chat.key.contact.to_string()).unwrap_or_default();
        self.can_undo(message, &Step::Pauses { chats: steps }).await?;
        Ok(Outcome::done(text).on(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_spaces_and_minutes_are_told_apart() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let number = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
        for (text, minutes) in [
            ("081234567890", None),
            ("0812-3456-7890", None),
            ("+62 812 3456 7890", None),
            ("081234567890 60", Some(60)),
            ("0812 3456 7890 2 jam", Some(120)),
            ("0812 3456 7890 90menit", Some(90)),
        ] {
            let found = readings(&words(text), Country::INDONESIA);
            assert!(found.contains(&(Who::Number(number.clone()), minutes)), "{text}");
        }
        let named = readings(&words("Pak Budi 1 hari"), Country::INDONESIA);
        assert!(named.contains(&(Who::Name("pak budi".to_owned()), Some(1_440))));
        assert!(minutes(&words("0")).is_none() && minutes(&words("99999")).is_none());
    }
}
