//! What both XML formats share: namespaces, elements that stand once, links, and extensions.

use roxmltree::{Document, Node, NodeType};

use super::findings::Findings;

/// Namespaces that validators know, with the prefixes we call them by.
pub(super) const NAMESPACES: [(&str, &str); 8] = [
    ("", ""),
    ("atom", "http://www.w3.org/2005/Atom"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("fh", "http://purl.org/syndication/history/1.0"),
    ("media", "http://search.yahoo.com/mrss/"),
    ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
    ("xml", "http://www.w3.org/XML/1998/namespace"),
];
const RELATIONS: &str = " alternate current enclosure first hub last next next-archive prev-archive previous related replies self via ";

/// An element's name with our prefix; `?` where no validator knows its namespace.
pub(super) fn name(node: Node<'_, '_>) -> String {
    let uri = node.tag_name().namespace().unwrap_or_default();
    let prefix =
        NAMESPACES.iter().find(|(_, known)| *known == uri).map_or("?", |(prefix, _)| *prefix);
    if prefix.is_empty() {
        node.tag_name().name().to_owned()
    } else {
        format!("{prefix}:{}", node.tag_name().name())
    }
}

/// Children of a name.
pub(super) fn children<'a>(node: Node<'a, 'a>, wanted: &str) -> Vec<Node<'a, 'a>> {
    node.children().filter(|child| child.is_element() && name(*child) == wanted).collect()
}

/// All of an element's text.
pub(super) fn text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

impl Findings {
    /// The document itself.
    pub(super) fn document(&mut self, source: &str, document: &Document<'_>) {
        self.characters(source);
        self.expect(
            source.starts_with("<?xml version=\"1.0\""),
            "XmlDeclaration",
            "the declaration comes first",
        );
        self.expect(source.len() <= 5_000_000, "ValidatorLimit", source.len());
        for node in document.descendants() {
            self.expect(
                node.node_type() != NodeType::Comment,
                "Comment",
                node.text().unwrap_or_default(),
            );
            self.expect(
                !node.is_element() || !name(node).starts_with('?'),
                "UnknownNamespace",
                format!("{:?}", node.tag_name()),
            );
            for attribute in node.attributes() {
                self.expect(
                    attribute.namespace().is_none() || attribute.name() == "lang",
                    "UnknownAttribute",
                    format!("{attribute:?}"),
                );
                if attribute.namespace().is_some() && attribute.name() == "lang" {
                    self.language(attribute.value());
                }
                self.characters(attribute.value());
            }
        }
    }

    /// The children are among those that may stand there; those after the bar once at most.
    pub(super) fn children(&mut self, node: Node<'_, '_>, many: &str, once: &str) {
        let mut seen: Vec<String> = Vec::new();
        for child in node.children().filter(Node::is_element).map(name) {
            let is = |list: &str| list.split_whitespace().any(|known| known == child);
            self.expect(
                is(many) || is(once),
                "UndefinedElement",
                format!("{child} in {}", name(node)),
            );
            self.expect(
                !is(once) || !seen.contains(&child),
                "DuplicateElement",
                format!("{child} in {}", name(node)),
            );
            seen.push(child);
        }
    }

    /// The text of a child that has to be there.
    pub(super) fn one(&mut self, node: Node<'_, '_>, wanted: &str) -> String {
        let found =
            node.children().find(|child| child.is_element() && name(*child) == wanted).map(text);
        self.expect(found.is_some(), "MissingElement", format!("{wanted} in {}", name(node)));
        found.unwrap_or_default()
    }

    /// Atom's links, of a document or an item.
    pub(super) fn links(&mut self, node: Node<'_, '_>) {
        let mut kinds = Vec::new();
        for link in
            node.children().filter(|child| child.is_element() && name(*child) == "atom:link")
        {
            let (rel, href) = (
                link.attribute("rel").unwrap_or("alternate"),
                link.attribute("href").unwrap_or_default(),
            );
            self.address(href, rel);
            self.expect(RELATIONS.contains(&format!(" {rel} ")), "UnregisteredAtomLinkRel", rel);
            link.attribute("type").into_iter().for_each(|kind| self.media_type(kind));
            link.attribute("hreflang").into_iter().for_each(|tag| self.language(tag));
            link.attribute("length").into_iter().for_each(|length| self.number(length, 0));
            if matches!(rel, "alternate" | "self") {
                let kind = (rel, link.attribute("type"), link.attribute("hreflang"));
                self.expect(!kinds.contains(&kind), "DuplicateAtomLink", format!("{kind:?}"));
                kinds.push(kind);
            }
            let known = ["rel", "href", "type", "hreflang", "length", "title"];
            link.attributes().for_each(|a| {
                self.expect(known.contains(&a.name()), "UnexpectedAttribute", a.name())
            });
        }
    }

    /// The link by which a document says where it is.
    pub(super) fn itself(&mut self, node: Node<'_, '_>, media_type: &str) {
        let found: Vec<_> = node
            .children()
            .filter(|child| name(*child) == "atom:link" && child.attribute("rel") == Some("self"))
            .collect();
        self.expect(
            found.len() == 1 && found[0].attribute("type") == Some(media_type),
            "MissingSelf",
            name(node),
        );
    }

    /// Media RSS as we write it: no groups, a picture's address with all that is known of it.
    pub(super) fn media(&mut self, item: Node<'_, '_>) {
        for picture in item
            .children()
            .filter(|child| matches!(name(*child).as_str(), "media:content" | "media:thumbnail"))
        {
            self.address(picture.attribute("url").unwrap_or_default(), "media");
            let is_content = name(picture) == "media:content";
            self.expect(
                !is_content || picture.attribute("medium") == Some("image"),
                "InvalidMediaMedium",
                "medium",
            );
            picture.attribute("type").into_iter().for_each(|kind| self.media_type(kind));
            ["width", "height"]
                .iter()
                .filter_map(|side| picture.attribute(*side))
                .for_each(|pixels| self.number(pixels, 1));
            self.children(picture, "", "media:description");
            let known: &[&str] = if is_content {
                &["url", "type", "medium", "width", "height"]
            } else {
                &["url", "width", "height"]
            };
            picture.attributes().for_each(|a| {
                self.expect(known.contains(&a.name()), "UnexpectedAttribute", a.name())
            });
            for words in picture.children().filter(|child| child.is_element()) {
                self.expect(
                    matches!(words.attribute("type"), None | Some("plain" | "html")),
                    "InvalidMediaTextType",
                    text(words),
                );
                self.told(words, &text(words), "media:description");
            }
        }
    }

    /// Plain text in an element or its attribute. A reference by number says that what looks like HTML is none.
    pub(super) fn told(&mut self, element: Node<'_, '_>, text: &str, what: &str) {
        self.legible(text, what);
        if element.document().input_text()[element.range()].contains("&#x") {
            return;
        }
        let is_reference = |after: &str| {
            let (hash, name) = after.strip_prefix('#').map_or((false, after), |name| (true, name));
            let name = &name
                [..name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len())];
            let whole = format!("&{name};");
            let is_word = !hash && name.chars().all(char::is_alphabetic);
            !name.is_empty() && (!is_word || html_escape::decode_html_entities(&whole) != whole)
        };
        self.expect(
            !text.split('&').skip(1).any(is_reference),
            "ContainsHTML",
            format!("{what}: {text}"),
        );
        let is_tag = |after: &str| after.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic());
        let is_rss = element.document().root_element().has_tag_name("rss");
        self.expect(
            !is_rss || !text.split('<').skip(1).any(is_tag),
            "CharacterData",
            format!("{what}: {text}"),
        );
    }

    /// Feed history: a whole feed is no page of an archive.
    pub(super) fn history(&mut self, node: Node<'_, '_>) {
        let has = |wanted: &str| node.children().any(|child| name(child) == wanted);
        self.expect(
            !(has("fh:complete") && has("fh:archive")),
            "FeedHistory",
            "both a whole feed and a page of an archive",
        );
        let is_empty =
            |child: Node<'_, '_>| !name(child).starts_with("fh:") || text(child).is_empty();
        self.expect(
            node.children().filter(Node::is_element).all(is_empty),
            "FeedHistory",
            "its elements are empty",
        );
    }
}
