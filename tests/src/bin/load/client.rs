//! The clients: keep-alive connections that ask, wait for the answer, and ask again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A server and the way to speak to it.
pub(crate) struct Subject {
    pub(crate) address: SocketAddr,
    pub(crate) request_path: &'static str,
    pub(crate) verify_path: &'static str,
    /// The body that asks for a code for a phone.
    pub(crate) request_body: fn(u64) -> String,
    /// The body that verifies it.
    pub(crate) verify_body: Arc<dyn Fn(u64) -> String + Send + Sync>,
}

/// The phone of a number: Indonesian, made up.
pub(crate) fn phone(number: u64) -> String {
    format!("0812{number:08}")
}

pub(crate) struct Load {
    pub(crate) phase: Duration,
}

pub(crate) struct Phase {
    pub(crate) per_second: f64,
    /// Time of processors for each operation, the client's part included. It tells more than the speed on a machine that has
    /// other work, too.
    pub(crate) cpu_us: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

pub(crate) struct Figures {
    pub(crate) request: Phase,
    pub(crate) verify: Phase,
}

impl Figures {
    pub(crate) fn pairs_per_second(&self) -> f64 {
        1.0 / (1.0 / self.request.per_second + 1.0 / self.verify.per_second)
    }
}

impl Load {
    /// Asks for codes as long as a phase lasts, then verifies each of them.
    pub(crate) async fn run(&self, subject: &Subject, clients: usize) -> Figures {
        let asked = Arc::new(AtomicU64::new(0));
        let until = Instant::now() + self.phase;
        let body = subject.request_body;
        let numbers = Arc::clone(&asked);
        let next = move || (Instant::now() < until).then(|| numbers.fetch_add(1, Ordering::Relaxed));
        let request = run_phase(subject.address, subject.request_path, clients, next, body).await;

        let last = asked.load(Ordering::Relaxed);
        let verified = Arc::new(AtomicU64::new(0));
        let numbers = Arc::clone(&verified);
        let until = Instant::now() + self.phase;
        let next = move || {
            let number = (Instant::now() < until).then(|| numbers.fetch_add(1, Ordering::Relaxed))?;
            (number < last).then_some(number)
        };
        let body = Arc::clone(&subject.verify_body);
        let verify =
            run_phase(subject.address, subject.verify_path, clients, next, move |number| body(number)).await;
        Figures { request, verify }
    }
}

pub(crate) async fn run_phase(
    address: SocketAddr,
    path: &'static str,
    clients: usize,
    next: impl Fn() -> Option<u64> + Clone + Send + 'static,
    body: impl Fn(u64) -> String + Clone + Send + 'static,
) -> Phase {
    let (started, cpu_before) = (Instant::now(), cpu_seconds());
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (next, body) = (next.clone(), body.clone());
        running.spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut times = Vec::new();
            while let Some(number) = next() {
                let body = body(number);
                let asked = Instant::now();
                connection.post(path, number, &body).await;
                times.push(asked.elapsed());
            }
            times
        });
    }
    let mut times: Vec<Duration> = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done.unwrap());
    }
    let (took, cpu) = (started.elapsed(), cpu_seconds() - cpu_before);
    Phase::of(times, took, cpu)
}

/// Sends at this rate however long the answers take, on as many connections as there are clients. A time begins when the
/// request is due, so that one which waits for a connection counts its wait.
pub(crate) async fn run_paced(
    address: SocketAddr,
    path: &'static str,
    clients: usize,
    (rate, phase, first): (u32, Duration, u64),
    body: impl Fn(u64) -> String + Clone + Send + 'static,
) -> Phase {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(address).await);
    }
    let (started, cpu_before) = (Instant::now(), cpu_seconds());
    let (due, take) = tokio::sync::mpsc::unbounded_channel();
    // A thread of its own: the timer of the runtime knows whole milliseconds only.
    let metronome = std::thread::spawn(move || {
        for beat in 0..u64::from(rate) * phase.as_millis() as u64 / 1_000 {
            let at = started + Duration::from_nanos(beat * 1_000_000_000 / u64::from(rate));
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            let _ = due.send((first + beat, Instant::now()));
        }
    });
    let take = Arc::new(tokio::sync::Mutex::new(take));
    let mut running = JoinSet::new();
    for mut connection in connections {
        let (take, body) = (Arc::clone(&take), body.clone());
        running.spawn(async move {
            let mut times = Vec::new();
            loop {
                let Some((number, since)) = take.lock().await.recv().await else { return times };
                connection.post(path, number, &body(number)).await;
                times.push(since.elapsed());
            }
        });
    }
    let times: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
    metronome.join().unwrap();
    Phase::of(times, started.elapsed(), cpu_seconds() - cpu_before)
}

impl Phase {
    fn of(mut times: Vec<Duration>, took: Duration, cpu: f64) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            times.get(((times.len() as f64 - 1.0) * share) as usize).map_or(0.0, |t| t.as_secs_f64() * 1e3)
        };
        let each = |seconds: f64| seconds / times.len() as f64;
        Self {
            per_second: 1.0 / each(took.as_secs_f64()),
            cpu_us: each(cpu) * 1e6,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
        }
    }
}

/// What this process has used of the processors so far.
fn cpu_seconds() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which stands in brackets: the 12th and the 13th field, in hundredths of a second.
    let fields = status.rsplit(") ").next().unwrap_or_default();
    fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(4096) }
    }

    /// Posts JSON and waits for the whole answer, which must be a success.
    async fn post(&mut self, path: &str, number: u64, body: &str) {
        // Each phone from an address of its own, as in life; the server trusts this peer as its proxy.
        let [_, b, c, d] = u32::try_from(number % (1 << 24)).unwrap().to_be_bytes();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: load\r\ncontent-type: application/json\r\nx-forwarded-for: 11.{b}.{c}.{d}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            let text = std::str::from_utf8(&self.buffer).expect("an answer is UTF-8");
            if let Some(head) = text.find("\r\n\r\n") {
                // As hyper writes it, which serves all subjects.
                let from = text.find("content-length: ").expect("an answer has a length") + 16;
                let digits = text[from..].bytes().take_while(u8::is_ascii_digit);
                let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
                if text.len() >= head + 4 + length {
                    assert!(text.starts_with("HTTP/1.1 20"), "{text}");
                    return;
                }
            }
        }
    }
}
