//! What a WordPress site knows about itself, and the pieces of it that rendering a post may ask for.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::languages::Languages;

/// What WordPress takes for an option whose row is missing, where that is not nothing.
const USUAL: [(&str, &str); 6] = [
    ("date_format", "F j, Y"),
    ("default_category", "1"),
    ("require_name_email", "1"),
    ("show_comments_cookies_opt_in", "1"),
    ("start_of_week", "1"),
    ("use_smilies", "1"),
];

/// A category, tag or other term.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) taxonomy: String,
    pub(super) parent: u64,
    pub(super) count: u64,
    /// Its place by name, in the database's own order of letters.
    pub(super) rank: usize,
}

/// A writer.
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
    /// Local time as the database holds it.
    pub(super) date: String,
    pub(super) date_gmt: String,
    pub(super) modified: String,
    pub(super) modified_gmt: String,
    pub(super) parent: u64,
    pub(super) author: u64,
    pub(super) excerpt: String,
    pub(super) guid: String,
    pub(super) mime: String,
    pub(super) comments_open: bool,
    pub(super) protected: bool,
    /// The body as it was written; `None` where it was not asked for.
    pub(super) content: Option<String>,
    /// Terms of all taxonomies by name, as WordPress lists them.
    pub(super) terms: Vec<u64>,
    pub(super) thumbnail: Option<u64>,
    /// An attachment's file below the uploads folder.
    pub(super) file: Option<String>,
    pub(super) alt: String,
    /// An image's width and height in pixels.
    pub(super) size: Option<(u32, u32)>,
    /// Footnotes as the editor keeps them: a JSON list.
    pub(super) footnotes: String,
}

/// Which posts a list shows, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Listing {
    /// The post type.
    pub(super) kind: String,
    pub(super) order: Order,
    pub(super) ascending: bool,
    /// At most so many; 0 is all.
    pub(super) limit: u32,
    pub(super) offset: u32,
    /// Of any of these categories or tags; empty is no restriction.
    pub(super) terms: Vec<u64>,
    pub(super) author: Option<u64>,
    pub(super) parent: Option<u64>,
    pub(super) exclude: Vec<u64>,
    /// The beginning of the media type.
    pub(super) mime: String,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Order {
    #[default]
    Date,
    Modified,
    Title,
    Menu,
    Id,
}

/// A list's posts, and how many there would be without its limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) ids: Vec<u64>,
    pub(super) total: u64,
}

/// A comment as lists of the latest ones show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) post: u64,
    pub(super) author: String,
    pub(super) author_url: String,
    pub(super) date: String,
    pub(super) text: String,
}

/// Something that must be read from the database before a post can be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Want {
    /// A post without its body.
    Post(u64),
    /// A post's body.
    Body(u64),
    /// The ids of a list, and its posts without bodies.
    List(Listing),
    /// The months in which something was published.
    Months,
    /// The latest approved comments on public posts.
    Comments,
    /// A writer's description.
    Biography(u64),
}

/// A snapshot of the site: all of its options, terms and writers, and what was wanted so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Site {
    pub(super) options: HashMap<String, String>,
    pub(super) terms: BTreeMap<u64, Term>,
    pub(super) users: HashMap<u64, User>,
    /// The site's own zone, else the one the configuration gives.
    pub(super) stated_zone: Option<TimeZone>,
    /// The database's clock when the reading began.
    pub(super) now: Timestamp,
    pub(super) posts: HashMap<u64, Option<Post>>,
    pub(super) lists: HashMap<Listing, Listed>,
    /// Year, month, posts; newest first.
    pub(super) months: Option<Vec<(i16, i8, u64)>>,
    pub(super) comments: Option<Vec<Comment>>,
    pub(super) biographies: HashMap<u64, String>,
    /// Where a site of a network keeps its uploaded files, below its address.
    pub(super) uploads_below: Option<String>,
    /// What Polylang or WPML knows.
    pub(super) languages: Languages,
}

impl Site {
    /// An option's value, empty where the site has none.
    pub(super) fn option(&self, name: &str) -> &str {
        let usual =
            || USUAL.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        self.options.get(name).map_or_else(usual, String::as_str)
    }

    /// How local times are read.
    pub(super) fn zone(&self) -> TimeZone {
        self.stated_zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// The public address without a slash at its end.
    pub(super) fn home(&self) -> &str {
        let home = self.option("home");
        if home.is_empty() { self.option("siteurl") } else { home }.trim_end_matches('/')
    }

    /// Terms of one taxonomy among some ids, in their order.
    pub(super) fn of<'a>(
        &'a self,
        ids: &'a [u64],
        taxonomy: &'a str,
    ) -> impl Iterator<Item = &'a Term> {
        ids.iter().filter_map(|id| self.terms.get(id)).filter(move |term| term.taxonomy == taxonomy)
    }

    /// The address under which uploaded files are served.
    pub(super) fn uploads(&self) -> String {
        let given = self.option("upload_url_path");
        if !given.is_empty() {
            return given.trim_end_matches('/').to_owned();
        }
        let site = self.option("siteurl").trim_end_matches('/');
        let path = self.option("upload_path").trim();
        if path.is_empty() || path.starts_with('/') || path.contains(':') {
            return format!(
                "{site}/{}",
                self.uploads_below.as_deref().unwrap_or("wp-content/uploads")
            );
        }
        format!("{site}/{}", path.trim_matches('/'))
    }

    /// The address of an attachment's file.
    pub(super) fn file_url(&self, attachment: &Post) -> String {
        let Some(file) = attachment.file.as_deref().filter(|file| !file.is_empty()) else {
            return attachment.guid.clone();
        };
        if file.starts_with("http://") || file.starts_with("https://") {
            return file.to_owned();
        }
        // Imports leave paths of another machine; what stands behind the uploads folder still holds.
        let below = file.rfind("wp-content/uploads/").map_or(file, |at| &file[at + 19..]);
        format!("{}/{}", self.uploads(), below.trim_start_matches('/'))
    }

    /// The site's language as RFC 5646 writes it; `None` where the site does not say.
    pub(super) fn language(&self) -> Option<String> {
        let locale = self.options.get("WPLANG")?;
        if locale.is_empty() { Some("en-US".to_owned()) } else { Some(tag(locale)) }
    }
}

/// A locale as RFC 5646 writes it: `zh_CN` is `zh-CN`, `de_DE_formal` is `de-DE`.
pub(super) fn tag(locale: &str) -> String {
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

    fn site(options: &[(&str, &str)]) -> Site {
        Site {
            options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Site::default()
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
