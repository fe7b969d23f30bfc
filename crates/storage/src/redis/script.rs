//! Scripts, and the commands that run them.
#![cfg_attr(not(feature = "otp"), allow(dead_code, reason = "some of it is needed by one domain only"))]

use std::collections::HashMap;
use std::fmt::Display;
use std::io::Write as _;
use std::sync::LazyLock;

use redis::{Cmd, Script, cmd};
use wartel_core::Timestamp;

/// One script: it is sent as a whole only to a server that does not know it.
pub(super) struct Known {
    text: &'static str,
    name: String,
    /// Whether its first argument is until when it may write. What may be done at any time needs none.
    is_limited: bool,
}

/// Checks what was read and writes everything.
#[cfg(feature = "otp")]
pub(super) static COMMIT: LazyLock<Known> = LazyLock::new(|| Known::limited(include_str!("commit.lua")));

/// Reads strings and budgets.
#[cfg(feature = "otp")]
pub(super) static READ: LazyLock<Known> = LazyLock::new(|| Known::new(include_str!("read.lua")));

/// Deletes what is over.
#[cfg(feature = "otp")]
pub(super) static SWEEP: LazyLock<Known> = LazyLock::new(|| Known::new(include_str!("sweep.lua")));

/// Adds to tallies.
#[cfg(feature = "otp")]
pub(super) static TALLY: LazyLock<Known> = LazyLock::new(|| Known::limited(include_str!("tally.lua")));

/// Deletes tallies.
#[cfg(feature = "otp")]
pub(super) static FORGET_TALLIES: LazyLock<Known> =
    LazyLock::new(|| Known::new(include_str!("forget_tallies.lua")));

/// Reads tallies, each hash as a list of fields and values.
#[cfg(feature = "otp")]
pub(super) static READ_TALLIES: LazyLock<Known> = LazyLock::new(|| {
    Known::new(
        "local found = {} for number, name in ipairs(KEYS) do found[number] = redis.call('HGETALL', name) end return found",
    )
});

/// Writes a key that goes after a second.
pub(super) static WRITE: LazyLock<Known> =
    LazyLock::new(|| Known::new("redis.call('SET', KEYS[1], '1', 'PX', 1000)"));

impl Known {
    fn new(text: &'static str) -> Self {
        Self { text, name: Script::new(text).get_hash().to_owned(), is_limited: false }
    }

    #[cfg(feature = "otp")]
    fn limited(text: &'static str) -> Self {
        Self { is_limited: true, ..Self::new(text) }
    }

    pub(super) fn call(&'static self) -> Call<'static> {
        Call {
            script: self,
            keys: Vec::new(),
            numbers: HashMap::new(),
            arguments: Vec::new(),
            ends: Vec::new(),
        }
    }
}

/// A script with its keys and arguments.
pub(super) struct Call<'a> {
    script: &'a Known,
    keys: Vec<String>,
    numbers: HashMap<String, usize>,
    /// All of them, one behind the other, and where each of them ends.
    arguments: Vec<u8>,
    ends: Vec<usize>,
}

impl Call<'_> {
    /// Declares a key; answers its number, which counts from 1.
    pub(super) fn key(&mut self, key: &str) -> usize {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        self.keys.push(key.to_owned());
        self.numbers.insert(key.to_owned(), self.keys.len());
        self.keys.len()
    }

    /// Declares a key that is known by its place.
    pub(super) fn next_key(&mut self, key: impl Into<String>) {
        self.keys.push(key.into());
    }

    pub(super) fn argument(&mut self, argument: impl AsRef<[u8]>) {
        self.arguments.extend_from_slice(argument.as_ref());
        self.ends.push(self.arguments.len());
    }

    /// Declares a key and adds its number as an argument.
    pub(super) fn key_argument(&mut self, key: &str) {
        let number = self.key(key);
        self.number(number);
    }

    pub(super) fn number(&mut self, number: impl Display) {
        // Nothing goes wrong where there is memory.
        let _ = write!(self.arguments, "{number}");
        self.ends.push(self.arguments.len());
    }

    /// A number, or an empty argument.
    pub(super) fn maybe(&mut self, number: Option<impl Display>) {
        match number {
            Some(number) => self.number(number),
            None => self.argument(""),
        }
    }

    /// Whether it needs to be told until when it may write.
    pub(super) const fn is_limited(&self) -> bool {
        self.script.is_limited
    }

    pub(super) fn by_name(&self, limit: Option<Timestamp>) -> Cmd {
        self.command("EVALSHA", &self.script.name, limit)
    }

    pub(super) fn in_full(&self, limit: Option<Timestamp>) -> Cmd {
        self.command("EVAL", self.script.text, limit)
    }

    fn command(&self, verb: &str, script: &str, limit: Option<Timestamp>) -> Cmd {
        let mut command = cmd(verb);
        command.arg(script).arg(self.keys.len());
        for key in &self.keys {
            command.arg(key.as_str());
        }
        if let Some(limit) = limit {
            command.arg(limit.as_micros());
        }
        let mut rest = self.arguments.as_slice();
        let mut begin = 0;
        for end in &self.ends {
            let (argument, behind) = rest.split_at(end - begin);
            command.arg(argument);
            (rest, begin) = (behind, *end);
        }
        command
    }
}
