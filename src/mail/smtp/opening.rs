//! From nothing to a connection that takes mail: TCP, greeting, STARTTLS or TLS, EHLO, AUTH.

use std::net::IpAddr;
use std::sync::Arc;

use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Ehlo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::hearing::{heard, why_nothing};
use super::outcome::{Answer, Heard};
use super::relay::{Relay, Trouble};
use super::stream::{Gauge, Stream};
use crate::config::settings::TlsMode;

/// What a relay's EHLO offers, as far as it is of use here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// Commands in one write (RFC 2920).
    pub(super) pipelining: bool,
    /// SIZE may be said, and the most it takes; 0 is no limit (RFC 1870).
    pub(super) size: Option<u64>,
    /// The connection can be encrypted (RFC 3207).
    pub(super) starttls: bool,
}

impl Offers {
    fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut offers = Self::default();
        for line in lines.skip(1) {
            let mut words = line.split_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "PIPELINING" => offers.pipelining = true,
                "SIZE" => {
                    offers.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0))
                }
                "STARTTLS" => offers.starttls = true,
                _ => {}
            }
        }
        offers
    }
}

/// Everything a ready connection consists of.
pub(super) struct Opened {
    pub(super) lettre: AsyncSmtpConnection,
    pub(super) gauge: Arc<Gauge>,
    pub(super) offers: Offers,
    pub(super) encrypted: bool,
}

/// Opens a connection; where encryption is a mere extra and fails, a second one in clear.
pub(super) async fn open(relay: &Relay) -> Result<Opened, Trouble> {
    let first = attempt(relay, true).await;
    let Err(trouble @ Trouble::Tls { .. }) = first else { return first };
    if relay.mode != TlsMode::Opportunistic {
        return Err(trouble);
    }
    match attempt(relay, false).await {
        // Encryption is an extra no longer where a password has to go through it, and its failure is what to mend.
        Err(Trouble::PasswordInClear { .. }) => Err(trouble),
        second => second,
    }
}

async fn attempt(relay: &Relay, encrypt: bool) -> Result<Opened, Trouble> {
    let gauge = Gauge::new(relay.patience.opening);
    let socket = tokio::time::timeout(
        relay.patience.opening,
        TcpStream::connect((relay.host.as_str(), relay.port)),
    );
    let socket = match socket.await {
        Ok(connected) => connected.map_err(|e| unreachable(relay, &e))?,
        Err(_) => {
            return Err(Trouble::Unreachable {
                relay: relay.address(),
                why: "it does not answer".to_owned(),
            });
        }
    };
    let stream = Stream::clear(socket, Arc::clone(&gauge)).map_err(|e| unreachable(relay, &e))?;
    let (stream, offers) = match relay.mode {
        TlsMode::Implicit => (seal(relay, stream).await?, None),
        TlsMode::Opportunistic | TlsMode::Required => greet(relay, stream, encrypt).await?,
    };
    let (encrypted, peer) = (!stream.is_clear(), stream.peer().ip());
    let begun = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &relay.ehlo).await;
    let mut lettre = begun.map_err(|e| unwilling(relay, heard(Err(e))))?;
    let offers = match offers {
        Some(offers) => offers,
        // Lettre reads the answer to its own EHLO and keeps little of it.
        None => match lettre.command(Ehlo::new(relay.ehlo.clone())).await {
            Ok(response) => Offers::of(response.message()),
            Err(e) => return Err(unwilling(relay, heard(Err(e)))),
        },
    };
    log_in(relay, &mut lettre, encrypted, peer).await?;
    Ok(Opened { lettre, gauge, offers, encrypted })
}

/// Greeting, EHLO and STARTTLS by hand, so that nothing said in clear survives into the encrypted part. Comes back with a
/// stream that begins with the relay's greeting, as lettre expects; and, if it stayed in clear, with what is offered.
async fn greet(
    relay: &Relay,
    mut stream: Stream,
    encrypt: bool,
) -> Result<(Stream, Option<Offers>), Trouble> {
    let (greeting, raw) = reply(relay, &mut stream).await?;
    let ended = |answer: Answer| Trouble::Unwilling { relay: relay.address(), answer };
    if greeting.answer.code != 220 {
        return Err(ended(greeting.answer));
    }
    let hello = ask(relay, &mut stream, &Ehlo::new(relay.ehlo.clone()).to_string()).await?;
    if !hello.answer.is_positive() {
        return Err(ended(hello.answer));
    }
    let offers = Offers::of(hello.lines.iter().map(String::as_str));
    let offered = offers.starttls && encrypt;
    if offered {
        let ready = ask(relay, &mut stream, "STARTTLS\r\n").await?;
        if ready.answer.code != 220 {
            return Err(Trouble::Tls {
                relay: relay.address(),
                why: format!("it answered STARTTLS with: {}", ready.answer),
            });
        }
        stream = seal(relay, stream).await?;
    } else if relay.mode == TlsMode::Required {
        return Err(Trouble::NoStartTls { relay: relay.address() });
    }
    stream.inbound().put_back(&raw);
    Ok((stream, (!offered).then_some(offers)))
}

async fn seal(relay: &Relay, stream: Stream) -> Result<Stream, Trouble> {
    let sealed = stream.seal(Arc::clone(&relay.tls), relay.name.clone()).await;
    sealed.map_err(|e| Trouble::Tls { relay: relay.address(), why: e.to_string() })
}

/// A reply read by hand.
struct Reply {
    answer: Answer,
    lines: Vec<String>,
}

async fn ask(relay: &Relay, stream: &mut Stream, command: &str) -> Result<Reply, Trouble> {
    stream.write_all(command.as_bytes()).await.map_err(|e| unreachable(relay, &e))?;
    stream.flush().await.map_err(|e| unreachable(relay, &e))?;
    Ok(reply(relay, stream).await?.0)
}

/// Reads one reply, and gives it along as it was read.
async fn reply(relay: &Relay, stream: &mut Stream) -> Result<(Reply, Vec<u8>), Trouble> {
    let mut raw = Vec::new();
    let mut lines = Vec::new();
    loop {
        let Some(line) = stream.inbound().take_line() else {
            if !stream.arrival().await.map_err(|e| unreachable(relay, &e))? {
                return Err(Trouble::Unreachable {
                    relay: relay.address(),
                    why: "it closed the connection".to_owned(),
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
            let heard: String = text.chars().take(100).collect();
            return Err(Trouble::NotSmtp {
                relay: relay.address(),
                why: format!("it said {heard:?}"),
            });
        };
        lines.push(text.get(4..).unwrap_or_default().to_owned());
        if text.as_bytes().get(3) != Some(&b'-') {
            return Ok((Reply { answer: Answer::new(code, &lines.join(" ")), lines }, raw));
        }
    }
}

async fn log_in(
    relay: &Relay,
    lettre: &mut AsyncSmtpConnection,
    encrypted: bool,
    peer: IpAddr,
) -> Result<(), Trouble> {
    let Some(login) = &relay.login else { return Ok(()) };
    if !may_say_password(encrypted, peer) {
        lettre.abort().await;
        return Err(Trouble::PasswordInClear { relay: relay.address() });
    }
    if lettre.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
        lettre.abort().await;
        return Err(Trouble::NoLogin { relay: relay.address() });
    }
    match heard(lettre.auth(DEFAULT_MECHANISMS, &login.credentials).await) {
        Heard::Reply(answer) if answer.is_positive() => Ok(()),
        Heard::Reply(answer) => {
            lettre.abort().await;
            let answer = Answer { words: login.hide(&answer.words), ..answer };
            Err(if answer.code == 421 {
                Trouble::Unwilling { relay: relay.address(), answer }
            } else {
                Trouble::LoginRefused { relay: relay.address(), answer }
            })
        }
        Heard::Nothing(why) => {
            Err(Trouble::Unreachable { relay: relay.address(), why: login.hide(&why) })
        }
    }
}

/// A password goes out encrypted, or not beyond this machine.
fn may_say_password(encrypted: bool, peer: IpAddr) -> bool {
    encrypted || peer.to_canonical().is_loopback()
}

fn unwilling(relay: &Relay, heard: Heard) -> Trouble {
    match heard {
        Heard::Reply(answer) => Trouble::Unwilling { relay: relay.address(), answer },
        Heard::Nothing(why) => Trouble::Unreachable { relay: relay.address(), why },
    }
}

fn unreachable(relay: &Relay, error: &std::io::Error) -> Trouble {
    Trouble::Unreachable { relay: relay.address(), why: why_nothing(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_in_clear_to_this_machine_alone() {
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        for local in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(may_say_password(false, ip(local)), "{local}");
        }
        for far in ["10.0.0.1", "192.168.1.1", "2001:db8::1", "0.0.0.0"] {
            assert!(!may_say_password(false, ip(far)), "{far}");
            assert!(may_say_password(true, ip(far)), "{far}");
        }
    }

    #[test]
    fn offers_are_read_whatever_their_case() {
        let lines = [
            "relay.example at your service",
            "pipelining",
            "SIZE 1000",
            "AUTH PLAIN",
            "STARTTLS",
            "X-ODD",
        ];
        let offers = Offers::of(lines.into_iter());
        assert_eq!(offers, Offers { pipelining: true, size: Some(1000), starttls: true });
        assert_eq!(Offers::of(["x", "SIZE"].into_iter()).size, Some(0));
    }
}
