//! An SMTP server that counts what arrives and misbehaves on order.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// Where in a session a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
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
    Drop,
    Stall,
    Wait(Duration),
}

/// One misbehaviour: when, and what.
#[derive(Debug, Clone)]
pub struct Rule {
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
    pub fn say(at: At, words: &str) -> Self {
        Self::new(at, Action::Say(format!("{words}\r\n")))
    }
    /// Says this, byte for byte, and closes.
    pub fn say_and_drop(at: At, words: &str) -> Self {
        Self::new(at, Action::SayAndDrop(format!("{words}\r\n")))
    }
    /// Closes without a word.
    pub fn drop(at: At) -> Self {
        Self::new(at, Action::Drop)
    }
    /// Says nothing until `SmtpServer::release`.
    pub fn stall(at: At) -> Self {
        Self::new(at, Action::Stall)
    }
    /// Answers as usual, later.
    pub fn wait(at: At, span: Duration) -> Self {
        Self::new(at, Action::Wait(span))
    }
    /// On the nth connection only, counted from 1.
    pub fn on_connection(self, n: usize) -> Self {
        Self { connection: Some(n), ..self }
    }
    /// For recipients that contain this only.
    pub fn recipient(self, part: &str) -> Self {
        Self { recipient: Some(part.to_owned()), ..self }
    }
    /// This often, then never again.
    pub fn times(self, n: usize) -> Self {
        Self { times: n, ..self }
    }
    pub fn once(self) -> Self {
        self.times(1)
    }
}

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Script {
    rules: Vec<Rule>,
    step_by_step: bool,
    grants_data_always: bool,
    size: Option<usize>,
    login: Option<(String, String)>,
    tls: Option<TlsAcceptor>,
    implicit_tls: bool,
}

impl Script {
    /// A server that takes everything and offers PIPELINING.
    pub fn new() -> Self {
        Self::default()
    }
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
    pub fn without_pipelining(self) -> Self {
        Self { step_by_step: true, ..self }
    }
    /// Answers DATA with 354 even when no recipient was accepted (RFC 2920 section 3.1).
    pub fn grants_data_always(self) -> Self {
        Self { grants_data_always: true, ..self }
    }
    pub fn size(self, most: usize) -> Self {
        Self { size: Some(most), ..self }
    }
    /// Takes mail only after AUTH PLAIN or LOGIN with these.
    pub fn login(self, user: &str, password: &str) -> Self {
        Self { login: Some((user.to_owned(), password.to_owned())), ..self }
    }
    /// Offers STARTTLS.
    pub fn starttls(self, tls: TlsAcceptor) -> Self {
        Self { tls: Some(tls), ..self }
    }
    /// Speaks TLS from the first byte.
    pub fn implicit_tls(self, tls: TlsAcceptor) -> Self {
        Self { tls: Some(tls), implicit_tls: true, ..self }
    }
}

/// A mail the server said yes to, or kept before it hung up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    pub connection: usize,
    pub from: String,
    pub to: Vec<String>,
    /// The message, leading dots taken off.
    pub content: String,
    /// Between 354 and the answer, byte for byte.
    pub wire: String,
    pub encrypted: bool,
}

#[derive(Default)]
struct Ledger {
    script: Script,
    connections: usize,
    mails: Vec<Arrived>,
    groups: Vec<(usize, Vec<String>)>,
}

#[derive(Default)]
struct Shared {
    ledger: Mutex<Ledger>,
    arrived: Notify,
    released: Notify,
}

/// The server; it stops when dropped.
pub struct SmtpServer {
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
    pub async fn start(script: Script) -> Self {
        Self::start_at("127.0.0.1:0", script).await
    }

    pub async fn start_at(bind: &str, script: Script) -> Self {
        let listener = TcpListener::bind(bind).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        shared.ledger.lock().unwrap().script = script;
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// All mails so far, in order.
    pub fn mails(&self) -> Vec<Arrived> {
        self.shared.ledger.lock().unwrap().mails.clone()
    }
    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.ledger.lock().unwrap().connections
    }
    /// From here on it behaves like this; sessions that are open follow at their next command.
    pub fn set_script(&self, script: Script) {
        self.shared.ledger.lock().unwrap().script = script;
    }
    /// Lets everything go on that stalls.
    pub fn release(&self) {
        self.shared.released.notify_waiters();
    }
    /// The verbs of the nth connection; those that came in one piece are joined by `+`.
    pub fn verbs(&self, connection: usize) -> Vec<String> {
        let ledger = self.shared.ledger.lock().unwrap();
        ledger.groups.iter().filter(|(n, _)| *n == connection).map(|(_, verbs)| verbs.join("+")).collect()
    }
    /// Waits until so many mails have arrived; panics after ten seconds.
    pub async fn wait_for(&self, n: usize) -> Vec<Arrived> {
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
            let mut session = Session { shared, number, io, encrypted, known: false, from: None, to: Vec::new() };
            // A session ends when either side has had enough.
            let _ = session.run().await;
        });
    }
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The session is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

struct Session {
    shared: Arc<Shared>,
    number: usize,
    io: BufReader<Box<dyn Io>>,
    encrypted: bool,
    known: bool,
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    async fn run(&mut self) -> Result<(), Over> {
        self.answer(At::Connect, "220 relay.test ready").await?;
        loop {
            let line = self.command().await?;
            self.obey(&line).await?;
        }
    }

    /// Does what a command asks; true if it was granted.
    async fn obey(&mut self, line: &str) -> Result<bool, Over> {
        let script = self.shared.ledger.lock().unwrap().script.clone();
        let locked = script.login.is_some() && !self.known;
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => self.hello(&script).await,
            "STARTTLS" => self.start_tls(&script).await,
            "AUTH" => self.log_in(line, &script).await,
            "MAIL" if locked => self.answer(At::Mail, "530 5.7.0 authentication required").await,
            "MAIL" => {
                let granted = self.answer(At::Mail, "250 2.1.0 ok").await?;
                self.from = granted.then(|| path(line));
                Ok(granted)
            }
            "RCPT" if self.from.is_none() => self.answer(At::Rcpt, "503 5.5.1 MAIL first").await,
            "RCPT" => {
                self.to.push(path(line));
                let granted = self.answer(At::Rcpt, "250 2.1.5 ok").await?;
                if !granted {
                    self.to.pop();
                }
                Ok(granted)
            }
            "DATA" if self.to.is_empty() && !script.grants_data_always => self.answer(At::Data, "554 5.5.1 no valid recipients").await,
            "DATA" => Ok(self.answer(At::Data, "354 go ahead").await? && self.content().await?),
            "RSET" => {
                (self.from, self.to) = (None, Vec::new());
                self.answer(At::Rset, "250 2.0.0 ok").await
            }
            "QUIT" => self.act(Action::SayAndDrop("221 2.0.0 bye\r\n".to_owned()), None).await,
            _ => self.answer(At::Rset, "502 5.5.1 what?").await,
        }
    }

    async fn hello(&mut self, script: &Script) -> Result<bool, Over> {
        let mut lines = vec!["250-relay.test".to_owned(), "250-8BITMIME".to_owned()];
        if !script.step_by_step {
            lines.push("250-PIPELINING".to_owned());
        }
        if let Some(most) = script.size {
            lines.push(format!("250-SIZE {most}"));
        }
        if script.tls.is_some() && !self.encrypted {
            lines.push("250-STARTTLS".to_owned());
        }
        if script.login.is_some() {
            lines.push("250-AUTH PLAIN LOGIN".to_owned());
        }
        lines.push("250 ENHANCEDSTATUSCODES".to_owned());
        self.answer(At::Ehlo, &lines.join("\r\n")).await
    }

    async fn start_tls(&mut self, script: &Script) -> Result<bool, Over> {
        if !self.answer(At::StartTls, "220 2.0.0 ready").await? {
            return Ok(false);
        }
        let tls = script.tls.clone().ok_or(Over)?;
        let nothing: Box<dyn Io> = Box::new(tokio::io::empty());
        let clear = std::mem::replace(&mut self.io, BufReader::new(nothing)).into_inner();
        self.io = BufReader::new(Box::new(tls.accept(clear).await?));
        self.encrypted = true;
        Ok(true)
    }

    async fn log_in(&mut self, line: &str, script: &Script) -> Result<bool, Over> {
        let text = |s: &str| STANDARD.decode(s).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
        let words: Vec<&str> = line.split(' ').collect();
        let said = match words.get(1..) {
            Some(["PLAIN", token]) => text(token),
            _ => {
                self.say("334 VXNlcm5hbWU6\r\n").await?;
                let user = text(&self.line().await?);
                self.say("334 UGFzc3dvcmQ6\r\n").await?;
                format!("\0{user}\0{}", text(&self.line().await?))
            }
        };
        let wanted = script.login.as_ref().map(|(user, password)| format!("\0{user}\0{password}"));
        self.known = wanted == Some(said);
        let usual = if self.known { "235 2.7.0 welcome" } else { "535 5.7.8 wrong user name or password" };
        self.answer(At::Auth, usual).await
    }

    async fn content(&mut self) -> Result<bool, Over> {
        let mut wire = String::new();
        loop {
            let mut line = String::new();
            if self.io.read_line(&mut line).await? == 0 {
                return Err(Over);
            }
            let first = wire.is_empty();
            wire.push_str(&line);
            if line == ".\r\n" {
                break;
            }
            if first && let Some(action) = self.action(At::MidContent) {
                self.act(action, None).await?;
            }
        }
        let body = wire.strip_suffix(".\r\n").unwrap_or_default();
        let content = body.split_inclusive("\r\n").map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if to.is_empty() {
            return self.answer(At::Content, "554 5.5.1 nobody to give it to").await;
        }
        let mail = Arrived { connection: self.number, from, to: to.clone(), content, wire, encrypted: self.encrypted };
        // Rules for what follows still know whom the mail was for.
        self.to = to;
        let action = self.action(At::Content);
        let refused = matches!(&action, Some(Action::Say(w) | Action::SayAndDrop(w)) if !w.starts_with('2'));
        if !refused && !matches!(action, Some(Action::Drop)) {
            self.shared.ledger.lock().unwrap().mails.push(mail);
            self.shared.arrived.notify_waiters();
        }
        if let Some(kept) = self.action(At::Kept) {
            self.act(kept, None).await?;
        }
        self.to.clear();
        self.act(action.unwrap_or(Action::Wait(Duration::ZERO)), Some("250 2.0.0 taken")).await
    }

    /// Says the usual words, or what the script has for this place; true if what was said grants it.
    async fn answer(&mut self, at: At, usual: &str) -> Result<bool, Over> {
        let action = self.action(at).unwrap_or(Action::Wait(Duration::ZERO));
        self.act(action, Some(usual)).await
    }

    async fn act(&mut self, action: Action, usual: Option<&str>) -> Result<bool, Over> {
        match action {
            Action::Say(words) => {
                self.say(&words).await?;
                return Ok(words.starts_with(['2', '3']));
            }
            Action::SayAndDrop(words) => {
                self.say(&words).await?;
                return Err(Over);
            }
            Action::Drop => return Err(Over),
            Action::Stall => self.shared.released.notified().await,
            Action::Wait(span) => tokio::time::sleep(span).await,
        }
        if let Some(usual) = usual {
            self.say(&format!("{usual}\r\n")).await?;
        }
        Ok(usual.is_none_or(|u| u.starts_with(['2', '3'])))
    }

    fn action(&self, at: At) -> Option<Action> {
        let mut ledger = self.shared.ledger.lock().unwrap();
        let rule = ledger.script.rules.iter_mut().find(|r| {
            let whom = r.recipient.as_ref().is_none_or(|part| self.to.iter().any(|to| to.contains(part)));
            r.at == at && r.times > 0 && r.connection.is_none_or(|n| n == self.number) && whom
        })?;
        rule.times = rule.times.saturating_sub(usize::from(rule.times != usize::MAX));
        Some(rule.action.clone())
    }

    async fn command(&mut self) -> Result<String, Over> {
        let together = !self.io.buffer().is_empty();
        let line = self.line().await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_owned();
        let mut ledger = self.shared.ledger.lock().unwrap();
        match ledger.groups.iter_mut().rev().find(|(n, _)| *n == self.number) {
            Some((_, group)) if together => group.push(verb),
            _ => ledger.groups.push((self.number, vec![verb])),
        }
        Ok(line)
    }

    async fn line(&mut self) -> Result<String, Over> {
        let mut line = String::new();
        let got = self.io.read_line(&mut line).await?;
        if got == 0 { Err(Over) } else { Ok(line.trim_end().to_owned()) }
    }

    async fn say(&mut self, words: &str) -> Result<(), Over> {
        self.io.get_mut().write_all(words.as_bytes()).await?;
        Ok(self.io.get_mut().flush().await?)
    }
}

fn path(line: &str) -> String {
    let (_, behind) = line.split_once('<').unwrap_or_default();
    behind.split('>').next().unwrap_or_default().to_owned()
}
