//! The guard against pumping: the traffic that it lets through, the attacks that it stops, and what it does while its
//! store or its challenge fails.

#[path = "guard/attacks.rs"]
mod attacks;
#[path = "guard/challenge.rs"]
mod challenge;
#[path = "guard/engine.rs"]
mod engine;
#[path = "guard/scene.rs"]
mod scene;
#[path = "guard/stores.rs"]
mod stores;
#[path = "guard/traffic.rs"]
mod traffic;
