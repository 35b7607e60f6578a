//! Mail catcher: a small SMTP server on loopback that keeps the last messages in memory, used by
//! the demo and by tests.

pub mod mime;
mod session;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::domain::time::Millis;

/// Maximum number of stored messages; the oldest are evicted first.
const MAX_MESSAGES: usize = 500;
/// Maximum total size of stored raw messages, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Maximum number of concurrent connections.
const MAX_CONNECTIONS: usize = 50;

/// Received mail with its parsed headers and parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaughtMail {
    /// Sequential number, starting at 1.
    pub id: u64,
    /// Sender of the envelope (`MAIL FROM`).
    pub envelope_from: String,
    /// Recipients of the envelope (`RCPT TO`).
    pub envelope_to: Vec<String>,
    /// Header `From`, decoded to text.
    pub from: String,
    /// Header `To`, decoded to text.
    pub to: String,
    /// Header `Subject`, decoded to text.
    pub subject: String,
    /// Header `Date`, exactly as received.
    pub date: String,
    /// Time at which the message was received.
    pub received_at: Millis,
    /// All headers in their original order, decoded.
    pub headers: Vec<(String, String)>,
    /// HTML part, empty if there is none.
    pub html: String,
    /// Plain text part, empty if there is none.
    pub text: String,
    /// Raw message, exactly as received.
    pub raw: Vec<u8>,
}

/// Received mail, not yet parsed.
#[derive(Debug)]
struct StoredMail {
    id: u64,
    envelope_from: String,
    envelope_to: Vec<String>,
    raw: Vec<u8>,
    received_at: Millis,
}

#[derive(Debug, Default)]
struct Inbox {
    messages: VecDeque<Arc<StoredMail>>,
    bytes: usize,
    last_id: u64,
}

/// Handle to the stored messages; the server stops when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Mailbox {
    inbox: Arc<Mutex<Inbox>>,
    _server: Arc<ServerTask>,
}

#[derive(Debug)]
struct ServerTask(JoinHandle<()>);

impl Drop for ServerTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Mailbox {
    /// Starts the server on loopback; port 0 selects any free port. `clock` returns the time at
    /// which a message is received.
    ///
    /// # Errors
    /// Fails if the port cannot be bound.
    pub async fn listen(port: u16, clock: fn() -> Millis) -> std::io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let server = tokio::spawn(accept(listener, Arc::clone(&inbox), clock));
        Ok((Self { inbox, _server: Arc::new(ServerTask(server)) }, address))
    }

    /// Returns all stored messages, newest first.
    pub fn messages(&self) -> Vec<CaughtMail> {
        self.newest(MAX_MESSAGES)
    }

    /// Returns the newest messages, at most `limit` of them.
    pub fn newest(&self, limit: usize) -> Vec<CaughtMail> {
        // Parsed outside the lock, so that a page view does not block the server.
        let stored: Vec<Arc<StoredMail>> =
            lock(&self.inbox).messages.iter().rev().take(limit).cloned().collect();
        stored.iter().map(|stored| CaughtMail::parse(stored)).collect()
    }

    /// Returns the number of stored messages.
    pub fn count(&self) -> usize {
        lock(&self.inbox).messages.len()
    }

    /// Returns one message, if it is still stored.
    pub fn message(&self, id: u64) -> Option<CaughtMail> {
        let stored = lock(&self.inbox).messages.iter().find(|m| m.id == id).cloned();
        stored.map(|stored| CaughtMail::parse(&stored))
    }
}

impl CaughtMail {
    fn parse(stored: &StoredMail) -> Self {
        let read = mime::parse(&stored.raw);
        let header = |name: &str| read.header(name).unwrap_or_default().to_owned();
        Self {
            id: stored.id,
            envelope_from: stored.envelope_from.clone(),
            envelope_to: stored.envelope_to.clone(),
            from: header("From"),
            to: header("To"),
            subject: header("Subject"),
            date: header("Date"),
            received_at: stored.received_at,
            raw: stored.raw.clone(),
            html: read.html,
            text: read.text,
            headers: read.headers,
        }
    }
}

/// A poisoned lock only means that another thread panicked; the inbox is consistent after each
/// change.
fn lock(inbox: &Mutex<Inbox>) -> std::sync::MutexGuard<'_, Inbox> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, inbox: Arc<Mutex<Inbox>>, clock: fn() -> Millis) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        while sessions.try_join_next().is_some() {}
        let Ok((socket, _)) = listener.accept().await else {
            // Most likely out of file descriptors: some are released when sessions end.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let inbox = Arc::clone(&inbox);
        sessions.spawn(async move {
            let on_message = move |from, to, raw| store(&inbox, from, to, raw, clock());
            // The client handles a broken connection.
            let _ = session::serve(socket, on_message).await;
            drop(permit);
        });
    }
}

fn store(
    inbox: &Mutex<Inbox>,
    from: String,
    to: Vec<String>,
    raw: Vec<u8>,
    received_at: Millis,
) -> u64 {
    let mut inbox = lock(inbox);
    inbox.last_id += 1;
    let id = inbox.last_id;
    inbox.bytes += raw.len();
    inbox.messages.push_back(Arc::new(StoredMail {
        id,
        envelope_from: from,
        envelope_to: to,
        raw,
        received_at,
    }));
    while inbox.messages.len() > MAX_MESSAGES || inbox.bytes > MAX_BYTES {
        let Some(oldest) = inbox.messages.pop_front() else { break };
        inbox.bytes -= oldest.raw.len();
    }
    id
}

#[cfg(test)]
mod tests;
