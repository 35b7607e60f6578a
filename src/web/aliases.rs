//! Alias URLs that feeds had before Courant: a path with or without a query, for example
//! `/feed/` or `/?feed=rss2`.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::feeds::format::Format;

/// Lookup table from alias URLs to their targets.
#[derive(Debug)]
pub(super) struct Aliases<T> {
    by_path: HashMap<String, Vec<Alias<T>>>,
}

#[derive(Debug)]
struct Alias<T> {
    query: Vec<(String, String)>,
    target: T,
}

impl<T: Clone> Aliases<T> {
    /// Builds the table from aliases as written in the config.
    pub(super) fn new(all: impl IntoIterator<Item = (String, T)>) -> Self {
        let mut by_path: HashMap<String, Vec<Alias<T>>> = HashMap::new();
        for (alias, target) in all {
            let (path, query) = alias.split_once('?').unwrap_or((&alias, ""));
            by_path
                .entry(normalized_path(path))
                .or_default()
                .push(Alias { query: query_pairs(query), target });
        }
        for aliases in by_path.values_mut() {
            // The alias with the most query parameters is the most specific, so it comes first.
            aliases.sort_by_key(|alias| std::cmp::Reverse(alias.query.len()));
        }
        Self { by_path }
    }

    /// Finds the target of a URL, ignoring a trailing slash and additional query parameters.
    pub(super) fn find(&self, path: &str, query: Option<&str>) -> Option<&T> {
        if self.by_path.is_empty() {
            return None;
        }
        let aliases = self.by_path.get(&normalized_path(path))?;
        let requested = query_pairs(query.unwrap_or_default());
        aliases
            .iter()
            .find(|alias| alias.query.iter().all(|pair| requested.contains(pair)))
            .map(|alias| &alias.target)
    }
}

fn normalized_path(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().trim_end_matches('/').to_owned()
}

fn query_pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Infers the format from the end of an alias; RSS if it names none.
pub(super) fn infer_format(alias: &str) -> Format {
    let alias = alias.trim_end_matches('/').to_ascii_lowercase();
    let last = alias.rsplit(['/', '=', '?', '.']).next().unwrap_or_default();
    match last {
        "atom" => Format::Atom,
        "json" => Format::Json,
        _ if alias.ends_with("atom.xml") => Format::Atom,
        _ => Format::Rss,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_matches_with_or_without_trailing_slash_and_extra_query() {
        let all = ["/feed/", "/?feed=rss2", "/?feed=rss2&cat=7", "/新闻.xml", "/index.xml"];
        let aliases = Aliases::new(all.map(|alias| (alias.to_owned(), alias)));
        let find = |path: &str, query: Option<&str>| aliases.find(path, query).copied();
        assert_eq!(find("/feed", None), Some("/feed/"));
        assert_eq!(find("/feed/", Some("null")), Some("/feed/"));
        assert_eq!(find("/", Some("utm=x&feed=rss2")), Some("/?feed=rss2"));
        assert_eq!(find("/", Some("cat=7&feed=rss2")), Some("/?feed=rss2&cat=7"));
        assert_eq!(find("/%E6%96%B0%E9%97%BB.xml", None), Some("/新闻.xml"));
        for (path, query) in
            [("/", None), ("/", Some("feed=rss")), ("/feeds", None), ("/feed/x", None)]
        {
            assert_eq!(find(path, query), None, "{path} {query:?}");
        }
    }

    #[test]
    fn format_is_inferred_from_the_end_of_an_alias() {
        for (alias, format) in [
            ("/feed/", Format::Rss),
            ("/?feed=rss2", Format::Rss),
            ("/atom", Format::Atom),
            ("/rss.xml", Format::Rss),
            ("/atom.xml", Format::Atom),
            ("/news.atom", Format::Atom),
            ("/feed/atom/", Format::Atom),
            ("/?feed=atom", Format::Atom),
            ("/feed.json", Format::Json),
        ] {
            assert_eq!(infer_format(alias), format, "{alias}");
        }
    }
}
