//! Reads the regular HTML that the sanitiser writes; not for HTML from anywhere else.

/// A piece of sanitised HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text with its entities, as written.
    Text(&'a str),
    /// A start tag: its name and the whole of its attributes, as written.
    Open(&'a str, &'a str),
    /// An end tag's name.
    Close(&'a str),
}

/// The pieces in their order.
pub(super) struct Pieces<'a>(pub(super) &'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let html = self.0;
        if html.is_empty() {
            return None;
        }
        // The writer escapes `<` and `>` wherever they do not belong to a tag, in attributes too.
        let Some(tag) = html.strip_prefix('<') else {
            let (text, rest) = html.split_at(html.find('<').unwrap_or(html.len()));
            self.0 = rest;
            return Some(Piece::Text(text));
        };
        let (inside, rest) = tag.split_once('>').unwrap_or((tag, ""));
        self.0 = rest;
        Some(match inside.strip_prefix('/') {
            Some(name) => Piece::Close(name),
            None => {
                let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
                Piece::Open(name, attributes)
            }
        })
    }
}

/// An attribute's value as written (entities and all).
pub(super) fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, next) = after.split_once('"')?;
        if key.trim_start() == name {
            return Some(value);
        }
        rest = next;
    }
    None
}

/// Whether the element has neither content nor an end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(name, "br" | "col" | "hr" | "img" | "source" | "wbr")
}

/// Whether the element begins and ends a line of text.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "audio"
            | "blockquote"
            | "caption"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
            | "video"
    )
}
