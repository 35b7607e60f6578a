//! Parses `[[segments]]`, and checks the filters over subscribers: those of segments and audiences.

use std::collections::BTreeMap;

use super::document::{Document, Table};
use super::error::{ConfigError, Diagnostics};
use super::keys::{DIGESTS, SEGMENTS, TableSchema};
use super::names::{read_name, read_slug};
use super::reader::{Reader, parse_line};
use super::settings::{Config, Digest, Segment, SubscriberFilter};
use crate::domain::attribute::AttributeType;
use crate::domain::filter::{self, FilterNames};

/// Reads one `[[segments]]` table.
pub(super) fn read(mut reader: Reader<'_>) -> Option<Segment> {
    let title = reader.optional("title", parse_line);
    let filter = reader.required(
        "filter",
        "write a filter over subscribers, for example 'tag = \"partner\"'",
        |text| Ok(text.to_owned()),
    );
    let name = read_name(&mut reader)?;
    Some(Segment {
        former_names: reader.list("was", read_slug)?,
        title: title?.unwrap_or_else(|| name.clone()),
        filter: SubscriberFilter::new(filter?),
        name,
    })
}

/// Notes where each filter is written, and reports those that are not valid with any attributes.
pub(super) fn check(config: &mut Config, document: &Document, diagnostics: &mut Diagnostics) {
    let segments = config.segments.iter_mut().map(|segment| &mut segment.filter);
    locate(segments, document.tables(&SEGMENTS), "filter");
    let audiences = config.digests.iter_mut().map(|digest| &mut digest.audience);
    locate(audiences, document.tables(&DIGESTS), "audience");
    report(config, None, diagnostics);
}

fn locate<'f>(
    filters: impl Iterator<Item = &'f mut SubscriberFilter>,
    tables: &[Table],
    key: &str,
) {
    for (filter, table) in filters.zip(tables) {
        let location = table.entries.get(key).map_or(&table.location, |entry| &entry.location);
        filter.location = location.clone();
    }
}

fn report(
    config: &Config,
    attributes: Option<BTreeMap<String, AttributeType>>,
    diagnostics: &mut Diagnostics,
) {
    let names = config.filter_names(attributes);
    let mut add = |schema: &TableSchema, name: &str, key: &str, filter: &SubscriberFilter, e| {
        let sentence = format!("[[{}]] {name}: `{key}`: {e}", schema.name);
        diagnostics.add_at(&filter.location, &[key], sentence);
    };
    for segment in &config.segments {
        if let Err(e) = filter::compile_segment(&segment.filter.text, &names) {
            add(&SEGMENTS, &segment.name, "filter", &segment.filter, e);
        }
    }
    for digest in &config.digests {
        if let Err(e) = filter::compile(&digest.audience.text, &names) {
            add(&DIGESTS, &digest.name, "audience", &digest.audience, e);
        }
    }
}

impl Config {
    /// Returns the names that filters may use; `attributes` are those of the database.
    pub fn filter_names(&self, attributes: Option<BTreeMap<String, AttributeType>>) -> FilterNames {
        let mut segments = BTreeMap::new();
        for segment in &self.segments {
            for name in segment.former_names.iter().chain([&segment.name]) {
                segments.insert(name.clone(), segment.filter.text.clone());
            }
        }
        FilterNames {
            attributes,
            digests: self.digests.iter().map(|digest: &Digest| digest.name.clone()).collect(),
            segments,
            timezone: self.site.timezone.clone(),
        }
    }

    /// Checks the filters of segments and audiences with the attributes of the database.
    ///
    /// # Errors
    /// Each filter that uses an attribute which does not exist or has another type, with its location.
    pub fn check_filters(
        &self,
        attributes: BTreeMap<String, AttributeType>,
    ) -> Result<(), ConfigError> {
        let mut diagnostics = Diagnostics::default();
        report(self, Some(attributes), &mut diagnostics);
        if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics.into_error(&self.path)) }
    }

    /// Returns the segments and audiences whose filters use an attribute, such as `segment partners`.
    pub fn filters_with_attribute(&self, attribute: &str) -> Vec<String> {
        let uses = |filter: &SubscriberFilter| {
            let parsed = filter::parse(&filter.text).ok().flatten();
            parsed.is_some_and(|expression| expression.fields().any(|field| field == attribute))
        };
        let segments = self.segments.iter().filter(|segment| uses(&segment.filter));
        let digests = self.digests.iter().filter(|digest| uses(&digest.audience));
        segments
            .map(|segment| format!("the segment {}", segment.name))
            .chain(digests.map(|digest| format!("the audience of {}", digest.name)))
            .collect()
    }
}
