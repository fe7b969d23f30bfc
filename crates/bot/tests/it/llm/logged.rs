//! One line and a few figures for each call.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use wartel_bot::llm::{LanguageModel, LlmErrorKind, LlmReply, Logged, Usage};
use wartel_bot::testing::llm::ScriptedModel;

use super::question;

/// Lines and figures of one thread.
#[derive(Clone, Default)]
struct Seen {
    lines: Arc<Mutex<Vec<u8>>>,
    figures: Arc<Mutex<BTreeMap<String, u64>>>,
}

struct Figure(Seen, String);

impl CounterFn for Figure {
    fn increment(&self, by: u64) {
        *self.0.figures.lock().unwrap().entry(self.1.clone()).or_default() += by;
    }

    fn absolute(&self, _: u64) {
        panic!("counted, not set");
    }
}

impl HistogramFn for Figure {
    fn record(&self, value: f64) {
        self.increment(value as u64);
    }
}

impl Seen {
    fn figure(&self, key: &Key) -> Arc<Figure> {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        Arc::new(Figure(self.clone(), format!("{}{}", key.name(), labels.collect::<String>())))
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.figure(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.figure(key))
    }
}

impl io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Asks once, gives up after a minute, and hands back the lines and the figures.
fn seen(model: &ScriptedModel) -> (String, BTreeMap<String, u64>) {
    let seen = Seen::default();
    let writer = seen.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        metrics::with_local_recorder(&seen, || {
            runtime.block_on(async {
                let model = Logged::new(model.clone());
                let _ = tokio::time::timeout(Duration::from_secs(60), model.complete(&question())).await;
            });
        });
    });
    let lines = String::from_utf8(seen.lines.lock().unwrap().clone()).unwrap();
    let figures = seen.figures.lock().unwrap().clone();
    (lines, figures)
}

#[test]
fn an_answer_is_one_line_with_its_figures_and_no_text() {
    let model = ScriptedModel::new("zai/glm").slow(Duration::from_secs(2));
    model.then_reply(LlmReply::text("Harganya Rp150.000.000").with_usage(Usage::new(30, 12).with_cached(4)));
    let (lines, figures) = seen(&model);
    assert_eq!(lines.lines().count(), 1, "{lines}");
    for part in [
        "INFO",
        "model answered",
        "model=\"zai/glm\"",
        "outcome=\"stop\"",
        "prompt_tokens=30",
        "elapsed_ms=2",
    ] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
    assert!(!lines.contains("150.000") && !lines.contains("avanza") && !lines.contains("brief"), "{lines}");
    let expected = [
        ("wartel_llm_calls_total model=zai/glm outcome=stop", 1),
        ("wartel_llm_seconds model=zai/glm outcome=stop", 2),
        ("wartel_llm_tokens_total model=zai/glm kind=cached", 4),
        ("wartel_llm_tokens_total model=zai/glm kind=completion", 12),
        ("wartel_llm_tokens_total model=zai/glm kind=prompt", 30),
    ];
    assert_eq!(figures, expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
}

#[test]
fn a_failure_and_a_dropped_call_are_a_warning() {
    let failing = ScriptedModel::new("zai/glm");
    failing.then_fail_code(LlmErrorKind::Quota, "1113");
    let hanging = ScriptedModel::new("zai/glm");
    hanging.then_hang();
    for (model, parts, outcome) in [
        (failing, ["WARN", "kind=\"quota\"", "code=\"1113\""], "quota"),
        (hanging, ["WARN", "kind=\"dropped\"", "elapsed_ms=60"], "dropped"),
    ] {
        let (lines, figures) = seen(&model);
        assert_eq!(lines.lines().count(), 1, "{lines}");
        for part in parts {
            assert!(lines.contains(part), "{part}: {lines}");
        }
        let name = format!("wartel_llm_calls_total model=zai/glm outcome={outcome}");
        assert_eq!(figures.get(&name), Some(&1), "{figures:?}");
    }
}
