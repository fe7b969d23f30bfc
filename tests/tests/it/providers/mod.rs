//! The adapters against the sandbox's providers over HTTP: two readings of the same documentation meet.

mod cloud_api;
mod contract;
mod evolution;
mod fonnte;
mod fuzz;
mod gateway;
mod gowa;
mod pairing;
mod posted;
mod recorded;
mod support;
mod table;
mod twilio;
mod waha;
