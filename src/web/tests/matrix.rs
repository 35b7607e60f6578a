//! Every way to ask for a feed again, in every coding, before and after news: status, headers, bytes.

use std::io::Read as _;

use axum::http::Method;
use flate2::read::GzDecoder;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::domain::time::{DAY, MINUTE, Millis};
use crate::feeds::codings::compress_due;

const PATH: &str = "/feeds/news.rss";
/// What `Accept-Encoding` says, and the coding that is sent before and after Brotli was made.
const CODINGS: [(Option<&str>, &str, &str); 7] = [
    (None, "", ""),
    (Some("gzip"), "gzip", "gzip"),
    (Some("gzip, deflate, br"), "gzip", "br"),
    (Some("br"), "", "br"),
    (Some("identity"), "", ""),
    (Some("gzip;q=0"), "", ""),
    (Some("identity;q=0, *;q=0.5"), "gzip", "gzip"),
];

/// What a reader remembers of an answer.
struct Memory {
    hash: String,
    modified: Millis,
}

impl Memory {
    fn of(answer: &Answer) -> Self {
        let hash = answer
            .header(header::ETAG)
            .trim_matches('"')
            .trim_end_matches("-gz")
            .trim_end_matches("-br")
            .to_owned();
        let date = jiff::fmt::rfc2822::parse(answer.header(header::LAST_MODIFIED)).unwrap();
        Self { hash, modified: Millis::from(date.timestamp()) }
    }

    /// Tags to send, and whether they name what is remembered; or whatever there is.
    fn tags(&self) -> Vec<(Option<String>, Tag)> {
        let hash = &self.hash;
        let said = |text: String, tag| (Some(text), tag);
        vec![
            (None, Tag::None),
            said(format!("\"{hash}\""), Tag::Same),
            said(format!("W/\"{hash}\""), Tag::Same),
            said(format!("\"{hash}-gz\""), Tag::Same),
            said(format!("\"{hash}-br\""), Tag::Same),
            said(format!("W/\"{hash}-gzip\""), Tag::Same),
            said(format!("\"x\" ,  W/\"{hash}-gz\"  ,\"y\""), Tag::Same),
            said("*".into(), Tag::Any),
            said("\"0123456789ab\"".into(), Tag::Other),
            said(format!("\"{hash}0\""), Tag::Other),
            said("\"".into(), Tag::Other),
            said(String::new(), Tag::Other),
        ]
    }

    /// Dates to send, and how they lie to what is remembered.
    fn dates(&self) -> Vec<(Option<String>, Option<i64>)> {
        let at = |difference: i64| {
            (Some(negotiation::http_date(self.modified.plus(difference))), Some(difference))
        };
        let civil = self.modified.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
        vec![
            (None, None),
            at(0),
            at(DAY),
            at(-DAY),
            (Some(civil.strftime("%A, %d-%b-%y %H:%M:%S GMT").to_string()), Some(0)),
            (Some(civil.strftime("%a %b %e %H:%M:%S %Y").to_string()), Some(0)),
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

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut body = Vec::new();
    match answer.header(header::CONTENT_ENCODING) {
        "gzip" => drop(GzDecoder::new(&answer.body[..]).read_to_end(&mut body).unwrap()),
        "br" => brotli::BrotliDecompress(&mut &answer.body[..], &mut body).unwrap(),
        _ => body.clone_from(&answer.body),
    }
    body
}

/// Asks in all ways, with what is remembered from `memory`; `since` are milliseconds from there to the last change.
async fn asked_in_all_ways(site: &Site, memory: &Memory, since: i64, has_brotli: bool) {
    let plain = site.get(PATH).await;
    for (accepted, without, with) in CODINGS {
        let coding = if has_brotli { with } else { without };
        for (tag_text, tag) in memory.tags() {
            for (date_text, date) in memory.dates() {
                let ask = |method: Method| {
                    let request = Request::builder().uri(PATH).method(method);
                    let request = accepted
                        .into_iter()
                        .fold(request, |r, text| r.header(header::ACCEPT_ENCODING, text));
                    let request = tag_text
                        .iter()
                        .fold(request, |r, text| r.header(header::IF_NONE_MATCH, text));
                    date_text
                        .iter()
                        .fold(request, |r, text| r.header(header::IF_MODIFIED_SINCE, text))
                };
                let case = format!("{accepted:?} {tag_text:?} {date_text:?} {since}");
                let is_unchanged = match tag {
                    Tag::None => date.is_some_and(|date| date >= since),
                    Tag::Same => since == 0,
                    Tag::Any => true,
                    Tag::Other => false,
                };
                let (got, head) =
                    (site.ask(ask(Method::GET), "").await, site.ask(ask(Method::HEAD), "").await);
                assert_eq!(
                    got.status,
                    if is_unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK },
                    "{case}"
                );
                assert!(
                    head.status == got.status
                        && head.headers == got.headers
                        && head.body.is_empty(),
                    "{case}"
                );
                let suffix = match coding {
                    "gzip" => "-gz",
                    "br" => "-br",
                    _ => "",
                };
                assert_eq!(
                    got.header(header::ETAG),
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
                            && got.headers.get(&same) == plain.headers.get(&same),
                        "{same} {case}"
                    );
                }
                assert!(!got.headers.contains_key(header::SET_COOKIE), "{case}");
                if is_unchanged {
                    let silent =
                        [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING];
                    assert!(
                        got.body.is_empty()
                            && silent.iter().all(|name| !got.headers.contains_key(name)),
                        "{case}"
                    );
                } else {
                    assert_eq!(got.header(header::CONTENT_ENCODING), coding, "{case}");
                    assert_eq!(
                        got.header(header::CONTENT_LENGTH),
                        got.body.len().to_string(),
                        "{case}"
                    );
                    assert_eq!(
                        (
                            got.header(header::ACCEPT_RANGES),
                            got.header(header::CONTENT_DISPOSITION)
                        ),
                        ("none", "inline")
                    );
                    assert!(decoded(&got) == plain.body, "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn whoever_asks_again_is_told_what_is_true_in_the_coding_they_like() {
    let site = Site::kept().await;
    site.publish("One").await;
    let first = Memory::of(&site.get(PATH).await);
    asked_in_all_ways(&site, &first, 0, false).await;
    let compress = async |now: Millis| {
        compress_due(&site.app.shelf, now, &CancellationToken::new()).await.unwrap()
    };
    assert_eq!(compress(site.app.now()).await, 0, "it has just changed");
    let later = site.app.now().plus(MINUTE);
    assert_eq!(
        (compress(later).await, compress(later).await),
        (1, 0),
        "the only format that was asked for in Brotli, once"
    );
    asked_in_all_ways(&site, &first, 0, true).await;

    site.publish("Two").await;
    let second = Memory::of(&site.get(PATH).await);
    let since = second.modified.0 - first.modified.0;
    assert!(since >= 1_000, "two versions never have one date");
    asked_in_all_ways(&site, &first, since, false).await;
    asked_in_all_ways(&site, &second, 0, false).await;
}

#[tokio::test]
async fn brotli_outlives_a_restart_and_is_done_without_where_it_was_lost() {
    let site = Site::kept().await;
    site.publish("One").await;
    let ask = async |site: &Site| {
        site.ask(Request::get(PATH).header(header::ACCEPT_ENCODING, "gzip, br"), "").await
    };
    let compress = async || {
        compress_due(&site.app.shelf, site.app.now().plus(MINUTE), &CancellationToken::new())
            .await
            .unwrap()
    };
    assert_eq!(compress().await, 0, "nobody wants it");
    assert_eq!(ask(&site).await.header(header::CONTENT_ENCODING), "gzip");
    assert_eq!(compress().await, 1);
    let before = ask(&site).await;
    assert_eq!(before.header(header::CONTENT_ENCODING), "br");
    let again = site.restarted();
    assert!(ask(&again).await.body == before.body);
    let other = again.restarted();
    for entry in std::fs::read_dir(&other.app.config.server.made_feeds).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "br") {
            std::fs::write(path, "torn").unwrap();
        }
    }
    let after = ask(&other).await;
    assert_eq!((after.status, after.header(header::CONTENT_ENCODING)), (StatusCode::OK, "gzip"));
    assert!(after.header(header::ETAG).ends_with("-gz\"") && decoded(&after) == decoded(&before));
    assert_eq!(
        ask(&again.restarted()).await.header(header::CONTENT_ENCODING),
        "gzip",
        "what is torn is not promised"
    );
}

#[tokio::test]
async fn a_client_that_takes_no_coding_of_ours_is_told_so() {
    let site = Site::new(false).await;
    site.publish("One").await;
    for path in [PATH, "/feeds/news.rss?null", "/old.xml"] {
        for refusing in ["identity;q=0", "*;q=0", "deflate, identity;q=0", "br, identity;q=0"] {
            let refused =
                site.ask(Request::get(path).header(header::ACCEPT_ENCODING, refusing), "").await;
            assert_eq!(refused.status, StatusCode::NOT_ACCEPTABLE, "{path} {refusing}");
            assert!(
                refused.header(header::VARY).contains("Accept-Encoding"),
                "{}",
                refused.header(header::VARY)
            );
            assert_eq!(refused.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        }
    }
}
