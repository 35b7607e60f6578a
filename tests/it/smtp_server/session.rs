//! One SMTP session of the scripted server.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue should panic on the spot")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Action, At, ReceivedMail, Rule, Script, Shared};

pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The session has ended.
pub(super) struct SessionEnded;

impl From<std::io::Error> for SessionEnded {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

pub(super) struct Session {
    shared: Arc<Shared>,
    number: usize,
    io: BufReader<Box<dyn Io>>,
    encrypted: bool,
    authenticated: bool,
    ehlo_name: String,
    from: Option<String>,
    to: Vec<String>,
    /// `true` from the final dot until the next command.
    after_content: bool,
    /// `true` if the current command arrived together with the content before it.
    is_pipelined: bool,
    /// Number of mails accepted on this connection.
    accepted: usize,
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        number: usize,
        io: BufReader<Box<dyn Io>>,
        encrypted: bool,
    ) -> Self {
        let (from, to, ehlo_name) = (None, Vec::new(), String::new());
        Self {
            shared,
            number,
            io,
            encrypted,
            authenticated: false,
            ehlo_name,
            from,
            to,
            after_content: false,
            is_pipelined: false,
            accepted: 0,
        }
    }

    pub(super) async fn run(&mut self) -> Result<(), SessionEnded> {
        self.reply(At::Connect, "220 relay.test ready").await?;
        loop {
            let line = self.read_command().await?;
            self.handle_command(&line).await?;
        }
    }

    /// Executes a command; returns `true` if the reply was positive.
    async fn handle_command(&mut self, line: &str) -> Result<bool, SessionEnded> {
        let script = self.shared.state.lock().unwrap().script.clone();
        let needs_auth = script.login.is_some() && !self.authenticated;
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => {
                line.split(' ').nth(1).unwrap_or_default().clone_into(&mut self.ehlo_name);
                self.ehlo(&script).await
            }
            "HELO" => {
                line.split(' ').nth(1).unwrap_or_default().clone_into(&mut self.ehlo_name);
                self.reply(At::Helo, "250 relay.test").await
            }
            "STARTTLS" => self.start_tls(&script).await,
            "AUTH" => self.authenticate(line, &script).await,
            "MAIL" if needs_auth => self.reply(At::Mail, "530 5.7.0 authentication required").await,
            "MAIL" if script.mails_per_connection.is_some_and(|limit| self.accepted >= limit) => {
                self.perform(
                    Action::ReplyAndClose(
                        "421 4.7.0 enough mails on this connection\r\n".to_owned(),
                    ),
                    None,
                )
                .await
            }
            "MAIL" => {
                let specific =
                    self.next_action(if self.is_pipelined { At::PipelinedMail } else { At::Mail });
                let action = specific
                    .or_else(|| self.next_action(At::Mail))
                    .unwrap_or(Action::Delay(Duration::ZERO));
                let accepted = self.perform(action, Some("250 2.1.0 ok")).await?;
                self.from = accepted.then(|| address_in(line));
                Ok(accepted)
            }
            "RCPT" if self.from.is_none() && !script.always_accepts_data => {
                self.reply(At::Rcpt, "503 5.5.1 MAIL first").await
            }
            "RCPT" => {
                self.to.push(address_in(line));
                let accepted = self.reply(At::Rcpt, "250 2.1.5 ok").await?;
                if !accepted {
                    self.to.pop();
                }
                Ok(accepted)
            }
            "DATA" if self.to.is_empty() && !script.always_accepts_data => {
                self.reply(At::Data, "554 5.5.1 no valid recipients").await
            }
            "DATA" => {
                Ok(self.reply(At::Data, "354 go ahead").await? && self.receive_content().await?)
            }
            "RSET" => {
                (self.from, self.to) = (None, Vec::new());
                self.reply(At::Rset, "250 2.0.0 ok").await
            }
            "QUIT" => {
                self.perform(Action::ReplyAndClose("221 2.0.0 bye\r\n".to_owned()), None).await
            }
            _ => self.reply(At::Rset, "502 5.5.1 what?").await,
        }
    }

    async fn ehlo(&mut self, script: &Script) -> Result<bool, SessionEnded> {
        let mut lines = vec!["250-relay.test".to_owned(), "250-8BITMIME".to_owned()];
        if !script.without_pipelining {
            lines.push("250-PIPELINING".to_owned());
        }
        if let Some(limit) = script.size {
            lines.push(format!("250-SIZE {limit}"));
        }
        if script.tls.is_some() && !self.encrypted {
            lines.push("250-STARTTLS".to_owned());
        }
        if script.login.is_some() {
            lines.push(format!("250-AUTH {}", script.mechanisms.unwrap_or("PLAIN LOGIN")));
        }
        lines.push("250 ENHANCEDSTATUSCODES".to_owned());
        self.reply(At::Ehlo, &lines.join("\r\n")).await
    }

    async fn start_tls(&mut self, script: &Script) -> Result<bool, SessionEnded> {
        if !self.reply(At::StartTls, "220 2.0.0 ready").await? {
            return Ok(false);
        }
        let tls = script.tls.clone().ok_or(SessionEnded)?;
        let placeholder: Box<dyn Io> = Box::new(tokio::io::empty());
        let unencrypted = std::mem::replace(&mut self.io, BufReader::new(placeholder)).into_inner();
        self.io = BufReader::new(Box::new(tls.accept(unencrypted).await?));
        self.encrypted = true;
        Ok(true)
    }

    async fn authenticate(&mut self, line: &str, script: &Script) -> Result<bool, SessionEnded> {
        let decode = |s: &str| {
            STANDARD.decode(s).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
        };
        let words: Vec<&str> = line.split(' ').collect();
        let credentials = match words.get(1..) {
            Some(["PLAIN", token]) => decode(token),
            _ => {
                self.write("334 VXNlcm5hbWU6\r\n").await?;
                let user = decode(&self.read_line().await?);
                self.write("334 UGFzc3dvcmQ6\r\n").await?;
                format!("\0{user}\0{}", decode(&self.read_line().await?))
            }
        };
        let expected =
            script.login.as_ref().map(|(user, password)| format!("\0{user}\0{password}"));
        self.authenticated = expected == Some(credentials);
        let usual = if self.authenticated {
            "235 2.7.0 welcome"
        } else {
            "535 5.7.8 wrong user name or password"
        };
        self.reply(At::Auth, usual).await
    }

    async fn receive_content(&mut self) -> Result<bool, SessionEnded> {
        let mut raw = String::new();
        loop {
            let mut line = String::new();
            if self.io.read_line(&mut line).await? == 0 {
                return Err(SessionEnded);
            }
            let first = raw.is_empty();
            raw.push_str(&line);
            if line == ".\r\n" {
                break;
            }
            if first && let Some(action) = self.next_action(At::MidContent) {
                self.perform(action, None).await?;
            }
        }
        self.after_content = true;
        if self.shared.state.lock().unwrap().script.discards_pipelined_commands {
            self.discard_input().await;
        }
        let body = raw.strip_suffix(".\r\n").unwrap_or_default();
        let content =
            body.split_inclusive("\r\n").map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if to.is_empty() {
            return self.reply(At::Content, "554 5.5.1 nobody to give it to").await;
        }
        let mail = ReceivedMail {
            connection: self.number,
            ehlo_name: self.ehlo_name.clone(),
            from,
            to: to.clone(),
            content,
            raw,
            encrypted: self.encrypted,
        };
        // The following rules still match the recipients of this mail.
        self.to = to;
        let action = self.next_action(At::Content);
        let rejected = matches!(
            &action,
            Some(Action::Reply(text) | Action::ReplyAndClose(text)) if !text.starts_with('2')
        ) || matches!(&action, Some(Action::ReplyInPieces(p)) if !p[0].starts_with(b"2"));
        if !rejected && !matches!(action, Some(Action::Close)) {
            self.accepted += 1;
            self.shared.state.lock().unwrap().mails.push(mail);
            self.shared.received.notify_waiters();
        }
        if let Some(action) = self.next_action(At::Stored) {
            self.perform(action, None).await?;
        }
        self.to.clear();
        self.perform(action.unwrap_or(Action::Delay(Duration::ZERO)), Some("250 2.0.0 taken")).await
    }

    /// Sends the usual reply, or performs the script's action for `at`; returns `true` if the reply
    /// was positive.
    async fn reply(&mut self, at: At, usual: &str) -> Result<bool, SessionEnded> {
        let action = self.next_action(at).unwrap_or(Action::Delay(Duration::ZERO));
        self.perform(action, Some(usual)).await
    }

    async fn perform(&mut self, action: Action, usual: Option<&str>) -> Result<bool, SessionEnded> {
        match action {
            Action::Reply(text) => {
                self.write(&text).await?;
                return Ok(text.starts_with(['2', '3']));
            }
            Action::ReplyAndClose(text) => {
                self.write(&text).await?;
                return Err(SessionEnded);
            }
            Action::ReplyInPieces(pieces) => {
                for piece in &pieces {
                    self.io.get_mut().write_all(piece).await?;
                    self.io.get_mut().flush().await?;
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                return Ok(pieces[0].starts_with(b"2") || pieces[0].starts_with(b"3"));
            }
            Action::Close => return Err(SessionEnded),
            Action::Stall => {
                let released = self.shared.released.notified();
                self.shared.state.lock().unwrap().stalled.push(self.number);
                released.await;
            }
            Action::Delay(delay) => tokio::time::sleep(delay).await,
        }
        if let Some(usual) = usual {
            self.write(&format!("{usual}\r\n")).await?;
        }
        Ok(usual.is_none_or(|u| u.starts_with(['2', '3'])))
    }

    fn next_action(&self, at: At) -> Option<Action> {
        let mut state = self.shared.state.lock().unwrap();
        if let Some((limit, rule)) = &state.script.simultaneous
            && rule.at == at
            && state.open_connections > *limit
        {
            return Some(rule.action.clone());
        }
        let matches = |r: &Rule| {
            let recipient_matches =
                r.recipient.as_ref().is_none_or(|part| self.to.iter().any(|to| to.contains(part)));
            r.at == at
                && r.times > 0
                && r.connection.is_none_or(|n| n == self.number)
                && recipient_matches
        };
        let rule = state.script.rules.iter_mut().filter(|r| matches(r)).find_map(|rule| {
            let skipped = rule.skipped > 0;
            rule.skipped = rule.skipped.saturating_sub(1);
            (!skipped).then_some(rule)
        })?;
        rule.times = rule.times.saturating_sub(usize::from(rule.times != usize::MAX));
        Some(rule.action.clone())
    }

    /// Discards all input that is buffered or arrives within 50 ms.
    async fn discard_input(&mut self) {
        while let Ok(Ok(bytes)) =
            tokio::time::timeout(Duration::from_millis(50), self.io.fill_buf()).await
        {
            let n = bytes.len();
            if n == 0 {
                break;
            }
            self.io.consume(n);
        }
    }

    async fn read_command(&mut self) -> Result<String, SessionEnded> {
        let arrived_together = !self.io.buffer().is_empty();
        self.is_pipelined = arrived_together && std::mem::take(&mut self.after_content);
        let line = self.read_line().await?;
        self.after_content = false;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_owned();
        let mut state = self.shared.state.lock().unwrap();
        match state.command_groups.iter_mut().rev().find(|(n, _)| *n == self.number) {
            _ if self.is_pipelined => {
                state.command_groups.push((self.number, vec![".".to_owned(), verb]))
            }
            Some((_, group)) if arrived_together => group.push(verb),
            _ => state.command_groups.push((self.number, vec![verb])),
        }
        Ok(line)
    }

    async fn read_line(&mut self) -> Result<String, SessionEnded> {
        let mut line = String::new();
        let length = self.io.read_line(&mut line).await?;
        if length == 0 { Err(SessionEnded) } else { Ok(line.trim_end().to_owned()) }
    }

    async fn write(&mut self, text: &str) -> Result<(), SessionEnded> {
        self.io.get_mut().write_all(text.as_bytes()).await?;
        Ok(self.io.get_mut().flush().await?)
    }
}

/// Returns the address between `<` and `>`.
fn address_in(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}
