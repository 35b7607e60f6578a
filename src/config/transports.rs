//! `[[transports]]`: the ways out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use url::Url;

use super::document::Table;
use super::error::{Faults, Place};
use super::keys;
use super::names::{Names, own_name, read_slug};
use super::places::Folder;
use super::reader::{Reader, one_of};
use super::settings::{Digest, DkimKey, Limits, Ramp, Rate, Route, TlsMode, Transport, Uncertain};
use crate::domain::address::{EmailAddress, Mailbox, ascii_domain};
use crate::domain::provider::Rule;

/// Schemes of relays, their protection and their ports when none is given.
const SCHEMES: [(&str, TlsMode, u16); 3] = [
    ("smtp", TlsMode::Opportunistic, 25),
    ("smtp+starttls", TlsMode::Required, 587),
    ("smtps", TlsMode::Implicit, 465),
];

/// What a transport takes from its surroundings.
pub(super) struct Surroundings<'a> {
    /// The config's file.
    pub path: &'a Path,
    /// Where relative paths begin.
    pub folder: &'a Folder,
    /// What to say to a relay, for a transport without its own.
    pub ehlo: &'a str,
    /// The transports there are.
    pub names: &'a Names,
    /// The digests there are.
    pub digests: &'a [Digest],
}

/// Reads one `[[transports]]`.
pub(super) fn read(mut reader: Reader<'_>, around: &Surroundings<'_>) -> Option<Transport> {
    let folder = around.folder;
    let name = own_name(&mut reader);
    let remedy =
        "write the relay, as smtp+starttls://mail.example.edu:587, or a folder, as file://outbox";
    let route = reader.required("url", remedy, |text| route(text, folder));
    let login = login(&mut reader);
    let tls_ca = reader.optional("tls_ca", |text| folder.join(text));
    if let Some(Route::Smtp { host, tls: TlsMode::Opportunistic, .. }) = &route
        && !is_loopback(host)
    {
        reader.refuse("tls_ca", "smtp:// verifies no certificate: write smtp+starttls:// or smtps://, or remove the key");
    }
    let ehlo = reader.or("ehlo", around.ehlo.to_owned(), ehlo);
    let envelope_from = reader.optional("envelope_from", |text| {
        EmailAddress::parse(text).map(|address| address.as_str().to_owned())
    });
    let connections = reader.count("connections", 10, 1..=500);
    let messages_per_connection = reader.count("messages_per_connection", 500, 1..=100_000);
    let rate = reader.or("rate", Vec::new(), Rate::parse_list);
    let warm_up = reader.or("warm_up", None, Ramp::parse);
    let domains = domains(&mut reader, route.as_ref());
    let weight = reader.count("weight", 1, 0..=1_000);
    let shares = reader.optional("shares", |name| around.names.refer(name));
    let uncertain = reader.or(
        "uncertain",
        Uncertain::Retry,
        one_of(&[("retry", Uncertain::Retry), ("hold", Uncertain::Hold)]),
    );
    let (username, password) = login?;
    let dkim = dkim_keys(&mut reader, around);
    let dkim_domain = dkim_domain(&mut reader, name.as_deref(), around.digests);
    Some(Transport {
        name: name?,
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
        dkim: dkim?,
        dkim_domain: dkim_domain?,
    })
}

/// User name and password: both, or neither.
fn login(reader: &mut Reader<'_>) -> Option<(Option<String>, Option<String>)> {
    let username = reader.optional("username", credential);
    let password = reader.optional("password", credential);
    if reader.has("username") != reader.has("password") {
        let (there, missing) = if reader.has("username") {
            ("username", "password")
        } else {
            ("password", "username")
        };
        reader.fault(
            there,
            &format!("it is used only together with `{missing}`: set both or neither"),
        );
    }
    Some((username?, password?))
}

/// Limits towards domains; nobody's server minds how fast a folder is filled.
fn domains(reader: &mut Reader<'_>, route: Option<&Route>) -> Option<Limits> {
    let rules = reader.list("domains", Rule::parse)?;
    let limits = if let Some(Route::Folder(_)) = route {
        Limits::of_rules(&rules)
    } else {
        Limits::with_defaults(&rules)
    };
    limits.map_err(|why| reader.fault("domains", &why)).ok()
}

/// Notes what cannot work in who shares whose mail; the tables are those of the transports, in the same order.
pub(super) fn check_shares(transports: &[Transport], tables: &[Table], faults: &mut Faults) {
    for (transport, table) in transports.iter().zip(tables) {
        let mut reader = Reader::new(&keys::TRANSPORTS, table, faults);
        if let Some(first) = transport.shares.as_ref() {
            let further = transports
                .iter()
                .find(|other| other.name == *first)
                .and_then(|other| other.shares.as_ref());
            match further {
                _ if *first == transport.name => reader.fault(
                    "shares",
                    "it names this transport itself: name another, or remove the key",
                ),
                Some(further) => {
                    let why = format!(
                        "`{first}` shares the mail of `{further}` itself: name a transport that has no `shares`"
                    );
                    reader.fault("shares", &why);
                }
                None => {}
            }
        } else if transport.weight == 0
            && !transports
                .iter()
                .any(|other| other.shares.as_ref() == Some(&transport.name) && other.weight > 0)
        {
            let why = "0 makes it a stand-by, and no other transport carries its mail: give one that `shares` it a weight above 0, or remove the key";
            reader.fault("weight", why);
        }
    }
}

/// `SELECTOR:FILE`, each with its place: the files are read by who signs, and what is wrong with them is told there.
fn dkim_keys(reader: &mut Reader<'_>, around: &Surroundings<'_>) -> Option<Vec<DkimKey>> {
    let label = reader.label();
    let keys = reader.placed_list("dkim", |text, place: &Place| {
        let refusal = || format!("`{text}` is no key: write SELECTOR:FILE, as \"news2026:keys/news2026.pem\"");
        let (selector, file) = text.split_once(':').ok_or_else(refusal)?;
        let (selector, file) = (selector.trim(), file.trim());
        let is_label = |l: &str| {
            let plain = l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            plain && matches!(l.len(), 1..=63) && !l.starts_with('-') && !l.ends_with('-')
        };
        if file.is_empty() {
            return Err(refusal());
        }
        if !selector.split('.').all(is_label) {
            return Err(format!("`{selector}` is no selector: it is made of letters, digits, hyphens and dots, as `news2026`"));
        }
        let place = format!("{}: {label}: `dkim`", place.within(around.path));
        Ok(DkimKey { selector: selector.to_owned(), file: around.folder.join(file)?, place })
    })?;
    let twice = |(i, key): (usize, &DkimKey)| {
        keys[..i].iter().any(|other| other.selector.eq_ignore_ascii_case(&key.selector))
    };
    if let Some((_, key)) = keys.iter().enumerate().find(|(i, key)| twice((*i, *key))) {
        reader.fault(
            "dkim",
            &format!(
                "two keys have the selector `{}`: each key has one of its own in the DNS",
                key.selector
            ),
        );
        return None;
    }
    Some(keys)
}

/// The domain that signs: refused where receivers would not count its signature as the sender's (RFC 7489 section 3.1.1).
fn dkim_domain(
    reader: &mut Reader<'_>,
    transport: Option<&str>,
    digests: &[Digest],
) -> Option<Option<String>> {
    if !reader.has("dkim") {
        reader.refuse(
            "dkim_domain",
            "it is used only together with `dkim`: name keys there, or remove it",
        );
    }
    let domain = reader.optional("dkim_domain", |text| {
        ascii_domain(text.trim()).map_err(|why| {
            format!("`{text}` can't sign: {why}; write the domain of the senders, as example.edu")
        })
    })?;
    for digest in digests.iter().filter(|digest| transport == Some(&digest.transport)) {
        let Some((own, sender)) = domain.as_deref().zip(Mailbox::parse(&digest.from).ok()) else {
            continue;
        };
        let above = sender.address.domain().strip_suffix(own);
        if !above.is_some_and(|above| above.is_empty() || above.ends_with('.')) {
            let from = sender.address;
            let why = format!(
                "digest {} is from {from}, which is not within {own}: receivers would not count the signature as its",
                digest.name
            );
            reader.fault(
                "dkim_domain",
                &format!("{why}; write {}, a domain above it, or remove the key", from.domain()),
            );
            return None;
        }
    }
    Some(domain)
}

/// Where an address leads; it is never repeated in a refusal, for it may hold a password by mistake.
fn route(text: &str, folder: &Folder) -> Result<Route, String> {
    let expected = "it begins with smtp://, smtp+starttls://, smtps:// or file://";
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").ok_or(expected)?;
    if scheme == "file" {
        return folder.file_url(rest).map(Route::Folder);
    }
    let (_, tls, default_port) =
        SCHEMES.into_iter().find(|(name, ..)| *name == scheme).ok_or(expected)?;
    let form = format!(
        "write it as {scheme}://mail.example.edu or {scheme}://mail.example.edu:{default_port}"
    );
    let url = Url::parse(text).map_err(|e| format!("{e}: {form}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "it has no place for a user name or password: they have keys of their own".to_owned()
        );
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("nothing follows the host and port: {form}"));
    }
    let host = url
        .host_str()
        .and_then(relay_host)
        .ok_or_else(|| format!("it has no valid host: {form}"))?;
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
        let is_v6 = literal
            .strip_prefix("IPv6:")
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        if is_v6 || literal.parse::<Ipv4Addr>().is_ok() {
            return Ok(text.to_owned());
        }
    }
    ascii_domain(text).map_err(|_| {
        format!(
            "`{text}` is no host name with a dot in it: write this machine's, as news.example.edu"
        )
    })
}
