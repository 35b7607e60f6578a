//! One connection to a relay: an envelope, its content with the next envelope behind it, until somebody says goodbye.

mod saying;

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Quit;

use super::commands::{Commands, Envelope, stuff};
use super::hearing::heard;
use super::manner::{Learned, Leave, Manner};
use super::opening::{self, Offers};
use super::outcome::{Answer, Delivered, Heard, Outcome, Scope, Stage, is_out_of_step, meaning};
use super::relay::{Patience, Relay, Trouble};
use super::stream::Gauge;

/// How long a goodbye, or words said before a break, are waited for.
const FAREWELL: Duration = Duration::from_secs(3);
/// A larger buffer is not kept for the next mail.
const KEPT: usize = 256 * 1024;

/// An open connection to a relay.
pub struct Connection {
    lettre: AsyncSmtpConnection,
    gauge: Arc<Gauge>,
    offers: Offers,
    encrypted: bool,
    patience: Patience,
    learned: Arc<Learned>,
    /// The relay still holds pieces of a transaction that failed: RSET goes before the next.
    soiled: bool,
    /// Between transactions. False while one runs, so that a future which is dropped half-way leaves no connection behind
    /// on which the next mail would hear the answers to this one.
    open: bool,
    /// The relay has said 354.
    content_due: bool,
    /// The envelope that came along with the last content, until `ridden` tells what became of it.
    ride: Option<Ride>,
    /// What is written next; kept, so that a mail costs no new buffer.
    wire: String,
}

/// An envelope that was to ride.
enum Ride {
    /// Its commands are with the relay.
    Said {
        /// The content it rode behind was accepted.
        accepted: bool,
        leave: Leave,
    },
    /// Riding is not for this relay, or not now: its commands are yet to be said.
    Later(Commands),
    /// It can't be said to any relay.
    Unsayable(Outcome),
}

impl Connection {
    /// Connects, encrypts as the relay's mode wants it, and logs in.
    ///
    /// # Errors
    /// When no mail can be handed over; nothing was sent.
    pub async fn open(relay: &Relay) -> Result<Self, Trouble> {
        let opening::Opened { lettre, gauge, offers, encrypted } = opening::open(relay).await?;
        let (patience, learned) = (relay.patience, Arc::clone(&relay.learned));
        let (soiled, open, content_due, ride, wire) = (false, true, false, None, String::new());
        Ok(Self {
            lettre,
            gauge,
            offers,
            encrypted,
            patience,
            learned,
            soiled,
            open,
            content_due,
            ride,
            wire,
        })
    }

    /// Whether the next mail can be begun on it; not while an envelope rides.
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

    /// Whether an envelope given to `finish` would ride: the relay offers it, and has not shown that it can't. Where it would
    /// not, `finish` takes one all the same, and `ridden` says it.
    pub fn rides(&self) -> bool {
        (self.open || self.content_due) && self.manner() == Manner::Riding
    }

    /// Hands over one mail: `content` is the whole message, 7-bit, its lines ending in CRLF.
    pub async fn send(&mut self, envelope_from: &str, to: &str, content: &str) -> Delivered {
        let envelope = Envelope { from: envelope_from, to, size: content.len() };
        match self.begin(&envelope).await {
            Ok(()) => self.finish(content, None).await,
            Err(delivered) => delivered,
        }
    }

    /// Says MAIL, RCPT and DATA; after `Ok` the relay waits for the content, and one can only finish or abandon the connection.
    ///
    /// # Errors
    /// What became of the mail, when it ends here.
    pub async fn begin(&mut self, envelope: &Envelope<'_>) -> Result<(), Delivered> {
        self.ride = None;
        if !self.open {
            return Err(no_connection());
        }
        let commands = Commands::of(envelope, self.offers.size)
            .map_err(|outcome| Delivered { outcome, reusable: true })?;
        self.say(&commands).await
    }

    /// Sends the content and waits for the answer behind its final dot; the envelope of the next mail rides in the same write.
    /// Comes back with this content's answer alone: `ridden` waits for the answers to what rode.
    pub async fn finish(&mut self, content: &str, riding: Option<&Envelope<'_>>) -> Delivered {
        self.ride = None;
        if !std::mem::take(&mut self.content_due) {
            return no_connection();
        }
        let mut wire = std::mem::take(&mut self.wire);
        wire.clear();
        stuff(content, &mut wire);
        let length = wire.len() as u64;
        let ride = riding.map(|envelope| self.board(envelope, &mut wire));
        self.gauge.within(self.patience.content);
        self.gauge.take_turn();
        let before = self.gauge.written();
        let result = self.lettre.command(wire.as_str()).await;
        let written = self.gauge.written() - before;
        let broken_off = written < wire.len() as u64;
        if wire.capacity() <= KEPT {
            self.wire = wire;
        }
        let rode = matches!(ride, Some(Ride::Said { .. }));
        let heard = heard(result);
        // Some refuse a content for nothing but what came along with it; not those that have let something ride before.
        let over_what_rode = rode
            && !self.learned.knows(Manner::Riding)
            && matches!(&heard, Heard::Reply(answer) if answer.code >= 500)
            && is_out_of_step(Stage::Content, &heard, false);
        let mut delivered = match heard {
            _ if self.gauge.was_out_of_turn() => self.interrupted().await,
            Heard::Nothing(why) if broken_off => self.broken_off(&why, written >= length).await,
            Heard::Reply(answer) if over_what_rode => self.misunderstood(
                Manner::Riding,
                format!("the relay answered {} with: {answer}", Stage::Content),
            ),
            heard => meaning(Stage::Content, heard).unwrap_or_else(no_connection),
        };
        delivered.reusable &= !broken_off;
        self.settle(&delivered, ride);
        delivered
    }

    /// The answers to the envelope that was given to `finish`; to be called once behind it, whatever became of that content.
    /// After `Ok` the relay waits for this mail's content.
    ///
    /// # Errors
    /// What became of this mail, when it ends here; the relay's trouble, when the connection ended with the mail before.
    pub async fn ridden(&mut self) -> Result<(), Delivered> {
        match self.ride.take() {
            Some(Ride::Said { accepted, leave }) => {
                // On trial, all answers have to come within this.
                self.gauge.within(self.patience.ridden.min(self.patience.reply));
                let said = self.answers(Manner::Riding, &saying::CLEAN, None).await;
                let judged = self.judge(Manner::Riding, accepted, said).await;
                drop(leave);
                judged
            }
            Some(Ride::Later(commands)) if self.open => self.say(&commands).await,
            Some(Ride::Unsayable(outcome)) => Err(Delivered { outcome, reusable: self.open }),
            Some(Ride::Later(_)) | None => Err(no_connection()),
        }
    }

    /// Says goodbye and closes; a relay that does not answer is not waited for long.
    pub async fn quit(mut self) {
        if self.open {
            self.gauge.within(FAREWELL);
            let _ = self.lettre.command(Quit).await;
        }
    }

    /// Closes without a word, though content is due or an envelope rides: nothing of that mail is sent.
    pub fn abandon(self) {}

    fn manner(&self) -> Manner {
        if self.offers.pipelining { self.learned.manner() } else { Manner::StepByStep }
    }

    /// Puts the next envelope behind the content, if it may ride.
    fn board(&self, envelope: &Envelope<'_>, wire: &mut String) -> Ride {
        let commands = match Commands::of(envelope, self.offers.size) {
            Ok(commands) => commands,
            Err(outcome) => return Ride::Unsayable(outcome),
        };
        match self.offers.pipelining.then(|| self.learned.leave_to_ride()).flatten() {
            Some(leave) => {
                wire.push_str(commands.together());
                Ride::Said { accepted: false, leave }
            }
            None => Ride::Later(commands),
        }
    }

    /// The content has its answer. Behind the final dot the relay holds nothing of the transaction, whatever it answered
    /// (RFC 5321 section 4.1.1.4), so what rode needs no RSET.
    fn settle(&mut self, delivered: &Delivered, ride: Option<Ride>) {
        let accepted = matches!(delivered.outcome, Outcome::Sent { .. });
        self.ride = match ride {
            Some(Ride::Said { leave, .. }) => {
                delivered.reusable.then_some(Ride::Said { accepted, leave })
            }
            other => other,
        };
        let rides = matches!(self.ride, Some(Ride::Said { .. }));
        self.soiled = !accepted && !rides;
        self.open = delivered.reusable && !rides;
    }

    /// The relay had spoken or hung up before we wrote: nothing was sent, and whatever it has said is about itself.
    async fn interrupted(&mut self) -> Delivered {
        self.gauge.within(FAREWELL);
        trouble(match heard(self.lettre.read_response().await) {
            Heard::Reply(answer) => format!("the relay said without being asked: {answer}"),
            Heard::Nothing(why) => why,
        })
    }

    /// The write with the content broke off; the relay may have said why before it hung up.
    async fn broken_off(&mut self, why: &str, whole: bool) -> Delivered {
        self.gauge.within(FAREWELL);
        match heard(self.lettre.read_response().await) {
            Heard::Reply(answer) if whole || !answer.is_positive() => {
                meaning(Stage::Content, Heard::Reply(answer)).unwrap_or_else(no_connection)
            }
            _ if whole => {
                Delivered { outcome: Outcome::Unknown { why: why.to_owned() }, reusable: false }
            }
            _ => {
                let answer = Answer::new(451, &format!("{why}, before the whole message was sent"));
                Delivered {
                    outcome: Outcome::Deferred { answer, scope: Scope::Relay },
                    reusable: false,
                }
            }
        }
    }
}

fn no_connection() -> Delivered {
    trouble("the connection to the relay can't take a mail".to_owned())
}

fn trouble(why: String) -> Delivered {
    Delivered { outcome: Outcome::RelayTrouble { why }, reusable: false }
}
