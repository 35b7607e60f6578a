//! Settings of a relay for its connections, and connection errors.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::ServerName;

use super::login::Login;
use super::outcome::Reply;
use super::pipelining::PipeliningState;
use crate::config::settings::{TlsMode, Transport, TransportTarget};
use crate::fs::read_regular_file;
use crate::net::tls;

/// Maximum size of a file with certificates in bytes.
const MAX_CA_BYTES: u64 = 1_000_000;

/// Timeouts for the stages of an SMTP session.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the connection is ready: TCP, greeting, TLS, AUTH.
    pub connect: Duration,
    /// Reply to a command (RFC 5321 section 4.5.3.2 requires 5 minutes).
    pub reply: Duration,
    /// From the first byte of the message data to the reply after its final dot (RFC 5321: 10
    /// minutes).
    pub content: Duration,
    /// All replies to a transaction that was pipelined after the message data, while the relay has
    /// never accepted one: some relays discard input that arrives before they have replied.
    pub unproven_pipelining: Duration,
    /// Grace period during shutdown for the replies to a transaction, when nothing of the message
    /// has been sent yet.
    pub transaction_grace: Duration,
    /// Grace period during shutdown for the reply to the message data, whose outcome would
    /// otherwise be unknown.
    pub content_grace: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(60),
            reply: seconds(300),
            content: seconds(600),
            unproven_pipelining: seconds(20),
            transaction_grace: seconds(3),
            content_grace: seconds(30),
        }
    }
}

/// SMTP relay to which any number of connections can be opened. Clones share the pipelining state.
#[derive(Clone)]
pub struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) mode: TlsMode,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) server_name: ServerName<'static>,
    pub(super) ehlo: ClientId,
    pub(super) login: Option<Login>,
    pub(super) timeouts: Timeouts,
    pub(super) pipelining: Arc<PipeliningState>,
}

impl Relay {
    /// Returns the relay of a transport. Reads the CA file once.
    ///
    /// # Errors
    /// Fails with one sentence if the settings are invalid (not an SMTP transport, or an unreadable
    /// `tls_ca`).
    pub fn from_transport(transport: &Transport, timeouts: Timeouts) -> Result<Self, ConnectError> {
        let TransportTarget::Smtp { host, port, tls: mode } = &transport.target else {
            return Err(ConnectError::InvalidSettings(format!(
                "transport {:?} writes to a directory, not to a relay",
                transport.name
            )));
        };
        let invalid = |problem: String| {
            ConnectError::InvalidSettings(format!("transport {:?}: {problem}", transport.name))
        };
        let tls = match (mode, &transport.tls_ca) {
            (TlsMode::Opportunistic, _) => tls::unverified(),
            (_, Some(file)) => {
                let pem = read_regular_file(file, MAX_CA_BYTES)
                    .map_err(|e| invalid(format!("cannot read tls_ca {}: {e}", file.display())))?;
                let read = tls::verified_by(&pem);
                read.map_err(|e| {
                    rustls::Error::General(format!("cannot use tls_ca {}: {e}", file.display()))
                })
            }
            (_, None) => tls::verified_by_system(),
        };
        let tls = Arc::new(tls.map_err(|e| invalid(format!("cannot set up TLS: {e}")))?);
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name =
            name.map_err(|_| invalid(format!("{host:?} is not a valid host name or address")))?;
        let login = match (&transport.username, &transport.password) {
            (Some(user), Some(password)) => Some(Login::new(user, password)),
            _ => None,
        };
        let ehlo = parse_ehlo_name(&transport.ehlo).ok_or_else(|| {
            invalid(format!("ehlo {:?} is not a valid host name", transport.ehlo))
        })?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let pipelining = Arc::new(PipeliningState::new(address(&host, *port)));
        Ok(Self {
            host,
            port: *port,
            mode: *mode,
            tls,
            server_name: name,
            ehlo,
            login,
            timeouts,
            pipelining,
        })
    }

    /// Returns the timeouts of the relay.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Returns `host:port` for messages.
    pub fn address(&self) -> String {
        address(&self.host, self.port)
    }
}

fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Parses the name for EHLO: a host name, or an address as a literal (RFC 5321 section 4.1.3).
fn parse_ehlo_name(name: &str) -> Option<ClientId> {
    match name.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(ip)) => Some(ClientId::Ipv4(ip)),
        Ok(std::net::IpAddr::V6(ip)) => Some(ClientId::Ipv6(ip)),
        Err(_) => {
            let is_host_char = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
            let is_valid = !name.is_empty() && name.len() <= 255 && name.bytes().all(is_host_char);
            is_valid.then(|| ClientId::Domain(name.to_owned()))
        }
    }
}

/// Reason why no connection could be established. Each is one sentence, and none contains a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The settings of the transport are invalid.
    #[error("{0}")]
    InvalidSettings(String),
    /// The connection failed, or ended before it was ready.
    #[error("cannot reach the relay {relay}: {reason}")]
    Unreachable {
        /// Address of the relay as `host:port`.
        relay: String,
        /// Cause, as a clause.
        reason: String,
    },
    /// The relay rejected the connection.
    #[error("the relay {relay} rejected the connection: {reply}")]
    Rejected {
        /// Address of the relay as `host:port`.
        relay: String,
        /// Reply of the relay.
        reply: Reply,
    },
    /// The server at this address does not speak SMTP.
    #[error("the server at {relay} does not speak SMTP: {reason}")]
    NotSmtp {
        /// Address of the relay as `host:port`.
        relay: String,
        /// Received text, as a clause.
        reason: String,
    },
    /// The TLS handshake failed, or the certificate is not trusted.
    #[error(
        "TLS with the relay {relay} failed: {reason}; check its certificate, or set tls_ca to its certificate authority"
    )]
    Tls {
        /// Address of the relay as `host:port`.
        relay: String,
        /// Cause, as a clause.
        reason: String,
    },
    /// The server does not speak TLS where the settings require it.
    #[error(
        "the relay {relay} does not use TLS on this connection: it answers in plaintext; {remedy}"
    )]
    NotTls {
        /// Address of the relay as `host:port`.
        relay: String,
        /// Change of the settings that helps, as a clause.
        remedy: &'static str,
    },
    /// `smtp+starttls://` requires STARTTLS, which the relay does not announce.
    #[error(
        "the relay {relay} does not offer STARTTLS, which smtp+starttls:// requires; use smtps:// if it has a port for TLS"
    )]
    NoStartTls {
        /// Address of the relay as `host:port`.
        relay: String,
    },
    /// The password would have been sent unencrypted.
    #[error(
        "the password for the relay {relay} was not sent, because the connection is not encrypted; use smtp+starttls:// or smtps://"
    )]
    CleartextPassword {
        /// Address of the relay as `host:port`.
        relay: String,
    },
    /// The relay offers no supported AUTH mechanism.
    #[error(
        "the relay {relay} offers neither AUTH PLAIN nor AUTH LOGIN; remove username and password, or use its submission port"
    )]
    NoAuthMechanism {
        /// Address of the relay as `host:port`.
        relay: String,
    },
    /// The relay rejected user name or password.
    #[error("the relay {relay} rejected the user name or password: {reply}")]
    AuthFailed {
        /// Address of the relay as `host:port`.
        relay: String,
        /// Reply of the relay.
        reply: Reply,
    },
}

impl ConnectError {
    /// Returns `true` if only a change of settings can resolve the error; other errors may be
    /// temporary.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::InvalidSettings(_)
            | Self::NoStartTls { .. }
            | Self::CleartextPassword { .. }
            | Self::NoAuthMechanism { .. } => true,
            Self::AuthFailed { reply, .. } => reply.code >= 500,
            Self::Unreachable { .. }
            | Self::Rejected { .. }
            | Self::NotSmtp { .. }
            | Self::Tls { .. }
            | Self::NotTls { .. } => false,
        }
    }
}
