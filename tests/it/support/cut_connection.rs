//! A line to PostgreSQL that breaks when the server has done what it was asked and before it can say so.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// Which answers are lost.
#[derive(Debug, Clone)]
pub(crate) struct Loss {
    /// On connections that prepare a statement with these words,
    pub(crate) statement: &'static str,
    /// the answer to this,
    pub(crate) to: &'static str,
    /// each time when it is said so often,
    pub(crate) every: usize,
    /// and so many in all.
    pub(crate) times: usize,
}

/// The line; it ends when dropped.
pub(crate) struct BrokenLine {
    /// The database's address over it.
    pub(crate) url: String,
    losses: Arc<Mutex<Vec<Loss>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for BrokenLine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl BrokenLine {
    /// A line to the database at `url`, which is reached by a socket in a folder.
    pub(super) async fn to(url: &str, losses: Vec<Loss>) -> Self {
        let (base, folder) = url.split_once("?host=").unwrap();
        let socket = format!("{folder}/.s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = base.replace("@localhost", &format!("@{}", listener.local_addr().unwrap()));
        let losses = Arc::new(Mutex::new(losses));
        let known = Arc::clone(&losses);
        let task = tokio::spawn(async move {
            let mut lines = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                lines.spawn(carry(client, server, Arc::clone(&known)));
            }
        });
        Self { url, losses, task }
    }

    /// How many answers are still to be lost.
    pub(crate) fn left(&self) -> usize {
        self.losses.lock().unwrap().iter().map(|loss| loss.times).sum()
    }
}

/// Carries bytes both ways until either side has had enough, or the line breaks.
async fn carry(mut client: TcpStream, mut server: UnixStream, losses: Arc<Mutex<Vec<Loss>>>) {
    client.set_nodelay(true).unwrap();
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    // The loss that may come here, and how often its words were said.
    let (mut armed, mut said) = (None, 0);
    loop {
        tokio::select! {
            Ok(n) = client.read(&mut asked) => {
                if n == 0 || server.write_all(&asked[..n]).await.is_err() {
                    return;
                }
                let words = String::from_utf8_lossy(&asked[..n]);
                let is_lost = {
                    let mut losses = losses.lock().unwrap();
                    match armed {
                        None => {
                            armed = losses.iter().position(|loss| loss.times > 0 && words.contains(loss.statement));
                            false
                        }
                        Some(which) => {
                            let loss = &mut losses[which];
                            said += usize::from(words.contains(loss.to));
                            let is_lost = said == loss.every && loss.times > 0;
                            loss.times -= usize::from(is_lost);
                            is_lost
                        }
                    }
                };
                if is_lost {
                    // It is done when the server has answered.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            Ok(n) = server.read(&mut answered) => {
                if n == 0 || client.write_all(&answered[..n]).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}
