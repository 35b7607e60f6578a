//! What a client asks of a representation: its coding, and whether it changed since they had it (RFC 9110).

use axum::http::{HeaderMap, HeaderName, header};
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use crate::domain::time::Millis;

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Brotli,
}

/// The members of a header with quality values, as they were written; a weight that can't be read is none.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = (&'a str, f32)> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|text| {
        let mut parts = text.split(';').map(str::trim);
        let member = parts.next().filter(|member| !member.is_empty())?;
        let weight = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        let quality = weight.map_or(1.0, |q| {
            q.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0)
        });
        Some((member, quality))
    })
}

/// The members of a header with quality values, each in lower case.
pub(super) fn weighted(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, f32)> {
    members(headers, name).map(|(member, quality)| (member.to_ascii_lowercase(), quality)).collect()
}

/// The coding that a client likes best of those that are there; among equals the shortest, and the plain bytes where it says
/// nothing. `None` if it takes none of them.
pub(super) fn coding(headers: &HeaderMap, has_brotli: bool) -> Option<Coding> {
    let (mut gzip, mut brotli, mut identity, mut any) = (None, None, None, None);
    for (member, quality) in members(headers, &header::ACCEPT_ENCODING) {
        let of = |names: &[&str]| names.iter().any(|name| member.eq_ignore_ascii_case(name));
        let told = match () {
            () if of(&["gzip", "x-gzip"]) => &mut gzip,
            () if of(&["br"]) => &mut brotli,
            () if of(&["identity"]) => &mut identity,
            () if member == "*" => &mut any,
            () => continue,
        };
        told.get_or_insert(quality);
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    // Who takes anything need not know the newest.
    let brotli = brotli.filter(|_| has_brotli).unwrap_or(0.0);
    // Plain bytes are an answer unless they are refused (RFC 9110 section 12.5.3), and liked least unless they are named.
    let is_refused = identity.or(any).is_some_and(|quality| quality <= 0.0);
    let identity = identity.unwrap_or(0.0);
    if brotli > 0.0 && brotli >= gzip && brotli >= identity {
        Some(Coding::Brotli)
    } else if gzip > 0.0 && gzip >= identity {
        Some(Coding::Gzip)
    } else {
        (!is_refused).then_some(Coding::Identity)
    }
}

/// Whether a client already has what `etag` (a bare hash) names, changed last at `modified`, if that is known.
///
/// `If-None-Match` decides alone where it is given. A tag counts in any coding of ours, weak or not, for proxies on the way
/// change both.
pub(super) fn is_unchanged(headers: &HeaderMap, etag: &str, modified: Option<Millis>) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let lines =
            headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
        return lines
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || names(tag, etag));
    }
    let since = headers
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(instant);
    since.zip(modified).is_some_and(|(since, modified)| modified.whole_second() <= since)
}

/// Whether an entity tag names the same content as our hash.
fn names(tag: &str, etag: &str) -> bool {
    let tag =
        tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag).trim_matches('"');
    tag.strip_prefix(etag)
        .is_some_and(|coding| matches!(coding, "" | "-gz" | "-gzip" | ";gzip" | "--gzip" | "-br"))
}

/// An HTTP date (RFC 9110 section 5.6.7).
pub(super) fn http_date(at: Millis) -> String {
    let printer = rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&at.whole_second().timestamp()).unwrap_or_default()
}

/// The instant of an HTTP date in any of its three forms.
fn instant(text: &str) -> Option<Millis> {
    if let Ok(zoned) = rfc2822::parse(text) {
        return Some(Millis::from(zoned.timestamp()));
    }
    // RFC 850's, and that of C's asctime, which are obsolete and still to be read.
    let obsolete = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let civil = obsolete.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
    Some(Millis::from(civil.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SECOND;

    fn accepting(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, text.parse().unwrap())])
    }

    #[test]
    fn each_client_gets_the_coding_it_likes_best_of_those_there_are() {
        use Coding::{Brotli, Gzip, Identity};
        for (text, without, with) in [
            ("gzip", Some(Gzip), Some(Gzip)),
            ("gzip, deflate, br", Some(Gzip), Some(Brotli)),
            ("br;q=0.9, gzip", Some(Gzip), Some(Gzip)),
            ("br", Some(Identity), Some(Brotli)),
            ("*", Some(Gzip), Some(Gzip)),
            ("x-gzip", Some(Gzip), Some(Gzip)),
            ("br;q=1, GZIP;Q=0.5", Some(Gzip), Some(Brotli)),
            ("identity;q=0, gzip;q=0.1", Some(Gzip), Some(Gzip)),
            ("identity, gzip", Some(Gzip), Some(Gzip)),
            ("", Some(Identity), Some(Identity)),
            ("identity", Some(Identity), Some(Identity)),
            ("gzip;q=0", Some(Identity), Some(Identity)),
            ("gzip;q=0, *", Some(Identity), Some(Identity)),
            ("gzip;q=0.5, identity", Some(Identity), Some(Identity)),
            ("deflate", Some(Identity), Some(Identity)),
            ("gzip;q=nan", Some(Identity), Some(Identity)),
            ("gzip;q=2", Some(Identity), Some(Identity)),
            ("gzip;q=0.5;q=1", Some(Gzip), Some(Gzip)),
            (",,;q=1,", Some(Identity), Some(Identity)),
            ("*;q=0", None, None),
            ("identity;q=0", None, None),
            ("identity;q=0, br", None, Some(Brotli)),
            ("*;q=0, identity", Some(Identity), Some(Identity)),
            ("*;q=0, gzip", Some(Gzip), Some(Gzip)),
        ] {
            assert_eq!(
                (coding(&accepting(text), false), coding(&accepting(text), true)),
                (without, with),
                "{text}"
            );
        }
        assert_eq!(coding(&HeaderMap::new(), true), Some(Identity));
    }

    #[test]
    fn a_date_is_read_in_all_three_forms_and_nothing_else_is_one() {
        let at = Some(Millis(784_111_777_000));
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(instant(text), at, "{text}");
        }
        for text in [
            "",
            "0",
            "784111777",
            "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 1994",
            "Sun Nov 31 08:49:37 1994",
            "x Nov",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_client_writes_is_answered(text in "[ -~]{0,40}") {
            let headers = HeaderMap::from_iter(
                [header::ACCEPT_ENCODING, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE].map(|name| (name, text.parse().unwrap())),
            );
            let is_refused = coding(&headers, false).is_none();
            proptest::prop_assert!(!is_refused || text.contains("q=") || text.contains("Q="));
            let _ = (is_unchanged(&headers, "abc", Some(Millis(0))), instant(&text));
        }
    }

    #[test]
    fn a_tag_counts_in_any_coding_and_before_any_date() {
        let modified = Millis(1_000_000 * SECOND);
        let with =
            |name: HeaderName, text: &str| HeaderMap::from_iter([(name, text.parse().unwrap())]);
        for tag in [
            "\"abc\"",
            "W/\"abc\"",
            "\"abc-gz\"",
            "\"x\", W/\"abc-gzip\"",
            "*",
            "abc",
            "\"x\",\"abc\"",
        ] {
            assert!(
                is_unchanged(&with(header::IF_NONE_MATCH, tag), "abc", Some(modified)),
                "{tag}"
            );
        }
        let mut both = with(header::IF_NONE_MATCH, "\"abcd\"");
        both.insert(header::IF_MODIFIED_SINCE, http_date(modified).parse().unwrap());
        assert!(!is_unchanged(&both, "abc", Some(modified)), "the tag decides alone");
        for (seconds, unchanged) in [(-1, false), (0, true), (1, true)] {
            let date = http_date(modified.plus(seconds * SECOND));
            assert_eq!(
                is_unchanged(&with(header::IF_MODIFIED_SINCE, &date), "abc", Some(modified)),
                unchanged
            );
        }
        assert!(!is_unchanged(
            &with(header::IF_MODIFIED_SINCE, "yesterday"),
            "abc",
            Some(modified)
        ));
        assert_eq!(http_date(Millis(784_111_777_000)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
