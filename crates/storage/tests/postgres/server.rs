//! A PostgreSQL server of one's own: in a folder for temporary files, on a socket in it, ended with the test.
//!
//! The scenarios of the workspace (`tests/`) use this very file, too, and not all of it is used by each.
#![allow(dead_code)]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where the programs are, found when this was built.
const PROGRAMS: Option<&str> = option_env!("WARTEL_POSTGRES");

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name of the file in which a server says that it runs.
const PID_FILE: &str = "postmaster.pid";

/// A server. Dropping it ends it at once and deletes its data.
pub(crate) struct Server {
    folder: TempDir,
    process: Option<Child>,
}

/// How to end a server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    /// Sessions are cut, the data is put in order.
    Fast,
    /// As if the machine lost its power, except that the system's caches are kept.
    Kill,
}

impl Server {
    /// A new server with no data, ready for connections. It syncs its writes as one in production does.
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    /// The same in this folder, such as one on a small disk.
    pub(crate) fn start_in(folder: TempDir) -> Self {
        if let Some((uid, gid)) = other_user() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let made = program("initdb")
            .args(["--auth=trust", "--username=wartel", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self { folder, process: None };
        server.restart();
        server
    }

    /// Starts it again, and waits until it is ready.
    pub(crate) fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let socket = self.folder.path().display().to_string();
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let process = program("postgres")
            .arg("-D")
            .arg(self.data())
            .args(["-k", &socket, "-c", "listen_addresses=", "-c", "max_connections=200"])
            .args(["-c", "shared_buffers=64MB"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            assert!(Instant::now() < deadline, "the server does not start: {}", self.complaints());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it and waits for the end.
    pub(crate) fn stop(&mut self, how: Stop) {
        let Some(mut process) = self.process.take() else { return };
        match how {
            Stop::Kill => {
                // Its sessions end by themselves when they miss it.
                process.kill().unwrap();
            }
            Stop::Fast => {
                let signalled = Command::new("kill").arg("-INT").arg(process.id().to_string()).status();
                assert!(signalled.unwrap().success());
            }
        }
        process.wait().unwrap();
        if matches!(how, Stop::Kill) {
            // Nobody is left to take it away, and the number may belong to another process by now.
            let _ = std::fs::remove_file(self.data().join(PID_FILE));
            self.wait_for_sessions();
        }
    }

    /// Freezes all its processes, as a machine that is out of memory or a hung disk does.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Ends what [`pause`](Self::pause) began.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let processes = sessions(&self.data());
        assert!(!processes.is_empty(), "it does not run");
        let numbers = processes.iter().map(u32::to_string);
        // One of them may have ended meanwhile.
        let _ = Command::new("kill").arg(signal).args(numbers).stderr(Stdio::null()).status().unwrap();
    }

    /// A killed server cannot start anew before its last session has let go of the shared memory.
    fn wait_for_sessions(&self) {
        let deadline = Instant::now() + PATIENCE;
        let data = self.data();
        while !sessions(&data).is_empty() {
            assert!(Instant::now() < deadline, "the sessions of the killed server do not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends the server and deletes its data when this program ends, however it ends: for a server in a static,
    /// which is never dropped. A small script waits for the end of its input, which the system closes.
    pub(crate) fn end_with_this_program(&self) {
        const SCRIPT: &str = "cat > /dev/null; kill -QUIT $0; n=0; \
            while kill -0 $0 && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done; rm -rf $1";
        let process = self.process.as_ref().expect("it does not run");
        let waiting = Command::new("sh")
            .args(["-c", SCRIPT, &process.id().to_string()])
            .arg(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Its input stays open as long as this program lives.
        std::mem::forget(waiting);
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://wartel@{socket}/{database}")
    }

    /// The socket on which it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn is_ready(&self) -> bool {
        // The last line of this file is `ready` once connections are taken.
        let status = std::fs::read_to_string(self.data().join(PID_FILE)).unwrap_or_default();
        status.lines().last().is_some_and(|line| line.trim() == "ready")
    }

    fn complaints(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
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

fn program(name: &str) -> Command {
    let folder = PROGRAMS.expect("no PostgreSQL was found when this was built");
    let mut command = Command::new(Path::new(folder).join(name));
    if let Some((uid, gid)) = other_user() {
        // It refuses to run as root.
        command.uid(uid).gid(gid).current_dir("/");
    }
    command
}

/// Whom to run as if this is root: `postgres` if there is one, or else `nobody`.
fn other_user() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let find = |name: &str| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody"))
}

/// The processes that have this folder as their working folder, as every process of a server has.
fn sessions(data: &Path) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter(|process| std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
}
