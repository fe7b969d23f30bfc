//! The single-device gateway: pairing, and webhooks from the bytes to the events.

use super::recorded::*;
use wartel_core::{Jid, Timestamp};
use wartel_messaging::testing::sample_message;
use wartel_messaging::{
    Authenticity, Content, DeviceEvent, InboundContent, Media, MediaKind, OutboundMessage, PairingMethod,
    PairingOffer, QrCode, RetryAdvice, SendErrorKind,
};
use wartel_sandbox::{CustomerMessage, DeviceState, Extra, Shown};

const GATEWAY: ProviderKind = ProviderKind::Gateway;

async fn unpaired() -> (Sandbox, SandboxDevice, Account) {
    let sandbox =
        quick().unpaired(GATEWAY).webhooks_of(GATEWAY, "http://127.0.0.1:9/webhook").start().await.unwrap();
    let device = sandbox.device(GATEWAY);
    let account = account(&device);
    (sandbox, device, account)
}

#[tokio::test]
async fn a_phone_is_paired_by_qr_and_connected_only_after_the_scan() {
    let (sandbox, device, account) = unpaired().await;
    let (pairing, webhooks) = (account.pairing.unwrap(), account.webhooks.unwrap());
    let before = pairing.device().await.unwrap();
    assert_eq!((before.connected, before.paired, before.phone), (false, Some(false), None));
    let error = account.provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::Never));

    let offer = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    let PairingOffer::Qr { qr: QrCode::Png(png), .. } = offer else { panic!("no picture") };
    assert!(png.starts_with(b"\x89PNG"));
    assert!(!pairing.device().await.unwrap().connected);
    assert!(sandbox.webhook_attempts().is_empty(), "a code is not told");

    assert!(device.scan_only());
    let events = events_until(&sandbox, &*webhooks, |events| !events.is_empty()).await;
    assert_eq!(events, [InboundEvent::DeviceState(DeviceEvent::Paired)]);
    let scanned = pairing.device().await.unwrap();
    assert_eq!((scanned.connected, scanned.paired), (false, Some(true)), "paired alone is no connection");
    assert!(account.provider.send(&sample_message()).await.is_err());
    assert!(sandbox.messages().is_empty());

    device.set_connected(true);
    let after = pairing.device().await.unwrap();
    assert_eq!((after.connected, after.phone.unwrap().digits()), (true, device.number()));
    assert_eq!(after.version.as_deref(), Some("v1.7.0"));
    account.provider.send(&sample_message()).await.unwrap();
    sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_device_that_is_online_keeps_its_session_and_one_that_is_removed_is_told_by_its_status() {
    let sandbox = start(GATEWAY).await;
    let device = sandbox.device(GATEWAY);
    let account = account(&device);
    let pairing = account.pairing.unwrap();
    assert_eq!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::AlreadyConnected);
    assert_eq!(device.state(), DeviceState::Connected, "/pair would have deleted the session");
    let error = pairing.start_pairing(&PairingMethod::Code(phone())).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unsupported);

    assert!(device.remove());
    let removed = pairing.device().await.unwrap();
    assert_eq!((removed.connected, removed.paired, removed.phone), (false, Some(false), None));
    let error = account.provider.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::DeviceOffline);
    for _ in 0..2 {
        pairing.disconnect().await.unwrap();
    }
    assert!(sandbox.webhook_attempts().is_empty(), "it tells nothing of that");
}

#[tokio::test]
async fn what_customers_write_comes_out_as_it_was_written() {
    let sandbox = start(GATEWAY).await;
    let device = sandbox.device(GATEWAY);
    let webhooks = account(&device).webhooks.unwrap();
    assert_eq!(webhooks.authenticity(), Authenticity::TokenOnly);
    let lid = Jid::parse(&format!("{}@lid", sandbox.lid(PHONE))).unwrap();
    let text = "Masih ada <satu> & \"dua\"?\n👩\u{200D}👧";
    let written = device.write(&CustomerMessage::new(PHONE, text).named("Budi"));
    let photo = Extra::Media {
        kind: "image".into(),
        mime: "image/jpeg".into(),
        url: "http://127.0.0.1/a.jpg".into(),
        file_name: None,
    };
    let with_photo = device.write(&CustomerMessage::new(PHONE, "Yang ini").with(photo));
    let place = Extra::Location { latitude: -6.2088, longitude: 106.8456 };
    device.write(&CustomerMessage::new(PHONE, "").with(place));
    device.write(&CustomerMessage::new(PHONE, "tersembunyi").shown_as(Shown::Lid));
    device.write(&CustomerMessage::new(PHONE, "di grup").in_group("120363000000000001@g.us"));
    device.flood_stories(PHONE, 2);
    // The gateway drops what its own phone wrote.
    device.write(&CustomerMessage::new(PHONE, "Saya bantu").from_own_phone());
    device.write(&CustomerMessage::new(PHONE, "terakhir"));

    let last = |event: &InboundEvent| matches!(event, InboundEvent::Message(m) if m.content.words() == Some("terakhir"));
    let events = events_until(&sandbox, &*webhooks, |events| events.iter().any(last)).await;
    let messages = messages(&events);
    let [first, image, place, hidden, _last] = messages.as_slice() else {
        panic!("{} messages", messages.len())
    };
    assert_eq!(first.content.words(), Some(text));
    assert_eq!((first.contact.phone.clone(), first.contact.lid.clone()), (Some(phone()), None));
    assert_eq!(first.at, Some(written.at));
    assert!(
        matches!(&image.content, InboundContent::Media { kind: MediaKind::Image, caption: Some(words), reference: Some(url), .. }
        if words == "Yang ini" && url.contains(&with_photo.id))
    );
    assert!(matches!(
        place.content,
        InboundContent::Location { latitude_micro: -6_208_800, longitude_micro: 106_845_600, .. }
    ));
    assert_eq!((hidden.contact.phone.clone(), hidden.contact.lid.clone()), (None, Some(lid)));
    let ids: std::collections::HashSet<_> =
        messages.iter().map(|message| message.id.clone().unwrap()).collect();
    assert_eq!(ids.len(), messages.len(), "made ids differ");
    for (why, times) in [("a group", 1), ("a status post", 2)] {
        let ignored = events.iter().filter(|event| **event == InboundEvent::Ignored { why }).count();
        assert_eq!(ignored, times, "{why}");
    }
}

#[tokio::test]
async fn refusals_have_their_kind_though_the_status_is_200() {
    let sandbox = start(GATEWAY).await;
    let device = sandbox.device(GATEWAY);
    let provider = account(&device).provider;
    for (reason, kind, advice) in [
        ("Invalid phone number: x", SendErrorKind::InvalidRecipient, RetryAdvice::Never),
        ("Failed to prepare attachment: x", SendErrorKind::MediaRejected, RetryAdvice::Never),
        ("Failed to send message 1: timed out", SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
        ("Client not initialized", SendErrorKind::DeviceOffline, RetryAdvice::Never),
        ("Something that nobody has seen", SendErrorKind::Unexpected, RetryAdvice::Never),
    ] {
        sandbox.fault(Fault::refuse(reason).at(GATEWAY).on(Endpoint::Send).times(1));
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{reason}");
    }
    device.set_timelock(Some(Timestamp::from_micros(32_472_144_000_000_000)));
    assert_eq!(provider.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::ReachoutLocked);
    device.write(&CustomerMessage::new(PHONE, "Halo"));
    provider.send(&sample_message()).await.unwrap();
    device.set_connected(false);
    assert_eq!(provider.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::DeviceOffline);
}

#[tokio::test]
async fn a_file_is_sent_by_its_address() {
    let sandbox = start(GATEWAY).await;
    let provider = account(&sandbox.device(GATEWAY)).provider;
    let media = Media::at(MediaKind::Document, "https://shop.example/nota.pdf");
    let message =
        OutboundMessage::new(phone(), Content::Media(media.with_file_name("nota.pdf").with_caption("Nota")));
    provider.send(&message).await.unwrap();
    let arrived = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    assert_eq!((arrived.text.as_str(), arrived.attachment.as_deref()), ("Nota", Some("nota.pdf")));
}
