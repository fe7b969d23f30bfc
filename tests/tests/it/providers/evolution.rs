//! The Evolution API: pairing, and webhooks from the bytes to the events.

use super::recorded::*;
use wartel_core::{Jid, Timestamp};
use wartel_messaging::adapters::evolution::{Evolution, EvolutionConfig};
use wartel_messaging::testing::sample_message;
use wartel_messaging::{
    Author, Content, DeliveryState, DeviceEvent, InboundContent, Media, MediaKind, NumberCheckResult,
    OutboundMessage, PairingMethod, PairingOffer, ProviderMessageId, QrCode, Recipient, RetryAdvice,
    SendErrorKind,
};
use wartel_sandbox::{CustomerMessage, DeviceState, Extra, Shown};

const EVOLUTION: ProviderKind = ProviderKind::Evolution;

async fn unpaired() -> (Sandbox, SandboxDevice, Account) {
    let builder = quick().unpaired(EVOLUTION).webhooks_of(EVOLUTION, "http://127.0.0.1:9/webhook");
    let sandbox = builder.start().await.unwrap();
    let device = sandbox.device(EVOLUTION);
    let account = account(&device);
    (sandbox, device, account)
}

fn state(event: DeviceEvent) -> InboundEvent {
    InboundEvent::DeviceState(event)
}

/// Only what is told of the device.
fn states(events: &[InboundEvent]) -> Vec<DeviceEvent> {
    let state = |event: &InboundEvent| match event {
        InboundEvent::DeviceState(state) => Some(*state),
        _ => None,
    };
    events.iter().filter_map(state).collect()
}

#[tokio::test]
async fn a_phone_is_paired_by_qr_and_connected_only_after_the_scan() {
    let (sandbox, device, account) = unpaired().await;
    let (pairing, webhooks) = (account.pairing.unwrap(), account.webhooks.unwrap());
    assert!(!pairing.device().await.unwrap().connected);
    let offer = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    let PairingOffer::Qr { qr: QrCode::Text(text), .. } = offer else { panic!("no QR text") };
    assert_eq!(device.shown().as_deref(), Some(text.as_str()));
    let again = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    assert!(matches!(again, PairingOffer::Qr { qr: QrCode::Text(same), .. } if same == text));
    let events = events_until(&sandbox, &*webhooks, |events| !states(events).is_empty()).await;
    assert_eq!(states(&events), [DeviceEvent::QrChanged]);

    assert!(device.scan_only());
    assert_eq!(device.state(), DeviceState::Paired);
    assert!(!pairing.device().await.unwrap().connected, "paired alone is no connection");
    let error = pairing.start_pairing(&PairingMethod::Qr).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("no code yet"));
    let posted = sandbox.webhook_attempts();
    let events: Vec<_> = posted.iter().flat_map(|webhook| decode(&*webhooks, webhook).unwrap()).collect();
    assert!(!states(&events).contains(&DeviceEvent::Connected));

    device.set_connected(true);
    let events = events_until(&sandbox, &*webhooks, |events| states(events).len() > 1).await;
    assert_eq!(states(&events), [DeviceEvent::QrChanged, DeviceEvent::Connected]);
    let after = pairing.device().await.unwrap();
    assert_eq!((after.connected, after.paired), (true, Some(true)));
    assert_eq!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::AlreadyConnected);
    account.provider.send(&sample_message()).await.unwrap();
}

#[tokio::test]
async fn a_phone_is_paired_by_a_typed_code_and_removes_the_device_again() {
    let (sandbox, device, account) = unpaired().await;
    let (pairing, webhooks) = (account.pairing.unwrap(), account.webhooks.unwrap());
    let offer = pairing.start_pairing(&PairingMethod::Code(phone())).await.unwrap();
    let PairingOffer::Code { code, .. } = offer else { panic!("no code") };
    assert!(device.scan_text(code.expose()));
    let has = |wanted: DeviceEvent| move |events: &[InboundEvent]| events.contains(&state(wanted));
    events_until(&sandbox, &*webhooks, has(DeviceEvent::Connected)).await;

    assert!(device.remove());
    let events = events_until(&sandbox, &*webhooks, has(DeviceEvent::LoggedOut)).await;
    assert_eq!(states(&events).last(), Some(&DeviceEvent::LoggedOut), "{events:?}");
    assert!(!pairing.device().await.unwrap().connected);
    for _ in 0..2 {
        pairing.disconnect().await.unwrap();
    }
    device.ban(None);
    let events = events_until(&sandbox, &*webhooks, has(DeviceEvent::Banned { until: None })).await;
    assert_eq!(states(&events).last(), Some(&DeviceEvent::Banned { until: None }));
    let error = pairing.start_pairing(&PairingMethod::Qr).await.unwrap_err();
    assert_eq!((error.kind(), error.provider_code()), (SendErrorKind::Unavailable, Some("connect failed")));
}

#[tokio::test]
async fn an_instance_that_nobody_made_is_made() {
    let sandbox = start(EVOLUTION).await;
    let settings = sandbox.account(EVOLUTION);
    let key = settings.setting("token").unwrap();
    let evolution = Evolution::new(EvolutionConfig::new(settings.url.as_str(), key, "cabang-2")).unwrap();
    let error = evolution.send(&sample_message()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.provider_code()),
        (SendErrorKind::DeviceOffline, Some("no such instance"))
    );
    let pairing = evolution.account().pairing.unwrap();
    assert!(matches!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::Qr { .. }));
    let made = sandbox.devices().pop().unwrap();
    assert_eq!((made.provider(), made.state()), (EVOLUTION, DeviceState::QrShown));
}

#[tokio::test]
async fn what_customers_write_comes_out_as_it_was_written() {
    let sandbox = start(EVOLUTION).await;
    let device = sandbox.device(EVOLUTION);
    let webhooks = account(&device).webhooks.unwrap();
    let lid = Jid::parse(&format!("{}@lid", sandbox.lid(PHONE))).unwrap();
    let written = device.write(&CustomerMessage::new(PHONE, "Masih ada?").named("Budi").quoting("3EB0AA"));
    let photo = Extra::Media {
        kind: "image".into(),
        mime: "image/jpeg".into(),
        url: "http://127.0.0.1/a.jpg".into(),
        file_name: None,
    };
    device.write(&CustomerMessage::new(PHONE, "Yang ini").with(photo));
    let place = Extra::Location { latitude: -6.2088, longitude: 106.8456 };
    device.write(&CustomerMessage::new(PHONE, "").with(place));
    device.write(&CustomerMessage::new(PHONE, "Ya").with(Extra::Choice { id: "yes".into() }));
    device.write(&CustomerMessage::new(PHONE, "tersembunyi").shown_as(Shown::Lid));
    device.write(&CustomerMessage::new(PHONE, "keduanya").shown_as(Shown::Both));
    let twice = device.write(&CustomerMessage::new(PHONE, "dua kali").shown_as(Shown::Twice));
    device.write(&CustomerMessage::new(PHONE, "di grup").in_group("120363000000000001@g.us"));
    device.flood_stories(PHONE, 2);
    let own = device.write(&CustomerMessage::new(PHONE, "Saya bantu").from_own_phone());

    let ours =
        |event: &InboundEvent| matches!(event, InboundEvent::Message(m) if m.author == Author::OwnAccount);
    let events = events_until(&sandbox, &*webhooks, |events| events.iter().any(ours)).await;
    let messages = messages(&events);
    let [first, photo, place, choice, hidden, both, one, other, echo] = messages.as_slice() else {
        panic!("{} messages", messages.len())
    };
    assert_eq!(first.id.as_ref().unwrap().as_str(), written.id);
    assert_eq!((first.content.words(), first.name.as_deref()), (Some("Masih ada?"), Some("Budi")));
    assert_eq!((first.contact.phone.clone(), first.contact.lid.clone()), (Some(phone()), None));
    assert_eq!(first.quotes, Some(ProviderMessageId::new("3EB0AA")));
    assert_eq!(first.at.unwrap().as_micros() / 1_000_000, written.at.as_micros() / 1_000_000);
    assert!(
        matches!(&photo.content, InboundContent::Media { kind: MediaKind::Image, caption: Some(words), .. } if words == "Yang ini")
    );
    assert!(matches!(place.content, InboundContent::Location { latitude_micro: -6_208_800, .. }));
    assert!(matches!(&choice.content, InboundContent::Choice { id, title } if id == "yes" && title == "Ya"));
    assert_eq!((hidden.contact.phone.clone(), hidden.contact.lid.clone()), (None, Some(lid.clone())));
    assert_eq!((both.contact.phone.clone(), both.contact.lid.clone()), (Some(phone()), Some(lid.clone())));
    assert!([one, other].iter().all(|message| message.id.as_ref().unwrap().as_str() == twice.id));
    assert_eq!((one.contact.phone.clone(), other.contact.lid.clone()), (Some(phone()), Some(lid)));
    assert_eq!((echo.author, echo.contact.phone.clone()), (Author::OwnAccount, Some(phone())));
    assert_eq!((echo.id.as_ref().unwrap().as_str(), echo.name.as_deref()), (own.id.as_str(), None));
    for (why, times) in [("a group", 1), ("a status post", 2)] {
        let ignored = events.iter().filter(|event| **event == InboundEvent::Ignored { why }).count();
        assert_eq!(ignored, times, "{why}");
    }
}

#[tokio::test]
async fn receipts_rise_with_the_id_that_the_send_gave() {
    let sandbox = start(EVOLUTION).await;
    let account = account(&sandbox.device(EVOLUTION));
    let webhooks = account.webhooks.unwrap();
    let sent = account.provider.send(&sample_message()).await.unwrap().message_id.unwrap();
    sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    sandbox.mark_read(PHONE);
    let state = |event: &InboundEvent| match event {
        InboundEvent::Receipt(receipt) if receipt.key.message_id.as_ref() == Some(&sent) => {
            Some(receipt.state)
        }
        _ => None,
    };
    let read = |events: &[InboundEvent]| events.iter().filter_map(state).any(|s| s == DeliveryState::Read);
    let events = events_until(&sandbox, &*webhooks, read).await;
    let states: Vec<DeliveryState> = events.iter().filter_map(state).collect();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read]);
    assert!(messages(&events).is_empty(), "our own send is no message");
    assert!(events.contains(&InboundEvent::Ignored { why: "our own send" }));
}

#[tokio::test]
async fn a_webhook_without_its_token_is_refused() {
    let sandbox = start(EVOLUTION).await;
    let device = sandbox.device(EVOLUTION);
    let webhooks = account(&device).webhooks.unwrap();
    device.write(&CustomerMessage::new(PHONE, "Halo"));
    events_until(&sandbox, &*webhooks, |events| !events.is_empty()).await;
    let posted = sandbox.webhook_attempts().remove(0);
    assert!(decode(&*webhooks, &posted).is_ok());
    let mut bare = posted.clone();
    bare.headers.clear();
    let mut forged = posted.clone();
    for (_, value) in forged.headers.iter_mut().filter(|(name, _)| name == "authorization") {
        let at = value.len() - 10;
        value.replace_range(at..=at, if value[at..].starts_with('A') { "B" } else { "A" });
    }
    assert_ne!(forged.headers, posted.headers);
    for webhook in [bare, forged] {
        assert_eq!(decode(&*webhooks, &webhook), Err(WebhookError::BadSignature));
    }
}

#[tokio::test]
async fn numbers_presence_and_files_are_understood_and_lids_are_not_sent_to() {
    let sandbox = quick().without_whatsapp(["081234567891"]).start().await.unwrap();
    let account = account(&sandbox.device(EVOLUTION));
    let numbers = account.numbers.unwrap();
    let absent = PhoneNumber::parse("081234567891", Country::INDONESIA).unwrap();
    assert_eq!(numbers.check_number(&phone()).await.unwrap(), NumberCheckResult::OnWhatsApp);
    assert_eq!(numbers.check_number(&absent).await.unwrap(), NumberCheckResult::NotOnWhatsApp);
    let presence = account.presence.unwrap();
    let chat = Recipient::Phone(phone());
    presence.typing(&chat, None).await.unwrap();
    presence.mark_read(&chat, &ProviderMessageId::new("3EB0AA")).await.unwrap();

    let to = OutboundMessage::text_to(absent, "Halo");
    assert_eq!(account.provider.send(&to).await.unwrap_err().kind(), SendErrorKind::NotOnWhatsApp);
    let lid = Jid::parse(&format!("{}@lid", sandbox.lid(PHONE))).unwrap();
    let to = OutboundMessage::text_to(Recipient::Lid(lid), "Halo");
    assert_eq!(account.provider.send(&to).await.unwrap_err().kind(), SendErrorKind::Unsupported);
    for (media, attachment) in [
        (
            Media::of(MediaKind::Document, "application/pdf", &b"%PDF"[..]).with_file_name("nota.pdf"),
            "nota.pdf",
        ),
        (Media::at(MediaKind::Image, "https://shop.example/a.jpg"), "https://shop.example/a.jpg"),
        (Media::of(MediaKind::Audio, "audio/ogg", &b"OggS"[..]), "file"),
        (Media::of(MediaKind::Sticker, "image/webp", &b"RIFF"[..]), "file"),
    ] {
        let accepted =
            account.provider.send(&OutboundMessage::new(phone(), Content::Media(media))).await.unwrap();
        let arrived = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
        assert_eq!(arrived.attachment.as_deref(), Some(attachment));
        assert_eq!(accepted.message_id.unwrap().as_str(), arrived.id);
    }
}

#[tokio::test]
async fn refusals_have_their_kind() {
    let sandbox = start(EVOLUTION).await;
    let device = sandbox.device(EVOLUTION);
    let account = account(&device);
    for (reason, kind, advice) in [
        ("exists false", SendErrorKind::NotOnWhatsApp, RetryAdvice::Never),
        ("The \"default\" instance is not connected", SendErrorKind::DeviceOffline, RetryAdvice::Never),
        ("The \"default\" instance does not exist", SendErrorKind::DeviceOffline, RetryAdvice::Never),
        ("Something that nobody has seen", SendErrorKind::Rejected, RetryAdvice::Never),
        ("Internal Server Error", SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
    ] {
        sandbox.fault(Fault::refuse(reason).at(EVOLUTION).on(Endpoint::Send).times(1));
        let error = account.provider.send(&sample_message()).await.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{reason}");
    }
    assert!(sandbox.messages().is_empty());
    // Evolution takes a cold message and tells afterwards that it failed.
    device.set_timelock(Some(Timestamp::from_micros(32_472_144_000_000_000)));
    let sent = account.provider.send(&sample_message()).await.unwrap().message_id.unwrap();
    let failed = |event: &InboundEvent| {
        matches!(event, InboundEvent::Receipt(receipt)
            if receipt.state == DeliveryState::Failed && receipt.key.message_id.as_ref() == Some(&sent))
    };
    events_until(&sandbox, &*account.webhooks.unwrap(), |events| events.iter().any(failed)).await;
}
