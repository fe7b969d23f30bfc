//! The contract suites, run on what this crate ships: the fake, every wrapper, and the memory outbox.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::num::NonZeroU32;

use std::time::Duration;

use wartel_messaging::layers::{
    Failover, Pace, Throttle, WithBreaker, WithFaults, WithHealth, WithLog, WithMetrics, WithReachoutPause,
    WithRetry, WithThrottle, usual,
};
use wartel_messaging::testing::FakeEnv;

mod fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(|fake| fake) });
}

mod fake_behind_arc {
    use super::*;
    use std::sync::Arc;
    use wartel_messaging::MessageProvider;
    wartel_messaging::message_provider_contract!(async {
        FakeEnv::new(|fake| Arc::new(fake) as Arc<dyn MessageProvider>)
    });
}

mod retry_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(WithRetry::new) });
}

mod throttle_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        tokio::time::pause();
        FakeEnv::new(|fake| WithThrottle::new(fake, Throttle::per_second(NonZeroU32::new(10).unwrap())))
    });
}

mod health_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(WithHealth::new) });
}

mod log_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(WithLog::new) });
}

mod metrics_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(WithMetrics::new) });
}

mod breaker_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(WithBreaker::new) });
}

mod reachout_pause_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(WithReachoutPause::new) });
}

mod throttled_recipients_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        tokio::time::pause();
        let patient = Throttle::off().with_recipient(Pace::every(Duration::from_secs(1)));
        FakeEnv::new(|fake| WithThrottle::new(fake, patient.with_max_wait(Duration::from_secs(25))))
    });
}

mod failover_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        FakeEnv::new(|fake| Failover::new(std::sync::Arc::new(fake)))
    });
}

mod faults_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async { FakeEnv::new(|fake| WithFaults::new(fake, [])) });
}

mod the_usual_stack_over_fake {
    use super::*;
    wartel_messaging::message_provider_contract!(async {
        tokio::time::pause();
        let throttle = Throttle::per_second(NonZeroU32::new(20).unwrap());
        FakeEnv::new(|fake| WithLog::new(WithMetrics::new(WithHealth::new(usual(fake, throttle)))))
    });
}

mod memory_outbox {
    wartel_messaging::outbox_contract!(async { wartel_messaging::outbox::MemoryOutbox::new() });
}

#[path = "adapters/samples.rs"]
mod samples;

#[cfg(feature = "cloud-api")]
#[path = "adapters/cloud_api.rs"]
mod cloud_api_over_a_double;

#[cfg(feature = "twilio")]
#[path = "adapters/twilio.rs"]
mod twilio_over_a_double;

#[cfg(feature = "fonnte")]
mod fonnte_over_a_double {
    use std::sync::{Arc, Mutex};

    use http::StatusCode;
    use wartel_core::PhoneNumber;
    use wartel_messaging::MessageProvider;
    use wartel_messaging::adapters::fonnte::{Fonnte, FonnteConfig};
    use wartel_messaging::testing::contract::{Arrived, FailingEnv, Failure, ProviderEnv};
    use wartel_messaging::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};

    /// The far end: reads the form as Fonnte would, and answers in its words.
    #[derive(Debug, Default)]
    struct Double {
        arrived: Mutex<Vec<Arrived>>,
        failure: Mutex<Option<Failure>>,
    }

    #[async_trait::async_trait]
    impl HttpTransport for Double {
        async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
            let failure = self.failure.lock().unwrap().take();
            match failure {
                Some(Failure::NoAnswer) => std::future::pending().await,
                Some(_) => {
                    let body = r#"{"Status":false,"reason":"token invalid","requestid":7}"#;
                    return Ok(HttpResponse::new(StatusCode::OK, body));
                }
                None => {}
            }
            let field = |name: &str| {
                form_urlencoded::parse(&request.body)
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.into_owned())
            };
            let to = PhoneNumber::from_e164(&format!("+{}", field("target").unwrap())).unwrap();
            let mut arrived = self.arrived.lock().unwrap();
            arrived.push(Arrived::new(to, field("message").unwrap()));
            let body =
                format!(r#"{{"status":true,"id":["{}"],"process":"pending","requestid":8}}"#, arrived.len());
            Ok(HttpResponse::new(StatusCode::OK, body))
        }
    }

    struct Env(Arc<Double>, Arc<dyn MessageProvider>);

    impl Env {
        fn new() -> Self {
            tokio::time::pause();
            let double = Arc::new(Double::default());
            let fonnte = Fonnte::with_transport(FonnteConfig::new("made-up-token"), double.clone()).unwrap();
            Self(double, Arc::new(fonnte))
        }
    }

    #[async_trait::async_trait]
    impl ProviderEnv for Env {
        fn provider(&self) -> Arc<dyn MessageProvider> {
            self.1.clone()
        }

        async fn arrived(&self) -> Vec<Arrived> {
            self.0.arrived.lock().unwrap().clone()
        }
    }

    #[async_trait::async_trait]
    impl FailingEnv for Env {
        async fn fail_next(&self, failure: Failure) {
            *self.0.failure.lock().unwrap() = Some(failure);
        }
    }

    wartel_messaging::message_provider_contract!(async { Env::new() });
}

mod memory_pairing {
    use wartel_messaging::pairing::MemoryPairingStore;
    wartel_messaging::pairing_store_contract!(async { MemoryPairingStore::new() });
}
#[cfg(any(feature = "evolution", feature = "gateway", feature = "gowa", feature = "waha"))]
#[path = "adapters/double.rs"]
mod double;

#[cfg(feature = "evolution")]
#[path = "adapters/evolution.rs"]
mod evolution_over_a_double;

#[cfg(feature = "gateway")]
#[path = "adapters/gateway.rs"]
mod gateway_over_a_double;

#[cfg(feature = "waha")]
#[path = "adapters/waha.rs"]
mod waha_over_a_double;

#[cfg(feature = "gowa")]
#[path = "adapters/gowa.rs"]
mod gowa_over_a_double;

mod memory_inbox {
    wartel_messaging::inbox_contract!(async { wartel_messaging::inbox::MemoryInbox::new() });
}

#[cfg(feature = "accounts")]
mod memory_accounts {
    use wartel_messaging::accounts::MemoryAccountStore;
    wartel_messaging::account_store_contract!(async { MemoryAccountStore::new() });
}
