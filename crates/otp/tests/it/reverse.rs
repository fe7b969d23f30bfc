//! Reverse verification: the contract of its store, and the engine with messages that come in.

use std::sync::{Arc, Mutex};

use wartel_core::{
    Locale, ManualClock, MasterKey, PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp,
};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::events::{OtpEvent, OtpEvents};
use wartel_otp::ledger::reverse_steps as steps;
use wartel_otp::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseTarget,
};
use wartel_otp::testing::{MockReverseStore, phone_number, sample_phone};
use wartel_otp::{
    Check, Claim, CodeKeys, InboundProof, InboundTrust, MemoryOtpStore, Nonce, OtpBuilder, Proof, Purpose,
    Received, ReversePolicy, ReverseStart, ReverseStarted, ReverseStore, Start, StartReverseError,
    VerificationState,
};

use crate::desk::{Desk, another, approved, ip, key, seconds};
use crate::json_store::JsonStore;
use crate::logs;

#[path = "reverse/keeping.rs"]
mod keeping;
#[path = "reverse/limits.rs"]
mod limits;
#[path = "reverse/messages.rs"]
mod messages;
#[path = "reverse/stores.rs"]
mod stores;

mod memory {
    wartel_otp::reverse_store_contract!(async { wartel_otp::MemoryOtpStore::new() });
}

mod behind_an_arc {
    wartel_otp::reverse_store_contract!(async { std::sync::Arc::new(wartel_otp::MemoryOtpStore::new()) });
}

mod as_documents {
    wartel_otp::reverse_store_contract!(async { crate::json_store::JsonStore::default() });
}

#[async_trait::async_trait]
impl ReverseStore for JsonStore {
    async fn open_reverse(
        &self,
        request: OpenReverse,
        now: Timestamp,
    ) -> Result<ReverseAdmission, StoreError> {
        self.transact(|tx| steps::open_reverse(tx, &request, now))
    }

    async fn read_reverse(
        &self,
        tenant: &TenantId,
        target: &ReverseTarget,
        now: Timestamp,
    ) -> Result<Vec<ReverseChallenge>, StoreError> {
        self.transact(|tx| steps::read_reverse(tx, tenant, target, now))
    }

    async fn receive_reverse(
        &self,
        receipt: ReverseReceipt,
        now: Timestamp,
    ) -> Result<ReverseOutcome, StoreError> {
        self.transact(|tx| steps::receive_reverse(tx, &receipt, now))
    }

    async fn claim_reverse(&self, claim: ReverseClaim, now: Timestamp) -> Result<ReverseClaimed, StoreError> {
        self.transact(|tx| steps::claim_reverse(tx, &claim, now))
    }
}

fn desk() -> Desk {
    desk_with(|builder| builder)
}

fn desk_with(change: impl FnOnce(OtpBuilder) -> OtpBuilder) -> Desk {
    around(MemoryOtpStore::new(), ManualClock::default(), change)
}

fn around(store: MemoryOtpStore, clock: ManualClock, change: impl FnOnce(OtpBuilder) -> OtpBuilder) -> Desk {
    let reverse = Arc::new(store.clone());
    Desk::around(FakeProvider::default(), store, clock, |builder| change(builder.reverse_store(reverse)))
}

fn wish() -> ReverseStart {
    ReverseStart::new(sample_phone(), Purpose::REGISTRATION)
}

async fn begin(desk: &Desk) -> ReverseStarted {
    desk.otp.start_reverse(wish()).await.unwrap()
}

fn digits(started: &ReverseStarted) -> String {
    started.code.expose().expose().to_owned()
}

/// A signed message.
async fn say(desk: &Desk, from: &PhoneNumber, text: &str) -> Received {
    desk.otp.receive(InboundProof::new(from.clone(), text, InboundTrust::Signed)).await.unwrap()
}

fn proof_of(claim: Claim) -> Proof {
    let Claim::Approved(proof) = claim else { panic!("no proof: {claim:?}") };
    proof
}

fn is_nothing(claim: &Claim) -> bool {
    matches!(claim, Claim::NoActiveCode)
}
