//! SMTP server that records what it receives and misbehaves as a script says.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue should panic on the spot")]

mod session;

use crate::support::LONGEST_WAIT;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use session::{Io, Session};

/// Point of an SMTP session at which a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Connect,
    Ehlo,
    Helo,
    StartTls,
    Auth,
    Mail,
    /// MAIL that was pipelined behind the content of the previous message; takes precedence over
    /// rules for `Mail`.
    PipelinedMail,
    Rcpt,
    Data,
    /// After the first line of the content.
    MidContent,
    /// After the final dot. The mail counts as accepted only if the reply starts with 2.
    Content,
    /// After the final dot, with the mail recorded, before the reply.
    Stored,
    Rset,
}

#[derive(Debug, Clone)]
enum Action {
    Reply(String),
    ReplyAndClose(String),
    ReplyInPieces(Vec<Vec<u8>>),
    Close,
    Stall,
    Delay(Duration),
}

/// A misbehaviour: the condition and the action.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    at: At,
    connection: Option<usize>,
    recipient: Option<String>,
    skipped: usize,
    times: usize,
    action: Action,
}

impl Rule {
    fn new(at: At, action: Action) -> Self {
        Self { at, connection: None, recipient: None, skipped: 0, times: usize::MAX, action }
    }

    /// Sends this reply instead of the usual one. Lines are separated by CRLF; the last CRLF is
    /// added.
    pub(crate) fn reply(at: At, text: &str) -> Self {
        Self::new(at, Action::Reply(format!("{text}\r\n")))
    }

    /// Sends this reply, with a final CRLF, and closes the connection.
    pub(crate) fn reply_and_close(at: At, text: &str) -> Self {
        Self::new(at, Action::ReplyAndClose(format!("{text}\r\n")))
    }

    /// Sends these bytes with a short pause after each piece.
    pub(crate) fn reply_in_pieces(at: At, pieces: &[&[u8]]) -> Self {
        Self::new(at, Action::ReplyInPieces(pieces.iter().map(|p| p.to_vec()).collect()))
    }

    /// Closes the connection without a reply.
    pub(crate) fn close(at: At) -> Self {
        Self::new(at, Action::Close)
    }

    /// Waits for `SmtpServer::release` before the usual reply.
    pub(crate) fn stall(at: At) -> Self {
        Self::new(at, Action::Stall)
    }

    /// Sends the usual reply after a delay.
    pub(crate) fn delay(at: At, delay: Duration) -> Self {
        Self::new(at, Action::Delay(delay))
    }

    /// Restricts the rule to the nth connection, counted from 1.
    pub(crate) fn on_connection(self, n: usize) -> Self {
        Self { connection: Some(n), ..self }
    }

    /// Restricts the rule to recipients that contain this text.
    pub(crate) fn recipient(self, part: &str) -> Self {
        Self { recipient: Some(part.to_owned()), ..self }
    }

    /// Does not apply the rule the first `n` times.
    pub(crate) fn after(self, n: usize) -> Self {
        Self { skipped: n, ..self }
    }

    /// Applies the rule the first `n` times only.
    pub(crate) fn times(self, n: usize) -> Self {
        Self { times: n, ..self }
    }

    pub(crate) fn once(self) -> Self {
        self.times(1)
    }
}

/// Behaviour of the server.
#[derive(Clone, Default)]
pub(crate) struct Script {
    rules: Vec<Rule>,
    without_pipelining: bool,
    always_accepts_data: bool,
    discards_pipelined_commands: bool,
    size: Option<usize>,
    mails_per_connection: Option<usize>,
    simultaneous: Option<(usize, Rule)>,
    login: Option<(String, String)>,
    mechanisms: Option<&'static str>,
    tls: Option<TlsAcceptor>,
    implicit_tls: bool,
}

impl Script {
    /// Creates the script of a server that accepts everything and offers PIPELINING.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    pub(crate) fn without_pipelining(self) -> Self {
        Self { without_pipelining: true, ..self }
    }

    /// Replies 354 to DATA even if no recipient was accepted (RFC 2920 section 3.1).
    pub(crate) fn always_accepts_data(self) -> Self {
        Self { always_accepts_data: true, ..self }
    }

    /// Discards commands that arrive behind a final dot before the reply to the content.
    pub(crate) fn discards_pipelined_commands(self) -> Self {
        Self { discards_pipelined_commands: true, ..self }
    }

    /// Offers SIZE with this limit in bytes.
    pub(crate) fn size(self, limit: usize) -> Self {
        Self { size: Some(limit), ..self }
    }

    /// Accepts mail only after AUTH PLAIN or LOGIN with these credentials.
    pub(crate) fn login(self, user: &str, password: &str) -> Self {
        Self { login: Some((user.to_owned(), password.to_owned())), ..self }
    }

    /// Replies 421 and closes when a connection starts more than `limit` mails.
    pub(crate) fn mails_per_connection(self, limit: usize) -> Self {
        Self { mails_per_connection: Some(limit), ..self }
    }

    /// Applies the rule while more than `limit` connections are open.
    pub(crate) fn simultaneous_connections(self, limit: usize, rule: Rule) -> Self {
        Self { simultaneous: Some((limit, rule)), ..self }
    }

    /// Offers only these AUTH mechanisms.
    pub(crate) fn mechanisms(self, names: &'static str) -> Self {
        Self { mechanisms: Some(names), ..self }
    }

    /// Offers STARTTLS with this acceptor.
    pub(crate) fn starttls(self, tls: TlsAcceptor) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Uses TLS from the first byte.
    pub(crate) fn implicit_tls(self, tls: TlsAcceptor) -> Self {
        Self { tls: Some(tls), implicit_tls: true, ..self }
    }
}

/// A mail that the server accepted, or recorded before it closed the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReceivedMail {
    pub(crate) connection: usize,
    /// Name in the client's EHLO.
    pub(crate) ehlo_name: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// The message with dot-stuffing removed.
    pub(crate) content: String,
    /// All bytes between 354 and the reply to the content.
    pub(crate) raw: String,
    pub(crate) encrypted: bool,
}

#[derive(Default)]
struct State {
    script: Script,
    connections: usize,
    open_connections: usize,
    mails: Vec<ReceivedMail>,
    /// Connections to which a `stall` rule has applied.
    stalled: Vec<usize>,
    /// Verbs by connection; those that arrived together form one group.
    command_groups: Vec<(usize, Vec<String>)>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    received: Notify,
    released: Notify,
}

/// The running server; it stops when dropped.
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
        shared.state.lock().unwrap().script = script;
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns all mails received so far, in order.
    pub(crate) fn mails(&self) -> Vec<ReceivedMail> {
        self.shared.state.lock().unwrap().mails.clone()
    }

    /// Calls `read` with all mails received so far, without copying them.
    pub(crate) fn with_mails<T>(&self, read: impl FnOnce(&[ReceivedMail]) -> T) -> T {
        read(&self.shared.state.lock().unwrap().mails)
    }

    /// Returns the number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.state.lock().unwrap().connections
    }

    /// Replaces the script; open sessions use the new one from their next command on.
    pub(crate) fn set_script(&self, script: Script) {
        self.shared.state.lock().unwrap().script = script;
    }

    /// Returns how often a `stall` rule has applied.
    pub(crate) fn stalled(&self) -> usize {
        self.stalled_connections().len()
    }

    /// Returns the connections to which a `stall` rule has applied.
    pub(crate) fn stalled_connections(&self) -> Vec<usize> {
        self.shared.state.lock().unwrap().stalled.clone()
    }

    /// Lets all stalled sessions continue.
    pub(crate) fn release(&self) {
        self.shared.released.notify_waiters();
    }

    /// Returns the verbs of the nth connection. Verbs that arrived together are joined by `+`; `.`
    /// stands for the content that they were pipelined behind.
    pub(crate) fn verbs(&self, connection: usize) -> Vec<String> {
        let state = self.shared.state.lock().unwrap();
        state
            .command_groups
            .iter()
            .filter(|(n, _)| *n == connection)
            .map(|(_, verbs)| verbs.join("+"))
            .collect()
    }

    /// Waits until `n` mails have been received; panics after ten seconds.
    pub(crate) async fn wait_for(&self, n: usize) -> Vec<ReceivedMail> {
        let waiting = async {
            loop {
                let received = self.shared.received.notified();
                let mails = self.mails();
                if mails.len() >= n {
                    return mails;
                }
                received.await;
            }
        };
        let Ok(mails) = tokio::time::timeout(LONGEST_WAIT, waiting).await else {
            panic!("received {} of {n} mails", self.mails().len());
        };
        mails
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let (number, script) = {
            let mut state = shared.state.lock().unwrap();
            state.connections += 1;
            state.open_connections += 1;
            (state.connections, state.script.clone())
        };
        socket.set_nodelay(true).unwrap();
        let shared = Arc::clone(&shared);
        sessions.spawn(async move {
            let io: Box<dyn Io> = match &script.tls {
                Some(tls) if script.implicit_tls => match tls.accept(socket).await {
                    Ok(stream) => Box::new(stream),
                    Err(_) => return,
                },
                _ => Box::new(socket),
            };
            let io = BufReader::new(io);
            let encrypted = script.implicit_tls;
            // A session ends when either side closes the connection.
            let _ = Session::new(Arc::clone(&shared), number, io, encrypted).run().await;
            shared.state.lock().unwrap().open_connections -= 1;
        });
    }
}
