//! Every key a configuration may hold, and the nearest one to a misspelt key.

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// A list of texts.
    List,
    /// `true` or `false`.
    Flag,
}

/// A table of the configuration.
#[derive(Debug)]
pub(super) struct Section {
    /// Its name in the file; the keys outside any table have none.
    pub name: &'static str,
    /// What one of it is, as in "no key of a feed".
    pub noun: &'static str,
    /// Whether it is a list of named tables.
    pub is_list: bool,
    /// Its keys.
    pub keys: &'static [(&'static str, Shape)],
}

use Shape::{Flag, List, Number, Text};

/// The keys outside any table.
pub(super) const TOP: Section =
    Section { name: "", noun: "the configuration", is_list: false, keys: &[("templates", Text)] };

/// `[site]`.
pub(super) const SITE: Section = Section {
    name: "site",
    noun: "[site]",
    is_list: false,
    keys: &[
        ("title", Text),
        ("base_url", Text),
        ("language", Text),
        ("timezone", Text),
        ("id_authority", Text),
        ("postal_address", Text),
        ("rights", Text),
        ("icon", Text),
        ("logo", Text),
    ],
};

/// `[database]`.
pub(super) const DATABASE: Section =
    Section { name: "database", noun: "[database]", is_list: false, keys: &[("url", Text)] };

/// `[server]`.
pub(super) const SERVER: Section = Section {
    name: "server",
    noun: "[server]",
    is_list: false,
    keys: &[("listen", Text), ("made_feeds", Text), ("on_demand", Flag), ("generic_types", Flag)],
};

/// `[push]`.
pub(super) const PUSH: Section = Section {
    name: "push",
    noun: "[push]",
    is_list: false,
    keys: &[
        ("hub", Flag),
        ("hubs", List),
        ("allow", List),
        ("subscriptions", Number),
        ("subscriptions_per_host", Number),
        ("max_bytes", Number),
        ("timeout", Text),
        ("connections", Number),
    ],
};

/// `[[sources]]`.
pub(super) const SOURCES: Section = Section {
    name: "sources",
    noun: "a source",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("kind", Text),
        ("url", Text),
        ("poll", Text),
        ("compare", Text),
        ("listen", Text),
        ("timezone", Text),
        ("table_prefix", Text),
        ("ids", Text),
        ("site_url", Text),
        ("permalinks", Text),
        ("members", Text),
        ("content_types", List),
        ("files_url", Text),
        ("article_url", Text),
        ("query", Text),
    ],
};

/// `[[feeds]]`.
pub(super) const FEEDS: Section = Section {
    name: "feeds",
    noun: "a feed",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("title", Text),
        ("sections", List),
        ("tags", List),
        ("authors", List),
        ("languages", List),
        ("sources", List),
        ("items", Number),
        ("content", Text),
        ("aliases", List),
        ("private", Text),
        ("description", Text),
        ("max_age", Text),
        ("extra_xml", Text),
    ],
};

/// `[[digests]]`.
pub(super) const DIGESTS: Section = Section {
    name: "digests",
    noun: "a digest",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("title", Text),
        ("schedule", Text),
        ("timezone", Text),
        ("sections", List),
        ("tags", List),
        ("authors", List),
        ("sources", List),
        ("languages", List),
        ("min_articles", Number),
        ("max_articles", Number),
        ("max_age", Text),
        ("missed", Text),
        ("missed_within", Text),
        ("pause", List),
        ("template", Text),
        ("from", Text),
        ("reply_to", Text),
        ("transport", Text),
    ],
};

/// `[[transports]]`.
pub(super) const TRANSPORTS: Section = Section {
    name: "transports",
    noun: "a transport",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("url", Text),
        ("username", Text),
        ("password", Text),
        ("tls_ca", Text),
        ("ehlo", Text),
        ("envelope_from", Text),
        ("connections", Number),
        ("messages_per_connection", Number),
        ("rate", Text),
        ("warm_up", Text),
        ("domains", List),
        ("weight", Number),
        ("shares", Text),
        ("uncertain", Text),
        ("dkim", List),
        ("dkim_domain", Text),
    ],
};

/// `[[publish]]`.
pub(super) const PUBLISH: Section = Section {
    name: "publish",
    noun: "a place to publish to",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("url", Text),
        ("endpoint", Text),
        ("region", Text),
        ("access_key", Text),
        ("secret_key", Text),
        ("path_style", Flag),
        ("feeds", List),
        ("gzip", Flag),
        ("archive", Flag),
    ],
};

/// All tables, those outside any first.
pub(super) const SECTIONS: [&Section; 10] =
    [&TOP, &SITE, &DATABASE, &SERVER, &PUSH, &SOURCES, &FEEDS, &DIGESTS, &TRANSPORTS, &PUBLISH];

impl Section {
    /// What a key of it takes, if there is such a key.
    pub(super) fn shape(&self, key: &str) -> Option<Shape> {
        self.keys.iter().find(|(name, _)| *name == key).map(|(_, shape)| *shape)
    }

    /// Why a key is refused, with the one that was probably meant or all there are.
    pub(super) fn unknown(&self, key: &str) -> String {
        let known = self.keys.iter().map(|(name, _)| *name);
        format!("`{key}` is no key of {}; {}", self.noun, advice(key, known))
    }
}

/// "did you mean `x`?" when one of the words is near, else the list of them.
pub(super) fn advice<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(given, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// The word that a slip of one or two letters away makes the given one.
pub(super) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase().replace('-', "_");
    let reach = if given.chars().count() < 5 { 1 } else { 2 };
    let slips = |word: &str| distance(&given, &word.replace('-', "_"));
    known
        .map(|word| (slips(word), word))
        .filter(|(slips, _)| *slips <= reach)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, word)| word)
}

/// How many letters to change, insert or drop (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_key() {
        let names = || FEEDS.keys.iter().map(|(name, _)| *name);
        for (given, meant) in [
            ("itmes", Some("items")),
            ("Title", Some("title")),
            ("section", Some("sections")),
            ("colour", None),
        ] {
            assert_eq!(nearest(given, names()), meant);
        }
        assert_eq!(nearest("smtp", ["site", "feeds"].into_iter()), None);
        assert_eq!(nearest("base-url", SITE.keys.iter().map(|(name, _)| *name)), Some("base_url"));
    }
}
