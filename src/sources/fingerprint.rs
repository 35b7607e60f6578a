//! Fingerprint of the settings that decide how a source's rows become articles.

use jiff::tz::TimeZone;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::normalize::NORMALIZER_VERSION;
use crate::config::{
    Collection, Ids, Members, Site, Source, SourceKind, UnknownEnclosing, redact_url,
};
use crate::domain::time::as_millis_i64;

/// Increased when the list of fields below changes, which makes every source run one full sync.
const FINGERPRINT_VERSION: u32 = 4;

/// Bytes of the SHA-256 digest that are stored.
const FINGERPRINT_BYTES: usize = 8;

/// Returns the fingerprint of a source's settings in hexadecimal.
///
/// A watermark is valid only under the fingerprint it was stored with: other settings, or another
/// `program_version`, may turn the same rows into other articles.
///
/// The field names and words below are persisted through the digest. They are written out, so that
/// renaming a Rust field or variant does not start a full sync. A change of the password does not
/// either, because the URL is redacted.
pub(super) fn configuration_fingerprint(
    site: &Site,
    source: &Source,
    program_version: &str,
) -> String {
    let fields = json!([
        ["fingerprint_version", FINGERPRINT_VERSION],
        ["program_version", program_version],
        ["normalizer_version", NORMALIZER_VERSION],
        ["site.language", site.language],
        ["site.base_url", site.base_url],
        ["name", source.name],
        ["was", source.former_names],
        ["kind", kind_key(source.kind)],
        ["url", source.url.as_deref().map(redact_url)],
        ["poll", as_millis_i64(source.poll)],
        ["full_sync", as_millis_i64(source.full_sync)],
        ["listen", source.listen_channel],
        ["timezone", timezone_key(&source.timezone)],
        ["table_prefix", source.table_prefix],
        ["ids", ids_key(source.ids)],
        ["site_url", source.site_url],
        ["permalinks", source.permalinks],
        ["collections", source.collections.iter().map(collection_key).collect::<Vec<_>>()],
        ["members", members_key(source.members)],
        ["unknown_enclosing", unknown_enclosing_key(source.unknown_enclosing)],
        ["content_types", source.content_types],
        ["text_fields", source.text_fields],
        ["files_url", source.files_url],
        ["article_url", source.article_url],
        ["query", source.query],
    ]);
    let digest = Sha256::digest(fields.to_string());
    hex::encode(&digest[..FINGERPRINT_BYTES])
}

fn kind_key(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Builtin => "builtin",
        SourceKind::WordPress => "wordpress",
        SourceKind::Ghost => "ghost",
        SourceKind::Drupal => "drupal",
        SourceKind::Query => "query",
    }
}

fn collection_key(collection: &Collection) -> (Option<String>, &str) {
    (collection.filter.as_ref().map(ToString::to_string), &collection.permalink)
}

fn ids_key(ids: Ids) -> &'static str {
    match ids {
        Ids::Ours => "ours",
        Ids::SiteFeed => "source",
    }
}

fn unknown_enclosing_key(unknown_enclosing: UnknownEnclosing) -> &'static str {
    match unknown_enclosing {
        UnknownEnclosing::Hide => "hide",
        UnknownEnclosing::Show => "show",
    }
}

fn members_key(members: Members) -> &'static str {
    match members {
        Members::Hidden => "hidden",
        Members::Preview => "preview",
        Members::Full => "full",
    }
}

/// Returns a zone's IANA name, or its `Debug` form for a zone without one, which no configuration
/// can name.
fn timezone_key(zone: &TimeZone) -> String {
    zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SignedDuration;
    use crate::domain::translations::Translations;

    fn site() -> Site {
        Site {
            title: "College".into(),
            titles: Translations::default(),
            base_url: "https://news.example.edu".into(),
            language: "en".into(),
            timezone: TimeZone::UTC,
            id_authority: "news.example.edu,2026".into(),
            postal_address: String::new(),
            rights: None,
            icon: None,
            logo: None,
            accent: None,
        }
    }

    fn source(url: &str) -> Source {
        Source {
            name: "college".into(),
            former_names: vec!["school".into()],
            kind: SourceKind::Query,
            url: Some(url.into()),
            poll: SignedDuration::from_secs(30),
            timezone: TimeZone::get("Asia/Shanghai").unwrap(),
            table_prefix: String::new(),
            ids: Ids::Ours,
            site_url: String::new(),
            permalinks: String::new(),
            collections: Vec::new(),
            members: Members::Hidden,
            unknown_enclosing: UnknownEnclosing::Hide,
            content_types: Vec::new(),
            text_fields: Vec::new(),
            files_url: String::new(),
            article_url: Some("https://news.example.edu/{id}.html".into()),
            query: Some("SELECT id, title, published_at FROM news".into()),
            full_sync: SignedDuration::from_hours(1),
            listen_channel: None,
        }
    }

    #[test]
    fn fingerprint_is_stable_and_ignores_the_password() {
        let pinned = "6e8ec5423491188d";
        for url in ["mysql://cms:secret@db.example/cms", "mysql://cms:changed@db.example/cms"] {
            assert_eq!(configuration_fingerprint(&site(), &source(url), "1.2.3"), pinned);
        }
        let other = source("mysql://cms:secret@other.example/cms");
        assert_ne!(configuration_fingerprint(&site(), &other, "1.2.3"), pinned);
        let same = source("mysql://cms:secret@db.example/cms");
        assert_ne!(configuration_fingerprint(&site(), &same, "1.2.4"), pinned);
    }
}
