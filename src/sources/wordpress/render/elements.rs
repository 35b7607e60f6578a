//! Block-level elements, and iteration over the tags of a text.

use super::markup::Lookahead;

/// Block-level elements, which are never wrapped in a paragraph.
const BLOCKS: [&str; 41] = [
    "table", "thead", "tfoot", "caption", "col", "colgroup", "tbody", "tr", "td", "th", "div",
    "dl", "dd", "dt", "ul", "ol", "li", "pre", "form", "map", "area", "address", "style", "p",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "fieldset", "legend", "section", "article", "aside",
    "hgroup", "header", "footer", "nav", "figure",
];
const EXTRA_BLOCKS: [&str; 5] = ["details", "menu", "summary", "blockquote", "figcaption"];

/// Returns `true` if the element is block-level.
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name) || EXTRA_BLOCKS.contains(&name)
}

/// Returns the number of bytes of leading white space.
pub(super) fn leading_whitespace(text: &str) -> usize {
    text.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)).count()
}

/// Returns the end of the block-level tag at `start`: `<div …>`, `</p>`.
pub(super) fn block_tag_end(text: &str, start: usize, ahead: &mut Lookahead<'_>) -> Option<usize> {
    let inner = text.get(start..)?.strip_prefix('<')?;
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let named = BLOCKS.iter().chain(&EXTRA_BLOCKS).any(|name| inner.starts_with(name));
    named.then(|| ahead.next(start)).flatten().map(|end| end + 1)
}

/// Calls `f` for each `<` of a text; it writes a replacement and returns where to continue, and may
/// look ahead for `>`.
pub(super) fn rewrite<'t>(
    text: &'t str,
    mut f: impl FnMut(&'t str, usize, &mut String, &mut Lookahead<'t>) -> Option<usize>,
) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut ahead = Lookahead::new(text, ">");
    let mut at = 0;
    while let Some(next) = text[at..].find('<').map(|next| next + at) {
        out.push_str(&text[at..next]);
        at = f(text, next, &mut out, &mut ahead).unwrap_or_else(|| {
            out.push('<');
            next + 1
        });
    }
    out.push_str(&text[at..]);
    out
}
