//! What goes on when nobody waits for it any more.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::CatchUnwind;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A step that goes on in a task of its own when whoever waits for it leaves. As long as somebody waits it runs in
/// his task, because a task for each request costs more than most steps. The tracker counts it all the time.
///
/// Answers `Err` if the step panicked.
pub(crate) struct Unstoppable<F: Future<Output: Send + 'static> + Send + 'static> {
    step: Option<Pin<Box<CatchUnwind<AssertUnwindSafe<F>>>>>,
    token: TaskTrackerToken,
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Unstoppable<F> {
    pub(crate) fn new(step: F, tracker: &TaskTracker) -> Self {
        Self { step: Some(Box::pin(AssertUnwindSafe(step).catch_unwind())), token: tracker.token() }
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Future for Unstoppable<F> {
    type Output = std::thread::Result<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Nobody polls a future that has answered.
        let Some(step) = self.step.as_mut() else { return Poll::Pending };
        let polled = step.as_mut().poll(cx);
        if polled.is_ready() {
            self.step = None;
        }
        polled
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Drop for Unstoppable<F> {
    fn drop(&mut self) {
        if let Some(step) = self.step.take()
            // Outside of a runtime nothing could go on.
            && let Ok(runtime) = Handle::try_current()
        {
            self.token.task_tracker().spawn_on(step, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_that_is_left_goes_on_and_is_waited_for() {
        let tracker = TaskTracker::new();
        let (told, hears) = oneshot::channel();
        let step = async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            told.send(()).unwrap();
        };
        let waited = tokio::time::timeout(Duration::from_secs(1), Unstoppable::new(step, &tracker)).await;
        assert!(waited.is_err());
        tracker.close();
        assert!(!tracker.is_empty());
        tracker.wait().await;
        hears.await.unwrap();
    }

    #[tokio::test]
    async fn a_step_that_ends_in_time_needs_no_task() {
        let tracker = TaskTracker::new();
        assert_eq!(Unstoppable::new(async { 7 }, &tracker).await.unwrap(), 7);
        tracker.close();
        tracker.wait().await;
    }

    #[tokio::test]
    async fn a_panic_stays_inside() {
        let tracker = TaskTracker::new();
        let died = Unstoppable::new(async { panic!("a step broke off") }, &tracker).await;
        assert!(died.is_err());
        assert!(tracker.is_empty());
    }
}
