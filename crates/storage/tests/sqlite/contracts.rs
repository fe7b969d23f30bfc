//! The suites that every store passes.

mod otp {
    wartel_otp::otp_store_contract!(crate::sqlite::support::fresh());
}

mod outbox {
    wartel_messaging::outbox_contract!(crate::sqlite::support::fresh());
}

mod registration {
    wartel_registration::registration_store_contract!(async {
        let stores = crate::sqlite::support::fresh().await;
        (stores.clone(), stores)
    });
}
