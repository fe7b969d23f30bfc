#![no_main]
//! The first byte chooses the provider, the rest is the body.

#[path = "../decoders.rs"]
mod decoders;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static SOURCES: LazyLock<Vec<std::sync::Arc<dyn wartel_messaging::WebhookSource>>> = LazyLock::new(decoders::all);

fuzz_target!(|data: &[u8]| {
    let Some((which, body)) = data.split_first() else { return };
    if let Some(source) = SOURCES.get(usize::from(*which) % SOURCES.len()) {
        decoders::decode(&**source, body);
    }
});
