//! The answers, in Indonesian or English, made of nothing but results.

use serde_json::{Map, Value};

use super::facts::{self, Car, field, grouped, money, text};
use super::goal::Goal;
use super::tools::Kind;
use super::turn::Turn;
use super::wish::Wish;

/// Most cars in one answer.
const MAX_CARS: usize = 4;

/// One of two languages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice {
    pub(super) english: bool,
}

impl Voice {
    fn say(self, indonesian: &str, english: &str) -> String {
        if self.english { english.to_owned() } else { indonesian.to_owned() }
    }

    /// What is said of a tool's result.
    pub(super) fn result(self, kind: Option<Kind>, result: &Value, wish: &Wish) -> String {
        let Some(kind) = kind else { return self.anything(result) };
        if !facts::succeeded(result) {
            return self.failure(kind);
        }
        match kind {
            Kind::Search => self.cars(&facts::cars(result)),
            Kind::Details => match facts::cars(result).first() {
                Some(car) => self.details(car, result),
                None => self.anything(result),
            },
            Kind::Profile => self.profile(result, wish),
            Kind::Credit => self.credit(result),
            Kind::Visit => self.visit(result),
            Kind::Photos => self.say("Fotonya sudah saya kirim ya, Kak.", "I have sent you the photos."),
            Kind::Interest => {
                self.say("Baik, minat Kakak sudah saya catat.", "Thank you, I have noted your interest.")
            }
            Kind::Human => self.say(
                "Baik Kak, saya teruskan ke tim kami. Mohon ditunggu ya.",
                "I have passed this on to our team. Somebody will get back to you.",
            ),
        }
    }

    fn failure(self, kind: Kind) -> String {
        match kind {
            Kind::Photos => self.say(
                "Maaf, fotonya belum bisa saya kirim. Boleh saya teruskan ke tim kami?",
                "Sorry, I cannot send the photos right now. May I pass this on to our team?",
            ),
            Kind::Visit => self.say(
                "Maaf, jadwalnya belum bisa saya catat. Boleh saya teruskan ke tim kami?",
                "Sorry, I could not book that. May I pass this on to our team?",
            ),
            _ => self.unsure(),
        }
    }

    /// When nothing is known.
    pub(super) fn unsure(self) -> String {
        self.say(
            "Maaf, itu belum bisa saya pastikan. Boleh saya teruskan ke tim kami?",
            "Sorry, I cannot confirm that right now. May I pass this on to our team?",
        )
    }

    fn line(car: &Car) -> String {
        let mut parts = vec![car.title.clone()];
        parts.extend(car.price.clone());
        parts.extend(car.more.iter().cloned());
        let code = car.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        format!("{}{code}", parts.join(", "))
    }

    fn cars(self, cars: &[Car]) -> String {
        if cars.is_empty() {
            return self.say(
                "Maaf Kak, belum ada unit yang cocok. Mau saya carikan model atau budget lain?",
                "Sorry, nothing fits right now. Shall I look for another model or budget?",
            );
        }
        let mut lines = vec![self.say("Ini unit yang cocok, Kak:", "Here is what we have:")];
        lines.extend(cars.iter().take(MAX_CARS).map(|car| format!("- {}", Self::line(car))));
        if cars.len() > MAX_CARS {
            lines.push(self.say("Masih ada pilihan lain.", "There are more."));
        }
        lines.push(self.say("Mau lihat fotonya?", "Would you like to see photos?"));
        lines.join("\n")
    }

    fn details(self, car: &Car, result: &Value) -> String {
        let mut lines = vec![Self::line(car)];
        let about = facts::body(result)
            .and_then(|body| text(body, &["description", "notes", "condition", "deskripsi"]));
        lines.extend(about);
        lines.push(self.say("Mau lihat langsung unitnya?", "Would you like to come and see it?"));
        lines.join("\n")
    }

    fn profile(self, result: &Value, wish: &Wish) -> String {
        let Some(body) = facts::body(result) else { return self.anything(result) };
        let both = wish.asks_address == wish.asks_hours;
        let mut lines = Vec::new();
        lines.extend(text(body, &["name", "shop_name", "nama"]));
        if both || wish.asks_address {
            let address = text(body, &["address", "alamat", "location", "full_address"]);
            lines.extend(address.map(|address| format!("{}: {address}", self.say("Alamat", "Address"))));
            lines.extend(text(body, &["maps_url", "map_url", "maps", "google_maps"]));
        }
        if both || wish.asks_hours {
            let hours = field(body, &["hours_text", "hours", "opening_hours", "business_hours", "jam_buka"]);
            let hours = hours.and_then(facts::hours);
            lines.extend(hours.map(|hours| format!("{}: {hours}", self.say("Jam buka", "Hours"))));
        }
        if lines.is_empty() { self.anything(result) } else { lines.join("\n") }
    }

    /// One or several offers, each in a line.
    fn credit(self, result: &Value) -> String {
        let Some(body) = facts::body(result) else { return self.anything(result) };
        let options = ["options", "offers", "simulations", "plans", "terms"]
            .iter()
            .find_map(|name| body.get(*name)?.as_array());
        let mut lines: Vec<String> = match options {
            Some(options) => options
                .iter()
                .filter_map(|option| self.offer(option.as_object()?, body))
                .take(MAX_CARS)
                .collect(),
            None => self.offer(body, body).into_iter().collect(),
        };
        if lines.is_empty() {
            return self.anything(result);
        }
        lines.extend(text(body, &["disclaimer", "note", "catatan"]));
        lines.push(self.say(
            "Ini perkiraan, keputusannya di pihak leasing.",
            "This is an estimate; the finance company decides.",
        ));
        lines.join("\n")
    }

    fn offer(self, offer: &Map<String, Value>, all: &Map<String, Value>) -> Option<String> {
        let monthly = money(
            offer,
            &[
                "monthly_text",
                "monthly_instalment_text",
                "installment_text",
                "monthly_payment_text",
                "cicilan_text",
            ],
            &["monthly", "installment", "monthly_installment", "monthly_payment", "cicilan", "angsuran"],
        )?;
        let mut parts = vec![format!("{} {monthly}", self.say("Cicilan sekitar", "About"))];
        if self.english {
            parts = vec![format!("About {monthly} a month")];
        }
        let paid = [offer, all].into_iter().find_map(|object| {
            money(object, &["down_payment_text", "dp_text"], &["down_payment", "dp", "dp_amount"])
        });
        parts.extend(paid.map(|paid| format!("{} {paid}", self.say("DP", "down payment"))));
        let months = text(offer, &["tenor_months", "months", "tenor", "term_months"]);
        parts.extend(months.map(|months| format!("{months} {}", self.say("bulan", "months"))));
        Some(parts.join(", "))
    }

    fn visit(self, result: &Value) -> String {
        let body = facts::body(result);
        let when = body.and_then(|body| {
            text(body, &["when_text", "time_text", "starts_at_text", "when", "starts_at", "datetime"])
                .or_else(|| {
                    let said = [text(body, &["date"]), text(body, &["time"])];
                    let said: Vec<String> = said.into_iter().flatten().collect();
                    (!said.is_empty()).then(|| said.join(" "))
                })
        });
        match when {
            Some(when) => format!(
                "{} {when}.",
                self.say("Siap Kak, kunjungannya sudah dicatat:", "Your visit is noted:")
            ),
            None => self.say("Siap Kak, kunjungannya sudah dicatat.", "Your visit is noted."),
        }
    }

    /// A result of a tool that nothing is known of: its message, or its plain fields.
    fn anything(self, result: &Value) -> String {
        if !facts::succeeded(result) {
            return self.unsure();
        }
        let Some(body) = facts::body(result) else {
            return result
                .as_str()
                .filter(|text| !text.is_empty())
                .map_or_else(|| self.unsure(), str::to_owned);
        };
        if let Some(ready) = text(body, &["text", "message", "summary", "answer"]) {
            return ready;
        }
        let shown = |(name, value): (&String, &Value)| match value {
            Value::String(text) => Some(format!("{name}: {text}")),
            Value::Number(number) => {
                let number =
                    number.as_u64().filter(|number| *number > 9_999).map_or(number.to_string(), grouped);
                Some(format!("{name}: {number}"))
            }
            _ => None,
        };
        let lines: Vec<String> = body.iter().filter_map(shown).take(8).collect();
        if lines.is_empty() { self.unsure() } else { lines.join("\n") }
    }

    /// What is said where no tool has a part.
    pub(super) fn plain(self, goal: Goal, turn: &Turn<'_>) -> String {
        let greets = matches!(goal, Goal::Search | Goal::Greet | Goal::Unknown) && !turn.spoken_before();
        let hello = if greets { self.say("Halo Kak! ", "Hello! ") } else { String::new() };
        let rest = match goal {
            Goal::Thanks => {
                self.say("Sama-sama, Kak. Ada lagi yang bisa saya bantu?", "You are welcome. Anything else?")
            }
            Goal::OffTopic => self.say(
                "Maaf Kak, saya hanya bisa bantu soal mobil di sini. Lagi cari mobil apa?",
                "Sorry, I can only help with the cars here. What are you looking for?",
            ),
            Goal::Haggle => self.say(
                "Soal harga akhir, tim kami yang bisa memastikan. Mau saya sambungkan?",
                "Our team decides about the final price. Shall I connect you?",
            ),
            Goal::Visit => self.say(
                "Boleh, Kak. Mau datang hari apa dan jam berapa?",
                "Gladly. Which day and time would you like to come?",
            ),
            Goal::Photos | Goal::Credit | Goal::Details => {
                self.say("Boleh, Kak. Mobil yang mana?", "Gladly. Which car do you mean?")
            }
            Goal::Human | Goal::Interest | Goal::Profile => self.unsure(),
            Goal::Search | Goal::Greet | Goal::Unknown => self.say(
                "Lagi cari mobil apa, dan budgetnya sekitar berapa?",
                "Which car are you looking for, and what is your budget?",
            ),
        };
        format!("{hello}{rest}")
    }
}
