//! What the person reads.

use wartel_core::Locale;
use wartel_otp::MessageTemplates;
use wartel_otp::testing::sample_phone;

use crate::desk::{Desk, sample, seconds};

fn text(desk: &Desk) -> String {
    desk.provider.last_text(&sample_phone()).unwrap()
}

#[tokio::test]
async fn the_text_carries_its_facts() {
    let desk = Desk::new();
    desk.otp.start(sample().name("Budi Santoso")).await.unwrap();
    let text = text(&desk);
    let code = format!("\n*{}*\n", desk.code());
    let facts =
        ["Halo Budi Santoso,", "kode OTP", "Toko Budi", &code, "5 menit", "siapa pun", "Terima kasih"];
    let places: Vec<usize> = facts.iter().map(|fact| text.find(fact).expect(fact)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(text.matches(&desk.code()).count(), 1);
}

#[tokio::test]
async fn the_language_is_the_callers() {
    let desk = Desk::new();
    desk.otp.start(sample().name("Budi").locale(Locale::En)).await.unwrap();
    assert!(text(&desk).starts_with("Hello Budi,") && text(&desk).contains("5 minutes"));
}

#[tokio::test]
async fn the_minutes_are_those_really_left() {
    let desk = Desk::policy(|policy| policy.waits = vec![seconds(1)]);
    let mut own = None;
    for (wait, named) in
        [(0, "5 menit"), (290, "5 menit"), (190, "2 menit"), (75, "50 detik"), (15, "30 detik")]
    {
        desk.clock.advance(seconds(wait));
        own = Some(desk.otp.start(sample().own_id(own)).await.unwrap().id);
        assert!(text(&desk).contains(named), "{named}");
    }
    assert_eq!(desk.provider.count(), 5);
}

#[tokio::test]
async fn a_name_that_could_carry_a_message_is_left_out() {
    let forty = "a".repeat(40);
    let more = "a".repeat(41);
    for (name, greeted) in [
        ("Budi", true),
        ("Siti Nurhaliza", true),
        ("Budi 123", true),
        ("H. Ahmad", true),
        (forty.as_str(), true),
        (more.as_str(), false),
        ("Kode 123456", false),
        ("Kode 1 2 3 4 5 6", false),
        ("Budi ١٢٣٤", false),
        ("menang.example", false),
        ("bit/ly", false),
        ("budi@toko", false),
        ("x", false),
        ("Bu\ndi", false),
    ] {
        let desk = Desk::new();
        desk.otp.start(sample().name(name)).await.unwrap();
        let start = if greeted { format!("Halo {name},") } else { "Halo,".to_owned() };
        assert!(text(&desk).starts_with(&start), "{name}");
        assert_eq!(text(&desk).contains(name), greeted, "{name}");
    }
}

#[tokio::test]
async fn markup_in_a_name_is_harmless() {
    let desk = Desk::new();
    desk.otp.start(sample().name("*Budi* _S_")).await.unwrap();
    assert!(text(&desk).starts_with("Halo Budi S,"));
    assert_eq!(text(&desk).matches('*').count(), 2);
}

#[tokio::test]
async fn own_texts_are_used() {
    let own =
        MessageTemplates::default().with(Locale::Id, "Kode {{ app }}: {{ code }} ({{ valid }})").unwrap();
    let desk = Desk::with(|builder| builder.templates(own));
    desk.start().await;
    assert_eq!(text(&desk), format!("Kode Toko Budi: {} (5 menit)", desk.code()));
}
