//! Pairing in a database that instances share.

use std::sync::Arc;

use wartel_messaging::pairing::PairingStore;

use super::support::{database, stores};

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn failures_outlive_a_restart() {
    let url = database().await;
    let open = || {
        let url = url.clone();
        async move { Arc::new(stores(&url).await) as Arc<dyn PairingStore> }
    };
    crate::pairing::failures_outlive_a_restart(open, |store| async move { drop(store) }).await;
}

#[tokio::test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn instances_share_one_code() {
    let url = database().await;
    let instances = [stores(&url).await, stores(&url).await, stores(&url).await];
    let instances = instances.map(|store| Arc::new(store) as Arc<dyn PairingStore>);
    crate::pairing::instances_share_one_code(instances).await;
}
