//! A Redis server of one's own: in a folder for temporary files, on a socket in it, ended with the test.
//!
//! The scenarios of the workspace (`tests/`) use this very file, too, and not all of it is used by each.
#![allow(dead_code)]

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where the program is, found when this was built.
const PROGRAM: Option<&str> = option_env!("WARTEL_REDIS");

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server. Dropping it ends it at once and deletes its data.
pub(crate) struct Server {
    folder: TempDir,
    process: Option<Child>,
    settings: Vec<String>,
}

impl Server {
    /// A new server with no data that keeps what it is told, as one in production does.
    pub(crate) fn start() -> Self {
        Self::with(&["--appendonly", "yes", "--maxmemory-policy", "noeviction"])
    }

    /// A new server with these settings, ready for connections.
    pub(crate) fn with(settings: &[&str]) -> Self {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut server = Self { folder: tempfile::tempdir().unwrap(), process: None, settings };
        server.restart();
        server
    }

    /// Starts it again with the data that it has, and waits until it is ready.
    pub(crate) fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let log =
            std::fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        // The socket of a killed one is left behind.
        let _ = std::fs::remove_file(self.socket());
        let process = Command::new(PROGRAM.expect("no redis-server was found when this was built"))
            .args(["--port", "0", "--save", "", "--unixsocketperm", "777", "--dir"])
            .arg(self.folder.path())
            .arg("--unixsocket")
            .arg(self.socket())
            .args(&self.settings)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            assert!(Instant::now() < deadline, "the server does not start: {}", self.complaints());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it and waits for the end. The data stays.
    pub(crate) fn stop(&mut self, signal: &str) {
        if self.process.is_some() {
            self.signal(signal);
        }
        if let Some(mut process) = self.process.take() {
            process.wait().unwrap();
        }
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("it does not run").id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &process]).status().unwrap().success());
    }

    /// Ends the server and deletes its data when this program ends, however it ends: for a server in a static,
    /// which is never dropped. A small script waits for the end of its input, which the system closes.
    pub(crate) fn end_with_this_program(&self) {
        let process = self.process.as_ref().expect("it does not run");
        let waiting = Command::new("sh")
            .args(["-c", "cat > /dev/null; kill -KILL $0; rm -rf $1", &process.id().to_string()])
            .arg(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Its input stays open as long as this program lives.
        std::mem::forget(waiting);
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// The socket on which it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Whether it takes connections and has read its data.
    fn is_ready(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = UnixStream::connect(self.socket()) else { return false };
        let mut answer = [0; 5];
        let asked = stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut answer));
        // One with a password does not answer that, but it does answer.
        asked.is_ok() && matches!(&answer, b"+PONG" | b"-NOAU")
    }

    fn complaints(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
