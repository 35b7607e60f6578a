//! An SMTP server that counts what arrives and misbehaves on order.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

mod session;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use session::{Io, Session};

/// Where in a session a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    /// MAIL that came in one piece with the content before it; comes before the rules for MAIL.
    Ridden,
    Rcpt,
    Data,
    /// Behind the first line of content.
    MidContent,
    /// Behind the final dot; the mail counts as accepted only if what is said begins with 2.
    Content,
    /// Behind the final dot, the mail kept, before anything is said.
    Kept,
    Rset,
}

#[derive(Debug, Clone)]
enum Action {
    Say(String),
    SayAndDrop(String),
    Pieces(Vec<Vec<u8>>),
    Drop,
    Stall,
    Wait(Duration),
}

/// One misbehaviour: when, and what.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    at: At,
    connection: Option<usize>,
    recipient: Option<String>,
    times: usize,
    action: Action,
}

impl Rule {
    fn new(at: At, action: Action) -> Self {
        Self { at, connection: None, recipient: None, times: usize::MAX, action }
    }
    /// Says this (lines joined by CRLF, the last one's is added) instead of its usual answer.
    pub(crate) fn say(at: At, words: &str) -> Self {
        Self::new(at, Action::Say(format!("{words}\r\n")))
    }
    /// Says this, byte for byte, and closes.
    pub(crate) fn say_and_drop(at: At, words: &str) -> Self {
        Self::new(at, Action::SayAndDrop(format!("{words}\r\n")))
    }
    /// Says this, byte for byte, a moment between one piece and the next.
    pub(crate) fn pieces(at: At, pieces: &[&[u8]]) -> Self {
        Self::new(at, Action::Pieces(pieces.iter().map(|p| p.to_vec()).collect()))
    }
    /// Closes without a word.
    pub(crate) fn drop(at: At) -> Self {
        Self::new(at, Action::Drop)
    }
    /// Says nothing until `SmtpServer::release`.
    pub(crate) fn stall(at: At) -> Self {
        Self::new(at, Action::Stall)
    }
    /// Answers as usual, later.
    pub(crate) fn wait(at: At, span: Duration) -> Self {
        Self::new(at, Action::Wait(span))
    }
    /// On the nth connection only, counted from 1.
    pub(crate) fn on_connection(self, n: usize) -> Self {
        Self { connection: Some(n), ..self }
    }
    /// For recipients that contain this only.
    pub(crate) fn recipient(self, part: &str) -> Self {
        Self { recipient: Some(part.to_owned()), ..self }
    }
    /// This often, then never again.
    pub(crate) fn times(self, n: usize) -> Self {
        Self { times: n, ..self }
    }
    pub(crate) fn once(self) -> Self {
        self.times(1)
    }
}

/// How the server behaves.
#[derive(Clone, Default)]
pub(crate) struct Script {
    rules: Vec<Rule>,
    step_by_step: bool,
    grants_data_always: bool,
    loses_what_rides: bool,
    size: Option<usize>,
    mails_per_connection: Option<usize>,
    login: Option<(String, String)>,
    mechanisms: Option<&'static str>,
    tls: Option<TlsAcceptor>,
    implicit_tls: bool,
}

impl Script {
    /// A server that takes everything and offers PIPELINING.
    pub(crate) fn new() -> Self {
        Self::default()
    }
    pub(crate) fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
    pub(crate) fn without_pipelining(self) -> Self {
        Self { step_by_step: true, ..self }
    }
    /// Answers DATA with 354 even when no recipient was accepted (RFC 2920 section 3.1).
    pub(crate) fn grants_data_always(self) -> Self {
        Self { grants_data_always: true, ..self }
    }
    /// Throws away what was written behind a final dot before the content is answered.
    pub(crate) fn loses_what_rides(self) -> Self {
        Self { loses_what_rides: true, ..self }
    }
    pub(crate) fn size(self, most: usize) -> Self {
        Self { size: Some(most), ..self }
    }
    /// Takes mail only after AUTH PLAIN or LOGIN with these.
    pub(crate) fn login(self, user: &str, password: &str) -> Self {
        Self { login: Some((user.to_owned(), password.to_owned())), ..self }
    }
    /// Says 421 and closes where a connection wants to hand over more than this.
    pub(crate) fn mails_per_connection(self, most: usize) -> Self {
        Self { mails_per_connection: Some(most), ..self }
    }
    /// Offers these mechanisms of AUTH alone.
    pub(crate) fn mechanisms(self, names: &'static str) -> Self {
        Self { mechanisms: Some(names), ..self }
    }
    /// Offers STARTTLS.
    pub(crate) fn starttls(self, tls: TlsAcceptor) -> Self {
        Self { tls: Some(tls), ..self }
    }
    /// Speaks TLS from the first byte.
    pub(crate) fn implicit_tls(self, tls: TlsAcceptor) -> Self {
        Self { tls: Some(tls), implicit_tls: true, ..self }
    }
}

/// A mail the server said yes to, or kept before it hung up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) connection: usize,
    /// Who the client said it is.
    pub(crate) hello: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// The message, leading dots taken off.
    pub(crate) content: String,
    /// Between 354 and the answer, byte for byte.
    pub(crate) wire: String,
    pub(crate) encrypted: bool,
}

#[derive(Default)]
struct Ledger {
    script: Script,
    connections: usize,
    mails: Vec<Arrived>,
    stalled: usize,
    groups: Vec<(usize, Vec<String>)>,
}

#[derive(Default)]
struct Shared {
    ledger: Mutex<Ledger>,
    arrived: Notify,
    released: Notify,
}

/// The server; it stops when dropped.
pub(crate) struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_at("127.0.0.1:0", script).await
    }

    pub(crate) async fn start_at(bind: &str, script: Script) -> Self {
        let listener = TcpListener::bind(bind).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        shared.ledger.lock().unwrap().script = script;
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
    /// All mails so far, in order.
    pub(crate) fn mails(&self) -> Vec<Arrived> {
        self.shared.ledger.lock().unwrap().mails.clone()
    }
    /// The same without a copy: thousands are looked at often.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&[Arrived]) -> T) -> T {
        at(&self.shared.ledger.lock().unwrap().mails)
    }
    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.shared.ledger.lock().unwrap().connections
    }
    /// From here on it behaves like this; sessions that are open follow at their next command.
    pub(crate) fn set_script(&self, script: Script) {
        self.shared.ledger.lock().unwrap().script = script;
    }
    /// How often it fell silent.
    pub(crate) fn stalled(&self) -> usize {
        self.shared.ledger.lock().unwrap().stalled
    }
    /// Lets everything go on that stalls.
    pub(crate) fn release(&self) {
        self.shared.released.notify_waiters();
    }
    /// The verbs of the nth connection; those that came in one piece are joined by `+`, and `.` is a content they rode behind.
    pub(crate) fn verbs(&self, connection: usize) -> Vec<String> {
        let ledger = self.shared.ledger.lock().unwrap();
        ledger
            .groups
            .iter()
            .filter(|(n, _)| *n == connection)
            .map(|(_, verbs)| verbs.join("+"))
            .collect()
    }
    /// Waits until so many mails have arrived; panics after ten seconds.
    pub(crate) async fn wait_for(&self, n: usize) -> Vec<Arrived> {
        let waiting = async {
            loop {
                let arrived = self.shared.arrived.notified();
                let mails = self.mails();
                if mails.len() >= n {
                    return mails;
                }
                arrived.await;
            }
        };
        let Ok(mails) = tokio::time::timeout(Duration::from_secs(10), waiting).await else {
            panic!("{} of {n} mails arrived", self.mails().len());
        };
        mails
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let (number, script) = {
            let mut ledger = shared.ledger.lock().unwrap();
            ledger.connections += 1;
            (ledger.connections, ledger.script.clone())
        };
        socket.set_nodelay(true).unwrap();
        let shared = Arc::clone(&shared);
        sessions.spawn(async move {
            let io: Box<dyn Io> = match &script.tls {
                Some(tls) if script.implicit_tls => match tls.accept(socket).await {
                    Ok(sealed) => Box::new(sealed),
                    Err(_) => return,
                },
                _ => Box::new(socket),
            };
            let io = BufReader::new(io);
            let encrypted = script.implicit_tls;
            // A session ends when either side has had enough.
            let _ = Session::new(shared, number, io, encrypted).run().await;
        });
    }
}
