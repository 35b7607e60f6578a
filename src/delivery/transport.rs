//! Transport of a worker: a lazily opened, reused SMTP connection, or a directory of `.eml` files.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::{Transport, TransportTarget};
use crate::domain::unsent_reason::UnsentReason;
use crate::mail::file_transport::FileTransport;
use crate::mail::smtp::{
    AttemptResult, ConnectError, Connection, Envelope, Relay, Reply, SmtpOutcome, Timeouts,
};

/// Complete message with its envelope.
#[derive(Debug)]
pub(super) struct OutgoingMessage {
    pub(super) envelope_from: String,
    pub(super) to: String,
    pub(super) message_id: String,
    pub(super) content: String,
}

/// Settings of a transport, from which the connections of its workers are created.
#[derive(Clone)]
pub(super) enum Connector {
    Smtp { relay: Box<Relay>, messages_per_connection: usize },
    Directory(FileTransport),
}

impl Connector {
    /// Creates a connector from the settings of a transport; the error is one sentence about them.
    pub(super) fn new(transport: &Transport, timeouts: Timeouts) -> Result<Self, String> {
        match &transport.target {
            TransportTarget::Directory(path) => Ok(Self::Directory(FileTransport::new(path))),
            TransportTarget::Smtp { .. } => match Relay::from_transport(transport, timeouts) {
                Ok(relay) => Ok(Self::Smtp {
                    relay: Box::new(relay),
                    messages_per_connection: transport.messages_per_connection,
                }),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// Returns a connection that is not open yet.
    pub(super) fn new_connection(&self) -> TransportConnection {
        match self {
            Self::Smtp { relay, messages_per_connection } => TransportConnection::Smtp {
                relay: relay.clone(),
                connection: None,
                messages_per_connection: *messages_per_connection,
                messages_started: 0,
            },
            Self::Directory(directory) => TransportConnection::Directory(directory.clone()),
        }
    }
}

/// A worker's connection to its relay, or the directory that it writes to.
pub(super) enum TransportConnection {
    Smtp {
        relay: Box<Relay>,
        connection: Option<Box<Connection>>,
        messages_per_connection: usize,
        messages_started: usize,
    },
    Directory(FileTransport),
}

impl TransportConnection {
    /// Opens the connection unless it is usable.
    pub(super) async fn ensure_open(&mut self) -> Result<(), ConnectError> {
        let Self::Smtp { relay, connection, messages_per_connection, messages_started } = self
        else {
            return Ok(());
        };
        if *messages_started >= *messages_per_connection
            && let Some(exhausted) = connection.take()
        {
            exhausted.quit().await;
        }
        if connection.as_ref().is_none_or(|c| !c.is_idle()) {
            *messages_started = 0;
            *connection = Some(Box::new(Connection::open(relay).await?));
        }
        Ok(())
    }

    /// Returns `true` if a message can be sent without opening a connection.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Directory(_) => true,
            Self::Smtp { connection, messages_per_connection, messages_started, .. } => {
                messages_started < messages_per_connection
                    && connection.as_ref().is_some_and(|c| c.is_idle())
            }
        }
    }

    /// Returns `true` if a connection exists, in any state.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self, Self::Directory(_) | Self::Smtp { connection: Some(_), .. })
    }

    /// Returns `true` if the transaction of the next message may be pipelined after the current
    /// message; nothing is pipelined after the last message of a connection.
    pub(super) fn can_pipeline(&self) -> bool {
        match self {
            Self::Directory(_) => false,
            Self::Smtp { connection, messages_per_connection, messages_started, .. } => {
                messages_started < messages_per_connection
                    && connection.as_ref().is_some_and(|c| c.can_pipeline_next())
            }
        }
    }

    /// Starts the transaction of a message; the error is the outcome of the message.
    pub(super) async fn start_transaction(
        &mut self,
        message: &OutgoingMessage,
        shutdown: &CancellationToken,
    ) -> Result<(), SmtpOutcome> {
        let Self::Smtp { relay, connection, messages_started, .. } = self else { return Ok(()) };
        let Some(open) = connection else { return Err(no_connection()) };
        *messages_started += 1;
        let envelope = message.envelope();
        let result = tokio::select! {
            biased;
            result = open.start_transaction(&envelope) => result,
            () = after_grace(shutdown, relay.timeouts().transaction_grace) => Err(transaction_interrupted()),
        };
        result.map_err(|attempt| self.keep_if_reusable(attempt))
    }

    /// Sends the message data of the message whose transaction was started, with the commands of
    /// the next message pipelined after it. A silent relay delays a shutdown only for the grace time.
    pub(super) async fn send_content(
        &mut self,
        message: &OutgoingMessage,
        next: Option<&OutgoingMessage>,
        shutdown: &CancellationToken,
    ) -> SmtpOutcome {
        match self {
            Self::Directory(directory) => write_file(directory.clone(), message).await,
            Self::Smtp { relay, connection, messages_started, .. } => {
                let Some(open) = connection else { return no_connection() };
                *messages_started += usize::from(next.is_some());
                let envelope = next.map(OutgoingMessage::envelope);
                let attempt = tokio::select! {
                    biased;
                    attempt = open.send_content(&message.content, envelope.as_ref()) => attempt,
                    () = after_grace(shutdown, relay.timeouts().content_grace) => {
                        not_reusable(SmtpOutcome::Uncertain { reason: UnsentReason::Shutdown.as_str().into() })
                    }
                };
                self.keep_if_reusable(attempt)
            }
        }
    }

    /// Reads the replies to the pipelined transaction; after `Ok` the relay expects the message
    /// data of that message.
    pub(super) async fn read_pipelined_replies(
        &mut self,
        shutdown: &CancellationToken,
    ) -> Result<(), SmtpOutcome> {
        let Self::Smtp { relay, connection, .. } = self else { return Ok(()) };
        let Some(open) = connection else { return Err(no_connection()) };
        let result = tokio::select! {
            biased;
            result = open.read_pipelined_replies() => result,
            () = after_grace(shutdown, relay.timeouts().transaction_grace) => Err(transaction_interrupted()),
        };
        result.map_err(|attempt| self.keep_if_reusable(attempt))
    }

    /// Returns the outcome of an attempt, and drops the connection if it is not reusable.
    fn keep_if_reusable(
        &mut self,
        AttemptResult { outcome, reusable }: AttemptResult,
    ) -> SmtpOutcome {
        if !reusable {
            self.abandon();
        }
        outcome
    }

    /// Drops the connection without `QUIT`.
    pub(super) fn abandon(&mut self) {
        if let Self::Smtp { connection, .. } = self {
            *connection = None;
        }
    }

    /// Closes the connection with `QUIT`.
    pub(super) async fn close(self) {
        if let Self::Smtp { connection: Some(connection), .. } = self {
            connection.quit().await;
        }
    }
}

fn no_connection() -> SmtpOutcome {
    SmtpOutcome::RelayError { reason: "no open connection".into() }
}

fn transaction_interrupted() -> AttemptResult {
    not_reusable(SmtpOutcome::RelayError {
        reason: "no reply from the relay before the shutdown".into(),
    })
}

impl OutgoingMessage {
    fn envelope(&self) -> Envelope<'_> {
        Envelope { from: &self.envelope_from, to: &self.to, size: self.content.len() }
    }
}

async fn write_file(directory: FileTransport, message: &OutgoingMessage) -> SmtpOutcome {
    let (id, content) = (message.message_id.clone(), message.content.clone());
    match tokio::task::spawn_blocking(move || directory.store(&id, &content)).await {
        Ok(Ok(path)) => {
            SmtpOutcome::Sent { reply: Reply::new(250, &format!("written to {}", path.display())) }
        }
        Ok(Err(reason)) => SmtpOutcome::RelayError { reason },
        Err(e) => SmtpOutcome::Uncertain { reason: e.to_string() },
    }
}

fn not_reusable(outcome: SmtpOutcome) -> AttemptResult {
    AttemptResult { outcome, reusable: false }
}

/// Waits until `grace` has passed since `shutdown` fired.
pub(super) async fn after_grace(shutdown: &CancellationToken, grace: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(grace).await;
}
