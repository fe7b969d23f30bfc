//! The suites that every store passes.

mod otp {
    wartel_otp::otp_store_contract!(
        #[cfg_attr(not(has_redis), ignore = "needs redis-server")]
        crate::redis::support::fresh()
    );
}

mod reverse {
    wartel_otp::reverse_store_contract!(
        #[cfg_attr(not(has_redis), ignore = "needs redis-server")]
        crate::redis::support::fresh()
    );
}

mod tallies {
    wartel_otp::tally_store_contract!(
        #[cfg_attr(not(has_redis), ignore = "needs redis-server")]
        crate::redis::support::fresh()
    );
}
