//! `[site]`: who publishes, where, and under which names for ever.

use jiff::civil;
use jiff::tz::TimeZone;
use url::{Host, Url};

use super::reader::{Reader, one_line};
use super::settings::Site;
use crate::domain::{language, link};

/// Reads `[site]`.
pub(super) fn read(mut reader: Reader<'_>) -> Option<Site> {
    let title = reader.required("title", "write the publisher's name", one_line);
    let base_url = reader.required(
        "base_url",
        "write where people reach this service, as https://news.example.edu",
        base_url,
    );
    let language = reader.or("language", "en".to_owned(), language::canonical);
    let timezone = reader.or("timezone", TimeZone::UTC, time_zone);
    let proposal = format!(
        "it is frozen for ever in every article's id; write id_authority = \"{},YEAR\" with the year you begin for YEAR",
        base_url
            .as_deref()
            .and_then(authority_host)
            .unwrap_or_else(|| "news.example.edu".to_owned())
    );
    let id_authority = reader.required("id_authority", &proposal, id_authority);
    let postal_address = reader.or("postal_address", String::new(), postal_address);
    let rights = reader.optional("rights", one_line);
    let icon = reader.optional("icon", picture);
    let logo = reader.optional("logo", picture);
    Some(Site {
        title: title?,
        base_url: base_url?,
        language: language?,
        timezone: timezone?,
        id_authority: id_authority?,
        postal_address: postal_address?,
        rights: rights?,
        icon: icon?,
        logo: logo?,
    })
}

/// The address of a picture, complete.
fn picture(text: &str) -> Result<String, String> {
    link::web_address(text, None).ok_or_else(|| {
        format!("`{text}` is no address: write a whole one, as https://www.example.edu/icon.png")
    })
}

/// A zone by its IANA name.
pub(super) fn time_zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text.trim()).map_err(|_| {
        format!("`{text}` is no IANA time zone such as Europe/London, Asia/Shanghai or UTC")
    })
}

/// A public address to which paths are added, without a slash at its end.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|e| {
        format!("`{text}` is no address ({e}): write one as https://news.example.edu")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{text}` is neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it is public and has no place for a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` has a ? or #: addresses are made by adding a path to it"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The host of an address that was read before, as a tag's authority can hold it.
fn authority_host(base_url: &str) -> Option<String> {
    match Url::parse(base_url).ok()?.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// What to say in EHLO for an address: its host, an IP address as RFC 5321's literal.
pub(super) fn ehlo_of(base_url: &str) -> String {
    let url = Url::parse(base_url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(address)) => format!("[IPv6:{address}]"),
        None => "localhost".to_owned(),
    }
}

/// RFC 4151's `taggingEntity`: a domain or mail address, a comma, and a day on which it was the publisher's.
fn id_authority(text: &str) -> Result<String, String> {
    let refusal = || {
        format!(
            "`{text}` is no DOMAIN,DATE such as news.example.edu,2026 or news.example.edu,2026-09-01 (RFC 4151)"
        )
    };
    let (authority, date) = text.split_once(',').ok_or_else(refusal)?;
    let (local, domain) = match authority.split_once('@') {
        Some((local, domain)) => (Some(local), domain),
        None => (None, authority),
    };
    let is_label = |label: &str| {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !label.is_empty()
            && label.bytes().all(is_part)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_local = |local: &str| {
        !local.is_empty() && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    if !domain.split('.').all(is_label) || !local.is_none_or(is_local) || !is_tag_date(date) {
        return Err(refusal());
    }
    Ok(text.to_owned())
}

/// `2026`, `2026-09` or `2026-09-01`.
fn is_tag_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let whole = match shape.as_str() {
        "0000" => format!("{text}-01-01"),
        "0000-00" => format!("{text}-01"),
        "0000-00-00" => text.to_owned(),
        _ => return false,
    };
    whole.parse::<civil::Date>().is_ok()
}

/// Several lines are welcome; other control characters would break the mails it is printed in.
fn postal_address(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("it has control characters other than line breaks".to_owned());
    }
    Ok(text.to_owned())
}
