//! The data model of a WordPress site, and the data that rendering a post may request.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::address::SiteAddress;
use super::elementor::Layout;
use super::languages::Languages;
use super::member_plugins::VisiblePart;
use crate::sources::php::Value;

/// Non-empty defaults of WordPress for options without a row.
const DEFAULT_OPTIONS: [(&str, &str); 4] = [
    ("date_format", "F j, Y"),
    ("default_category", "1"),
    ("start_of_week", "1"),
    ("use_smilies", "1"),
];

/// A category, tag or other taxonomy term.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) taxonomy: String,
    pub(super) parent: u64,
    pub(super) count: u64,
    /// Rank by name, in the collation of the database.
    pub(super) rank: usize,
    /// `true` if an export states that a plugin restricts its posts to members.
    pub(super) is_restricted: bool,
}

/// Names of the category that WordPress gives to posts without one, in languages that keep its slug.
const DEFAULT_CATEGORY_NAMES: [&str; 4] = ["Uncategorized", "Uncategorised", "未分类", "未分類"];

impl Term {
    /// Returns `true` for the category of posts without one. A site that gave it a name of its own,
    /// such as "News", usually kept its slug.
    pub(super) fn is_default_category(&self) -> bool {
        self.taxonomy == "category"
            && matches!(self.slug.as_str(), "uncategorized" | "uncategorised")
            && DEFAULT_CATEGORY_NAMES.contains(&self.name.trim())
    }
}

/// An author of posts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) nicename: String,
}

/// A row of the posts table: an article, page, attachment or reusable block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Post {
    pub(super) id: u64,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) title: String,
    pub(super) slug: String,
    /// Local time as stored in the database.
    pub(super) date: String,
    pub(super) date_gmt: String,
    pub(super) modified: String,
    pub(super) modified_gmt: String,
    pub(super) parent: u64,
    pub(super) author: u64,
    pub(super) excerpt: String,
    pub(super) guid: String,
    pub(super) mime: String,
    pub(super) protected: bool,
    /// Unrendered body; `None` if it was not requested.
    pub(super) content: Option<String>,
    /// Terms of all taxonomies by name, as WordPress lists them.
    pub(super) terms: Vec<u64>,
    pub(super) thumbnail: Option<u64>,
    /// File of an attachment, relative to the uploads directory.
    pub(super) file: Option<String>,
    pub(super) alt: String,
    /// Width and height of an image in pixels.
    pub(super) size: Option<(u32, u32)>,
    /// Footnotes in the editor's format: a JSON list.
    pub(super) footnotes: String,
    /// Metadata that may name an audio or video file: keys and values, oldest first.
    pub(super) file_metadata: Vec<(String, String)>,
    /// Part that visitors see if a plugin restricts the post; `None` if none does.
    pub(super) access: Option<VisiblePart>,
    /// Layout that the page shows instead of the stored body.
    pub(super) layout: Layout,
    /// Sentences about parts of the body that plugins hide from visitors.
    pub(super) hidden_notes: Vec<String>,
}

/// A query for a list of posts: filters, order and limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PostQuery {
    /// Post type of the listed posts.
    pub(super) kind: String,
    pub(super) order: Order,
    pub(super) ascending: bool,
    /// Maximum number of posts; 0 means the largest number that the reader permits.
    pub(super) limit: u32,
    pub(super) offset: u32,
    /// Groups of categories or tags; a post needs one of each group.
    pub(super) terms: Vec<Vec<u64>>,
    pub(super) author: Option<u64>,
    /// Posts above the listed ones; empty means no restriction.
    pub(super) parents: Vec<u64>,
    /// The only posts that may be listed; `None` means no restriction.
    pub(super) include: Option<Vec<u64>>,
    pub(super) exclude: Vec<u64>,
    /// Prefix of the media type.
    pub(super) mime: String,
    /// Words of which a post contains each in its title, excerpt or body.
    pub(super) search: Vec<String>,
    /// `true` if the sticky posts of the site precede the others.
    pub(super) sticky_first: bool,
}

/// The sort key of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Order {
    #[default]
    Date,
    Modified,
    Title,
    /// The order of pages, then the title.
    Menu,
    /// The order of the files of a post, then the id.
    MenuThenId,
    Id,
    Comments,
}

/// The posts of a list, and their number without the limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PostList {
    pub(super) ids: Vec<u64>,
    pub(super) total: u64,
}

/// A comment, as shown in lists of the latest comments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) post: u64,
    pub(super) author: String,
    pub(super) author_url: String,
    pub(super) date: String,
    pub(super) text: String,
}

/// Data that must be read from the database before a post can be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum DataRequest {
    /// A post, without its body.
    Post(u64),
    /// The body of a post.
    Body(u64),
    /// The ids of a list, and its posts without bodies.
    List(PostQuery),
    /// The months with published posts.
    Months,
    /// The days with published posts.
    Days,
    /// The latest approved comments on public posts.
    Comments,
    /// The biography of an author.
    Biography(u64),
}

/// A snapshot of the site: its options, terms and authors, and the data requested so far.
#[derive(Debug, Clone, Default)]
pub(super) struct WordPressSite {
    pub(super) options: HashMap<String, String>,
    pub(super) address: SiteAddress,
    pub(super) terms: BTreeMap<u64, Term>,
    pub(super) users: HashMap<u64, User>,
    /// Time zone of the site, else of the source's configuration.
    pub(super) time_zone: Option<TimeZone>,
    /// Time of the database's clock at the start of the sync.
    pub(super) now: Timestamp,
    /// Posts by id; `None` for a post that was requested and does not exist.
    pub(super) posts: HashMap<u64, Option<Post>>,
    pub(super) lists_by_query: HashMap<PostQuery, PostList>,
    /// Year, month and number of posts, newest first; `None` until they are read.
    pub(super) months: Option<Vec<(i16, i8, u64)>>,
    /// Date and number of posts, newest first; `None` until they are read.
    pub(super) days: Option<Vec<(Date, u64)>>,
    /// Newest comments; `None` until they are read.
    pub(super) comments: Option<Vec<Comment>>,
    pub(super) biographies: HashMap<u64, String>,
    /// Uploads path of a site in a network, below its URL.
    pub(super) network_uploads_path: Option<String>,
    /// Languages from Polylang, WPML or qTranslate.
    pub(super) languages: Languages,
}

impl WordPressSite {
    /// Returns the value of an option; empty if it is not set.
    pub(super) fn option(&self, name: &str) -> &str {
        let usual = || {
            DEFAULT_OPTIONS.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
        };
        self.options.get(name).map_or_else(usual, String::as_str)
    }

    /// Returns the time zone of local times.
    pub(super) fn zone(&self) -> TimeZone {
        self.time_zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Returns the public URL without a trailing slash.
    pub(super) fn home(&self) -> &str {
        let home = self.option("home");
        if home.is_empty() { self.option("siteurl") } else { home }.trim_end_matches('/')
    }

    /// Returns the ids of the sticky posts.
    pub(super) fn sticky_posts(&self) -> Vec<u64> {
        let Some(stored) = Value::parse(self.option("sticky_posts").trim()) else {
            return Vec::new();
        };
        let keys = stored.entries().iter().map(|(key, _)| key);
        keys.filter_map(|key| u64::try_from(stored.number(key)).ok()).collect()
    }

    /// Returns the terms of one taxonomy among the given ids, in their order.
    pub(super) fn terms_of<'a>(
        &'a self,
        ids: &'a [u64],
        taxonomy: &'a str,
    ) -> impl Iterator<Item = &'a Term> {
        ids.iter().filter_map(|id| self.terms.get(id)).filter(move |term| term.taxonomy == taxonomy)
    }

    /// Returns the URL of uploaded files.
    pub(super) fn uploads_url(&self) -> String {
        let given = self.option("upload_url_path");
        if !given.is_empty() {
            return given.trim_end_matches('/').to_owned();
        }
        let site = self.option("siteurl").trim_end_matches('/');
        let path = self.option("upload_path").trim();
        if path.is_empty() || path.starts_with('/') || path.contains(':') {
            return format!(
                "{site}/{}",
                self.network_uploads_path.as_deref().unwrap_or("wp-content/uploads")
            );
        }
        format!("{site}/{}", path.trim_matches('/'))
    }

    /// Returns the URL of the file of an attachment.
    pub(super) fn file_url(&self, attachment: &Post) -> String {
        let Some(file) = attachment.file.as_deref().filter(|file| !file.is_empty()) else {
            return self.address.to_public_url(&attachment.guid);
        };
        if file.starts_with("http://") || file.starts_with("https://") {
            return self.address.to_public_url(file);
        }
        // Imports leave paths of another machine; the part below the uploads directory is still
        // valid.
        let below = file.rfind("wp-content/uploads/").map_or(file, |at| &file[at + 19..]);
        format!("{}/{}", self.uploads_url(), below.trim_start_matches('/'))
    }

    /// Returns the site's language tag (RFC 5646); `None` if the site does not state it.
    pub(super) fn language(&self) -> Option<String> {
        let locale = self.options.get("WPLANG")?;
        if locale.is_empty() { Some("en-US".to_owned()) } else { Some(language_tag(locale)) }
    }
}

/// Converts a locale into a language tag (RFC 5646): `zh_CN` becomes `zh-CN`, `de_DE_formal`
/// `de-DE`.
pub(super) fn language_tag(locale: &str) -> String {
    let mut parts = locale.split(['_', '-', '@']);
    let language = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_region = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_script = |part: &&str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic());
    match parts.next() {
        Some(region) if is_region(&region) => format!("{language}-{}", region.to_ascii_uppercase()),
        Some(script) if locale.contains('-') && is_script(&script) => {
            format!("{language}-{script}")
        }
        _ => language,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(options: &[(&str, &str)]) -> WordPressSite {
        WordPressSite {
            options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..WordPressSite::default()
        }
    }

    #[test]
    fn locales_become_language_tags() {
        for (locale, tag) in [
            ("", "en-US"),
            ("zh_CN", "zh-CN"),
            ("de_DE_formal", "de-DE"),
            ("eo", "eo"),
            ("sr_RS@latin", "sr-RS"),
        ] {
            assert_eq!(site(&[("WPLANG", locale)]).language().as_deref(), Some(tag));
        }
        assert_eq!(site(&[]).language(), None);
    }

    #[test]
    fn a_file_is_found_below_the_uploads_folder_and_an_old_path_is_cut() {
        let here = site(&[("siteurl", "https://a.example/wp/")]);
        let file = |file: &str| Post {
            file: Some(file.to_owned()),
            guid: "https://a.example/?attachment_id=3".to_owned(),
            ..Post::default()
        };
        assert_eq!(
            here.file_url(&file("2026/01/a.jpg")),
            "https://a.example/wp/wp-content/uploads/2026/01/a.jpg"
        );
        assert_eq!(
            here.file_url(&file("/var/www/wp-content/uploads/b.jpg")),
            "https://a.example/wp/wp-content/uploads/b.jpg"
        );
        assert_eq!(here.file_url(&file("")), "https://a.example/?attachment_id=3");
    }
}
