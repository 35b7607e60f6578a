//! Proxy to PostgreSQL that cuts a connection after the server has executed a statement and before
//! its reply reaches the client.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// Replies that the proxy loses.
#[derive(Debug, Clone)]
pub(crate) struct LostReply {
    /// Text that marks a connection: one of its messages to the server contains it.
    pub(crate) statement: &'static str,
    /// Text of the message whose reply is lost; it is counted from the next message on.
    pub(crate) to: &'static str,
    /// Number of such messages after which the reply to the last one is lost.
    pub(crate) every: usize,
    /// Number of replies to lose in total.
    pub(crate) times: usize,
}

/// The running proxy; it stops when dropped.
pub(crate) struct CuttingProxy {
    /// URL of the database through the proxy.
    pub(crate) url: String,
    losses: Arc<Mutex<Vec<LostReply>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl CuttingProxy {
    /// Starts a proxy to the database at `url`, which listens on a socket in a directory.
    pub(super) async fn start(url: &str, losses: Vec<LostReply>) -> Self {
        let (base, directory) = url.split_once("?host=").unwrap();
        let socket = format!("{directory}/.s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = base.replace("@localhost", &format!("@{}", listener.local_addr().unwrap()));
        let losses = Arc::new(Mutex::new(losses));
        let shared = Arc::clone(&losses);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                connections.spawn(forward(client, server, Arc::clone(&shared)));
            }
        });
        Self { url, losses, task }
    }

    /// Returns how many replies are still to be lost.
    pub(crate) fn remaining(&self) -> usize {
        self.losses.lock().unwrap().iter().map(|loss| loss.times).sum()
    }
}

/// Copies bytes in both directions until either side closes, or a reply is to be lost.
async fn forward(
    mut client: TcpStream,
    mut server: UnixStream,
    losses: Arc<Mutex<Vec<LostReply>>>,
) {
    client.set_nodelay(true).unwrap();
    let (mut request, mut reply) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    // Index of the loss that applies to this connection, and the number of its messages so far.
    let (mut armed, mut matches) = (None, 0);
    loop {
        tokio::select! {
            Ok(n) = client.read(&mut request) => {
                if n == 0 || server.write_all(&request[..n]).await.is_err() {
                    return;
                }
                let text = String::from_utf8_lossy(&request[..n]);
                let is_lost = {
                    let mut losses = losses.lock().unwrap();
                    match armed {
                        None => {
                            armed = losses.iter().position(|loss| loss.times > 0 && text.contains(loss.statement));
                            false
                        }
                        Some(index) => {
                            let loss = &mut losses[index];
                            matches += usize::from(text.contains(loss.to));
                            let is_lost = matches == loss.every && loss.times > 0;
                            loss.times -= usize::from(is_lost);
                            is_lost
                        }
                    }
                };
                if is_lost {
                    // The statement has been executed once the server replies.
                    let _ = server.read(&mut reply).await;
                    return;
                }
            }
            Ok(n) = server.read(&mut reply) => {
                if n == 0 || client.write_all(&reply[..n]).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}
