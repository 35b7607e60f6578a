//! XML elements with known namespace prefixes and line numbers.

use quick_xml::events::BytesStart;
use quick_xml::name::ResolveResult;

/// Maximum number of attributes of an element.
const MAX_ATTRIBUTES: usize = 1_000;

/// Known namespaces: the beginning and the end of the URI, and the prefix used in
/// [`Element::name`].
const NAMESPACES: [(&str, &str, &str); 20] = [
    ("http://www.w3.org/2005/Atom", "", "atom"),
    ("http://www.w3.org/2007/app", "", "app"),
    ("http://purl.org/atom/app#", "", "app05"),
    ("http://schemas.google.com/blogger/2018", "", "blogger"),
    ("http://schemas.google.com/g/2005", "", "gd"),
    ("http://www.livejournal.org/rss/lj/1.0", "", "lj"),
    ("http://purl.org/syndication/thread/1.0", "", "thr"),
    ("http://purl.org/rss/1.0/modules/content/", "", "content"),
    ("http://purl.org/rss/1.0/", "", ""),
    ("http://backend.userland.com/", "", ""),
    ("http://purl.org/dc/elements/1.1/", "", "dc"),
    ("http://purl.org/dc/terms/", "", "dcterms"),
    ("http://search.yahoo.com/mrss", "", "media"),
    ("http://www.itunes.com/dtds/podcast-1.0.dtd", "", "itunes"),
    ("https://podcastindex.org/namespace/1.0", "", "podcast"),
    ("https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", "", "podcast"),
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
    /// Converts a start tag to an element without content; fails if it has too many attributes.
    pub(super) fn from_start(
        namespace: &ResolveResult<'_>,
        start: &BytesStart<'_>,
        line: u64,
    ) -> Result<Self, String> {
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
        let attributes: Vec<_> = listed
            .with_checks(false)
            .flatten()
            .take(MAX_ATTRIBUTES + 1)
            .map(|a| {
                let value = String::from_utf8_lossy(&a.value).into_owned();
                (lossy(a.key.as_ref()), html_escape::decode_html_entities(&value).into_owned())
            })
            .collect();
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(format!("an element has more than {MAX_ATTRIBUTES} attributes"));
        }
        Ok(Self { name, attributes, line, nodes: Vec::new() })
    }

    /// Appends a child element.
    pub(super) fn push_element(&mut self, element: Self) {
        self.nodes.push(Node::Element(element));
    }

    /// Appends text; adjacent texts are joined.
    pub(super) fn push_text(&mut self, text: &str) {
        match self.nodes.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => self.nodes.push(Node::Text(text.to_owned())),
        }
    }

    /// Removes all child nodes.
    pub(super) fn clear(&mut self) {
        self.nodes = Vec::new();
    }

    /// Removes and returns the first child element.
    pub(super) fn take_first(&mut self) -> Option<Self> {
        std::mem::take(&mut self.nodes).into_iter().find_map(|node| match node {
            Node::Element(e) => Some(e),
            Node::Text(_) => None,
        })
    }

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

    /// Returns the child elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
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
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
