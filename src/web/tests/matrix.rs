//! Conditional requests in all combinations of codings, tags and dates, before and after a change:
//! status, headers and body.

use std::io::Read as _;

use axum::http::Method;
use flate2::read::GzDecoder;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::domain::time::{DAY, MINUTE, Millis, SECOND, SignedDuration};
use crate::feeds::content_codings::compress_due;

const PATH: &str = "/feeds/news.rss";
/// `Accept-Encoding`, and the expected coding before and after the Brotli compression.
const CODINGS: [(Option<&str>, &str, &str); 7] = [
    (None, "", ""),
    (Some("gzip"), "gzip", "gzip"),
    (Some("gzip, deflate, br"), "gzip", "br"),
    (Some("br"), "", "br"),
    (Some("identity"), "", ""),
    (Some("gzip;q=0"), "", ""),
    (Some("identity;q=0, *;q=0.5"), "gzip", "gzip"),
];

/// Validators that a reader keeps from a response.
struct CachedResponse {
    hash: String,
    modified: Millis,
}

impl CachedResponse {
    fn of(answer: &TestResponse) -> Self {
        let hash = answer
            .header(header::ETAG)
            .trim_matches('"')
            .trim_end_matches("-gz")
            .trim_end_matches("-br")
            .to_owned();
        let date = jiff::fmt::rfc2822::parse(answer.header(header::LAST_MODIFIED)).unwrap();
        Self { hash, modified: Millis::from(date.timestamp()) }
    }

    /// Returns `If-None-Match` values, each with its relation to the kept version.
    fn tags(&self) -> Vec<(Option<String>, Tag)> {
        let hash = &self.hash;
        let with_tag = |text: String, tag| (Some(text), tag);
        vec![
            (None, Tag::None),
            with_tag(format!("\"{hash}\""), Tag::Same),
            with_tag(format!("W/\"{hash}\""), Tag::Same),
            with_tag(format!("\"{hash}-gz\""), Tag::Same),
            with_tag(format!("\"{hash}-br\""), Tag::Same),
            with_tag(format!("W/\"{hash}-gzip\""), Tag::Same),
            with_tag(format!("\"x\" ,  W/\"{hash}-gz\"  ,\"y\""), Tag::Same),
            with_tag("*".into(), Tag::Any),
            with_tag("\"0123456789ab\"".into(), Tag::Other),
            with_tag(format!("\"{hash}0\""), Tag::Other),
            with_tag("\"".into(), Tag::Other),
            with_tag(String::new(), Tag::Other),
        ]
    }

    /// Returns `If-Modified-Since` values, each with its offset from the kept date.
    fn dates(&self) -> Vec<(Option<String>, Option<SignedDuration>)> {
        let at = |difference: SignedDuration| {
            (Some(negotiation::http_date(self.modified.plus(difference))), Some(difference))
        };
        let civil = self.modified.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
        vec![
            (None, None),
            at(SignedDuration::ZERO),
            at(MINUTE),
            at(-DAY),
            // A wrong clock produced a date in the future; it says nothing.
            (Some(negotiation::http_date(self.modified.plus(DAY))), None),
            (
                Some(civil.strftime("%A, %d-%b-%y %H:%M:%S GMT").to_string()),
                Some(SignedDuration::ZERO),
            ),
            (Some(civil.strftime("%a %b %e %H:%M:%S %Y").to_string()), Some(SignedDuration::ZERO)),
            (Some("last Tuesday".into()), None),
        ]
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Tag {
    None,
    Same,
    Any,
    Other,
}

fn decoded(answer: &TestResponse) -> Vec<u8> {
    let mut body = Vec::new();
    match answer.header(header::CONTENT_ENCODING) {
        "gzip" => drop(GzDecoder::new(&answer.body[..]).read_to_end(&mut body).unwrap()),
        "br" => brotli::BrotliDecompress(&mut &answer.body[..], &mut body).unwrap(),
        _ => body.clone_from(&answer.body),
    }
    body
}

/// Sends all combinations of conditions made from `memory`; `since` is the time from that version
/// to the last change.
async fn check_all_requests(
    site: &Site,
    cached: &CachedResponse,
    since: SignedDuration,
    has_brotli: bool,
) {
    let plain = site.get(PATH).await;
    for (accept_encoding, before_brotli, after_brotli) in CODINGS {
        let coding = if has_brotli { after_brotli } else { before_brotli };
        for (tag_text, tag) in cached.tags() {
            for (date_text, date) in cached.dates() {
                let ask = |method: Method| {
                    let headers = [
                        (header::ACCEPT_ENCODING, accept_encoding),
                        (header::IF_NONE_MATCH, tag_text.as_deref()),
                        (header::IF_MODIFIED_SINCE, date_text.as_deref()),
                    ];
                    headers
                        .into_iter()
                        .filter_map(|(name, text)| Some((name, text?)))
                        .fold(Request::builder().uri(PATH).method(method), |r, (name, text)| {
                            r.header(name, text)
                        })
                };
                let case = format!("{accept_encoding:?} {tag_text:?} {date_text:?} {since}");
                let is_unchanged = match tag {
                    Tag::None => date.is_some_and(|date| date >= since),
                    Tag::Same => since.is_zero(),
                    Tag::Any => true,
                    Tag::Other => false,
                };
                let (get, head) =
                    (site.send(ask(Method::GET), "").await, site.send(ask(Method::HEAD), "").await);
                assert_eq!(
                    get.status,
                    if is_unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK },
                    "{case}"
                );
                assert!(
                    head.status == get.status
                        && head.headers == get.headers
                        && head.body.is_empty(),
                    "{case}"
                );
                check_validators(&get, &plain, coding, &case);
                if is_unchanged {
                    check_not_modified(&get, &case);
                } else {
                    check_full(&get, &plain, coding, &case);
                }
            }
        }
    }
}

/// Checks the entity tag and the headers that every response has, like the one without conditions.
fn check_validators(answer: &TestResponse, plain: &TestResponse, coding: &str, case: &str) {
    let suffix = match coding {
        "gzip" => "-gz",
        "br" => "-br",
        _ => "",
    };
    assert_eq!(
        answer.header(header::ETAG),
        format!("{}{suffix}\"", plain.header(header::ETAG).trim_end_matches('"')),
        "{case}"
    );
    for same in [
        header::LAST_MODIFIED,
        header::CACHE_CONTROL,
        header::VARY,
        header::LINK,
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        header::X_CONTENT_TYPE_OPTIONS,
    ] {
        assert!(
            plain.headers.contains_key(&same)
                && answer.headers.get(&same) == plain.headers.get(&same),
            "{same} {case}"
        );
    }
    assert!(!answer.headers.contains_key(header::SET_COOKIE), "{case}");
}

/// Checks a response 304: it has neither a body nor headers that describe one.
fn check_not_modified(answer: &TestResponse, case: &str) {
    let omitted = [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING];
    assert!(
        answer.body.is_empty() && omitted.iter().all(|name| !answer.headers.contains_key(name)),
        "{case}"
    );
}

/// Checks a response 200: its body, in the expected coding, and the headers that describe it.
fn check_full(answer: &TestResponse, plain: &TestResponse, coding: &str, case: &str) {
    assert_eq!(answer.header(header::CONTENT_ENCODING), coding, "{case}");
    assert_eq!(answer.header(header::CONTENT_LENGTH), answer.body.len().to_string(), "{case}");
    assert_eq!(
        (answer.header(header::ACCEPT_RANGES), answer.header(header::CONTENT_DISPOSITION)),
        ("none", "inline")
    );
    assert!(decoded(answer) == plain.body, "{case}");
}

#[tokio::test]
async fn every_conditional_request_gets_the_right_status_and_coding() {
    let site = Site::with_disk_cache().await;
    site.publish("One").await;
    let first = CachedResponse::of(&site.get(PATH).await);
    check_all_requests(&site, &first, SignedDuration::ZERO, false).await;
    let compress = async |now: Millis| {
        compress_due(&site.app.feed_cache, now, &CancellationToken::new()).await.unwrap()
    };
    assert_eq!(compress(site.app.now()).await, 0, "the feed has just changed");
    let later = site.app.now().plus(MINUTE);
    assert_eq!(
        (compress(later).await, compress(later).await),
        (1, 0),
        "only the requested format is compressed, once"
    );
    check_all_requests(&site, &first, SignedDuration::ZERO, true).await;

    site.publish("Two").await;
    let second = CachedResponse::of(&site.get(PATH).await);
    let since = second.modified.since(first.modified);
    assert!(since >= SECOND, "two versions must have different dates");
    check_all_requests(&site, &first, since, false).await;
    check_all_requests(&site, &second, SignedDuration::ZERO, false).await;
}

#[tokio::test]
async fn brotli_survives_a_restart_and_falls_back_to_gzip_when_its_file_is_corrupt() {
    let site = Site::with_disk_cache().await;
    site.publish("One").await;
    let ask = async |site: &Site| {
        site.send(Request::get(PATH).header(header::ACCEPT_ENCODING, "gzip, br"), "").await
    };
    let compress = async || {
        compress_due(&site.app.feed_cache, site.app.now().plus(MINUTE), &CancellationToken::new())
            .await
            .unwrap()
    };
    assert_eq!(compress().await, 0, "no client requested Brotli");
    assert_eq!(ask(&site).await.header(header::CONTENT_ENCODING), "gzip");
    assert_eq!(compress().await, 1);
    let before = ask(&site).await;
    assert_eq!(before.header(header::CONTENT_ENCODING), "br");
    let again = site.restarted();
    assert!(ask(&again).await.body == before.body);
    let other = again.restarted();
    for entry in std::fs::read_dir(&other.app.config.server.feed_cache_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "br") {
            std::fs::write(path, "corrupt").unwrap();
        }
    }
    let after = ask(&other).await;
    assert_eq!((after.status, after.header(header::CONTENT_ENCODING)), (StatusCode::OK, "gzip"));
    assert!(after.header(header::ETAG).ends_with("-gz\"") && decoded(&after) == decoded(&before));
    assert_eq!(
        ask(&again.restarted()).await.header(header::CONTENT_ENCODING),
        "gzip",
        "a corrupt file is not offered"
    );
}

#[tokio::test]
async fn unacceptable_content_codings_return_406() {
    let site = Site::new(false).await;
    site.publish("One").await;
    for path in [PATH, "/feeds/news.rss?null", "/old.xml"] {
        for accept_encoding in
            ["identity;q=0", "*;q=0", "deflate, identity;q=0", "br, identity;q=0"]
        {
            let rejected = site
                .send(Request::get(path).header(header::ACCEPT_ENCODING, accept_encoding), "")
                .await;
            assert_eq!(rejected.status, StatusCode::NOT_ACCEPTABLE, "{path} {accept_encoding}");
            assert!(
                rejected.header(header::VARY).contains("Accept-Encoding"),
                "{}",
                rejected.header(header::VARY)
            );
            assert_eq!(rejected.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        }
    }
}
