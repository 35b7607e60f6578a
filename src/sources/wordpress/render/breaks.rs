//! Second half of paragraph formatting: unwraps blocks from paragraphs and converts line ends.

use super::elements::{block_tag_end, leading_whitespace, rewrite};
use super::markup::Lookahead;

/// Elements that must not be preceded by a break.
const NO_BREAK_BEFORE: [&str; 10] = ["p", "li", "div", "dl", "dd", "dt", "th", "pre", "td", "ul"];

/// Stands for a line end in scripts and styles, which is preserved.
pub(super) const PRESERVED_LINE_END: char = '\u{FDD2}';
/// Removes paragraph tags that enclose or split a block.
pub(super) fn unwrap_blocks(text: &str) -> String {
    let text = close_before(text);
    // First <p>…block…</p> without other content, then list items, then quotations.
    let text = rewrite(&text, |text, at, out, ahead| {
        let inner = at + text[at..].starts_with("<p>").then_some(3)?;
        let start = inner + leading_whitespace(&text[inner..]);
        let end = block_tag_end(text, start, ahead)?;
        let after = end + leading_whitespace(&text[end..]);
        text[after..].starts_with("</p>").then_some(())?;
        out.push_str(&text[start..end]);
        Some(after + 4)
    });
    let text = bare_list_items(&text);
    let text = rewrite(&text, |text, at, out, ahead| {
        text[at..].get(..14).filter(|s| s.eq_ignore_ascii_case("<p><blockquote"))?;
        let end = ahead.next(at + 14)?;
        out.push_str("<blockquote");
        out.push_str(&text[at + 14..=end]);
        out.push_str("<p>");
        Some(end + 1)
    });
    let text = text.replace("</blockquote></p>", "</p></blockquote>");
    let text = rewrite(&text, |text, at, out, ahead| {
        let inner = at + text[at..].starts_with("<p>").then_some(3)?;
        let start = inner + leading_whitespace(&text[inner..]);
        let end = block_tag_end(text, start, ahead)?;
        out.push_str(&text[start..end]);
        Some(end)
    });
    rewrite(&text, |text, at, out, ahead| {
        let end = block_tag_end(text, at, ahead)?;
        let after = end + leading_whitespace(&text[end..]);
        text[after..].starts_with("</p>").then_some(())?;
        out.push_str(&text[at..end]);
        Some(after + 4)
    })
}

/// Closes a paragraph before the end of its enclosing division.
fn close_before(text: &str) -> String {
    rewrite(text, |text, at, out, _| {
        let inner = at + text[at..].starts_with("<p>").then_some(3)?;
        let stop = inner + text[inner..].find('<')?;
        let tail = &text[stop..];
        if stop == inner
            || !["</div>", "</address>", "</form>"].iter().any(|end| tail.starts_with(end))
        {
            out.push_str(&text[at..stop]);
            return Some(stop);
        }
        out.push_str(&text[at..stop]);
        out.push_str("</p>");
        Some(stop)
    })
}

fn bare_list_items(text: &str) -> String {
    let mut ends = Lookahead::new(text, "</p>");
    let mut lines = Lookahead::new(text, "\n");
    rewrite(text, |text, at, out, _| {
        text[at..].starts_with("<p><li").then_some(())?;
        let end = ends.next(at + 7)?;
        if lines.next(at + 7).is_some_and(|line| line < end) {
            return None;
        }
        out.push_str(&text[at + 3..end]);
        Some(end + 4)
    })
}

/// Converts line ends into breaks, except beside blocks.
pub(super) fn breaks(text: &str) -> String {
    let text = keep_line_ends(text).replace("<br>", "<br />").replace("<br/>", "<br />");
    let text = line_ends_to_breaks(&text).replace(PRESERVED_LINE_END, "\n");
    let text = rewrite(&text, |text, at, out, ahead| {
        let end = block_tag_end(text, at, ahead)?;
        let after = end + leading_whitespace(&text[end..]);
        text[after..].starts_with("<br />").then_some(())?;
        out.push_str(&text[at..end]);
        Some(after + 6)
    });
    let text = rewrite(&text, |text, at, _, ahead| {
        let after = at + text[at..].starts_with("<br />").then_some(6)?;
        let start = after + leading_whitespace(&text[after..]);
        let inner = text[start..].strip_prefix('<')?;
        let inner = inner.strip_prefix('/').unwrap_or(inner);
        (NO_BREAK_BEFORE.iter().any(|name| inner.starts_with(name)) || inner.starts_with("ol"))
            .then_some(())?;
        ahead.next(start)?;
        Some(after)
    });
    match text.strip_suffix("\n</p>").or_else(|| text.strip_suffix("\n</p>\n")) {
        Some(head) => format!("{head}</p>\n"),
        None => text,
    }
}

/// Preserves line ends in scripts, styles and SVG drawings.
fn keep_line_ends(text: &str) -> String {
    let mut out = text.to_owned();
    for name in ["script", "style", "svg", "math"] {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        if !out.contains(&open) {
            continue;
        }
        let (mut next, mut rest) = (String::with_capacity(out.len()), out.as_str());
        while let Some(start) = rest.find(&open) {
            let Some(length) = rest[start..].find(&close) else {
                break;
            };
            next.push_str(&rest[..start]);
            next.extend(
                rest[start..start + length]
                    .chars()
                    .map(|c| if c == '\n' { PRESERVED_LINE_END } else { c }),
            );
            rest = &rest[start + length..];
        }
        next.push_str(rest);
        out = next;
    }
    out
}

fn line_ends_to_breaks(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(rest.len());
        out.push_str(&rest[..word]);
        rest = &rest[word..];
        let run = &rest[..leading_whitespace(rest)];
        rest = &rest[run.len()..];
        // A line end directly after a break needs no second one.
        let line_ends_to_skip = usize::from(out.ends_with("<br />"));
        match run.get(line_ends_to_skip..).and_then(|later| later.rfind('\n')) {
            Some(last) => {
                out.push_str(&run[..line_ends_to_skip]);
                out.push_str("<br />\n");
                out.push_str(&run[line_ends_to_skip + last + 1..]);
            }
            None => out.push_str(run),
        }
    }
    out
}
