//! The store and the reference model, driven by the same random steps.

use std::sync::Arc;

use wartel_otp::testing::model::store_agrees_with_the_model;

use super::support::{fresh, rounds};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn the_store_agrees_with_the_model() {
    store_agrees_with_the_model(Arc::new(fresh().await), rounds(24)).await;
}
