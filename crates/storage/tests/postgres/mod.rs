// Without a server all that follows is ignored, so its helpers are not used.
#![cfg_attr(not(has_postgres), allow(dead_code))]

mod bot;
mod changes;
mod contracts;
mod failures;
mod inbox;
mod pairing;
mod proxy;
mod races;
mod server;
mod support;
mod tables;
mod tallies;
