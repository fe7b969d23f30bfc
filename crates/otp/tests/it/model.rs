//! The stores of this crate against the reference model of the rules.

use std::sync::Arc;

use wartel_otp::MemoryOtpStore;
use wartel_otp::testing::model::store_agrees_with_the_model;

use crate::desk::rounds;
use crate::json_store::JsonStore;

/// 400 sequences of up to 120 steps; `WARTEL_LONG=100` makes it 40,000.
#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_agrees_with_the_model() {
    store_agrees_with_the_model(Arc::new(MemoryOtpStore::new()), rounds(400)).await;
}

/// The same with ledgers that are written and read as documents: 60 sequences.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_documents_agrees_with_the_model() {
    store_agrees_with_the_model(Arc::new(JsonStore::default()), rounds(60)).await;
}
