//! The Wartel service: registration by one-time codes over WhatsApp.
//!
//! The thin end of the workspace: it reads the environment, puts the crates together and serves. Whatever it
//! decides beyond that is in the wrong room.

mod account;
mod api_key;
mod bot;
mod config;
mod doctor;
mod fallback;
mod forget;
mod keys;
mod messaging;
mod migrate;
mod serve;
mod stores;
mod unlock;
mod webhook;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::account::AccountCommand;
use crate::api_key::ApiKeyCommand;
use crate::config::{Config, ConfigProblems};
use crate::webhook::WebhookCommand;

/// A request makes and drops a hundred small things; this allocator does that in a third of the time that the one of
/// the C library takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Proves phone numbers with one-time codes over WhatsApp.
///
/// Settings come from the environment and from a file `.env` in the present folder.
#[derive(Debug, Parser)]
#[command(name = "wartel-service", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Serves until it is told to stop. This is what happens without a command.
    Serve,
    /// Checks settings, database, provider and device, and says how to mend what is wrong.
    Doctor,
    /// Brings the database's schema up to this version.
    Migrate,
    /// Makes, lists and revokes the keys that programs call `/v1` with.
    ApiKey {
        #[command(subcommand)]
        command: ApiKeyCommand,
    },
    /// Makes, lists and removes the accounts at providers, besides the one that the environment describes.
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Lists what came to an account, and has it handed to consumers again.
    Webhook {
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// Deletes what is kept of a phone and says how much: codes, registration, messages, contact, webhooks. The counters
    /// that limit codes stay. Make sure of who asks.
    Forget {
        /// The number, such as +6281234567890.
        #[arg(long)]
        phone: String,
        /// Of which tenant. Default: the tenant of the public routes.
        #[arg(long, value_parser = api_key::tenant)]
        tenant: Option<wartel_core::TenantId>,
    },
    /// Forgives the failed checks of a phone, so that it may ask for a new code. Make sure of who asks.
    Unlock {
        /// The number, such as 081234567890.
        phone: String,
        /// Of which tenant. Default: the tenant of the public routes.
        #[arg(long, value_parser = api_key::tenant)]
        tenant: Option<wartel_core::TenantId>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    let level = match command {
        // The doctor's answer is for reading; it needs no log beside it.
        Command::Doctor => "off",
        Command::Account { .. }
        | Command::ApiKey { .. }
        | Command::Webhook { .. }
        | Command::Forget { .. }
        | Command::Unlock { .. } => "warn",
        Command::Serve | Command::Migrate => "info",
    };
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
        (Command::Account { command }, Ok(config)) => account::run(&config, command).await,
        (Command::ApiKey { command }, Ok(config)) => api_key::run(&config, command).await,
        (Command::Webhook { command }, Ok(config)) => webhook::run(&config, command).await,
        (Command::Forget { phone, tenant }, Ok(config)) => forget::run(&config, &phone, tenant).await,
        (Command::Unlock { phone, tenant }, Ok(config)) => unlock::run(&config, &phone, tenant).await,
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
