//! Configuration of a test's installation.

use crate::smtp_server::SmtpServer;

/// Parts of the config that a test can change: lines of TOML for each table.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) base_url: String,
    /// Lines of the source `college` without its name; empty for the kind `builtin`.
    pub(crate) source: String,
    /// Further lines of `[server]`.
    pub(crate) server: String,
    /// Further lines of the feed `news`.
    pub(crate) feed: String,
    /// Further lines of the digest `weekly`.
    pub(crate) digest: String,
    /// Lines of the transport `default` without its URL.
    pub(crate) transport: String,
    /// URL of the transport `default`, if not that of the test's own relay.
    pub(crate) transport_url: Option<String>,
    /// Further tables at the end of the file.
    pub(crate) more: String,
    /// Renamed tables: pairs of the old and the new name.
    pub(crate) renamed: Vec<(&'static str, &'static str)>,
}

impl Settings {
    /// Creates settings with a builtin source, a feed, a weekly digest, and two connections to the
    /// test's relay.
    pub(crate) fn new() -> Self {
        Self {
            base_url: "https://news.example.edu".into(),
            source: String::new(),
            server: String::new(),
            feed: String::new(),
            digest: String::new(),
            transport: "connections = 2".into(),
            transport_url: None,
            more: String::new(),
            renamed: Vec::new(),
        }
    }

    /// Returns the text of the config for this database and this relay.
    pub(crate) fn text(&self, url: &str, relay: &SmtpServer) -> String {
        let transport_url =
            self.transport_url.clone().unwrap_or_else(|| format!("smtp://{}", relay.address()));
        let source = if self.source.is_empty() { "kind = \"builtin\"" } else { &self.source };
        let Settings { base_url, server, feed, digest, transport, more, .. } = self;
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
{server}
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
url = "{transport_url}"
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
