use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::testing::{FakeProvider, sample_message};
use crate::{RetryAdvice, SendErrorKind};

/// What was logged while it is the subscriber of this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends one message and hands back the lines. The message is dropped after `patience`.
fn send(fake: &FakeProvider, patience: Duration) -> Vec<String> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let provider = WithLog::new(fake.clone());
            let _ = tokio::time::timeout(patience, provider.send(&sample_message())).await;
        });
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn each_send_is_one_line() {
    let lost = (SendErrorKind::Unavailable, RetryAdvice::Ambiguous);
    let long = Duration::from_secs(60);
    let hung = FakeProvider::default();
    hung.then_hang(Duration::from_secs(3_600));
    for (fake, level, say) in [
        (FakeProvider::default(), "INFO", "sent "),
        (FakeProvider::default().then_fail(SendErrorKind::Unauthenticated), "WARN", "not sent "),
        (FakeProvider::default().then_fail_with(lost.0, lost.1), "WARN", "may have been sent "),
        (hung, "WARN", "may have been sent "),
    ] {
        let lines = send(&fake, long);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(level) && lines[0].contains(&format!(": {say}")), "{lines:?}");
        assert!(
            lines[0].contains("provider=\"fake\"") && lines[0].contains("to=\"+62812•••••890\""),
            "{lines:?}"
        );
    }
}

#[test]
fn neither_number_nor_code_nor_text_is_logged() {
    let fake = FakeProvider::default();
    let lines = send(&fake, Duration::from_secs(60));
    assert!(
        lines[0].contains("message_id=\"fake-1\"") && lines[0].contains("content=\"one_time_code\""),
        "{lines:?}"
    );
    let sent = fake.sent();
    let (text, code) = (sent[0].text(), fake.last_code(sent[0].phone().unwrap()).unwrap());
    for secret in [sent[0].to.user(), "1234567890", text.expose(), &code] {
        assert!(!lines[0].contains(secret), "{lines:?}");
    }
}

#[test]
fn an_id_that_holds_the_address_is_not_logged() {
    let to = sample_message().to;
    let shown = |id: String| loggable_id(&Accepted::new().with_message_id(id), &to).map(str::to_owned);
    assert_eq!(shown("80367170".into()).as_deref(), Some("80367170"));
    assert_eq!(shown(format!("false_{}@c.us_3EB0", to.user())), None);
    assert_eq!(shown(format!("{}-1", to.user())), None);
    assert_eq!(shown("two words".into()), None);
}
