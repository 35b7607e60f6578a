//! A relay as a connection needs it, and what can be wrong with one.

use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::ServerName;

use super::manner::Learned;
use super::outcome::Answer;
use super::tls;
use crate::config::settings::{Route, TlsMode, Transport};

/// How long a relay may take before it counts as gone.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For everything until the connection is ready: TCP, greeting, TLS, AUTH.
    pub opening: Duration,
    /// For the answer to a command (RFC 5321 section 4.5.3.2 wants 5 minutes).
    pub reply: Duration,
    /// From the first byte of the content to the answer behind its final dot (RFC 5321: 10 minutes).
    pub content: Duration,
    /// For all answers to an envelope that rode behind a message, while no envelope that rode has ever been understood by the
    /// relay: some throw away what is written before they have answered.
    pub ridden: Duration,
    /// How long a stopping process waits for the answer to an envelope: nothing of the message has left yet.
    pub envelope_grace: Duration,
    /// How long it waits for the answer to a message, of which nobody else could tell what became.
    pub content_grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            opening: seconds(60),
            reply: seconds(300),
            content: seconds(600),
            ridden: seconds(20),
            envelope_grace: seconds(3),
            content_grace: seconds(30),
        }
    }
}

/// An SMTP relay, ready to be connected to any number of times; its clones share what was learned about it.
#[derive(Clone)]
pub struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) mode: TlsMode,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) name: ServerName<'static>,
    pub(super) ehlo: ClientId,
    pub(super) login: Option<Login>,
    pub(super) patience: Patience,
    pub(super) learned: Arc<Learned>,
}

/// User name and password; its text shows neither.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) credentials: Credentials,
    password: String,
}

impl Login {
    /// The same words without the password, should a server repeat it.
    pub(super) fn hide(&self, words: &str) -> String {
        if self.password.is_empty() {
            words.to_owned()
        } else {
            words.replace(&self.password, "***")
        }
    }
}

impl Relay {
    /// The relay a transport leads to; reads the authority's file once.
    ///
    /// # Errors
    /// When the settings can't work (no relay at all, an unreadable `tls_ca`), one sentence.
    pub fn of(transport: &Transport, patience: Patience) -> Result<Self, Trouble> {
        let Route::Smtp { host, port, tls: mode } = &transport.route else {
            return Err(Trouble::Settings(format!(
                "transport {:?} leads to a folder, not to a relay",
                transport.name
            )));
        };
        let wrong =
            |what: String| Trouble::Settings(format!("transport {:?}: {what}", transport.name));
        let tls = match (mode, &transport.tls_ca) {
            (TlsMode::Opportunistic, _) => tls::unverified(),
            (_, Some(file)) => {
                let pem = std::fs::read(file)
                    .map_err(|e| wrong(format!("tls_ca {} can't be read: {e}", file.display())))?;
                let read = tls::verified_by(&pem);
                read.map_err(|e| {
                    rustls::Error::General(format!("tls_ca {} can't be used: {e}", file.display()))
                })
            }
            (_, None) => tls::verified_by_system(),
        };
        let tls = Arc::new(tls.map_err(|e| wrong(format!("TLS can't be set up: {e}")))?);
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name =
            name.map_err(|_| wrong(format!("{host:?} is not the name or address of a host")))?;
        let login = match (&transport.username, &transport.password) {
            (Some(user), Some(password)) => {
                let credentials = Credentials::new(user.clone(), password.clone());
                Some(Login { credentials, password: password.clone() })
            }
            _ => None,
        };
        let ehlo = hello(&transport.ehlo)
            .ok_or_else(|| wrong(format!("ehlo {:?} is not a host name", transport.ehlo)))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let learned = Arc::new(Learned::about(address(&host, *port)));
        Ok(Self { host, port: *port, mode: *mode, tls, name, ehlo, login, patience, learned })
    }

    /// How long it is waited for.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// `host:port`, for people.
    pub fn address(&self) -> String {
        address(&self.host, self.port)
    }
}

fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The name for EHLO: a host name, or an address as a literal (RFC 5321 section 4.1.3).
fn hello(name: &str) -> Option<ClientId> {
    match name.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(ip)) => Some(ClientId::Ipv4(ip)),
        Ok(std::net::IpAddr::V6(ip)) => Some(ClientId::Ipv6(ip)),
        Err(_) => {
            let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
            let sound = !name.is_empty() && name.len() <= 255 && name.bytes().all(plain);
            sound.then(|| ClientId::Domain(name.to_owned()))
        }
    }
}

/// Why there is no connection; each is a sentence for a person, and none holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The settings can't work.
    #[error("{0}")]
    Settings(String),
    /// No connection, or it ended before it was ready.
    #[error("the relay {relay} can't be reached: {why}")]
    Unreachable {
        /// `host:port`.
        relay: String,
        /// What happened.
        why: String,
    },
    /// It answered, and said no.
    #[error("the relay {relay} does not take mail now: {answer}")]
    Unwilling {
        /// `host:port`.
        relay: String,
        /// Its words.
        answer: Answer,
    },
    /// What answers there does not speak SMTP.
    #[error("what answers at {relay} does not speak SMTP: {why}")]
    NotSmtp {
        /// `host:port`.
        relay: String,
        /// What was heard.
        why: String,
    },
    /// TLS was offered and failed, or its certificate was not believed.
    #[error(
        "TLS with the relay {relay} failed: {why}; check its certificate, or name its authority in tls_ca"
    )]
    Tls {
        /// `host:port`.
        relay: String,
        /// What happened.
        why: String,
    },
    /// `smtp+starttls://`, and no STARTTLS.
    #[error(
        "the relay {relay} does not offer STARTTLS, which smtp+starttls:// requires; use smtps:// if it has a port for that"
    )]
    NoStartTls {
        /// `host:port`.
        relay: String,
    },
    /// A password would have been readable on the way.
    #[error(
        "the password for the relay {relay} was not sent, because the connection is not encrypted; use smtp+starttls:// or smtps://"
    )]
    PasswordInClear {
        /// `host:port`.
        relay: String,
    },
    /// It offers no way to log in that we know.
    #[error(
        "the relay {relay} offers neither AUTH PLAIN nor AUTH LOGIN; remove username and password, or use its submission port"
    )]
    NoLogin {
        /// `host:port`.
        relay: String,
    },
    /// User name or password were refused.
    #[error("the relay {relay} refused the user name or password: {answer}")]
    LoginRefused {
        /// `host:port`.
        relay: String,
        /// Its words.
        answer: Answer,
    },
}

impl Trouble {
    /// Whether only somebody who changes settings can end it; everything else may pass by itself.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Settings(_)
            | Self::NoStartTls { .. }
            | Self::PasswordInClear { .. }
            | Self::NoLogin { .. } => true,
            Self::LoginRefused { answer, .. } => answer.code >= 500,
            Self::Unreachable { .. }
            | Self::Unwilling { .. }
            | Self::NotSmtp { .. }
            | Self::Tls { .. } => false,
        }
    }
}
