//! The second half of making paragraphs: taking off those that hold blocks, and turning line ends into breaks.

use super::elements::{blank, loose_block, rewrite};
use super::markup::Ahead;

/// Elements before which a break is one too many.
const NO_BREAK_BEFORE: [&str; 10] = ["p", "li", "div", "dl", "dd", "dt", "th", "pre", "td", "ul"];

/// A line end that stays one: in scripts and styles.
pub(super) const KEPT: char = '\u{FDD2}';
/// Takes paragraphs off again where they hold, or break, a block.
pub(super) fn unwrap(text: &str) -> String {
    let text = close_before(text);
    // <p>…block…</p> with nothing else, then list items, then quotations.
    let text = rewrite(&text, |text, at, out, ahead| {
        let inner = at + text[at..].starts_with("<p>").then_some(3)?;
        let start = inner + blank(&text[inner..]);
        let end = loose_block(text, start, ahead)?;
        let after = end + blank(&text[end..]);
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
        let start = inner + blank(&text[inner..]);
        let end = loose_block(text, start, ahead)?;
        out.push_str(&text[start..end]);
        Some(end)
    });
    rewrite(&text, |text, at, out, ahead| {
        let end = loose_block(text, at, ahead)?;
        let after = end + blank(&text[end..]);
        text[after..].starts_with("</p>").then_some(())?;
        out.push_str(&text[at..end]);
        Some(after + 4)
    })
}

/// A paragraph that runs into the end of its division ends before it.
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
    let mut ends = Ahead::new(text, "</p>");
    let mut lines = Ahead::new(text, "\n");
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

/// Line ends become breaks, but not beside blocks.
pub(super) fn breaks(text: &str) -> String {
    let text = keep_line_ends(text).replace("<br>", "<br />").replace("<br/>", "<br />");
    let text = line_ends_to_breaks(&text).replace(KEPT, "\n");
    let text = rewrite(&text, |text, at, out, ahead| {
        let end = loose_block(text, at, ahead)?;
        let after = end + blank(&text[end..]);
        text[after..].starts_with("<br />").then_some(())?;
        out.push_str(&text[at..end]);
        Some(after + 6)
    });
    let text = rewrite(&text, |text, at, _, ahead| {
        let after = at + text[at..].starts_with("<br />").then_some(6)?;
        let start = after + blank(&text[after..]);
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

/// Line ends within scripts, styles and drawings are none of the reader's.
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
                rest[start..start + length].chars().map(|c| if c == '\n' { KEPT } else { c }),
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
        let run = &rest[..blank(rest)];
        rest = &rest[run.len()..];
        // A line end straight behind a break has had its break already.
        let spared = usize::from(out.ends_with("<br />"));
        match run.get(spared..).and_then(|later| later.rfind('\n')) {
            Some(last) => {
                out.push_str(&run[..spared]);
                out.push_str("<br />\n");
                out.push_str(&run[spared + last + 1..]);
            }
            None => out.push_str(run),
        }
    }
    out
}
