//! Query blocks: the query, the posts that it finds, and the links to its further pages.

use serde_json::Value;

use super::blocks::{Block, children_html, number};
use super::markup::escape;
use super::search::search_words;
use super::{RenderContext, Scope};
use crate::sources::wordpress::permalinks;
use crate::sources::wordpress::site::{Order, PostQuery, WordPressSite};

/// A query block: its query, and what its page links need.
pub(super) struct QueryBlock {
    pub(super) posts: PostQuery,
    /// Parameter of a URL that selects a page.
    page_parameter: String,
    /// Maximum number of pages; 0 means all.
    max_pages: u64,
}

/// Renders a query block.
pub(super) fn query(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    let stored = block.attributes.get("query");
    // Such a query shows the posts of an archive page; on the page of a post it shows none.
    if stored.and_then(|query| query.get("inherit")).and_then(Value::as_bool) == Some(true) {
        return children_html(context, Scope { query: None, ..scope }, block);
    }
    let kind = stored.and_then(|query| query.get("postType")).and_then(Value::as_str);
    if let Some(kind) = kind.filter(|kind| !is_known_kind(kind)) {
        context.note(format!(
            "A list of posts of the type {kind} was left out, because the database does not state whether visitors may see them."
        ));
        return children_html(context, Scope { query: None, ..scope }, block);
    }
    let query = QueryBlock {
        posts: parse_query(context.site, stored.unwrap_or(&Value::Null)),
        page_parameter: match block.number("queryId") {
            Some(id) => format!("query-{id}-page"),
            None => "query-page".to_owned(),
        },
        max_pages: stored.and_then(|query| number(query.get("pages")?)).unwrap_or_default(),
    };
    children_html(context, Scope { query: Some(&query), ..scope }, block)
}

/// Returns the query that a block stores.
fn parse_query(site: &WordPressSite, stored: &Value) -> PostQuery {
    let text = |name: &str| stored.get(name).and_then(Value::as_str).unwrap_or_default();
    let count = |name: &str| stored.get(name).and_then(number).and_then(|n| u32::try_from(n).ok());
    let mut query = PostQuery {
        kind: match text("postType") {
            kind if kind.is_empty() || is_internal(kind) => "post",
            kind => kind,
        }
        .to_owned(),
        order: match text("orderBy") {
            "title" => Order::Title,
            "modified" => Order::Modified,
            "menu_order" => Order::Menu,
            "comment_count" => Order::Comments,
            _ => Order::Date,
        },
        ascending: text("order").eq_ignore_ascii_case("asc"),
        limit: count("perPage").unwrap_or(10).clamp(1, 100),
        offset: count("offset").unwrap_or_default(),
        terms: term_groups(stored),
        author: stored.get("author").and_then(number).filter(|author| *author > 0),
        exclude: ids(stored.get("exclude")),
        search: search_words(text("search")),
        ..PostQuery::default()
    };
    // Only pages have posts above them.
    if query.kind == "page" {
        query.parents = ids(stored.get("parents"));
    }
    match text("sticky") {
        "only" => query.include = Some(site.sticky_posts()),
        "exclude" => query.exclude.extend(site.sticky_posts()),
        _ if query.kind == "attachment" => query.include = Some(Vec::new()),
        "ignore" => {}
        _ => {
            query.sticky_first =
                query.terms.is_empty() && query.author.is_none() && query.search.is_empty();
        }
    }
    query
}

/// Returns `true` for a post type of WordPress itself. Those of plugins may hold what nobody may see,
/// such as orders and the messages of contact forms.
fn is_known_kind(kind: &str) -> bool {
    matches!(kind, "" | "post" | "page" | "attachment") || is_internal(kind)
}

/// Returns `true` for a post type of WordPress itself that has no pages; a query lists posts instead.
fn is_internal(kind: &str) -> bool {
    kind.starts_with("wp_")
        || [
            "revision",
            "nav_menu_item",
            "custom_css",
            "customize_changeset",
            "oembed_cache",
            "user_request",
        ]
        .contains(&kind)
}

/// Returns the ids in a list, or in a text that separates them by commas.
fn ids(value: Option<&Value>) -> Vec<u64> {
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
}

/// Returns the terms of each taxonomy of a stored query, in the notation of today or before.
fn term_groups(stored: &Value) -> Vec<Vec<u64>> {
    let groups: Vec<Vec<u64>> = match stored.get("taxQuery").and_then(Value::as_object) {
        Some(taxonomies) => taxonomies.values().map(|terms| ids(Some(terms))).collect(),
        None => ["categoryIds", "tagIds"].iter().map(|name| ids(stored.get(name))).collect(),
    };
    groups.into_iter().filter(|group| !group.is_empty()).collect()
}

/// Renders the template once for each post of the list.
pub(super) fn template(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    let Some(query) = scope.query.filter(|_| scope.depth < super::MAX_DEPTH) else {
        return String::new();
    };
    let posts = context.listed_posts(&query.posts);
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

/// Renders the text for a list without posts.
pub(super) fn no_results(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    match scope.query.and_then(|query| context.list(&query.posts)) {
        Some(list) if list.ids.is_empty() => children_html(context, scope, block),
        _ => String::new(),
    }
}

/// Returns the number of pages of a list.
pub(super) fn page_count(context: &RenderContext<'_>, scope: Scope<'_>) -> u64 {
    let Some((query, list)) =
        scope.query.and_then(|query| Some((query, context.list(&query.posts)?)))
    else {
        return 0;
    };
    let pages = list.total.div_ceil(u64::from(query.posts.limit.max(1)));
    if query.max_pages == 0 { pages } else { pages.min(query.max_pages) }
}

/// Returns a link to a page of the list.
fn page_link(context: &RenderContext<'_>, query: &QueryBlock, page: u64, words: &str) -> String {
    let url = permalinks::article_url(context.site, context.page);
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}{}={page}", query.page_parameter);
    format!("<a href=\"{}\">{words}</a>", escape(&url))
}

/// Returns the page numbers below the first page of a list: the first three, and the last.
pub(super) fn page_numbers(context: &RenderContext<'_>, scope: Scope<'_>) -> String {
    let pages = page_count(context, scope);
    let Some(query) = scope.query.filter(|_| pages > 1) else {
        return String::new();
    };
    let link = |page: u64| page_link(context, query, page, &page.to_string());
    let mut shown = vec!["1".to_owned()];
    shown.extend((2..=pages.min(3)).map(link));
    if pages > 4 {
        shown.push("&hellip;".to_owned());
    }
    if pages > 3 {
        shown.push(link(pages));
    }
    format!("<div>{}</div>", shown.join("\n"))
}

/// Returns a link to the second page of a list; empty if it has only one.
pub(super) fn next_page(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    match scope.query.filter(|_| page_count(context, scope) > 1) {
        Some(query) => {
            let words = escape(block.text("label").unwrap_or("Next Page"));
            page_link(context, query, 2, &words)
        }
        None => String::new(),
    }
}
