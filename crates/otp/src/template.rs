//! The text that carries a code.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use minijinja::{Environment, context};
use wartel_core::{Locale, Secret};

use crate::purpose::Purpose;

/// The Indonesian text: greeting, what the code is for, the code alone on its line in bold, how long it is
/// valid, that nobody else may have it, thanks.
const INDONESIAN: &str = "\
Halo{% if name %} {{ name }}{% endif %},

Ini adalah kode OTP untuk {{ purpose }} {{ app }}:

*{{ code }}*

Kode ini berlaku {{ valid }}.
Jangan berikan kode ini kepada siapa pun, termasuk kepada petugas {{ app }}.

Terima kasih.";

/// The same facts in the same order in English.
const ENGLISH: &str = "\
Hello{% if name %} {{ name }}{% endif %},

This is the OTP code to {{ purpose }} {{ app }}:

*{{ code }}*

The code is valid for {{ valid }}.
Give it to nobody, not even to the staff of {{ app }}.

Thank you.";

/// The texts that carry a code, one for each language.
///
/// Templates are in the syntax of Jinja. They know `name` (may be missing), `app`, `code`, `valid` (the time
/// really left, such as "5 menit"), `purpose` (such as "verifikasi pendaftaran"), and `vars.<name>` for the
/// [variables](crate::Start::variable) of the request.
#[derive(Clone)]
pub struct MessageTemplates {
    environment: Environment<'static>,
}

/// A template cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The template is not Jinja, or uses what does not exist.
    #[error("the template for `{locale}` cannot be rendered")]
    Syntax {
        /// The language of the template.
        locale: &'static str,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The text would not carry the code exactly once, or be too long for a message.
    #[error("the template for `{locale}` must show the code once, in at most 1,000 characters")]
    Code {
        /// The language of the template.
        locale: &'static str,
    },
}

/// What a text is made of.
pub(crate) struct Texting<'a> {
    pub(crate) locale: Locale,
    pub(crate) greeting: Option<&'a str>,
    pub(crate) app: &'a str,
    pub(crate) purpose: &'a Purpose,
    pub(crate) code: &'a Secret,
    pub(crate) valid_for: Duration,
    pub(crate) variables: &'a BTreeMap<String, String>,
}

impl Default for MessageTemplates {
    fn default() -> Self {
        let mut environment = Environment::empty();
        environment.set_fuel(Some(10_000));
        let templates = Self { environment };
        // Both are constants that a test renders; were one broken, rendering it would say so.
        templates
            .add(Locale::Id, INDONESIAN)
            .and_then(|templates| templates.add(Locale::En, ENGLISH))
            .unwrap_or_else(|_| Self { environment: Environment::empty() })
    }
}

impl MessageTemplates {
    /// With another text for one language.
    ///
    /// # Errors
    /// [`TemplateError`] if the text cannot be rendered or does not show the code exactly once.
    pub fn with(self, locale: Locale, source: &str) -> Result<Self, TemplateError> {
        let templates = self.add(locale, source)?;
        let code = Secret::new("918273");
        let sample = Texting {
            locale,
            greeting: Some("Budi"),
            app: "Wartel",
            purpose: &Purpose::REGISTRATION,
            code: &code,
            valid_for: Duration::from_secs(300),
            variables: &BTreeMap::new(),
        };
        let text = templates.render(&sample)?;
        let shown = text.expose().matches(code.expose()).count();
        if shown == 1 && text.expose().chars().count() <= 1_000 {
            Ok(templates)
        } else {
            Err(TemplateError::Code { locale: locale.tag() })
        }
    }

    fn add(mut self, locale: Locale, source: &str) -> Result<Self, TemplateError> {
        self.environment
            .add_template_owned(locale.tag(), source.to_owned())
            .map_err(|error| TemplateError::Syntax { locale: locale.tag(), source: error.into() })?;
        Ok(self)
    }

    /// The text of one message.
    pub(crate) fn render(&self, texting: &Texting<'_>) -> Result<Secret, TemplateError> {
        let locale = texting.locale.tag();
        let rendered = self.environment.get_template(locale).and_then(|template| {
            template.render(context! {
                name => texting.greeting.unwrap_or_default(),
                app => texting.app,
                code => texting.code.expose(),
                valid => spoken(texting.valid_for, texting.locale),
                purpose => purpose_in_words(texting.purpose, texting.locale),
                vars => texting.variables,
            })
        });
        rendered.map(Secret::new).map_err(|error| TemplateError::Syntax { locale, source: error.into() })
    }
}

impl fmt::Debug for MessageTemplates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageTemplates")
    }
}

/// The time really left. Whole minutes, never more than there are but for the seconds that a message takes
/// on its way; under a minute in tens of seconds.
fn spoken(left: Duration, locale: Locale) -> String {
    let seconds = left.as_secs() + 5;
    let minutes = seconds / 60;
    match (locale, minutes) {
        (Locale::En, 0) => format!("{} seconds", (seconds / 10).max(1) * 10),
        (Locale::En, 1) => "1 minute".to_owned(),
        (Locale::En, minutes) => format!("{minutes} minutes"),
        (_, 0) => format!("{} detik", (seconds / 10).max(1) * 10),
        (_, minutes) => format!("{minutes} menit"),
    }
}

fn purpose_in_words(purpose: &Purpose, locale: Locale) -> &'static str {
    let index = [Purpose::REGISTRATION, Purpose::LOGIN, Purpose::PASSWORD_RESET, Purpose::CHANGE_OF_NUMBER]
        .iter()
        .position(|known| known == purpose);
    match (locale, index) {
        (Locale::En, Some(0)) => "verify your registration with",
        (Locale::En, Some(1)) => "log in to",
        (Locale::En, Some(2)) => "set a new password for",
        (Locale::En, Some(3)) => "verify your new number with",
        (Locale::En, _) => "verify your number with",
        (_, Some(0)) => "verifikasi pendaftaran",
        (_, Some(1)) => "masuk ke",
        (_, Some(2)) => "mengatur ulang kata sandi",
        (_, Some(3)) => "verifikasi nomor baru Anda di",
        (_, _) => "verifikasi nomor Anda di",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(locale: Locale, greeting: Option<&str>, seconds: u64) -> String {
        let code = Secret::new("012345");
        let texting = Texting {
            locale,
            greeting,
            app: "Toko Budi",
            purpose: &Purpose::REGISTRATION,
            code: &code,
            valid_for: Duration::from_secs(seconds),
            variables: &BTreeMap::new(),
        };
        MessageTemplates::default().render(&texting).unwrap().expose().to_owned()
    }

    #[test]
    fn the_indonesian_text_carries_its_facts_in_order() {
        let text = text(Locale::Id, Some("Siti"), 300);
        let facts = [
            "Halo Siti",
            "kode OTP",
            "verifikasi pendaftaran Toko Budi",
            "\n*012345*\n",
            "5 menit",
            "siapa pun",
            "Terima kasih",
        ];
        let places: Vec<_> = facts.iter().map(|fact| text.find(fact).expect(fact)).collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn without_a_name_nobody_is_greeted_by_name() {
        assert!(text(Locale::Id, None, 300).starts_with("Halo,\n"));
        assert!(text(Locale::En, None, 300).starts_with("Hello,\n"));
    }

    #[test]
    fn the_minutes_are_those_really_left() {
        for (seconds, id, en) in [
            (300, "5 menit", "5 minutes"),
            (298, "5 menit", "5 minutes"),
            (290, "4 menit", "4 minutes"),
            (61, "1 menit", "1 minute"),
            (45, "50 detik", "50 seconds"),
            (30, "30 detik", "30 seconds"),
        ] {
            assert!(text(Locale::Id, None, seconds).contains(id), "{seconds}");
            assert!(text(Locale::En, None, seconds).contains(en), "{seconds}");
        }
    }

    #[test]
    fn own_templates_must_show_the_code_once() {
        let own = |source: &str| MessageTemplates::default().with(Locale::Id, source);
        assert!(own("Kode {{ app }}: *{{ code }}*").is_ok());
        assert!(matches!(own("Halo"), Err(TemplateError::Code { .. })));
        assert!(matches!(own("{{ code }} {{ code }}"), Err(TemplateError::Code { .. })));
        assert!(matches!(own("{{ code"), Err(TemplateError::Syntax { .. })));
        assert!(
            own("{% for a in range(9) %}{% for b in range(9999) %}{{ code }}{% endfor %}{% endfor %}")
                .is_err()
        );
    }
}
