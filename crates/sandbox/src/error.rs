//! What can go wrong with the sandbox itself, as opposed to what it is asked to fake.

use std::io;

/// The sandbox could not start, could not use an option, or waited in vain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address could not be bound: it is in use, or not one of this machine.
    #[error("could not bind the sandbox to its address")]
    Bind(#[source] io::Error),
    /// A webhook URL is not of the form `http://host[:port]/path`. The sandbox speaks no TLS.
    #[error("webhook url is not of the form http://host:port/path")]
    WebhookUrl,
    /// An option has a value that cannot work; the text names the option.
    #[error("invalid sandbox option: {0}")]
    Option(&'static str),
    /// What was waited for did not come in the time given: a message to
    /// [`wait_for_message`](crate::SandboxHandle::wait_for_message), requests to
    /// [`wait_for_requests`](crate::SandboxLlm::wait_for_requests).
    #[error("what was waited for did not arrive in the time given")]
    Timeout,
}
