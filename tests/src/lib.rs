//! What the scenarios share: the service as a process, a browser, and answers about the workspace.
//! Unpublished.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod browser;
pub mod flows;
pub mod process;
pub mod workspace;
