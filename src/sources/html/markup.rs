//! Tokenizer for the regular HTML that the sanitizer writes; not suitable for other HTML.

/// Token of sanitized HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HtmlToken<'a> {
    /// Text as written, with its entities.
    Text(&'a str),
    /// Start tag: its name, and all its attributes as written.
    Start(&'a str, &'a str),
    /// End tag: its name.
    End(&'a str),
}

/// Iterator over the tokens of sanitized HTML.
pub(super) struct HtmlTokens<'a>(pub(super) &'a str);

impl<'a> Iterator for HtmlTokens<'a> {
    type Item = HtmlToken<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let html = self.0;
        if html.is_empty() {
            return None;
        }
        // The sanitizer escapes every `<` and `>` that is not part of a tag, also in attributes.
        let Some(tag) = html.strip_prefix('<') else {
            let (text, rest) = html.split_at(html.find('<').unwrap_or(html.len()));
            self.0 = rest;
            return Some(HtmlToken::Text(text));
        };
        let (inside, rest) = tag.split_once('>').unwrap_or((tag, ""));
        self.0 = rest;
        Some(match inside.strip_prefix('/') {
            Some(name) => HtmlToken::End(name),
            None => {
                let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
                HtmlToken::Start(name, attributes)
            }
        })
    }
}

/// Returns the value of an attribute as written, with its entities.
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

/// Returns `true` if the element has neither content nor an end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(name, "br" | "col" | "hr" | "img" | "source" | "wbr")
}

/// Returns `true` if the element starts and ends a line of text.
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
