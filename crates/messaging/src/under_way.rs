//! Work of a dispatcher that is under way while the dispatcher itself waits for something else.

use std::future::Future;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

/// What is under way; each ends with its outcome.
pub(crate) type UnderWay<'a, O> = FuturesUnordered<BoxFuture<'a, O>>;

/// Waits for `work` and lets what is under way go on meanwhile, which would stand still otherwise: holding connections
/// and locks that `work` may be waiting for.
pub(crate) async fn meanwhile<T, O>(
    under_way: &mut UnderWay<'_, O>,
    mut ended: impl FnMut(&O),
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            Some(outcome) = under_way.next() => ended(&outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn work_may_wait_for_what_is_under_way() {
        let places = Semaphore::new(1);
        let mut under_way = UnderWay::new();
        let place = places.acquire().await.unwrap();
        under_way.push(
            async move {
                tokio::task::yield_now().await;
                drop(place);
                7
            }
            .boxed(),
        );
        let mut seen = Vec::new();
        let got = meanwhile(&mut under_way, |outcome| seen.push(*outcome), places.acquire()).await;
        assert!(got.is_ok());
        assert_eq!(seen, [7]);
    }
}
