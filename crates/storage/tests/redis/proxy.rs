//! A way to the server that breaks at the worst moment: just before a script reaches it, or just after, when the
//! script has run and its answer is on the way.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// What the driver sends to run a script.
const SCRIPT: &[u8] = b"EVALSHA";

/// How many connections were cut before and after a script.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    pub(super) before: AtomicU32,
    pub(super) after: AtomicU32,
    scripts: AtomicU32,
}

/// Listens on a port of this machine and hands everything on to the socket of a server, until the runtime ends.
pub(super) async fn start(server: PathBuf) -> (u16, Arc<Cuts>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cuts = Arc::new(Cuts::default());
    let counted = Arc::clone(&cuts);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&server).await.unwrap();
            tokio::spawn(hand_on(client, server, Arc::clone(&counted)));
        }
    });
    (port, cuts)
}

/// Listens on a port as [`start`] does, and does something just before the next script is handed on, whenever it was
/// told to by the flag.
pub(super) async fn before_scripts(
    server: PathBuf,
    act: impl Fn() + Send + Sync + 'static,
) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (armed, act) = (Arc::new(AtomicBool::new(false)), Arc::new(act));
    let flag = Arc::clone(&armed);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = UnixStream::connect(&server).await.unwrap();
            let (armed, act) = (Arc::clone(&flag), Arc::clone(&act));
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.split();
                let (mut from_server, mut to_server) = server.split();
                let asked = async {
                    let mut asked = vec![0; 65_536];
                    while let Ok(length @ 1..) = from_client.read(&mut asked).await {
                        let bytes = &asked[..length];
                        if bytes.windows(SCRIPT.len()).any(|window| window == SCRIPT)
                            && armed.swap(false, Ordering::Relaxed)
                        {
                            act();
                        }
                        if to_server.write_all(bytes).await.is_err() {
                            break;
                        }
                    }
                };
                let answered = tokio::io::copy(&mut from_server, &mut to_client);
                tokio::select! {
                    () = asked => {}
                    _ = answered => {}
                }
            });
        }
    });
    (port, armed)
}

/// Hands on both ways. Of ten portions with scripts one does not reach the server, and of another no answer comes back.
async fn hand_on(mut client: TcpStream, mut server: UnixStream, cuts: Arc<Cuts>) -> Option<()> {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let bytes = asked.get(..read.ok().filter(|n| *n > 0)?)?;
                let scripts = bytes.windows(SCRIPT.len()).any(|window| window == SCRIPT);
                let count = if scripts { cuts.scripts.fetch_add(1, Ordering::Relaxed) % 10 } else { 0 };
                if count == 4 {
                    cuts.before.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
                server.write_all(bytes).await.ok()?;
                if count == 9 {
                    // Any byte of the answer says that something has happened.
                    server.read_exact(answered.get_mut(..1)?).await.ok()?;
                    cuts.after.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
            }
            read = server.read(&mut answered) => {
                client.write_all(answered.get(..read.ok().filter(|n| *n > 0)?)?).await.ok()?;
            }
        }
    }
}
