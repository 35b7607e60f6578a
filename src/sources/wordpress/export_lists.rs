//! Lists in a WordPress export: of posts, such as a gallery or the latest posts, and of the months and
//! days with posts.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::dates;
use super::site::{Order, Post, PostList, PostQuery, WordPressSite};

/// Number of sorted lists that are kept.
const MAX_SORTED: usize = 100;

/// Indexes that answer the queries of one post without reading all posts.
#[derive(Debug, Default)]
pub(super) struct ExportLists {
    /// Posts and attachments by their parent.
    children: HashMap<u64, Vec<u64>>,
    /// All posts of a query, sorted; the queries exclude no posts and have no limit.
    sorted: HashMap<PostQuery, Vec<u64>>,
}

impl ExportLists {
    /// Indexes the posts of a site.
    pub(super) fn new(site: &WordPressSite) -> Self {
        let mut lists = Self::default();
        for post in site.posts.values().flatten().filter(|post| post.parent > 0) {
            lists.children.entry(post.parent).or_default().push(post.id);
        }
        lists
    }

    /// Returns the posts of a query.
    pub(super) fn run(&mut self, site: &WordPressSite, query: &PostQuery) -> PostList {
        let all = PostQuery { exclude: Vec::new(), limit: 0, offset: 0, ..query.clone() };
        // Lists of a single post or search are rarely requested again.
        let is_kept = all.parents.is_empty() && all.include.is_none() && all.search.is_empty();
        let sorted = match self.sorted.remove(&all) {
            Some(sorted) => sorted,
            None => self.sorted_ids(site, &all),
        };
        let is_excluded = |id: &u64| query.exclude.contains(id);
        let listed = |id: &u64| {
            site.posts.get(id).and_then(Option::as_ref).is_some_and(|p| matches(p, &all))
        };
        let mut excluded = query.exclude.clone();
        excluded.sort_unstable();
        excluded.dedup();
        let total = sorted.len() - excluded.iter().filter(|id| listed(id)).count();
        let limit = match usize::try_from(query.limit) {
            Ok(limit) if limit > 0 => limit,
            _ => usize::MAX,
        };
        let offset = usize::try_from(query.offset).unwrap_or_default();
        let rest = sorted.iter().copied().filter(|id| !is_excluded(id)).skip(offset);
        let ids = rest.take(limit).collect();
        if is_kept {
            if self.sorted.len() >= MAX_SORTED {
                self.sorted.clear();
            }
            self.sorted.insert(all, sorted);
        }
        PostList { ids, total: u64::try_from(total).unwrap_or_default() }
    }

    fn sorted_ids(&self, site: &WordPressSite, query: &PostQuery) -> Vec<u64> {
        let post = |id: &u64| site.posts.get(id)?.as_ref();
        let has_indexed_parents = !query.parents.is_empty() && !query.parents.contains(&0);
        let mut chosen: Vec<&Post> = if has_indexed_parents {
            let children = query.parents.iter().filter_map(|parent| self.children.get(parent));
            children.flatten().filter_map(post).collect()
        } else {
            site.posts.values().flatten().collect()
        };
        chosen.retain(|post| matches(post, query));
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
        chosen.iter().map(|post| post.id).collect()
    }
}

/// Returns `true` if a post matches the filters of a query that excludes no posts.
fn matches(post: &Post, query: &PostQuery) -> bool {
    let status = if query.kind == "attachment" { "inherit" } else { "publish" };
    post.kind == query.kind
        && post.status == status
        && query.terms.iter().all(|group| post.terms.iter().any(|t| group.contains(t)))
        && query.author.is_none_or(|author| author == post.author)
        && (query.parents.is_empty() || query.parents.contains(&post.parent))
        && query.include.as_ref().is_none_or(|ids| ids.contains(&post.id))
        && post.mime.starts_with(&query.mime)
        && query.search.iter().all(|word| contains_word(post, word))
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
