//! Parser for XML files into a tree with known namespace prefixes and line numbers.
//!
//! No entity is expanded beyond HTML's character references, and nothing is fetched.

use encoding_rs::{Encoding, UTF_8};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use crate::fs::LineIndex;

/// Maximum nesting depth of elements: the tree is walked recursively.
const MAX_DEPTH: usize = 200;

/// Known namespaces: the beginning and the end of the URI, and the prefix used in
/// [`Element::name`].
const NAMESPACES: [(&str, &str, &str); 16] = [
    ("http://www.w3.org/2005/Atom", "", "atom"),
    ("http://www.w3.org/2007/app", "", "app"),
    ("http://purl.org/atom/app#", "", "app05"),
    ("http://schemas.google.com/blogger/2018", "", "blogger"),
    ("http://purl.org/syndication/thread/1.0", "", "thr"),
    ("http://purl.org/rss/1.0/modules/content/", "", "content"),
    ("http://purl.org/rss/1.0/", "", ""),
    ("http://backend.userland.com/", "", ""),
    ("http://purl.org/dc/elements/1.1/", "", "dc"),
    ("http://purl.org/dc/terms/", "", "dcterms"),
    ("http://search.yahoo.com/mrss", "", "media"),
    ("http://www.itunes.com/dtds/podcast-1.0.dtd", "", "itunes"),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "", "rdf"),
    ("http://www.w3.org/1999/xhtml", "", "xhtml"),
    ("http://wordpress.org/export/", "/excerpt/", "excerpt"),
    ("http://wordpress.org/export/", "", "wp"),
];

/// HTML elements without an end tag.
const VOID_ELEMENTS: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// XML element with its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sources) struct Element {
    /// `prefix:name` with the prefix of [`NAMESPACES`]; as written for an unknown namespace.
    pub(in crate::sources) name: String,
    /// Attributes: names as written, values decoded.
    pub(in crate::sources) attributes: Vec<(String, String)>,
    /// Line number of the start tag, from 1.
    pub(in crate::sources) line: u64,
    nodes: Vec<Node>,
}

/// Child node of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Text(String),
    Element(Element),
}

impl Element {
    /// Returns the child elements of this name.
    pub(in crate::sources) fn children<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Self> {
        self.elements().filter(move |e| e.name == name)
    }

    /// Returns the first child element of this name.
    pub(in crate::sources) fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|e| e.name == name)
    }

    fn elements(&self) -> impl Iterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(e) => Some(e),
            Node::Text(_) => None,
        })
    }

    /// Returns the trimmed text of the first child element of this name that is not blank.
    pub(in crate::sources) fn child_text(&self, name: &str) -> Option<String> {
        self.child_texts(name).next()
    }

    /// Returns the trimmed texts of all child elements of this name that are not blank.
    pub(in crate::sources) fn child_texts<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        self.children(name)
            .map(|e| e.text_content().trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// Returns the text of the element and its descendants, untrimmed.
    pub(in crate::sources) fn text_content(&self) -> String {
        let mut text = String::new();
        self.append_text(&mut text);
        text
    }

    fn append_text(&self, text: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Text(t) => text.push_str(t),
                Node::Element(e) => e.append_text(text),
            }
        }
    }

    /// Returns the trimmed value of an attribute; `None` if it is blank.
    pub(in crate::sources) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Returns the content of the element as HTML.
    pub(in crate::sources) fn inner_html(&self) -> String {
        let mut out = String::new();
        self.write_inner_html(&mut out);
        out
    }

    fn write_inner_html(&self, out: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Text(text) => out.push_str(&html_escape::encode_text(text)),
                Node::Element(e) => {
                    let name = e.name.rsplit(':').next().unwrap_or_default();
                    out.push_str(&format!("<{name}"));
                    for (key, value) in
                        e.attributes.iter().filter(|(key, _)| !key.starts_with("xmlns"))
                    {
                        out.push_str(&format!(
                            " {key}=\"{}\"",
                            html_escape::encode_double_quoted_attribute(value)
                        ));
                    }
                    out.push('>');
                    if !VOID_ELEMENTS.contains(&name) {
                        e.write_inner_html(out);
                        out.push_str(&format!("</{name}>"));
                    }
                }
            }
        }
    }
}

/// Decodes a file by its byte order mark, else by the encoding in its XML declaration, else as
/// UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Result<String, String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let declared = head
        .split_once("?>")
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .map(|(_, rest)| {
            rest.trim_start_matches(|c: char| c == '=' || c.is_whitespace())
                .trim_start_matches(['"', '\''])
                .to_owned()
        });
    let label =
        declared.as_deref().and_then(|rest| rest.split(['"', '\'']).next()).unwrap_or("utf-8");
    let Some(encoding) = Encoding::for_bom(bytes)
        .map(|(encoding, _)| encoding)
        .or_else(|| Encoding::for_label(label.as_bytes()))
    else {
        return Err(format!("unknown encoding {label:?}; save the file as UTF-8"));
    };
    // A declaration of UTF-16 in single-byte characters is wrong: the file was converted later.
    let encoding = if encoding.is_ascii_compatible() || Encoding::for_bom(bytes).is_some() {
        encoding
    } else {
        UTF_8
    };
    let (text, encoding, is_broken) = encoding.decode(bytes);
    if is_broken {
        return Err(format!("not valid {}; save the file as UTF-8", encoding.name()));
    }
    Ok(text.into_owned())
}

/// Returns the root element of a document; the error has the line.
pub(super) fn parse(text: &str) -> Result<Element, (u64, String)> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut lines = LineIndex::new(text.as_bytes());
    // The last element is the innermost open one; the first is a container for the root.
    let mut open = vec![Element::default()];
    loop {
        let line = lines.line_at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|e| (line, format!("the XML is not well-formed: {e}")))?;
        match event {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err((
                        line,
                        format!("elements are nested more than {MAX_DEPTH} levels deep"),
                    ));
                }
                open.push(element(&namespace, &start, line));
            }
            Event::Empty(start) => {
                let empty = element(&namespace, &start, line);
                push(&mut open, Node::Element(empty));
            }
            Event::End(_) => {
                if open.len() > 1
                    && let Some(closed) = open.pop()
                {
                    push(&mut open, Node::Element(closed));
                }
            }
            Event::Text(t) => push(&mut open, Node::Text(lossy(&t))),
            Event::CData(t) => push(&mut open, Node::Text(lossy(&t))),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", lossy(&name));
                push(
                    &mut open,
                    Node::Text(html_escape::decode_html_entities(&reference).into_owned()),
                );
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let line = lines.line_at(text.len());
    if open.len() > 1 {
        return Err((line, "the file ends inside an element; it may be truncated".into()));
    }
    let root = open.pop().and_then(|top| {
        top.nodes.into_iter().find_map(|node| match node {
            Node::Element(e) => Some(e),
            Node::Text(_) => None,
        })
    });
    root.ok_or((line, "the file contains no XML element".into()))
}

/// Appends a node to the innermost open element; adjacent texts are joined.
fn push(open: &mut [Element], node: Node) {
    let Some(innermost) = open.last_mut() else { return };
    match (innermost.nodes.last_mut(), node) {
        (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
        (_, node) => innermost.nodes.push(node),
    }
}

/// Converts a start tag to an element without content.
fn element(namespace: &ResolveResult<'_>, start: &BytesStart<'_>, line: u64) -> Element {
    let local = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    let known = match namespace {
        ResolveResult::Bound(name) => known_prefix(&String::from_utf8_lossy(name.0)),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
    };
    let name = match known {
        Some("") => local,
        Some(prefix) => format!("{prefix}:{local}"),
        None => lossy(start.name().as_ref()),
    };
    let mut listed = start.attributes();
    let attributes = listed.with_checks(false).flatten().map(|a| {
        let value = String::from_utf8_lossy(&a.value).into_owned();
        (lossy(a.key.as_ref()), html_escape::decode_html_entities(&value).into_owned())
    });
    Element { name, attributes: attributes.collect(), line, nodes: Vec::new() }
}

/// Returns the prefix of a known namespace URI.
fn known_prefix(namespace: &str) -> Option<&'static str> {
    let known = NAMESPACES.iter().find(|(start, end, _)| {
        let is_namespace = *start == namespace.trim_end_matches('/') || *start == namespace;
        is_namespace
            || (start.contains("wordpress.org") || start.contains("userland"))
                && namespace.starts_with(start)
                && namespace.ends_with(end)
    });
    known.map(|(_, _, prefix)| *prefix)
}

/// Returns bytes as text, with invalid UTF-8 replaced.
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
