//! Table of all sections and keys of the configuration, with suggestions for misspelled ones.

pub(super) use crate::domain::nearest::{nearest, suggestion};

/// Type of the value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    /// A string of any length.
    Text,
    /// A 64-bit signed integer.
    Integer,
    /// An array of strings.
    List,
    /// A boolean: `true` or `false`.
    Boolean,
    /// An array of tables with the keys of a section.
    Tables(&'static TableSchema),
    /// A table of texts by language tag.
    Texts,
}

/// One section of the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TableSchema {
    /// Name in the file; empty for the keys outside all sections.
    pub name: &'static str,
    /// `true` for a list of named tables (`[[name]]`).
    pub is_list: bool,
    /// Known keys with the types of their values.
    pub keys: &'static [(&'static str, ValueType)],
}

use ValueType::{Boolean, Integer, List, Tables, Text, Texts};

/// The keys outside all sections.
pub(super) const TOP_LEVEL: TableSchema =
    TableSchema { name: "", is_list: false, keys: &[("templates", Text)] };

/// The keys of `[site]`.
pub(super) const SITE: TableSchema = TableSchema {
    name: "site",
    is_list: false,
    keys: &[
        ("title", Text),
        ("titles", Texts),
        ("base_url", Text),
        ("language", Text),
        ("timezone", Text),
        ("id_authority", Text),
        ("postal_address", Text),
        ("rights", Text),
        ("icon", Text),
        ("logo", Text),
        ("accent", Text),
    ],
};

/// The keys of `[database]`.
pub(super) const DATABASE: TableSchema =
    TableSchema { name: "database", is_list: false, keys: &[("url", Text)] };

/// The keys of `[server]`.
pub(super) const SERVER: TableSchema = TableSchema {
    name: "server",
    is_list: false,
    keys: &[
        ("listen", Text),
        ("trusted_proxies", List),
        ("max_connections", Integer),
        ("confirmations_per_hour", Integer),
        ("feed_cache_dir", Text),
        ("on_demand", Boolean),
        ("browser_content_types", Boolean),
        ("webhook_networks", List),
    ],
};

/// The keys of `[admin]`.
pub(super) const ADMIN: TableSchema = TableSchema {
    name: "admin",
    is_list: false,
    keys: &[("enabled", Boolean), ("session_idle", Text), ("session_max", Text)],
};

/// The keys of `[admin.oidc]`.
pub(super) const ADMIN_OIDC: TableSchema = TableSchema {
    name: "admin.oidc",
    is_list: false,
    keys: &[
        ("issuer", Text),
        ("client_id", Text),
        ("client_secret", Text),
        ("name", Text),
        ("allowed_domains", List),
        ("default_role", Text),
        ("role_claim", Text),
    ],
};

/// The keys of `[websub]`.
pub(super) const WEBSUB: TableSchema = TableSchema {
    name: "websub",
    is_list: false,
    keys: &[
        ("hub", Boolean),
        ("hubs", List),
        ("allowed_networks", List),
        ("subscriptions", Integer),
        ("subscriptions_per_host", Integer),
        ("max_bytes", Integer),
        ("timeout", Text),
        ("connections", Integer),
    ],
};

/// The keys of each `[[sources.collections]]`.
pub(super) const COLLECTIONS: TableSchema = TableSchema {
    name: "sources.collections",
    is_list: true,
    keys: &[("filter", Text), ("permalink", Text)],
};

/// The keys of each `[[sources]]`.
pub(super) const SOURCES: TableSchema = TableSchema {
    name: "sources",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("kind", Text),
        ("url", Text),
        ("poll", Text),
        ("full_sync", Text),
        ("listen", Text),
        ("timezone", Text),
        ("table_prefix", Text),
        ("ids", Text),
        ("site_url", Text),
        ("permalinks", Text),
        ("routes", Text),
        ("members", Text),
        ("unknown_enclosing", Text),
        ("content_types", List),
        ("text_fields", List),
        ("files_url", Text),
        ("article_url", Text),
        ("query", Text),
        ("collections", Tables(&COLLECTIONS)),
    ],
};

/// The keys of each `[[feeds]]`.
pub(super) const FEEDS: TableSchema = TableSchema {
    name: "feeds",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("title", Text),
        ("titles", Texts),
        ("sections", List),
        ("tags", List),
        ("authors", List),
        ("languages", List),
        ("sources", List),
        ("items", Integer),
        ("content", Text),
        ("aliases", List),
        ("private", Text),
        ("description", Text),
        ("descriptions", Texts),
        ("max_age", Text),
        ("extra_xml", Text),
    ],
};

/// The keys of each `[[segments]]`.
pub(super) const SEGMENTS: TableSchema = TableSchema {
    name: "segments",
    is_list: true,
    keys: &[("name", Text), ("was", List), ("title", Text), ("filter", Text)],
};

/// The keys of each `[[digests]]`.
pub(super) const DIGESTS: TableSchema = TableSchema {
    name: "digests",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("title", Text),
        ("titles", Texts),
        ("description", Text),
        ("descriptions", Texts),
        ("subject", Text),
        ("subjects", Texts),
        ("offer_sections", List),
        ("schedule", Text),
        ("timezone", Text),
        ("sections", List),
        ("tags", List),
        ("authors", List),
        ("sources", List),
        ("languages", List),
        ("min_articles", Integer),
        ("max_articles", Integer),
        ("max_age", Text),
        ("missed", Text),
        ("missed_within", Text),
        ("pause", List),
        ("audience", Text),
        ("template", Text),
        ("from", Text),
        ("reply_to", Text),
        ("transport", Text),
    ],
};

/// The keys of each `[[sections]]`.
pub(super) const SECTIONS: TableSchema =
    TableSchema { name: "sections", is_list: true, keys: &[("name", Text), ("titles", Texts)] };

/// The keys of each `[[transports]]`.
pub(super) const TRANSPORTS: TableSchema = TableSchema {
    name: "transports",
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
        ("connections", Integer),
        ("messages_per_connection", Integer),
        ("rate", Text),
        ("warm_up", Text),
        ("domain_limits", List),
        ("weight", Integer),
        ("standby", Boolean),
        ("pool", Text),
        ("uncertain", Text),
        ("dkim", List),
        ("dkim_domain", Text),
    ],
};

/// The keys of each `[[publish]]`.
pub(super) const PUBLISH: TableSchema = TableSchema {
    name: "publish",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("url", Text),
        ("endpoint", Text),
        ("region", Text),
        ("access_key", Text),
        ("secret_key", Text),
        ("path_style", Boolean),
        ("feeds", List),
        ("gzip", Boolean),
        ("archive", Boolean),
    ],
};

/// The keys of each `[[webhooks]]`.
pub(super) const WEBHOOKS: TableSchema = TableSchema {
    name: "webhooks",
    is_list: true,
    keys: &[
        ("name", Text),
        ("was", List),
        ("url", Text),
        ("events", List),
        ("secret", Text),
        ("previous_secret", Text),
    ],
};

/// All sections, with the keys outside all sections first.
pub(super) const TABLES: [&TableSchema; 15] = [
    &TOP_LEVEL,
    &SITE,
    &DATABASE,
    &SERVER,
    &ADMIN,
    &ADMIN_OIDC,
    &WEBSUB,
    &SOURCES,
    &FEEDS,
    &DIGESTS,
    &SEGMENTS,
    &SECTIONS,
    &TRANSPORTS,
    &PUBLISH,
    &WEBHOOKS,
];

/// Keys that earlier versions called differently: section, former key, current key.
const RENAMED_KEYS: [(&str, &str, &str); 6] = [
    ("server", "made_feeds", "feed_cache_dir"),
    ("server", "generic_types", "browser_content_types"),
    ("websub", "allow", "allowed_networks"),
    ("sources", "compare", "full_sync"),
    ("transports", "domains", "domain_limits"),
    ("transports", "shares", "pool"),
];

/// Sections that earlier versions called differently: former name, current name.
const RENAMED_SECTIONS: [(&str, &str); 1] = [("push", "websub")];

impl TableSchema {
    /// Returns the type of a key's value, or `None` for an unknown key.
    pub(super) fn value_type(&self, key: &str) -> Option<ValueType> {
        self.keys.iter().find(|(name, _)| *name == key).map(|(_, value_type)| *value_type)
    }

    /// Returns the error for an unknown key: its current name if it was renamed, else the nearest
    /// key or all of them.
    pub(super) fn unknown_key(&self, key: &str) -> String {
        let renamed = RENAMED_KEYS
            .iter()
            .find(|(section, former, _)| (*section, *former) == (self.name, key));
        if let Some((.., current)) = renamed {
            return format!("unknown key `{key}`; it was renamed to `{current}`");
        }
        let known = self.keys.iter().map(|(name, _)| *name);
        format!("unknown key `{key}`; {}", suggestion(key, known))
    }
}

/// Returns the error for an unknown section, or an unknown key outside all sections.
pub(super) fn unknown_table(name: &str) -> String {
    if let Some((_, current)) = RENAMED_SECTIONS.iter().find(|(former, _)| *former == name) {
        return format!("unknown section `{name}`; it was renamed to `{current}`");
    }
    let sections = TABLES.iter().map(|section| section.name).filter(|name| !name.is_empty());
    let known = sections.chain(TOP_LEVEL.keys.iter().map(|(name, _)| *name));
    format!("unknown section or key `{name}`; {}", suggestion(name, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_key_finds_the_nearest_known_one() {
        let names = || FEEDS.keys.iter().map(|(name, _)| *name);
        for (given, expected) in [
            ("itmes", Some("items")),
            ("Title", Some("title")),
            ("section", Some("sections")),
            ("colour", None),
        ] {
            assert_eq!(nearest(given, names()), expected);
        }
        assert_eq!(nearest("smtp", ["site", "feeds"].into_iter()), None);
        assert_eq!(nearest("base-url", SITE.keys.iter().map(|(name, _)| *name)), Some("base_url"));
    }
}
