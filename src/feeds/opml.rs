//! OPML 2.0: one file that lists all public feeds.
//!
//! The file depends on the configuration alone. It has no date, because a date would be its only
//! content that differs between nodes.

use bytes::Bytes;
use html_escape::encode_double_quoted_attribute;
use sha2::{Digest as _, Sha256};

use super::format::Format;
use super::gzip;
use super::metadata::feed_language;
use super::text::FeedText;
use crate::config::{Config, Feed, Site};
use crate::domain::site_urls::SiteUrls;

/// Media type that feed readers expect when they import a list; none is registered with IANA.
pub const MEDIA_TYPE: &str = "text/x-opml";
/// File name in a directory, and path below the base URL.
pub const FILE_NAME: &str = "feeds.opml";

/// The feed list, ready to serve.
#[derive(Debug, Clone)]
pub struct Opml {
    /// Uncompressed body of the document.
    pub identity: Bytes,
    /// Body compressed with gzip.
    pub gzip: Bytes,
    /// Entity tag: a hash of the uncompressed bytes, without quotes.
    pub etag: String,
}

impl Opml {
    /// Returns the list of a configuration's public feeds. Returns `None` if there are none,
    /// because OPML requires at least one outline.
    pub fn from_config(config: &Config) -> Option<Self> {
        let text = document(config)?;
        let gzip = gzip::compress(text.as_bytes());
        let etag = hex::encode(&Sha256::digest(&text)[..16]);
        Some(Self { identity: text.into(), gzip, etag })
    }
}

/// Returns the document with one outline per public feed, in the order of the configuration.
fn document(config: &Config) -> Option<String> {
    let outlines: String = config.public_feeds().map(|feed| outline(&config.site, feed)).collect();
    if outlines.is_empty() {
        return None;
    }
    let site = &config.site;
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n<head>\n<title>{}</title>\n<ownerName>{}</ownerName>\n\
         <ownerId>{}</ownerId>\n<docs>http://opml.org/spec2.opml</docs>\n</head>\n<body>\n{outlines}</body>\n</opml>\n",
        escape(&site.title),
        escape(&site.title),
        escape(&format!("{}/", site.base_url)),
    ))
}

fn outline(site: &Site, feed: &Feed) -> String {
    let links = SiteUrls(&site.base_url);
    let language = feed.only_language();
    let title = escape(language.map_or(&feed.title, |tag| feed.title_in(tag)));
    let description = language
        .map_or(feed.description.as_deref(), |tag| feed.description_in(tag))
        .map(|text| format!(" description=\"{}\"", escape(text)))
        .unwrap_or_default();
    format!(
        "<outline type=\"rss\" version=\"RSS2\" text=\"{title}\" title=\"{title}\"{description} language=\"{}\" xmlUrl=\"{}\" htmlUrl=\"{}\"/>\n",
        escape(feed_language(site, feed).as_str()),
        escape(&links.feed(&feed.path(), Format::Rss.extension())),
        escape(&links.feed_page(&feed.path())),
    )
}

/// Escapes text for an element or a double-quoted attribute.
fn escape(text: &str) -> String {
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
        config.feeds[1].secret = Some("0123456789abcdef".into());
        config.feeds[2].selection.languages = vec!["zh_CN".into()];
        config.feeds[2].description = Some("a & b".into());
        let opml = Opml::from_config(&config).unwrap();
        let text = std::str::from_utf8(&opml.identity).unwrap();
        let document = roxmltree::Document::parse(text).unwrap();
        let outlines: Vec<_> =
            document.descendants().filter(|n| n.has_tag_name("outline")).collect();
        assert_eq!(outlines.len(), 2);
        let attribute = |i: usize, name: &str| outlines[i].attribute(name).unwrap().to_owned();
        assert_eq!(
            (attribute(0, "type"), attribute(0, "text"), attribute(0, "language")),
            ("rss".into(), "News".into(), "en".into())
        );
        assert_eq!(attribute(1, "xmlUrl"), "https://news.example.edu/feeds/f2.rss");
        assert_eq!(
            (attribute(1, "htmlUrl"), attribute(1, "title")),
            ("https://news.example.edu/feeds/f2".into(), "新闻 \"x\" <b>".into())
        );
        assert_eq!(
            (attribute(1, "language"), attribute(1, "description")),
            ("zh-CN".into(), "a & b".into())
        );
        assert!(!text.contains("0123456789abcdef") && !text.contains("Staff"));
        assert_eq!(opml.etag, Opml::from_config(&config).unwrap().etag);
        config.feeds.retain(|feed| feed.secret.is_some());
        assert!(Opml::from_config(&config).is_none());
    }

    proptest! {
        #[test]
        fn the_list_is_well_formed_for_any_titles(titles in prop::collection::vec(any::<String>(), 1..4)) {
            let opml = Opml::from_config(&config(&titles)).unwrap();
            let text = std::str::from_utf8(&opml.identity).unwrap();
            prop_assert!(xml::validate_document(text).is_ok(), "{text}");
            let document = roxmltree::Document::parse(text).unwrap();
            prop_assert_eq!(document.descendants().filter(|n| n.has_tag_name("outline")).count(), titles.len());
        }
    }
}
