//! What may be shown of settings that hold secrets.

use std::fmt;

use url::Url;

use super::settings::{Bucket, Database, Source, Transport};

/// An address that can be shown: with `***` for its password, and without what follows a `?` or `#`, where drivers take
/// passwords too.
pub fn redacted(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        return format!("{scheme}://…");
    };
    parsed.set_query(None);
    parsed.set_fragment(None);
    if parsed.password().is_some() && parsed.set_password(Some("***")).is_err() {
        return format!("{}://…", parsed.scheme());
    }
    parsed.into()
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("url", &redacted(&self.url)).finish()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("was", &self.was)
            .field("kind", &self.kind)
            .field("url", &self.url.as_deref().map(redacted))
            .field("poll", &self.poll)
            .field("compare", &self.compare)
            .field("listen", &self.listen)
            .field("timezone", &self.timezone)
            .field("table_prefix", &self.table_prefix)
            .field("ids", &self.ids)
            .field("site_url", &self.site_url)
            .field("permalinks", &self.permalinks)
            .field("members", &self.members)
            .field("content_types", &self.content_types)
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
            .field("was", &self.was)
            .field("route", &self.route)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("tls_ca", &self.tls_ca)
            .field("ehlo", &self.ehlo)
            .field("envelope_from", &self.envelope_from)
            .field("connections", &self.connections)
            .field("messages_per_connection", &self.messages_per_connection)
            .field("rate", &self.rate)
            .field("warm_up", &self.warm_up)
            .field("domains", &self.domains)
            .field("weight", &self.weight)
            .field("shares", &self.shares)
            .field("uncertain", &self.uncertain)
            .field("dkim", &self.dkim)
            .field("dkim_domain", &self.dkim_domain)
            .finish()
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("address", &self.address.as_str())
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("access_key", &self.access_key)
            .field("secret_key", &"***")
            .finish()
    }
}
