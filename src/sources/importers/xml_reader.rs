//! Reads the entries of an XML feed one by one, so that memory does not grow with the file.
//!
//! No entity is expanded beyond HTML's character references, and nothing is fetched.

use std::io::{self, BufRead, Read};

use quick_xml::Error;
use quick_xml::events::Event;
use quick_xml::reader::NsReader;

use super::xml::{Element, lossy};
use crate::fs::{LineCount, Utf8Reader};

/// Maximum nesting depth of elements: the tree is walked recursively.
const MAX_DEPTH: usize = 200;

/// Limits of the parts of a feed.
#[derive(Debug, Clone, Copy)]
pub(super) struct XmlLimits {
    /// Maximum length of one text or tag in bytes.
    pub(super) text_bytes: u64,
    /// Maximum length of one entry in bytes.
    pub(super) entry_bytes: u64,
    /// Maximum number of elements and attributes of one entry.
    pub(super) entry_nodes: usize,
    /// Maximum number of elements and attributes outside of the entries.
    pub(super) feed_nodes: usize,
    /// Maximum length of the feed without its entries in bytes.
    pub(super) feed_bytes: u64,
}

/// Limits of every import.
pub(super) const XML_LIMITS: XmlLimits = XmlLimits {
    text_bytes: 33_000_000,
    entry_bytes: 80_000_000,
    entry_nodes: 200_000,
    feed_nodes: 2_000_000,
    feed_bytes: 200_000_000,
};

/// Entry of a feed with the line number of its start tag, or the reason why it is too large.
pub(super) type Entry = (u64, Result<Element, String>);

/// Reads a document; passes each entry of a feed to `accept`, which returns `false` to stop. Returns the
/// root element without the entries; the error has the line.
pub(super) fn read_entries<R: Read>(
    input: Utf8Reader<R>,
    limits: XmlLimits,
    accept: &mut dyn FnMut(Entry) -> bool,
) -> Result<Element, (u64, String)> {
    let input = EventInput { input, lines: LineCount::default(), read: 0, max: limits.text_bytes };
    let mut reader = NsReader::from_reader(input);
    reader.config_mut().allow_dangling_amp = true;
    let mut tree = Tree::new(limits);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let input = reader.get_mut();
        input.read = 0;
        let line = input.lines.line();
        let begin = reader.buffer_position();
        let (namespace, event) =
            reader.read_resolved_event_into(&mut buffer).map_err(|e| (line, describe(e)))?;
        let located = |problem: String| (line, problem);
        match event {
            Event::Start(start) => {
                let element = Element::from_start(&namespace, &start, line).map_err(located)?;
                tree.open(element, begin).map_err(located)?;
            }
            Event::Empty(start) => {
                let element = Element::from_start(&namespace, &start, line).map_err(located)?;
                tree.open(element, begin).map_err(located)?;
                if !tree.close(reader.buffer_position(), accept) {
                    break;
                }
            }
            Event::End(_) => {
                if !tree.close(reader.buffer_position(), accept) {
                    break;
                }
            }
            Event::Text(t) => tree.add_text(&lossy(&t)).map_err(located)?,
            Event::CData(t) => tree.add_text(&lossy(&t)).map_err(located)?,
            Event::GeneralRef(name) => {
                let reference = format!("&{};", lossy(&name));
                tree.add_text(&html_escape::decode_html_entities(&reference)).map_err(located)?;
            }
            Event::Eof => {
                let line = reader.get_ref().lines.line();
                return tree.finish().map_err(|problem| (line, problem.to_owned()));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        // A long text leaves no memory behind.
        buffer.shrink_to(1 << 20);
    }
    Ok(Element::default())
}

/// Returns the description of an error of the parser or of its input.
fn describe(error: Error) -> String {
    match error {
        Error::Io(e) => e.to_string(),
        error => format!("the XML is not well-formed: {error}"),
    }
}

/// Input that counts lines, and fails if an event is too long.
struct EventInput<R> {
    input: Utf8Reader<R>,
    lines: LineCount,
    /// Number of bytes of the current event that were read.
    read: u64,
    max: u64,
}

impl<R: Read> Read for EventInput<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for EventInput<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.read > self.max {
            let max = self.max;
            let problem = format!("a text or tag begins here that is longer than {max} bytes");
            return Err(io::Error::other(problem));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.lines.add(&self.input.buffered_bytes()[..bytes]);
        self.read += bytes as u64;
        self.input.consume(bytes);
    }
}

/// Open elements, the innermost last. The first one is a container for the root.
struct Tree {
    limits: XmlLimits,
    open: Vec<Element>,
    entry: Option<OpenEntry>,
    /// Number of elements and attributes outside of the entries, and length of their texts.
    feed: (usize, u64),
}

/// Entry whose end was not read yet.
struct OpenEntry {
    /// Position of the entry among the open elements.
    depth: usize,
    line: u64,
    /// Offset of its start tag.
    begin: u64,
    nodes: usize,
    text_bytes: u64,
    /// `true` if it is too large, so that its content is left out.
    is_too_large: bool,
}

impl Tree {
    fn new(limits: XmlLimits) -> Self {
        Self { limits, open: vec![Element::default()], entry: None, feed: (0, 0) }
    }

    /// Opens an element, whose start tag begins at an offset.
    fn open(&mut self, element: Element, begin: u64) -> Result<(), String> {
        if self.open.len() > MAX_DEPTH {
            return Err(format!("elements are nested more than {MAX_DEPTH} levels deep"));
        }
        if self.entry.is_none() && self.is_entry(&element.name) {
            self.entry = Some(OpenEntry {
                depth: self.open.len(),
                line: element.line,
                begin,
                nodes: 0,
                text_bytes: 0,
                is_too_large: false,
            });
        }
        let nodes = 1 + element.attributes.len();
        let bytes = element.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.count(nodes, bytes)?;
        self.open.push(element);
        Ok(())
    }

    /// Returns `true` if a child of the innermost open element with this name is an entry of a feed.
    fn is_entry(&self, name: &str) -> bool {
        match &self.open[1..] {
            [root] => match root.name.as_str() {
                "rdf:RDF" => name == "item",
                "atom:feed" => name == "atom:entry",
                _ => false,
            },
            [root, channel] => {
                let is_channel = root.name == "rss" && channel.name == "channel";
                is_channel && name == "item" && root.child("channel").is_none()
            }
            _ => false,
        }
    }

    /// Counts a part of the entry or feed; drops the content of an entry that is too large.
    fn count(&mut self, nodes: usize, bytes: usize) -> Result<(), String> {
        let XmlLimits { entry_nodes, entry_bytes, feed_nodes, feed_bytes, .. } = self.limits;
        let Some(entry) = &mut self.entry else {
            self.feed.0 += nodes;
            self.feed.1 += bytes as u64;
            if self.feed.0 > feed_nodes || self.feed.1 > feed_bytes {
                return Err(format!(
                    "the feed has more than {feed_nodes} elements and attributes or {feed_bytes} bytes outside of its entries"
                ));
            }
            return Ok(());
        };
        entry.nodes += nodes;
        entry.text_bytes += bytes as u64;
        if entry.nodes > entry_nodes || entry.text_bytes > entry_bytes {
            entry.is_too_large = true;
            self.open.iter_mut().skip(entry.depth).for_each(Element::clear);
        }
        Ok(())
    }

    fn add_text(&mut self, text: &str) -> Result<(), String> {
        // Line ends between the entries would take memory.
        if self.entry.is_none() && self.is_entry_parent() {
            return Ok(());
        }
        self.count(0, text.len())?;
        if let Some(innermost) = self.open.last_mut()
            && !self.entry.as_ref().is_some_and(|entry| entry.is_too_large)
        {
            innermost.push_text(text);
        }
        Ok(())
    }

    fn is_entry_parent(&self) -> bool {
        match &self.open[..] {
            [_] | [_, _] => true,
            [_, root, channel] => root.name == "rss" && channel.name == "channel",
            _ => false,
        }
    }

    /// Closes the innermost element, whose end tag ends at an offset; returns `false` if `accept` stops.
    fn close(&mut self, end: u64, accept: &mut dyn FnMut(Entry) -> bool) -> bool {
        if self.open.len() < 2 {
            return true;
        }
        let Some(closed) = self.open.pop() else { return true };
        if let Some(entry) = self.entry.take_if(|entry| entry.depth == self.open.len()) {
            return accept((entry.line, self.checked(closed, &entry, end)));
        }
        let is_kept = !self.entry.as_ref().is_some_and(|entry| entry.is_too_large);
        if let Some(parent) = self.open.last_mut().filter(|_| is_kept) {
            parent.push_element(closed);
        }
        true
    }

    /// Returns an entry, or the reason why it is too large.
    fn checked(&self, closed: Element, entry: &OpenEntry, end: u64) -> Result<Element, String> {
        let XmlLimits { entry_nodes, entry_bytes, .. } = self.limits;
        if entry.nodes > entry_nodes {
            let nodes = entry.nodes;
            return Err(format!(
                "the entry has {nodes} elements and attributes; the maximum is {entry_nodes}"
            ));
        }
        if entry.is_too_large {
            let bytes = end - entry.begin;
            return Err(format!(
                "the entry is {bytes} bytes long; the maximum of its texts is {entry_bytes}"
            ));
        }
        Ok(closed)
    }

    /// Returns the root element at the end of the document.
    fn finish(mut self) -> Result<Element, &'static str> {
        if self.open.len() > 1 {
            return Err("the file ends inside an element; it may be truncated");
        }
        let root = self.open.pop().and_then(|mut top| top.take_first());
        root.ok_or("the file contains no XML element")
    }
}
