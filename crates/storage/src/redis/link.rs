//! The connection to a server: made when it is needed, shared by all steps, replaced when it is broken.
//!
//! One connection serves all steps at once, because the server does one thing after the other anyway. A connection
//! that is silent for too long is replaced as well: a machine that is gone says nothing. What was sent to it must not
//! be carried out when nobody waits any more, so scripts that write say until when they may.
#![cfg_attr(not(feature = "otp"), allow(dead_code, reason = "some of it is needed by one domain only"))]

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, Cmd, Value, cmd};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use wartel_core::Timestamp;

use super::clock;
use super::deadline::ServerTime;
use super::error::RedisFailure;
use super::script::Call;

/// How long a step may take.
pub(super) const STEP_TIME: Duration = Duration::from_secs(2);

/// How long one try may take, so that a second one on another connection fits into the time of a step.
const TRY_TIME: Duration = Duration::from_millis(1_200);

/// How long connecting may take.
const CONNECT_TIME: Duration = Duration::from_millis(500);

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(20);

/// How many commands wait to be written before those who bring more have to wait.
const WRITE_BUFFER: usize = 1_024;

/// Whether a command may be carried out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or finds out by itself that it was carried out.
    Safe,
    /// If its answer is lost, nobody knows.
    Never,
}

/// An answer.
pub(super) struct Reply {
    pub(super) value: Value,
    /// An earlier try may have been carried out, its answer was lost.
    pub(super) repeated: bool,
}

/// The way to a server. Clones are the same.
#[derive(Clone)]
pub(super) struct Link {
    source: Source,
    time: Arc<Time>,
}

/// The server's clock.
#[derive(Default)]
struct Time {
    known: ServerTime,
    /// Held by the one step that asks for all.
    asking: Mutex<()>,
}

/// What is sent.
#[derive(Clone, Copy)]
enum Sent<'a> {
    Command(&'a Cmd),
    Named(&'a Call<'a>),
    InFull(&'a Call<'a>),
}

#[derive(Clone)]
enum Source {
    Own(Arc<Own>),
    /// The app's own, which reconnects by itself.
    Manager(ConnectionManager),
}

struct Own {
    client: Client,
    config: AsyncConnectionConfig,
    current: RwLock<Current>,
    /// Held by the one step that connects for all; when and how it failed last.
    connecting: Mutex<Option<(Instant, RedisFailure)>>,
}

#[derive(Default)]
struct Current {
    number: u64,
    connection: Option<MultiplexedConnection>,
}

/// What a command is sent on.
enum Line {
    Own(u64, MultiplexedConnection),
    Manager(ConnectionManager),
}

/// One try that failed.
struct Failed {
    failure: RedisFailure,
    /// Whether the command may have reached the server.
    sent: bool,
}

impl Link {
    pub(super) fn new(client: Client) -> Self {
        // Each command has the time-out of its step.
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(Some(CONNECT_TIME))
            .set_pipeline_buffer_size(WRITE_BUFFER);
        let own = Own { client, config, current: RwLock::default(), connecting: Mutex::default() };
        Self { source: Source::Own(Arc::new(own)), time: Arc::default() }
    }

    pub(super) fn managed(manager: ConnectionManager) -> Self {
        Self { source: Source::Manager(manager), time: Arc::default() }
    }

    /// Sends a command until it is answered or the time is over.
    pub(super) async fn ask(
        &self,
        command: &Cmd,
        repeat: Repeat,
        deadline: Instant,
    ) -> Result<Reply, RedisFailure> {
        let mut repeated = false;
        let value = self.ask_again(Sent::Command(command), repeat, deadline, &mut repeated).await?;
        Ok(Reply { value, repeated })
    }

    /// Runs a script by its name, or as a whole if the server does not know it. One that writes only until a limit is
    /// not carried out any more when this has answered.
    pub(super) async fn call(
        &self,
        call: &Call<'_>,
        repeat: Repeat,
        deadline: Instant,
    ) -> Result<Reply, RedisFailure> {
        let mut repeated = false;
        let value = match self.ask_again(Sent::Named(call), repeat, deadline, &mut repeated).await {
            Err(failure) if failure.has_no_script() => {
                self.ask_again(Sent::InFull(call), repeat, deadline, &mut repeated).await
            }
            answer => answer,
        };
        Ok(Reply { value: value?, repeated })
    }

    /// Sets `repeated` before it sends a command again that may have been carried out.
    async fn ask_again(
        &self,
        sent: Sent<'_>,
        repeat: Repeat,
        deadline: Instant,
        repeated: &mut bool,
    ) -> Result<Value, RedisFailure> {
        loop {
            let failed = match self.attempt(sent, repeat, deadline).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            let passes = if failed.sent { repeat == Repeat::Safe } else { failed.failure.may_pass() };
            if !passes || Instant::now() + PAUSE >= deadline {
                // A refusal of the second try says nothing of the first.
                let tells = !*repeated || failed.failure.has_no_script();
                return Err(if tells { failed.failure } else { RedisFailure::UNCERTAIN });
            }
            *repeated |= failed.sent;
            sleep(PAUSE).await;
        }
    }

    async fn attempt(&self, sent: Sent<'_>, repeat: Repeat, deadline: Instant) -> Result<Value, Failed> {
        let (call, is_named) = match sent {
            Sent::Command(command) => return self.send(command, deadline).await,
            Sent::Named(call) => (call, true),
            Sent::InFull(call) => (call, false),
        };
        let limit = if call.is_limited() {
            // What may be sent again is waited for until the end, by whichever answer.
            let until = match repeat {
                Repeat::Safe => deadline,
                Repeat::Never => deadline.min(Instant::now() + TRY_TIME),
            };
            let limit = self.limit(until, deadline).await;
            Some(limit.map_err(|failure| Failed { failure, sent: false })?)
        } else {
            None
        };
        let command = if is_named { call.by_name(limit) } else { call.in_full(limit) };
        let answer = self.send(&command, deadline).await;
        if answer.as_ref().is_err_and(|failed| failed.failure.is_late()) {
            // If it is not late by this machine's clock, the server's was set.
            self.time.known.forget();
        }
        answer
    }

    /// Until when the server may write for a caller that waits until `until`, by the server's clock.
    async fn limit(&self, until: Instant, deadline: Instant) -> Result<Timestamp, RedisFailure> {
        if let Some(limit) = self.time.known.limit(until) {
            return Ok(limit);
        }
        let asking = timeout_at(deadline, self.time.asking.lock()).await;
        let _asking = asking.map_err(|_elapsed| RedisFailure::SLOW)?;
        // Whoever was before may have asked.
        if let Some(limit) = self.time.known.limit(until) {
            return Ok(limit);
        }
        loop {
            let failed = match self.send(&cmd("TIME"), deadline).await {
                Ok(answer) => {
                    self.time.known.learn(clock::time(&answer).ok_or(RedisFailure::SHAPE)?);
                    return self.time.known.limit(until).ok_or(RedisFailure::SLOW);
                }
                Err(failed) => failed,
            };
            let passes = failed.sent || failed.failure.may_pass();
            if !passes || Instant::now() + PAUSE >= deadline {
                return Err(failed.failure);
            }
            sleep(PAUSE).await;
        }
    }

    async fn send(&self, command: &Cmd, deadline: Instant) -> Result<Value, Failed> {
        let not_sent = |failure| Failed { failure, sent: false };
        let mut line = self.line(deadline).await.map_err(not_sent)?;
        let until = deadline.min(Instant::now() + TRY_TIME);
        let answer = match &mut line {
            Line::Own(_, connection) => timeout_at(until, connection.send_packed_command(command)).await,
            Line::Manager(manager) => timeout_at(until, manager.send_packed_command(command)).await,
        };
        let failed = match answer {
            // The driver leaves errors of the server where a value is expected.
            Ok(answer) => match answer.and_then(Value::extract_error) {
                Ok(value) => return Ok(value),
                Err(error) => {
                    let failure = RedisFailure::of(&error);
                    // What the server refuses it has not done.
                    let sent = failure.code().is_none() && !failure.is_wrong_credentials();
                    Failed { failure, sent }
                }
            },
            Err(_elapsed) => Failed { failure: RedisFailure::SLOW, sent: true },
        };
        if failed.sent || failed.failure.is_of_the_connection() {
            // The next connection may lead to another server.
            self.time.known.forget();
            if let (Source::Own(own), Line::Own(number, _)) = (&self.source, &line) {
                own.drop_connection(*number);
            }
        }
        Err(failed)
    }

    async fn line(&self, deadline: Instant) -> Result<Line, RedisFailure> {
        match &self.source {
            Source::Manager(manager) => Ok(Line::Manager(manager.clone())),
            Source::Own(own) => own.line(deadline).await,
        }
    }

    /// Asks whether anybody is there.
    pub(super) async fn ping(&self) -> Result<(), RedisFailure> {
        self.ask(&cmd("PING"), Repeat::Safe, Instant::now() + STEP_TIME).await.map(|_| ())
    }
}

impl Own {
    fn current(&self) -> Option<Line> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.connection.clone().map(|connection| Line::Own(current.number, connection))
    }

    fn write(&self, change: impl FnOnce(&mut Current)) {
        change(&mut self.current.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn drop_connection(&self, number: u64) {
        self.write(|current| {
            if current.number == number {
                current.connection = None;
            }
        });
    }

    async fn line(&self, deadline: Instant) -> Result<Line, RedisFailure> {
        if let Some(line) = self.current() {
            return Ok(line);
        }
        let Ok(mut last) = timeout_at(deadline, self.connecting.lock()).await else {
            return Err(RedisFailure::CONNECTION);
        };
        // Whoever was before may have made one, or have failed just now.
        if let Some(line) = self.current() {
            return Ok(line);
        }
        if let Some((_, failure)) = last.as_ref().filter(|(at, _)| at.elapsed() < PAUSE) {
            return Err(failure.clone());
        }
        let connection = match self.connect(deadline).await {
            Ok(connection) => connection,
            Err(failure) => {
                *last = Some((Instant::now(), failure.clone()));
                return Err(failure);
            }
        };
        *last = None;
        self.write(|current| {
            current.number = current.number.wrapping_add(1);
            current.connection = Some(connection);
        });
        self.current().ok_or(RedisFailure::CONNECTION)
    }

    async fn connect(&self, deadline: Instant) -> Result<MultiplexedConnection, RedisFailure> {
        let until = deadline.min(Instant::now() + CONNECT_TIME);
        match timeout_at(until, self.client.get_multiplexed_async_connection_with_config(&self.config)).await
        {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => {
                let failure = RedisFailure::of(&error);
                // A server that is starting, or has too many clients, may take this one a moment later.
                let passes = failure.code().is_some_and(|code| code != "NOPERM");
                Err(if passes { RedisFailure::CONNECTION } else { failure })
            }
            Err(_elapsed) => Err(RedisFailure::CONNECTION),
        }
    }
}
