//! `Debug` output without secrets.

use std::fmt;

use super::redaction::redact_url;
use super::settings::{Bucket, Database, OidcSettings, Source, Transport};

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("url", &redact_url(&self.url)).finish()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("was", &self.former_names)
            .field("kind", &self.kind)
            .field("url", &self.url.as_deref().map(redact_url))
            .field("poll", &self.poll)
            .field("full_sync", &self.full_sync)
            .field("listen", &self.listen_channel)
            .field("timezone", &self.timezone)
            .field("table_prefix", &self.table_prefix)
            .field("ids", &self.ids)
            .field("site_url", &self.site_url)
            .field("permalinks", &self.permalinks)
            .field("collections", &self.collections)
            .field("members", &self.members)
            .field("unknown_enclosing", &self.unknown_enclosing)
            .field("content_types", &self.content_types)
            .field("text_fields", &self.text_fields)
            .field("files_url", &self.files_url)
            .field("article_url", &self.article_url)
            .field("query", &self.query)
            .finish()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("name", &self.name)
            .field("was", &self.former_names)
            .field("target", &self.target)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("tls_ca", &self.tls_ca)
            .field("ehlo", &self.ehlo)
            .field("envelope_from", &self.envelope_from)
            .field("connections", &self.connections)
            .field("messages_per_connection", &self.messages_per_connection)
            .field("rate", &self.rate)
            .field("warm_up", &self.warm_up)
            .field("domain_limits", &self.domain_limits)
            .field("weight", &self.weight)
            .field("standby", &self.standby)
            .field("pool", &self.pool)
            .field("uncertain", &self.uncertain)
            .field("dkim", &self.dkim)
            .field("dkim_domain", &self.dkim_domain)
            .finish()
    }
}

impl fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcSettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("client_secret", &"***")
            .field("name", &self.name)
            .field("allowed_domains", &self.allowed_domains)
            .field("default_role", &self.default_role)
            .field("role_claim", &self.role_claim)
            .finish()
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("url", &self.url.as_str())
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("access_key", &self.access_key)
            .field("secret_key", &"***")
            .finish()
    }
}
