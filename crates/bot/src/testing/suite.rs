//! What the macros of all contract suites have in common.

/// One `#[tokio::test]` for each case of a suite, and one that compares the cases with the list of the suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __bot_suite {
    (@case $suite:ident [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::$suite::$case($store.await).await;
        }
    };
    ($suite:ident $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::__bot_suite! { @case $suite $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::$suite::CASES);
        }
    };
}

/// The cases that a file of a suite has, in their order.
#[cfg(test)]
pub(super) fn written(source: &str) -> Vec<&str> {
    source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect()
}
