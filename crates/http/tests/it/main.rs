//! The contract of the HTTP interface, row by row, on the real services with memory stores.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    missing_docs,
    unreachable_pub
)]

mod accounts;
mod app;
mod docs;
mod health;
mod inbox;
mod logs;
mod pages;
mod register;
mod request_otp;
mod shapes;
mod shop;
mod store;
mod v1;
mod verifications;
mod verify_otp;
mod waiting;
mod webhook_log;
mod webhooks;
