//! A provider that does what a test tells it to, and remembers what it was given.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use wartel_core::PhoneNumber;

use crate::{
    Accepted, Capabilities, Content, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// A scripted, recording provider. Clones are the same provider.
///
/// Every `then_…` adds one step to the script; each send takes one step, and is accepted at once when none is
/// left. They take `&self` and hand back a clone, so that they work while building and later in the test.
/// Messages that are accepted get the ids `fake-1`, `fake-2`, ….
#[derive(Clone)]
pub struct FakeProvider {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    sent: watch::Sender<usize>,
}

struct State {
    name: &'static str,
    capabilities: Capabilities,
    script: VecDeque<Step>,
    always: Option<(SendErrorKind, RetryAdvice)>,
    sent: Vec<OutboundMessage>,
    calls: usize,
}

#[derive(Clone, Copy)]
struct Step {
    wait: Duration,
    arrives: bool,
    error: Option<(SendErrorKind, RetryAdvice)>,
}

impl Default for FakeProvider {
    /// Can do everything, and accepts everything at once.
    fn default() -> Self {
        let capabilities =
            Capabilities::none().with_text().with_one_time_code().with_message_ids().with_receipts();
        let state = State {
            name: "fake",
            capabilities,
            script: VecDeque::new(),
            always: None,
            sent: Vec::new(),
            calls: 0,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), sent: watch::Sender::new(0) }) }
    }
}

impl FakeProvider {
    /// The same as [`default`](Self::default).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Under another name than `fake`, where several are used side by side.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        self.state().name = name;
        self
    }

    /// With other capabilities. A provider that is not enabled refuses every send as disabled.
    #[must_use]
    pub fn with_capabilities(self, capabilities: Capabilities) -> Self {
        self.state().capabilities = capabilities;
        self
    }

    /// The next send fails. `RateLimited` and `Unavailable` may be tried again, the others not.
    pub fn then_fail(&self, kind: SendErrorKind) -> Self {
        self.then_fail_with(kind, usual_advice(kind))
    }

    /// The next send fails with this advice.
    pub fn then_fail_with(&self, kind: SendErrorKind, advice: RetryAdvice) -> Self {
        self.then(Step { wait: Duration::ZERO, arrives: false, error: Some((kind, advice)) })
    }

    /// The next send fails after this time.
    pub fn then_fail_after(&self, wait: Duration, kind: SendErrorKind) -> Self {
        self.then(Step { wait, arrives: false, error: Some((kind, usual_advice(kind))) })
    }

    /// The next send gets no answer for this long, and then times out: ambiguous. The message does not arrive.
    pub fn then_hang(&self, wait: Duration) -> Self {
        let error = Some((SendErrorKind::Unavailable, RetryAdvice::Ambiguous));
        self.then(Step { wait, arrives: false, error })
    }

    /// The next message arrives, but the answer is lost: ambiguous.
    pub fn then_lose_answer(&self) -> Self {
        let error = Some((SendErrorKind::Unavailable, RetryAdvice::Ambiguous));
        self.then(Step { wait: Duration::ZERO, arrives: true, error })
    }

    /// The next send is accepted.
    pub fn then_accept(&self) -> Self {
        self.then_accept_after(Duration::ZERO)
    }

    /// The next send is accepted after this time.
    pub fn then_accept_after(&self, wait: Duration) -> Self {
        self.then(Step { wait, arrives: true, error: None })
    }

    /// Every send for which the script has no step fails, until [`recover`](Self::recover).
    pub fn always_fail(&self, kind: SendErrorKind) -> Self {
        self.always_fail_with(kind, usual_advice(kind))
    }

    /// Every send for which the script has no step fails with this advice, until [`recover`](Self::recover).
    pub fn always_fail_with(&self, kind: SendErrorKind, advice: RetryAdvice) -> Self {
        self.state().always = Some((kind, advice));
        self.clone()
    }

    /// Forgets the script and accepts everything again. Keeps what was sent.
    pub fn recover(&self) -> Self {
        let mut state = self.state();
        state.script.clear();
        state.always = None;
        drop(state);
        self.clone()
    }

    /// Every message that arrived, in the order of arrival.
    #[must_use]
    pub fn sent(&self) -> Vec<OutboundMessage> {
        self.state().sent.clone()
    }

    /// How many messages arrived.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state().sent.len()
    }

    /// How many sends began, failed ones included.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// The last one-time code that arrived at a number.
    #[must_use]
    pub fn last_code(&self, phone: &PhoneNumber) -> Option<String> {
        self.state().sent.iter().rev().filter(|message| message.to == *phone).find_map(|message| {
            match &message.content {
                Content::OneTimeCode(code) => Some(code.code.expose().to_owned()),
                _ => None,
            }
        })
    }

    /// The text of the last message that arrived at a number.
    #[must_use]
    pub fn last_text(&self, phone: &PhoneNumber) -> Option<String> {
        let state = self.state();
        state
            .sent
            .iter()
            .rev()
            .find(|message| message.to == *phone)
            .map(|message| message.text().expose().to_owned())
    }

    /// Waits until at least `count` messages have arrived. Give it a time limit of the test's.
    pub async fn wait_sent(&self, count: usize) {
        let mut sent = self.shared.sent.subscribe();
        // The sender lives in `self`, so that the wait ends with the count and not with the sender.
        let _arrived = sent.wait_for(|sent| *sent >= count).await;
    }

    fn then(&self, step: Step) -> Self {
        self.state().script.push_back(step);
        self.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_step(&self) -> Step {
        let mut state = self.state();
        state.calls += 1;
        if !state.capabilities.enabled {
            let error = Some((SendErrorKind::Disabled, RetryAdvice::Never));
            return Step { wait: Duration::ZERO, arrives: false, error };
        }
        let always = state.always;
        state.script.pop_front().unwrap_or(Step {
            wait: Duration::ZERO,
            arrives: always.is_none(),
            error: always,
        })
    }

    /// Keeps the message and answers its number, from 1.
    fn arrive(&self, message: &OutboundMessage) -> usize {
        let mut state = self.state();
        state.sent.push(message.clone());
        let number = state.sent.len();
        self.shared.sent.send_replace(number);
        number
    }
}

const fn usual_advice(kind: SendErrorKind) -> RetryAdvice {
    match kind {
        SendErrorKind::RateLimited | SendErrorKind::Unavailable => RetryAdvice::After(None),
        _ => RetryAdvice::Never,
    }
}

impl fmt::Debug for FakeProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("FakeProvider").field("sent", &state.sent.len()).field("calls", &state.calls).finish()
    }
}

#[async_trait::async_trait]
impl MessageProvider for FakeProvider {
    fn name(&self) -> &'static str {
        self.state().name
    }

    fn capabilities(&self) -> Capabilities {
        self.state().capabilities
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let step = self.take_step();
        if !step.wait.is_zero() {
            tokio::time::sleep(step.wait).await;
        }
        let number = step.arrives.then(|| self.arrive(message));
        match (step.error, number) {
            (Some((kind, advice)), _) => Err(SendError::new(self.name(), kind, advice)),
            (None, Some(number)) if self.capabilities().message_ids => {
                Ok(Accepted::new().with_message_id(format!("fake-{number}")))
            }
            (None, _) => Ok(Accepted::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{sample_message, sample_phone};

    #[tokio::test(start_paused = true)]
    async fn the_script_is_followed_and_then_all_is_well() {
        let fake = FakeProvider::default();
        fake.then_fail(SendErrorKind::RateLimited)
            .then_lose_answer()
            .then_accept_after(Duration::from_secs(3));
        let message = sample_message();
        assert_eq!(fake.send(&message).await.unwrap_err().advice(), RetryAdvice::After(None));
        assert!(fake.send(&message).await.unwrap_err().is_ambiguous());
        let started = tokio::time::Instant::now();
        assert_eq!(fake.send(&message).await.unwrap().message_id.unwrap().as_str(), "fake-2");
        assert_eq!(started.elapsed().as_secs(), 3);
        assert_eq!(fake.send(&message).await.unwrap().message_id.unwrap().as_str(), "fake-3");
        assert_eq!((fake.count(), fake.calls()), (3, 4));
        assert_eq!(fake.last_code(&sample_phone()).as_deref(), Some("482915"));
        assert_eq!(fake.last_text(&sample_phone()).as_deref(), Some("Kode Anda:\n*482915*"));
    }

    #[tokio::test]
    async fn it_fails_until_it_recovers() {
        let fake = FakeProvider::default();
        fake.always_fail(SendErrorKind::DeviceOffline).then_accept();
        assert!(fake.send(&sample_message()).await.is_ok());
        for _ in 0..2 {
            assert_eq!(fake.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::DeviceOffline);
        }
        fake.recover();
        assert!(fake.send(&sample_message()).await.is_ok());
        let off = FakeProvider::default().with_capabilities(Capabilities::disabled());
        assert_eq!(off.send(&sample_message()).await.unwrap_err().kind(), SendErrorKind::Disabled);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_message() {
        let fake = FakeProvider::default().then_accept_after(Duration::from_secs(2));
        let sender = fake.clone();
        tokio::spawn(async move { sender.send(&sample_message()).await });
        tokio::time::timeout(Duration::from_secs(3), fake.wait_sent(1)).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(3), fake.wait_sent(2)).await.is_err());
        assert!(!format!("{fake:?}").contains("482915"));
    }
}
