//! Which language model answers, out of the variables `AI_…`.

use std::sync::Arc;

use wartel_bot::llm::{BackendSettings, LlmConfigError, ModelSet, Models, NoLlmEvents, Price};
use wartel_bot::spend::MemorySpendStore;
use wartel_core::SystemClock;

use super::{Ai, ConfigProblem, Environment, Vars};

/// The variables, so that a typing error is told.
const NAMES: [&str; 5] = ["AI_PROVIDER", "AI_API_KEY", "AI_BASE_URL", "AI_MODEL", "AI_PRICE"];

/// How a price is written.
const PRICE: &str = "must be three amounts in US dollars for each million tokens, of the prompt, of a cached prompt and of \
                     the answer: 0.6,0.11,2.2";

pub(super) fn read(vars: &Vars, environment: Environment, problems: &mut Vec<ConfigProblem>) -> Ai {
    let mut problem = |name: &str, advice: String| {
        problems.push(ConfigProblem { name: name.to_owned(), advice });
    };
    for name in vars.names().filter(|name| name.starts_with("AI_") && !NAMES.contains(name)) {
        problem(name, format!("is not known; the names are {}", NAMES.join(", ")));
    }
    let default = (environment == Environment::Development).then_some("sandbox");
    match vars.get("AI_PROVIDER").or(default) {
        None | Some("none") => Ai::None,
        Some("sandbox") => Ai::Sandbox,
        Some(provider) => {
            let mut settings = BackendSettings::new(provider, vars.get("AI_MODEL").unwrap_or_default());
            if let Some(key) = vars.get("AI_API_KEY") {
                settings = settings.with_api_key(key.to_owned());
            }
            if let Some(base) = vars.get("AI_BASE_URL") {
                settings = settings.with_base_url(base);
            }
            if let Some(price) = vars.get("AI_PRICE") {
                match price_of(price) {
                    Some(price) => settings = settings.with_price(price),
                    None => problem("AI_PRICE", PRICE.to_owned()),
                }
            }
            if let Err(error) = check(&settings) {
                let name = match error.field {
                    "model" => "AI_MODEL",
                    "api_key" => "AI_API_KEY",
                    "base_url" => "AI_BASE_URL",
                    "price" => "AI_PRICE",
                    _ => "AI_PROVIDER",
                };
                problem(name, error.to_string());
            }
            Ai::Backend(settings)
        }
    }
}

/// Reads `0.6,0.11,2.2`.
fn price_of(text: &str) -> Option<Price> {
    let amounts: Vec<u64> = text.split(',').map(micros).collect::<Option<_>>()?;
    let [input, cached, output] = amounts.as_slice() else { return None };
    Some(Price::new(*input, *cached, *output))
}

/// Millionths of a dollar in an amount such as `0.11`.
fn micros(amount: &str) -> Option<u64> {
    let (whole, rest) = amount.trim().split_once('.').unwrap_or((amount.trim(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || rest.len() > 6 || !digits(whole) || !digits(rest) {
        return None;
    }
    let fraction: u64 = format!("{rest:0<6}").parse().ok()?;
    Some(whole.parse::<u64>().ok()? * 1_000_000 + fraction)
}

/// Whether a program could ask this model, as far as its settings go.
fn check(settings: &BackendSettings) -> Result<(), LlmConfigError> {
    let models = Models::new(Arc::new(MemorySpendStore::new()), Arc::new(SystemClock), Arc::new(NoLlmEvents));
    models.set_default(ModelSet::new(vec![settings.backend()?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_three_amounts() {
        assert_eq!(price_of("0.6, 0.11,2.2"), Some(Price::new(600_000, 110_000, 2_200_000)));
        assert_eq!(price_of("0,0,0"), Some(Price::new(0, 0, 0)));
        for wrong in ["", "1,2", "1,2,3,4", "1;2;3", "-1,2,3", "1e3,2,3", "0.1234567,1,1", "x,1,1"] {
            assert_eq!(price_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_asked_is_named() {
        let read = |pairs: &[(&str, &str)]| {
            let vars: Vars =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let mut problems = Vec::new();
            let ai = read(&vars, Environment::Production, &mut problems);
            (ai, problems.into_iter().map(|problem| problem.name).collect::<Vec<_>>())
        };
        assert!(matches!(read(&[]), (Ai::None, problems) if problems.is_empty()));
        let zai = [("AI_PROVIDER", "zai"), ("AI_API_KEY", "made.up"), ("AI_MODEL", "glm-4.7-flash")];
        assert!(matches!(read(&zai), (Ai::Backend(_), problems) if problems.is_empty()));
        let coding = ("AI_BASE_URL", "https://api.z.ai/api/coding/paas/v4");
        for (pairs, name) in [
            ([&zai[..], &[coding]].concat(), "AI_BASE_URL"),
            (vec![zai[0], zai[2]], "AI_API_KEY"),
            (vec![zai[0], zai[1]], "AI_MODEL"),
            (vec![("AI_PROVIDER", "chatty"), zai[1], zai[2]], "AI_PROVIDER"),
            ([&zai[..], &[("AI_PRICE", "cheap")]].concat(), "AI_PRICE"),
            ([&zai[..], &[("AI_TOKEN", "x")]].concat(), "AI_TOKEN"),
        ] {
            assert_eq!(read(&pairs).1, [name]);
        }
    }
}
