//! The Wartel service: registration by one-time codes over WhatsApp.
//!
//! The thin end of the workspace: it reads the environment, puts the crates together and serves. Whatever it
//! decides beyond that is in the wrong room.

mod config;
mod doctor;
mod keys;
mod messaging;
mod migrate;
mod serve;
mod stores;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, ConfigProblems};

/// Proves phone numbers with one-time codes over WhatsApp.
///
/// Settings come from the environment and from a file `.env` in the present folder.
#[derive(Debug, Parser)]
#[command(name = "wartel-service", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Serves until it is told to stop. This is what happens without a command.
    Serve,
    /// Checks settings, database, provider and device, and says how to mend what is wrong.
    Doctor,
    /// Brings the database's schema up to this version.
    Migrate,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    // The doctor's answer is for reading; it needs no log beside it.
    let level = if matches!(command, Command::Doctor) { "off" } else { "info" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();

    let config = read_config();
    let result = match (command, config) {
        (Command::Doctor, config) => return doctor::run(config).await,
        (_, Err(problems)) => Err(problems.into()),
        (Command::Serve, Ok(config)) => serve::run(config).await,
        (Command::Migrate, Ok(config)) => migrate::run(&config).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("wartel-service: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn read_config() -> Result<Config, ConfigProblems> {
    config::from_vars(&config::read_environment()?)
}

/// Speaks to the person at the terminal.
#[allow(clippy::print_stdout)] // This is a program; its words go to standard output, its log to standard error.
fn tell(text: &str) {
    println!("{text}");
}
