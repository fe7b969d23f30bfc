//! Redeeming proofs through the engine.

use wartel_core::PhoneNumber;
use wartel_otp::testing::{phone_number, sample_phone};
use wartel_otp::{ProofToken, Purpose, RedeemError};

use crate::desk::{Desk, seconds};

fn refused(result: Result<PhoneNumber, RedeemError>) {
    assert!(matches!(result.unwrap_err(), RedeemError::NotVerified));
}

#[tokio::test]
async fn the_first_owns_a_proof() {
    let desk = Desk::new();
    let proof = desk.proof().await;
    for _ in 0..2 {
        assert_eq!(desk.otp.redeem(proof.clone(), Purpose::REGISTRATION, "a").await.unwrap(), sample_phone());
        refused(desk.otp.redeem(proof.clone(), Purpose::REGISTRATION, "b").await);
    }
    // As text, as it comes back from a browser.
    assert_eq!(desk.otp.redeem(proof.expose(), Purpose::REGISTRATION, "a").await.unwrap(), sample_phone());
}

#[tokio::test]
async fn what_a_proof_is_not_for_leaves_it_as_it_was() {
    let desk = Desk::new();
    let proof = desk.proof().await;
    refused(desk.otp.redeem(proof.clone(), Purpose::LOGIN, "a").await);
    refused(desk.otp.redeem_for(phone_number(2), proof.clone(), Purpose::REGISTRATION, "b").await);
    let other = desk.otp.for_tenant(wartel_core::TenantId::parse("toko-siti").unwrap());
    refused(other.redeem(proof.clone(), Purpose::REGISTRATION, "c").await);
    refused(desk.otp.redeem(proof.clone(), Purpose::REGISTRATION, "d".repeat(129)).await);
    let own = desk.otp.redeem_for(sample_phone(), proof, Purpose::REGISTRATION, "e".repeat(128)).await;
    assert_eq!(own.unwrap(), sample_phone());
}

#[tokio::test]
async fn a_proof_lives_ten_minutes() {
    let desk = Desk::new();
    let proof = desk.proof().await;
    desk.clock.advance(seconds(599));
    assert_eq!(desk.otp.redeem(proof.clone(), Purpose::REGISTRATION, "a").await.unwrap(), sample_phone());
    desk.clock.advance(seconds(1));
    refused(desk.otp.redeem(proof, Purpose::REGISTRATION, "a").await);
}

#[tokio::test]
async fn what_is_no_proof_is_refused() {
    let desk = Desk::new();
    let proof = desk.proof().await;
    let shown = proof.expose();
    let last = if shown.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{}{last}", &shown[..shown.len() - 2]);
    let hash = ProofToken::from(shown).hash().unwrap();
    let too_long = "A".repeat(1_000_000);
    for text in ["", "true", "wtp_", changed.as_str(), hash.as_str(), &shown[4..], too_long.as_str()] {
        refused(desk.otp.redeem(text, Purpose::REGISTRATION, "a").await);
    }
    assert_eq!(desk.otp.redeem(shown, Purpose::REGISTRATION, "b").await.unwrap(), sample_phone());
}

#[tokio::test]
async fn a_forgotten_phone_has_no_proof() {
    let desk = Desk::new();
    let proof = desk.proof().await;
    assert!(desk.otp.forget(&sample_phone()).await.unwrap());
    refused(desk.otp.redeem(proof, Purpose::REGISTRATION, "a").await);
}
