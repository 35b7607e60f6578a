//! Checks that the articles of a file have different ids.

use percent_encoding::percent_decode_str;

use super::normalize;
use crate::config::{Ids, Site, Source};
use crate::domain::article::IncomingArticle;
use crate::domain::file_import::FirstLines;

/// Bit in the line of an id that marks an article with a guid other than its id.
const HAS_OTHER_GUID: u64 = 1 << 31;
/// Bit in the line of an id that marks an article whose guid is its id, as in feeds.
const HAS_ID_AS_GUID: u64 = 1 << 30;

/// Ids and permanent ids of the articles of a file.
#[derive(Debug, Default)]
pub(super) struct FileIds {
    ids: FirstLines,
    /// Guids that differ from the ids. The others follow from the ids, and take no memory.
    guids: FirstLines,
}

impl FileIds {
    /// Adds a validated article; the error is the reason if an earlier one has the same id or permanent
    /// id.
    pub(super) fn add(
        &mut self,
        line: u64,
        incoming: &IncomingArticle,
        source: &Source,
        site: &Site,
    ) -> Result<(), String> {
        let (id, own) = (&incoming.source_id, incoming.guid.as_deref());
        let line = line.min(HAS_ID_AS_GUID - 1);
        let mark = match own {
            Some(guid) if guid == id => HAS_ID_AS_GUID,
            Some(_) => HAS_OTHER_GUID,
            None => 0,
        };
        if self.ids.insert(id, line | mark).is_some() {
            return Err(format!("duplicate id {id:?}"));
        }
        if source.ids == Ids::SiteFeed {
            return Ok(());
        }
        let guid = normalize::guid(incoming, source, site);
        let other = match own {
            Some(guid) if guid != id => self.guids.insert(guid, line),
            _ => self.guids.get(&guid),
        };
        let marked = |id: &str, mark: u64| {
            let found = self.ids.get(id)?;
            let marks = HAS_OTHER_GUID | HAS_ID_AS_GUID;
            (found & marks == mark).then_some(found & !marks)
        };
        // The permanent id may also be one that follows from the id of another article.
        let first = other
            .or_else(|| if guid == *id { None } else { marked(&guid, HAS_ID_AS_GUID) })
            .or_else(|| marked(&derived_from(&guid, source, site).filter(|other| other != id)?, 0));
        match first {
            Some(first) => Err(format!("duplicate guid; line {first} has the same")),
            None => Ok(()),
        }
    }
}

/// Returns the id of the article of a source without a guid that has this permanent id.
fn derived_from(guid: &str, source: &Source, site: &Site) -> Option<String> {
    let derived = |id: &str| normalize::tag_uri(&site.id_authority, &source.name, id);
    let encoded = guid.strip_prefix(&derived(""))?;
    let id = percent_decode_str(encoded).decode_utf8().ok()?.into_owned();
    (derived(&id) == guid).then_some(id)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn ids_and_permanent_ids_of_a_file_are_different() {
        let text = "[site]\ntitle = \"N\"\nbase_url = \"https://n.example\"\nid_authority = \"n.example,2026\"\npostal_address = \"1 Road\"\n\
            [[sources]]\nname = \"college\"\nkind = \"builtin\"\n[[feeds]]\nname = \"news\"\n";
        let config = crate::config::Config::parse(Path::new("/c.toml"), text, std::iter::empty());
        let config = config.unwrap();
        let (source, site) = (&config.sources[0], &config.site);
        let own = |id: &str| normalize::tag_uri(&site.id_authority, &source.name, id);
        let second = |articles: [(&str, Option<String>); 2]| {
            let mut ids = FileIds::default();
            let added = (1..).zip(articles).map(|(line, (id, guid))| {
                let source_id = id.to_owned();
                ids.add(
                    line,
                    &IncomingArticle { source_id, guid, ..Default::default() },
                    source,
                    site,
                )
            });
            added.last().unwrap().err().unwrap_or_default()
        };
        let guid = |guid: &str| Some(guid.to_owned());
        let shared = "duplicate guid; line 1 has the same";
        for (articles, expected) in [
            ([("a", None), ("b", None)], ""),
            ([("a", None), ("a", guid("g"))], "duplicate id \"a\""),
            ([("a", guid("g")), ("b", guid("g"))], shared),
            ([("a", guid("g")), ("b", guid("h"))], ""),
            ([("a b", None), ("c", Some(own("a b")))], shared),
            ([("c", Some(own("a b"))), ("a b", None)], shared),
            ([("a", guid("g")), ("b", Some(own("a")))], ""),
            ([("a", None), ("b", guid("a"))], ""),
            ([("b", None), ("a", Some(own("a")))], ""),
            ([("a", guid("a")), ("b", guid("a"))], shared),
            ([("b", guid("a")), ("a", guid("a"))], shared),
            ([("a", guid("a")), ("b", guid("b"))], ""),
            ([(&own("a"), Some(own("a"))), ("a", None)], shared),
            ([("a", None), (&own("a"), Some(own("a")))], shared),
        ] {
            assert_eq!(second(articles.clone()), expected, "{articles:?}");
        }
    }
}
