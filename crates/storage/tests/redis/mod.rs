// Without a server all that follows is ignored, so its helpers are not used.
#![cfg_attr(not(has_redis), allow(dead_code))]

mod agreement;
mod contracts;
mod failures;
mod keys;
mod probe;
mod proxy;
mod races;
mod server;
mod support;
mod tallies;
