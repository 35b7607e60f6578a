//! Parses `[site]`: publisher, public URL and permanent ids.

use jiff::civil;
use jiff::tz::TimeZone;
use url::{Host, Url};

use super::keys::nearest;
use super::reader::{Reader, parse_line};
use super::settings::Site;
use crate::domain::color::{Accent, Rgb};
use crate::domain::language;
use crate::domain::translations::Translations;
use crate::domain::url::absolute_web_url;

/// Defaults that other sections take from `[site]`.
pub(super) struct SiteDefaults<'a> {
    /// Name of the publisher.
    pub title: &'a str,
    /// Translations of the name.
    pub titles: Translations,
    /// Default language as a tag (RFC 5646).
    pub language: &'a str,
    /// Time zone of times without one.
    pub timezone: TimeZone,
    /// EHLO name of transports without `ehlo`.
    pub ehlo: String,
}

impl<'a> SiteDefaults<'a> {
    /// Returns the defaults of a site. If `[site]` is invalid, the rest is still read with general
    /// defaults, to report its own errors.
    pub(super) fn from_site(site: Option<&'a Site>) -> Self {
        Self {
            title: site.map_or("", |site| &site.title),
            titles: site.map_or_else(Translations::default, |site| site.titles.clone()),
            language: site.map_or("en", |site| &site.language),
            timezone: site.map_or(TimeZone::UTC, |site| site.timezone.clone()),
            ehlo: site.map_or_else(|| "localhost".to_owned(), |site| ehlo_name(&site.base_url)),
        }
    }
}

/// Reads the `[site]` table.
pub(super) fn read(mut reader: Reader<'_>) -> Option<Site> {
    let title = reader.required("title", "write the name of the publisher", parse_line);
    let base_url = reader.required(
        "base_url",
        "write the public URL of this service, for example https://news.example.edu",
        base_url,
    );
    let language = reader.or_default("language", "en".to_owned(), |tag| {
        language::canonical(tag).map_err(String::from)
    });
    let own_language = language.as_deref().unwrap_or_default();
    let titles = reader.translations("titles", own_language, parse_line);
    let timezone = reader.or_default("timezone", TimeZone::UTC, time_zone);
    let remedy = format!(
        "it becomes a permanent part of every article id; write id_authority = \"{},YEAR\" with the current year",
        base_url
            .as_deref()
            .and_then(authority_host)
            .unwrap_or_else(|| "news.example.edu".to_owned())
    );
    let id_authority = reader.required("id_authority", &remedy, id_authority);
    let postal_address = reader.or_default("postal_address", String::new(), postal_address);
    let rights = reader.optional("rights", parse_line);
    let icon = reader.optional("icon", image_url);
    let logo = reader.optional("logo", image_url);
    let accent = reader.optional("accent", |text| Rgb::parse(text).map(Accent::new));
    Some(Site {
        title: title?,
        titles: titles?,
        base_url: base_url?,
        language: language?,
        timezone: timezone?,
        id_authority: id_authority?,
        postal_address: postal_address?,
        rights: rights?,
        icon: icon?,
        logo: logo?,
        accent: accent?,
    })
}

/// Parses the absolute URL of an image.
fn image_url(text: &str) -> Result<String, String> {
    absolute_web_url(text, None).ok_or_else(|| {
        format!("`{text}` is not a valid URL; write an absolute one, for example https://www.example.edu/icon.png")
    })
}

/// Parses the IANA name of a time zone.
pub(super) fn time_zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text.trim()).map_err(|_| {
        let remedy = nearest_time_zone(text.trim()).map_or_else(
            || "write for example Europe/London, Asia/Shanghai or UTC".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        format!("`{text}` is not a valid IANA time zone; {remedy}")
    })
}

/// Returns the name of the time zone that is spelled almost like this.
fn nearest_time_zone(text: &str) -> Option<String> {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    // Regions and cities only: abbreviations are too short to be recognized.
    let places: Vec<String> =
        names.iter().filter(|name| name.contains('/')).map(|name| name.to_lowercase()).collect();
    let near = nearest(text, places.iter().map(String::as_str))?;
    names.iter().find(|name| name.to_lowercase() == near).cloned()
}

/// Parses a public URL that paths are appended to; the result has no trailing slash.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|e| {
        format!("`{text}` is not a valid URL ({e}); write for example https://news.example.edu")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{text}` must start with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL is public and must not contain a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` must not contain ? or #, because paths are appended to it"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Returns the host of a URL if it can be the authority of a `tag:` URI; an IP address cannot.
fn authority_host(base_url: &str) -> Option<String> {
    match Url::parse(base_url).ok()?.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// Returns the EHLO name for a URL: its host, with an IP address as an address literal (RFC 5321).
pub(super) fn ehlo_name(base_url: &str) -> String {
    let url = Url::parse(base_url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(address)) => format!("[IPv6:{address}]"),
        None => "localhost".to_owned(),
    }
}

/// Parses a `taggingEntity` (RFC 4151): a domain or email address, a comma, and a date on which the
/// publisher owned it.
fn id_authority(text: &str) -> Result<String, String> {
    let error = || {
        format!(
            "`{text}` is not a valid DOMAIN,DATE (RFC 4151); write for example news.example.edu,2026 or news.example.edu,2026-09-01"
        )
    };
    let (authority, date) = text.split_once(',').ok_or_else(error)?;
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
        return Err(error());
    }
    Ok(text.to_owned())
}

/// Returns `true` for `2026`, `2026-09` or `2026-09-01`.
fn is_tag_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let full_date = match shape.as_str() {
        "0000" => format!("{text}-01-01"),
        "0000-00" => format!("{text}-01"),
        "0000-00-00" => text.to_owned(),
        _ => return false,
    };
    full_date.parse::<civil::Date>().is_ok()
}

/// Parses a postal address of one or more lines; other control characters would break the messages.
fn postal_address(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("must not contain control characters other than line breaks".to_owned());
    }
    Ok(text.to_owned())
}
