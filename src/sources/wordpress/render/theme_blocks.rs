//! Theme blocks: lists made by a query, and the parts of a post in them.

use serde_json::Value;

use super::blocks::{Block, children_html, number};
use super::markup::escape;
use super::{RenderContext, Scope, content, excerpts, list_title, media, texturize};
use crate::sources::wordpress::site::{DataRequest, Order, Post, PostQuery};
use crate::sources::wordpress::{dates, permalinks};

/// Returns the HTML of a theme block; `None` for any other block.
pub(super) fn render(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
) -> Option<String> {
    let post = scope.post;
    Some(match block.name.as_str() {
        "query" => {
            let query = parse_query(block);
            children_html(context, Scope { query: Some(&query), ..scope }, block)
        }
        "post-template" => template(context, scope, block),
        "query-no-results" => match scope.query.and_then(|query| context.list(query)) {
            Some(list) if list.ids.is_empty() => children_html(context, scope, block),
            _ => String::new(),
        },
        "query-pagination-numbers" => page_numbers(context, scope),
        "query-pagination-next" if page_count(context, scope) > 1 => {
            format!("<a>{}</a>", escape(block.text("label").unwrap_or("Next Page")))
        }
        "query-pagination" if page_count(context, scope) < 2 => String::new(),
        "post-title" if list_title(post).is_empty() => String::new(),
        "post-title" => headline(block, &linked_text(context, block, post, &list_title(post)), 2),
        "post-date" => date(context, block, post),
        "post-excerpt" => excerpt(context, scope, block),
        "footnotes" => footnotes(post),
        "post-content" => body(context, scope),
        "post-featured-image" => match post.thumbnail.and_then(|id| context.post(id)) {
            Some(picture) => format!(
                "<figure>{}</figure>",
                linked_text(context, block, post, &media::image(context, picture))
            ),
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
        "avatar"
        | "comments-title"
        | "comment-template"
        | "comments-pagination"
        | "query-pagination-previous"
        | "query-pagination-next" => String::new(),
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

/// Returns the query of a query block.
fn parse_query(block: &Block) -> PostQuery {
    let query = block.attributes.get("query").cloned().unwrap_or_default();
    let ids = |value: Option<&Value>| -> Vec<u64> {
        match value {
            Some(Value::Array(list)) => list.iter().filter_map(number).collect(),
            Some(one) => one
                .as_str()
                .unwrap_or_default()
                .split(',')
                .filter_map(|id| id.trim().parse().ok())
                .collect(),
            None => Vec::new(),
        }
    };
    let taxonomies = query.get("taxQuery");
    let mut terms = ids(query.get("categoryIds").or_else(|| taxonomies?.get("category")));
    terms.extend(ids(query.get("tagIds").or_else(|| taxonomies?.get("post_tag"))));
    let count = |name: &str| query.get(name).and_then(number).and_then(|n| u32::try_from(n).ok());
    let kind = query.get("postType").and_then(Value::as_str).unwrap_or("post");
    PostQuery {
        kind: kind.to_owned(),
        order: match query.get("orderBy").and_then(Value::as_str) {
            Some("title") => Order::Title,
            Some("modified") => Order::Modified,
            _ => Order::Date,
        },
        ascending: query
            .get("order")
            .and_then(Value::as_str)
            .is_some_and(|order| order.eq_ignore_ascii_case("asc")),
        limit: count("perPage").unwrap_or(10).clamp(1, 100),
        offset: count("offset").unwrap_or_default(),
        terms,
        author: query.get("author").and_then(number),
        exclude: ids(query.get("exclude")),
        ..PostQuery::default()
    }
}

/// Renders the template once for each post of the list.
fn template(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    let Some(query) = scope.query.filter(|_| scope.depth < super::MAX_DEPTH) else {
        return String::new();
    };
    let posts = context.listed_posts(query);
    if posts.is_empty() {
        return String::new();
    }
    let mut out = String::from("<ul>");
    for post in posts {
        out.push_str("<li>");
        out.push_str(&children_html(
            context,
            Scope { post, query: None, depth: scope.depth + 1, ..scope },
            block,
        ));
        out.push_str("</li>");
    }
    out.push_str("</ul>");
    out
}

fn page_count(context: &RenderContext<'_>, scope: Scope<'_>) -> u64 {
    let Some((query, list)) = scope.query.and_then(|query| Some((query, context.list(query)?)))
    else {
        return 0;
    };
    list.total.saturating_sub(u64::from(query.offset)).div_ceil(u64::from(query.limit.max(1)))
}

/// Returns the page numbers below the first page of a list: the first three, and the last.
fn page_numbers(context: &RenderContext<'_>, scope: Scope<'_>) -> String {
    let pages = page_count(context, scope);
    if pages < 2 {
        return String::new();
    }
    let mut shown: Vec<String> = (1..=pages.min(3)).map(|page| page.to_string()).collect();
    if pages > 4 {
        shown.push("&hellip;".to_owned());
    }
    if pages > 3 {
        shown.push(pages.to_string());
    }
    format!("<div>{}</div>", shown.join("\n"))
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
    let pattern = block.text("format").unwrap_or_else(|| context.site.option("date_format"));
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

/// Renders the body of another post; a post does not include itself.
fn body(context: &RenderContext<'_>, scope: Scope<'_>) -> String {
    if scope.depth == 0 || scope.depth >= super::MAX_DEPTH || scope.post.protected {
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
