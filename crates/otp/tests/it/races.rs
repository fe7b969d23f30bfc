//! A thousand at once through the engine.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wartel_otp::testing::phone_number;
use wartel_otp::{Check, Purpose, Start, StartError, VerificationId};

use crate::desk::{Desk, another, sample};

/// Gives all codes at once.
async fn at_once(desk: &Desk, id: VerificationId, codes: Vec<String>) -> Vec<Check> {
    let gate = Arc::new(Barrier::new(codes.len()));
    let mut checks = JoinSet::new();
    for code in codes {
        let (gate, otp) = (Arc::clone(&gate), desk.otp.clone());
        checks.spawn(async move {
            gate.wait().await;
            otp.check(id, &code).await.unwrap()
        });
    }
    checks.join_all().await
}

fn approvals(checks: &[Check]) -> usize {
    checks.iter().filter(|check| matches!(check, Check::Approved(_))).count()
}

async fn round(desk: &Desk, n: u32) -> (VerificationId, String) {
    let started = desk.otp.start(Start::new(phone_number(n), Purpose::REGISTRATION)).await.unwrap();
    (started.id, desk.code_of(&phone_number(n)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_right_codes_one_is_approved() {
    let desk = Desk::new();
    for n in 0..20 {
        let (id, code) = round(&desk, n).await;
        let checks = at_once(&desk, id, vec![code; 1_000]).await;
        assert_eq!(approvals(&checks), 1);
        assert_eq!(checks.iter().filter(|check| matches!(check, Check::NoActiveCode)).count(), 999);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_wrong_codes_five_count() {
    let desk = Desk::new();
    for n in 0..5 {
        let (id, code) = round(&desk, n).await;
        let checks = at_once(&desk, id, vec![another(&code); 1_000]).await;
        let mut left: Vec<u32> = checks
            .iter()
            .filter_map(|check| match check {
                Check::Wrong { attempts_left } => Some(*attempts_left),
                _ => None,
            })
            .collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 3, 4]);
        assert_eq!(checks.iter().filter(|check| matches!(check, Check::Locked { .. })).count(), 995);
        assert_eq!(approvals(&at_once(&desk, id, vec![code]).await), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_right_code_among_wrong_ones_wins() {
    let desk = Desk::new();
    for n in 0..100 {
        let (id, code) = round(&desk, n).await;
        let wrong = another(&code);
        let checks = at_once(&desk, id, vec![wrong.clone(), wrong.clone(), code, wrong.clone(), wrong]).await;
        assert_eq!(approvals(&checks), 1, "{checks:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_requests_one_message_is_sent() {
    let desk = Desk::new();
    let mut starts = JoinSet::new();
    for n in 0..100_u8 {
        let otp = desk.otp.clone();
        starts.spawn(async move { otp.start(sample().client_ip([203, 0, 113, n].into())).await });
    }
    let answers = starts.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let too_soon = |answer: &&Result<_, _>| matches!(answer, Err(StartError::ResendTooSoon { .. }));
    assert_eq!(answers.iter().filter(too_soon).count(), 99);
    assert_eq!(desk.provider.calls(), 1);
}
