//! Runs a sandbox until it is interrupted: `cargo run -p wartel-sandbox --example run [port]`.
//!
//! Prints what an application needs to use it as its Fonnte and as its language model, and the address of the customer's
//! phone.
#![allow(clippy::print_stdout)]

use std::net::{Ipv4Addr, SocketAddr};

use wartel_sandbox::{LlmKind, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let sandbox = Sandbox::builder().bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).start().await?;
    println!("phone:              {}/sandbox/", sandbox.url());
    println!("WHATSAPP_API_URL:   {}", sandbox.url());
    println!("WHATSAPP_API_TOKEN: {}", sandbox.token());
    println!("language model:     {} (key {})", sandbox.llm_base(LlmKind::Zai), sandbox.llm().key());
    std::future::pending::<()>().await;
    Ok(())
}
