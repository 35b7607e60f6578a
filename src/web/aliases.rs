//! Addresses that feeds had before Courant: a path, or a path with a query, as `/feed/` or `/?feed=rss2`.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::feeds::format::Format;

/// What old addresses lead to.
#[derive(Debug)]
pub(super) struct Aliases<T> {
    by_path: HashMap<String, Vec<Alias<T>>>,
}

#[derive(Debug)]
struct Alias<T> {
    query: Vec<(String, String)>,
    to: T,
}

impl<T: Clone> Aliases<T> {
    /// Reads aliases as the config has them.
    pub(super) fn of(all: impl IntoIterator<Item = (String, T)>) -> Self {
        let mut by_path: HashMap<String, Vec<Alias<T>>> = HashMap::new();
        for (alias, to) in all {
            let (path, query) = alias.split_once('?').unwrap_or((&alias, ""));
            by_path.entry(plain(path)).or_default().push(Alias { query: pairs(query), to });
        }
        for aliases in by_path.values_mut() {
            // The one that asks for most comes first.
            aliases.sort_by_key(|alias| std::cmp::Reverse(alias.query.len()));
        }
        Self { by_path }
    }

    /// What an address leads to, with a slash at its end or without, and whatever else is in its query.
    pub(super) fn find(&self, path: &str, query: Option<&str>) -> Option<&T> {
        if self.by_path.is_empty() {
            return None;
        }
        let aliases = self.by_path.get(&plain(path))?;
        let asked = pairs(query.unwrap_or_default());
        aliases
            .iter()
            .find(|alias| alias.query.iter().all(|pair| asked.contains(pair)))
            .map(|alias| &alias.to)
    }
}

fn plain(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().trim_end_matches('/').to_owned()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The format that an address promises by its end; RSS where it promises none.
pub(super) fn format_of(alias: &str) -> Format {
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
    fn an_old_address_is_found_however_it_is_written() {
        let all = ["/feed/", "/?feed=rss2", "/?feed=rss2&cat=7", "/新闻.xml", "/index.xml"];
        let aliases = Aliases::of(all.map(|alias| (alias.to_owned(), alias)));
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
    fn the_end_of_an_address_tells_its_format() {
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
            assert_eq!(format_of(alias), format, "{alias}");
        }
    }
}
