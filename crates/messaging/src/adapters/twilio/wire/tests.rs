use http::StatusCode;
use wartel_core::{Locale, PhoneNumber};

use super::*;
use crate::testing::{sample_message, sample_phone};
use crate::{Choice, SendErrorKind, Template};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/twilio/", $name))
    };
}

const HX: &str = "HX0123456789abcdef0123456789abcdef";
const MG: &str = "MG0123456789abcdef0123456789abcdef";

fn number() -> TwilioSender {
    TwilioSender::From(PhoneNumber::from_e164("+14155238886").unwrap())
}

fn form_of(content: Content) -> Result<Vec<(String, String)>, SendError> {
    let (sender, otp) = (TwilioSender::MessagingService(MG.to_owned()), None);
    let sending = Sending { sender: &sender, otp, status_callback: None };
    let form = send_form(&OutboundMessage::new(sample_phone(), content), &sending)?;
    Ok(form_urlencoded::parse(&form).into_owned().collect())
}

#[test]
fn every_form_is_its_sample() {
    let (sender, callback) = (number(), Secret::new("https://shop.example/hook"));
    let otp = OtpContent::new(HX).unwrap();
    let sending = Sending { sender: &sender, otp: Some(&otp), status_callback: Some(&callback) };
    let image = Media::at(MediaKind::Image, "https://shop.example/a.jpg").with_caption("Baju");
    for (message, expected) in [
        (OutboundMessage::text_to(sample_phone(), "Halo *Budi* & 100%"), sample!("send_text.form")),
        (sample_message(), sample!("send_one_time_code.form")),
        (OutboundMessage::new(sample_phone(), Content::Media(image)), sample!("send_media.form")),
    ] {
        let form = send_form(&message, &sending).unwrap();
        let read = |form: &[u8]| form_urlencoded::parse(form).into_owned().collect::<Vec<_>>();
        assert_eq!(read(&form), read(expected.trim_end().as_bytes()));
    }
}

#[test]
fn what_has_no_form_of_its_own_goes_out_as_text() {
    let fields = |content| form_of(content).unwrap();
    let to = ("To".to_owned(), "whatsapp:+6281234567890".to_owned());
    let service = ("MessagingServiceSid".to_owned(), MG.to_owned());
    let body = |text: &str| vec![to.clone(), service.clone(), ("Body".to_owned(), text.to_owned())];
    assert_eq!(fields(sample_message().content), body("Kode Anda:\n*482915*"));
    let choice = Choice::new("Mau apa?", [("a", "Stok"), ("b", "Orang")]);
    assert_eq!(fields(Content::Choice(choice)), body("Mau apa?\n1. Stok\n2. Orang"));
    let template = Template::new(HX, "id").with_parameters(["Budi", "A \"17\""]);
    let expected = vec![
        to.clone(),
        service.clone(),
        ("ContentSid".to_owned(), HX.to_owned()),
        ("ContentVariables".to_owned(), r#"{"1":"Budi","2":"A \"17\""}"#.to_owned()),
    ];
    assert_eq!(fields(Content::Template(template)), expected);
    let audio = Media::at(MediaKind::Audio, "https://shop.example/a.ogg").with_caption("x");
    assert_eq!(fields(Content::Media(audio)).last().unwrap().0, "MediaUrl");
}

#[test]
fn what_twilio_would_refuse_is_refused_here() {
    let long = |length: usize| Content::Text("ä".repeat(length).into());
    assert!(form_of(long(1_600)).is_ok());
    let bytes = Media::of(MediaKind::Image, "image/png", "x");
    for (content, kind, code) in [
        (long(0), SendErrorKind::Rejected, "empty text"),
        (long(1_601), SendErrorKind::Rejected, "text too long"),
        (Content::Media(bytes), SendErrorKind::Unsupported, "media_bytes"),
    ] {
        let error = form_of(content).unwrap_err();
        assert_eq!((error.kind(), error.provider_code()), (kind, Some(code)));
    }
    assert_eq!(OtpContent::new(HX).unwrap().of(Locale::En), HX);
}

#[test]
fn a_message_is_accepted_by_its_id() {
    let answer =
        |status: u16, body: &'static str| HttpResponse::new(StatusCode::from_u16(status).unwrap(), body);
    let id = accepted(&answer(201, sample!("send_ok.json"))).unwrap().message_id.unwrap();
    assert_eq!(id.as_str(), "SM0123456789abcdef0123456789abcdef");
    for (answer, kind, advice) in [
        (answer(201, sample!("send_failed_at_once.json")), SendErrorKind::OutsideWindow, RetryAdvice::Never),
        (answer(400, sample!("error_invalid_to.json")), SendErrorKind::InvalidRecipient, RetryAdvice::Never),
        (answer(500, sample!("send_ok.json")), SendErrorKind::Unavailable, RetryAdvice::After(None)),
        (answer(201, "{}"), SendErrorKind::Unavailable, RetryAdvice::Never),
        (answer(201, "{}").with_end(BodyEnd::Cut), SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
        (answer(201, "{").with_end(BodyEnd::Cut), SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
    ] {
        let error = accepted(&answer).unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice));
    }
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(status in 100_u16..1000, body in proptest::collection::vec(0_u8.., 0..200)) {
        let _ = accepted(&HttpResponse::new(StatusCode::from_u16(status).unwrap(), body));
    }
}
