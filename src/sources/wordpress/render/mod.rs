//! Renders the stored text of a post as WordPress does: page and more tags, embeds, blocks,
//! typography, paragraphs, shortcodes.
//!
//! Rendering is pure: it requests missing data in `Body::missing`, and the caller renders again.

mod archives;
pub(super) mod autop;
mod blocks;
mod breaks;
mod elements;
mod embeds;
mod encoded;
mod excerpts;
pub(super) mod forms;
mod latest;
mod latex;
mod link_targets;
mod markup;
mod media;
mod member_tags;
mod members;
mod menus;
mod podcasts;
mod queries;
mod quotes;
mod search;
pub(super) mod shortcodes;
mod smilies;
mod tag_ends;
mod texturize;
mod theme_blocks;
mod widgets;

#[cfg(test)]
mod site_tests;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::member_plugins::VisiblePart;
use super::permalinks;
use super::site::{DataRequest, Post, PostList, PostQuery, WordPressSite};
use queries::QueryBlock;

pub(super) use excerpts::excerpt;
pub(super) use members::public_part;

/// Maximum depth of posts that show other posts.
const MAX_DEPTH: u8 = 4;

/// Maximum size of the rendered text of a post, in bytes.
const MAX_RENDERED_BYTES: usize = 8 * 1024 * 1024;

/// Maximum size of the texts of other posts that a post renders, in bytes; an excerpt reads a whole
/// text.
const MAX_READ_BYTES: usize = 32 * 1024 * 1024;

/// The body of a post as in WordPress's feed.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// HTML that is not yet sanitized.
    pub(super) html: String,
    /// Omitted content, one sentence each.
    pub(super) notes: Vec<String>,
    /// Data missing in the site's snapshot; the HTML is incomplete unless this is empty.
    pub(super) missing: BTreeSet<DataRequest>,
    /// `true` if the rendered text is larger than allowed; the HTML is then incomplete.
    pub(super) is_too_large: bool,
}

/// The state of one rendering: the snapshot it reads, its requests and its notes.
struct RenderContext<'a> {
    site: &'a WordPressSite,
    /// The post whose page the rendering is.
    page: &'a Post,
    missing: RefCell<BTreeSet<DataRequest>>,
    notes: RefCell<Vec<String>>,
    /// Number of bytes that blocks and shortcodes have rendered.
    rendered_bytes: Cell<usize>,
    /// Number of bytes of other posts that were read to render them.
    read_bytes: Cell<usize>,
}

/// The position of a block in a rendering.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// The post whose title, date or terms a block shows.
    post: &'a Post,
    /// The enclosing query block.
    query: Option<&'a QueryBlock>,
    /// `true` if only content for an excerpt is rendered.
    excerpt: bool,
    depth: u8,
}

impl<'a> RenderContext<'a> {
    fn new(site: &'a WordPressSite, page: &'a Post) -> Self {
        Self {
            site,
            page,
            missing: RefCell::default(),
            notes: RefCell::default(),
            rendered_bytes: Cell::default(),
            read_bytes: Cell::default(),
        }
    }

    /// Adds rendered text to the number of bytes.
    fn count(&self, html: &str) {
        self.rendered_bytes.set(self.rendered_bytes.get().saturating_add(html.len()));
    }

    /// Adds the text of another post to the number of bytes that were read.
    fn count_read(&self, written: &str) {
        self.read_bytes.set(self.read_bytes.get().saturating_add(written.len()));
    }

    /// Returns `true` if the rendered text, or the texts that it is made of, are larger than allowed.
    fn is_too_large(&self) -> bool {
        self.rendered_bytes.get() > MAX_RENDERED_BYTES || self.read_bytes.get() > MAX_READ_BYTES
    }

    fn note(&self, sentence: String) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&sentence) {
            notes.push(sentence);
        }
    }

    fn request(&self, want: DataRequest) {
        self.missing.borrow_mut().insert(want);
    }

    /// Returns a post of the snapshot; requests an unknown one.
    fn post(&self, id: u64) -> Option<&'a Post> {
        let known = self.site.posts.get(&id);
        if known.is_none() {
            self.request(DataRequest::Post(id));
        }
        known?.as_ref()
    }

    /// Returns a post of the snapshot with its body; requests it if missing.
    fn post_with_body(&self, id: u64) -> Option<&'a Post> {
        let known = self.site.posts.get(&id);
        if known.is_none_or(|post| post.as_ref().is_some_and(|post| post.content.is_none())) {
            self.request(DataRequest::Body(id));
            return None;
        }
        known?.as_ref()
    }

    fn list(&self, query: &PostQuery) -> Option<&'a PostList> {
        let known = self.site.lists_by_query.get(query);
        if known.is_none() {
            self.request(DataRequest::List(query.clone()));
        }
        known
    }

    fn listed_posts(&self, query: &PostQuery) -> Vec<&'a Post> {
        self.list(query)
            .map(|list| {
                list.ids
                    .iter()
                    .filter_map(|id| self.post(*id))
                    .filter(|post| post.access != Some(VisiblePart::Nothing))
                    .collect()
            })
            .unwrap_or_default()
    }
}

/// Renders the body of a post from the site's snapshot.
pub(super) fn body(site: &WordPressSite, post: &Post) -> Body {
    let context = RenderContext::new(site, post);
    post.hidden_notes.iter().for_each(|sentence| context.note(sentence.clone()));
    let html = content(
        &context,
        Scope { post, query: None, excerpt: false, depth: 0 },
        post.content.as_deref().unwrap_or_default(),
    );
    let is_too_large = context.is_too_large() || html.len() > MAX_RENDERED_BYTES;
    Body {
        html,
        notes: context.notes.into_inner(),
        missing: context.missing.into_inner(),
        is_too_large,
    }
}

/// Applies all stages of rendering to a body.
fn content(context: &RenderContext<'_>, scope: Scope<'_>, written: &str) -> String {
    if scope.depth > 0 {
        context.count_read(written);
        if context.is_too_large() {
            return String::new();
        }
    }
    let written = markup::remove_noncharacters(written);
    let (text, pages) = first_page(&written);
    if pages && !scope.excerpt && scope.depth == 0 {
        context
            .note("Its pages after the first are left out, as in WordPress's own feed.".to_owned());
    }
    let written = if scope.post.id == context.page.id {
        without_more_tag(&text)
    } else {
        teaser(context, scope, &text)
    };
    let written = podcasts::with_players(&latex::with_tex(&written));
    let (text, dropped) = shortcodes::without_plugin_shortcodes(&written);
    for name in dropped {
        let encloses_nothing = written.contains(&format!("][/{name}"));
        let kept = if !encloses_nothing && written.contains(&format!("[/{name}")) {
            "; the text that it encloses was kept"
        } else {
            ""
        };
        context.note(format!("The shortcode [{name}] belongs to a plugin and was left out{kept}."));
    }
    let (text, has_shortcode_urls) = link_targets::without_shortcode_urls(&text);
    if has_shortcode_urls {
        context.note(
            "A link or image whose URL is a shortcode was left out; the text of the link was kept."
                .to_owned(),
        );
    }
    let text = encoded::without_dynamic_values(&text);
    let text = embeds::embed(&text);
    let has_blocks = text.contains("<!-- wp:");
    let text = if has_blocks { blocks::render(context, scope, &text) } else { text };
    if context.is_too_large() {
        return String::new();
    }
    let text = texturize::texturize(&text);
    let text = if has_blocks && !scope.excerpt { text } else { autop::autop(&text) };
    let text = media::expand(context, scope, &capitalize_wordpress(&text));
    if context.site.option("use_smilies") == "1" { smilies::smilies(&text) } else { text }
}

/// Returns the text before the first page break, and `true` if another page follows.
fn first_page(text: &str) -> (String, bool) {
    const BREAK: &str = "<!--nextpage-->";
    let text = text.strip_prefix(BREAK).unwrap_or(text);
    match text.find(BREAK) {
        // Remove the opening comment of the block that contained the break.
        Some(at) => {
            (text[..at].trim_end().trim_end_matches("<!-- wp:nextpage -->").to_owned(), true)
        }
        None => (text.to_owned(), false),
    }
}

/// Returns the text of another post before its more tag, with a link to the rest.
fn teaser(context: &RenderContext<'_>, scope: Scope<'_>, text: &str) -> String {
    let Some(at) = text.find("<!--more") else {
        return text.to_owned();
    };
    let Some(tag) = text[at..].find("-->").map(|end| text[at + 8..at + end].trim()) else {
        return text.to_owned();
    };
    let teaser = without_more_block(&text[..at]);
    if scope.excerpt {
        return teaser.to_owned();
    }
    let url = permalinks::post_url(context.site, scope.post);
    let words = markup::strip_tags(tag);
    let words = if words.is_empty() { "(more&hellip;)" } else { &words };
    format!("{teaser} <a href=\"{}#more-{}\">{words}</a>", markup::escape(&url), scope.post.id)
}

/// Returns the text before a more tag without the opening comment of its block.
fn without_more_block(teaser: &str) -> &str {
    let trimmed = teaser.trim_end_matches([' ', '\n', '\r']);
    match trimmed.rfind("<!-- wp:more") {
        Some(at) if trimmed.ends_with("-->") && !trimmed[at + 4..].contains("<!--") => {
            &trimmed[..at]
        }
        _ => teaser,
    }
}

/// Removes the more tag, and the teaser if it must not be repeated.
fn without_more_tag(text: &str) -> String {
    let Some(at) = text.find("<!--more") else {
        return text.to_owned();
    };
    let Some(end) = text[at..].find("-->").map(|end| at + end + 3) else {
        return text.to_owned();
    };
    let (teaser, rest) = (&text[..at], &text[end..]);
    let teaser = if text.contains("<!--noteaser-->") { "" } else { teaser };
    let mut out = without_more_block(teaser).to_owned();
    let rest = rest.replace("<!--noteaser-->", "");
    let closed = rest.trim_start().strip_prefix("<!-- /wp:more -->");
    out.push_str(closed.unwrap_or(&rest));
    out
}

/// Capitalizes "WordPress", as WordPress itself does.
fn capitalize_wordpress(text: &str) -> String {
    if !text.contains("Wordpress") {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for before in [" ", "&#8216;", "&#8220;", ">", "("] {
        text = text.replace(&format!("{before}Wordpress"), &format!("{before}WordPress"));
    }
    text
}

/// Returns the title of a post as HTML without tags, as in WordPress's feed.
pub(super) fn title(written: &str) -> String {
    let text = markup::strip_tags(&page_title(written));
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

/// Returns a title as on a page, including its own markup.
fn page_title(written: &str) -> String {
    texturize::texturize(written).trim().replace("Wordpress", "WordPress")
}

/// Returns the title of a listed post, marked if it is password-protected.
fn list_title(post: &Post) -> String {
    let title = page_title(&post.title);
    if post.protected { format!("Protected: {title}") } else { title }
}

/// Returns the name of a term as plain text; the database stores it escaped.
pub(super) fn plain_name(name: &str) -> String {
    html_escape::decode_html_entities(name).trim().to_owned()
}
