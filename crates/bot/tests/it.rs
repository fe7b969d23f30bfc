//! The tests of the assistant that need more than one part of it: hazards by name, and long random histories.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "tests fail by panicking, hand over what they have just made, and the long ones print their figures"
)]

#[path = "it/admin.rs"]
mod admin;
#[path = "it/admin_codes.rs"]
mod admin_codes;
#[path = "it/console.rs"]
mod console;
#[path = "it/hazards.rs"]
mod hazards;
#[path = "it/hazards_agent.rs"]
mod hazards_agent;
#[path = "it/hazards_more.rs"]
mod hazards_more;
#[path = "it/hazards_planted.rs"]
mod hazards_planted;
#[path = "it/hazards_prompt.rs"]
mod hazards_prompt;
#[path = "it/hazards_races.rs"]
mod hazards_races;
#[path = "it/hazards_secrets.rs"]
mod hazards_secrets;
#[path = "it/hazards_shops.rs"]
mod hazards_shops;
#[path = "it/hazards_time.rs"]
mod hazards_time;
#[path = "it/histories.rs"]
mod histories;
#[path = "it/histories_world.rs"]
mod histories_world;
#[path = "it/llm/mod.rs"]
mod llm;
#[path = "it/shop.rs"]
mod shop;
#[path = "it/trades.rs"]
mod trades;
#[path = "it/verify.rs"]
mod verify;
#[path = "it/verify_samples.rs"]
mod verify_samples;
#[path = "it/verify_words.rs"]
mod verify_words;
