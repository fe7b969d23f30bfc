//! The background tasks of one sandbox, all ended when it ends.

use std::future::Future;
use std::sync::Mutex;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::lock;

#[derive(Debug)]
pub(crate) struct Tasks {
    /// Kept, so that calls from outside the runtime can start work too.
    runtime: Handle,
    lasting: Mutex<JoinSet<()>>,
    until_reset: Mutex<JoinSet<()>>,
}

impl Tasks {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { runtime, lasting: Mutex::new(JoinSet::new()), until_reset: Mutex::new(JoinSet::new()) }
    }

    /// Runs until the sandbox ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.lasting).spawn_on(task, &self.runtime);
    }

    /// Runs until it is done, or the sandbox is reset or ends.
    pub(crate) fn spawn_until_reset(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.until_reset);
        // Finished tasks stay in the set until they are collected.
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.runtime);
    }

    pub(crate) fn reset(&self) {
        lock(&self.until_reset).abort_all();
    }

    pub(crate) fn stop(&self) {
        lock(&self.lasting).abort_all();
        self.reset();
    }
}
