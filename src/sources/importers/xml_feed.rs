//! Files of RSS, Atom and WordPress exports, whose articles are read one by one.

use std::io::{Read, Seek};

use encoding_rs::Encoding;
use jiff::tz::TimeZone;

use super::fields::parse_time;
use super::parsed::{LeftOut, NumberedArticle, ParsedArticle};
use super::rss::Channel;
use super::stated_visibility::SCHEDULED;
use super::xml::Element;
use super::xml_reader::{Entry, XML_LIMITS, XmlLimits, read_entries};
use super::{FileError, atom, entry_visibility, rss, xml_encoding};
use crate::config::Source;
use crate::domain::time::Millis;
use crate::fs::{InvalidBytes, Utf8Reader};
use crate::sources::scheduled;
use crate::sources::wordpress::WordPressExport;

/// Feed or export whose kind is known.
pub(in crate::sources) struct XmlFeedFile<R> {
    input: R,
    encoding: &'static Encoding,
    limits: XmlLimits,
    zone: TimeZone,
    /// Time with which the dates of scheduled entries are compared.
    now: Millis,
    kind: Kind,
}

/// Kind of a feed, with what its entries depend on.
enum Kind {
    Rss(Channel),
    /// The feed element without its entries.
    Atom(Element),
    WordPress(Box<WordPressExport>),
}

impl<R: Read + Seek> XmlFeedFile<R> {
    /// Reads all of a file except its entries; the error has the line.
    pub(in crate::sources) fn open(
        input: R,
        source: &Source,
        site_language: &str,
        now: Millis,
    ) -> Result<Self, FileError> {
        Self::with_limits(input, source, site_language, now, XML_LIMITS)
    }

    /// Like [`Self::open`], with other limits.
    pub(super) fn with_limits(
        mut input: R,
        source: &Source,
        site_language: &str,
        now: Millis,
        limits: XmlLimits,
    ) -> Result<Self, FileError> {
        let mut start = Vec::new();
        let read = input.by_ref().take(xml_encoding::START_BYTES as u64).read_to_end(&mut start);
        read.map_err(|e| (1, e.to_string()))?;
        let encoding = xml_encoding::encoding_of(&start).map_err(|problem| (1, problem))?;
        let mut is_exported = false;
        let root = entries(&mut input, encoding, limits, &mut |(_, entry)| {
            is_exported |= entry.is_ok_and(|e| entry_visibility::is_exported_by_wordpress(&e));
            true
        })?;
        let mut file = Self {
            input,
            encoding,
            limits,
            zone: source.timezone.clone(),
            now,
            kind: Kind::Atom(root),
        };
        let Kind::Atom(root) = &file.kind else { return Ok(file) };
        let kind = match root.name.as_str() {
            "rss" => {
                let Some(channel) = root.child("channel") else {
                    return Err((root.line, "this RSS feed has no channel".into()));
                };
                if is_exported || channel.child("wp:wxr_version").is_some() {
                    let export = WordPressExport::new(channel, source, site_language);
                    Kind::WordPress(Box::new(file.read_export(export)?))
                } else {
                    Kind::Rss(Channel::new(channel))
                }
            }
            "rdf:RDF" => Kind::Rss(root.child("channel").map(Channel::new).unwrap_or_default()),
            "atom:feed" => return Ok(file),
            other => {
                return Err((
                    root.line,
                    format!(
                        "this is neither RSS nor Atom nor a WordPress export: the root element is <{other}>"
                    ),
                ));
            }
        };
        file.kind = kind;
        Ok(file)
    }

    /// Reads all items of an export, because its posts refer to each other.
    fn read_export(&mut self, mut export: WordPressExport) -> Result<WordPressExport, FileError> {
        let mut problem = None;
        entries(&mut self.input, self.encoding, self.limits, &mut |(line, item)| {
            let added = match item {
                Ok(item) => export.add(&item),
                Err(reason) => {
                    export.reject(line, reason);
                    Ok(())
                }
            };
            problem = added.err().map(|reason| (line, reason));
            problem.is_none()
        })?;
        match problem {
            Some(problem) => Err(problem),
            None => Ok(export.complete()),
        }
    }

    /// Passes each article to `accept`, which returns `false` to stop; returns the numbers of entries
    /// that are not public posts. The error has the line.
    pub(in crate::sources) fn read(
        &mut self,
        accept: &mut dyn FnMut(NumberedArticle) -> bool,
    ) -> Result<LeftOut, FileError> {
        let mut left_out = LeftOut::new();
        let (input, zone, now) = (&mut self.input, &self.zone, self.now);
        match &mut self.kind {
            Kind::WordPress(export) => return Ok(export.articles(now, accept)),
            Kind::Rss(channel) => {
                let mut parse = |item: &Element| rss::parse_item(item, channel, zone);
                let date = "pubDate";
                entries(input, self.encoding, self.limits, &mut |entry| {
                    accept_public(entry, date, zone, now, &mut left_out, &mut parse, accept)
                })?;
            }
            Kind::Atom(feed) => {
                let mut parse = |entry: &Element| atom::parse_entry(entry, feed, zone);
                let date = "atom:published";
                entries(input, self.encoding, self.limits, &mut |entry| {
                    accept_public(entry, date, zone, now, &mut left_out, &mut parse, accept)
                })?;
            }
        }
        Ok(left_out)
    }
}

/// Passes an entry that is a public post to `accept`, and counts another in `left_out`. `date_name` is
/// the element with its publication date.
fn accept_public(
    (line, entry): Entry,
    date_name: &str,
    zone: &TimeZone,
    now: Millis,
    left_out: &mut LeftOut,
    parse: &mut dyn FnMut(&Element) -> Result<ParsedArticle, String>,
    accept: &mut dyn FnMut(NumberedArticle) -> bool,
) -> bool {
    let entry = match entry {
        Ok(entry) => entry,
        Err(reason) => return accept((line, Err(reason))),
    };
    let Some(reason) = entry_visibility::hidden_reason(&entry) else {
        return accept((line, parse(&entry)));
    };
    let reason = match reason {
        SCHEDULED => {
            let date = parse_time("date", entry.child_text(date_name), zone);
            scheduled::left_out_reason(date.ok().flatten(), now)
        }
        reason => reason,
    };
    *left_out.entry(reason.to_owned()).or_default() += 1;
    true
}

/// Reads the entries of a file from its start; returns the root element without them.
fn entries<R: Read + Seek>(
    input: &mut R,
    encoding: &'static Encoding,
    limits: XmlLimits,
    accept: &mut dyn FnMut(Entry) -> bool,
) -> Result<Element, FileError> {
    input.rewind().map_err(|e| (1, e.to_string()))?;
    read_entries(Utf8Reader::new(input, encoding, InvalidBytes::Reject), limits, accept)
}
