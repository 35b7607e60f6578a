//! Fingerprints of the settings that a feed document was rendered with.
//!
//! The disk cache and the publishing state keep these fingerprints. Their input is therefore
//! written field by field, and renaming a Rust type, field or variant changes no fingerprint.

use std::fmt::{Display, Write as _};

use sha2::{Digest as _, Sha256};

use crate::config::{Config, Feed, Site};
use crate::domain::selection::Selection;
use crate::domain::time::as_millis_i64;
use crate::domain::translations::Translations;
use crate::feeds::plan::{RENDERER_VERSION, content_mode};

/// Version of the text that is hashed. Raise it when a field is added to, or removed from, that
/// text; every cached document is then rendered again.
const FINGERPRINT_VERSION: u32 = 2;

/// Returns a fingerprint of everything a feed's documents depend on besides its articles. It starts
/// with the feed's [`access_fingerprint`].
pub(crate) fn feed_fingerprint(config: &Config, feed: &Feed) -> String {
    let mut settings = settings_text(&config.site, feed);
    settings.field("renderer_version", RENDERER_VERSION);
    settings.field("package_version", env!("CARGO_PKG_VERSION"));
    access_fingerprint(feed) + &settings.hash()
}

/// Returns a fingerprint of the settings that decide which content of a feed readers may see.
pub(super) fn access_fingerprint(feed: &Feed) -> String {
    let mut access = FieldList::default();
    access.field("fingerprint_version", FINGERPRINT_VERSION);
    access.selection(&feed.selection);
    access.field("content", content_mode(feed.content));
    access.optional("private", feed.secret.as_deref());
    access.hash()
}

/// Lists all fields of the site and the feed; the patterns fail to compile when one is added.
fn settings_text(site: &Site, feed: &Feed) -> FieldList {
    let Site {
        title,
        titles,
        base_url,
        language,
        timezone,
        id_authority,
        postal_address,
        rights,
        icon,
        logo,
        // Feeds contain no colours.
        accent: _,
    } = site;
    let mut fields = FieldList::default();
    fields.field("fingerprint_version", FINGERPRINT_VERSION);
    fields.field("site.title", title);
    fields.texts("site.titles", titles);
    fields.field("site.base_url", base_url);
    fields.field("site.language", language);
    fields.optional("site.timezone", timezone.iana_name());
    fields.field("site.id_authority", id_authority);
    fields.field("site.postal_address", postal_address);
    fields.optional("site.rights", rights.as_deref());
    fields.optional("site.icon", icon.as_deref());
    fields.optional("site.logo", logo.as_deref());
    let Feed {
        name,
        former_names: was,
        title,
        titles,
        description,
        descriptions,
        selection,
        items,
        content,
        aliases,
        secret: private,
        max_age,
        extra_xml,
    } = feed;
    fields.field("feed.name", name);
    fields.list("feed.was", was);
    fields.field("feed.title", title);
    fields.texts("feed.titles", titles);
    fields.optional("feed.description", description.as_deref());
    fields.texts("feed.descriptions", descriptions);
    fields.selection(selection);
    fields.field("feed.items", items);
    fields.field("feed.content", content_mode(*content));
    fields.list("feed.aliases", aliases);
    fields.optional("feed.private", private.as_deref());
    fields.field("feed.max_age", as_millis_i64(*max_age));
    fields.optional("feed.extra_xml", extra_xml.as_deref());
    fields
}

/// Named values as lines of `NAME=LENGTH:VALUE`; the length in bytes makes the text unambiguous.
#[derive(Debug, Default)]
struct FieldList(String);

impl FieldList {
    fn field(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{name}={}:{value}", value.len());
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.field(name, value),
            None => {
                // Writing to a String does not fail.
                let _ = writeln!(self.0, "{name}=none");
            }
        }
    }

    fn list(&mut self, name: &str, values: &[String]) {
        self.field(name, values.len());
        for value in values {
            self.field(name, value);
        }
    }

    fn texts(&mut self, name: &str, translations: &Translations) {
        self.field(name, translations.texts().len());
        for (language, text) in translations.texts() {
            self.field(name, language);
            self.field(name, text);
        }
    }

    fn selection(&mut self, selection: &Selection) {
        let Selection { sections, tags, authors, languages, sources } = selection;
        self.list("selection.sections", sections);
        self.list("selection.tags", tags);
        self.list("selection.authors", authors);
        self.list("selection.languages", languages);
        self.list("selection.sources", sources);
    }

    /// Returns the first 16 bytes of the text's SHA-256 in hexadecimal.
    fn hash(&self) -> String {
        hex::encode(&Sha256::digest(&self.0)[..16])
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::Content;
    use crate::domain::time::SignedDuration;

    fn site() -> Site {
        Site {
            title: "Harbour College".into(),
            titles: Translations::default(),
            base_url: "https://news.example.edu".into(),
            language: "en".into(),
            timezone: TimeZone::UTC,
            id_authority: "news.example.edu,2026".into(),
            postal_address: String::new(),
            rights: Some("© Harbour College".into()),
            icon: None,
            logo: None,
            accent: None,
        }
    }

    fn feed() -> Feed {
        Feed {
            name: "news".into(),
            former_names: vec!["latest".into()],
            title: "News".into(),
            titles: Translations::default(),
            description: None,
            descriptions: Translations::default(),
            selection: Selection { tags: vec!["jobs".into()], ..Selection::default() },
            items: 50,
            content: Content::Full,
            aliases: vec!["/feed/".into()],
            secret: None,
            max_age: SignedDuration::from_mins(5),
            extra_xml: None,
        }
    }

    /// If this test fails, all cached documents of all installations are rendered again: restore
    /// the text, or raise [`FINGERPRINT_VERSION`] on purpose.
    #[test]
    fn fingerprint_of_a_sample_feed_is_pinned() {
        assert_eq!(access_fingerprint(&feed()), "a20d86223a42e6e3494767f948068451");
        assert_eq!(settings_text(&site(), &feed()).hash(), "1058392cc66f256c3d752afb491fe8a8");
    }

    #[test]
    fn each_changed_setting_changes_the_fingerprint() {
        let before = settings_text(&site(), &feed()).hash();
        let after = |change: fn(&mut Feed)| {
            let mut feed = feed();
            change(&mut feed);
            (settings_text(&site(), &feed).hash(), access_fingerprint(&feed))
        };
        let access = access_fingerprint(&feed());
        for change in [
            (|feed| feed.secret = Some(String::new())) as fn(&mut Feed),
            |feed| feed.content = Content::Summary,
            |feed| feed.selection.sections.push("jobs".into()),
        ] {
            assert!(after(change).0 != before && after(change).1 != access);
        }
        for change in [
            (|feed| feed.max_age += SignedDuration::from_millis(1)) as fn(&mut Feed),
            |feed| feed.aliases.clear(),
            |feed| feed.titles = Translations::new("en", [("zh".into(), "新闻".into())].into()),
            |feed| feed.extra_xml = Some(String::new()),
        ] {
            assert!(after(change).0 != before && after(change).1 == access);
        }
    }
}
