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

    /// Hands a message over; when the process stops meanwhile, a relay that keeps silent is not waited for long.
    pub(super) async fn send(&mut self, message: Message, halt: &CancellationToken) -> Outcome {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let put = move || folder.put(&message.message_id, &message.content);
                match tokio::task::spawn_blocking(put).await {
                    Ok(Ok(path)) => Outcome::Sent { answer: Answer::new(250, &format!("written to {}", path.display())) },
                    Ok(Err(why)) => Outcome::RelayTrouble { why },
                    Err(e) => Outcome::Unknown { why: e.to_string() },
                }
            }
            Self::Relay { connection, .. } => {
                let Some(open) = connection else { return Outcome::RelayTrouble { why: "there is no connection".into() } };
                let Delivered { outcome, reusable } = hand_over(open, &message, halt).await;
                if !reusable {
                    *connection = None;
                }
                outcome
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        if let Self::Relay { connection: Some(connection), .. } = self {
            connection.quit().await;
        }
    }
}

/// How long a stopping process waits for the answer to an envelope: nothing of the message has left yet.
const ENVELOPE_GRACE: Duration = Duration::from_secs(3);
/// How long it waits for the answer to a message, of which nobody else could tell what became.
const CONTENT_GRACE: Duration = Duration::from_secs(30);

async fn hand_over(open: &mut Connection, message: &Message, halt: &CancellationToken) -> Delivered {
    let envelope = Envelope { from: &message.envelope_from, to: &message.to, size: message.content.len() };
    let gone = |outcome| Delivered { outcome, reusable: false };
    tokio::select! {
        begun = open.begin(&envelope) => if let Err(ended) = begun { return ended },
        () = over(halt, ENVELOPE_GRACE) => return gone(Outcome::RelayTrouble { why: "the relay kept silent while we stopped".into() }),
    }
    tokio::select! {
        ended = open.finish(&message.content, None) => ended,
        () = over(halt, CONTENT_GRACE) => gone(Outcome::Unknown { why: "the relay kept silent about the message while we stopped".into() }),
    }
}

/// Returns a while after `halt` fired.
async fn over(halt: &CancellationToken, grace: Duration) {
    halt.cancelled().await;
    tokio::time::sleep(grace).await;
}
