//! From what a writer typed to what WordPress shows: pages and more tags, embeds, blocks, typography, paragraphs, shortcodes.
//!
//! Everything here is pure: what must come from the database is asked for in `Body::wanted`, and the caller renders again.

pub(super) mod autop;
mod blocks;
mod breaks;
mod elements;
mod embeds;
mod excerpts;
mod markup;
mod media;
mod menus;
mod query;
mod quotes;
mod shortcodes;
mod smilies;
mod texturize;
mod widgets;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::site::{Include, Post, PostPage, PostQuery, Site};

pub(super) use excerpts::excerpt;

/// Posts that show posts that show posts: no deeper than this.
const DEPTH: u8 = 4;

/// A post's body as WordPress's feed shows it.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Not yet sanitised.
    pub(super) html: String,
    /// What was left out, one sentence each.
    pub(super) notes: Vec<String>,
    /// What is missing in the site's snapshot; when it is not empty the HTML is not complete.
    pub(super) wanted: BTreeSet<Include>,
}

/// One rendering: the snapshot it reads, and what it has to say about it.
struct Desk<'a> {
    site: &'a Site,
    wanted: RefCell<BTreeSet<Include>>,
    notes: RefCell<Vec<String>>,
}

/// Where in a rendering a block stands.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// The post whose title, date or terms a block shows.
    post: &'a Post,
    /// The list a query block set up.
    listing: Option<&'a PostQuery>,
    /// Only what belongs in an excerpt is shown.
    excerpt: bool,
    depth: u8,
}

impl<'a> Desk<'a> {
    fn new(site: &'a Site) -> Self {
        Self { site, wanted: RefCell::default(), notes: RefCell::default() }
    }

    fn note(&self, sentence: String) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&sentence) {
            notes.push(sentence);
        }
    }

    fn want(&self, want: Include) {
        self.wanted.borrow_mut().insert(want);
    }

    /// A post of the snapshot; an unknown one is asked for.
    fn post(&self, id: u64) -> Option<&'a Post> {
        let known = self.site.posts.get(&id);
        if known.is_none() {
            self.want(Include::Post(id));
        }
        known?.as_ref()
    }

    /// A post of the snapshot with its body.
    fn whole(&self, id: u64) -> Option<&'a Post> {
        let known = self.site.posts.get(&id);
        if known.is_none_or(|post| post.as_ref().is_some_and(|post| post.content.is_none())) {
            self.want(Include::Body(id));
            return None;
        }
        known?.as_ref()
    }

    fn list(&self, listing: &PostQuery) -> Option<&'a PostPage> {
        let known = self.site.lists.get(listing);
        if known.is_none() {
            self.want(Include::List(listing.clone()));
        }
        known
    }

    fn listed(&self, listing: &PostQuery) -> Vec<&'a Post> {
        self.list(listing)
            .map(|list| list.ids.iter().filter_map(|id| self.post(*id)).collect())
            .unwrap_or_default()
    }
}

/// The body of a post from the site's snapshot.
pub(super) fn body(site: &Site, post: &Post) -> Body {
    let desk = Desk::new(site);
    let html = content(
        &desk,
        Scope { post, listing: None, excerpt: false, depth: 0 },
        post.content.as_deref().unwrap_or_default(),
    );
    Body { html, notes: desk.notes.into_inner(), wanted: desk.wanted.into_inner() }
}

/// A body through all stages.
fn content(desk: &Desk<'_>, scope: Scope<'_>, written: &str) -> String {
    let written = markup::without_marks(written);
    let (text, pages) = first_page(&written);
    if pages && !scope.excerpt && scope.depth == 0 {
        desk.note("Its pages after the first are left out, as in WordPress's own feed.".to_owned());
    }
    let (text, dropped) = shortcodes::without_unknown(&without_more(&text));
    for name in dropped {
        desk.note(format!("The shortcode [{name}] belongs to a plugin and was left out."));
    }
    let text = embeds::embed(&text);
    let has_blocks = text.contains("<!-- wp:");
    let text = if has_blocks { blocks::render(desk, scope, &text) } else { text };
    let text = texturize::texturize(&text);
    let text = if has_blocks && !scope.excerpt { text } else { autop::autop(&text) };
    let text = media::expand(desk, scope, &wordpress_name(&text));
    if desk.site.option("use_smilies") == "1" { smilies::smilies(&text) } else { text }
}

/// The text before the first page break; whether there is a page after it.
fn first_page(text: &str) -> (String, bool) {
    const BREAK: &str = "<!--nextpage-->";
    let text = text.strip_prefix(BREAK).unwrap_or(text);
    match text.find(BREAK) {
        // The block that held the break would stay open.
        Some(at) => {
            (text[..at].trim_end().trim_end_matches("<!-- wp:nextpage -->").to_owned(), true)
        }
        None => (text.to_owned(), false),
    }
}

/// Without the mark where an excerpt would end; a teaser that is not to be repeated goes with it.
fn without_more(text: &str) -> String {
    let Some(at) = text.find("<!--more") else {
        return text.to_owned();
    };
    let Some(end) = text[at..].find("-->").map(|end| at + end + 3) else {
        return text.to_owned();
    };
    let (teaser, rest) = (&text[..at], &text[end..]);
    let teaser = if text.contains("<!--noteaser-->") { "" } else { teaser };
    let mut out = teaser
        .trim_end_matches([' ', '\n', '\r'])
        .strip_suffix("<!-- wp:more -->")
        .unwrap_or(teaser)
        .to_owned();
    let rest = rest.replace("<!--noteaser-->", "");
    let closed = rest.trim_start().strip_prefix("<!-- /wp:more -->");
    out.push_str(closed.unwrap_or(&rest));
    out
}

/// WordPress writes its own name with a capital P.
fn wordpress_name(text: &str) -> String {
    if !text.contains("Wordpress") {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for before in [" ", "&#8216;", "&#8220;", ">", "("] {
        text = text.replace(&format!("{before}Wordpress"), &format!("{before}WordPress"));
    }
    text
}

/// A post's title as HTML without tags, as WordPress's feed writes it.
pub(super) fn title(written: &str) -> String {
    let text = markup::strip_tags(&titled(written));
    let mut out = String::with_capacity(text.len());
    for c in markup::ampersands(&text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// A title as WordPress shows it on a page, its own markup included.
fn titled(written: &str) -> String {
    texturize::texturize(written).trim().replace("Wordpress", "WordPress")
}

/// The title of a listed post; one that asks for a password says so.
fn headed(post: &Post) -> String {
    let title = titled(&post.title);
    if post.protected { format!("Protected: {title}") } else { title }
}

/// A term's name as plain text: the database holds it escaped.
pub(super) fn plain_name(name: &str) -> String {
    html_escape::decode_html_entities(name).trim().to_owned()
}
