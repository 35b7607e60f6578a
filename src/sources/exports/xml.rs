//! XML from elsewhere as a tree: names by their namespaces, lines for who must mend them, nothing expanded and nothing fetched.

use encoding_rs::{Encoding, UTF_8};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use crate::sources::lines::Lines;

/// Elements within elements at most: a tree is walked by recursion.
const DEPTH: usize = 200;

/// Vocabularies by the beginning and the end of their names, and the prefix under which we know them.
const VOCABULARIES: [(&str, &str, &str); 12] = [
    ("http://www.w3.org/2005/Atom", "", "atom"),
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

/// Elements of HTML that have no end tag.
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// An element with what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sources) struct Element {
    /// `prefix:name` with the prefix we know its vocabulary by, or as it stands where we know it not.
    pub(in crate::sources) name: String,
    /// Names as they stand, values decoded.
    pub(in crate::sources) attributes: Vec<(String, String)>,
    /// The line it begins in.
    pub(in crate::sources) line: u64,
    inside: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Text(String),
    Element(Element),
}

impl Element {
    /// The elements of this name directly in it.
    pub(in crate::sources) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.elements().filter(move |e| e.name == name)
    }

    /// The first of them.
    pub(in crate::sources) fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|e| e.name == name)
    }

    fn elements(&self) -> impl Iterator<Item = &Self> {
        self.inside.iter().filter_map(|node| match node {
            Node::Element(e) => Some(e),
            Node::Text(_) => None,
        })
    }

    /// The text of the first element of this name, trimmed; nothing if it is blank.
    pub(in crate::sources) fn text(&self, name: &str) -> Option<String> {
        self.texts(name).next()
    }

    /// The texts of all elements of this name that are not blank.
    pub(in crate::sources) fn texts<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        self.all(name).map(|e| e.content().trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// All text in it, as it stands.
    pub(in crate::sources) fn content(&self) -> String {
        let mut text = String::new();
        self.gather(&mut text);
        text
    }

    fn gather(&self, text: &mut String) {
        for node in &self.inside {
            match node {
                Node::Text(t) => text.push_str(t),
                Node::Element(e) => e.gather(text),
            }
        }
    }

    /// An attribute's value, trimmed; nothing if it is blank.
    pub(in crate::sources) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// What is in it as HTML.
    pub(in crate::sources) fn html(&self) -> String {
        let mut out = String::new();
        self.write_inside(&mut out);
        out
    }

    fn write_inside(&self, out: &mut String) {
        for node in &self.inside {
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
                    if !VOID.contains(&name) {
                        e.write_inside(out);
                        out.push_str(&format!("</{name}>"));
                    }
                }
            }
        }
    }
}

/// A file's text in the encoding it says it has: by its first bytes, else by its XML declaration, else UTF-8.
pub(super) fn decoded(bytes: &[u8]) -> Result<String, String> {
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
        return Err(format!(
            "it says it is written in {label:?}, which nobody knows: save it as UTF-8"
        ));
    };
    // Who declares UTF-16 in letters of one byte has turned the file into something else since.
    let encoding = if encoding.is_ascii_compatible() || Encoding::for_bom(bytes).is_some() {
        encoding
    } else {
        UTF_8
    };
    let (text, encoding, is_broken) = encoding.decode(bytes);
    if is_broken {
        return Err(format!("it has bytes that are no {}: save it as UTF-8", encoding.name()));
    }
    Ok(text.into_owned())
}

/// The document's root; the error names the line.
pub(super) fn tree(text: &str) -> Result<Element, (u64, String)> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut lines = Lines::of(text.as_bytes());
    // The last one is the innermost that is open; the first holds the root.
    let mut open = vec![Element::default()];
    loop {
        let line = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|e| (line, format!("this is no well-formed XML: {e}")))?;
        match event {
            Event::Start(start) => {
                if open.len() > DEPTH {
                    return Err((
                        line,
                        format!("elements stand more than {DEPTH} deep in each other"),
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
    let line = lines.at(text.len());
    if open.len() > 1 {
        return Err((line, "it ends in the middle of an element: it may be cut off".into()));
    }
    let root = open.pop().and_then(|top| {
        top.inside.into_iter().find_map(|node| match node {
            Node::Element(e) => Some(e),
            Node::Text(_) => None,
        })
    });
    root.ok_or((line, "there is no XML in it".into()))
}

fn push(open: &mut [Element], node: Node) {
    let Some(innermost) = open.last_mut() else { return };
    match (innermost.inside.last_mut(), node) {
        (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
        (_, node) => innermost.inside.push(node),
    }
}

fn element(namespace: &ResolveResult<'_>, start: &BytesStart<'_>, line: u64) -> Element {
    let local = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    let known = match namespace {
        ResolveResult::Bound(name) => prefix(&String::from_utf8_lossy(name.0)),
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
    Element { name, attributes: attributes.collect(), line, inside: Vec::new() }
}

fn prefix(vocabulary: &str) -> Option<&'static str> {
    let known = VOCABULARIES.iter().find(|(begin, end, _)| {
        let is_whole = *begin == vocabulary.trim_end_matches('/') || *begin == vocabulary;
        is_whole
            || (begin.contains("wordpress.org") || begin.contains("userland"))
                && vocabulary.starts_with(begin)
                && vocabulary.ends_with(end)
    });
    known.map(|(_, _, prefix)| *prefix)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
