//! Streams of server-sent events, collected: nobody is shown half an answer.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use eventsource_stream::{Event, Eventsource as _};
use futures_util::{StreamExt as _, stream};
use http::header;
use wartel_messaging::transport::{BodyEnd, HttpResponse};

/// Whether an answer is a stream. Some servers answer a wish for a stream with plain JSON, errors above all.
pub(in crate::llm) fn is_event_stream(response: &HttpResponse) -> bool {
    let declared = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    declared.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
        || [&b"data:"[..], b"event:", b":"].iter().any(|start| response.body.starts_with(start))
}

/// The events of a stream, in order; comments are passed over. `None` if it is no UTF-8.
pub(in crate::llm) async fn events(response: &HttpResponse) -> Option<Vec<Event>> {
    let mut start: &[u8] = &response.body;
    // The parser panics on a byte order mark (eventsource-stream 0.2.3 cuts it as if it were one byte).
    while let Some(rest) = start.strip_prefix(b"\xEF\xBB\xBF") {
        start = rest;
    }
    let mut body = BytesMut::from(start);
    if response.end == BodyEnd::Complete {
        // Some servers leave out the empty line behind the last event.
        body.extend_from_slice(b"\n\n");
    }
    let chunks = stream::iter([Ok::<Bytes, Infallible>(body.freeze())]);
    let events: Vec<_> = chunks.eventsource().collect().await;
    events.into_iter().collect::<Result<_, _>>().ok()
}
