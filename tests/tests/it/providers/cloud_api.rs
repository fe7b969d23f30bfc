//! Meta's Cloud API: what it takes and what it refuses, and webhooks from the bytes to the events.

use super::recorded::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wartel_messaging::adapters::cloud_api::{CloudApi, CloudApiConfig, OtpTemplate};
use wartel_messaging::testing::sample_message;
use wartel_messaging::{
    Authenticity, Author, Choice, Content, DeliveryState, DeviceEvent, InboundContent, Media, MediaKind,
    OutboundMessage, ProviderMessageId, Recipient, RetryAdvice, SendErrorKind, Template, WebhookHandshake,
};
use wartel_sandbox::{CustomerMessage, Extra, Shown};

const CLOUD_API: ProviderKind = ProviderKind::CloudApi;

fn config(sandbox: &Sandbox) -> CloudApiConfig {
    let account = sandbox.account(CLOUD_API);
    let setting = |name| account.setting(name).unwrap();
    CloudApiConfig::new(setting("token"), setting("phone_number_id"))
        .with_base_url(setting("url"))
        .with_otp_template(OtpTemplate::new(setting("otp_template")).unwrap())
        .with_timeout(Duration::from_secs(1))
}

#[tokio::test]
async fn a_code_goes_out_as_its_template_also_outside_the_window() {
    let sandbox = quick().service_window(true).start().await.unwrap();
    let provider = account(&sandbox.device(CLOUD_API)).provider;
    provider.send(&sample_message()).await.unwrap();
    assert_eq!(sandbox.last_message(PHONE).unwrap().code(), Some("482915"));
    let text = OutboundMessage::text_to(phone(), "Halo");
    let error = provider.send(&text).await.unwrap_err();
    assert_eq!((error.kind(), error.provider_code()), (SendErrorKind::OutsideWindow, Some("131047")));
    sandbox.device(CLOUD_API).write(&CustomerMessage::new(PHONE, "halo"));
    provider.send(&text).await.unwrap();
}

#[tokio::test]
async fn every_content_is_taken_by_a_strict_reader() {
    let sandbox = quick().start().await.unwrap();
    let device = sandbox.device(CLOUD_API);
    let provider = account(&device).provider;
    let quoted = device.write(&CustomerMessage::new(PHONE, "halo")).id;
    let list = Choice::new("Mau apa?", (1..=10).map(|n| (n.to_string(), format!("Nomor {n}"))));
    let image = Media::of(MediaKind::Image, "image/png", &b"picture"[..]).with_caption("Baju");
    let nota = Media::at(MediaKind::Document, "https://shop.example/nota.pdf").with_file_name("nota.pdf");
    for (content, text) in [
        (Content::Text("Halo é 👍".into()), "Halo é 👍"),
        (Content::Choice(Choice::new("Mau apa?", [("a", "Stok")])), "Mau apa?\n[Stok]"),
        (Content::Choice(list), "Mau apa?\n[Nomor 1]"),
        (Content::Template(Template::new("sandbox_note", "en").with_parameters(["A-17"])), "A note: A-17"),
        (Content::Media(image), "Baju"),
        (Content::Media(nota), ""),
    ] {
        let kind = content.kind();
        let message = OutboundMessage::new(phone(), content).quoting(ProviderMessageId::new(quoted.as_str()));
        let accepted = provider.send(&message).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        let arrived = sandbox.last_message(PHONE).unwrap();
        assert!(arrived.text.starts_with(text), "{kind}");
        assert_eq!(accepted.message_id.unwrap().as_str(), arrived.id);
    }
    assert_eq!(sandbox.last_message(PHONE).unwrap().attachment.as_deref(), Some("nota.pdf"));
}

#[tokio::test]
async fn refusals_have_their_kind_and_their_wait() {
    let sandbox = quick().pair_limit(true).start().await.unwrap();
    let provider = account(&sandbox.device(CLOUD_API)).provider;
    let after = |seconds| RetryAdvice::After(Some(Duration::from_secs(seconds)));
    for (reason, kind, advice) in [
        ("190/463", SendErrorKind::Unauthenticated, RetryAdvice::Never),
        ("130429", SendErrorKind::RateLimited, after(5)),
        ("80007", SendErrorKind::RateLimited, after(900)),
        ("131031", SendErrorKind::Banned, RetryAdvice::Never),
        ("132001", SendErrorKind::TemplateRejected, RetryAdvice::Never),
        ("131016", SendErrorKind::Unavailable, RetryAdvice::After(None)),
        ("something that nobody has seen", SendErrorKind::Unexpected, RetryAdvice::Never),
    ] {
        sandbox.clear_faults();
        sandbox.fault(Fault::refuse(reason).times(1));
        let error = provider.send(&sample_message()).await.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{reason}");
    }
    assert!(sandbox.messages().is_empty());
    provider.send(&sample_message()).await.unwrap();
    let error = provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.provider_code(), error.advice()), (Some("131056"), after(6)));
}

#[tokio::test]
async fn wrong_credentials_and_a_number_that_is_not_connected_are_told_apart() {
    let sandbox = quick().start().await.unwrap();
    let account = account(&sandbox.device(CLOUD_API));
    let settings = sandbox.account(CLOUD_API);
    for (token, id, kind) in [
        ("other", settings.setting("phone_number_id").unwrap(), SendErrorKind::Unauthenticated),
        (settings.setting("token").unwrap(), "106540352242922", SendErrorKind::Rejected),
    ] {
        let stranger = CloudApiConfig::new(token, id).with_base_url(settings.setting("url").unwrap());
        let stranger = CloudApi::new(stranger).unwrap().account();
        let text = OutboundMessage::text_to(phone(), "x");
        assert_eq!(stranger.provider.send(&text).await.unwrap_err().kind(), kind);
        assert_eq!(stranger.device.unwrap().device().await.unwrap_err().kind(), kind);
    }
    let device = account.device.unwrap();
    assert!(device.device().await.unwrap().connected);
    sandbox.device(CLOUD_API).set_connected(false);
    let known = device.device().await.unwrap();
    assert_eq!((known.connected, known.phone.unwrap().digits()), (false, settings.number.as_str()));
    let error = account.provider.send(&sample_message()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::Never));
}

#[tokio::test]
async fn what_customers_write_comes_out_as_it_was_written() {
    let sandbox = start(CLOUD_API).await;
    let device = sandbox.device(CLOUD_API);
    let account = account(&device);
    let webhooks = account.webhooks.unwrap();
    assert_eq!(webhooks.authenticity(), Authenticity::Signed);
    let media = Extra::Media {
        kind: "image".into(),
        mime: "image/jpeg".into(),
        url: "https://x.example/a".into(),
        file_name: None,
    };
    for message in [
        CustomerMessage::new(PHONE, "Halo é 👍").named("Budi").quoting("wamid.x"),
        CustomerMessage::new(PHONE, "Lihat stok").with(Extra::Choice { id: "stock".into() }),
        CustomerMessage::new(PHONE, "Toko")
            .with(Extra::Location { latitude: -7.983_908, longitude: 112.621_391 }),
        CustomerMessage::new(PHONE, "ini?").with(media),
        CustomerMessage::new(PHONE, "siapa?").shown_as(Shown::Lid),
        CustomerMessage::new(PHONE, "x").in_group("120363000000000000@g.us"),
        CustomerMessage::new(PHONE, "Saya bantu").from_own_phone(),
    ] {
        device.write(&message);
    }
    let events = events_until(&sandbox, &*webhooks, |events| events.len() >= 6).await;
    let read = messages(&events);
    let contents: Vec<&InboundContent> = read.iter().map(|message| &message.content).collect();
    assert!(*contents[0] == InboundContent::text("Halo é 👍"));
    let choice = InboundContent::Choice { id: "stock".into(), title: "Lihat stok".into() };
    let (latitude_micro, longitude_micro) = (-7_983_908, 112_621_391);
    let place = InboundContent::Location { latitude_micro, longitude_micro, name: Some("Toko".into()) };
    assert!(*contents[1] == choice && *contents[2] == place);
    assert!(matches!(contents[3], InboundContent::Media { kind: MediaKind::Image, .. }));
    let hidden = read[4].contact.recipient().unwrap();
    assert!(*contents[4] == InboundContent::text("siapa?") && hidden.business_scoped_id().is_some());
    let known = read.iter().filter(|message| message.contact.phone == Some(phone()));
    assert!(known.count() == 5 && read.iter().all(|message| message.id.is_some()));
    assert_eq!((read[0].name.as_deref(), read[0].author), (Some("Budi"), Author::Contact));
    assert_eq!(read[0].quotes.as_ref().unwrap().as_str(), "wamid.x");
    assert_eq!((read.len(), read[5].author), (6, Author::OwnAccount));
    let accepted = account.provider.send(&OutboundMessage::text_to(hidden, "Toko Sari")).await.unwrap();
    let sent = accepted.message_id.unwrap();
    let arrived = sandbox.messages_to(PHONE).into_iter().find(|message| message.id == sent.as_str()).unwrap();
    assert_eq!(arrived.text, "Toko Sari");
    let strange = wartel_core::Jid::parse("ID.13491208655302741918@bsuid").unwrap();
    let strange = OutboundMessage::text_to(Recipient::Lid(strange), "x");
    assert_eq!(account.provider.send(&strange).await.unwrap_err().kind(), SendErrorKind::NotOnWhatsApp);
    // One byte more, and the signature does not fit.
    let mut forged = sandbox.webhook_attempts()[0].clone();
    forged.body = [&forged.body[..], b" "].concat().into();
    assert_eq!(decode(&*webhooks, &forged), Err(WebhookError::BadSignature));
}

#[tokio::test]
async fn statuses_and_bans_come_out_as_events() {
    let without = "6281234567899";
    let sandbox = quick().without_whatsapp([without]).webhooks_of(CLOUD_API, NOWHERE).start().await.unwrap();
    let device = sandbox.device(CLOUD_API);
    let account = account(&device);
    let webhooks = account.webhooks.unwrap();
    let id = account.provider.send(&sample_message()).await.unwrap().message_id;
    events_until(&sandbox, &*webhooks, |events| events.len() >= 2).await;
    sandbox.mark_read(PHONE);
    let events = events_until(&sandbox, &*webhooks, |events| events.len() >= 3).await;
    let states: Vec<DeliveryState> = events
        .iter()
        .map(|event| match event {
            InboundEvent::Receipt(receipt) if receipt.key.message_id == id => receipt.state,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read]);
    let nobody = PhoneNumber::parse(without, Country::INDONESIA).unwrap();
    account.provider.send(&OutboundMessage::text_to(nobody, "x")).await.unwrap();
    let failed = events_until(&sandbox, &*webhooks, |events| events.len() >= 4).await.pop();
    let expected = Some(SendErrorKind::NotOnWhatsApp);
    assert!(matches!(failed, Some(InboundEvent::Receipt(receipt)) if receipt.failure == expected));
    device.ban(None);
    let banned = events_until(&sandbox, &*webhooks, |events| events.len() >= 5).await.pop();
    assert_eq!(banned, Some(InboundEvent::DeviceState(DeviceEvent::Banned { until: None })));
    let error = account.provider.send(&sample_message()).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Banned);
}

#[tokio::test]
async fn a_message_is_marked_as_read_and_typing_is_shown() {
    let sandbox = quick().start().await.unwrap();
    let device = sandbox.device(CLOUD_API);
    let presence = account(&device).presence.unwrap();
    let written = ProviderMessageId::new(device.write(&CustomerMessage::new(PHONE, "halo")).id);
    let chat = Recipient::from(phone());
    presence.mark_read(&chat, &written).await.unwrap();
    presence.typing(&chat, Some(&written)).await.unwrap();
    assert!(presence.mark_read(&chat, &ProviderMessageId::new("wamid.other")).await.is_err());
    let requests = sandbox.requests();
    assert_eq!(requests[1].field("typing_indicator"), Some(r#"{"type":"text"}"#));
}

/// Answers one `GET` as an application would: with the challenge, or with 403.
async fn answer_one(listener: TcpListener, handshake: Arc<dyn WebhookHandshake>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let query = head.split_whitespace().nth(1).and_then(|path| path.split_once('?')).unwrap().1;
    let (status, body) =
        handshake.answer(query).map_or(("403 Forbidden", String::new()), |body| ("200 OK", body));
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn the_question_before_a_webhook_is_answered_by_whoever_knows_the_token() {
    let sandbox = quick().start().await.unwrap();
    let device = sandbox.device(CLOUD_API);
    let known = account(&device).handshake.unwrap();
    let strange = config(&sandbox).with_verify_token("another-one");
    let strange = CloudApi::new(strange).unwrap().account().handshake.unwrap();
    for (handshake, right) in [(known, true), (strange, false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        device.set_webhooks(&format!("http://{}/webhook", listener.local_addr().unwrap())).unwrap();
        let (verified, ()) = tokio::join!(device.verify_webhook(), answer_one(listener, handshake));
        assert_eq!(verified, right);
    }
    device.set_webhooks(NOWHERE).unwrap();
    assert!(!device.verify_webhook().await);
}
