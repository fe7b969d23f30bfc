//! The provider contract, once for each provider of the sandbox.

use wartel_sandbox::ProviderKind;

use super::support::SandboxEnv;

mod fonnte {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::Fonnte, "token invalid").await
    });
}
