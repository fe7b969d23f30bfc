//! The environment of the contract for wrappers: a [`FakeProvider`] inside, the wrapper around it.

use std::sync::Arc;
use std::time::Duration;

use super::FakeProvider;
use super::contract::{Arrived, FailingEnv, Failure, ProviderEnv};
use crate::{MessageProvider, SendErrorKind};

/// Runs the contract on something built around a [`FakeProvider`].
///
/// ```
/// use wartel_messaging::layers::WithRetry;
/// use wartel_messaging::testing::FakeEnv;
///
/// let env = FakeEnv::new(WithRetry::new);
/// ```
#[derive(Debug)]
pub struct FakeEnv {
    fake: FakeProvider,
    provider: Arc<dyn MessageProvider>,
}

impl FakeEnv {
    /// An environment whose provider is built around the fake. `|fake| fake` is the fake alone.
    #[must_use]
    pub fn new<P: MessageProvider>(build: impl FnOnce(FakeProvider) -> P) -> Self {
        let fake = FakeProvider::default();
        Self { provider: Arc::new(build(fake.clone())), fake }
    }
}

#[async_trait::async_trait]
impl ProviderEnv for FakeEnv {
    fn provider(&self) -> Arc<dyn MessageProvider> {
        self.provider.clone()
    }

    async fn arrived(&self) -> Vec<Arrived> {
        self.fake
            .sent()
            .iter()
            .map(|message| Arrived::new(message.to.clone(), message.text().expose()))
            .collect()
    }
}

#[async_trait::async_trait]
impl FailingEnv for FakeEnv {
    async fn fail_next(&self, failure: Failure) {
        match failure {
            Failure::Unauthenticated => self.fake.then_fail(SendErrorKind::Unauthenticated),
            Failure::NoAnswer => self.fake.then_hang(Duration::from_millis(10)),
        };
    }
}
