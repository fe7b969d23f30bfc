//! The Fonnte adapter against the sandbox: two readings of the same documentation meet.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Country, PhoneNumber};
use wartel_messaging::adapters::fonnte::{Fonnte, FonnteConfig};
use wartel_messaging::testing::sample_message;
use wartel_messaging::{
    DeviceStatus, MessageProvider, NumberCheck, NumberCheckResult, OutboundMessage, RetryAdvice,
    SendErrorKind,
};
use wartel_sandbox::{Endpoint, Fault, Sandbox, SuccessShape};

async fn sandbox() -> Sandbox {
    Sandbox::builder().start().await.unwrap()
}

fn fonnte(sandbox: &Sandbox) -> Fonnte {
    let mut config = FonnteConfig::new(sandbox.token()).with_base_url(sandbox.url());
    config.timeout = Duration::from_secs(1);
    Fonnte::new(config).unwrap()
}

fn phone() -> PhoneNumber {
    PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written() {
    let sandbox = sandbox().await;
    let accepted = fonnte(&sandbox)
        .send(&OutboundMessage::text_to(phone(), "Halo *Budi* & Siti\nbaris 2 👍"))
        .await
        .unwrap();
    let received = sandbox.wait_for_message("6281234567890", Duration::from_secs(5)).await.unwrap();
    assert_eq!(received.text, "Halo *Budi* & Siti\nbaris 2 👍");
    assert_eq!(accepted.message_id.unwrap().as_str(), received.id);
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].field("target"), Some("6281234567890"));
    assert_eq!(requests[0].field("countryCode"), Some("62"));
    assert_eq!(requests[0].content_type.as_deref(), Some("application/x-www-form-urlencoded"));
}

#[tokio::test]
async fn every_shape_of_success_is_success() {
    let sandbox = sandbox().await;
    let provider = fonnte(&sandbox);
    for shape in [SuccessShape::DataId, SuccessShape::StringId, SuccessShape::NoId] {
        sandbox.clear_faults();
        sandbox.fault(Fault::success_shape(shape).times(1));
        let accepted = provider.send(&sample_message()).await.unwrap();
        assert_eq!(accepted.message_id.is_some(), !matches!(shape, SuccessShape::NoId), "{shape:?}");
    }
}

#[tokio::test]
async fn refusals_have_their_kind_though_the_status_is_200() {
    let sandbox = sandbox().await;
    let provider = fonnte(&sandbox);
    for (reason, kind) in [
        ("insufficient quota", SendErrorKind::QuotaExhausted),
        ("request invalid on disconnected device", SendErrorKind::DeviceOffline),
        ("token invalid", SendErrorKind::Unauthenticated),
        ("target invalid", SendErrorKind::InvalidRecipient),
        ("something that nobody has seen", SendErrorKind::Unexpected),
    ] {
        sandbox.clear_faults();
        sandbox.fault(Fault::refuse(reason).times(1));
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{reason}");
        assert_ne!(error.advice(), RetryAdvice::Ambiguous, "{reason}");
    }
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn a_wrong_token_and_a_disconnected_device_are_told_apart() {
    let sandbox = sandbox().await;
    let config = FonnteConfig::new("another-token").with_base_url(sandbox.url());
    let stranger = Fonnte::new(config).unwrap();
    assert_eq!(stranger.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::Unauthenticated);
    assert_eq!(stranger.device().await.unwrap_err().kind(), SendErrorKind::Unauthenticated);

    let provider = fonnte(&sandbox);
    sandbox.set_connected(false);
    assert_eq!(provider.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::DeviceOffline);
    assert!(!provider.device().await.unwrap().connected);
    sandbox.set_connected(true);
    sandbox.set_quota(7);
    let device = provider.device().await.unwrap();
    assert_eq!((device.connected, device.quota), (true, Some(7)));
}

#[tokio::test]
async fn what_is_cut_off_after_acceptance_is_ambiguous_and_what_hangs_too() {
    let sandbox = sandbox().await;
    let provider = fonnte(&sandbox);
    sandbox.fault(Fault::cut_after_accept().times(1));
    let error = provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::Unavailable, RetryAdvice::Ambiguous));
    assert_eq!(sandbox.messages().len(), 1, "it was taken all the same");

    sandbox.fault(Fault::hang(Duration::from_secs(20)).times(1));
    let error = provider.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.advice(), RetryAdvice::Ambiguous);
}

#[tokio::test]
async fn a_provider_that_is_down_certainly_took_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let provider =
        Fonnte::new(FonnteConfig::new("made-up").with_base_url(format!("http://{address}"))).unwrap();
    let error = provider.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unavailable);
    assert!(matches!(error.advice(), RetryAdvice::After(_)));
    assert!(!format!("{error} {error:?}").contains("made-up"));
}

#[tokio::test]
async fn server_errors_may_be_tried_again_and_nonsense_may_not() {
    let sandbox = sandbox().await;
    let provider = fonnte(&sandbox);
    sandbox.fault(Fault::http_error(500).times(1));
    assert!(matches!(provider.send(&sample_message()).await.unwrap_err().advice(), RetryAdvice::After(_)));
    sandbox.fault(Fault::malformed(wartel_sandbox::Malformed::Html).times(1));
    let error = provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::Unavailable, RetryAdvice::Never));
}

#[tokio::test]
async fn numbers_are_checked() {
    let sandbox = Sandbox::builder().without_whatsapp(["6281200000001"]).start().await.unwrap();
    let provider = Arc::new(fonnte(&sandbox));
    let without = PhoneNumber::parse("081200000001", Country::INDONESIA).unwrap();
    assert_eq!(provider.check_number(&phone()).await.unwrap(), NumberCheckResult::OnWhatsApp);
    assert_eq!(provider.check_number(&without).await.unwrap(), NumberCheckResult::NotOnWhatsApp);
    sandbox.fault(Fault::http_error(503).on(Endpoint::Validate).times(1));
    assert!(provider.check_number(&phone()).await.is_err());
}
