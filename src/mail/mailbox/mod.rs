//! A small SMTP server on loopback that keeps the last mails in memory: the demo's world out there.

pub mod mime;
mod session;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::domain::time::Millis;

/// Mails kept; the oldest go first.
const MOST_MAILS: usize = 500;
/// Bytes of raw mails kept.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Connections served at a time.
const MOST_CONNECTIONS: usize = 50;

/// One mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Counts up from 1.
    pub id: u64,
    /// The envelope's sender.
    pub envelope_from: String,
    /// The envelope's recipients.
    pub envelope_to: Vec<String>,
    /// `From`, decoded.
    pub from: String,
    /// `To`, decoded.
    pub to: String,
    /// `Subject`, decoded.
    pub subject: String,
    /// `Date`, as it stands.
    pub date: String,
    /// When it arrived.
    pub received_at: Millis,
    /// All headers, decoded, in their order.
    pub headers: Vec<(String, String)>,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// The message as it arrived.
    pub raw: Vec<u8>,
}

/// A mail before it is taken apart.
#[derive(Debug)]
struct Arrived {
    id: u64,
    from: String,
    to: Vec<String>,
    raw: Vec<u8>,
    received_at: Millis,
}

#[derive(Debug, Default)]
struct Shelf {
    mails: VecDeque<Arc<Arrived>>,
    bytes: usize,
    last_id: u64,
}

/// A handle on the mails; the server stops when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Mailbox {
    shelf: Arc<Mutex<Shelf>>,
    _server: Arc<Server>,
}

#[derive(Debug)]
struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Mailbox {
    /// Listens on loopback; port 0 takes any free one. `clock` says when a mail arrived.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn listen(port: u16, clock: fn() -> Millis) -> std::io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let server = tokio::spawn(accept(listener, Arc::clone(&shelf), clock));
        Ok((Self { shelf, _server: Arc::new(Server(server)) }, address))
    }

    /// The mails, newest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.newest(MOST_MAILS)
    }

    /// The newest mails, `most` of them.
    pub fn newest(&self, most: usize) -> Vec<Mail> {
        // Taken apart outside the lock, so that a page never holds up the server.
        let kept: Vec<Arc<Arrived>> =
            locked(&self.shelf).mails.iter().rev().take(most).cloned().collect();
        kept.iter().map(|arrived| Mail::read(arrived)).collect()
    }

    /// How many mails are kept.
    pub fn count(&self) -> usize {
        locked(&self.shelf).mails.len()
    }

    /// One mail, if it is still kept.
    pub fn mail(&self, id: u64) -> Option<Mail> {
        let kept = locked(&self.shelf).mails.iter().find(|m| m.id == id).cloned();
        kept.map(|arrived| Mail::read(&arrived))
    }
}

impl Mail {
    fn read(arrived: &Arrived) -> Self {
        let read = mime::read(&arrived.raw);
        let header = |name: &str| read.header(name).unwrap_or_default().to_owned();
        Self {
            id: arrived.id,
            envelope_from: arrived.from.clone(),
            envelope_to: arrived.to.clone(),
            from: header("From"),
            to: header("To"),
            subject: header("Subject"),
            date: header("Date"),
            received_at: arrived.received_at,
            raw: arrived.raw.clone(),
            html: read.html,
            text: read.text,
            headers: read.headers,
        }
    }
}

/// A poisoned lock only means that another thread panicked; a shelf is whole after each of its changes.
fn locked(shelf: &Mutex<Shelf>) -> std::sync::MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shelf: Arc<Mutex<Shelf>>, clock: fn() -> Millis) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while sessions.try_join_next().is_some() {}
        let Ok((socket, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: some become free when sessions end.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let shelf = Arc::clone(&shelf);
        sessions.spawn(async move {
            let keep = move |from, to, raw| put(&shelf, from, to, raw, clock());
            // A connection that breaks is its client's matter.
            let _ = session::serve(socket, keep).await;
            drop(place);
        });
    }
}

fn put(
    shelf: &Mutex<Shelf>,
    from: String,
    to: Vec<String>,
    raw: Vec<u8>,
    received_at: Millis,
) -> u64 {
    let mut shelf = locked(shelf);
    shelf.last_id += 1;
    let id = shelf.last_id;
    shelf.bytes += raw.len();
    shelf.mails.push_back(Arc::new(Arrived { id, from, to, raw, received_at }));
    while shelf.mails.len() > MOST_MAILS || shelf.bytes > MOST_BYTES {
        let Some(oldest) = shelf.mails.pop_front() else { break };
        shelf.bytes -= oldest.raw.len();
    }
    id
}

#[cfg(test)]
mod tests;
