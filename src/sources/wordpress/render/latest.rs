//! Blocks that list the latest posts and comments.

use std::fmt::Write as _;

use serde_json::Value;

use super::blocks::{Block, number};
use super::markup::{ampersands, escape, remove_noncharacters, strip_tags};
use super::{
    RenderContext, Scope, autop, excerpts, list_title, media, page_title, shortcodes, texturize,
};
use crate::sources::wordpress::dates;
use crate::sources::wordpress::permalinks;
use crate::sources::wordpress::site::{DataRequest, Order, Post, PostQuery};

/// Renders a list of posts by date, title or time of change.
pub(super) fn posts(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    let categories = match block.attributes.get("categories") {
        Some(Value::Array(list)) => {
            list.iter().filter_map(|one| number(one.get("id").unwrap_or(one))).collect()
        }
        Some(one) => number(one).into_iter().collect(),
        None => Vec::new(),
    };
    let query = PostQuery {
        kind: "post".to_owned(),
        order: match block.text("orderBy") {
            Some("title") => Order::Title,
            Some("modified") => Order::Modified,
            _ => Order::Date,
        },
        ascending: block.text("order").is_some_and(|order| order.eq_ignore_ascii_case("asc")),
        limit: block.number("postsToShow").unwrap_or(5).clamp(1, 100) as u32,
        terms: if categories.is_empty() { Vec::new() } else { vec![categories] },
        author: block.number("selectedAuthor"),
        ..PostQuery::default()
    };
    let mut out = String::from("<ul>");
    for post in context.listed_posts(&query) {
        latest_post(context, scope, block, post, &mut out);
    }
    out.push_str("</ul>");
    out
}

fn latest_post(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
    post: &Post,
    out: &mut String,
) {
    out.push_str("<li>");
    let url = escape(&permalinks::article_url(context.site, post));
    if let Some(picture) =
        post.thumbnail.filter(|_| block.is("displayFeaturedImage")).and_then(|id| context.post(id))
    {
        let picture = media::image(context, picture);
        let _ = if block.is("addLinkToFeaturedImage") {
            write!(out, "<div><a href=\"{url}\">{picture}</a></div>")
        } else {
            write!(out, "<div>{picture}</div>")
        };
    }
    let title = list_title(post);
    let title = if title.is_empty() { "(no title)" } else { &title };
    let _ = write!(out, "<a href=\"{url}\">{title}</a>");
    if let Some(user) = context.site.users.get(&post.author).filter(|_| block.is("displayAuthor")) {
        let _ = write!(out, "<div>by {}</div>", escape(&user.name));
    }
    let at = dates::zoned(&post.date, context.site.zone());
    if let Some(at) = at.filter(|_| block.is("displayPostDate")) {
        let _ = write!(
            out,
            "<time>{}</time>",
            escape(&dates::format_date(context.site.option("date_format"), &at))
        );
    }
    if block.is("displayPostContent") {
        if post.protected {
            out.push_str("<div>This content is password protected.</div>");
        } else if block.text("displayPostContentRadio") == Some("full_post") {
            // WordPress inserts the stored body without rendering its blocks.
            let whole = context
                .post_with_body(post.id)
                .and_then(|post| post.content.as_deref())
                .unwrap_or_default();
            let _ = write!(
                out,
                "<div>{}</div>",
                shortcodes::without_plugin_shortcodes(&remove_noncharacters(whole)).0
            );
        } else {
            let words = block.number("excerptLength").unwrap_or(55).min(100) as usize;
            let _ = write!(
                out,
                "<div>{}</div>",
                excerpts::automatic_excerpt(context, scope, post, words)
            );
        }
    }
    out.push_str("</li>\n");
}

/// Renders the newest comments with their posts.
pub(super) fn comments(context: &RenderContext<'_>, block: &Block) -> String {
    let Some(all) = &context.site.comments else {
        context.request(DataRequest::Comments);
        return String::new();
    };
    let count = block.number("commentsToShow").unwrap_or(5).clamp(1, 100) as usize;
    if all.is_empty() {
        return "<div>No comments to show.</div>".to_owned();
    }
    let shows = |name: &str| block.attributes.get(name).and_then(Value::as_bool).unwrap_or(true);
    let mut out = String::from("<ol>");
    for comment in all.iter().take(count) {
        let Some(post) = context.post(comment.post) else {
            continue;
        };
        let author =
            if comment.author.trim().is_empty() { "Anonymous" } else { comment.author.trim() };
        let url = format!("{}#comment-{}", permalinks::post_url(context.site, post), comment.id);
        // The typography of the whole text changes quotation marks, so they stay as written.
        let author = ampersands(author).replace('<', "&lt;").replace('>', "&gt;");
        let author = match comment.author_url.trim() {
            "" | "http://" | "https://" => author,
            site => format!("<a href=\"{}\">{author}</a>", escape(site)),
        };
        let _ = write!(
            out,
            "<li><article><footer><span>{author}</span> on <a href=\"{}\">{}</a>",
            escape(&url),
            page_title(&post.title)
        );
        let at = dates::zoned(&comment.date, context.site.zone());
        if let Some(at) = at.filter(|_| shows("displayDate")) {
            let _ = write!(
                out,
                "<time>{}</time>",
                escape(&dates::format_date(context.site.option("date_format"), &at))
            );
        }
        out.push_str("</footer>");
        if shows("displayExcerpt") {
            let text = strip_tags(&comment.text);
            let words: Vec<&str> = text.split_whitespace().collect();
            let more = if words.len() > 20 { "&hellip;" } else { "" };
            let _ = write!(
                out,
                "<div>{}</div>",
                autop::autop(&texturize::texturize(&format!(
                    "{}{more}",
                    words[..words.len().min(20)].join(" ")
                )))
            );
        }
        out.push_str("</article></li>");
    }
    out.push_str("</ol>");
    out
}
