//! GOWA: pairing, second ports, and webhooks from the bytes to the events.

use wartel_core::{Country, Jid, PhoneNumber, Timestamp};
use wartel_messaging::adapters::gowa::{Gowa, GowaConfig};
use wartel_messaging::testing::sample_message;
use wartel_messaging::{
    Account, Authenticity, Author, Content, DeliveryState, InboundContent, InboundEvent, Media, MediaKind,
    MessageProvider, NumberCheckResult, OutboundMessage, PairingMethod, PairingOffer, ProviderMessageId,
    QrCode, Recipient, RetryAdvice, SendErrorKind, WebhookError,
};
use wartel_sandbox::{
    CustomerMessage, DeviceState, Endpoint, Extra, Fault, ProviderKind, Sandbox, SandboxDevice, Shown,
};

use super::posted::{PHONE, decode, events_until, listening, messages, phone, posted, quick};
use super::support::{PATIENCE, account};

const GOWA: ProviderKind = ProviderKind::Gowa;

fn config(sandbox: &Sandbox) -> GowaConfig {
    let settings = sandbox.account(GOWA);
    let password = settings.setting("password").unwrap();
    GowaConfig::new(settings.url.as_str()).with_login(settings.setting("user").unwrap(), password)
}

async fn unpaired() -> (Sandbox, SandboxDevice, Account) {
    let sandbox = quick().unpaired(GOWA).start().await.unwrap();
    let device = sandbox.device(GOWA);
    let account = account(&device.account());
    (sandbox, device, account)
}

async fn until_connected(device: &SandboxDevice) {
    let connected = async {
        while device.state() != DeviceState::Connected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.unwrap();
}

#[tokio::test]
async fn a_phone_is_paired_by_a_picture_and_connected_only_after_the_scan() {
    let (_sandbox, device, account) = unpaired().await;
    let pairing = account.pairing.unwrap();
    assert!(!pairing.device().await.unwrap().connected);
    let offer = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    let PairingOffer::Qr { qr: QrCode::Png(picture), valid_for } = offer else { panic!("no picture") };
    assert!(picture.starts_with(b"\x89PNG"));
    assert!((55..=60).contains(&valid_for.unwrap().as_secs()), "{valid_for:?}");
    let shown = pairing.device().await.unwrap();
    assert_eq!((shown.connected, shown.paired), (false, Some(false)));

    assert!(device.scan_only());
    assert!(!pairing.device().await.unwrap().connected, "paired is not connected");
    device.set_connected(true);
    let after = pairing.device().await.unwrap();
    assert_eq!((after.connected, after.paired), (true, Some(true)));
    assert_eq!(after.phone.unwrap().digits(), device.number());
    assert_eq!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::AlreadyConnected);
    account.provider.send(&sample_message()).await.unwrap();
}

#[tokio::test]
async fn a_phone_is_paired_by_a_typed_code_and_removes_the_device_again() {
    let (_sandbox, device, account) = unpaired().await;
    let pairing = account.pairing.unwrap();
    let offer = pairing.start_pairing(&PairingMethod::Code(phone())).await.unwrap();
    let PairingOffer::Code { code, .. } = offer else { panic!("no code") };
    assert!(device.scan_text(code.expose()));
    until_connected(&device).await;
    account.provider.send(&sample_message()).await.unwrap();
    assert!(device.remove());
    assert!(!pairing.device().await.unwrap().connected);
    let error = account.provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::Never));
    pairing.disconnect().await.unwrap();
}

#[tokio::test]
async fn a_device_that_is_linked_but_offline_is_not_paired_anew() {
    let sandbox = quick().connected(false).start().await.unwrap();
    let account = account(&sandbox.account(GOWA));
    let error = account.provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::After(None)));
    let error = account.pairing.unwrap().start_pairing(&PairingMethod::Qr).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("SESSION_SAVED_ERROR"));
}

#[tokio::test]
async fn a_device_that_nobody_made_is_made_and_then_has_to_be_named() {
    let sandbox = quick().start().await.unwrap();
    let nameless = Gowa::new(config(&sandbox)).unwrap();
    nameless.send(&sample_message()).await.unwrap();
    let second = Gowa::new(config(&sandbox).with_device("cabang-2")).unwrap();
    let error = second.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("DEVICE_NOT_FOUND"));
    let pairing = second.account().pairing.unwrap();
    assert_eq!(pairing.device().await.unwrap().paired, Some(false));
    assert!(matches!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::Qr { .. }));
    let made = sandbox.devices().pop().unwrap();
    assert_eq!((made.provider(), made.state()), (GOWA, DeviceState::QrShown));
    let error = nameless.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("DEVICE_ID_REQUIRED"));
}

#[tokio::test]
async fn what_customers_write_comes_out_as_it_was_written() {
    let sandbox = quick().start().await.unwrap();
    let device = sandbox.device(GOWA);
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
    assert_eq!(first.at, Some(written.at));
    assert!(
        matches!(&photo.content, InboundContent::Media { kind: MediaKind::Image, caption: Some(words), .. } if words == "Yang ini")
    );
    assert!(matches!(place.content, InboundContent::Location { longitude_micro: 106_845_600, .. }));
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
async fn receipts_carry_the_id_that_the_send_gave() {
    let sandbox = quick().start().await.unwrap();
    let (account, mut app) = listening(&sandbox.device(GOWA)).await;
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
    assert_eq!(states, [DeliveryState::Delivered, DeliveryState::Read]);
    assert!(messages(&events).is_empty(), "what the application sends is not told again");
}

#[tokio::test]
async fn a_forged_or_changed_webhook_is_refused() {
    let sandbox = quick().start().await.unwrap();
    let device = sandbox.device(GOWA);
    let (account, _app) = listening(&device).await;
    let webhooks = account.webhooks.unwrap();
    device.write(&CustomerMessage::new(PHONE, "Halo"));
    let posted = posted(&sandbox).await;
    assert!(decode(&*webhooks, &posted).is_ok());
    let mut changed = posted.clone();
    changed.body = String::from_utf8(posted.body.to_vec()).unwrap().replace("Halo", "Hola").into();
    let mut bare = posted.clone();
    bare.headers.clear();
    for webhook in [changed, bare] {
        assert_eq!(decode(&*webhooks, &webhook), Err(WebhookError::BadSignature));
    }
    let other =
        Gowa::new(config(&sandbox).with_webhook_secret("secret").with_webhook_secret_default_dangerous());
    let other = other.unwrap().account().webhooks.unwrap();
    assert_eq!(decode(&*other, &posted), Err(WebhookError::BadSignature));
}

#[tokio::test]
async fn numbers_presence_and_files_are_understood() {
    let sandbox = quick().without_whatsapp(["081234567891"]).start().await.unwrap();
    let account = account(&sandbox.account(GOWA));
    let numbers = account.numbers.unwrap();
    let absent = PhoneNumber::parse("081234567891", Country::INDONESIA).unwrap();
    assert_eq!(numbers.check_number(&phone()).await.unwrap(), NumberCheckResult::OnWhatsApp);
    assert_eq!(numbers.check_number(&absent).await.unwrap(), NumberCheckResult::NotOnWhatsApp);
    let refused = account.provider.send(&OutboundMessage::text_to(absent, "x")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.advice()), (SendErrorKind::NotOnWhatsApp, RetryAdvice::Never));
    let lid = Jid::parse(&format!("{}@lid", sandbox.lid(PHONE))).unwrap();
    let chat = Recipient::Lid(lid.clone());
    let presence = account.presence.unwrap();
    presence.typing(&chat, None).await.unwrap();
    presence.mark_read(&chat, &ProviderMessageId::new("3EB0AA")).await.unwrap();

    let file =
        Media::of(MediaKind::Document, "application/pdf", &b"%PDF"[..]).with_file_name("nota \"1\".pdf");
    let link = Media::at(MediaKind::Image, "https://shop.example/a.jpg");
    for (media, attachment) in [(file, "nota '1'.pdf"), (link, "https://shop.example/a.jpg")] {
        let content = Content::Media(media.with_caption("Nota"));
        account.provider.send(&OutboundMessage::new(chat.clone(), content)).await.unwrap();
        let arrived = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
        assert_eq!((arrived.text.as_str(), arrived.attachment.as_deref()), ("Nota", Some(attachment)));
    }
    let request = sandbox.requests().into_iter().find(|request| !request.files.is_empty()).unwrap();
    assert_eq!((request.path.as_str(), request.files[0].size), ("/gowa/send/file", 4));
}

#[tokio::test]
async fn refusals_have_their_kind() {
    let sandbox = quick().start().await.unwrap();
    let provider = account(&sandbox.account(GOWA)).provider;
    for (reason, kind, advice) in [
        ("DEVICE_MANAGER_UNAVAILABLE", SendErrorKind::Unavailable, RetryAdvice::After(None)),
        ("INVALID_WA_CLI", SendErrorKind::DeviceOffline, RetryAdvice::Never),
        ("UPLOAD_MEDIA_ERROR", SendErrorKind::MediaRejected, RetryAdvice::After(None)),
        ("GATEWAY_TIMEOUT", SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
        ("Unauthorized", SendErrorKind::Unauthenticated, RetryAdvice::Never),
        ("something that nobody has seen", SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
    ] {
        sandbox.fault(Fault::refuse(reason).at(GOWA).on(Endpoint::Send).times(1));
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{reason}");
    }
    assert!(sandbox.messages().is_empty());
    let until = Timestamp::from_micros(32_472_144_000_000_000);
    sandbox.device(GOWA).set_timelock(Some(until));
    let error = provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::ReachoutLocked, RetryAdvice::Never));
    sandbox.device(GOWA).write(&CustomerMessage::new(PHONE, "Halo"));
    provider.send(&sample_message()).await.unwrap();
    let stranger = GowaConfig::new(sandbox.account(GOWA).url).with_login("sandbox", "wrong");
    let error = Gowa::new(stranger).unwrap().send(&sample_message()).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unauthenticated);
}
