//! The service as a process of its own: started, looked at from outside, killed.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::workspace;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(30);

/// The service's program: as the script built it alone, or built now.
#[must_use]
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("WARTEL_SERVICE_BIN") {
            return PathBuf::from(path);
        }
        let root = workspace::root();
        let built = Command::new(env!("CARGO"))
            .current_dir(&root)
            .args(["build", "--locked", "--offline", "--quiet", "-p", "wartel-service"])
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the service builds");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        target.join("debug/wartel-service")
    })
}

/// A command of the service in `folder`, with these variables and no others.
#[must_use]
pub fn command(folder: &Path, vars: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(vars.iter().copied()).args(arguments);
    command
}

/// Runs a command of the service to its end.
#[must_use]
pub fn run(folder: &Path, vars: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(folder, vars, arguments).stdin(Stdio::null()).output().expect("the service's program runs")
}

/// What a finished command printed, both streams.
#[must_use]
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The service, serving. Killed when dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    base: String,
    printed: Arc<Mutex<String>>,
}

impl Service {
    /// Starts the service in `folder` on a free port and waits until it serves.
    #[must_use]
    pub fn start(folder: &Path, vars: &[(&str, &str)]) -> Self {
        Self::spawn(command(folder, vars, &[]))
    }

    /// The same, but no file of it can become larger than `kib` KiB: each further write of its fails, as on a full
    /// disk.
    #[must_use]
    pub fn start_on_full_disk(folder: &Path, vars: &[(&str, &str)], kib: u64) -> Self {
        // Without the trap the system ends whoever writes more.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\"", kib * 2);
        let mut command = Command::new("sh");
        command.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(vars.iter().copied()).arg("-c").arg(script).arg(binary());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .env("WARTEL_BIND", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service's program starts");
        let printed = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().expect("piped"), Arc::clone(&printed));
        collect(child.stderr.take().expect("piped"), Arc::clone(&printed));
        let mut service = Self { child, base: String::new(), printed };
        service.base = service.wait_for_base();
        service
    }

    fn wait_for_base(&mut self) -> String {
        let started = Instant::now();
        loop {
            let text = self.printed();
            let line = text.lines().find_map(|line| line.strip_prefix("listening on "));
            if let Some(base) = line {
                return base.trim().to_owned();
            }
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                panic!("the service ended with {status}:\n{}", self.printed());
            }
            assert!(started.elapsed() < START, "the service does not start:\n{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where it serves, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Everything that it printed and logged so far.
    #[must_use]
    pub fn printed(&self) -> String {
        self.printed.lock().expect("no reader panics").clone()
    }

    /// Its peak resident memory in KiB, from Linux.
    #[must_use]
    pub fn peak_memory_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().expect("the child can be killed");
        self.child.wait().expect("the child ends");
    }

    /// Asks it to stop as `kill` does and answers whether it ended well.
    #[must_use]
    pub fn stop(mut self) -> bool {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(asked.success());
        self.child.wait().expect("the child ends").success()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = into.lock().expect("no reader panics");
            text.push_str(&line);
            text.push('\n');
        }
    });
}
