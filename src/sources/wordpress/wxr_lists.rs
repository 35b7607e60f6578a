//! Lists in a WordPress export: of posts, and of the months and days with posts.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::dates;
use super::site::{Order, Post, PostList, PostQuery, WordPressSite};

/// Returns the posts of a list.
pub(super) fn run_query(site: &WordPressSite, query: &PostQuery) -> PostList {
    let status = if query.kind == "attachment" { "inherit" } else { "publish" };
    let mut chosen: Vec<&Post> = site
        .posts
        .values()
        .flatten()
        .filter(|p| p.kind == query.kind && p.status == status)
        .filter(|p| query.terms.iter().all(|group| p.terms.iter().any(|t| group.contains(t))))
        .filter(|p| {
            query.author.is_none_or(|a| a == p.author)
                && (query.parents.is_empty() || query.parents.contains(&p.parent))
                && query.include.as_ref().is_none_or(|ids| ids.contains(&p.id))
        })
        .filter(|p| !query.exclude.contains(&p.id) && p.mime.starts_with(&query.mime))
        .filter(|p| query.search.iter().all(|word| contains_word(p, word)))
        .collect();
    chosen.sort_by(|a, b| {
        let order = match query.order {
            Order::Date => a.date.cmp(&b.date),
            Order::Modified => a.modified.cmp(&b.modified),
            Order::Title | Order::Menu => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
            // The file contains neither the order of the files nor the number of comments.
            Order::Id | Order::MenuThenId | Order::Comments => a.id.cmp(&b.id),
        };
        let order = if query.ascending { order } else { order.reverse() };
        order.then(a.id.cmp(&b.id))
    });
    let total = u64::try_from(chosen.len()).unwrap_or_default();
    let limit = if query.limit == 0 {
        usize::MAX
    } else {
        usize::try_from(query.limit).unwrap_or(usize::MAX)
    };
    let offset = usize::try_from(query.offset).unwrap_or_default();
    PostList { ids: chosen.iter().skip(offset).take(limit).map(|p| p.id).collect(), total }
}

/// Returns `true` if the title, excerpt or body of a public post contains the word.
fn contains_word(post: &Post, word: &str) -> bool {
    let word = word.to_lowercase();
    let texts = [post.title.as_str(), &post.excerpt, post.content.as_deref().unwrap_or_default()];
    !post.protected && texts.iter().any(|text| text.to_lowercase().contains(&word))
}

/// Returns the days with public posts, newest first.
pub(super) fn days(site: &WordPressSite) -> Vec<(Date, u64)> {
    let mut days: BTreeMap<Date, u64> = BTreeMap::new();
    for post in site.posts.values().flatten().filter(|p| p.kind == "post" && p.status == "publish")
    {
        if let Some(at) = dates::civil(&post.date) {
            *days.entry(at.date()).or_default() += 1;
        }
    }
    days.into_iter().rev().collect()
}

/// Returns the months with public posts, newest first.
pub(super) fn months(site: &WordPressSite) -> Vec<(i16, i8, u64)> {
    let mut months: BTreeMap<(i16, i8), u64> = BTreeMap::new();
    for post in site.posts.values().flatten().filter(|p| p.kind == "post" && p.status == "publish")
    {
        if let Some(at) = dates::civil(&post.date) {
            *months.entry((at.year(), at.month())).or_default() += 1;
        }
    }
    months.into_iter().rev().map(|((year, month), n)| (year, month, n)).collect()
}
