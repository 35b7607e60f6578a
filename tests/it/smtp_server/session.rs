//! One session of the misbehaving server.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Action, Arrived, At, Script, Shared};

pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The session is over.
pub(super) struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

pub(super) struct Session {
    shared: Arc<Shared>,
    number: usize,
    io: BufReader<Box<dyn Io>>,
    encrypted: bool,
    known: bool,
    hello: String,
    from: Option<String>,
    to: Vec<String>,
    behind_content: bool,
    rides: bool,
    /// How many mails came over this connection.
    taken: usize,
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        number: usize,
        io: BufReader<Box<dyn Io>>,
        encrypted: bool,
    ) -> Self {
        let (from, to, hello) = (None, Vec::new(), String::new());
        Self {
            shared,
            number,
            io,
            encrypted,
            known: false,
            hello,
            from,
            to,
            behind_content: false,
            rides: false,
            taken: 0,
        }
    }

    pub(super) async fn run(&mut self) -> Result<(), Over> {
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
            "EHLO" => {
                line.split(' ').nth(1).unwrap_or_default().clone_into(&mut self.hello);
                self.hello(&script).await
            }
            "STARTTLS" => self.start_tls(&script).await,
            "AUTH" => self.log_in(line, &script).await,
            "MAIL" if locked => self.answer(At::Mail, "530 5.7.0 authentication required").await,
            "MAIL" if script.mails_per_connection.is_some_and(|most| self.taken >= most) => {
                self.act(
                    Action::SayAndDrop("421 4.7.0 enough mails on this connection\r\n".to_owned()),
                    None,
                )
                .await
            }
            "MAIL" => {
                let usual = self.action(if self.rides { At::Ridden } else { At::Mail });
                let action =
                    usual.or_else(|| self.action(At::Mail)).unwrap_or(Action::Wait(Duration::ZERO));
                let granted = self.act(action, Some("250 2.1.0 ok")).await?;
                self.from = granted.then(|| path(line));
                Ok(granted)
            }
            "RCPT" if self.from.is_none() && !script.grants_data_always => {
                self.answer(At::Rcpt, "503 5.5.1 MAIL first").await
            }
            "RCPT" => {
                self.to.push(path(line));
                let granted = self.answer(At::Rcpt, "250 2.1.5 ok").await?;
                if !granted {
                    self.to.pop();
                }
                Ok(granted)
            }
            "DATA" if self.to.is_empty() && !script.grants_data_always => {
                self.answer(At::Data, "554 5.5.1 no valid recipients").await
            }
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
            lines.push(format!("250-AUTH {}", script.mechanisms.unwrap_or("PLAIN LOGIN")));
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
        let text = |s: &str| {
            STANDARD.decode(s).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
        };
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
        let usual =
            if self.known { "235 2.7.0 welcome" } else { "535 5.7.8 wrong user name or password" };
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
        self.behind_content = true;
        if self.shared.ledger.lock().unwrap().script.loses_what_rides {
            self.lose().await;
        }
        let body = wire.strip_suffix(".\r\n").unwrap_or_default();
        let content =
            body.split_inclusive("\r\n").map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if to.is_empty() {
            return self.answer(At::Content, "554 5.5.1 nobody to give it to").await;
        }
        let mail = Arrived {
            connection: self.number,
            hello: self.hello.clone(),
            from,
            to: to.clone(),
            content,
            wire,
            encrypted: self.encrypted,
        };
        // Rules for what follows still know whom the mail was for.
        self.to = to;
        let action = self.action(At::Content);
        let refused = matches!(&action, Some(Action::Say(w) | Action::SayAndDrop(w)) if !w.starts_with('2'))
            || matches!(&action, Some(Action::Pieces(p)) if !p[0].starts_with(b"2"));
        if !refused && !matches!(action, Some(Action::Drop)) {
            self.taken += 1;
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
            Action::Pieces(pieces) => {
                for piece in &pieces {
                    self.io.get_mut().write_all(piece).await?;
                    self.io.get_mut().flush().await?;
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                return Ok(pieces[0].starts_with(b"2") || pieces[0].starts_with(b"3"));
            }
            Action::Drop => return Err(Over),
            Action::Stall => {
                let released = self.shared.released.notified();
                self.shared.ledger.lock().unwrap().stalled += 1;
                released.await;
            }
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
            let whom =
                r.recipient.as_ref().is_none_or(|part| self.to.iter().any(|to| to.contains(part)));
            r.at == at && r.times > 0 && r.connection.is_none_or(|n| n == self.number) && whom
        })?;
        rule.times = rule.times.saturating_sub(usize::from(rule.times != usize::MAX));
        Some(rule.action.clone())
    }

    /// Forgets everything that is here already or comes within a moment.
    async fn lose(&mut self) {
        while let Ok(Ok(some)) =
            tokio::time::timeout(Duration::from_millis(50), self.io.fill_buf()).await
        {
            let n = some.len();
            if n == 0 {
                break;
            }
            self.io.consume(n);
        }
    }

    async fn command(&mut self) -> Result<String, Over> {
        let together = !self.io.buffer().is_empty();
        self.rides = together && std::mem::take(&mut self.behind_content);
        let line = self.line().await?;
        self.behind_content = false;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_owned();
        let mut ledger = self.shared.ledger.lock().unwrap();
        match ledger.groups.iter_mut().rev().find(|(n, _)| *n == self.number) {
            _ if self.rides => ledger.groups.push((self.number, vec![".".to_owned(), verb])),
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
