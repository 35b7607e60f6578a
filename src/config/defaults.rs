//! Default values of the keys whose default is the same in every configuration.

/// Sections with their keys and default values, as TOML.
pub(super) const DEFAULTS: &[(&str, &[(&str, &str)])] = &[
    ("site", &[("language", "\"en\""), ("timezone", "\"UTC\"")]),
    ("database", &[("url", "\"sqlite://data/courant.db\"")]),
    (
        "server",
        &[
            ("listen", "\"127.0.0.1:8080\""),
            ("trusted_proxies", "[\"127.0.0.1/32\", \"::1/128\"]"),
            ("max_connections", "10000"),
            ("confirmations_per_hour", "1000"),
            ("feed_cache_dir", "\"data/feeds\""),
            ("browser_content_types", "false"),
            ("webhook_networks", "[]"),
        ],
    ),
    (
        "websub",
        &[
            ("hub", "false"),
            ("hubs", "[]"),
            ("allowed_networks", "[]"),
            ("subscriptions", "10000"),
            ("subscriptions_per_host", "1000"),
            ("max_bytes", "5000000"),
            ("timeout", "\"10s\""),
            ("connections", "32"),
        ],
    ),
    ("sources", &[("kind", "\"builtin\"")]),
    (
        "feeds",
        &[
            ("sections", "[]"),
            ("tags", "[]"),
            ("authors", "[]"),
            ("languages", "[]"),
            ("sources", "[]"),
            ("items", "50"),
            ("content", "\"full\""),
            ("max_age", "\"5m\""),
            ("aliases", "[]"),
        ],
    ),
    (
        "digests",
        &[
            ("sections", "[]"),
            ("tags", "[]"),
            ("authors", "[]"),
            ("sources", "[]"),
            ("min_articles", "1"),
            ("max_articles", "20"),
            ("max_age", "\"30d\""),
            ("missed", "\"once\""),
            ("missed_within", "\"24h\""),
            ("pause", "[]"),
            ("template", "\"digest\""),
            ("transport", "\"default\""),
        ],
    ),
    (
        "transports",
        &[
            ("connections", "10"),
            ("messages_per_connection", "500"),
            ("rate", "\"none\""),
            ("warm_up", "\"none\""),
            ("domain_limits", "[]"),
            ("weight", "1"),
            ("standby", "false"),
            ("uncertain", "\"retry\""),
        ],
    ),
    ("publish", &[("feeds", "[]"), ("gzip", "true"), ("archive", "true")]),
];
