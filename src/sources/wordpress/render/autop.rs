//! Converts blank lines into paragraphs and line ends into breaks, as WordPress does for posts
//! without blocks.

use super::breaks::{PRESERVED_LINE_END, breaks, unwrap_blocks};
use super::elements::{is_block, leading_whitespace, rewrite};
use super::markup::{Token, remove_noncharacters, tokenize};

/// Stands for a line end inside a tag while lines are processed.
const IN_TAG: char = '\u{FDD1}';
/// Placeholder for an extracted `<pre>`.
const PRE_PLACEHOLDER: &str = "<pre>\u{FDD3}</pre>";

/// Returns the HTML with explicit paragraphs and breaks.
pub(in crate::sources) fn autop(html: &str) -> String {
    let html = remove_noncharacters(html);
    if html.trim().is_empty() {
        return String::new();
    }
    let html = html + "\n";
    let (text, preserved) =
        if html.contains("<pre") { extract_pre(&html) } else { (html, Vec::new()) };
    let text = double_breaks_to_blank_lines(&text);
    let text = set_blocks_apart(&text).replace("\r\n", "\n").replace('\r', "\n");
    let text = hide_line_ends_in_tags(&text);
    let text = trim_inside(text);
    let text = paragraphs(&text);
    let text = unwrap_blocks(&text);
    let text = breaks(&text);
    let mut parts = text.split(PRE_PLACEHOLDER);
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut taken = preserved.iter();
    for part in parts {
        out.push_str(taken.next().map_or("", String::as_str));
        out.push_str(part);
    }
    out.replace([IN_TAG, PRESERVED_LINE_END], "\n")
}

/// Extracts each `<pre>…</pre>` and leaves an empty one as placeholder.
fn extract_pre(html: &str) -> (String, Vec<String>) {
    let (mut out, mut taken) = (String::with_capacity(html.len()), Vec::new());
    let mut rest = html;
    while let Some(end) = rest.find("</pre>") {
        let part = &rest[..end];
        match part.find("<pre") {
            Some(start) => {
                out.push_str(&part[..start]);
                out.push_str(PRE_PLACEHOLDER);
                let inner = &part[start..];
                taken.push(format!("{inner}</pre>"));
            }
            None => out.push_str(part),
        }
        rest = &rest[end + 6..];
    }
    out.push_str(rest);
    (out, taken)
}

/// Converts two consecutive breaks into a blank line.
fn double_breaks_to_blank_lines(html: &str) -> String {
    rewrite(html, |text, at, out, _| {
        let first = at + break_length(&text[at..])?;
        let gap = first + leading_whitespace(&text[first..]);
        let second = gap + break_length(text.get(gap..)?)?;
        out.push_str("\n\n");
        Some(second)
    })
}

/// Returns the length of `<br>`, `<br/>` or `<br />` at the beginning.
fn break_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("<br")?;
    let spaces = leading_whitespace(inner);
    let tail = &inner[spaces..];
    let tail_length = if tail.starts_with("/>") { 2 } else { usize::from(tail.starts_with('>')) };
    (tail_length > 0).then_some(3 + spaces + tail_length)
}

/// Adds blank lines before an opening block and after a closing one.
fn set_blocks_apart(html: &str) -> String {
    rewrite(html, |text, at, out, _| {
        let inner = &text[at + 1..];
        let closing = inner.starts_with('/');
        let name = &inner[usize::from(closing)..];
        let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let after = name.as_bytes().get(length).copied()?;
        if !is_block(&name[..length]) {
            return None;
        }
        let end = at + 1 + usize::from(closing) + length;
        if closing {
            (after == b'>').then_some(())?;
            out.push_str(&text[at..=end]);
            out.push_str("\n\n");
            return Some(end + 1);
        }
        matches!(after, b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>').then_some(())?;
        out.push_str("\n\n");
        out.push_str(&text[at..end]);
        let spaces = end + leading_whitespace(&text[end..]);
        let tag_end_length = if text[spaces..].starts_with("/>") {
            2
        } else {
            usize::from(text[spaces..].starts_with('>'))
        };
        if &name[..length] == "hr" && tag_end_length > 0 {
            out.push_str(&text[end..spaces + tag_end_length]);
            out.push_str("\n\n");
            return Some(spaces + tag_end_length);
        }
        Some(end)
    })
}

fn hide_line_ends_in_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for piece in tokenize(html) {
        match piece {
            Token::Text(text) => out.push_str(text),
            Token::Tag(tag) | Token::Comment(tag) => {
                out.extend(tag.chars().map(|c| if c == '\n' { IN_TAG } else { c }))
            }
        }
    }
    out
}

/// Removes white space inside elements in which a break would be invalid.
fn trim_inside(mut text: String) -> String {
    // Each: a text that must occur, and the tags beside which white space is removed.
    const TRIM_AROUND: [(&str, &[&str]); 3] = [
        ("</object>", &["param", "/param", "embed", "/embed"]),
        ("<source", &["source", "track"]),
        ("<track", &["source", "track"]),
    ];
    const TRIM_BEFORE: [(&str, &[&str]); 5] = [
        ("<option", &["option"]),
        ("</object>", &["/object"]),
        ("<source", &["/audio", "/video"]),
        ("<track", &["/audio", "/video"]),
        ("<figcaption", &["figcaption"]),
    ];
    const TRIM_AFTER: [(&str, &[&str]); 5] = [
        ("<option", &["/option"]),
        ("</object>", &["object"]),
        ("<source", &["audio", "video"]),
        ("<track", &["audio", "video"]),
        ("<figcaption", &["/figcaption"]),
    ];
    for (sign, names) in TRIM_AROUND.iter().chain(&TRIM_BEFORE) {
        if text.contains(sign) {
            text = trimmed_around(&text, names, true);
        }
    }
    for (sign, names) in TRIM_AROUND.iter().chain(&TRIM_AFTER) {
        if text.contains(sign) {
            text = trimmed_around(&text, names, false);
        }
    }
    text
}

fn trimmed_around(text: &str, names: &[&str], before: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut trims_next = false;
    for piece in tokenize(text) {
        match piece {
            Token::Tag(tag) => {
                let inner = &tag[1..];
                let length =
                    inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'/').count();
                let named = names.contains(&inner[..length].trim_end_matches('/'));
                if named && before {
                    out.truncate(out.trim_end().len());
                }
                out.push_str(tag);
                trims_next = named && !before;
            }
            Token::Text(other) | Token::Comment(other) => {
                out.push_str(if trims_next { other.trim_start() } else { other });
                trims_next = false;
            }
        }
    }
    out
}

/// Wraps text separated by blank lines in paragraphs.
fn paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut current = String::new();
    let mut finish = |current: &mut String| {
        let inner = current.trim_matches('\n');
        if !current.is_empty() && !inner.trim().is_empty() {
            out.push_str("<p>");
            out.push_str(inner);
            out.push_str("</p>\n");
        }
        current.clear();
    };
    for (number, line) in text.split('\n').enumerate() {
        if line.trim().is_empty() && number > 0 {
            finish(&mut current);
            continue;
        }
        if !current.is_empty() {
            current.push('\n');
        }
        current.push_str(line);
    }
    finish(&mut current);
    out
}

#[cfg(test)]
mod tests {
    use super::autop;

    #[test]
    fn blank_lines_make_paragraphs_and_line_ends_breaks() {
        assert_eq!(autop("One\ntwo\r\n\r\nThree\n"), "<p>One<br />\ntwo</p>\n<p>Three</p>\n");
    }

    #[test]
    fn blocks_are_not_wrapped() {
        assert_eq!(
            autop("Before\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\nAfter"),
            "<p>Before</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>After</p>\n"
        );
    }

    #[test]
    fn a_quotation_keeps_its_paragraphs() {
        assert_eq!(
            autop("<blockquote>One\n\nTwo</blockquote>"),
            "<blockquote><p>One</p>\n<p>Two</p></blockquote>\n"
        );
    }

    #[test]
    fn preformatted_text_keeps_its_blank_lines() {
        assert_eq!(autop("a\n<pre>x\n\n\ny</pre>\nb"), "<p>a</p>\n<pre>x\n\n\ny</pre>\n<p>b</p>\n");
    }

    #[test]
    fn scripts_get_no_breaks() {
        assert!(autop("<script>\nlet a;\nlet b;\n</script>").contains("let a;\nlet b;"));
    }
}
