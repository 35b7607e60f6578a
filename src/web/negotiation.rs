//! Content negotiation and conditional requests (RFC 9110).

use axum::http::{HeaderMap, HeaderName, header};
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use crate::domain::time::Millis;
use crate::store::clock_faults::CLOCK_TOLERANCE;

/// Content coding of a response body (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentCoding {
    Identity,
    Gzip,
    Brotli,
}

/// Parses the members of a header with quality values, unchanged; an invalid weight counts as 0.
fn parse_weighted<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (&'a str, f32)> {
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

/// Returns the members of a header with quality values, in lower case.
pub(super) fn weighted_values(headers: &HeaderMap, name: &HeaderName) -> Vec<(String, f32)> {
    parse_weighted(headers, name)
        .map(|(member, quality)| (member.to_ascii_lowercase(), quality))
        .collect()
}

/// Chooses the available coding with the highest weight in `Accept-Encoding`: of equal weights the
/// one with the smallest body, and the identity coding without the header. `None` if the client
/// accepts none.
pub(super) fn negotiate_coding(headers: &HeaderMap, has_brotli: bool) -> Option<ContentCoding> {
    let (mut gzip, mut brotli, mut identity, mut any) = (None, None, None, None);
    for (member, quality) in parse_weighted(headers, &header::ACCEPT_ENCODING) {
        let is_named = |names: &[&str]| names.iter().any(|name| member.eq_ignore_ascii_case(name));
        let weight = match () {
            () if is_named(&["gzip", "x-gzip"]) => &mut gzip,
            () if is_named(&["br"]) => &mut brotli,
            () if is_named(&["identity"]) => &mut identity,
            () if member == "*" => &mut any,
            () => continue,
        };
        weight.get_or_insert(quality);
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    // `*` does not select Brotli: a client that accepts anything may be too old to know it.
    let brotli = brotli.filter(|_| has_brotli).unwrap_or(0.0);
    // The identity coding is acceptable unless it is excluded (RFC 9110 section 12.5.3), and has
    // the lowest weight unless it is named.
    let is_excluded = identity.or(any).is_some_and(|quality| quality <= 0.0);
    let identity = identity.unwrap_or(0.0);
    if brotli > 0.0 && brotli >= gzip && brotli >= identity {
        Some(ContentCoding::Brotli)
    } else if gzip > 0.0 && gzip >= identity {
        Some(ContentCoding::Gzip)
    } else {
        (!is_excluded).then_some(ContentCoding::Identity)
    }
}

/// Returns `true` if the request's conditions match the document with the bare hash `etag`, last
/// changed at `modified` if known.
///
/// `If-None-Match` takes precedence over `If-Modified-Since`. A tag matches in any content coding,
/// weak or strong, because proxies change both. A date in the future is ignored: a wrong clock
/// produced it, and it says nothing about the changes until then.
pub(super) fn is_unchanged(
    headers: &HeaderMap,
    etag: &str,
    modified: Option<Millis>,
    clock: fn() -> Millis,
) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let lines =
            headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
        return lines
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || is_tag_of(tag, etag));
    }
    let since = headers
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(parse_http_date);
    let is_valid = |since: Millis| since <= clock().plus(CLOCK_TOLERANCE);
    since
        .zip(modified)
        .is_some_and(|(since, modified)| modified.whole_second() <= since && is_valid(since))
}

/// Returns `true` if an entity tag names the content with this hash.
fn is_tag_of(tag: &str, etag: &str) -> bool {
    let tag =
        tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag).trim_matches('"');
    tag.strip_prefix(etag)
        .is_some_and(|coding| matches!(coding, "" | "-gz" | "-gzip" | ";gzip" | "--gzip" | "-br"))
}

/// Formats an HTTP date (RFC 9110 section 5.6.7).
pub(super) fn http_date(at: Millis) -> String {
    let printer = rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&at.whole_second().timestamp()).unwrap_or_default()
}

/// Parses an HTTP date in any of its three formats.
fn parse_http_date(text: &str) -> Option<Millis> {
    if let Ok(zoned) = rfc2822::parse(text) {
        return Some(Millis::from(zoned.timestamp()));
    }
    // RFC 9110 requires recipients to accept the obsolete formats of RFC 850 and of asctime too.
    let obsolete_formats = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let civil = obsolete_formats.iter().find_map(|format| DateTime::strptime(format, text).ok())?;
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
    fn best_acceptable_coding_is_chosen() {
        use ContentCoding::{Brotli, Gzip, Identity};
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
                (
                    negotiate_coding(&accepting(text), false),
                    negotiate_coding(&accepting(text), true)
                ),
                (without, with),
                "{text}"
            );
        }
        assert_eq!(negotiate_coding(&HeaderMap::new(), true), Some(Identity));
    }

    #[test]
    fn http_dates_parse_in_exactly_three_forms() {
        let at = Some(Millis(784_111_777_000));
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_http_date(text), at, "{text}");
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
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_header_values_never_panic(text in "[ -~]{0,40}") {
            let headers = HeaderMap::from_iter(
                [header::ACCEPT_ENCODING, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE].map(|name| (name, text.parse().unwrap())),
            );
            let is_excluded = negotiate_coding(&headers, false).is_none();
            proptest::prop_assert!(!is_excluded || text.contains("q=") || text.contains("Q="));
            let _ = (is_unchanged(&headers, "abc", Some(Millis(0)), now), parse_http_date(&text));
        }
    }

    /// A second after the change of the document in the next test.
    fn now() -> Millis {
        Millis(0).plus(1_000_001 * SECOND)
    }

    #[test]
    fn entity_tags_match_in_any_coding_and_take_precedence_over_dates() {
        let modified = Millis(0).plus(1_000_000 * SECOND);
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
                is_unchanged(&with(header::IF_NONE_MATCH, tag), "abc", Some(modified), now),
                "{tag}"
            );
        }
        let mut both = with(header::IF_NONE_MATCH, "\"abcd\"");
        both.insert(header::IF_MODIFIED_SINCE, http_date(modified).parse().unwrap());
        assert!(!is_unchanged(&both, "abc", Some(modified), now), "the tag decides alone");
        for (seconds, unchanged) in [(-1, false), (0, true), (301, true), (302, false)] {
            let date = http_date(modified.plus(seconds * SECOND));
            assert_eq!(
                is_unchanged(&with(header::IF_MODIFIED_SINCE, &date), "abc", Some(modified), now),
                unchanged
            );
        }
        assert!(!is_unchanged(
            &with(header::IF_MODIFIED_SINCE, "yesterday"),
            "abc",
            Some(modified),
            now
        ));
        assert_eq!(http_date(Millis(784_111_777_000)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
