//! What a judge has found, and the rules that hold in every format: for text, addresses, dates, languages and media types.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};

/// What is found in one document.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Name of the rule, where it was broken.
    pub(super) all: Vec<(&'static str, String)>,
}

impl Findings {
    /// Notes that a rule is broken.
    pub(super) fn say(&mut self, rule: &'static str, what: impl Display) {
        self.all.push((rule, what.to_string().chars().take(200).collect()));
    }

    /// Notes it unless something holds.
    pub(super) fn expect(&mut self, holds: bool, rule: &'static str, what: impl Display) {
        if !holds {
            self.say(rule, what);
        }
    }

    /// Plain text that has no other form: something to read, and nothing that looks like HTML.
    pub(super) fn plain(&mut self, text: &str, what: &str) {
        self.legible(text, what);
        let is_entity = |after: &str| {
            let entity = format!("&{}", after.split_inclusive(';').next().unwrap_or_default());
            entity.ends_with(';')
                && entity.len() < 40
                && html_escape::decode_html_entities(&entity) != entity
        };
        self.expect(
            !text.split('&').skip(1).any(is_entity),
            "ContainsHTML",
            format!("{what}: {text}"),
        );
    }

    /// Something to read, without an end tag.
    pub(super) fn legible(&mut self, text: &str, what: &str) {
        self.expect(!text.trim().is_empty(), "NotBlank", what);
        let is_tag = |after: &str| {
            after.split_once('>').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(char::is_alphanumeric)
            })
        };
        self.expect(
            !text.split("</").skip(1).any(is_tag),
            "ContainsHTML",
            format!("{what}: {text}"),
        );
    }

    /// Nothing that XML 1.0 forbids, no control character, and no sign that characters were lost.
    pub(super) fn characters(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\t' | '\n' | '\r' => {}
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    self.say("SAXError", format!("U+{:04X}", u32::from(c)))
                }
                '\u{7f}'..='\u{9f}' => self.say("BadCharacters", format!("U+{:04X}", u32::from(c))),
                '\u{fffd}' => self.say("LostCharacter", "U+FFFD"),
                _ => {}
            }
        }
    }

    /// An absolute address as RFC 3986 writes it, in ASCII.
    pub(super) fn address(&mut self, url: &str, what: &str) {
        let is_absolute = url::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        self.expect(is_absolute, "InvalidFullLink", format!("{what}: {url}"));
        self.uri(url, what);
    }

    /// Nothing but what a URI may hold.
    pub(super) fn uri(&mut self, uri: &str, what: &str) {
        let fine = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%[]".contains(c);
        self.expect(uri.chars().all(fine), "UriNotIri", format!("{what}: {uri}"));
        let is_escape = |at: usize| {
            uri.as_bytes()
                .get(at + 1..at + 3)
                .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
        };
        self.expect(
            uri.match_indices('%').all(|(at, _)| is_escape(at)),
            "InvalidURI",
            format!("{what}: {uri}"),
        );
        self.expect(uri.matches('#').count() <= 1, "InvalidURI", format!("{what}: {uri}"));
    }

    /// An id that is a URI, written in the one way that compares well.
    pub(super) fn id(&mut self, id: &str, what: &str) {
        let Some((scheme, rest)) = id.split_once(':') else {
            return self.say("InvalidFullLink", format!("{what}: {id}"));
        };
        match scheme {
            "http" | "https" => {
                // Readers compare ids byte by byte, so these have one form. Other characters than ASCII may stand in an IRI.
                let host =
                    rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
                let has_default_port =
                    host.ends_with(if scheme == "http" { ":80" } else { ":443" });
                let is_canonical = rest.starts_with("//")
                    && host.to_lowercase() == host
                    && !has_default_port
                    && !rest.contains("/./")
                    && rest.len() > host.len() + 2;
                self.expect(is_canonical, "NonCanonicalURI", format!("{what}: {id}"));
            }
            "tag" => {
                let (authority, specific) = rest.split_once(':').unwrap_or((rest, ""));
                let (name, date) = authority.split_once(',').unwrap_or_default();
                let is_date = matches!(date.len(), 4 | 7 | 10)
                    && date.bytes().enumerate().all(|(n, b)| {
                        if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() }
                    });
                self.expect(
                    !name.is_empty() && is_date && !specific.is_empty() && !specific.contains('#'),
                    "InvalidTAG",
                    id,
                );
                self.expect(id.is_ascii(), "InvalidTAG", id);
                self.uri(id, what);
            }
            "urn" => self.expect(
                rest.split_once(':')
                    .is_some_and(|(space, rest)| !space.is_empty() && !rest.is_empty()),
                "InvalidURN",
                id,
            ),
            _ => self.uri(id, what),
        }
        let escapes: Vec<&str> =
            id.match_indices('%').filter_map(|(at, _)| id.get(at + 1..at + 3)).collect();
        self.expect(
            escapes.iter().all(|two| two.to_ascii_uppercase() == **two),
            "NonCanonicalURI",
            format!("{what}: {id}"),
        );
    }

    /// A date of RFC 822; where it names the day of the week, the one that it was.
    pub(super) fn date_of_mail(&mut self, date: &str) {
        match rfc2822::parse(date) {
            Ok(parsed) => self.plausible(parsed.timestamp(), date),
            Err(_) => self.say("InvalidRFC2822Date", date),
        }
    }

    /// A date of RFC 3339 in whole seconds; gives the instant.
    pub(super) fn date(&mut self, date: &str) -> Option<Timestamp> {
        let is_shaped =
            date.len() >= 20 && date.as_bytes()[10] == b'T' && !date.contains([' ', 'z', 't']);
        self.expect(!date.contains('.'), "WholeSeconds", date);
        let parsed = date.parse::<Timestamp>().ok().filter(|_| is_shaped);
        match parsed {
            Some(instant) => self.plausible(instant, date),
            None => self.say("InvalidRFC3339Date", date),
        }
        parsed
    }

    fn plausible(&mut self, instant: Timestamp, date: &str) {
        let year = strtime::format("%Y", &instant.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        self.expect(("1990".."2100").contains(&year.as_str()), "ImplausibleDate", date);
    }

    /// A language as RFC 5646 shapes it.
    pub(super) fn language(&mut self, tag: &str) {
        let mut parts = tag.split('-');
        let is_primary = parts.next().is_some_and(|part| {
            (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
        });
        let is_part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        self.expect(is_primary && parts.all(is_part), "InvalidLanguage", tag);
    }

    /// A media type of two parts.
    pub(super) fn media_type(&mut self, value: &str) {
        let is_token = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
        };
        self.expect(
            value.split_once('/').is_some_and(|(one, two)| is_token(one) && is_token(two)),
            "InvalidMIMEType",
            value,
        );
    }

    /// A whole number from a least one.
    pub(super) fn number(&mut self, value: &str, least: u64) {
        self.expect(
            value.parse::<u64>().is_ok_and(|number| number >= least),
            "InvalidInteger",
            value,
        );
    }
}
