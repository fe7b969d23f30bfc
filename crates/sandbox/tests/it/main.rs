//! The running sandbox, asked over HTTP as an application, a page or a test would ask it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod account;
mod cloud_api;
mod control;
mod devices;
mod events;
mod evolution;
mod faults;
mod gateway;
mod gateways;
mod llm_faults;
mod llm_rules;
mod llm_wire;
mod mounted;
mod pages;
mod send;
mod support;
mod twilio;
mod webhooks;
