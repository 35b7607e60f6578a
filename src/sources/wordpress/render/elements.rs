//! Which elements stand for themselves, and walking over the tags of a text.

use super::markup::Ahead;

/// Elements that stand for themselves and are never wrapped in a paragraph.
const BLOCKS: [&str; 41] = [
    "table", "thead", "tfoot", "caption", "col", "colgroup", "tbody", "tr", "td", "th", "div",
    "dl", "dd", "dt", "ul", "ol", "li", "pre", "form", "map", "area", "address", "style", "p",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "fieldset", "legend", "section", "article", "aside",
    "hgroup", "header", "footer", "nav", "figure",
];
const MORE_BLOCKS: [&str; 5] = ["details", "menu", "summary", "blockquote", "figcaption"];

/// Whether an element stands for itself.
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name) || MORE_BLOCKS.contains(&name)
}

/// How many bytes of white space a text begins with.
pub(super) fn blank(text: &str) -> usize {
    text.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)).count()
}

/// The end of a tag that begins with a block's name at `start`: `<div …>`, `</p>`.
pub(super) fn loose_block(text: &str, start: usize, ahead: &mut Ahead<'_>) -> Option<usize> {
    let inner = text.get(start..)?.strip_prefix('<')?;
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let named = BLOCKS.iter().chain(&MORE_BLOCKS).any(|name| inner.starts_with(name));
    named.then(|| ahead.next(start)).flatten().map(|end| end + 1)
}

/// Offers each `<` of a text to `f`, which writes a replacement and says where to go on; it may look ahead for `>`.
pub(super) fn rewrite<'t>(
    text: &'t str,
    mut f: impl FnMut(&'t str, usize, &mut String, &mut Ahead<'t>) -> Option<usize>,
) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut ahead = Ahead::new(text, ">");
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
