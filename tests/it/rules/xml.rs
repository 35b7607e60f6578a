//! Rules for both XML formats: namespaces, unique elements, links and extensions.

use roxmltree::{Document, Node, NodeType};

use super::violations::Violations;

/// Namespaces that validators know, with the prefixes that the rules use.
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

/// Returns the name of an element with its prefix in [`NAMESPACES`], or `?` for other namespaces.
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

/// Returns the child elements with a name.
pub(super) fn children<'a>(node: Node<'a, 'a>, wanted: &str) -> Vec<Node<'a, 'a>> {
    node.children().filter(|child| child.is_element() && name(*child) == wanted).collect()
}

/// Returns the text of an element's direct text nodes.
pub(super) fn text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

impl Violations {
    /// Checks the declaration, size, namespaces and characters of a document.
    pub(super) fn document(&mut self, source: &str, document: &Document<'_>) {
        self.characters(source);
        self.require(
            source.starts_with("<?xml version=\"1.0\""),
            "XmlDeclaration",
            "the declaration must come first",
        );
        self.require(source.len() <= 5_000_000, "ValidatorLimit", source.len());
        for node in document.descendants() {
            self.require(
                node.node_type() != NodeType::Comment,
                "Comment",
                node.text().unwrap_or_default(),
            );
            self.require(
                !node.is_element() || !name(node).starts_with('?'),
                "UnknownNamespace",
                format!("{:?}", node.tag_name()),
            );
            for attribute in node.attributes() {
                self.require(
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

    /// Checks the names of child elements: those in `repeatable` may occur any number of times,
    /// those in `once` at most once, and all others are violations.
    pub(super) fn children(&mut self, node: Node<'_, '_>, repeatable: &str, once: &str) {
        let mut seen: Vec<String> = Vec::new();
        for child in node.children().filter(Node::is_element).map(name) {
            let is = |list: &str| list.split_whitespace().any(|known| known == child);
            self.require(
                is(repeatable) || is(once),
                "UndefinedElement",
                format!("{child} in {}", name(node)),
            );
            self.require(
                !is(once) || !seen.contains(&child),
                "DuplicateElement",
                format!("{child} in {}", name(node)),
            );
            seen.push(child);
        }
    }

    /// Checks that a child element exists, and returns its text.
    pub(super) fn required_child(&mut self, node: Node<'_, '_>, wanted: &str) -> String {
        let found =
            node.children().find(|child| child.is_element() && name(*child) == wanted).map(text);
        self.require(found.is_some(), "MissingElement", format!("{wanted} in {}", name(node)));
        found.unwrap_or_default()
    }

    /// Checks the Atom links of a feed or an item.
    pub(super) fn links(&mut self, node: Node<'_, '_>) {
        let mut kinds = Vec::new();
        for link in
            node.children().filter(|child| child.is_element() && name(*child) == "atom:link")
        {
            let (rel, href) = (
                link.attribute("rel").unwrap_or("alternate"),
                link.attribute("href").unwrap_or_default(),
            );
            self.url(href, rel);
            self.require(RELATIONS.contains(&format!(" {rel} ")), "UnregisteredAtomLinkRel", rel);
            link.attribute("type").into_iter().for_each(|kind| self.media_type(kind));
            link.attribute("hreflang").into_iter().for_each(|tag| self.language(tag));
            link.attribute("length").into_iter().for_each(|length| self.integer(length, 0));
            if matches!(rel, "alternate" | "self") {
                let kind = (rel, link.attribute("type"), link.attribute("hreflang"));
                self.require(!kinds.contains(&kind), "DuplicateAtomLink", format!("{kind:?}"));
                kinds.push(kind);
            }
            let known = ["rel", "href", "type", "hreflang", "length", "title"];
            link.attributes().for_each(|a| {
                self.require(known.contains(&a.name()), "UnexpectedAttribute", a.name())
            });
        }
    }

    /// Checks that a document has one link to itself.
    pub(super) fn self_link(&mut self, node: Node<'_, '_>, media_type: &str) {
        let found: Vec<_> = node
            .children()
            .filter(|child| name(*child) == "atom:link" && child.attribute("rel") == Some("self"))
            .collect();
        self.require(
            found.len() == 1 && found[0].attribute("type") == Some(media_type),
            "MissingSelf",
            name(node),
        );
    }

    /// Checks Media RSS elements: images without groups, with optional type and size.
    pub(super) fn media(&mut self, item: Node<'_, '_>) {
        for image in item
            .children()
            .filter(|child| matches!(name(*child).as_str(), "media:content" | "media:thumbnail"))
        {
            self.url(image.attribute("url").unwrap_or_default(), "media");
            let is_content = name(image) == "media:content";
            self.require(
                !is_content || image.attribute("medium") == Some("image"),
                "InvalidMediaMedium",
                "medium",
            );
            image.attribute("type").into_iter().for_each(|kind| self.media_type(kind));
            ["width", "height"]
                .iter()
                .filter_map(|side| image.attribute(*side))
                .for_each(|pixels| self.integer(pixels, 1));
            self.children(image, "", "media:description");
            let known: &[&str] = if is_content {
                &["url", "type", "medium", "width", "height"]
            } else {
                &["url", "width", "height"]
            };
            image.attributes().for_each(|a| {
                self.require(known.contains(&a.name()), "UnexpectedAttribute", a.name())
            });
            for description in image.children().filter(|child| child.is_element()) {
                self.require(
                    matches!(description.attribute("type"), None | Some("plain" | "html")),
                    "InvalidMediaTextType",
                    text(description),
                );
                self.literal_text(description, &text(description), "media:description");
            }
        }
    }

    /// Checks plain text in an element or attribute. Numeric character references show that text
    /// which looks like HTML is meant literally.
    pub(super) fn literal_text(&mut self, element: Node<'_, '_>, text: &str, context: &str) {
        self.readable_text(text, context);
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
        self.require(
            !text.split('&').skip(1).any(is_reference),
            "ContainsHTML",
            format!("{context}: {text}"),
        );
        let is_tag = |after: &str| after.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic());
        let is_rss = element.document().root_element().has_tag_name("rss");
        self.require(
            !is_rss || !text.split('<').skip(1).any(is_tag),
            "CharacterData",
            format!("{context}: {text}"),
        );
    }

    /// Checks feed history elements (RFC 5005): a complete feed cannot be an archive page.
    pub(super) fn feed_history(&mut self, node: Node<'_, '_>) {
        let has = |wanted: &str| node.children().any(|child| name(child) == wanted);
        self.require(
            !(has("fh:complete") && has("fh:archive")),
            "FeedHistory",
            "both a complete feed and an archive page",
        );
        let is_empty =
            |child: Node<'_, '_>| !name(child).starts_with("fh:") || text(child).is_empty();
        self.require(
            node.children().filter(Node::is_element).all(is_empty),
            "FeedHistory",
            "the elements must be empty",
        );
    }
}
