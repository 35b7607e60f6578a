//! One connection to a relay: an envelope, its content, and the next, until somebody says goodbye.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Quit, Rset};
use lettre::transport::smtp::response::Response;

use super::commands::{Envelope, commands, stuffed};
use super::opening::{self, Offers};
use super::outcome::{Answer, Delivered, Heard, Outcome, Scope, Stage, meaning};
use super::relay::{Patience, Relay, Trouble};
use super::stream::Gauge;

/// How long a goodbye, or words said before a break, are waited for.
const FAREWELL: Duration = Duration::from_secs(3);

/// An open connection to a relay.
pub struct Connection {
    lettre: AsyncSmtpConnection,
    gauge: Arc<Gauge>,
    offers: Offers,
    encrypted: bool,
    patience: Patience,
    /// The relay still holds pieces of a transaction that failed: RSET goes before the next.
    soiled: bool,
    /// Between transactions. False while one runs, so that a future which is dropped half-way leaves no connection behind
    /// on which the next mail would hear the answers to this one.
    open: bool,
    /// The relay has said 354.
    content_due: bool,
}

impl Connection {
    /// Connects, encrypts as the relay's mode wants it, and logs in.
    ///
    /// # Errors
    /// When no mail can be handed over; nothing was sent.
    pub async fn open(relay: &Relay) -> Result<Self, Trouble> {
        let opening::Opened { lettre, gauge, offers, encrypted } = opening::open(relay).await?;
        Ok(Self { lettre, gauge, offers, encrypted, patience: relay.patience, soiled: false, open: true, content_due: false })
    }

    /// Whether the next mail can go over it.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether it runs within TLS.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether the relay takes an envelope in one write (RFC 2920).
    pub fn pipelines(&self) -> bool {
        self.offers.pipelining
    }

    /// Hands over one mail: `content` is the whole message, 7-bit, its lines ending in CRLF.
    pub async fn send(&mut self, envelope_from: &str, to: &str, content: &str) -> Delivered {
        let envelope = Envelope { from: envelope_from, to, size: content.len() };
        match self.begin(&envelope).await {
            Ok(()) => self.finish(content).await,
            Err(delivered) => delivered,
        }
    }

    /// Says MAIL, RCPT and DATA; after `Ok` the relay waits for the content, and one can only finish or drop the connection.
    ///
    /// # Errors
    /// What became of the mail, when it ends here.
    pub async fn begin(&mut self, envelope: &Envelope<'_>) -> Result<(), Delivered> {
        if !self.open {
            return Err(no_connection());
        }
        let commands = commands(envelope, self.offers.size).map_err(|outcome| Delivered { outcome, reusable: true })?;
        self.open = false;
        let heard = if self.offers.pipelining { self.together(&commands).await } else { self.one_by_one(&commands).await };
        let mut ended = None;
        let mut content_awaited = false;
        for (stage, heard) in heard {
            content_awaited |= stage == Stage::Data && matches!(&heard, Heard::Reply(a) if a.code == 354);
            let alive = matches!(&heard, Heard::Reply(a) if a.code != 421);
            // What is said after the first refusal only follows from it, unless the connection ends with it.
            match (&mut ended, meaning(stage, heard)) {
                (None, end) => ended = end,
                (Some(first), Some(_)) if !alive => first.reusable = false,
                (Some(_), _) => {}
            }
        }
        let Some(mut delivered) = ended else {
            self.content_due = true;
            return Ok(());
        };
        if content_awaited && delivered.reusable {
            delivered.reusable = self.lone_dot().await;
        }
        self.soiled = true;
        self.open = delivered.reusable;
        Err(delivered)
    }

    /// Sends the content and waits for the answer behind its final dot.
    pub async fn finish(&mut self, content: &str) -> Delivered {
        if !std::mem::take(&mut self.content_due) {
            return no_connection();
        }
        let bytes = stuffed(content);
        let length = bytes.len() as u64;
        self.gauge.within(self.patience.content);
        let before = self.gauge.written();
        let mut heard = heard(self.lettre.command(&bytes).await);
        let whole = self.gauge.written() - before >= length;
        if let (Heard::Nothing(why), false) = (&heard, whole) {
            // The write broke off: the relay may have said why before it hung up.
            let why = format!("{why}, before the whole message was sent");
            heard = match self.last_words().await {
                Some(answer) => Heard::Reply(answer),
                None => {
                    let answer = Answer::new(451, &why);
                    return self.ended(Delivered { outcome: Outcome::Deferred { answer, scope: Scope::Relay }, reusable: false });
                }
            };
        }
        let delivered = match meaning(Stage::Content, heard) {
            Some(delivered) => Delivered { reusable: delivered.reusable && whole, ..delivered },
            None => Delivered { outcome: Outcome::Unknown { why: "the relay gave no answer".to_owned() }, reusable: false },
        };
        self.ended(delivered)
    }

    /// Says goodbye and closes; a relay that does not answer is not waited for long.
    pub async fn quit(mut self) {
        if self.open {
            self.gauge.within(FAREWELL);
            let _ = self.lettre.command(Quit).await;
        }
    }

    fn ended(&mut self, delivered: Delivered) -> Delivered {
        self.soiled = !matches!(delivered.outcome, Outcome::Sent { .. });
        self.open = delivered.reusable;
        delivered
    }

    /// All commands in one write, then their answers (RFC 2920).
    async fn together(&mut self, commands: &[(Stage, String)]) -> Vec<(Stage, Heard)> {
        self.gauge.within(self.patience.reply);
        let mut group = if self.soiled { Rset.to_string() } else { String::new() };
        commands.iter().for_each(|(_, command)| group.push_str(command));
        let mut first = heard(self.lettre.command(group).await);
        let mut said = Vec::with_capacity(commands.len());
        if self.soiled {
            first = match first {
                Heard::Reply(answer) if answer.code != 421 => self.next_reply().await,
                gone => gone,
            };
            self.soiled = false;
        }
        let mut next = Some(first);
        for (stage, _) in commands {
            let heard = match next.take() {
                Some(heard) => heard,
                None => self.next_reply().await,
            };
            let over = !matches!(&heard, Heard::Reply(answer) if answer.code != 421);
            said.push((*stage, heard));
            if over {
                break;
            }
        }
        said
    }

    /// One command after the other, up to the first that is refused.
    async fn one_by_one(&mut self, commands: &[(Stage, String)]) -> Vec<(Stage, Heard)> {
        let mut said = Vec::with_capacity(commands.len());
        if self.soiled {
            self.gauge.within(self.patience.reply);
            let cleaned = heard(self.lettre.command(Rset).await);
            self.soiled = false;
            if !matches!(&cleaned, Heard::Reply(answer) if answer.code != 421) {
                return vec![(Stage::Mail, cleaned)];
            }
        }
        for (stage, command) in commands {
            self.gauge.within(self.patience.reply);
            let heard = heard(self.lettre.command(command).await);
            let granted = matches!(&heard, Heard::Reply(answer) if answer.is_positive());
            said.push((*stage, heard));
            if !granted {
                break;
            }
        }
        said
    }

    async fn next_reply(&mut self) -> Heard {
        self.gauge.within(self.patience.reply);
        heard(self.lettre.read_response().await)
    }

    /// Ends a DATA that was granted though nobody will get the mail (RFC 2920 section 3.1); whatever is said to it, only
    /// whether the connection lives matters.
    async fn lone_dot(&mut self) -> bool {
        self.gauge.within(self.patience.reply);
        matches!(heard(self.lettre.command(".\r\n").await), Heard::Reply(answer) if answer.code != 421)
    }

    /// What a relay said before it hung up on us.
    async fn last_words(&mut self) -> Option<Answer> {
        self.gauge.within(FAREWELL);
        match heard(self.lettre.read_response().await) {
            Heard::Reply(answer) if !answer.is_positive() => Some(answer),
            _ => None,
        }
    }
}

fn no_connection() -> Delivered {
    let why = "the connection to the relay can't take a mail".to_owned();
    Delivered { outcome: Outcome::RelayTrouble { why }, reusable: false }
}

/// What lettre brings back, as what was heard.
pub(super) fn heard(result: Result<Response, lettre::transport::smtp::Error>) -> Heard {
    let error = match result {
        Ok(response) => {
            let text: Vec<&str> = response.message().collect();
            return Heard::Reply(Answer::new(response.code().into(), &text.join(" ")));
        }
        Err(error) => error,
    };
    let source = std::error::Error::source(&error);
    if let Some(code) = error.status() {
        let text = source.map(ToString::to_string).unwrap_or_default();
        return Heard::Reply(Answer::new(code.into(), &text));
    }
    let io = source.and_then(|s| s.downcast_ref::<std::io::Error>());
    Heard::Nothing(match (io, source) {
        (Some(io), _) => why_nothing(io),
        // Lettre's words for a connection that ends where a reply should come.
        (None, Some(s)) if s.to_string() == "incomplete response" => "the relay closed the connection".to_owned(),
        _ => "the relay answered with something that is not SMTP".to_owned(),
    })
}

/// A broken wire in words for people.
pub(super) fn why_nothing(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut => "the relay did not answer in time".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted => {
            "the relay closed the connection".to_owned()
        }
        ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    }
}
