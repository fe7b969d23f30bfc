//! Attacks: what they get out of the guard, and what they do to others.

use wartel_core::TenantId;
use wartel_otp::events::{Limit, OtpEvent};
use wartel_otp::guard::{GuardContext, Level, PumpingAction, PumpingPolicy, Verdict, Window};
use wartel_otp::testing::{T0, phone_number};

use super::scene::{HOUR, MINUTE, SECOND, Scene, ip, who};

/// One network, one range of numbers, a request every ten seconds for six hours.
#[tokio::test]
async fn an_attack_from_one_network_on_one_range_is_stopped() {
    let mut scene = Scene::new();
    let mut sent = 0_u32;
    for n in 0..2_160_u32 {
        sent += u32::from(scene.junk(&who(1, n, ip(1, (n % 250) as u8))).await);
        scene.pass(10 * SECOND).await;
    }
    // Those of the first fifteen minutes, until the first of them had expired.
    assert!((80..=92).contains(&sent), "{sent} of 2160 were sent");

    let hot: Vec<Level> = scene
        .events()
        .into_iter()
        .filter_map(|event| if let OtpEvent::Hot { level, .. } = event { Some(level) } else { None })
        .take(4)
        .collect();
    assert_eq!(hot.len(), 4);
    assert!(Level::ALL.iter().all(|level| hot.contains(level)), "{hot:?}");
}

#[tokio::test]
async fn a_hot_bucket_says_until_when_and_cools_down() {
    let mut scene = Scene::new();
    for n in 0..3 {
        assert!(scene.junk(&who(1, n, ip(1, 7))).await);
    }
    scene.pass(15 * MINUTE - SECOND).await;
    assert_eq!(scene.verdict(&who(1, 9, ip(1, 7))).await, Verdict::Allow);
    // What was read a second ago is believed for fifteen.
    scene.pass(15 * SECOND).await;
    assert_eq!(scene.denied_until(&who(1, 9, ip(1, 7))).await, T0 + HOUR);
    let events = scene.events();
    let until = Some(T0 + HOUR);
    assert!(events.contains(&OtpEvent::Hot {
        tenant: TenantId::default(),
        level: Level::Bucket,
        subject: "+628123451 from 198.51.1.0/24".to_owned(),
        window: Window::Hour,
        unverified: 3,
        verified: 0,
        until: T0 + HOUR,
    }));
    let refused = OtpEvent::refused(&TenantId::default(), &phone_number(10_009), Limit::Pumping, until);
    assert_eq!(events.last(), Some(&refused));
    // One event for every refusal, the hot spot once.
    scene.denied_until(&who(1, 9, ip(1, 7))).await;
    assert_eq!(scene.events(), [refused]);

    scene.pass(45 * MINUTE).await;
    assert_eq!(scene.now, T0 + HOUR + 14 * SECOND);
    assert_eq!(scene.verdict(&who(1, 9, ip(1, 7))).await, Verdict::Allow);
}

#[tokio::test]
async fn twenty_in_a_day_are_stopped_however_slow() {
    let mut scene = Scene::new();
    let mut sent = 0_u32;
    for n in 0..46_u32 {
        // At most two in any hour, for a day.
        sent += u32::from(scene.junk(&who(1, n, ip(1, 7))).await);
        scene.pass(31 * MINUTE).await;
    }
    assert!((20..=22).contains(&sent), "{sent} of 46 were sent");
}

/// The attacker takes another network for every second request: no bucket gets hot, the range does.
#[tokio::test]
async fn rotating_networks_heat_the_range() {
    let mut scene = Scene::new();
    for n in 0..200_u32 {
        scene.junk(&who(1, n, ip((n / 2) as u8, 7))).await;
    }
    scene.pass(15 * MINUTE).await;
    let fresh = who(1, 999, ip(250, 7));
    assert_eq!(scene.verdict(&fresh).await, Verdict::AskChallenge { why: Level::Prefix });
    // Without a challenge that is told, and nobody pays for the attacker.
    assert!(scene.customer(&fresh).await);
    assert!(scene.events().iter().any(|event| matches!(event, OtpEvent::Hot { level: Level::Prefix, .. })));
}

/// The attacker takes another range for every second request: no bucket gets hot, the country does.
#[tokio::test]
async fn rotating_ranges_heat_the_country() {
    let mut scene = Scene::new();
    for n in 0..20_u32 {
        scene.junk(&who(n / 2, n, ip(1, 7))).await;
    }
    scene.pass(15 * MINUTE).await;
    assert_eq!(scene.verdict(&who(3, 999, ip(1, 7))).await, Verdict::AskChallenge { why: Level::Country });
}

/// Numbers one after the other, each from a network of its own: the attack on a range that its owner is paid for.
#[tokio::test]
async fn an_attack_on_a_range_leaves_its_other_customers_alone() {
    let mut scene = Scene::new();
    for n in 0..1_000_u32 {
        scene.junk(&who(1, n, ip((n % 250) as u8, 7))).await;
    }
    scene.pass(15 * MINUTE).await;
    // Each of these networks is denied this range.
    for network in 0..250 {
        scene.denied_until(&who(1, 2_000, ip(network, 9))).await;
    }
    // Who lives in the range and comes from elsewhere is not, nor is anybody else from those networks.
    for n in 0..5 {
        assert!(scene.customer(&who(1, 3_000 + n, ip(251 + n as u8, 7))).await);
        assert!(scene.customer(&who(2, 3_000 + n, ip(n as u8, 7))).await);
    }
}

/// Junk cannot switch the shop off: whatever it heats, every other bucket is served.
#[tokio::test]
async fn a_junk_sender_cannot_switch_the_shop_off() {
    let mut scene = Scene::new();
    for round in 0..24 {
        for n in 0..50_u32 {
            scene.junk(&who(1, n, ip(1, n as u8))).await;
            scene.junk(&who(n % 10, n, ip(2, n as u8))).await;
            scene.junk(&who(1, n, ip(3 + (n % 100) as u8, 7))).await;
        }
        scene.pass(20 * MINUTE).await;
        for n in 0..20_u32 {
            let customer = who(n % 10, 5_000 + n, ip(150 + n as u8, 7));
            assert!(scene.customer(&customer).await, "round {round}, customer {n}");
        }
    }
}

/// Whoever verifies numbers of his own buys one more in five, no more.
#[tokio::test]
async fn verified_numbers_buy_a_fifth() {
    let mut scene = Scene::new();
    for n in 0..15 {
        assert!(scene.customer(&who(1, n, ip(1, 7))).await);
    }
    for n in 0..3 {
        assert!(scene.junk(&who(1, 100 + n, ip(1, 7))).await);
    }
    scene.pass(15 * MINUTE).await;
    assert_eq!(scene.verdict(&who(1, 200, ip(1, 7))).await, Verdict::Allow);
    assert!(scene.junk(&who(1, 200, ip(1, 7))).await);
    scene.pass(20 * MINUTE).await;
    scene.denied_until(&who(1, 201, ip(1, 7))).await;
    // Real customers of the bucket cool it again: verified ones count at once.
    for n in 0..5 {
        let late = who(1, 300 + n, ip(1, 7));
        scene.guard.begun(&late, scene.now, scene.now);
        scene.guard.done(&late, scene.now, scene.now);
    }
    scene.pass(15 * SECOND).await;
    assert_eq!(scene.verdict(&who(1, 201, ip(1, 7))).await, Verdict::Allow);
}

#[tokio::test]
async fn without_an_address_nothing_is_denied() {
    let mut scene = Scene::new();
    let unknown = |n: u32| GuardContext::new(TenantId::default(), phone_number(10_000 + n));
    for n in 0..50 {
        assert!(scene.junk(&unknown(n)).await);
    }
    scene.pass(15 * MINUTE).await;
    assert_eq!(scene.verdict(&unknown(99)).await, Verdict::AskChallenge { why: Level::Prefix });
    assert!(scene.junk(&unknown(99)).await);
}

#[tokio::test]
async fn tenants_do_not_pay_for_each_other() {
    let mut scene = Scene::new();
    for n in 0..50 {
        scene.junk(&who(1, n, ip(1, 7))).await;
    }
    scene.pass(15 * MINUTE).await;
    scene.denied_until(&who(1, 99, ip(1, 7))).await;
    let other = TenantId::parse("toko-siti").unwrap();
    let neighbour = GuardContext::new(other, phone_number(10_099)).client_ip(Some(ip(1, 7)));
    assert_eq!(scene.verdict(&neighbour).await, Verdict::Allow);
}

#[tokio::test]
async fn recording_refuses_nothing_and_tells_everything() {
    let mut policy = PumpingPolicy::default();
    policy.action = PumpingAction::Record;
    let mut scene = Scene::with(policy, None);
    for n in 0..50 {
        assert!(scene.junk(&who(1, n, ip(1, 7))).await);
    }
    scene.pass(15 * MINUTE).await;
    assert!(scene.junk(&who(1, 99, ip(1, 7))).await);
    let events = scene.events();
    assert!(events.iter().any(|event| matches!(event, OtpEvent::Hot { level: Level::Bucket, .. })));
    let would = OtpEvent::WouldRefuse {
        tenant: TenantId::default(),
        phone: phone_number(10_099).masked(),
        limit: Limit::Pumping,
        until: Some(T0 + 24 * HOUR),
    };
    assert_eq!(events.last(), Some(&would));
    assert!(!events.iter().any(|event| matches!(event, OtpEvent::Refused { .. })));
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let mut scene = Scene::new();
    for n in 0..10 {
        scene.junk(&who(1, n, ip(1, 7))).await;
    }
    scene.pass(15 * MINUTE).await;
    let until = scene.denied_until(&who(1, 99, ip(1, 7))).await;
    let restarted = scene.another();
    drop(scene);
    assert_eq!(restarted.denied_until(&who(1, 99, ip(1, 7))).await, until);
}

/// Three instances see one challenge each: none of them would see an attack.
#[tokio::test]
async fn instances_share_what_they_see() {
    let first = Scene::new();
    let mut instances = vec![first.another(), first.another(), first];
    for (n, instance) in (0..).zip(&instances) {
        assert!(instance.junk(&who(1, n, ip(1, 7))).await);
    }
    for instance in &mut instances {
        instance.pass(15 * MINUTE).await;
    }
    for instance in &instances {
        instance.denied_until(&who(1, 99, ip(1, 7))).await;
    }
    // A code that was asked for at one and given at another is verified for all.
    let late = &mut instances[2];
    for n in 0..15 {
        late.guard.done(&who(1, n, ip(1, 7)), T0 + 5 * MINUTE, late.now);
    }
    late.pass(15 * SECOND).await;
    instances[0].pass(15 * SECOND).await;
    assert_eq!(instances[0].verdict(&who(1, 99, ip(1, 7))).await, Verdict::Allow);
}
