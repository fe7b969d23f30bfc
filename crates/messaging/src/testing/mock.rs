//! The mocks that `mockall` makes of the ports.

pub use crate::outbox::MockOutbox;
pub use crate::provider::MockMessageProvider;
pub use crate::senders::MockSenderBook;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::MockMessageProvider;
    use crate::testing::sample_message;
    use crate::{Accepted, MessageProvider};

    #[tokio::test]
    async fn the_mock_works_behind_the_port() {
        let mut mock = MockMessageProvider::new();
        mock.expect_send()
            .times(1)
            .withf(|message| message.text().expose().contains("482915"))
            .returning(|_| Ok(Accepted::new().with_message_id("m1")));
        let provider: Arc<dyn MessageProvider> = Arc::new(mock);
        assert_eq!(provider.send(&sample_message()).await.unwrap().message_id.unwrap().as_str(), "m1");
    }
}
