//! The provider contract, once for each provider of the sandbox.

use wartel_sandbox::ProviderKind;

use super::support::SandboxEnv;

mod cloud_api {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::CloudApi, "190").await
    });
}

mod evolution {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::Evolution, "Unauthorized").await
    });
}

mod fonnte {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::Fonnte, "token invalid").await
    });
}

mod gateway {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::Gateway, "Unauthorized").await
    });
}

mod gowa {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::Gowa, "Unauthorized").await
    });
}

mod twilio {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::Twilio, "20003").await
    });
}

mod waha {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        SandboxEnv::new(ProviderKind::Waha, "Unauthorized").await
    });
}
