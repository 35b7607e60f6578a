//! Blocks of the block themes: lists made by a query, and the parts of a post they show.

use serde_json::Value;

use super::blocks::{Block, inner, number};
use super::markup::escape;
use super::{Desk, Scope, content, excerpts, headed, media, texturize};
use crate::sources::wordpress::site::{Include, Order, Post, PostQuery};
use crate::sources::wordpress::{dates, permalinks};

/// The block's HTML; `None` if it is none of these.
pub(super) fn render(desk: &Desk<'_>, scope: Scope<'_>, block: &Block) -> Option<String> {
    let post = scope.post;
    Some(match block.name.as_str() {
        "query" => {
            let listing = listing(block);
            inner(desk, Scope { listing: Some(&listing), ..scope }, block)
        }
        "post-template" => template(desk, scope, block),
        "query-no-results" => match scope.listing.and_then(|listing| desk.list(listing)) {
            Some(list) if list.ids.is_empty() => inner(desk, scope, block),
            _ => String::new(),
        },
        "query-pagination-numbers" => numbers(desk, scope),
        "query-pagination-next" if pages(desk, scope) > 1 => {
            format!("<a>{}</a>", escape(block.text("label").unwrap_or("Next Page")))
        }
        "query-pagination" if pages(desk, scope) < 2 => String::new(),
        "post-title" if headed(post).is_empty() => String::new(),
        "post-title" => headline(block, &linked(desk, block, post, &headed(post)), 2),
        "post-date" => date(desk, block, post),
        "post-excerpt" => excerpt(desk, scope, block),
        "footnotes" => footnotes(post),
        "post-content" => body(desk, scope),
        "post-featured-image" => match post.thumbnail.and_then(|id| desk.post(id)) {
            Some(picture) => format!(
                "<figure>{}</figure>",
                linked(desk, block, post, &media::image(desk, picture))
            ),
            None => String::new(),
        },
        "post-author" | "post-author-name" => author(desk, block, post),
        "post-author-biography" => match biography(desk, post) {
            "" => String::new(),
            text => format!("<div>{text}</div>"),
        },
        "post-terms" => terms(desk, block, post),
        "read-more" => format!(
            "<a href=\"{}\">{}</a>",
            address(desk, post),
            block.text("content").unwrap_or("Read more")
        ),
        "site-title" => headline(block, &site_title(desk, block), 1),
        "site-tagline" => match desk.site.option("blogdescription") {
            "" => String::new(),
            text => format!("<p>{}</p>", texturize::texturize(text)),
        },
        "post-comments-form" => comment_form(desk, post),
        "avatar"
        | "comments-title"
        | "comment-template"
        | "comments-pagination"
        | "query-pagination-previous"
        | "query-pagination-next" => String::new(),
        _ => return None,
    })
}

fn excerpt(desk: &Desk<'_>, scope: Scope<'_>, block: &Block) -> String {
    let text = excerpts::of(
        desk,
        scope,
        scope.post,
        block.number("excerptLength").unwrap_or(55).min(100) as usize,
    );
    let more = block.text("moreText").filter(|more| !more.is_empty());
    let more = more
        .map(|more| format!("<a href=\"{}\">{more}</a>", address(desk, scope.post)))
        .unwrap_or_default();
    let own_line =
        block.attributes.get("showMoreOnNewLine").and_then(Value::as_bool).unwrap_or(true);
    match (text.is_empty(), more.is_empty() || !own_line) {
        (true, _) => String::new(),
        (false, true) => format!("<div><p>{text} {more}</p></div>"),
        (false, false) => format!("<div><p>{text}</p><p>{more}</p></div>"),
    }
}

/// What a query block asks for.
fn listing(block: &Block) -> PostQuery {
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

/// Each post of the list in the template's form.
fn template(desk: &Desk<'_>, scope: Scope<'_>, block: &Block) -> String {
    let Some(listing) = scope.listing.filter(|_| scope.depth < super::DEPTH) else {
        return String::new();
    };
    let posts = desk.listed(listing);
    if posts.is_empty() {
        return String::new();
    }
    let mut out = String::from("<ul>");
    for post in posts {
        out.push_str("<li>");
        out.push_str(&inner(
            desk,
            Scope { post, listing: None, depth: scope.depth + 1, ..scope },
            block,
        ));
        out.push_str("</li>");
    }
    out.push_str("</ul>");
    out
}

fn pages(desk: &Desk<'_>, scope: Scope<'_>) -> u64 {
    let Some((listing, list)) =
        scope.listing.and_then(|listing| Some((listing, desk.list(listing)?)))
    else {
        return 0;
    };
    list.total.saturating_sub(u64::from(listing.offset)).div_ceil(u64::from(listing.limit.max(1)))
}

/// The numbers below a list's first page: the first three, and the last.
fn numbers(desk: &Desk<'_>, scope: Scope<'_>) -> String {
    let pages = pages(desk, scope);
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

fn address(desk: &Desk<'_>, post: &Post) -> String {
    escape(&permalinks::post_url(desk.site, post))
}

fn linked(desk: &Desk<'_>, block: &Block, post: &Post, words: &str) -> String {
    if block.is("isLink") {
        format!("<a href=\"{}\">{words}</a>", address(desk, post))
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

fn date(desk: &Desk<'_>, block: &Block, post: &Post) -> String {
    let column =
        if block.text("displayType") == Some("modified") { &post.modified } else { &post.date };
    let pattern = block.text("format").unwrap_or_else(|| desk.site.option("date_format"));
    dates::civil(column).map_or(String::new(), |at| {
        format!(
            "<div><time>{}</time></div>",
            linked(desk, block, post, &escape(&dates::print(pattern, at)))
        )
    })
}

/// The notes that numbers in the text refer to.
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

/// Another post's whole body; a post does not show itself.
fn body(desk: &Desk<'_>, scope: Scope<'_>) -> String {
    if scope.depth == 0 || scope.depth >= super::DEPTH || scope.post.protected {
        return String::new();
    }
    let text =
        desk.whole(scope.post.id).and_then(|post| post.content.as_deref()).unwrap_or_default();
    format!(
        "<div>{}</div>",
        content(desk, Scope { listing: None, depth: scope.depth + 1, ..scope }, text)
    )
}

fn author(desk: &Desk<'_>, block: &Block, post: &Post) -> String {
    let Some(user) = desk.site.users.get(&post.author) else {
        return String::new();
    };
    let byline = block
        .text("byline")
        .filter(|text| !text.is_empty())
        .map(|text| format!("<p>{text}</p>"))
        .unwrap_or_default();
    let about = if block.is("showBio") { biography(desk, post) } else { "" };
    let about = if about.is_empty() { String::new() } else { format!("<p>{about}</p>") };
    format!("<div>{byline}<p>{}</p>{about}</div>", html_escape::encode_text(&user.name))
}

fn biography<'a>(desk: &Desk<'a>, post: &Post) -> &'a str {
    let known = desk.site.biographies.get(&post.author);
    if known.is_none() {
        desk.want(Include::Biography(post.author));
    }
    known.map_or("", String::as_str)
}

fn terms(desk: &Desk<'_>, block: &Block, post: &Post) -> String {
    let taxonomy = block.text("term").unwrap_or("post_tag");
    let links: Vec<String> = desk
        .site
        .terms_of(&post.terms, taxonomy)
        .map(|term| {
            format!(
                "<a href=\"{}\">{}</a>",
                permalinks::term_url(desk.site, term),
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

fn site_title(desk: &Desk<'_>, block: &Block) -> String {
    let name = escape(desk.site.option("blogname"));
    let link = block.attributes.get("isLink").and_then(Value::as_bool).unwrap_or(true);
    if link { format!("<a href=\"{}\">{name}</a>", desk.site.home()) } else { name }
}

/// The words of the form in which a visitor who is not logged in writes a comment.
fn comment_form(desk: &Desk<'_>, post: &Post) -> String {
    if !post.comments_open || post.protected {
        return String::new();
    }
    if desk.site.option("comment_registration") == "1" {
        return "<h3>Leave a Reply <small>Cancel reply</small></h3><p>You must be <a>logged in</a> to post a comment.</p>".to_owned();
    }
    let must = if desk.site.option("require_name_email") == "1" { " <span>*</span>" } else { "" };
    let required = if must.is_empty() { "" } else { " Required fields are marked <span>*</span>" };
    let cookies = if desk.site.option("show_comments_cookies_opt_in") == "1" {
        "\n<p>Save my name, email, and website in this browser for the next time I comment.</p>"
    } else {
        ""
    };
    format!(
        "<h3>Leave a Reply <small>Cancel reply</small></h3><p>Your email address will not be published.{required}</p><p>Comment <span>*</span> </p>\
         <p>Name{must} </p>\n<p>Email{must} </p>\n<p>Website </p>{cookies}\n<p> </p>"
    )
}
