//! What Fonnte can do beside sending text.

use wartel_core::{Country, PhoneNumber, Secret};
use wartel_messaging::adapters::fonnte::{Fonnte, FonnteConfig};
use wartel_messaging::{
    Author, Content, DeliveryState, DeviceEvent, InboundContent, InboundEvent, Media, MediaKind,
    MessageProvider, OutboundMessage, PairingMethod, PairingOffer, QrCode, SendErrorKind, WebhookError,
};
use wartel_sandbox::{CustomerMessage, DeviceState, Extra, ProviderKind, Sandbox, SandboxBuilder, Shown};

use super::support::{Application, PATIENCE, account};

const FONNTE: ProviderKind = ProviderKind::Fonnte;
const PHONE: &str = "6281234567890";

fn phone() -> PhoneNumber {
    PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap()
}

async fn start(builder: SandboxBuilder) -> (Sandbox, Application) {
    let sandbox = builder.delivered_after(std::time::Duration::ZERO).start().await.unwrap();
    let source = account(&sandbox.account(FONNTE)).webhooks.unwrap();
    let app = Application::start(source).await;
    sandbox.set_webhooks(&app.url).unwrap();
    (sandbox, app)
}

#[tokio::test]
async fn what_customers_write_comes_in_and_is_answered_with_a_quote() {
    let (sandbox, mut app) = start(Sandbox::builder()).await;
    let device = sandbox.device(FONNTE);
    device.flood_stories(PHONE, 3);
    device.write(&CustomerMessage::new(PHONE, "di grup").in_group("120363000000000001@g.us"));
    assert!(matches!(app.next().await, InboundEvent::Ignored { why: "a group message" }));
    device.write(&CustomerMessage::new(PHONE, "Masih ada?").named("Budi"));
    let InboundEvent::Message(message) = app.next().await else { panic!("a message") };
    assert_eq!((message.contact.phone.as_ref(), message.name.as_deref()), (Some(&phone()), Some("Budi")));
    assert_eq!((message.author, &message.content), (Author::Contact, &InboundContent::text("Masih ada?")));
    assert!(message.at.is_some());

    let answer = OutboundMessage::text_to(phone(), "Masih").quoting(message.id.clone().unwrap());
    let provider = account(&sandbox.account(FONNTE)).provider;
    let accepted = provider.send(&answer).await.unwrap();
    let id = message.id.unwrap();
    assert_eq!(sandbox.requests().pop().unwrap().field("inboxid"), Some(id.as_str()));
    for state in [DeliveryState::Sent, DeliveryState::Delivered] {
        let InboundEvent::Receipt(receipt) = app.next().await else { panic!("a receipt") };
        assert_eq!(receipt.state, state);
        if state == DeliveryState::Sent {
            assert_eq!(receipt.key.message_id, accepted.message_id);
        }
    }
}

#[tokio::test]
async fn the_same_message_twice_has_one_id_and_files_and_places_come_in() {
    let (sandbox, mut app) = start(Sandbox::builder()).await;
    let device = sandbox.device(FONNTE);
    device.write(&CustomerMessage::new(PHONE, "dua kali").shown_as(Shown::Twice));
    assert_eq!(app.next().await, app.next().await);
    let media = Extra::Media {
        kind: "document".into(),
        mime: "application/pdf".into(),
        url: "http://127.0.0.1/ktp.pdf".into(),
        file_name: Some("ktp.pdf".into()),
    };
    device.write(&CustomerMessage::new(PHONE, "KTP saya").with(media));
    let InboundEvent::Message(message) = app.next().await else { panic!("a message") };
    let InboundContent::Media { kind, caption, reference, file_name, .. } = message.content else {
        panic!("a file")
    };
    assert_eq!((kind, caption.as_deref()), (MediaKind::Document, Some("KTP saya")));
    assert_eq!(
        (reference.as_deref(), file_name.as_deref()),
        (Some("http://127.0.0.1/ktp.pdf"), Some("ktp.pdf"))
    );
    let place = Extra::Location { latitude: -6.2, longitude: 106.8 };
    device.write(&CustomerMessage::new(PHONE, "").with(place));
    let InboundEvent::Message(message) = app.next().await else { panic!("a message") };
    let expected =
        InboundContent::Location { latitude_micro: -6_200_000, longitude_micro: 106_800_000, name: None };
    assert_eq!(message.content, expected);
}

#[tokio::test]
async fn files_go_out_by_address_and_as_bytes() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let provider = account(&sandbox.account(FONNTE)).provider;
    let send = async |media| provider.send(&OutboundMessage::new(phone(), Content::Media(media))).await;
    let at = Media::at(MediaKind::Image, "https://shop.example/avanza.jpg").with_caption("Avanza & *Xenia*");
    send(at).await.unwrap();
    let first = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    assert_eq!(first.attachment.as_deref(), Some("https://shop.example/avanza.jpg"));
    assert_eq!(first.text, "Avanza & *Xenia*");
    let bytes = vec![b'-'; 300_000];
    let of = Media::of(MediaKind::Document, "application/pdf", bytes).with_file_name("brosur \"baru\".pdf");
    send(of.with_caption("Brosur\r\nbaru")).await.unwrap();
    let second = sandbox.wait_for_message(PHONE, PATIENCE).await.unwrap();
    assert_eq!(second.text, "Brosur\r\nbaru");
    let request = sandbox.requests().pop().unwrap();
    assert_eq!((request.files.len(), request.files[0].size), (1, 300_000));
    let error = send(Media::at(MediaKind::Image, "file:///etc/passwd")).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::MediaRejected);
}

#[tokio::test]
async fn a_device_is_paired_by_qr_or_code_and_only_the_connection_is_told() {
    let (sandbox, mut app) = start(Sandbox::builder().unpaired(FONNTE)).await;
    let device = sandbox.device(FONNTE);
    let pairing = account(&sandbox.account(FONNTE)).pairing.unwrap();
    assert!(!pairing.device().await.unwrap().connected);
    let offer = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    let PairingOffer::Qr { qr: QrCode::Png(picture), .. } = offer else { panic!("a picture") };
    assert!(picture.starts_with(b"\x89PNG"));
    assert!(device.refuse_scan());
    let PairingOffer::Code { code, .. } = pairing.start_pairing(&PairingMethod::Code(phone())).await.unwrap()
    else {
        panic!("a code")
    };
    assert_eq!(device.shown().as_deref(), Some(code.expose()));
    assert!(device.scan_only());
    assert!(!pairing.device().await.unwrap().connected, "paired is not connected");
    device.set_connected(true);
    assert_eq!(app.next().await, InboundEvent::DeviceState(DeviceEvent::Connected));
    let info = pairing.device().await.unwrap();
    assert_eq!((info.connected, info.paired), (true, Some(true)));
    assert_eq!(info.phone.unwrap().digits(), device.number());
    assert_eq!(pairing.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::AlreadyConnected);
    pairing.disconnect().await.unwrap();
    assert_eq!(app.next().await, InboundEvent::DeviceState(DeviceEvent::Disconnected));
    assert_eq!(device.state(), DeviceState::LoggedOut);
    pairing.disconnect().await.unwrap();
}

#[tokio::test]
async fn a_device_is_added_and_its_webhooks_are_set_by_the_adapter() {
    let (sandbox, mut app) = start(Sandbox::builder()).await;
    sandbox.clear_webhooks();
    let owner = Fonnte::new(FonnteConfig::new(sandbox.token()).with_base_url(sandbox.url())).unwrap();
    let account_token = Secret::new(sandbox.account_token());
    let token = owner.add_device(&account_token, "Cabang Malang", &phone()).await.unwrap();
    let wrong = owner.add_device(&Secret::new("another-token"), "Cabang", &phone()).await.unwrap_err();
    assert_eq!(wrong.kind(), SendErrorKind::Unauthenticated);

    let added = Fonnte::new(FonnteConfig::new(token).with_base_url(sandbox.url())).unwrap();
    let refused = added.send(&OutboundMessage::text_to(phone(), "x")).await.unwrap_err();
    assert_eq!(refused.kind(), SendErrorKind::DeviceOffline);
    added.set_webhooks(&Secret::new(app.url.as_str())).await.unwrap();
    let device = sandbox.devices().pop().unwrap();
    device.set_connected(true);
    assert_eq!(app.next().await, InboundEvent::DeviceState(DeviceEvent::Connected));
    // The sandbox speaks no TLS, and says so as Fonnte says that it does not like a URL.
    let error = added.set_webhooks(&Secret::new("https://shop.example/x")).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Rejected);
}

#[tokio::test]
async fn a_secret_in_the_body_is_asked_for_when_it_was_agreed_upon() {
    let sandbox = Sandbox::builder().secret_in_webhooks(true).start().await.unwrap();
    let source = |secret: &str| {
        let config = FonnteConfig::new(sandbox.token()).with_webhook_secret(secret);
        Fonnte::new(config).unwrap().account().webhooks.unwrap()
    };
    let mut app = Application::start(source(&sandbox.account(FONNTE).secret)).await;
    sandbox.set_webhooks(&app.url).unwrap();
    sandbox.customer_writes(PHONE, "Halo");
    assert!(matches!(app.next().await, InboundEvent::Message(_)));
    let mut stranger = Application::start(source("another secret")).await;
    sandbox.set_webhooks(&stranger.url).unwrap();
    sandbox.customer_writes(PHONE, "Halo");
    assert_eq!(stranger.decoded().await, Err(WebhookError::BadSignature));
}
