//! What is refused, and how it is told.

use super::*;

#[tokio::test]
async fn limits_say_when_to_ask_again() {
    let desk = desk();
    let from = |last: u8| wish().client_ip(ip(last));
    let began = desk.otp.clock().now();
    for last in [1, 1, 2, 2, 3] {
        desk.otp.start_reverse(from(last)).await.unwrap();
    }
    for last in [1, 2] {
        let refused = desk.otp.start_reverse(from(last)).await.unwrap_err();
        let StartReverseError::TooManyOpen { retry_at } = refused else { panic!("{refused}") };
        assert_eq!(retry_at, began + seconds(300));
    }
    desk.otp.start_reverse(from(3)).await.unwrap();
    assert!(matches!(
        desk.otp.start_reverse(from(4)).await.unwrap_err(),
        StartReverseError::TooManyOpen { .. }
    ));
    // Thirty an hour from one address, over all phones.
    for n in 0..28 {
        let start = ReverseStart::new(phone_number(n), Purpose::LOGIN).client_ip(ip(1));
        desk.otp.start_reverse(start).await.unwrap();
    }
    let one_more = ReverseStart::new(phone_number(99), Purpose::LOGIN);
    let refused = desk.otp.start_reverse(one_more.clone().client_ip(ip(1))).await.unwrap_err();
    let StartReverseError::RateLimited { retry_at } = refused else { panic!("{refused}") };
    assert_eq!(retry_at, began + seconds(3_600));
    desk.otp.start_reverse(one_more.client_ip(ip(9))).await.unwrap();
    // None of it stands in the way of a code that we send.
    desk.otp.start(Start::new(sample_phone(), Purpose::REGISTRATION).client_ip(ip(1))).await.unwrap();
}

/// Which limit, and until when.
type Refused = (&'static str, Option<Timestamp>);

/// Writes down which limits refused.
#[derive(Debug, Clone, Default)]
struct Refusals(Arc<Mutex<Vec<Refused>>>);

impl OtpEvents for Refusals {
    fn record(&self, event: &OtpEvent) {
        let OtpEvent::Refused { phone, limit, until, .. } = event else { panic!("{event:?}") };
        assert!(phone.contains('•'), "the number is masked");
        self.0.lock().unwrap().push((limit.as_str(), *until));
    }
}

#[tokio::test]
async fn every_refusal_is_an_event() {
    let refusals = Refusals::default();
    let mut policy = ReversePolicy::default();
    policy.starts_per_client = vec![wartel_otp::Rate::new(3, seconds(3_600))];
    let events = Arc::new(refusals.clone());
    let desk = desk_with(|builder| builder.events(events).reverse_policy(policy));
    let began = desk.otp.clock().now();
    let from_one = || wish().client_ip(ip(1));
    let landline = PhoneNumber::from_e164("+62215551234").unwrap();
    for start in [
        ReverseStart::new(PhoneNumber::from_e164("+6591234567").unwrap(), Purpose::LOGIN),
        ReverseStart::new(landline, Purpose::LOGIN),
    ] {
        desk.otp.start_reverse(start).await.unwrap_err();
    }
    for _ in 0..2 {
        desk.otp.start_reverse(from_one()).await.unwrap();
    }
    desk.otp.start_reverse(from_one()).await.unwrap_err();
    let elsewhere = || ReverseStart::new(phone_number(2), Purpose::LOGIN).client_ip(ip(1));
    desk.otp.start_reverse(elsewhere()).await.unwrap();
    desk.otp.start_reverse(elsewhere()).await.unwrap_err();
    let unsigned = InboundProof::new(sample_phone(), "123456", InboundTrust::TokenOnly);
    desk.otp.receive(unsigned).await.unwrap();
    let expected = [
        ("country", None),
        ("number_kind", None),
        ("open_verifications", Some(began + seconds(300))),
        ("shared_budget", Some(began + seconds(3_600))),
        ("unsigned_inbound", None),
    ];
    assert_eq!(*refusals.0.lock().unwrap(), expected);
}

#[tokio::test]
async fn numbers_that_get_no_code_are_refused() {
    let desk = desk();
    let start = |e164: &str| {
        desk.otp.start_reverse(ReverseStart::new(PhoneNumber::from_e164(e164).unwrap(), Purpose::LOGIN))
    };
    assert!(matches!(start("+6591234567").await.unwrap_err(), StartReverseError::UnsupportedCountry));
    assert!(matches!(start("+62215551234").await.unwrap_err(), StartReverseError::NotMobile));
}

#[tokio::test]
async fn without_a_store_for_it_nothing_is_promised() {
    let desk = Desk::new();
    let refused = desk.otp.start_reverse(wish()).await.unwrap_err();
    assert!(matches!(refused, StartReverseError::NotSetUp), "{refused}");
    assert!(say(&desk, &sample_phone(), "123456").await == Received::NotForUs);
    assert!(is_nothing(&desk.otp.claim(wartel_otp::VerificationId::random()).await.unwrap()));
}

#[tokio::test]
async fn a_policy_out_of_range_builds_nothing() {
    let mut policy = ReversePolicy::default();
    policy.open = 0;
    let store = MemoryOtpStore::new();
    let builder = wartel_otp::OtpService::builder(key())
        .app_name("Toko Budi")
        .provider(Arc::new(FakeProvider::default()))
        .store(Arc::new(store.clone()))
        .reverse_store(Arc::new(store))
        .reverse_policy(policy);
    let Err(wartel_otp::BuildError::Policy(error)) = builder.build() else { panic!("it is built") };
    assert_eq!(error.field(), "reverse.open");
}
