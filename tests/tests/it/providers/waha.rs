//! WAHA: pairing, second ports, and webhooks from the bytes to the events.

use wartel_core::{Country, Jid, PhoneNumber, Timestamp};
use wartel_messaging::adapters::waha::{Waha, WahaConfig};
use wartel_messaging::testing::sample_message;
use wartel_messaging::{
    Account, Authenticity, Author, Content, DeliveryState, DeviceEvent, InboundContent, InboundEvent, Media,
    MediaKind, MessageProvider, NumberCheckResult, OutboundMessage, PairingMethod, PairingOffer,
    ProviderMessageId, QrCode, Recipient, RetryAdvice, SendErrorKind, WebhookError,
};
use wartel_sandbox::{
    CustomerMessage, DeviceState, Endpoint, Extra, Fault, ProviderKind, Sandbox, SandboxDevice, Shown,
};

use super::posted::{PHONE, decode, events_until, listening, messages, phone, posted, quick};
use super::support::{Application, PATIENCE, account};

const WAHA: ProviderKind = ProviderKind::Waha;

async fn unpaired() -> (Sandbox, SandboxDevice, Account, Application) {
    let sandbox = quick().unpaired(WAHA).start().await.unwrap();
    let device = sandbox.device(WAHA);
    let (account, app) = listening(&device).await;
    (sandbox, device, account, app)
}

fn state(event: DeviceEvent) -> InboundEvent {
    InboundEvent::DeviceState(event)
}

#[tokio::test]
async fn a_phone_is_paired_by_qr_and_connected_only_after_the_scan() {
    let (_sandbox, device, account, mut app) = unpaired().await;
    let pairing = account.pairing.unwrap();
    let before = pairing.device().await.unwrap();
    assert_eq!((before.connected, before.paired, before.phone), (false, None, None));

    let offer = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    let PairingOffer::Qr { qr: QrCode::Text(text), .. } = offer else { panic!("no QR text") };
    assert_eq!(device.shown().as_deref(), Some(text.as_str()));
    let again = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    assert!(matches!(again, PairingOffer::Qr { qr: QrCode::Text(same), .. } if same == text));
    assert_eq!(pairing.device().await.unwrap().paired, Some(false));
    assert_eq!(app.next().await, state(DeviceEvent::QrChanged));

    assert!(device.scan_text(&text));
    assert_eq!(app.next().await, state(DeviceEvent::Connected), "the next news, and no other before it");
    let after = pairing.device().await.unwrap();
    assert_eq!((after.connected, after.paired), (true, Some(true)));
    assert_eq!(after.phone.unwrap().digits(), device.number());
    assert_eq!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::AlreadyConnected);
    account.provider.send(&sample_message()).await.unwrap();
}

#[tokio::test]
async fn a_scan_alone_is_no_connection() {
    let (_sandbox, device, account, _app) = unpaired().await;
    let pairing = account.pairing.unwrap();
    pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    assert!(device.scan_only());
    assert_eq!(device.state(), DeviceState::Paired);
    assert!(!pairing.device().await.unwrap().connected);
}

#[tokio::test]
async fn a_phone_is_paired_by_a_typed_code_and_removes_the_device_again() {
    let (_sandbox, device, account, mut app) = unpaired().await;
    let pairing = account.pairing.unwrap();
    let offer = pairing.start_pairing(&PairingMethod::Code(phone())).await.unwrap();
    let PairingOffer::Code { code, .. } = offer else { panic!("no code") };
    assert!(device.scan_text(&code.expose().replace('-', "")));
    events_until(&mut app, |event| *event == state(DeviceEvent::Connected)).await;

    assert!(device.remove());
    assert_eq!(app.next().await, state(DeviceEvent::Disconnected));
    let asked_again = [DeviceEvent::LoggedOut, DeviceEvent::QrChanged].map(state);
    assert_eq!(app.decoded().await.unwrap(), asked_again);
    let error = account.provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::Never));
    let offer = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    assert!(matches!(offer, PairingOffer::Qr { .. }));
}

#[tokio::test]
async fn a_session_that_nobody_made_is_made_and_one_that_is_left_can_be_left_again() {
    let sandbox = quick().start().await.unwrap();
    let settings = sandbox.account(WAHA);
    let config = WahaConfig::new(settings.url.as_str(), settings.setting("token").unwrap());
    let waha = Waha::new(config.with_session("cabang-2")).unwrap();
    let error = waha.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("session not found"));
    let pairing = waha.account().pairing.unwrap();
    assert_eq!(pairing.device().await.unwrap().paired, Some(false));
    assert!(matches!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::Qr { .. }));
    let made = sandbox.devices().pop().unwrap();
    assert_eq!((made.provider(), made.state()), (WAHA, DeviceState::QrShown));

    let pairing = account(&sandbox.account(WAHA)).pairing.unwrap();
    for _ in 0..2 {
        pairing.disconnect().await.unwrap();
        assert!(!pairing.device().await.unwrap().connected);
    }
}

#[tokio::test]
async fn what_customers_write_comes_out_as_it_was_written() {
    let sandbox = quick().start().await.unwrap();
    let device = sandbox.device(WAHA);
    let (account, mut app) = listening(&device).await;
    assert_eq!(account.webhooks.unwrap().authenticity(), Authenticity::Signed);
    let lid = Jid::parse(&format!("{}@lid", sandbox.lid(PHONE))).unwrap();
    let written = device.write(&CustomerMessage::new(PHONE, "Masih ada?").named("Budi").quoting("3EB0AA"));
    let photo = Extra::Media {
        kind: "image".into(),
        mime: "image/jpeg".into(),
        url: "http://127.0.0.1/a.jpg".into(),
        file_name: Some("a.jpg".into()),
    };
    device.write(&CustomerMessage::new(PHONE, "Yang ini").with(photo));
    device.write(
        &CustomerMessage::new(PHONE, "").with(Extra::Location { latitude: -6.2088, longitude: 106.8456 }),
    );
    device.write(&CustomerMessage::new(PHONE, "tersembunyi").shown_as(Shown::Lid));
    device.write(&CustomerMessage::new(PHONE, "keduanya").shown_as(Shown::Both));
    let twice = device.write(&CustomerMessage::new(PHONE, "dua kali").shown_as(Shown::Twice));
    device.write(&CustomerMessage::new(PHONE, "di grup").in_group("120363000000000001@g.us"));
    device.flood_stories(PHONE, 2);
    device.write(&CustomerMessage::new(PHONE, "Saya bantu").from_own_phone());

    let ours =
        |event: &InboundEvent| matches!(event, InboundEvent::Message(m) if m.author == Author::OwnAccount);
    let events = events_until(&mut app, ours).await;
    let messages = messages(&events);
    let [first, photo, place, hidden, both, one, other, echo] = messages.as_slice() else {
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
    assert_eq!((hidden.contact.phone.clone(), hidden.contact.lid.clone()), (None, Some(lid.clone())));
    assert_eq!((both.contact.phone.clone(), both.contact.lid.clone()), (Some(phone()), Some(lid.clone())));
    assert!([one, other].iter().all(|message| message.id.as_ref().unwrap().as_str() == twice.id));
    assert_eq!((one.contact.phone.clone(), other.contact.lid.clone()), (Some(phone()), Some(lid)));
    assert_eq!((echo.author, echo.contact.phone.clone()), (Author::OwnAccount, Some(phone())));
    for why in ["a group", "a status post"] {
        assert!(events.contains(&InboundEvent::Ignored { why }), "{why}");
    }
}

#[tokio::test]
async fn receipts_and_echoes_carry_the_id_that_the_send_gave() {
    let sandbox = quick().start().await.unwrap();
    let (account, mut app) = listening(&sandbox.device(WAHA)).await;
    let sent = account.provider.send(&sample_message()).await.unwrap().message_id.unwrap();
    sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    sandbox.mark_read(PHONE);
    let state = |event: &InboundEvent| match event {
        InboundEvent::Receipt(receipt) if receipt.key.message_id.as_ref() == Some(&sent) => {
            Some(receipt.state)
        }
        _ => None,
    };
    let read = |event: &InboundEvent| state(event) == Some(DeliveryState::Read);
    let events = events_until(&mut app, read).await;
    let states: Vec<DeliveryState> = events.iter().filter_map(state).collect();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read]);
    let echo = messages(&events)[0];
    assert_eq!((echo.author, echo.id.as_ref()), (Author::OwnAccount, Some(&sent)));
}

#[tokio::test]
async fn a_forged_or_changed_webhook_is_refused() {
    let sandbox = quick().start().await.unwrap();
    let device = sandbox.device(WAHA);
    let (account, _app) = listening(&device).await;
    let webhooks = account.webhooks.unwrap();
    device.write(&CustomerMessage::new(PHONE, "Halo"));
    let posted = posted(&sandbox).await;
    assert!(decode(&*webhooks, &posted).is_ok());
    let mut changed = posted.clone();
    changed.body = String::from_utf8(posted.body.to_vec()).unwrap().replace("Halo", "Hola").into();
    let mut bare = posted;
    bare.headers.clear();
    for webhook in [changed, bare] {
        assert_eq!(decode(&*webhooks, &webhook), Err(WebhookError::BadSignature));
    }
}

#[tokio::test]
async fn numbers_lids_presence_and_files_are_understood() {
    let sandbox = quick().without_whatsapp(["081234567891"]).start().await.unwrap();
    let account = account(&sandbox.account(WAHA));
    let numbers = account.numbers.unwrap();
    let absent = PhoneNumber::parse("081234567891", Country::INDONESIA).unwrap();
    assert_eq!(numbers.check_number(&phone()).await.unwrap(), NumberCheckResult::OnWhatsApp);
    assert_eq!(numbers.check_number(&absent).await.unwrap(), NumberCheckResult::NotOnWhatsApp);
    let lids = account.lids.unwrap();
    let lid = Jid::parse(&format!("{}@lid", sandbox.lid(PHONE))).unwrap();
    assert_eq!(lids.phone_of(&lid).await.unwrap(), Some(phone()));
    assert_eq!(lids.phone_of(&Jid::parse("100000000000001@lid").unwrap()).await.unwrap(), None);
    let presence = account.presence.unwrap();
    let chat = Recipient::Lid(lid.clone());
    presence.typing(&chat, None).await.unwrap();
    presence.mark_read(&chat, &ProviderMessageId::new("3EB0AA")).await.unwrap();

    let media = Media::of(MediaKind::Document, "application/pdf", &b"%PDF"[..]).with_file_name("nota.pdf");
    let message = OutboundMessage::new(Recipient::Lid(lid), Content::Media(media.with_caption("Nota")));
    account.provider.send(&message.quoting(ProviderMessageId::new("3EB0AA"))).await.unwrap();
    let arrived = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    assert_eq!((arrived.text.as_str(), arrived.attachment.as_deref()), ("Nota", Some("nota.pdf")));
}

#[tokio::test]
async fn refusals_have_their_kind() {
    let sandbox = quick().start().await.unwrap();
    let provider = account(&sandbox.account(WAHA)).provider;
    for (reason, kind, advice) in [
        ("STOPPED", SendErrorKind::DeviceOffline, RetryAdvice::Never),
        ("STARTING", SendErrorKind::DeviceOffline, RetryAdvice::After(None)),
        ("PASSKEY_REQUIRED", SendErrorKind::DeviceOffline, RetryAdvice::Never),
        ("session not found", SendErrorKind::DeviceOffline, RetryAdvice::Never),
        ("Unauthorized", SendErrorKind::Unauthenticated, RetryAdvice::Never),
        ("Protocol error (Runtime.callFunctionOn)", SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
    ] {
        sandbox.fault(Fault::refuse(reason).at(WAHA).on(Endpoint::Send).times(1));
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{reason}");
    }
    assert!(sandbox.messages().is_empty());
    let until = Timestamp::from_micros(32_472_144_000_000_000);
    sandbox.device(WAHA).set_timelock(Some(until));
    assert_eq!(provider.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::ReachoutLocked);
    sandbox.device(WAHA).write(&CustomerMessage::new(PHONE, "Halo"));
    provider.send(&sample_message()).await.unwrap();
}
