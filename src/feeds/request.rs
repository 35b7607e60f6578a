//! Parses request paths below `/feeds/` and returns their canonical form.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::archive::ArchivePageRef;
use super::format::Format;
use crate::config::Config;
use crate::domain::selection::{Selection, TermKind, normalize_term};
use crate::domain::site_urls::{self, SiteUrls};

/// Facets by which a reader can narrow a feed, in the order of canonical paths.
pub const FEED_TERM_KINDS: [TermKind; 4] =
    [TermKind::Section, TermKind::Tag, TermKind::Author, TermKind::Language];
/// Maximum number of terms in one request.
const MAX_TERMS: usize = 8;
/// Maximum length of a term in bytes.
const MAX_TERM_BYTES: usize = 800;

/// A parsed request for a feed document or a feed's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRequest {
    /// Feed that is requested.
    pub selector: FeedSelector,
    /// Document of the feed that is requested.
    pub kind: DocumentKind,
    /// Format of the document; `None` for the HTML page.
    pub format: Option<Format>,
}

/// Selects one feed: declared, private or on demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedSelector {
    /// Name of a declared feed, which may not exist; `None` for all articles of the site.
    pub feed_name: Option<String>,
    /// Secret part of a private feed's path.
    pub secret: Option<String>,
    /// Terms that narrow the feed.
    pub terms: Selection,
}

/// Document of a feed: the newest articles or an archive page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// The feed document itself, with the newest articles.
    Newest,
    /// One page of the archive.
    Page(ArchivePageRef),
    /// The document after an archive page, which is a redirect.
    NextOf(ArchivePageRef),
}

impl FeedRequest {
    /// Parses the percent-encoded path after `/feeds/` and the query: `news.rss`,
    /// `section/R%26D.atom`, `news/archive/2026-08.json`, or `news/tag/jobs/language/zh.json`,
    /// which is equivalent to `news.json?tag=jobs&language=zh`. Ignores unknown query parameters,
    /// because feed readers append some.
    pub fn from_path(path: &str, query: Option<&str>) -> Option<Self> {
        let mut segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let (last, format) = split_format(segments.pop()?);
        segments.push(last);
        let (rest, kind) = split_document_kind(&segments)?;
        let (mut selector, terms) = split_feed(rest)?;
        for pair in terms.chunks(2) {
            let [kind, name] = pair else { return None };
            selector.add_term(parse_term_kind(kind)?, &percent_decode(name)?)?;
        }
        selector.add_query_terms(query)?;
        Some(Self { selector, kind, format })
    }

    /// Parses the path of an HTML page whose last term ends like a format, for example
    /// `section/package.json`. Returns `None` for other paths.
    pub fn from_path_ignoring_format(path: &str, query: Option<&str>) -> Option<Self> {
        let (start, last) = path.trim_end_matches('/').rsplit_once('/')?;
        let (_, format) = split_format(last);
        format?;
        // An encoded dot does not separate an extension.
        let request = Self::from_path(&format!("{start}/{}", last.replace('.', "%2E")), query)?;
        Some(request).filter(|request| request.selector.terms != Selection::default())
    }

    /// Parses the query of `/feeds.rss?section=…&tag=…`. Returns `None` if it has no term.
    pub fn from_query(format: Format, query: &str) -> Option<Self> {
        let mut selector = FeedSelector::default();
        selector.add_query_terms(Some(query))?;
        (selector != FeedSelector::default()).then_some(Self {
            selector,
            kind: DocumentKind::Newest,
            format: Some(format),
        })
    }
}

impl FeedSelector {
    fn add_query_terms(&mut self, query: Option<&str>) -> Option<()> {
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if let Some(kind) = parse_term_kind(&key) {
                self.add_term(kind, &value)?;
            }
        }
        Some(())
    }

    fn add_term(&mut self, kind: TermKind, name: &str) -> Option<()> {
        let list = self.terms.list_mut(kind);
        list.push(parse_term(name)?);
        list.sort();
        list.dedup();
        let terms: usize = FEED_TERM_KINDS.iter().map(|kind| self.terms.list(*kind).len()).sum();
        (terms <= MAX_TERMS).then_some(())
    }

    /// Returns the canonical path after `/feeds/`, without a format.
    pub fn path(&self) -> String {
        let start = self.feed_name.iter().chain(&self.secret).cloned();
        let terms = FEED_TERM_KINDS
            .iter()
            .flat_map(|kind| self.terms.list(*kind).iter().map(move |term| (kind, term)));
        let terms = terms
            .map(|(kind, term)| format!("{}/{}", kind.as_str(), site_urls::encode_segment(term)));
        start.chain(terms).collect::<Vec<_>>().join("/")
    }
}

impl FeedRequest {
    /// Returns the request with the feed's current name if the requested name is a former one, and
    /// `None` otherwise.
    pub fn with_current_name(&self, config: &Config) -> Option<Self> {
        let name = self.selector.feed_name.as_ref()?;
        let feed = config
            .feeds
            .iter()
            .find(|feed| feed.former_names.contains(name) && feed.secret == self.selector.secret)?;
        let selector = FeedSelector { feed_name: Some(feed.name.clone()), ..self.selector.clone() };
        Some(Self { selector, ..self.clone() })
    }

    /// Returns the canonical URL, below `base_url`.
    pub fn url(&self, config: &Config) -> String {
        let page = match self.kind {
            DocumentKind::Newest => String::new(),
            DocumentKind::Page(page) => format!("/archive/{page}"),
            DocumentKind::NextOf(page) => format!("/archive/{page}/next"),
        };
        let format =
            self.format.map(|format| format!(".{}", format.extension())).unwrap_or_default();
        format!(
            "{}{page}{format}",
            SiteUrls(&config.site.base_url).feed_page(&self.selector.path())
        )
    }
}

/// Parses the name of a kind of terms in feed URLs.
fn parse_term_kind(name: &str) -> Option<TermKind> {
    TermKind::parse(name).filter(|kind| FEED_TERM_KINDS.contains(kind))
}

/// Splits off the path segments that select an archive page.
fn split_document_kind<'a, 's>(segments: &'a [&'s str]) -> Option<(&'a [&'s str], DocumentKind)> {
    match segments {
        // A term can be called "archive" too.
        [rest @ .., "archive", page] if page.parse::<ArchivePageRef>().is_ok() => {
            Some((rest, DocumentKind::Page(page.parse().ok()?)))
        }
        [rest @ .., "archive", page, "next"] if page.parse::<ArchivePageRef>().is_ok() => {
            Some((rest, DocumentKind::NextOf(page.parse().ok()?)))
        }
        _ => Some((segments, DocumentKind::Newest)),
    }
}

/// Splits the path into the feed (all articles, a declared feed, or a private feed with its secret)
/// and the segments of the terms.
fn split_feed<'a, 's>(segments: &'a [&'s str]) -> Option<(FeedSelector, &'a [&'s str])> {
    let declared = |name: &str, secret: Option<&str>| FeedSelector {
        feed_name: Some(name.to_owned()),
        secret: secret.map(str::to_owned),
        terms: Selection::default(),
    };
    match segments {
        [] | [""] => None,
        // A feed can have the name of a kind of terms; a path that narrows it has an odd number of
        // segments.
        [kind, _, ..] if parse_term_kind(kind).is_some() && segments.len().is_multiple_of(2) => {
            Some((FeedSelector::default(), segments))
        }
        [name] => Some((declared(name, None), &[])),
        [name, kind, rest @ ..] if parse_term_kind(kind).is_some() && !rest.is_empty() => {
            Some((declared(name, None), &segments[1..]))
        }
        [name, secret, ..] => Some((declared(name, Some(secret)), &segments[2..])),
    }
}

/// Splits the last segment into its name and the format of its extension.
fn split_format(last: &str) -> (&str, Option<Format>) {
    let split = last
        .rsplit_once('.')
        .and_then(|(name, extension)| Some((name, Format::from_extension(extension)?)));
    match split {
        Some((name, format)) if !name.is_empty() => (name, Some(format)),
        _ => (last, None),
    }
}

fn percent_decode(segment: &str) -> Option<String> {
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// Returns a term in the form used for comparisons, or `None` if it is empty, too long or contains
/// a NUL character.
fn parse_term(name: &str) -> Option<String> {
    Some(normalize_term(name))
        .filter(|term| !term.is_empty() && term.len() <= MAX_TERM_BYTES && !term.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(kind: TermKind, name: &str) -> FeedSelector {
        let mut selector = FeedSelector::default();
        selector.terms.list_mut(kind).push(name.to_owned());
        selector
    }

    fn named_feed(name: &str) -> FeedSelector {
        FeedSelector { feed_name: Some(name.to_owned()), ..FeedSelector::default() }
    }

    /// Request of a path: the path, and the parts of the expected request.
    type Case = (&'static str, FeedSelector, DocumentKind, Option<Format>);

    fn assert_requests(cases: impl IntoIterator<Item = Case>) {
        for (path, selector, kind, format) in cases {
            assert_eq!(
                FeedRequest::from_path(path, None),
                Some(FeedRequest { selector, kind, format }),
                "{path}"
            );
        }
    }

    #[test]
    fn a_path_selects_a_feed_an_archive_page_or_the_document_after_it() {
        let page: ArchivePageRef = "2026-08-2".parse().unwrap();
        let secret =
            FeedSelector { secret: Some("0123456789abcdef".to_owned()), ..named_feed("staff") };
        assert_requests([
            ("news.rss", named_feed("news"), DocumentKind::Newest, Some(Format::Rss)),
            ("news", named_feed("news"), DocumentKind::Newest, None),
            ("news.atom/", named_feed("news"), DocumentKind::Newest, Some(Format::Atom)),
            ("section.rss", named_feed("section"), DocumentKind::Newest, Some(Format::Rss)),
            (
                "news/archive/2026-08-2.json",
                named_feed("news"),
                DocumentKind::Page(page),
                Some(Format::Json),
            ),
            (
                "section/archive/2026-08-2.json",
                named_feed("section"),
                DocumentKind::Page(page),
                Some(Format::Json),
            ),
            (
                "news/archive/2026-08-2/next.rss",
                named_feed("news"),
                DocumentKind::NextOf(page),
                Some(Format::Rss),
            ),
            ("staff/0123456789abcdef.rss", secret, DocumentKind::Newest, Some(Format::Rss)),
        ]);
    }

    #[test]
    fn a_path_selects_the_articles_with_a_term() {
        let page: ArchivePageRef = "2026-08-2".parse().unwrap();
        assert_requests([
            (
                "section/tag/jobs.json",
                FeedSelector { feed_name: Some("section".into()), ..only(TermKind::Tag, "jobs") },
                DocumentKind::Newest,
                Some(Format::Json),
            ),
            (
                "section/archive.json",
                only(TermKind::Section, "archive"),
                DocumentKind::Newest,
                Some(Format::Json),
            ),
            (
                "section/R%26D.rss",
                only(TermKind::Section, "r&d"),
                DocumentKind::Newest,
                Some(Format::Rss),
            ),
            ("tag/a%2Fb", only(TermKind::Tag, "a/b"), DocumentKind::Newest, None),
            ("tag/v1.5", only(TermKind::Tag, "v1.5"), DocumentKind::Newest, None),
            (
                "author/%E7%8E%8B.atom",
                only(TermKind::Author, "王"),
                DocumentKind::Newest,
                Some(Format::Atom),
            ),
            (
                "language/zh-CN/archive/2026-08-2.rss",
                only(TermKind::Language, "zh-cn"),
                DocumentKind::Page(page),
                Some(Format::Rss),
            ),
            (
                "news/tag/Jobs.rss",
                FeedSelector { feed_name: Some("news".into()), ..only(TermKind::Tag, "jobs") },
                DocumentKind::Newest,
                Some(Format::Rss),
            ),
        ]);
        for invalid in ["", "tag/%FF.rss", "tag/a/b/c.rss", "tag/a/source/college.rss"] {
            assert_eq!(FeedRequest::from_path(invalid, None), None, "{invalid}");
        }
    }

    #[test]
    fn a_term_can_end_like_a_format() {
        let page = FeedRequest::from_path_ignoring_format("section/package.json", None).unwrap();
        assert_eq!((page.selector, page.format), (only(TermKind::Section, "package.json"), None));
        for invalid in ["news.rss", "section/package", "news/archive/2026-08.rss"] {
            assert_eq!(FeedRequest::from_path_ignoring_format(invalid, None), None, "{invalid}");
        }
    }

    #[test]
    fn terms_have_one_canonical_path_regardless_of_order_and_unknown_parameters() {
        let path = |path: &str, query: &str| {
            FeedRequest::from_path(path, Some(query)).unwrap().selector.path()
        };
        assert_eq!(
            path("news.rss", "tag=B&section=x&tag=a&utm_source=r"),
            "news/section/x/tag/a/tag/b"
        );
        assert_eq!(path("section/X.rss", "tag=a&tag=b&tag=A&null"), "section/x/tag/a/tag/b");
        assert_eq!(path("section/x/tag/a/tag/b.rss", ""), "section/x/tag/a/tag/b");
        assert_eq!(
            FeedRequest::from_query(Format::Rss, "section=R%26D").unwrap().selector.path(),
            "section/r%26d"
        );
        assert!(FeedRequest::from_query(Format::Rss, "null").is_none());
        assert!(
            FeedRequest::from_query(
                Format::Rss,
                "tag=a&tag=b&tag=c&tag=d&tag=e&tag=f&tag=g&tag=h&tag=i"
            )
            .is_none()
        );
    }
}
