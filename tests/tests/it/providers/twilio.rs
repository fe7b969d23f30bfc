//! Twilio: what it takes and what it refuses, and webhooks from the bytes to the events.

use super::recorded::*;
use wartel_messaging::adapters::twilio::{OtpContent, Twilio, TwilioConfig, TwilioSender};
use wartel_messaging::testing::sample_message;
use wartel_messaging::{
    Authenticity, Choice, Content, DeliveryState, InboundContent, Media, MediaKind, OutboundMessage,
    RetryAdvice, SendErrorKind,
};
use wartel_sandbox::{CustomerMessage, Extra, Shown};

const TWILIO: ProviderKind = ProviderKind::Twilio;

fn config(sandbox: &Sandbox, token: Option<&str>) -> TwilioConfig {
    let account = sandbox.account(TWILIO);
    let setting = |name| account.setting(name).unwrap();
    let sender = TwilioSender::From(PhoneNumber::from_e164(setting("from")).unwrap());
    TwilioConfig::new(setting("account_sid"), token.unwrap_or_else(|| setting("token")), sender)
        .with_base_url(setting("url"))
        .with_otp_content(OtpContent::new(setting("otp_content_sid")).unwrap())
        .with_timeout(Duration::from_secs(1))
}

#[tokio::test]
async fn every_content_is_taken_by_a_strict_reader() {
    let sandbox = quick().start().await.unwrap();
    let provider = account(&sandbox.device(TWILIO)).provider;
    let image = Media::at(MediaKind::Image, "https://shop.example/a.jpg").with_caption("Baju");
    for (content, text) in [
        (Content::Text("Halo é 👍 1+1&2".into()), "Halo é 👍 1+1&2"),
        (Content::Choice(Choice::new("Mau apa?", [("a", "Stok")])), "Mau apa?\n1. Stok"),
        (sample_message().content, "*482915*\n"),
        (Content::Media(image), "Baju"),
    ] {
        let accepted = provider.send(&OutboundMessage::new(phone(), content)).await.unwrap();
        let arrived = sandbox.last_message(PHONE).unwrap();
        assert!(arrived.text.starts_with(text), "{text}");
        assert_eq!(accepted.message_id.unwrap().as_str(), arrived.id);
    }
    let last = sandbox.last_message(PHONE).unwrap();
    assert_eq!(last.attachment.as_deref(), Some("https://shop.example/a.jpg"));
    assert!(last.id.starts_with("MM"));
}

#[tokio::test]
async fn refusals_have_their_kind() {
    let sandbox = quick().start().await.unwrap();
    let provider = account(&sandbox.device(TWILIO)).provider;
    for (reason, kind, advice) in [
        ("20429", SendErrorKind::RateLimited, RetryAdvice::After(None)),
        ("21211", SendErrorKind::InvalidRecipient, RetryAdvice::Never),
        ("63016", SendErrorKind::OutsideWindow, RetryAdvice::Never),
        ("63012", SendErrorKind::Unavailable, RetryAdvice::After(None)),
        ("something that nobody has seen", SendErrorKind::Unexpected, RetryAdvice::Never),
    ] {
        sandbox.clear_faults();
        sandbox.fault(Fault::refuse(reason).times(1));
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{reason}");
    }
    let stranger = Twilio::new(config(&sandbox, Some("other"))).unwrap().account().provider;
    let error = stranger.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unauthenticated);
    sandbox.device(TWILIO).set_connected(false);
    assert_eq!(provider.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::DeviceOffline);
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn what_customers_write_comes_out_as_it_was_written() {
    let sandbox = start(TWILIO).await;
    let device = sandbox.device(TWILIO);
    let webhooks = account(&device).webhooks.unwrap();
    assert_eq!(webhooks.authenticity(), Authenticity::Signed);
    let media = Extra::Media {
        kind: "audio".into(),
        mime: "audio/ogg".into(),
        url: "https://x.example/a".into(),
        file_name: None,
    };
    for message in [
        CustomerMessage::new(PHONE, "Halo é 👍 & =").named("Budi").quoting("SMx").shown_as(Shown::Both),
        CustomerMessage::new(PHONE, "Ya").with(Extra::Choice { id: "yes".into() }),
        CustomerMessage::new(PHONE, "Toko").with(Extra::Location { latitude: -7.5, longitude: 112.25 }),
        CustomerMessage::new(PHONE, "").with(media),
        CustomerMessage::new(PHONE, "siapa?").shown_as(Shown::Lid),
        CustomerMessage::new(PHONE, "x").as_story(),
    ] {
        device.write(&message);
    }
    let events = events_until(&sandbox, &*webhooks, |events| events.len() >= 5).await;
    let read = messages(&events);
    let choice = InboundContent::Choice { id: "yes".into(), title: "Ya".into() };
    let (latitude_micro, longitude_micro) = (-7_500_000, 112_250_000);
    let place = InboundContent::Location { latitude_micro, longitude_micro, name: Some("Toko".into()) };
    assert!(read[0].content == InboundContent::text("Halo é 👍 & ="));
    assert!(read[1].content == choice && read[2].content == place);
    assert!(matches!(read[3].content, InboundContent::Media { kind: MediaKind::Audio, .. }));
    assert!(read.iter().all(|message| message.contact.phone == Some(phone()) && message.id.is_some()));
    assert_eq!((read.len(), read[0].name.as_deref()), (4, Some("Budi")));
    assert_eq!(read[0].quotes.as_ref().unwrap().as_str(), "SMx");
    assert_eq!(events[4], InboundEvent::Ignored { why: "a sender who hides the number" });
    let mut forged = sandbox.webhook_attempts()[0].clone();
    forged.body = [&forged.body[..], b"&x=y"].concat().into();
    assert_eq!(decode(&*webhooks, &forged), Err(WebhookError::BadSignature));
}

#[tokio::test]
async fn outside_the_window_a_text_is_taken_and_its_receipt_says_why_it_failed() {
    let sandbox = quick().service_window(true).start().await.unwrap();
    let twilio = Twilio::new(config(&sandbox, None).with_status_callback(NOWHERE)).unwrap().account();
    let webhooks = twilio.webhooks.unwrap();
    twilio.provider.send(&OutboundMessage::text_to(phone(), "Halo")).await.unwrap();
    let failed = events_until(&sandbox, &*webhooks, |events| events.len() >= 2).await.pop();
    let Some(InboundEvent::Receipt(receipt)) = failed else { panic!("a receipt") };
    let expected = (DeliveryState::Failed, Some(SendErrorKind::OutsideWindow));
    assert_eq!((receipt.state, receipt.failure), expected);
    let id = twilio.provider.send(&sample_message()).await.unwrap().message_id;
    sandbox.mark_read(PHONE);
    let read = |event: &InboundEvent| matches!(event, InboundEvent::Receipt(r) if r.key.message_id == id && r.state == DeliveryState::Read);
    events_until(&sandbox, &*webhooks, |events| events.iter().any(read)).await;
}
