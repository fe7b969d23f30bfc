//! A model that follows a script, and the contract of models.

pub mod contract;
mod scripted;

pub use scripted::ScriptedModel;
