//! WordPress exports (WXR): public posts, rendered like those of a database.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::export_lists::{self, ExportLists};
use super::member_plugins::VisiblePart;
use super::site::{DataRequest, Post, WordPressSite};
use super::site_info::hidden_reason;
use super::wxr_items::{ExportedPost, Slugs, authors, post, terms};
use super::{MAX_FETCH_ROUNDS, dates, drop_shared_guid, qtranslate, render, to_article};
use crate::config::{Source, UnknownEnclosing};
use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;
use crate::sources::id_set::IdSet;
use crate::sources::importers::xml::Element;
use crate::sources::importers::{LeftOut, NumberedArticle, ParsedArticle};
use crate::sources::panics::catch_panic;
use crate::sources::scheduled;

/// Number of lists of posts that are kept for the next post.
const MAX_KEPT_LISTS: usize = 1_000;
/// Maximum length of the texts of all posts in bytes: they are kept, because posts refer to each other.
const MAX_EXPORT_BYTES: usize = 1 << 30;

/// An export with all of its posts.
pub(in crate::sources) struct WordPressExport {
    source: Source,
    site: WordPressSite,
    lists: ExportLists,
    language: String,
    logins: HashMap<String, u64>,
    slugs: Slugs,
    exported: Vec<ExportedPost>,
    /// Items that are too large: line number and reason.
    rejected: Vec<(u64, String)>,
    text_bytes: usize,
}

impl WordPressExport {
    /// Reads the authors and terms of an export from its channel element.
    pub(in crate::sources) fn new(channel: &Element, source: &Source, site_language: &str) -> Self {
        let mut site = site(channel, source);
        Self {
            source: source.clone(),
            logins: authors(channel, &mut site),
            slugs: terms(channel, &mut site),
            language: channel.child_text("language").unwrap_or_else(|| site_language.to_owned()),
            site,
            lists: ExportLists::default(),
            exported: Vec::new(),
            rejected: Vec::new(),
            text_bytes: 0,
        }
    }

    /// Adds a post; fails if the texts of all posts are too long.
    pub(in crate::sources) fn add(&mut self, item: &Element) -> Result<(), String> {
        let hides_unknown = self.source.unknown_enclosing == UnknownEnclosing::Hide;
        let (post, mut exported) =
            post(item, &mut self.site, &mut self.slugs, &self.logins, hides_unknown);
        self.text_bytes += [&post.title, &post.excerpt, &post.footnotes]
            .into_iter()
            .chain(&post.content)
            .map(String::len)
            .sum::<usize>();
        if self.text_bytes > MAX_EXPORT_BYTES {
            return Err(format!(
                "the texts of the posts up to here are longer than {} MiB; export the posts of each year on their own",
                MAX_EXPORT_BYTES >> 20
            ));
        }
        let is_article = post.kind == "post";
        match self.site.posts.entry(post.id) {
            Entry::Vacant(place) if post.id != 0 => {
                place.insert(Some(post));
            }
            _ => exported.own = Some(post),
        }
        if is_article {
            self.exported.push(exported);
        }
        Ok(())
    }

    /// Adds an item that cannot be read.
    pub(in crate::sources) fn reject(&mut self, line: u64, reason: String) {
        self.rejected.push((line, reason));
    }

    /// Ends the export after its last item.
    pub(in crate::sources) fn complete(mut self) -> Self {
        self.site.months = Some(export_lists::months(&self.site));
        self.site.days = Some(export_lists::days(&self.site));
        self.site.comments = Some(Vec::new());
        self.lists = ExportLists::new(&self.site);
        self
    }

    /// Passes each article to `accept`, which returns `false` to stop; returns the numbers of posts
    /// that are not public.
    pub(in crate::sources) fn articles(
        &mut self,
        now: Millis,
        accept: &mut dyn FnMut(NumberedArticle) -> bool,
    ) -> LeftOut {
        let mut left_out = LeftOut::new();
        let mut guids = IdSet::default();
        let mut firsts: BTreeMap<String, u64> = BTreeMap::new();
        for (line, reason) in &self.rejected {
            if !accept((*line, Err(reason.clone()))) {
                return left_out;
            }
        }
        for exported in &self.exported {
            let known = self.site.posts.get(&exported.id).and_then(Option::as_ref);
            let Some(post) = exported.own.as_ref().or(known).cloned() else { continue };
            if let Some(reason) = hidden_reason(&post.status, post.protected) {
                *left_out.entry(reason.to_owned()).or_default() += 1;
                continue;
            }
            if post.status == "future" {
                let date = dates::instant(&post.date_gmt, &post.date, &self.site.zone());
                let reason = scheduled::left_out_reason(date, now);
                *left_out.entry(reason.to_owned()).or_default() += 1;
                continue;
            }
            if post.access == Some(VisiblePart::Nothing) {
                *left_out.entry("for members only".to_owned()).or_default() += 1;
                continue;
            }
            if post.id == 0 {
                if !accept((exported.line, Err("it has no wp:post_id".to_owned()))) {
                    break;
                }
                continue;
            }
            let language = exported.language.as_deref().unwrap_or(&self.language);
            for version in qtranslate::versions(&self.site, post, language) {
                let language = version.language.as_deref().unwrap_or(language);
                let imported = catch_panic(|| {
                    let body = render_body(&mut self.site, &mut self.lists, &version.post);
                    to_article(&self.site, &self.source, language, &version.post, body)
                });
                let imported = imported.flatten().map(|mut article| {
                    apply_textual_fields(&mut article, exported, &mut firsts);
                    version.apply_to(&self.site, &mut article);
                    drop_shared_guid(&mut article, &mut guids);
                    ParsedArticle { article, is_dated: true }
                });
                if !accept((exported.line, imported)) {
                    return left_out;
                }
            }
            // Lists of a single post would fill the memory.
            if self.site.lists_by_query.len() > MAX_KEPT_LISTS {
                self.site.lists_by_query.clear();
            }
        }
        left_out
    }
}

/// Replaces derived fields with those that the export states as text: address, author, group of
/// translations.
fn apply_textual_fields(
    article: &mut IncomingArticle,
    exported: &ExportedPost,
    firsts: &mut BTreeMap<String, u64>,
) {
    article.url = exported.link.clone().or(article.url.take());
    if article.authors.is_empty() && !exported.author.is_empty() {
        article.authors.push(exported.author.clone());
    }
    if let Some(group) = &exported.group {
        let first = *firsts.entry(group.clone()).or_insert(exported.id);
        article.translation_of = (first != exported.id).then(|| first.to_string());
    }
}

fn site(channel: &Element, source: &Source) -> WordPressSite {
    let mut site =
        WordPressSite { time_zone: Some(source.timezone.clone()), ..WordPressSite::default() };
    let options = [
        ("home", channel.child_text("wp:base_blog_url").or_else(|| channel.child_text("link"))),
        ("siteurl", channel.child_text("wp:base_blog_url").or_else(|| channel.child_text("link"))),
        ("blogname", channel.child_text("title")),
        ("blogdescription", channel.child_text("description")),
    ];
    site.options
        .extend(options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    site
}

/// Renders the body of a post, with the data that it requests from the export.
fn render_body(site: &mut WordPressSite, lists: &mut ExportLists, post: &Post) -> render::Body {
    let mut body = render::body(site, post);
    for _ in 0..MAX_FETCH_ROUNDS {
        if body.missing.is_empty() {
            break;
        }
        provide(site, lists, std::mem::take(&mut body.missing));
        body = render::body(site, post);
    }
    body
}

fn provide(site: &mut WordPressSite, lists: &mut ExportLists, wanted: BTreeSet<DataRequest>) {
    for want in wanted {
        match want {
            // Everything in the file was read before.
            DataRequest::Post(id) | DataRequest::Body(id) => {
                site.posts.entry(id).or_insert(None);
            }
            DataRequest::List(query) => {
                let listed = lists.run(site, &query);
                site.lists_by_query.insert(query, listed);
            }
            DataRequest::Biography(user) => {
                site.biographies.entry(user).or_default();
            }
            DataRequest::Months | DataRequest::Days | DataRequest::Comments => {}
        }
    }
}
