//! Text of a new configuration file, rendered from the answers.

use std::fmt::Write as _;

use crate::config::quote_text;

/// Port of the web server that a file without the key has.
pub(super) const DEFAULT_PORT: &str = "8080";

/// Answers from which a configuration is rendered; an empty text leaves the key out.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    pub(super) title: String,
    pub(super) base_url: String,
    pub(super) language: String,
    pub(super) timezone: String,
    pub(super) id_authority: String,
    pub(super) port: String,
    pub(super) postal_address: String,
    pub(super) source_kind: String,
    pub(super) source_url: String,
    pub(super) query: String,
    pub(super) from: String,
    pub(super) relay: String,
    pub(super) username: String,
    pub(super) password: String,
}

impl Default for Answers {
    /// Valid values, so that a file with the first answers alone can be checked.
    fn default() -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            title: text("Title"),
            base_url: text("https://news.example.com"),
            language: text("en"),
            timezone: text("UTC"),
            id_authority: text("news.example.com,2026"),
            port: text(DEFAULT_PORT),
            postal_address: String::new(),
            source_kind: text("builtin"),
            source_url: String::new(),
            query: String::new(),
            from: text("news@example.com"),
            relay: text("file://outbox"),
            username: String::new(),
            password: String::new(),
        }
    }
}

impl Answers {
    /// Returns the name of the source.
    pub(super) fn source_name(&self) -> &str {
        match self.source_kind.as_str() {
            "wordpress" | "ghost" | "drupal" => &self.source_kind,
            _ => "site",
        }
    }

    /// Renders the file, as TOML.
    pub(super) fn render(&self) -> String {
        let mut out = String::from(
            "# Configuration of Courant. The config.toml of the distribution explains every key.\n",
        );
        table(
            &mut out,
            "[site]",
            &[
                ("title", &self.title),
                ("base_url", &self.base_url),
                ("language", &self.language),
                ("timezone", &self.timezone),
                // The key must keep its value: it is part of the id of every article.
                (
                    "# Part of the id of every article; never change it.\nid_authority",
                    &self.id_authority,
                ),
                ("postal_address", &self.postal_address),
            ],
        );
        if self.port != DEFAULT_PORT {
            table(&mut out, "[server]", &[("listen", &format!("127.0.0.1:{}", self.port))]);
        }
        let ids = if self.source_kind == "wordpress" { "source" } else { "" };
        table(
            &mut out,
            "[[sources]]",
            &[
                ("name", self.source_name()),
                ("kind", &self.source_kind),
                ("url", &self.source_url),
                (
                    "# Keeps the ids of the site's own feed, so that readers see no article twice.\nids",
                    ids,
                ),
                ("query", &self.query),
            ],
        );
        table(&mut out, "[[feeds]]", &[("name", "news"), ("title", &self.title)]);
        table(
            &mut out,
            "[[digests]]",
            &[
                ("name", "weekly"),
                ("title", self.digest_title()),
                ("# Mondays at 8:00.\nschedule", "0 8 * * MON"),
                ("from", &self.from),
            ],
        );
        table(
            &mut out,
            "[[transports]]",
            &[
                ("name", "default"),
                ("url", &self.relay),
                ("username", &self.username),
                ("password", &self.password),
            ],
        );
        out
    }

    /// Returns the title of the digest, without that of the site, which e-mails and pages show above it.
    fn digest_title(&self) -> &'static str {
        let language = self.language.to_ascii_lowercase();
        match language.as_str() {
            "zh-hant" | "zh-tw" | "zh-hk" | "zh-mo" => "每週文摘",
            _ if language == "zh" || language.starts_with("zh-") => "每周文摘",
            _ => "Weekly digest",
        }
    }
}

/// Writes a table without its empty keys; a key may have a comment line before it.
fn table(out: &mut String, header: &str, keys: &[(&str, &str)]) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "\n{header}");
    for (key, text) in keys.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "{key} = {}", quote_text(text));
    }
}
