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
    Relay { relay: Box<Relay>, connection: Option<Box<Connection>> },
    Folder(Folder),
}

impl Clone for Way {
    /// The same way without a connection: each lane opens its own.
    fn clone(&self) -> Self {
        match self {
            Self::Relay { relay, .. } => Self::Relay { relay: relay.clone(), connection: None },
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
                Ok(relay) => Ok(Self::Relay { relay: Box::new(relay), connection: None }),
                Err(trouble) => Err(trouble.to_string()),
            },
        }
    }

    /// Makes sure that there is a connection; the error is one sentence.
    pub(super) async fn open(&mut self) -> Result<(), String> {
        let Self::Relay { relay, connection } = self else { return Ok(()) };
        if connection.as_ref().is_none_or(|c| !c.is_open()) {
            *connection = Some(Box::new(Connection::open(relay).await.map_err(|trouble| trouble.to_string())?));
        }
        Ok(())
    }

    /// Whether a message can go out without opening anything.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            Self::Relay { connection, .. } => connection.as_ref().is_some_and(|c| c.is_open()),
        }
    }

    /// Whether the next message's envelope may go out behind the message that is due.
    pub(super) fn rides(&self) -> bool {
        false
    }

    /// Tells the relay whom a message is for; an error is what became of it.
    pub(super) async fn begin(&mut self, message: &Message, halt: &CancellationToken) -> Result<(), Outcome> {
        let Self::Relay { relay, connection } = self else { return Ok(()) };
        let Some(open) = connection else { return Err(Outcome::RelayTrouble { why: "there is no connection".into() }) };
        let envelope = message.envelope();
        let begun = tokio::select! {
            begun = open.begin(&envelope) => begun,
            () = over(halt, relay.patience().envelope_grace) => Err(gone(Outcome::RelayTrouble { why: "the relay kept silent while we stopped".into() })),
        };
        begun.map_err(|Delivered { outcome, reusable }| {
            if !reusable {
                *connection = None;
            }
            outcome
        })
    }

    /// Hands over the message that was begun, and behind it the next one's envelope. When the process stops meanwhile, a
    /// relay that keeps silent is not waited for long.
    pub(super) async fn finish(&mut self, message: &Message, _riding: Option<&Message>, halt: &CancellationToken) -> Outcome {
        match self {
            Self::Folder(folder) => put(folder.clone(), message).await,
            Self::Relay { relay, connection } => {
                let Some(open) = connection else { return Outcome::RelayTrouble { why: "there is no connection".into() } };
                let Delivered { outcome, reusable } = tokio::select! {
                    ended = open.finish(&message.content) => ended,
                    () = over(halt, relay.patience().content_grace) => {
                        gone(Outcome::Unknown { why: "the relay kept silent about the message while we stopped".into() })
                    }
                };
                if !reusable {
                    *connection = None;
                }
                outcome
            }
        }
    }

    /// What the relay said to the envelope that rode; after `Ok` it waits for that message.
    pub(super) async fn ridden(&mut self, _halt: &CancellationToken) -> Result<(), Outcome> {
        Ok(())
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

impl Message {
    fn envelope(&self) -> Envelope<'_> {
        Envelope { from: &self.envelope_from, to: &self.to, size: self.content.len() }
    }
}

async fn put(folder: Folder, message: &Message) -> Outcome {
    let (id, content) = (message.message_id.clone(), message.content.clone());
    match tokio::task::spawn_blocking(move || folder.put(&id, &content)).await {
        Ok(Ok(path)) => Outcome::Sent { answer: Answer::new(250, &format!("written to {}", path.display())) },
        Ok(Err(why)) => Outcome::RelayTrouble { why },
        Err(e) => Outcome::Unknown { why: e.to_string() },
    }
}

fn gone(outcome: Outcome) -> Delivered {
    Delivered { outcome, reusable: false }
}

/// Returns a while after `halt` fired.
async fn over(halt: &CancellationToken, grace: Duration) {
    halt.cancelled().await;
    tokio::time::sleep(grace).await;
}
