//! OPML 2.0: one file that tells a reader of all public feeds.
//!
//! It names no date: what it says depends on the configuration alone, and a date would be the only thing in it that could
//! differ between nodes.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use html_escape::encode_double_quoted_attribute;
use sha2::{Digest as _, Sha256};

use super::feed::language_of;
use super::format::Format;
use super::text::FeedText;
use crate::config::{Config, Feed, Site};
use crate::domain::links::Links;

/// What a reader that imports lists expects; RFC 9110 knows no registered name.
pub const MEDIA_TYPE: &str = "text/x-opml";
/// Its name in a folder, and behind the base address.
pub const FILE: &str = "feeds.opml";

/// The list, ready to be served.
#[derive(Debug, Clone)]
pub struct Opml {
    /// The bytes as they are.
    pub identity: Bytes,
    /// The same, compressed by gzip.
    pub gzip: Bytes,
    /// A hash of them, without quotes.
    pub etag: String,
}

impl Opml {
    /// The list of a configuration's public feeds; `None` where it has none, for OPML needs one.
    pub fn of(config: &Config) -> Option<Self> {
        let text = document(config)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // Into memory, which takes everything.
        gzip.write_all(text.as_bytes()).ok()?;
        let gzip = gzip.finish().ok()?;
        let etag = Sha256::digest(&text).iter().take(16).map(|b| format!("{b:02x}")).collect();
        Some(Self { identity: text.into(), gzip: gzip.into(), etag })
    }
}

/// The document: one outline for each public feed, in the configuration's order.
fn document(config: &Config) -> Option<String> {
    let outlines: String = config.public_feeds().map(|feed| outline(&config.site, feed)).collect();
    if outlines.is_empty() {
        return None;
    }
    let site = &config.site;
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n<head>\n<title>{}</title>\n<ownerName>{}</ownerName>\n\
         <ownerId>{}</ownerId>\n<docs>http://opml.org/spec2.opml</docs>\n</head>\n<body>\n{outlines}</body>\n</opml>\n",
        escaped(&site.title),
        escaped(&site.title),
        escaped(&format!("{}/", site.base_url)),
    ))
}

fn outline(site: &Site, feed: &Feed) -> String {
    let links = Links(&site.base_url);
    let title = escaped(&feed.title);
    let description = feed
        .description
        .as_deref()
        .map(|text| format!(" description=\"{}\"", escaped(text)))
        .unwrap_or_default();
    format!(
        "<outline type=\"rss\" version=\"RSS2\" text=\"{title}\" title=\"{title}\"{description} language=\"{}\" xmlUrl=\"{}\" htmlUrl=\"{}\"/>\n",
        escaped(language_of(site, feed).as_str()),
        escaped(&links.feed(&feed.path(), Format::Rss.extension())),
        escaped(&links.feed_page(&feed.path())),
    )
}

/// Text as it may stand in an element or between double quotes.
fn escaped(text: &str) -> String {
    encode_double_quoted_attribute(FeedText::line(text).as_str()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Content;
    use crate::domain::selection::Selection;
    use crate::domain::xml;

    fn config(titles: &[String]) -> Config {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(
            file.path(),
            "[site]\ntitle = \"College & Sons\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\n\
             [database]\nurl = \"sqlite://x.db\"\n",
        )
        .unwrap();
        let mut config = Config::load(file.path(), std::iter::empty()).unwrap();
        config.feeds = titles
            .iter()
            .enumerate()
            .map(|(i, title)| Feed {
                title: title.clone(),
                ..Feed::on_demand(format!("f{i}"), Selection::default(), 9, Content::Full)
            })
            .collect();
        config
    }

    #[test]
    fn each_public_feed_has_one_outline_and_a_private_one_none() {
        let mut config = config(&["News".into(), "Staff".into(), "新闻 \"x\" <b>".into()]);
        config.feeds[1].private = Some("0123456789abcdef".into());
        config.feeds[2].selection.languages = vec!["zh_CN".into()];
        config.feeds[2].description = Some("a & b".into());
        let made = Opml::of(&config).unwrap();
        let text = std::str::from_utf8(&made.identity).unwrap();
        let document = roxmltree::Document::parse(text).unwrap();
        let outlines: Vec<_> =
            document.descendants().filter(|n| n.has_tag_name("outline")).collect();
        assert_eq!(outlines.len(), 2);
        let of = |i: usize, name: &str| outlines[i].attribute(name).unwrap().to_owned();
        assert_eq!(
            (of(0, "type"), of(0, "text"), of(0, "language")),
            ("rss".into(), "News".into(), "en".into())
        );
        assert_eq!(of(1, "xmlUrl"), "https://news.example.edu/feeds/f2.rss");
        assert_eq!(
            (of(1, "htmlUrl"), of(1, "title")),
            ("https://news.example.edu/feeds/f2".into(), "新闻 \"x\" <b>".into())
        );
        assert_eq!((of(1, "language"), of(1, "description")), ("zh-CN".into(), "a & b".into()));
        assert!(!text.contains("0123456789abcdef") && !text.contains("Staff"));
        assert_eq!(made.etag, Opml::of(&config).unwrap().etag);
        config.feeds.retain(|feed| feed.private.is_some());
        assert!(Opml::of(&config).is_none());
    }

    proptest! {
        #[test]
        fn whatever_a_title_holds_the_list_is_well_formed(titles in prop::collection::vec(any::<String>(), 1..4)) {
            let made = Opml::of(&config(&titles)).unwrap();
            let text = std::str::from_utf8(&made.identity).unwrap();
            prop_assert!(xml::document(text).is_ok(), "{text}");
            let document = roxmltree::Document::parse(text).unwrap();
            prop_assert_eq!(document.descendants().filter(|n| n.has_tag_name("outline")).count(), titles.len());
        }
    }
}
