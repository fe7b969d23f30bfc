//! The suites that every store passes.

mod otp {
    wartel_otp::otp_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod reverse {
    wartel_otp::reverse_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod tallies {
    wartel_otp::tally_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod outbox {
    wartel_messaging::outbox_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod pairing {
    wartel_messaging::pairing_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod accounts {
    wartel_messaging::account_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod inbox {
    wartel_messaging::inbox_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod api_keys {
    wartel_access::api_key_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        async {
            let stores = crate::postgres::support::fresh().await;
            (stores.clone(), stores)
        }
    );
}

mod audit {
    wartel_access::audit_log_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod registration {
    wartel_registration::registration_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        async {
            let stores = crate::postgres::support::fresh().await;
            (stores.clone(), stores)
        }
    );
}

mod chats {
    wartel_bot::conversation_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod leads {
    wartel_bot::lead_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod tenants {
    wartel_bot::tenant_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod items {
    wartel_bot::catalogue_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod spend {
    wartel_bot::spend_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}

mod admin {
    wartel_bot::admin_store_contract!(
        #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
        crate::postgres::support::fresh()
    );
}
