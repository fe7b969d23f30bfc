use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use wartel_core::PhoneNumber;

use super::*;
use crate::SendErrorKind;

const SID: &str = "AC0123456789abcdef0123456789abcdef";
const MESSAGE: &str = "SM0123456789abcdef0123456789abcdef";
const URL: &str = "https://shop.example/webhook/whatsapp/made-up";

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/twilio/", $name)).trim_end()
    };
}

fn number() -> TwilioSender {
    TwilioSender::From(PhoneNumber::from_e164("+14155238886").unwrap())
}

fn signed(token: &str) -> TwilioWebhooks {
    TwilioWebhooks::of(&TwilioConfig::new(SID, token, number())).unwrap()
}

fn open(sender: TwilioSender) -> TwilioWebhooks {
    TwilioWebhooks::of(&TwilioConfig::new(SID, "x", sender).with_webhook_unverified_dangerous()).unwrap()
}

fn decode(body: impl AsRef<[u8]>) -> Result<Vec<InboundEvent>, WebhookError> {
    open(number()).decode(WebhookRequest::new(&HeaderMap::new(), body.as_ref()))
}

fn one(body: impl AsRef<[u8]>) -> InboundEvent {
    let mut events = decode(body).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn ask(
    token: &str,
    url: Option<&str>,
    signature: &str,
    body: &[u8],
) -> Result<Vec<InboundEvent>, WebhookError> {
    let mut headers = HeaderMap::new();
    if !signature.is_empty() {
        headers.insert("x-twilio-signature", HeaderValue::from_str(signature).unwrap());
    }
    let request = WebhookRequest::new(&headers, body);
    signed(token).decode(url.map_or(request, |url| request.with_url(url)))
}

fn hmac(token: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// Source: <https://www.twilio.com/docs/usage/security>, November 2026. Its fields are those of a call, which is no news
/// of a message: the signature is right and the body is of no use.
#[test]
fn the_vector_of_the_documentation_is_accepted() {
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    let body =
        b"To=%2B18005551212&CallSid=CA1234567890ABCDE&Digits=1234&Caller=%2B12349013030&From=%2B12349013030";
    let good = "0/KCTR6DLpKmkAf8muzZqo1nDgQ=";
    assert_eq!(ask("12345", Some(url), good, body), Err(WebhookError::Unreadable));
    assert_eq!(
        ask("12345", Some(&url.replace(".com/", ".com:443/")), good, body),
        Err(WebhookError::Unreadable)
    );
    let more = [&body[..], b"&AccountSid=x"].concat();
    for (token, url, signature, body) in [
        ("12346", Some(url), good, &body[..]),
        ("12345", None, good, body),
        ("12345", Some("http://mycompany.com/myapp.php?foo=1&bar=2"), good, body),
        ("12345", Some("https://mycompany.com/myapp.php?bar=2&foo=1"), good, body),
        ("12345", Some(url), "", body),
        ("12345", Some(url), "0/KCTR6DLpKmkAf8muzZqo1nDgR=", body),
        ("12345", Some(url), good, &more),
        ("12345", Some(url), good, b""),
    ] {
        assert_eq!(ask(token, url, signature, body), Err(WebhookError::BadSignature), "{url:?} {signature}");
    }
}

#[test]
fn a_body_that_is_no_form_is_signed_by_its_hash_in_the_url() {
    let body = format!(
        r#"{{"AccountSid":"{SID}","MessageSid":"{MESSAGE}","MessageStatus":"read","From":"whatsapp:+14155238886"}}"#
    );
    let hex: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let url = format!("{URL}?bodySHA256={hex}");
    let events = ask("made-up", Some(&url), &hmac("made-up", &url), body.as_bytes()).unwrap();
    assert!(matches!(events.as_slice(), [InboundEvent::Receipt(r)] if r.state == DeliveryState::Read));
    let other = body.replace("read", "sent");
    let answer = ask("made-up", Some(&url), &hmac("made-up", &url), other.as_bytes());
    assert_eq!(answer, Err(WebhookError::BadSignature));
    // Without the hash in the URL, the URL alone says nothing of the body.
    let answer = ask("made-up", Some(URL), &hmac("made-up", URL), body.as_bytes());
    assert_eq!(answer, Err(WebhookError::BadSignature));
}

#[test]
fn a_signed_message_is_read_in_any_order_of_fields() {
    let body = sample!("webhook_text.form");
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    pairs.sort();
    let text: String = pairs.iter().map(|(key, value)| format!("{key}{value}")).collect();
    let signature = hmac("made-up", &format!("{URL}{text}"));
    assert!(matches!(
        ask("made-up", Some(URL), &signature, body.as_bytes()).as_deref(),
        Ok([InboundEvent::Message(_)])
    ));
    assert_eq!(signed("made-up").authenticity(), Authenticity::Signed);
    assert!(!format!("{:?}", signed("made-up")).contains("made-up"));
}

#[test]
fn the_samples_of_messages_are_understood() {
    let jid = Jid::parse("6281234567890@s.whatsapp.net").unwrap();
    let contact = ContactAddress::from_jids(Some(&jid), None).unwrap();
    let message = |content| {
        InboundMessage::new(contact.clone(), content).with_id(Some(MESSAGE)).with_name(Some("Budi Santoso"))
    };
    let image = InboundContent::Media {
        kind: MediaKind::Image,
        mime: Some("image/jpeg".to_owned()),
        caption: Some("ini?".to_owned()),
        reference: Some(format!(
            "https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages/{MESSAGE}/Media/ME1"
        )),
        file_name: None,
    };
    let shop = InboundContent::Location {
        latitude_micro: -7_983_908,
        longitude_micro: 112_621_391,
        name: Some("Toko Maju".to_owned()),
    };
    let yes = InboundContent::Choice { id: "yes".to_owned(), title: "Ya".to_owned() };
    for (body, expected) in [
        (sample!("webhook_text.form"), message(InboundContent::text("Halo, ada stok? ✅"))),
        (
            sample!("webhook_quote.form"),
            message(InboundContent::text("yang ini")).with_quotes(Some("SMquoted")),
        ),
        (sample!("webhook_image.form"), message(image)),
        (sample!("webhook_location.form"), message(shop)),
        (sample!("webhook_button.form"), message(yes)),
    ] {
        let InboundEvent::Message(read) = one(body) else { panic!("{body}") };
        assert!(read == expected, "{body}");
    }
    assert_eq!(one(sample!("webhook_hidden_number.form")), ignored("a sender who hides the number"));
}

#[test]
fn every_status_has_its_state_and_a_failure_its_reason() {
    let receipt = |state, failure| {
        let key = ReceiptKey::new(Some(ProviderMessageId::new(MESSAGE)), None).unwrap();
        InboundEvent::Receipt(DeliveryReceipt::new("twilio", key, state).with_failure(failure))
    };
    let window = Some(SendErrorKind::OutsideWindow);
    for (body, expected) in [
        (sample!("webhook_status_sent.form"), receipt(DeliveryState::Sent, None)),
        (sample!("webhook_status_delivered.form"), receipt(DeliveryState::Delivered, None)),
        (sample!("webhook_status_read.form"), receipt(DeliveryState::Read, None)),
        (sample!("webhook_status_undelivered.form"), receipt(DeliveryState::Failed, window)),
    ] {
        assert_eq!(one(body), expected, "{body}");
    }
    for (word, expected) in [
        ("accepted", Some(DeliveryState::Accepted)),
        ("queued", Some(DeliveryState::Accepted)),
        ("sending", Some(DeliveryState::Accepted)),
        ("Failed", Some(DeliveryState::Failed)),
        ("canceled", Some(DeliveryState::Failed)),
        ("teleported", None),
    ] {
        let body = format!("AccountSid={SID}&MessageSid={MESSAGE}&MessageStatus={word}&ErrorCode=1");
        match (one(body), expected) {
            (InboundEvent::Receipt(read), Some(state)) => {
                assert_eq!((read.state, read.failure), (state, None))
            }
            (event, None) => assert_eq!(event, ignored("a status of unknown meaning")),
            (event, _) => panic!("{word}: {event:?}"),
        }
    }
}

#[test]
fn what_is_not_ours_or_not_whatsapp_is_ignored() {
    let text = sample!("webhook_text.form");
    let status = sample!("webhook_status_sent.form");
    let (ours, other) = ("14155238886", "14155238887");
    for (body, why) in [
        (text.replace(SID, &SID.replace('0', "9")), "of another account"),
        (text.replace(ours, other), "of another sender"),
        (status.replace(ours, other), "of another sender"),
        (text.replace("From=whatsapp%3A%2B", "From=%2B"), "not of WhatsApp"),
        (text.replace("6281234567890", "99"), "a sender without a phone number"),
        (format!("AccountSid={SID}&MessageStatus=sent"), "a status without an id"),
        (format!("AccountSid={SID}&From=whatsapp:%2B6281234567890"), "a message without its content"),
        (
            format!("AccountSid={SID}&From=whatsapp:%2B6281234567890&Latitude=91&Longitude=0"),
            "a message without its content",
        ),
    ] {
        assert_eq!(one(&body), ignored(why), "{body}");
    }
    let service = TwilioSender::MessagingService("MG0123456789abcdef0123456789abcdef".to_owned());
    for (sid, mine) in [("MG0123456789abcdef0123456789abcdef", true), ("MGother", false)] {
        let body = format!("{text}&MessagingServiceSid={sid}");
        let headers = HeaderMap::new();
        let events = open(service.clone()).decode(WebhookRequest::new(&headers, body.as_bytes())).unwrap();
        assert_eq!(matches!(events.as_slice(), [InboundEvent::Message(_)]), mine, "{sid}");
    }
}

#[test]
fn a_kind_without_a_word_here_keeps_its_own() {
    let from = format!("AccountSid={SID}&From=whatsapp:%2B6281234567890");
    let InboundEvent::Message(poll) = one(format!("{from}&MessageType=poll")) else { panic!("a message") };
    assert_eq!(poll.content, InboundContent::Other { kind: "poll".to_owned() });
    for (kind, mime, expected) in [
        ("video", "video/mp4", MediaKind::Video),
        ("audio", "audio/ogg", MediaKind::Audio),
        ("sticker", "image/webp", MediaKind::Sticker),
        ("document", "image/png", MediaKind::Document),
        ("", "application/pdf", MediaKind::Document),
        ("", "", MediaKind::Document),
    ] {
        let body =
            format!("{from}&MessageType={kind}&MediaContentType0={mime}&MediaUrl0=https://x.example/1");
        let InboundEvent::Message(read) = one(body) else { panic!("a message") };
        assert!(matches!(read.content, InboundContent::Media { kind, .. } if kind == expected), "{mime}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let large = format!("AccountSid={SID}&Body={}", "x".repeat(MAX_BODY));
    for body in ["", "{", "hello", "[]", "{}", "a=b", "<xml/>", "\u{0}", &large] {
        assert_eq!(decode(body), Err(WebhookError::Unreadable), "{:.20}", body);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..300), url in any::<String>()) {
        let _ = decode(&body);
        let _ = ask("made-up", Some(&url), "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", &body);
    }

    #[test]
    fn no_form_panics(key in "Body|MessageStatus|Latitude|MediaUrl0|ButtonText|To", value in any::<String>()) {
        let mut form = form_urlencoded::Serializer::new(format!("AccountSid={SID}&Longitude=1&MessageSid=x"));
        form.append_pair("From", &format!("whatsapp:+{value}")).append_pair(&key, &value);
        prop_assert_eq!(decode(form.finish()).unwrap().len(), 1);
    }
}
