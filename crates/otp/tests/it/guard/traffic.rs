//! Traffic of people: nobody is refused, whatever some of them do.

use wartel_otp::guard::{Level, Verdict};

use super::scene::{HOUR, MINUTE, Scene, ip, who};

/// A day of customers from everywhere, of whom every tenth gives up.
#[tokio::test]
async fn normal_traffic_is_let_through() {
    let mut scene = Scene::new();
    for n in 0..480_u32 {
        let who = who(n / 10 % 10, n, ip((n % 200) as u8, 7));
        assert_eq!(scene.verdict(&who).await, Verdict::Allow);
        assert!(if n % 10 == 9 { scene.junk(&who).await } else { scene.customer(&who).await });
        scene.pass(3 * MINUTE).await;
    }
    assert_eq!(scene.events(), []);
}

/// One range of numbers from one network of a mobile operator: three in twenty give up, all day long.
#[tokio::test]
async fn a_low_ratio_in_one_bucket_is_let_through() {
    let mut scene = Scene::new();
    for n in 0..480_u32 {
        let who = who(1, n, ip(1, (n % 250) as u8));
        assert_eq!(scene.verdict(&who).await, Verdict::Allow);
        assert!(if n % 20 >= 17 { scene.junk(&who).await } else { scene.customer(&who).await });
        scene.pass(3 * MINUTE).await;
    }
    assert_eq!(scene.events(), []);
}

/// Twenty people behind one address, of whom five give up: their numbers have nothing in common.
#[tokio::test]
async fn a_small_office_behind_one_address_is_let_through() {
    let mut scene = Scene::new();
    for n in 0..20_u32 {
        let who = who(n % 10, n, ip(1, 7));
        assert!(if n % 4 == 0 { scene.junk(&who).await } else { scene.customer(&who).await });
        scene.pass(MINUTE).await;
    }
    scene.pass(15 * MINUTE).await;
    for n in 0..20_u32 {
        assert!(scene.customer(&who(n % 10, 100 + n, ip(1, 7))).await);
    }
}

/// The phones of a company, all of one range and one network: every sixth is not at hand.
#[tokio::test]
async fn a_company_with_numbers_of_its_own_is_let_through() {
    let mut scene = Scene::new();
    for n in 0..24_u32 {
        let who = who(1, n, ip(1, 7));
        assert!(if n % 6 == 5 { scene.junk(&who).await } else { scene.customer(&who).await });
        scene.pass(MINUTE).await;
    }
    scene.pass(15 * MINUTE).await;
    assert_eq!(scene.verdict(&who(1, 100, ip(1, 7))).await, Verdict::Allow);
}

/// Two people who give up are a small number, even where nobody else is.
#[tokio::test]
async fn two_are_never_too_many() {
    let mut scene = Scene::new();
    for n in 0..24_u32 {
        // One every forty minutes: at most two in any hour, and 24 of a day would be too many in one bucket.
        assert!(scene.junk(&who(n % 2, n, ip((n % 2) as u8, 7))).await, "{n}");
        scene.pass(40 * MINUTE).await;
    }
}

/// Codes that are still alive say nothing: a rush is no attack.
#[tokio::test]
async fn a_rush_is_no_attack_while_its_codes_live() {
    let mut scene = Scene::new();
    for n in 0..100_u32 {
        assert!(scene.junk(&who(1, n, ip(1, 7))).await);
    }
    scene.pass(14 * MINUTE).await;
    assert_eq!(scene.verdict(&who(1, 100, ip(1, 7))).await, Verdict::Allow);
    // All of them give their codes, late.
    for n in 0..100_u32 {
        scene.guard.done(&who(1, n, ip(1, 7)), wartel_otp::testing::T0, scene.now);
    }
    scene.pass(HOUR).await;
    assert_eq!(scene.verdict(&who(1, 100, ip(1, 7))).await, Verdict::Allow);
}

/// A shop where half of the people give up is told, and sells on: without a challenge nothing wide refuses.
#[tokio::test]
async fn a_shop_with_many_who_give_up_is_told_and_sells_on() {
    let mut scene = Scene::new();
    for n in 0..40_u32 {
        let who = who(n % 10, n, ip(n as u8, 7));
        assert!(if n % 2 == 0 { scene.junk(&who).await } else { scene.customer(&who).await });
    }
    scene.pass(15 * MINUTE).await;
    let next = who(3, 5_000, ip(99, 7));
    assert!(matches!(scene.verdict(&next).await, Verdict::AskChallenge { why: Level::Country }));
    assert!(scene.customer(&next).await);
}
