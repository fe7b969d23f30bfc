//! What the engine logs on one thread.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use tracing::level_filters::LevelFilter;

thread_local! {
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// What a panic says that a test makes up. It is kept like a line of the log, and not printed.
pub(crate) const MADE_UP_PANIC: &str = "a made-up panic";

/// Writes to the thread that logs, if it listens.
struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens to everything from now on. Once for the whole program, and before anything logs: a subscriber of one
/// thread may be overlooked by places in the code that another thread came to first.
pub(crate) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| ThisThread)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.to_string();
            if text.contains(MADE_UP_PANIC) {
                LINES.with_borrow_mut(|lines| {
                    lines.iter_mut().for_each(|l| l.extend_from_slice(text.as_bytes()))
                });
            } else {
                usual(panic);
            }
        }));
    });
}

/// Begins to keep what this thread logs.
pub(crate) fn listen() {
    LINES.set(Some(Vec::new()));
}

/// What this thread has logged since [`listen`].
pub(crate) fn heard() -> String {
    String::from_utf8(LINES.take().unwrap()).unwrap()
}
