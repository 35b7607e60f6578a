//! Violations found in a document, and rules for all formats: for text, URLs, dates, languages and
//! media types.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};

/// Violations found in one document.
#[derive(Debug, Default)]
pub(super) struct Violations {
    /// Name of each broken rule, and the offending text.
    pub(super) all: Vec<(&'static str, String)>,
}

impl Violations {
    /// Adds a violation of a rule.
    pub(super) fn add(&mut self, rule: &'static str, context: impl Display) {
        self.all.push((rule, context.to_string().chars().take(200).collect()));
    }

    /// Adds a violation unless a condition holds.
    pub(super) fn require(&mut self, holds: bool, rule: &'static str, context: impl Display) {
        if !holds {
            self.add(rule, context);
        }
    }

    /// Checks plain text: it must be readable and must not look like HTML.
    pub(super) fn plain_text(&mut self, text: &str, context: &str) {
        self.readable_text(text, context);
        let is_entity = |after: &str| {
            let entity = format!("&{}", after.split_inclusive(';').next().unwrap_or_default());
            entity.ends_with(';')
                && entity.len() < 40
                && html_escape::decode_html_entities(&entity) != entity
        };
        self.require(
            !text.split('&').skip(1).any(is_entity),
            "ContainsHTML",
            format!("{context}: {text}"),
        );
    }

    /// Checks that a text is not blank and contains no end tag.
    pub(super) fn readable_text(&mut self, text: &str, context: &str) {
        self.require(!text.trim().is_empty(), "NotBlank", context);
        let is_tag = |after: &str| {
            after.split_once('>').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(char::is_alphanumeric)
            })
        };
        self.require(
            !text.split("</").skip(1).any(is_tag),
            "ContainsHTML",
            format!("{context}: {text}"),
        );
    }

    /// Checks for characters that XML 1.0 forbids, control characters, and replacement characters.
    pub(super) fn characters(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\t' | '\n' | '\r' => {}
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    self.add("SAXError", format!("U+{:04X}", u32::from(c)))
                }
                '\u{7f}'..='\u{9f}' => self.add("BadCharacters", format!("U+{:04X}", u32::from(c))),
                '\u{fffd}' => self.add("LostCharacter", "U+FFFD"),
                _ => {}
            }
        }
    }

    /// Checks for an absolute HTTP URL in ASCII (RFC 3986).
    pub(super) fn url(&mut self, url: &str, context: &str) {
        let is_absolute = url::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        self.require(is_absolute, "InvalidFullLink", format!("{context}: {url}"));
        self.uri(url, context);
    }

    /// Checks that a text contains only characters that a URI allows.
    pub(super) fn uri(&mut self, uri: &str, context: &str) {
        let is_allowed =
            |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%[]".contains(c);
        self.require(uri.chars().all(is_allowed), "UriNotIri", format!("{context}: {uri}"));
        let is_escape = |at: usize| {
            uri.as_bytes()
                .get(at + 1..at + 3)
                .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
        };
        self.require(
            uri.match_indices('%').all(|(at, _)| is_escape(at)),
            "InvalidURI",
            format!("{context}: {uri}"),
        );
        self.require(uri.matches('#').count() <= 1, "InvalidURI", format!("{context}: {uri}"));
    }

    /// Checks an id that is a URI: readers compare ids byte by byte, so it must be in canonical
    /// form.
    pub(super) fn id(&mut self, id: &str, context: &str) {
        let Some((scheme, rest)) = id.split_once(':') else {
            return self.add("InvalidFullLink", format!("{context}: {id}"));
        };
        match scheme {
            "http" | "https" => {
                // Non-ASCII characters are allowed, because an id may be an IRI.
                let host =
                    rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
                let has_default_port =
                    host.ends_with(if scheme == "http" { ":80" } else { ":443" });
                let is_canonical = rest.starts_with("//")
                    && host.to_lowercase() == host
                    && !has_default_port
                    && !rest.contains("/./")
                    && rest.len() > host.len() + 2;
                self.require(is_canonical, "NonCanonicalURI", format!("{context}: {id}"));
            }
            "tag" => {
                let (authority, specific) = rest.split_once(':').unwrap_or((rest, ""));
                let (name, date) = authority.split_once(',').unwrap_or_default();
                let is_date = matches!(date.len(), 4 | 7 | 10)
                    && date.bytes().enumerate().all(|(n, b)| {
                        if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() }
                    });
                self.require(
                    !name.is_empty() && is_date && !specific.is_empty() && !specific.contains('#'),
                    "InvalidTAG",
                    id,
                );
                self.require(id.is_ascii(), "InvalidTAG", id);
                self.uri(id, context);
            }
            "urn" => self.require(
                rest.split_once(':')
                    .is_some_and(|(space, rest)| !space.is_empty() && !rest.is_empty()),
                "InvalidURN",
                id,
            ),
            _ => self.uri(id, context),
        }
        let escapes: Vec<&str> =
            id.match_indices('%').filter_map(|(at, _)| id.get(at + 1..at + 3)).collect();
        self.require(
            escapes.iter().all(|two| two.to_ascii_uppercase() == **two),
            "NonCanonicalURI",
            format!("{context}: {id}"),
        );
    }

    /// Checks a date of RFC 822; a day of the week must be the correct one.
    pub(super) fn rfc822_date(&mut self, date: &str) {
        match rfc2822::parse(date) {
            Ok(parsed) => self.plausible_date(parsed.timestamp(), date),
            Err(_) => self.add("InvalidRFC2822Date", date),
        }
    }

    /// Checks a date of RFC 3339 in whole seconds, and returns the instant.
    pub(super) fn rfc3339_date(&mut self, date: &str) -> Option<Timestamp> {
        let has_valid_form =
            date.len() >= 20 && date.as_bytes()[10] == b'T' && !date.contains([' ', 'z', 't']);
        self.require(!date.contains('.'), "WholeSeconds", date);
        let parsed = date.parse::<Timestamp>().ok().filter(|_| has_valid_form);
        match parsed {
            Some(instant) => self.plausible_date(instant, date),
            None => self.add("InvalidRFC3339Date", date),
        }
        parsed
    }

    /// Checks that the year of a date is plausible for an article on the web.
    fn plausible_date(&mut self, instant: Timestamp, date: &str) {
        let year = strtime::format("%Y", &instant.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        self.require(("1990".."2100").contains(&year.as_str()), "ImplausibleDate", date);
    }

    /// Checks the syntax of a language tag (RFC 5646).
    pub(super) fn language(&mut self, tag: &str) {
        let mut parts = tag.split('-');
        let is_primary = parts.next().is_some_and(|part| {
            (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
        });
        let is_part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        self.require(is_primary && parts.all(is_part), "InvalidLanguage", tag);
    }

    /// Checks the syntax of a media type without parameters.
    pub(super) fn media_type(&mut self, value: &str) {
        let is_token = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
        };
        self.require(
            value.split_once('/').is_some_and(|(one, two)| is_token(one) && is_token(two)),
            "InvalidMIMEType",
            value,
        );
    }

    /// Checks for an integer that is not below a minimum.
    pub(super) fn integer(&mut self, value: &str, minimum: u64) {
        self.require(
            value.parse::<u64>().is_ok_and(|number| number >= minimum),
            "InvalidInteger",
            value,
        );
    }
}
