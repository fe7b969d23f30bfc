use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use super::*;
use crate::testing::{FakeProvider, sample_message};
use crate::{RetryAdvice, SendErrorKind};

/// The last value of every figure, by its name and labels.
#[derive(Clone, Default)]
struct Figures(Arc<Mutex<BTreeMap<String, f64>>>);

struct Figure(Figures, String);

impl Figure {
    fn add(&self, value: f64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }
}

impl CounterFn for Figure {
    fn increment(&self, by: u64) {
        self.add(f64::from(u32::try_from(by).unwrap()));
    }

    fn absolute(&self, _: u64) {
        panic!("counted, not set");
    }
}

impl GaugeFn for Figure {
    fn increment(&self, by: f64) {
        self.add(by);
    }

    fn decrement(&self, by: f64) {
        self.add(-by);
    }

    fn set(&self, _: f64) {
        panic!("counted, not set");
    }
}

impl HistogramFn for Figure {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Figures {
    fn figure(&self, key: &Key) -> Arc<Figure> {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        Arc::new(Figure(self.clone(), format!("{}{}", key.name(), labels.collect::<String>())))
    }
}

impl Recorder for Figures {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.figure(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.figure(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.figure(key))
    }
}

#[test]
fn each_send_is_counted_and_timed_once() {
    let hung = FakeProvider::default().then_hang(Duration::from_secs(3_600));
    let lost = FakeProvider::default().then_fail_with(SendErrorKind::Unavailable, RetryAdvice::Ambiguous);
    let refused = FakeProvider::default().then_fail(SendErrorKind::Unauthenticated);
    let slow = FakeProvider::default().then_accept_after(Duration::from_secs(2));
    for (fake, outcome, seconds) in [
        (slow, "accepted", 2.0),
        (refused, "unauthenticated", 0.0),
        (lost, "ambiguous", 0.0),
        (hung, "dropped", 60.0),
    ] {
        let figures = Figures::default();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        metrics::with_local_recorder(&figures, || {
            runtime.block_on(async {
                let provider = WithMetrics::new(fake);
                let _ = tokio::time::timeout(Duration::from_secs(60), provider.send(&sample_message())).await;
            });
        });
        let shown = figures.0.lock().unwrap().clone();
        let labels = format!("provider=fake outcome={outcome}");
        assert_eq!(shown.get(&format!("wartel_messages_total {labels}")), Some(&1.0), "{shown:?}");
        let took = shown.get(&format!("wartel_send_seconds {labels}")).copied().unwrap();
        assert!((seconds..seconds + 0.1).contains(&took), "{shown:?}");
        assert_eq!(shown.get("wartel_sends_in_flight provider=fake"), Some(&0.0), "{shown:?}");
        assert_eq!(shown.len(), 3, "{shown:?}");
    }
}
