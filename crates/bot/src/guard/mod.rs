//! What customers write, made plain, and what can be told from it without a model.

mod injection;
mod language;
mod plain;
mod scope;
mod stop;

pub use injection::is_suspicious;
pub use language::{is_foreign_script, language, language_words};
pub use plain::{Flag, MAX_CHARS, Plain, normalise, visible};
pub use scope::{OffTopic, decline, scope};
pub use stop::{Wish, stop};
