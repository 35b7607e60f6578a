//! Theme blocks: lists made by a query, and the parts of a post in them.

use serde_json::Value;

use super::blocks::{Block, children_html};
use super::markup::{escape, strip_tags};
use super::{RenderContext, Scope, content, excerpts, list_title, media, queries, texturize};
use crate::sources::wordpress::site::{DataRequest, Post};
use crate::sources::wordpress::{dates, permalinks};

/// Returns the HTML of a theme block; `None` for any other block.
pub(super) fn render(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
) -> Option<String> {
    let post = scope.post;
    Some(match block.name.as_str() {
        "query" => queries::query(context, scope, block),
        "post-template" => queries::template(context, scope, block),
        "query-no-results" => queries::no_results(context, scope, block),
        "query-pagination-numbers" => queries::page_numbers(context, scope),
        "query-pagination-next" => queries::next_page(context, scope, block),
        "query-pagination" if queries::page_count(context, scope) < 2 => String::new(),
        "post-title" if list_title(post).is_empty() => String::new(),
        "post-title" => headline(block, &linked_text(context, block, post, &list_title(post)), 2),
        "post-date" => date(context, block, post),
        "post-excerpt" => excerpt(context, scope, block),
        "footnotes" => footnotes(post),
        "post-content" => body(context, scope),
        "post-featured-image" => match post.thumbnail.and_then(|id| context.post(id)) {
            Some(picture) => {
                // The words of a linked image name the target of the link.
                let alt =
                    if block.is("isLink") { &strip_tags(&list_title(post)) } else { &picture.alt };
                let image = media::image_with_alt(context, picture, alt);
                format!("<figure>{}</figure>", linked_text(context, block, post, &image))
            }
            None => String::new(),
        },
        "post-author" | "post-author-name" => author(context, block, post),
        "post-author-biography" => match biography(context, post) {
            "" => String::new(),
            text => format!("<div>{text}</div>"),
        },
        "post-terms" => terms(context, block, post),
        "read-more" => format!(
            "<a href=\"{}\">{}</a>",
            post_url(context, post),
            block.text("content").unwrap_or("Read more")
        ),
        "site-title" => headline(block, &site_title(context, block), 1),
        "site-tagline" => match context.site.option("blogdescription") {
            "" => String::new(),
            text => format!("<p>{}</p>", texturize::texturize(text)),
        },
        "cover" if block.is("useFeaturedImage") => cover(context, scope, block),
        "avatar"
        | "comments-title"
        | "comment-template"
        | "comments-pagination"
        | "query-pagination-previous" => String::new(),
        _ => return None,
    })
}

fn excerpt(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    let text = excerpts::automatic_excerpt(
        context,
        scope,
        scope.post,
        block.number("excerptLength").unwrap_or(55).min(100) as usize,
    );
    let more = block.text("moreText").filter(|more| !more.is_empty());
    let more = more
        .map(|more| format!("<a href=\"{}\">{more}</a>", post_url(context, scope.post)))
        .unwrap_or_default();
    let own_line =
        block.attributes.get("showMoreOnNewLine").and_then(Value::as_bool).unwrap_or(true);
    match (text.is_empty(), more.is_empty() || !own_line) {
        (true, _) => String::new(),
        (false, true) => format!("<div><p>{text} {more}</p></div>"),
        (false, false) => format!("<div><p>{text}</p><p>{more}</p></div>"),
    }
}

fn post_url(context: &RenderContext<'_>, post: &Post) -> String {
    escape(&permalinks::post_url(context.site, post))
}

fn linked_text(context: &RenderContext<'_>, block: &Block, post: &Post, words: &str) -> String {
    if block.is("isLink") {
        format!("<a href=\"{}\">{words}</a>", post_url(context, post))
    } else {
        words.to_owned()
    }
}

fn headline(block: &Block, words: &str, usual: u64) -> String {
    match block.number("level").unwrap_or(usual) {
        level @ 1..=6 => format!("<h{level}>{words}</h{level}>"),
        _ => format!("<p>{words}</p>"),
    }
}

fn date(context: &RenderContext<'_>, block: &Block, post: &Post) -> String {
    let column =
        if block.text("displayType") == Some("modified") { &post.modified } else { &post.date };
    // An age ("3 days ago") would be wrong tomorrow; the date stays right.
    let pattern = block
        .text("format")
        .filter(|pattern| *pattern != "human-diff")
        .unwrap_or_else(|| context.site.option("date_format"));
    dates::zoned(column, context.site.zone()).map_or(String::new(), |at| {
        format!(
            "<div><time>{}</time></div>",
            linked_text(context, block, post, &escape(&dates::format_date(pattern, &at)))
        )
    })
}

/// Renders the footnotes of a post.
fn footnotes(post: &Post) -> String {
    let notes: Vec<Value> = serde_json::from_str(&post.footnotes).unwrap_or_default();
    let text = |note: &Value, key: &str| {
        note.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let items: String = notes
        .iter()
        .map(|note| (escape(&text(note, "id")), text(note, "content")))
        .map(|(id, words)| {
            format!("<li id=\"{id}\">{words} <a href=\"#{id}-link\">\u{21a9}\u{fe0e}</a></li>")
        })
        .collect();
    if items.is_empty() { items } else { format!("<ol>{items}</ol>") }
}

/// Renders a cover with the featured image of the post behind its text.
fn cover(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    let html = children_html(context, scope, block);
    let picture = scope.post.thumbnail.and_then(|id| context.post(id));
    let text = html.find("wp-block-cover__inner-container").and_then(|at| html[..at].rfind('<'));
    match picture.zip(text) {
        Some((picture, at)) => {
            format!("{}{}{}", &html[..at], media::image(context, picture), &html[at..])
        }
        None => html,
    }
}

/// Renders the body of another post; a post does not include itself.
fn body(context: &RenderContext<'_>, scope: Scope<'_>) -> String {
    if scope.depth == 0
        || scope.depth >= super::MAX_DEPTH
        || scope.post.protected
        || scope.post.id == context.page.id
    {
        return String::new();
    }
    let text = context
        .post_with_body(scope.post.id)
        .and_then(|post| post.content.as_deref())
        .unwrap_or_default();
    format!(
        "<div>{}</div>",
        content(context, Scope { query: None, depth: scope.depth + 1, ..scope }, text)
    )
}

fn author(context: &RenderContext<'_>, block: &Block, post: &Post) -> String {
    let Some(user) = context.site.users.get(&post.author) else {
        return String::new();
    };
    let byline = block
        .text("byline")
        .filter(|text| !text.is_empty())
        .map(|text| format!("<p>{text}</p>"))
        .unwrap_or_default();
    let about = if block.is("showBio") { biography(context, post) } else { "" };
    let about = if about.is_empty() { String::new() } else { format!("<p>{about}</p>") };
    format!("<div>{byline}<p>{}</p>{about}</div>", html_escape::encode_text(&user.name))
}

fn biography<'a>(context: &RenderContext<'a>, post: &Post) -> &'a str {
    let known = context.site.biographies.get(&post.author);
    if known.is_none() {
        context.request(DataRequest::Biography(post.author));
    }
    known.map_or("", String::as_str)
}

fn terms(context: &RenderContext<'_>, block: &Block, post: &Post) -> String {
    let taxonomy = block.text("term").unwrap_or("post_tag");
    let links: Vec<String> = context
        .site
        .terms_of(&post.terms, taxonomy)
        .map(|term| {
            format!(
                "<a href=\"{}\">{}</a>",
                permalinks::term_url(context.site, term),
                texturize::texturize(&term.name)
            )
        })
        .collect();
    if links.is_empty() {
        return String::new();
    }
    let around = |name: &str| block.text(name).unwrap_or_default().to_owned();
    let separator = escape(block.text("separator").unwrap_or(", "));
    format!("<div>{}{}{}</div>", around("prefix"), links.join(&separator), around("suffix"))
}

fn site_title(context: &RenderContext<'_>, block: &Block) -> String {
    let name = escape(context.site.option("blogname"));
    let link = block.attributes.get("isLink").and_then(Value::as_bool).unwrap_or(true);
    if link { format!("<a href=\"{}\">{name}</a>", context.site.home()) } else { name }
}
