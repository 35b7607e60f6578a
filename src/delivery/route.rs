//! A lane's way out: an SMTP connection that is opened when needed and kept, or a folder.

use crate::config::{Route, Transport};
use crate::mail::folder::Folder;
use crate::mail::smtp::{Answer, Connection, Delivered, Outcome, Patience, Relay};

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

    /// Hands a message over.
    pub(super) async fn send(&mut self, message: Message) -> Outcome {
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
                let Delivered { outcome, reusable } = open.send(&message.envelope_from, &message.to, &message.content).await;
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
