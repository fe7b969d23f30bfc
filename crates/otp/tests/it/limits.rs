//! Budgets as the engine makes them out of the policy.

use std::net::IpAddr;
use std::sync::Arc;

use wartel_core::Timestamp;
use wartel_messaging::SendErrorKind;
use wartel_otp::testing::{T0, phone_number};
use wartel_otp::{Check, OtpStore, Purpose, Rate, Start, StartError};

use crate::desk::{Desk, another, ip, sample, seconds};
use crate::json_store::JsonStore;

fn from(phone: u32, address: IpAddr) -> Start {
    Start::new(phone_number(phone), Purpose::REGISTRATION).client_ip(address)
}

async fn limited(desk: &Desk, start: Start) -> Timestamp {
    match desk.otp.start(start).await {
        Err(StartError::RateLimited { retry_at, .. }) => retry_at,
        other => panic!("not limited: {other:?}"),
    }
}

#[tokio::test]
async fn an_address_gets_thirty_codes_an_hour() {
    let desk = Desk::new();
    for n in 0..30 {
        desk.otp.start(from(n, ip(7))).await.unwrap();
    }
    assert_eq!(limited(&desk, from(30, ip(7))).await, T0 + seconds(3_600));
    desk.otp.start(from(30, ip(8))).await.unwrap();
    desk.otp.start(Start::new(phone_number(31), Purpose::REGISTRATION)).await.unwrap();
    desk.clock.advance(seconds(3_600));
    desk.otp.start(from(32, ip(7))).await.unwrap();
}

#[tokio::test]
async fn a_household_has_one_budget() {
    let desk = Desk::policy(|policy| policy.sends_per_ip = vec![Rate::new(1, seconds(3_600))]);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    desk.otp.start(from(1, address("2001:db8:1:2::1"))).await.unwrap();
    limited(&desk, from(2, address("2001:db8:1:2:9::2"))).await;
    desk.otp.start(from(2, address("2001:db8:1:3::1"))).await.unwrap();
    desk.otp.start(from(3, ip(1))).await.unwrap();
    limited(&desk, from(4, address("::ffff:203.0.113.1"))).await;
}

#[tokio::test]
async fn a_tenant_has_a_budget_of_its_own() {
    let desk = Desk::policy(|policy| policy.sends_per_tenant = vec![Rate::new(2, seconds(600))]);
    desk.otp.start(from(1, ip(1))).await.unwrap();
    desk.otp.start(from(2, ip(2))).await.unwrap();
    assert_eq!(limited(&desk, from(3, ip(3))).await, T0 + seconds(600));
    let other = desk.otp.for_tenant(wartel_core::TenantId::parse("toko-siti").unwrap());
    other.start(from(3, ip(3))).await.unwrap();
}

#[tokio::test]
async fn ten_refused_sends_an_hour_stop_an_address() {
    let desk = Desk::new();
    desk.provider.always_fail(SendErrorKind::NotOnWhatsApp);
    for n in 0..10 {
        assert!(matches!(desk.otp.start(from(n, ip(7))).await, Err(StartError::NotSent(_))));
    }
    desk.provider.recover();
    // For all that is known they may still be under way.
    assert_eq!(limited(&desk, from(10, ip(7))).await, T0 + seconds(30));
    desk.clock.advance(seconds(30));
    assert_eq!(limited(&desk, from(10, ip(7))).await, T0 + seconds(3_600));
    desk.otp.start(from(10, ip(8))).await.unwrap();
}

#[tokio::test]
async fn a_phone_gets_five_codes_in_ten_minutes() {
    let desk = Desk::policy(|policy| policy.waits = vec![seconds(1)]);
    for _ in 0..5 {
        desk.otp.start(sample().client_ip(ip(1))).await.unwrap();
        desk.clock.advance(seconds(1));
    }
    assert_eq!(limited(&desk, sample().client_ip(ip(1))).await, T0 + seconds(600));
}

#[tokio::test]
async fn fifteen_wrong_codes_stop_a_phone() {
    let desk = Desk::policy(|policy| policy.waits = vec![seconds(1)]);
    for round in 0..3_u8 {
        // From another address each time: that renews nothing.
        let started = desk.otp.start(sample().client_ip(ip(round))).await.unwrap();
        let wrong = another(&desk.code());
        for _ in 0..5 {
            assert!(matches!(desk.otp.check(started.id, &wrong).await.unwrap(), Check::Wrong { .. }));
        }
        desk.clock.advance(seconds(1));
    }
    let Err(StartError::TooManyAttempts { retry_at }) = desk.otp.start(sample().client_ip(ip(99))).await
    else {
        panic!("a code is sent")
    };
    assert_eq!(retry_at, T0 + seconds(86_400));
    assert_eq!(desk.provider.count(), 3);
}

#[tokio::test]
async fn what_is_kept_of_a_phone_is_bounded() {
    let store = JsonStore::default();
    let shared: Arc<dyn OtpStore> = Arc::new(store.clone());
    let desk = Desk::with(|builder| builder.store(shared));
    // A provider that refuses everything makes a new challenge each time.
    desk.provider.always_fail(SendErrorKind::Unauthenticated);
    for _ in 0..500 {
        assert!(matches!(desk.otp.start(sample()).await, Err(StartError::NotSent(_))));
        assert!(store.locators() < 50, "{} locators", store.locators());
    }
    let longest = store.written().iter().map(String::len).max().unwrap();
    assert!(longest < 32 * 1_024, "a document of {longest} bytes");
}

#[tokio::test]
async fn a_limit_sends_nothing() {
    let desk = Desk::new();
    desk.start().await;
    for _ in 0..10 {
        assert!(matches!(desk.otp.start(sample()).await, Err(StartError::ResendTooSoon { .. })));
    }
    assert_eq!(desk.provider.calls(), 1);
}

/// Whoever holds a whole network does not spend the tenant's budget: 300 an hour, however many addresses it has.
#[tokio::test]
async fn a_network_has_a_budget_of_its_own() {
    let desk = Desk::unguarded(|_| {});
    let from_network = |n: u32| {
        let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, 7, u16::try_from(n).unwrap(), 0, 0, 0, 1);
        Start::new(phone_number(n), Purpose::REGISTRATION).client_ip(address.into())
    };
    for n in 0..300 {
        desk.otp.start(from_network(n)).await.unwrap();
    }
    assert!(matches!(desk.otp.start(from_network(300)).await, Err(StartError::RateLimited { .. })));
    desk.otp.start(from(301, ip(7))).await.unwrap();
}
