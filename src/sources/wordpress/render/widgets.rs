//! Dynamic blocks of a site: categories, pages and tags; the others have modules of their own.

use std::fmt::Write as _;

use super::blocks::Block;
use super::markup::escape;
use super::{RenderContext, Scope, archives, latest, menus, page_title, texturize};
use crate::sources::wordpress::permalinks;
use crate::sources::wordpress::site::{Order, Post, PostQuery, Term};

/// Returns the HTML of a dynamic block; `None` for any other block.
pub(super) fn render(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
) -> Option<String> {
    Some(match block.name.as_str() {
        "archives" => archives::archives(context, block),
        "calendar" => archives::calendar(context, block),
        "categories" => categories(context, block),
        "latest-posts" => latest::posts(context, scope, block),
        "latest-comments" => latest::comments(context, block),
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
