//! Dynamic blocks: archives, calendar, categories, latest posts and comments, pages, tags, search.

use std::fmt::Write as _;

use serde_json::Value;

use super::blocks::{Block, number};
use super::markup::{escape, remove_noncharacters, strip_tags};
use super::{
    RenderContext, Scope, autop, excerpts, list_title, media, menus, page_title, shortcodes,
    texturize,
};
use crate::sources::wordpress::dates;
use crate::sources::wordpress::permalinks;
use crate::sources::wordpress::site::{DataRequest, Order, Post, PostQuery, Term};

/// Returns the HTML of a dynamic block; `None` for any other block.
pub(super) fn render(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
) -> Option<String> {
    Some(match block.name.as_str() {
        "archives" => archives(context, block),
        "calendar" => super::super::calendar::calendar(context.site, months(context)),
        "categories" => categories(context, block),
        "latest-posts" => latest_posts(context, scope, block),
        "latest-comments" => latest_comments(context, block),
        "page-list" => page_list(context),
        "tag-cloud" => tag_cloud(context, block),
        "navigation" => menus::navigation(context, scope, block),
        "navigation-link" | "navigation-submenu" | "home-link" => {
            menus::navigation_link(context, scope, block)
        }
        "social-link" => menus::social_link(block),
        _ => return None,
    })
}

fn months<'a>(context: &RenderContext<'a>) -> &'a [(i16, i8, u64)] {
    if context.site.months.is_none() {
        context.request(DataRequest::Months);
    }
    context.site.months.as_deref().unwrap_or_default()
}

/// Renders the months as a list of links, also where a page would use a dropdown.
fn archives(context: &RenderContext<'_>, block: &Block) -> String {
    let months = months(context);
    if months.is_empty() {
        return "<div>No archives to show.</div>".to_owned();
    }
    let counts = block.is("showPostCounts");
    let dropdown = block.is("displayAsDropdown");
    let mut out = String::from(if dropdown { "<div>Archives <ul>" } else { "<ul>" });
    for (year, month, posts) in months {
        let (url, name) =
            (permalinks::month_url(context.site, *year, *month), dates::month(*month));
        let count = if counts { format!("&nbsp;({posts})") } else { String::new() };
        let _ = if dropdown {
            writeln!(out, "\t<li><a href=\"{url}\">{name} {year}</a> {count}</li>")
        } else {
            writeln!(out, "\t<li><a href=\"{url}\">{name} {year}</a>{count}</li>")
        };
    }
    out.push_str(if dropdown { "</ul></div>" } else { "</ul>" });
    out
}

/// Returns the terms of a taxonomy by name, without unused ones unless `empty` is `true`.
fn terms<'a>(context: &RenderContext<'a>, taxonomy: &str, empty: bool) -> Vec<&'a Term> {
    let mut found: Vec<&Term> = context
        .site
        .terms
        .values()
        .filter(|term| term.taxonomy == taxonomy && (empty || term.count > 0))
        .collect();
    found.sort_by_key(|term| term.rank);
    found
}

fn categories(context: &RenderContext<'_>, block: &Block) -> String {
    let (dropdown, tree, counts) =
        (block.is("displayAsDropdown"), block.is("showHierarchy"), block.is("showPostCounts"));
    let mut all = terms(context, "category", true);
    let shown = |term: &Term| {
        block.is("showEmpty") || if tree { has_posts(&all, term, 0) } else { term.count > 0 }
    };
    let keep: Vec<u64> = all.iter().filter(|term| shown(term)).map(|term| term.id).collect();
    all.retain(|term| {
        keep.contains(&term.id) && (!block.is("showOnlyTopLevel") || term.parent == 0)
    });
    let mut out = String::from(if dropdown { "<div>Categories <ul>\n" } else { "<ul>" });
    if all.is_empty() && !dropdown {
        out.push_str("<li>No categories</li>");
    }
    let roots: Vec<&Term> = all
        .iter()
        .copied()
        .filter(|term| !tree || !all.iter().any(|other| other.id == term.parent))
        .collect();
    for term in roots {
        category(context, &all, term, (dropdown, tree, counts), 0, &mut out);
    }
    out.push_str(if dropdown { "</ul></div>" } else { "</ul>" });
    out
}

/// Returns `true` if a category or a descendant has posts.
fn has_posts(all: &[&Term], term: &Term, depth: usize) -> bool {
    term.count > 0
        || (depth < 8
            && all.iter().any(|child| child.parent == term.id && has_posts(all, child, depth + 1)))
}

/// Returns the number of posts in a category and its descendants; a post in both counts twice.
fn post_count_with_descendants(all: &[&Term], term: &Term, depth: usize) -> u64 {
    let below = all
        .iter()
        .filter(|child| depth < 8 && child.parent == term.id)
        .map(|child| post_count_with_descendants(all, child, depth + 1));
    term.count + below.sum::<u64>()
}

fn category(
    context: &RenderContext<'_>,
    all: &[&Term],
    term: &Term,
    (dropdown, tree, counts): (bool, bool, bool),
    depth: usize,
    out: &mut String,
) {
    let gap = if dropdown { "&nbsp;&nbsp;" } else { " " };
    let posts = if tree { post_count_with_descendants(all, term, 0) } else { term.count };
    let count = if counts { format!("{gap}({posts})") } else { String::new() };
    let children: Vec<&Term> =
        all.iter().copied().filter(|child| tree && depth < 8 && child.parent == term.id).collect();
    if dropdown {
        let _ = writeln!(
            out,
            "\t<li>{}{}{count}</li>",
            "&nbsp;&nbsp;&nbsp;".repeat(depth),
            texturize::texturize(&term.name)
        );
    } else {
        let _ = writeln!(
            out,
            "\t<li><a href=\"{}\">{}</a>{count}",
            permalinks::term_url(context.site, term),
            escape(&term.name)
        );
    }
    if !dropdown && !children.is_empty() {
        out.push_str("<ul>\n");
    }
    for child in &children {
        category(context, all, child, (dropdown, tree, counts), depth + 1, out);
    }
    if !dropdown {
        out.push_str(if children.is_empty() { "</li>\n" } else { "</ul>\n</li>\n" });
    }
}

fn latest_posts(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
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
        terms: categories,
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
    if let Some(picture) =
        post.thumbnail.filter(|_| block.is("displayFeaturedImage")).and_then(|id| context.post(id))
    {
        out.push_str(&media::image(context, picture));
    }
    let title = list_title(post);
    let title = if title.is_empty() { "(no title)" } else { &title };
    let _ = write!(
        out,
        "<a href=\"{}\">{title}</a>",
        escape(&permalinks::article_url(context.site, post))
    );
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

fn latest_comments(context: &RenderContext<'_>, block: &Block) -> String {
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
        let _ = write!(
            out,
            "<li><article><footer><span>{}</span> on <a href=\"{}\">{}</a>",
            escape(author),
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

pub(super) fn page_list(context: &RenderContext<'_>) -> String {
    let query = PostQuery {
        kind: "page".to_owned(),
        order: Order::Menu,
        ascending: true,
        ..PostQuery::default()
    };
    let pages = context.listed_posts(&query);
    let roots: Vec<&Post> = pages
        .iter()
        .copied()
        .filter(|page| !pages.iter().any(|other| other.id == page.parent))
        .collect();
    if roots.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    branch(context, &pages, &roots, 0, &mut out);
    out
}

fn branch(
    context: &RenderContext<'_>,
    pages: &[&Post],
    siblings: &[&Post],
    depth: usize,
    out: &mut String,
) {
    out.push_str("<ul>");
    for page in siblings {
        let title = page_title(&page.title);
        let title = if title.is_empty() { "(no title)" } else { &title };
        let _ = write!(
            out,
            "<li><a href=\"{}\">{title}</a>",
            escape(&permalinks::post_url(context.site, page))
        );
        let below: Vec<&Post> = pages
            .iter()
            .copied()
            .filter(|child| child.parent == page.id && child.id != page.id)
            .collect();
        if !below.is_empty() && depth < 16 {
            branch(context, pages, &below, depth + 1, out);
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

fn tag_cloud(context: &RenderContext<'_>, block: &Block) -> String {
    let taxonomy = block.text("taxonomy").unwrap_or("post_tag");
    let mut all = terms(context, taxonomy, false);
    if all.is_empty() {
        return "<p>Your site doesn&#8217;t have any tags, so there&#8217;s nothing to display here at the moment.</p>".to_owned();
    }
    let most = block.number("numberOfTags").unwrap_or(45) as usize;
    if all.len() > most {
        all.sort_by_key(|term| std::cmp::Reverse(term.count));
        all.truncate(most);
        all.sort_by_key(|term| term.rank);
    }
    let one = |term: &&Term| {
        let count = if block.is("showTagCounts") {
            format!("<span> ({})</span>", term.count)
        } else {
            String::new()
        };
        format!(
            "<a href=\"{}\">{}{count}</a>",
            permalinks::term_url(context.site, term),
            escape(&term.name)
        )
    };
    format!("<p>{}</p>", all.iter().map(one).collect::<Vec<_>>().join("\n"))
}
