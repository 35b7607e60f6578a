//! What a story's config says.

use crate::smtp_server::SmtpServer;

/// What a story may say otherwise in the config: lines of TOML for each table.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) base_url: String,
    /// Of the source `college`, without its name; empty for builtin.
    pub(crate) source: String,
    /// Of the feed `news`.
    pub(crate) feed: String,
    /// Of the digest `weekly`.
    pub(crate) digest: String,
    /// Of the transport `default`, without its url.
    pub(crate) transport: String,
    /// Instead of the world's own relay.
    pub(crate) way: Option<String>,
    /// Further tables.
    pub(crate) more: String,
    /// Tables that have other names now: the old and the new.
    pub(crate) renamed: Vec<(&'static str, &'static str)>,
}

impl Settings {
    /// A builtin source, a feed, a weekly digest, and two connections to the world's relay.
    pub(crate) fn new() -> Self {
        Self {
            base_url: "https://news.example.edu".into(),
            source: String::new(),
            feed: String::new(),
            digest: String::new(),
            transport: "connections = 2".into(),
            way: None,
            more: String::new(),
            renamed: Vec::new(),
        }
    }

    /// The config of a world with this database and this relay.
    pub(crate) fn text(&self, url: &str, relay: &SmtpServer) -> String {
        let way = self.way.clone().unwrap_or_else(|| format!("smtp://{}", relay.address()));
        let source = if self.source.is_empty() { "kind = \"builtin\"" } else { &self.source };
        let Settings { base_url, feed, digest, transport, more, .. } = self;
        let text = format!(
            r#"[site]
title = "College News"
base_url = "{base_url}"
language = "en"
timezone = "UTC"
id_authority = "news.example.edu,2026"
postal_address = "1 College Road"
[database]
url = "{url}"
[server]
listen = "127.0.0.1:0"
[[sources]]
name = "college"
{source}
[[feeds]]
name = "news"
{feed}
[[digests]]
name = "weekly"
title = "The week"
from = "College News <news@example.edu>"
{schedule}
{digest}
[[transports]]
name = "default"
url = "{way}"
{transport}
{more}
"#,
            schedule = if digest.contains("schedule") { "" } else { "schedule = \"0 8 * * MON\"" },
        );
        self.renamed.iter().fold(text, |text, (was, is)| {
            text.replace(
                &format!("name = \"{was}\""),
                &format!("name = \"{is}\"\nwas = [\"{was}\"]"),
            )
        })
    }
}
