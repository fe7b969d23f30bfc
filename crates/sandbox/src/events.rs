//! What the phone page watches: a short memory of events and the stream that reads it (server-sent events).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde_json::Value;
use tokio::sync::watch;

use crate::lock;
use crate::ring::Ring;

const MAX_EVENTS: usize = 2_000;
const MAX_EVENT_BYTES: usize = 16 << 20;
/// Proxies and browsers drop connections that stay silent for longer than about a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Events in one chunk, so that a long catch-up is not one huge buffer.
const BATCH: usize = 100;

#[derive(Debug, Clone)]
struct Event {
    name: &'static str,
    /// The customer it is about; `None` concerns everyone.
    phone: Option<String>,
    data: String,
}

/// The event memory. Ids are `{epoch}-{position}`, so that a browser that reconnects after a restart is told to load
/// everything again instead of missing what came between.
#[derive(Debug)]
pub(crate) struct EventLog {
    epoch: String,
    ring: Mutex<Ring<Event>>,
    /// Holds the next position; a change wakes the streams and those who wait for a message.
    tip: watch::Sender<u64>,
    open: watch::Sender<bool>,
}

impl EventLog {
    /// `epoch` must differ between two runs of the sandbox.
    pub(crate) fn new(epoch: String) -> Self {
        Self {
            epoch,
            ring: Mutex::new(Ring::new(MAX_EVENTS, MAX_EVENT_BYTES)),
            tip: watch::Sender::new(0),
            open: watch::Sender::new(true),
        }
    }

    pub(crate) fn emit(&self, name: &'static str, phone: Option<&str>, data: &Value) {
        let event = Event { name, phone: phone.map(str::to_owned), data: data.to_string() };
        let size = event.data.len() + 64;
        let mut ring = lock(&self.ring);
        ring.push(event, size);
        self.tip.send_replace(ring.next());
    }

    /// Changes with each event.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.tip.subscribe()
    }

    /// Ends all streams, so that a server that waits for its connections can stop.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    /// The stream of events about `phone` (or all) after `last_id`, or from now on.
    pub(crate) fn stream(
        self: &Arc<Self>,
        phone: Option<String>,
        last_id: Option<&str>,
    ) -> impl Stream<Item = Bytes> + Send + use<> {
        let (cursor, lost) = self.resume(last_id);
        let mut greeting = String::from("retry: 1000\n: connected\n\n");
        if lost {
            greeting.push_str("event: reset\ndata: {}\n\n");
        }
        let reader = Reader {
            log: Arc::clone(self),
            tip: self.tip.subscribe(),
            open: self.open.subscribe(),
            phone,
            cursor,
            greeting: Some(greeting),
        };
        stream::unfold(reader, |mut reader| async move {
            let chunk = reader.next_chunk().await?;
            Some((Bytes::from(chunk), reader))
        })
    }

    /// Where a stream goes on, and whether events were lost in between.
    fn resume(&self, last_id: Option<&str>) -> (u64, bool) {
        let ring = lock(&self.ring);
        let now = ring.next();
        let Some(last_id) = last_id else { return (now, false) };
        let seen = last_id
            .split_once('-')
            .filter(|(epoch, _)| *epoch == self.epoch)
            .and_then(|(_, position)| position.parse::<u64>().ok())
            .filter(|position| *position < now);
        match seen {
            Some(position) if position + 1 >= ring.first() => (position + 1, false),
            _ => (now, true),
        }
    }
}

struct Reader {
    log: Arc<EventLog>,
    tip: watch::Receiver<u64>,
    open: watch::Receiver<bool>,
    phone: Option<String>,
    cursor: u64,
    greeting: Option<String>,
}

impl Reader {
    async fn next_chunk(&mut self) -> Option<String> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            if !*self.open.borrow() {
                return None;
            }
            // Seen before reading, so that an event that comes between reading and waiting wakes us.
            self.tip.mark_unchanged();
            let chunk = self.read();
            if !chunk.is_empty() {
                return Some(chunk);
            }
            tokio::select! {
                changed = self.tip.changed() => changed.ok()?,
                changed = self.open.changed() => changed.ok()?,
                () = tokio::time::sleep(KEEP_ALIVE) => return Some(": keep-alive\n\n".into()),
            }
        }
    }

    /// The events from the cursor on, as text; moves the cursor.
    fn read(&mut self) -> String {
        let ring = lock(&self.log.ring);
        let mut chunk = String::new();
        if self.cursor < ring.first() {
            self.cursor = ring.next();
            chunk.push_str("event: reset\ndata: {}\n\n");
            return chunk;
        }
        let mut events = 0;
        while events < BATCH {
            let Some(event) = ring.get(self.cursor) else { break };
            let wanted = match (&self.phone, &event.phone) {
                (Some(wanted), Some(phone)) => wanted == phone,
                _ => true,
            };
            if wanted {
                let (epoch, position) = (&self.log.epoch, self.cursor);
                chunk.push_str(&format!(
                    "id: {epoch}-{position}\nevent: {}\ndata: {}\n\n",
                    event.name, event.data
                ));
                events += 1;
            }
            self.cursor += 1;
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use serde_json::json;

    use super::*;

    async fn next(stream: &mut (impl Stream<Item = Bytes> + Unpin)) -> String {
        String::from_utf8(stream.next().await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_stream_shows_what_comes_after_it_began_and_only_its_phone() {
        let log = Arc::new(EventLog::new("e".into()));
        log.emit("message", Some("621"), &json!({"n": 0}));
        let mut stream = Box::pin(log.stream(Some("621".into()), None));
        assert!(next(&mut stream).await.starts_with("retry:"));
        log.emit("message", Some("622"), &json!({"n": 1}));
        log.emit("message", Some("621"), &json!({"n": 2}));
        assert_eq!(next(&mut stream).await, "id: e-2\nevent: message\ndata: {\"n\":2}\n\n");
        log.emit("device", None, &json!({}));
        assert!(next(&mut stream).await.contains("event: device"));
    }

    #[tokio::test]
    async fn a_stream_resumes_after_the_last_id() {
        let log = Arc::new(EventLog::new("e".into()));
        for n in 0..3 {
            log.emit("message", None, &json!({ "n": n }));
        }
        let mut stream = Box::pin(log.stream(None, Some("e-0")));
        next(&mut stream).await;
        let caught_up = next(&mut stream).await;
        assert!(caught_up.contains("id: e-1\n") && caught_up.contains("id: e-2\n"), "{caught_up}");
    }

    #[tokio::test]
    async fn an_id_of_another_run_or_too_old_asks_to_load_again() {
        let log = Arc::new(EventLog::new("e".into()));
        for n in 0..=MAX_EVENTS {
            log.emit("message", None, &json!({ "n": n }));
        }
        for (last_id, lost) in [("other-1", true), ("e-x", true), ("e-999999", true), ("e-0", false)] {
            let mut stream = Box::pin(log.stream(None, Some(last_id)));
            assert_eq!(next(&mut stream).await.contains("event: reset"), lost, "{last_id}");
        }
        log.emit("message", None, &json!({}));
        let mut stream = Box::pin(log.stream(None, Some("e-0")));
        assert!(next(&mut stream).await.contains("event: reset"), "position 1 is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_by_a_comment_and_closing_ends_the_stream() {
        let log = Arc::new(EventLog::new("e".into()));
        let mut stream = Box::pin(log.stream(None, None));
        next(&mut stream).await;
        assert_eq!(next(&mut stream).await, ": keep-alive\n\n");
        log.close();
        assert_eq!(stream.next().await, None);
    }
}
