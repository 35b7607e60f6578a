//! What a client asks of a representation: its coding, and whether it changed since they had it (RFC 9110).

use axum::http::{HeaderMap, HeaderName, header};
use jiff::fmt::rfc2822;

use crate::domain::time::Millis;

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

/// The members of a header with quality values, each in lower case; a weight that can't be read is none.
pub(super) fn weighted(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, f32)> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let member = |text: &str| {
        let mut parts = text.split(';').map(str::trim);
        let member = parts.next().filter(|m| !m.is_empty())?.to_ascii_lowercase();
        let weight = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        let quality = weight.map_or(1.0, |q| q.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0));
        Some((member, quality))
    };
    lines.flat_map(|line| line.split(',')).filter_map(member).collect()
}

/// The coding that a client likes best; gzip where it likes both alike, the plain bytes where it says nothing.
pub(super) fn coding(headers: &HeaderMap) -> Coding {
    let accepted = weighted(headers, &header::ACCEPT_ENCODING);
    let quality = |names: &[&str]| accepted.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, quality)| *quality);
    let any = quality(&["*"]);
    let gzip = quality(&["gzip", "x-gzip"]).or(any).unwrap_or(0.0);
    // Plain bytes are always an answer (RFC 9110 section 12.5.3), and liked least unless they are named.
    let identity = quality(&["identity"]).unwrap_or(0.0);
    if gzip > 0.0 && gzip >= identity { Coding::Gzip } else { Coding::Identity }
}

/// Whether a client already has what `etag` (a bare hash) names, changed last at `modified`, if that is known.
///
/// `If-None-Match` decides alone where it is given. A tag counts in any coding of ours, weak or not, for proxies on the way
/// change both.
pub(super) fn is_unchanged(headers: &HeaderMap, etag: &str, modified: Option<Millis>) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
        return lines.flat_map(|line| line.split(',')).map(str::trim).any(|tag| tag == "*" || names(tag, etag));
    }
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok()).and_then(instant);
    since.zip(modified).is_some_and(|(since, modified)| modified.whole_second() <= since)
}

/// Whether an entity tag names the same content as our hash.
fn names(tag: &str, etag: &str) -> bool {
    let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag).trim_matches('"');
    tag.strip_prefix(etag).is_some_and(|coding| matches!(coding, "" | "-gz" | "-gzip" | ";gzip" | "--gzip" | "-br"))
}

/// An HTTP date (RFC 9110 section 5.6.7).
pub(super) fn http_date(at: Millis) -> String {
    let printer = rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&at.whole_second().timestamp()).unwrap_or_default()
}

/// The instant of an HTTP date; its two obsolete forms are not read, which costs their senders a full answer.
fn instant(text: &str) -> Option<Millis> {
    rfc2822::parse(text).ok().map(|zoned| Millis::from(zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SECOND;

    fn accepting(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, text.parse().unwrap())])
    }

    #[test]
    fn gzip_is_sent_to_who_likes_it_at_least_as_well() {
        for text in ["gzip", "gzip, deflate, br", "*", "x-gzip", "br;q=1, GZIP;Q=0.5", "identity;q=0, gzip;q=0.1", "identity, gzip"] {
            assert_eq!(coding(&accepting(text)), Coding::Gzip, "{text}");
        }
        for text in ["", "identity", "gzip;q=0", "gzip;q=0, *", "*;q=0", "gzip;q=0.5, identity", "deflate", "gzip;q=nan", "gzip;q=2"] {
            assert_eq!(coding(&accepting(text)), Coding::Identity, "{text}");
        }
        assert_eq!(coding(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn a_tag_counts_in_any_coding_and_before_any_date() {
        let modified = Millis(1_000_000 * SECOND);
        let with = |name: HeaderName, text: &str| HeaderMap::from_iter([(name, text.parse().unwrap())]);
        for tag in ["\"abc\"", "W/\"abc\"", "\"abc-gz\"", "\"x\", W/\"abc-gzip\"", "*", "abc", "\"x\",\"abc\""] {
            assert!(is_unchanged(&with(header::IF_NONE_MATCH, tag), "abc", Some(modified)), "{tag}");
        }
        let mut both = with(header::IF_NONE_MATCH, "\"abcd\"");
        both.insert(header::IF_MODIFIED_SINCE, http_date(modified).parse().unwrap());
        assert!(!is_unchanged(&both, "abc", Some(modified)), "the tag decides alone");
        for (seconds, unchanged) in [(-1, false), (0, true), (1, true)] {
            let date = http_date(modified.plus(seconds * SECOND));
            assert_eq!(is_unchanged(&with(header::IF_MODIFIED_SINCE, &date), "abc", Some(modified)), unchanged);
        }
        assert!(!is_unchanged(&with(header::IF_MODIFIED_SINCE, "yesterday"), "abc", Some(modified)));
        assert_eq!(http_date(Millis(784_111_777_000)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
