//! Elements of untrusted HTML with their positions, found in one pass over the text.

use std::collections::HashMap;

use html_escape::decode_html_entities;

/// Elements whose content is text without tags.
const RAW_TEXT_ELEMENTS: [&str; 9] =
    ["iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"];

/// A tag of untrusted HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// Name in lower case, without a namespace prefix.
    pub(super) name: String,
    pub(super) is_end: bool,
    /// `true` if the tag is written as closing itself.
    pub(super) is_empty: bool,
    /// Offset of the `<` that begins it.
    pub(super) start: usize,
    /// Offset after the `>` that ends it.
    pub(super) end: usize,
    /// For a start tag the index of its end tag, and the reverse; `None` if there is none.
    pub(super) partner: Option<usize>,
}

/// Returns the tags of a text in order, without comments.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    let lower = html.to_ascii_lowercase();
    let mut found: Vec<Tag> = Vec::new();
    let mut open: HashMap<String, Vec<usize>> = HashMap::new();
    let mut at = 0;
    while let Some(start) = lower[at..].find('<').map(|next| next + at) {
        at = start + 1;
        if lower[at..].starts_with("!--") {
            let Some(end) = lower[at..].find("-->") else { break };
            at += end + 3;
            continue;
        }
        let is_end = lower[at..].starts_with('/');
        let from = at + usize::from(is_end);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ':';
        let length = lower[from..].find(|c| !is_name(c)).unwrap_or(lower.len() - from);
        let name = &lower[from..from + length];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let Some(end) = tag_end(html, from + length) else { break };
        at = end;
        let name = name.rsplit(':').next().unwrap_or_default().to_owned();
        let is_empty = !is_end && html[..end - 1].ends_with('/');
        let partner = if is_end { open.get_mut(&name).and_then(Vec::pop) } else { None };
        let index = found.len();
        if let Some(partner) = partner.and_then(|partner| found.get_mut(partner)) {
            partner.partner = Some(index);
        }
        if !is_end && !is_empty {
            if RAW_TEXT_ELEMENTS.contains(&name.as_str()) {
                let end_tag = format!("</{name}");
                at = lower[at..].find(&end_tag).map_or(lower.len(), |next| at + next);
            }
            open.entry(name.clone()).or_default().push(index);
        }
        found.push(Tag { name, is_end, is_empty, start, end, partner });
    }
    found
}

/// Returns the offset after the `>` that ends a tag, outside of its quoted values.
fn tag_end(html: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += html[at..].find(['>', '='])? + 1;
        if html.as_bytes()[at - 1] == b'>' {
            return Some(at);
        }
        at = html.len() - html[at..].trim_start().len();
        if let Some(quote @ ('"' | '\'')) = html[at..].chars().next() {
            at += 1 + html[at + 1..].find(quote)? + 1;
        }
    }
}

/// Returns the decoded value of an attribute of a tag as written; empty for one without a value.
pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag.trim_start_matches('<').split_once([' ', '\t', '\n', '\r', '/'])?.1;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'));
        let (key, after) = rest.split_at(length?);
        if key.is_empty() {
            // An equals sign without a name is skipped.
            rest = after.strip_prefix('=')?;
            continue;
        }
        let (value, next) = match after.trim_start().strip_prefix('=') {
            Some(value) => attribute_value(value.trim_start()),
            None => ("", after),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(decode_html_entities(value).into_owned());
        }
        rest = next;
    }
}

/// Splits a text after the attribute value at its beginning.
fn attribute_value(text: &str) -> (&str, &str) {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        _ => {
            text.split_at(text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len()))
        }
    }
}

/// Returns the visible text of HTML with white space collapsed; scripts and styles have none.
pub(super) fn text(html: &str) -> String {
    let mut out = String::new();
    let (mut at, mut hidden) = (0, false);
    for tag in tags(html) {
        if !hidden {
            out.push_str(&html[at..tag.start]);
        }
        if !matches!(tag.name.as_str(), "a" | "b" | "em" | "i" | "span" | "strong" | "sub" | "sup")
        {
            out.push(' ');
        }
        hidden = !tag.is_end && matches!(tag.name.as_str(), "script" | "style");
        at = tag.end;
    }
    if !hidden {
        out.push_str(&html[at..]);
    }
    let decoded = decode_html_entities(&out);
    decoded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_paired_and_quoted_values_and_comments_are_skipped() {
        let html = "<p title=\"a > b\">x<!-- <b> --><m:Math/><script>1 <b> 2</script></p></i>";
        let found: Vec<_> = tags(html)
            .into_iter()
            .map(|tag| (tag.name, tag.is_end, tag.is_empty, tag.partner))
            .collect();
        let tag =
            |name: &str, is_end, is_empty, partner| (name.to_owned(), is_end, is_empty, partner);
        assert_eq!(
            found,
            [
                tag("p", false, false, Some(4)),
                tag("math", false, true, None),
                tag("script", false, false, Some(3)),
                tag("script", true, false, Some(2)),
                tag("p", true, false, Some(0)),
                tag("i", true, false, None),
            ]
        );
    }

    #[test]
    fn attributes_are_read_in_every_notation() {
        let tag = "<svg a=1 hidden B = 'x &amp; y' = c=\"z\"/>";
        for (name, value) in [
            ("a", Some("1")),
            ("hidden", Some("")),
            ("b", Some("x & y")),
            ("c", Some("z")),
            ("d", None),
        ] {
            assert_eq!(attribute(tag, name).as_deref(), value, "{name}");
        }
        assert_eq!(attribute("<svg>", "a"), None);
    }

    #[test]
    fn text_has_neither_tags_nor_scripts() {
        assert_eq!(text("<p>a<b>b</b></p>\n<p>c &amp; d<script>e</script></p>"), "ab c & d");
    }
}
