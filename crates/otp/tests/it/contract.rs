//! The contracts of the stores on every implementation in this crate.

mod memory {
    wartel_otp::otp_store_contract!(async { wartel_otp::MemoryOtpStore::new() });
}

mod behind_an_arc {
    use std::sync::Arc;
    use wartel_otp::{MemoryOtpStore, OtpStore};

    wartel_otp::otp_store_contract!(async { Arc::new(MemoryOtpStore::new()) as Arc<dyn OtpStore> });
}

/// Writes and reads every ledger as JSON each time, as stores in databases do.
mod as_documents {
    wartel_otp::otp_store_contract!(async { crate::json_store::JsonStore::default() });
}

mod tallies {
    wartel_otp::tally_store_contract!(async { wartel_otp::MemoryTallies::new() });
}

mod tallies_behind_an_arc {
    use std::sync::Arc;
    use wartel_otp::{MemoryTallies, TallyStore};

    wartel_otp::tally_store_contract!(async { Arc::new(MemoryTallies::new()) as Arc<dyn TallyStore> });
}
