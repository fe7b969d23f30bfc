//! The challenge: when it is asked, and what each of its answers does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wartel_core::Secret;
use wartel_otp::challenge_hook::{ChallengeHook, ChallengeHookError, ChallengeRequest};
use wartel_otp::events::{ChallengeVerdict, Limit, OtpEvent};
use wartel_otp::guard::{GuardContext, GuardRefusal, HOOK_TIME, Level, PumpingAction, PumpingPolicy};
use wartel_otp::testing::MockChallengeHook;

use super::scene::{MINUTE, Scene, ip, who};

/// Lets through whoever brings the right response, and counts how often it was asked.
#[derive(Debug, Default)]
struct Captcha {
    asked: AtomicUsize,
}

#[async_trait::async_trait]
impl ChallengeHook for Captcha {
    async fn passes(&self, request: &ChallengeRequest) -> Result<bool, ChallengeHookError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(request.client.is_some());
        Ok(request.response.as_ref().is_some_and(|response| response.expose() == "human"))
    }
}

/// Never answers.
#[derive(Debug)]
struct Hangs;

#[async_trait::async_trait]
impl ChallengeHook for Hangs {
    async fn passes(&self, _: &ChallengeRequest) -> Result<bool, ChallengeHookError> {
        std::future::pending().await
    }
}

/// A scene in which the range of [`somebody`] is hot, and no bucket is.
async fn hot_range(hook: Arc<dyn ChallengeHook>) -> Scene {
    with_hot_range(PumpingPolicy::default(), hook).await
}

async fn with_hot_range(policy: PumpingPolicy, hook: Arc<dyn ChallengeHook>) -> Scene {
    let mut scene = Scene::with(policy, Some(hook));
    for n in 0..20 {
        assert!(scene.junk(&who(1, n, ip(n as u8, 7))).await);
    }
    scene.pass(15 * MINUTE).await;
    scene
}

fn somebody() -> GuardContext {
    who(1, 999, ip(250, 7))
}

async fn asked(scene: &Scene, response: Option<&str>) -> Result<(), GuardRefusal> {
    scene.guard.pass(&somebody(), response.map(Secret::new), scene.now).await
}

/// The verdict that was told last, and whether a refusal was told after it.
fn told(scene: &Scene) -> (ChallengeVerdict, bool) {
    let events = scene.events();
    let verdict = events.iter().rev().find_map(|event| match event {
        OtpEvent::Challenged { why: Level::Prefix, verdict, .. } => Some(*verdict),
        _ => None,
    });
    let refused = matches!(events.last(), Some(OtpEvent::Refused { limit: Limit::Challenge, .. }));
    (verdict.unwrap(), refused)
}

#[tokio::test]
async fn it_is_asked_where_something_wide_is_hot() {
    let captcha = Arc::new(Captcha::default());
    let scene = hot_range(Arc::clone(&captcha) as _).await;
    assert_eq!(captcha.asked.load(Ordering::SeqCst), 0, "asked while nothing was hot");

    assert_eq!(asked(&scene, None).await, Err(GuardRefusal::ChallengeRequired));
    assert_eq!(told(&scene), (ChallengeVerdict::Missing, true));
    assert_eq!(asked(&scene, Some("robot")).await, Err(GuardRefusal::ChallengeRequired));
    assert_eq!(told(&scene), (ChallengeVerdict::Failed, true));
    assert_eq!(asked(&scene, Some("human")).await, Ok(()));
    assert_eq!(told(&scene), (ChallengeVerdict::Passed, false));
    assert_eq!(captcha.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_bucket_that_is_hot_is_denied_without_being_asked() {
    let captcha = Arc::new(Captcha::default());
    let mut scene = Scene::with(PumpingPolicy::default(), Some(Arc::clone(&captcha) as _));
    for n in 0..20 {
        scene.junk(&who(1, n, ip(1, 7))).await;
    }
    scene.pass(15 * MINUTE).await;
    scene.denied_until(&who(1, 999, ip(1, 7))).await;
    assert_eq!(captcha.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn recording_asks_nobody() {
    let mut policy = PumpingPolicy::default();
    policy.action = PumpingAction::Record;
    let captcha = Arc::new(Captcha::default());
    let scene = with_hot_range(policy, Arc::clone(&captcha) as _).await;
    assert_eq!(asked(&scene, None).await, Ok(()));
    assert_eq!(captcha.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_challenge_that_fails_refuses() {
    let mut hook = MockChallengeHook::new();
    hook.expect_passes()
        .times(1)
        .returning(|_| Err(ChallengeHookError::new().with_source("the verifier is away")));
    let scene = hot_range(Arc::new(hook)).await;
    assert_eq!(asked(&scene, Some("human")).await, Err(GuardRefusal::ChallengeUnavailable));
    assert_eq!(told(&scene), (ChallengeVerdict::Unavailable, true));
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_hangs_refuses_in_time() {
    let scene = hot_range(Arc::new(Hangs)).await;
    let before = tokio::time::Instant::now();
    assert_eq!(asked(&scene, Some("human")).await, Err(GuardRefusal::ChallengeUnavailable));
    assert_eq!(before.elapsed(), HOOK_TIME);
    assert_eq!(told(&scene), (ChallengeVerdict::Unavailable, true));
}

/// Nobody pays for an attack on a range but with a challenge: who passes it gets a code, and the attacker none.
#[tokio::test]
async fn customers_pass_and_the_attacker_does_not() {
    let mut scene = hot_range(Arc::new(Captcha::default())).await;
    for n in 0..100_u32 {
        assert!(!scene.junk(&who(1, n, ip((n % 250) as u8, 8))).await);
        let customer = who(1, 5_000 + n, ip((n % 250) as u8, 9));
        assert_eq!(scene.guard.pass(&customer, Some(Secret::new("human")), scene.now).await, Ok(()));
        scene.guard.begun(&customer, scene.now, scene.now);
        scene.guard.done(&customer, scene.now, scene.now);
    }
    // So many verified ones: the range is not hot any more, and nobody is asked.
    scene.pass(15 * super::scene::SECOND).await;
    assert_eq!(asked(&scene, None).await, Ok(()));
}
