//! Pairing on a file.

use std::sync::Arc;

use wartel_messaging::pairing::PairingStore;

use super::support::Place;

#[tokio::test]
async fn failures_outlive_a_restart() {
    let place = Arc::new(Place::new());
    let open = || {
        let place = place.clone();
        async move { Arc::new(place.open().await) as Arc<dyn PairingStore> }
    };
    crate::pairing::failures_outlive_a_restart(open, |store| async move { drop(store) }).await;
}

#[tokio::test]
async fn instances_share_one_code() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await, place.open().await];
    crate::pairing::instances_share_one_code(stores.map(|store| Arc::new(store) as Arc<dyn PairingStore>))
        .await;
}
