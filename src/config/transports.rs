//! Parses `[[transports]]`: SMTP relays and directories.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use url::Url;

use super::base_dir::BaseDir;
use super::error::Location;
use super::names::{Names, read_name, read_slug};
use super::reader::{Reader, one_of};
use super::settings::{
    Digest, DkimKey, DomainLimits, Rate, TlsMode, Transport, TransportTarget, UncertainPolicy,
    WarmUp,
};
use crate::domain::address::{EmailAddress, Mailbox, ascii_domain};
use crate::domain::domain_limits::LimitRule;

/// URL schemes of relays with their TLS modes and default ports.
const SCHEMES: [(&str, TlsMode, u16); 3] = [
    ("smtp", TlsMode::Opportunistic, 25),
    ("smtp+starttls", TlsMode::Required, 587),
    ("smtps", TlsMode::Implicit, 465),
];

/// Defaults and names from other sections that a transport needs.
pub(super) struct TransportParseContext<'a> {
    /// Path of the config file.
    pub path: &'a Path,
    /// Base directory of relative paths.
    pub base_dir: &'a BaseDir,
    /// EHLO name of transports without `ehlo`.
    pub ehlo: &'a str,
    /// Names of the configured transports.
    pub names: &'a Names,
    /// Digests that were read successfully.
    pub digests: &'a [Digest],
}

/// Reads one `[[transports]]` table.
pub(super) fn read(
    mut reader: Reader<'_>,
    context: &TransportParseContext<'_>,
) -> Option<Transport> {
    let base_dir = context.base_dir;
    let name = read_name(&mut reader);
    let remedy = "write a relay, for example smtp+starttls://mail.example.edu:587, or a directory, for example file://outbox";
    let target = reader.required("url", remedy, |text| target(text, base_dir));
    let login = login(&mut reader);
    let tls_ca = reader.optional("tls_ca", |text| base_dir.join(text));
    if let Some(TransportTarget::Smtp { host, tls: TlsMode::Opportunistic, .. }) = &target
        && !is_loopback(host)
    {
        reader.reject("tls_ca", "smtp:// does not verify certificates; write smtp+starttls:// or smtps://, or remove the key");
    }
    let ehlo = reader.or_default("ehlo", context.ehlo.to_owned(), ehlo);
    let envelope_from = reader.optional("envelope_from", |text| {
        EmailAddress::parse(text).map(|address| address.as_str().to_owned()).map_err(String::from)
    });
    let connections = reader.integer("connections", 10, 1..=500);
    let messages_per_connection = reader.integer("messages_per_connection", 500, 1..=100_000);
    let rate = reader.or_default("rate", Vec::new(), Rate::parse_list);
    let warm_up = reader.or_default("warm_up", None, WarmUp::parse);
    let domain_limits = domain_limits(&mut reader, target.as_ref());
    let weight = weight(&mut reader);
    let standby = reader.boolean("standby", false);
    let pool = reader.optional("pool", |name| context.names.resolve(name));
    let uncertain = reader.or_default(
        "uncertain",
        UncertainPolicy::Retry,
        one_of(&[("retry", UncertainPolicy::Retry), ("hold", UncertainPolicy::Hold)]),
    );
    let (username, password) = login?;
    let dkim = dkim_keys(&mut reader, context);
    let dkim_domain = dkim_domain(&mut reader, name.as_deref(), context.digests);
    Some(Transport {
        name: name?,
        former_names: reader.list("was", read_slug)?,
        target: target?,
        username,
        password,
        tls_ca: tls_ca?,
        ehlo: ehlo?,
        envelope_from: envelope_from?,
        connections: connections?,
        messages_per_connection: messages_per_connection?,
        rate: rate?,
        warm_up: warm_up?,
        domain_limits: domain_limits?,
        weight: weight?,
        standby: standby?,
        pool: pool?,
        uncertain: uncertain?,
        dkim: dkim?,
        dkim_domain: dkim_domain?,
    })
}

/// Reads the user name and password: both, or neither.
fn login(reader: &mut Reader<'_>) -> Option<(Option<String>, Option<String>)> {
    let username = reader.optional("username", credential);
    let password = reader.optional("password", credential);
    if reader.has("username") != reader.has("password") {
        let (present, missing) = if reader.has("username") {
            ("username", "password")
        } else {
            ("password", "username")
        };
        reader.error(present, &format!("requires `{missing}`; set both or neither"));
    }
    Some((username?, password?))
}

/// Reads the limits per recipient domain; directories have no default limits.
fn domain_limits(
    reader: &mut Reader<'_>,
    target: Option<&TransportTarget>,
) -> Option<DomainLimits> {
    let rules = reader.list("domain_limits", LimitRule::parse)?;
    let limits = if let Some(TransportTarget::Directory(_)) = target {
        DomainLimits::from_rules(&rules)
    } else {
        DomainLimits::with_defaults(&rules)
    };
    limits.map_err(|reason| reader.error("domain_limits", &reason)).ok()
}

/// Reads `weight`, which earlier versions also used to declare a standby.
fn weight(reader: &mut Reader<'_>) -> Option<u32> {
    if reader.is_number("weight", 0) {
        reader.error("weight", "0 no longer declares a standby; write `standby = true` instead");
        return None;
    }
    u32::try_from(reader.integer("weight", 1, 1..=1_000)?).ok()
}

/// Reads keys as `SELECTOR:FILE` with their locations; the signer loads the files and reports their
/// errors.
fn dkim_keys(reader: &mut Reader<'_>, context: &TransportParseContext<'_>) -> Option<Vec<DkimKey>> {
    let label = reader.label();
    let keys = reader.list_with_locations("dkim", |text, location: &Location| {
        let error = || format!("`{text}` is not a valid key; write SELECTOR:FILE, for example \"news2026:keys/news2026.pem\"");
        let (selector, file) = text.split_once(':').ok_or_else(error)?;
        let (selector, file) = (selector.trim(), file.trim());
        let is_label = |l: &str| {
            let plain = l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            plain && matches!(l.len(), 1..=63) && !l.starts_with('-') && !l.ends_with('-')
        };
        if file.is_empty() {
            return Err(error());
        }
        if !selector.split('.').all(is_label) {
            return Err(format!("`{selector}` is not a valid selector; use letters, digits, hyphens and dots, for example `news2026`"));
        }
        let location = format!("{}: {label}: `dkim`", location.within(context.path));
        Ok(DkimKey { selector: selector.to_owned(), file: context.base_dir.join(file)?, location })
    })?;
    let is_duplicate = |(i, key): (usize, &DkimKey)| {
        keys[..i].iter().any(|other| other.selector.eq_ignore_ascii_case(&key.selector))
    };
    if let Some((_, key)) = keys.iter().enumerate().find(|(i, key)| is_duplicate((*i, *key))) {
        reader.error(
            "dkim",
            &format!(
                "two keys have the selector `{}`; each key needs its own selector in the DNS",
                key.selector
            ),
        );
        return None;
    }
    Some(keys)
}

/// Reads the signing domain. It must be aligned with the From domains of the digests (RFC 7489
/// section 3.1.1).
fn dkim_domain(
    reader: &mut Reader<'_>,
    transport: Option<&str>,
    digests: &[Digest],
) -> Option<Option<String>> {
    if !reader.has("dkim") {
        reader.reject("dkim_domain", "requires `dkim`; list keys there or remove it");
    }
    let domain = reader.optional("dkim_domain", |text| {
        ascii_domain(text.trim()).map_err(|reason| {
            format!("`{text}` is not a valid signing domain: {reason}; write the domain of the senders, for example example.edu")
        })
    })?;
    for digest in digests.iter().filter(|digest| transport == Some(&digest.transport)) {
        let Some((own, sender)) = domain.as_deref().zip(Mailbox::parse(&digest.from).ok()) else {
            continue;
        };
        let above = sender.address.domain().strip_suffix(own);
        if !above.is_some_and(|above| above.is_empty() || above.ends_with('.')) {
            let from = sender.address;
            let reason = format!(
                "digest {} is sent from {from}, which is not within {own}, so receivers would not accept the signature as the sender's",
                digest.name
            );
            reader.error(
                "dkim_domain",
                &format!("{reason}; write {} or a parent domain, or remove the key", from.domain()),
            );
            return None;
        }
    }
    Some(domain)
}

/// Parses the URL of a transport. Errors never quote it, because it may contain a password by
/// mistake.
fn target(text: &str, base_dir: &BaseDir) -> Result<TransportTarget, String> {
    let expected = "the URL must start with smtp://, smtp+starttls://, smtps:// or file://";
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").ok_or(expected)?;
    if scheme == "file" {
        return base_dir.file_url(rest).map(TransportTarget::Directory);
    }
    let (_, tls, default_port) =
        SCHEMES.into_iter().find(|(name, ..)| *name == scheme).ok_or(expected)?;
    let form = format!(
        "write for example {scheme}://mail.example.edu or {scheme}://mail.example.edu:{default_port}"
    );
    let url = Url::parse(text).map_err(|e| format!("{e}; {form}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "the URL must not contain a user name or password; use the keys `username` and `password`".to_owned()
        );
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("nothing may follow the host and port; {form}"));
    }
    let host = url
        .host_str()
        .and_then(relay_host)
        .ok_or_else(|| format!("the URL has no valid host; {form}"))?;
    match url.port() {
        Some(0) => Err(format!("port 0 is not valid; {form}")),
        port => Ok(TransportTarget::Smtp { host, port: port.unwrap_or(default_port), tls }),
    }
}

/// Returns the host name in ASCII, or the IP address without brackets.
fn relay_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().ok().map(|address| address.to_string());
    }
    if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return host.parse::<Ipv4Addr>().ok().map(|address| address.to_string());
    }
    let decoded = percent_encoding::percent_decode_str(host).decode_utf8().ok()?;
    // Names without a dot or with underscores are common in container networks.
    let ascii = idna::domain_to_ascii(&decoded).ok()?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if ascii.is_empty() || !ascii.bytes().all(is_name) { None } else { Some(ascii) }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Parses a user name or password: one line, unchanged. Errors never quote it.
fn credential(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("must not contain a line break or another control character".to_owned());
    }
    Ok(text.to_owned())
}

/// Parses an EHLO name: a host name or an address literal (RFC 5321 section 4.1.1.1).
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
            "`{text}` is not a valid fully qualified host name; write the name of this machine, for example news.example.edu"
        )
    })
}
