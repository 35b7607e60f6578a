//! `[[transports]]`: the ways out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

use super::document::Table;
use super::error::Faults;
use super::keys;
use super::names::{Names, own_name, read_slug};
use super::places::Folder;
use super::reader::{Reader, one_of};
use super::settings::{Limits, Ramp, Rate, Route, TlsMode, Transport, Uncertain};
use crate::domain::address::{EmailAddress, ascii_domain};
use crate::domain::provider::Rule;

/// Schemes of relays, their protection and their ports when none is given.
const SCHEMES: [(&str, TlsMode, u16); 3] =
    [("smtp", TlsMode::Opportunistic, 25), ("smtp+starttls", TlsMode::Required, 587), ("smtps", TlsMode::Implicit, 465)];

/// Reads one `[[transports]]`; `default_ehlo` is what to say to a relay unless it says otherwise.
pub(super) fn read(mut reader: Reader<'_>, default_ehlo: &str, names: &Names, folder: &Folder) -> Option<Transport> {
    let remedy = "write the relay, as smtp+starttls://mail.example.edu:587, or a folder, as file://outbox";
    let route = reader.required("url", remedy, |text| route(text, folder));
    let login = login(&mut reader);
    let tls_ca = reader.optional("tls_ca", |text| folder.join(text));
    if let Some(Route::Smtp { host, tls: TlsMode::Opportunistic, .. }) = &route
        && !is_loopback(host)
    {
        reader.refuse("tls_ca", "smtp:// verifies no certificate: write smtp+starttls:// or smtps://, or remove the key");
    }
    let ehlo = reader.or("ehlo", default_ehlo.to_owned(), ehlo);
    let envelope_from = reader.optional("envelope_from", |text| EmailAddress::parse(text).map(|address| address.as_str().to_owned()));
    let connections = reader.count("connections", 10, 1..=500);
    let messages_per_connection = reader.count("messages_per_connection", 500, 1..=100_000);
    let rate = reader.or("rate", Vec::new(), Rate::parse_list);
    let warm_up = reader.or("warm_up", None, Ramp::parse);
    let domains = domains(&mut reader, route.as_ref());
    let weight = reader.count("weight", 1, 0..=1_000);
    let shares = reader.optional("shares", |name| names.refer(name));
    let uncertain = reader.or("uncertain", Uncertain::Retry, one_of(&[("retry", Uncertain::Retry), ("hold", Uncertain::Hold)]));
    let (username, password) = login?;
    Some(Transport {
        name: own_name(&mut reader)?,
        was: reader.list("was", read_slug)?,
        route: route?,
        username,
        password,
        tls_ca: tls_ca?,
        ehlo: ehlo?,
        envelope_from: envelope_from?,
        connections: connections?,
        messages_per_connection: messages_per_connection?,
        rate: rate?,
        warm_up: warm_up?,
        domains: domains?,
        weight: u32::try_from(weight?).ok()?,
        shares: shares?,
        uncertain: uncertain?,
    })
}

/// User name and password: both, or neither.
fn login(reader: &mut Reader<'_>) -> Option<(Option<String>, Option<String>)> {
    let username = reader.optional("username", credential);
    let password = reader.optional("password", credential);
    if reader.has("username") != reader.has("password") {
        let (there, missing) = if reader.has("username") { ("username", "password") } else { ("password", "username") };
        reader.fault(there, &format!("it is used only together with `{missing}`: set both or neither"));
    }
    Some((username?, password?))
}

/// Limits towards domains; nobody's server minds how fast a folder is filled.
fn domains(reader: &mut Reader<'_>, route: Option<&Route>) -> Option<Limits> {
    let rules = reader.list("domains", Rule::parse)?;
    let limits = if let Some(Route::Folder(_)) = route { Limits::of_rules(&rules) } else { Limits::with_defaults(&rules) };
    limits.map_err(|why| reader.fault("domains", &why)).ok()
}

/// Notes what cannot work in who shares whose mail; the tables are those of the transports, in the same order.
pub(super) fn check_shares(transports: &[Transport], tables: &[Table], faults: &mut Faults) {
    for (transport, table) in transports.iter().zip(tables) {
        let mut reader = Reader::new(&keys::TRANSPORTS, table, faults);
        if let Some(first) = transport.shares.as_ref() {
            let further = transports.iter().find(|other| other.name == *first).and_then(|other| other.shares.as_ref());
            match further {
                _ if *first == transport.name => reader.fault("shares", "it names this transport itself: name another, or remove the key"),
                Some(further) => {
                    let why = format!("`{first}` shares the mail of `{further}` itself: name a transport that has no `shares`");
                    reader.fault("shares", &why);
                }
                None => {}
            }
        } else if transport.weight == 0
            && !transports.iter().any(|other| other.shares.as_ref() == Some(&transport.name) && other.weight > 0)
        {
            let why = "0 makes it a stand-by, and no other transport carries its mail: give one that `shares` it a weight above 0, or remove the key";
            reader.fault("weight", why);
        }
    }
}

/// Where an address leads; it is never repeated in a refusal, for it may hold a password by mistake.
fn route(text: &str, folder: &Folder) -> Result<Route, String> {
    let expected = "it begins with smtp://, smtp+starttls://, smtps:// or file://";
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").ok_or(expected)?;
    if scheme == "file" {
        return folder.file_url(rest).map(Route::Folder);
    }
    let (_, tls, default_port) = SCHEMES.into_iter().find(|(name, ..)| *name == scheme).ok_or(expected)?;
    let form = format!("write it as {scheme}://mail.example.edu or {scheme}://mail.example.edu:{default_port}");
    let url = Url::parse(text).map_err(|e| format!("{e}: {form}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has no place for a user name or password: they have keys of their own".to_owned());
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("nothing follows the host and port: {form}"));
    }
    let host = url.host_str().and_then(relay_host).ok_or_else(|| format!("it has no valid host: {form}"))?;
    match url.port() {
        Some(0) => Err(format!("there is no port 0: {form}")),
        port => Ok(Route::Smtp { host, port: port.unwrap_or(default_port), tls }),
    }
}

/// A host's name in ASCII, or an IP address without brackets.
fn relay_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().ok().map(|address| address.to_string());
    }
    if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return host.parse::<Ipv4Addr>().ok().map(|address| address.to_string());
    }
    let decoded = percent_encoding::percent_decode_str(host).decode_utf8().ok()?;
    // Names without a dot, and with underscores, are common inside container networks.
    let ascii = idna::domain_to_ascii(&decoded).ok()?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if ascii.is_empty() || !ascii.bytes().all(is_name) { None } else { Some(ascii) }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A user name or password: any text on one line, kept as it is and never repeated.
fn credential(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("it has a line break or another control character".to_owned());
    }
    Ok(text.to_owned())
}

/// What RFC 5321 lets a client say: a host name, or an address literal.
fn ehlo(text: &str) -> Result<String, String> {
    let text = text.trim();
    if let Some(literal) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let is_v6 = literal.strip_prefix("IPv6:").is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        if is_v6 || literal.parse::<Ipv4Addr>().is_ok() {
            return Ok(text.to_owned());
        }
    }
    ascii_domain(text).map_err(|_| format!("`{text}` is no host name with a dot in it: write this machine's, as news.example.edu"))
}
