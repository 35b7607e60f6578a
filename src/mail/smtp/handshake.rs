//! Establishes a connection that is ready for mail: TCP, greeting, STARTTLS or TLS, EHLO, AUTH.

use std::net::IpAddr;
use std::sync::Arc;

use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Ehlo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::outcome::{Reply, StepResult};
use super::relay::{ConnectError, Relay};
use super::replies::{describe_io_error, step_result};
use super::stream::{IoControl, Stream};
use crate::config::settings::TlsMode;

/// Capabilities from the EHLO reply, as far as they are used here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// PIPELINING: several commands in one write (RFC 2920).
    pub(super) pipelining: bool,
    /// SIZE: maximum message size in bytes; 0 is no limit (RFC 1870).
    pub(super) size: Option<u64>,
    /// STARTTLS: the connection can be encrypted (RFC 3207).
    pub(super) starttls: bool,
}

impl Capabilities {
    fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut capabilities = Self::default();
        for line in lines.skip(1) {
            let mut words = line.split_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "PIPELINING" => capabilities.pipelining = true,
                "SIZE" => {
                    capabilities.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0))
                }
                "STARTTLS" => capabilities.starttls = true,
                _ => {}
            }
        }
        capabilities
    }
}

/// Parts of a connection that is ready for mail.
pub(super) struct EstablishedConnection {
    pub(super) inner: AsyncSmtpConnection,
    pub(super) control: Arc<IoControl>,
    pub(super) capabilities: Capabilities,
    pub(super) encrypted: bool,
}

/// Opens a connection. If opportunistic encryption fails, connects again without it.
pub(super) async fn connect(relay: &Relay) -> Result<EstablishedConnection, ConnectError> {
    let first = try_connect(relay, true).await;
    let Err(error @ (ConnectError::Tls { .. } | ConnectError::NotTls { .. })) = first else {
        return first;
    };
    if relay.mode != TlsMode::Opportunistic {
        return Err(error);
    }
    match try_connect(relay, false).await {
        // A password requires encryption, so the failure of TLS is the error to report.
        Err(ConnectError::CleartextPassword { .. }) => Err(error),
        second => second,
    }
}

async fn try_connect(relay: &Relay, encrypt: bool) -> Result<EstablishedConnection, ConnectError> {
    let control = IoControl::new(relay.timeouts.connect);
    let socket = tokio::time::timeout(
        relay.timeouts.connect,
        TcpStream::connect((relay.host.as_str(), relay.port)),
    );
    let socket = match socket.await {
        Ok(connected) => connected.map_err(|e| unreachable(relay, &e))?,
        Err(_) => {
            return Err(ConnectError::Unreachable {
                relay: relay.address(),
                reason: "the connection timed out".to_owned(),
            });
        }
    };
    let stream = Stream::plain(socket, Arc::clone(&control)).map_err(|e| unreachable(relay, &e))?;
    let stream = match relay.mode {
        TlsMode::Implicit => tls_handshake(relay, stream).await?,
        TlsMode::Opportunistic | TlsMode::Required => stream,
    };
    let (stream, capabilities) = read_greeting_and_start_tls(relay, stream, encrypt).await?;
    let (encrypted, peer) = (!stream.is_plaintext(), stream.peer().ip());
    let connected =
        AsyncSmtpConnection::connect_with_transport(Box::new(stream), &relay.ehlo).await;
    let mut lettre = connected.map_err(|e| connect_error(relay, step_result(Err(e))))?;
    let capabilities = match capabilities {
        Some(capabilities) => capabilities,
        // After STARTTLS: lettre discards most of the reply to its own EHLO.
        None => match lettre.command(Ehlo::new(relay.ehlo.clone())).await {
            Ok(response) => Capabilities::parse(response.message()),
            Err(e) => return Err(connect_error(relay, step_result(Err(e)))),
        },
    };
    authenticate(relay, &mut lettre, encrypted, peer).await?;
    Ok(EstablishedConnection { inner: lettre, control, capabilities, encrypted })
}

/// Handles greeting, EHLO and STARTTLS without lettre, so that nothing received unencrypted is used
/// after the TLS handshake. The returned stream starts with the greeting of the relay, as lettre
/// expects; the capabilities are returned unless STARTTLS was used.
async fn read_greeting_and_start_tls(
    relay: &Relay,
    mut stream: Stream,
    encrypt: bool,
) -> Result<(Stream, Option<Capabilities>), ConnectError> {
    let (greeting, mut raw) = read_greeting(relay, &mut stream).await?;
    let rejected = |reply: Reply| ConnectError::Rejected { relay: relay.address(), reply };
    if greeting.reply.code != 220 {
        return Err(rejected(greeting.reply));
    }
    let ehlo = send_command(relay, &mut stream, &Ehlo::new(relay.ehlo.clone()).to_string()).await?;
    let capabilities = if ehlo.reply.is_positive() {
        Capabilities::parse(ehlo.lines.iter().map(String::as_str))
    } else if matches!(ehlo.reply.code, 500 | 502 | 504) {
        // Without STARTTLS the mode that requires it fails below.
        if relay.mode != TlsMode::Required {
            raw.extend(say_helo(relay, &mut stream, ehlo.reply).await?);
            stream.discard_next_command();
        }
        Capabilities::default()
    } else {
        return Err(rejected(ehlo.reply));
    };
    let is_plaintext = stream.is_plaintext();
    let use_starttls = capabilities.starttls && encrypt && is_plaintext;
    if use_starttls {
        let response = send_command(relay, &mut stream, "STARTTLS\r\n").await?;
        if response.reply.code != 220 {
            return Err(ConnectError::Tls {
                relay: relay.address(),
                reason: format!("it replied to STARTTLS with: {}", response.reply),
            });
        }
        stream = tls_handshake(relay, stream).await?;
    } else if relay.mode == TlsMode::Required {
        return Err(ConnectError::NoStartTls { relay: relay.address() });
    }
    stream.replies().unread(&raw);
    Ok((stream, (!use_starttls).then_some(capabilities)))
}

/// Reads the greeting; an error suggests `smtps://` if the port could be one for TLS, whose server
/// waits for the client to speak first.
async fn read_greeting(
    relay: &Relay,
    stream: &mut Stream,
) -> Result<(ParsedReply, Vec<u8>), ConnectError> {
    let is_plaintext = stream.is_plaintext();
    read_reply(relay, stream).await.map_err(|error| match error {
        ConnectError::Unreachable { relay: address, reason } if is_plaintext => {
            ConnectError::Unreachable {
                relay: address,
                reason: format!(
                    "{reason}, and it sent no greeting; if this is a port for TLS, usually 465, use smtps://"
                ),
            }
        }
        other => other,
    })
}

/// Greets a relay that does not know EHLO with HELO (RFC 5321 section 3.2), and returns its reply as
/// raw bytes. Such a relay has no extensions.
async fn say_helo(
    relay: &Relay,
    stream: &mut Stream,
    ehlo_reply: Reply,
) -> Result<Vec<u8>, ConnectError> {
    let rejected = |reply: Reply| ConnectError::Rejected { relay: relay.address(), reply };
    write_command(relay, stream, &format!("HELO {}\r\n", relay.ehlo)).await?;
    match read_reply(relay, stream).await {
        Ok((helo, _)) if !helo.reply.is_positive() => Err(rejected(helo.reply)),
        // Lettre requires a name in the reply, and would read extensions from further lines.
        Ok((helo, _)) => Ok(format!("{} relay\r\n", helo.reply.code).into_bytes()),
        // Some relays close the connection after a command that they do not know.
        Err(ConnectError::Unreachable { .. }) => Err(rejected(ehlo_reply)),
        Err(other) => Err(other),
    }
}

async fn tls_handshake(relay: &Relay, stream: Stream) -> Result<Stream, ConnectError> {
    let encrypted = stream.tls_handshake(Arc::clone(&relay.tls), relay.server_name.clone()).await;
    encrypted.map_err(|e| {
        let cause = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if !matches!(cause, Some(rustls::Error::InvalidMessage(_))) {
            return ConnectError::Tls { relay: relay.address(), reason: e.to_string() };
        }
        let remedy = match relay.mode {
            TlsMode::Implicit => {
                "use smtp+starttls:// or smtp:// with this port, or smtps:// with the port for TLS, usually 465"
            }
            TlsMode::Opportunistic | TlsMode::Required => {
                "a firewall may prevent STARTTLS; use smtps:// with the port for TLS, usually 465"
            }
        };
        ConnectError::NotTls { relay: relay.address(), remedy }
    })
}

/// Reply that was read without lettre.
struct ParsedReply {
    reply: Reply,
    lines: Vec<String>,
}

async fn send_command(
    relay: &Relay,
    stream: &mut Stream,
    command: &str,
) -> Result<ParsedReply, ConnectError> {
    write_command(relay, stream, command).await?;
    Ok(read_reply(relay, stream).await?.0)
}

async fn write_command(
    relay: &Relay,
    stream: &mut Stream,
    command: &str,
) -> Result<(), ConnectError> {
    stream.write_all(command.as_bytes()).await.map_err(|e| unreachable(relay, &e))?;
    stream.flush().await.map_err(|e| unreachable(relay, &e))
}

/// Reads one reply; returns it parsed and as raw bytes.
async fn read_reply(
    relay: &Relay,
    stream: &mut Stream,
) -> Result<(ParsedReply, Vec<u8>), ConnectError> {
    let mut raw = Vec::new();
    let mut lines = Vec::new();
    loop {
        let Some(line) = stream.replies().take_line() else {
            if !stream.fill_buffer().await.map_err(|e| unreachable(relay, &e))? {
                return Err(ConnectError::Unreachable {
                    relay: relay.address(),
                    reason: "it closed the connection".to_owned(),
                });
            }
            continue;
        };
        raw.extend_from_slice(&line);
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let code = text
            .get(..3)
            .filter(|c| c.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|c| c.parse::<u16>().ok());
        let Some(code) = code.filter(|_| raw.len() < 64 * 1024) else {
            let received: String = text.chars().take(100).collect();
            return Err(ConnectError::NotSmtp {
                relay: relay.address(),
                reason: format!("it sent {received:?}"),
            });
        };
        lines.push(text.get(4..).unwrap_or_default().to_owned());
        if text.as_bytes().get(3) != Some(&b'-') {
            return Ok((ParsedReply { reply: Reply::new(code, &lines.join(" ")), lines }, raw));
        }
    }
}

async fn authenticate(
    relay: &Relay,
    lettre: &mut AsyncSmtpConnection,
    encrypted: bool,
    peer: IpAddr,
) -> Result<(), ConnectError> {
    let Some(login) = &relay.login else { return Ok(()) };
    if !may_send_password(encrypted, peer) {
        lettre.abort().await;
        return Err(ConnectError::CleartextPassword { relay: relay.address() });
    }
    if lettre.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
        lettre.abort().await;
        return Err(ConnectError::NoAuthMechanism { relay: relay.address() });
    }
    match step_result(lettre.auth(DEFAULT_MECHANISMS, &login.credentials).await) {
        StepResult::Reply(reply) if reply.is_positive() => Ok(()),
        StepResult::Reply(reply) => {
            lettre.abort().await;
            let reply = Reply { text: login.redact(&reply.text), ..reply };
            Err(if reply.code == 421 {
                ConnectError::Rejected { relay: relay.address(), reply }
            } else {
                ConnectError::AuthFailed { relay: relay.address(), reply }
            })
        }
        StepResult::NoReply(reason) => {
            Err(ConnectError::Unreachable { relay: relay.address(), reason: login.redact(&reason) })
        }
    }
}

/// Returns `true` if a password may be sent: over an encrypted connection, or to the local machine.
fn may_send_password(encrypted: bool, peer: IpAddr) -> bool {
    encrypted || peer.to_canonical().is_loopback()
}

fn connect_error(relay: &Relay, result: StepResult) -> ConnectError {
    match result {
        StepResult::Reply(reply) => ConnectError::Rejected { relay: relay.address(), reply },
        StepResult::NoReply(reason) => ConnectError::Unreachable { relay: relay.address(), reason },
    }
}

fn unreachable(relay: &Relay, error: &std::io::Error) -> ConnectError {
    ConnectError::Unreachable { relay: relay.address(), reason: describe_io_error(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_sent_unencrypted_only_to_loopback() {
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        for local in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(may_send_password(false, ip(local)), "{local}");
        }
        for remote in ["10.0.0.1", "192.168.1.1", "2001:db8::1", "0.0.0.0"] {
            assert!(!may_send_password(false, ip(remote)), "{remote}");
            assert!(may_send_password(true, ip(remote)), "{remote}");
        }
    }

    #[test]
    fn capabilities_are_parsed_case_insensitively() {
        let lines = [
            "relay.example at your service",
            "pipelining",
            "SIZE 1000",
            "AUTH PLAIN",
            "STARTTLS",
            "X-ODD",
        ];
        let capabilities = Capabilities::parse(lines.into_iter());
        assert_eq!(
            capabilities,
            Capabilities { pipelining: true, size: Some(1000), starttls: true }
        );
        assert_eq!(Capabilities::parse(["x", "SIZE"].into_iter()).size, Some(0));
    }
}
