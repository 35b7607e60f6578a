//! A lane's way out: an SMTP connection that is opened when needed and kept, or a folder.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::{Route, Transport};
use crate::mail::folder::Folder;
use crate::mail::smtp::{Answer, Connection, Delivered, Envelope, Outcome, Patience, Relay};

/// A complete message with its envelope.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) envelope_from: String,
    pub(super) to: String,
    pub(super) message_id: String,
    pub(super) content: String,
}

pub(super) enum Way {
    Relay { relay: Box<Relay>, connection: Option<Box<Connection>>, quota: usize, begun: usize },
    Folder(Folder),
}

impl Clone for Way {
    /// The same way without a connection: each lane opens its own.
    fn clone(&self) -> Self {
        match self {
            Self::Relay { relay, quota, .. } => {
                Self::Relay { relay: relay.clone(), connection: None, quota: *quota, begun: 0 }
            }
            Self::Folder(folder) => Self::Folder(folder.clone()),
        }
    }
}

impl Way {
    /// The way a transport leads; the error is one sentence about its settings.
    pub(super) fn of(transport: &Transport, patience: Patience) -> Result<Self, String> {
        match &transport.route {
            Route::Folder(path) => Ok(Self::Folder(Folder::new(path))),
            Route::Smtp { .. } => match Relay::of(transport, patience) {
                Ok(relay) => Ok(Self::Relay {
                    relay: Box::new(relay),
                    connection: None,
                    quota: transport.messages_per_connection,
                    begun: 0,
                }),
                Err(trouble) => Err(trouble.to_string()),
            },
        }
    }

    /// Makes sure that there is a connection; the error is one sentence.
    pub(super) async fn open(&mut self) -> Result<(), String> {
        let Self::Relay { relay, connection, quota, begun } = self else { return Ok(()) };
        if *begun >= *quota
            && let Some(full) = connection.take()
        {
            full.quit().await;
        }
        if connection.as_ref().is_none_or(|c| !c.is_open()) {
            *begun = 0;
            *connection = Some(Box::new(
                Connection::open(relay).await.map_err(|trouble| trouble.to_string())?,
            ));
        }
        Ok(())
    }

    /// Whether a message can go out without opening anything.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            Self::Relay { connection, quota, begun, .. } => {
                begun < quota && connection.as_ref().is_some_and(|c| c.is_open())
            }
        }
    }

    /// Whether there is a connection, whatever goes on on it.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self, Self::Folder(_) | Self::Relay { connection: Some(_), .. })
    }

    /// Whether the next message's envelope may go out behind the message that is due; nothing rides behind the last of a
    /// connection's quota.
    pub(super) fn rides(&self) -> bool {
        match self {
            Self::Folder(_) => false,
            Self::Relay { connection, quota, begun, .. } => {
                begun < quota && connection.as_ref().is_some_and(|c| c.rides())
            }
        }
    }

    /// Tells the relay whom a message is for; an error is what became of it.
    pub(super) async fn begin(
        &mut self,
        message: &Message,
        halt: &CancellationToken,
    ) -> Result<(), Outcome> {
        let Self::Relay { relay, connection, begun, .. } = self else { return Ok(()) };
        let Some(open) = connection else { return Err(no_connection()) };
        *begun += 1;
        let envelope = message.envelope();
        let heard = tokio::select! {
            biased;
            heard = open.begin(&envelope) => heard,
            () = over(halt, relay.patience().envelope_grace) => Err(silent_envelope()),
        };
        heard.map_err(|ended| self.kept(ended))
    }

    /// Hands over the message that was begun, and behind it the next one's envelope. When the process stops meanwhile, a
    /// relay that keeps silent is not waited for long.
    pub(super) async fn finish(
        &mut self,
        message: &Message,
        riding: Option<&Message>,
        halt: &CancellationToken,
    ) -> Outcome {
        match self {
            Self::Folder(folder) => put(folder.clone(), message).await,
            Self::Relay { relay, connection, begun, .. } => {
                let Some(open) = connection else { return no_connection() };
                *begun += usize::from(riding.is_some());
                let envelope = riding.map(Message::envelope);
                let ended = tokio::select! {
                    biased;
                    ended = open.finish(&message.content, envelope.as_ref()) => ended,
                    () = over(halt, relay.patience().content_grace) => {
                        gone(Outcome::Unknown { why: "the relay kept silent about the message while we stopped".into() })
                    }
                };
                self.kept(ended)
            }
        }
    }

    /// What the relay said to the envelope that rode; after `Ok` it waits for that message.
    pub(super) async fn ridden(&mut self, halt: &CancellationToken) -> Result<(), Outcome> {
        let Self::Relay { relay, connection, .. } = self else { return Ok(()) };
        let Some(open) = connection else { return Err(no_connection()) };
        let heard = tokio::select! {
            biased;
            heard = open.ridden() => heard,
            () = over(halt, relay.patience().envelope_grace) => Err(silent_envelope()),
        };
        heard.map_err(|ended| self.kept(ended))
    }

    /// What became of a message; a connection that can't be used again is dropped.
    fn kept(&mut self, Delivered { outcome, reusable }: Delivered) -> Outcome {
        if !reusable {
            self.abandon();
        }
        outcome
    }

    /// Hangs up without a word.
    pub(super) fn abandon(&mut self) {
        if let Self::Relay { connection, .. } = self {
            *connection = None;
        }
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        if let Self::Relay { connection: Some(connection), .. } = self {
            connection.quit().await;
        }
    }
}

fn no_connection() -> Outcome {
    Outcome::RelayTrouble { why: "there is no connection".into() }
}

fn silent_envelope() -> Delivered {
    gone(Outcome::RelayTrouble { why: "the relay kept silent while we stopped".into() })
}

impl Message {
    fn envelope(&self) -> Envelope<'_> {
        Envelope { from: &self.envelope_from, to: &self.to, size: self.content.len() }
    }
}

async fn put(folder: Folder, message: &Message) -> Outcome {
    let (id, content) = (message.message_id.clone(), message.content.clone());
    match tokio::task::spawn_blocking(move || folder.put(&id, &content)).await {
        Ok(Ok(path)) => {
            Outcome::Sent { answer: Answer::new(250, &format!("written to {}", path.display())) }
        }
        Ok(Err(why)) => Outcome::RelayTrouble { why },
        Err(e) => Outcome::Unknown { why: e.to_string() },
    }
}

fn gone(outcome: Outcome) -> Delivered {
    Delivered { outcome, reusable: false }
}

/// Returns a while after `halt` fired.
pub(super) async fn over(halt: &CancellationToken, grace: Duration) {
    halt.cancelled().await;
    tokio::time::sleep(grace).await;
}
