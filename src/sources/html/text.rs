//! Plain text from HTML: titles, summaries, and bodies in paragraphs.

use std::borrow::Cow;

use html_escape::{decode_html_entities, encode_text};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::markup::{HtmlToken, HtmlTokens, is_block};
use super::sanitize::Sanitizer;
use super::{alternatives, prepare};
use crate::domain::text_repair;

/// Length of the start of a body from which a summary is generated, in bytes.
const MAX_SUMMARY_SOURCE_BYTES: usize = 64 << 10;

/// Maximum length of a tag, in bytes; a longer one counts as text in a field that may be text or
/// HTML.
const MAX_TAG_BYTES: usize = 4 << 10;

/// Maximum length of the mark of a footnote, such as `[12]`, in characters.
const MAX_NOTE_MARK_CHARS: usize = 6;

/// Inline elements, whose tags are removed without leaving a space.
const INLINE_ELEMENTS: &str = "a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd label mark nobr o:p q rp rt ruby \
    s samp small span strike strong sub sup time tt u var wbr";

/// Other elements that are recognized as tags, besides inline and block elements.
const OTHER_ELEMENTS: &str = "body br button center embed form head html iframe input link main meta noscript object option picture \
    script select source style svg td template textarea th title";

/// Returns the visible text with one line per paragraph, entities decoded and white space collapsed
/// (except the line breaks in `pre`).
pub(crate) fn plain_text(html: &str) -> String {
    let html = text_repair::repair(html);
    let cleaned = Sanitizer::new(None).clean(&prepare::prepare(&html, None));
    text_repair::repair(&text_lines(&cleaned, &[]).join("\n")).into_owned()
}

/// Returns a title or name as plain text in NFC, with markup removed, entities decoded and white
/// space collapsed. Each `<` and `&` that is not markup stays. May be empty.
pub(crate) fn plain_title(text_or_html: &str) -> String {
    let bare = strip_tags(&with_letters(text_or_html));
    let decoded = decode_html_entities(&bare);
    let repaired: String =
        text_repair::repair(&decoded).nfc().filter(|&c| c != '\u{feff}').collect();
    collapse_whitespace(&repaired)
}

/// Returns the given summary as plain text, else the first text of the body, of at most
/// `max_graphemes` graphemes including the ellipsis.
pub(crate) fn summary(given: Option<&str>, body_html: &str, max_graphemes: usize) -> String {
    let given = given
        .map(|given| collapse_whitespace(&plain_text(&escape_unknown_tags(&with_letters(given)))))
        .unwrap_or_default();
    if !given.is_empty() {
        return truncate(&given, max_graphemes);
    }
    let opening = &body_html[..body_html.floor_char_boundary(MAX_SUMMARY_SOURCE_BYTES)];
    let html = text_repair::repair(opening);
    let cleaned = Sanitizer::new(None).clean(&prepare::prepare(&html, None));
    let cleaned = without_note_marks(&cleaned);
    let prose = text_lines(
        &cleaned,
        &["figcaption", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "rt", "rp"],
    )
    .join(" ");
    let text = if prose.is_empty() { text_lines(&cleaned, &[]).join(" ") } else { prose };
    truncate(&collapse_whitespace(&text_repair::repair(&text)), max_graphemes)
}

/// Returns sanitized HTML without the marks that link to footnotes and back.
fn without_note_marks(sanitized: &str) -> Cow<'_, str> {
    const START: &str = "<sup><a ";
    if !sanitized.contains(START) && !sanitized.contains('↩') {
        return Cow::Borrowed(sanitized);
    }
    let mut out = String::with_capacity(sanitized.len());
    let mut parts = sanitized.split(START);
    out.extend(parts.next());
    for part in parts {
        let mark = part.split_once("</a></sup>").and_then(|(link, after)| {
            let (attributes, text) = link.split_once('>')?;
            let is_mark = attributes.contains('#')
                && text.chars().count() <= MAX_NOTE_MARK_CHARS
                && !text.contains('<');
            is_mark.then_some(after)
        });
        match mark {
            Some(after) => out.push_str(after),
            None => out.extend([START, part]),
        }
    }
    // Some fonts show the arrow as an emoji unless a variation selector follows.
    Cow::Owned(out.replace(['↩', '\u{fe0e}'], ""))
}

/// Returns a field that may be text or HTML with the letters of its formulas.
fn with_letters(text: &str) -> Cow<'_, str> {
    if text.contains("</math") || text.contains(":math>") {
        alternatives::replace(text)
    } else {
        Cow::Borrowed(text)
    }
}

/// Reduces any HTML to its text in paragraphs.
pub(super) fn as_paragraphs(html: &str) -> String {
    let bare = strip_tags(html);
    let lines = bare
        .lines()
        .map(|line| collapse_whitespace(&text_repair::repair(&decode_html_entities(line))));
    lines
        .filter(|line| !line.is_empty())
        .map(|line| format!("<p>{}</p>", encode_text(&line)))
        .collect()
}

/// Replaces each run of white space by one space, and trims both ends.
fn collapse_whitespace(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the lines of text in sanitized HTML, without the text inside the elements in `skip`.
fn text_lines(sanitized: &str, skip: &[&str]) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    let (mut skipped, mut preformatted) = (0_usize, 0_usize);
    let mut end = |line: &mut String| {
        let text = collapse_whitespace(line);
        line.clear();
        if !text.is_empty() {
            lines.push(text);
        }
    };
    for token in HtmlTokens(sanitized) {
        match token {
            HtmlToken::Text(_) if skipped > 0 => {}
            HtmlToken::Text(text) if preformatted > 0 => {
                for (i, part) in decode_html_entities(text).split('\n').enumerate() {
                    if i > 0 {
                        end(&mut line);
                    }
                    line.push_str(part);
                }
            }
            HtmlToken::Text(text) => line.push_str(&decode_html_entities(text)),
            HtmlToken::Start(name, _) => {
                skipped += usize::from(skip.contains(&name));
                preformatted += usize::from(name == "pre");
                match name {
                    "br" => end(&mut line),
                    "td" | "th" => line.push(' '),
                    _ if is_block(name) => end(&mut line),
                    _ => {}
                }
            }
            HtmlToken::End(name) => {
                skipped = skipped.saturating_sub(usize::from(skip.contains(&name)));
                preformatted = preformatted.saturating_sub(usize::from(name == "pre"));
                if is_block(name) {
                    end(&mut line);
                }
            }
        }
    }
    end(&mut line);
    lines
}

/// Converts a field that may be text or HTML to HTML: escapes each `<` that does not start a known
/// tag.
fn escape_unknown_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(tag) = Tag::at_start(rest) {
            out.push_str(&rest[..tag.length]);
            rest = &rest[tag.length..];
        } else {
            out.push_str("&lt;");
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Removes tags, and the content of scripts and styles; tags that are not inline become line
/// breaks.
fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(tag) = Tag::at_start(rest) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        if !tag.inline {
            out.push('\n');
        }
        rest = &rest[tag.length..];
        if tag.hides_content {
            rest = &rest[hidden_content_end(rest, &tag.name)..];
        }
    }
    out.push_str(rest);
    out
}

/// Returns the offset at which the content of a script or style ends.
fn hidden_content_end(text: &str, name: &str) -> usize {
    text.match_indices("</")
        .map(|(at, _)| at)
        .find(|at| {
            text[at + 2..].get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name))
        })
        .unwrap_or(text.len())
}

/// Tag or comment at the start of a text.
struct Tag {
    name: String,
    length: usize,
    inline: bool,
    hides_content: bool,
}

impl Tag {
    /// Parses a tag or comment; `None` for a literal `<`.
    fn at_start(text: &str) -> Option<Self> {
        // Limited to a window, so that a text of many literal `<` does not take quadratic time.
        let text = &text[..text.floor_char_boundary(MAX_TAG_BYTES)];
        if text.starts_with("<!--") {
            let length = text.find("-->")? + 3;
            return Some(Self { name: String::new(), length, inline: true, hides_content: false });
        }
        let inside = text.strip_prefix('<')?;
        let (inside, closing) =
            inside.strip_prefix('/').map_or((inside, false), |rest| (rest, true));
        let end =
            inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == ':')).unwrap_or(inside.len());
        let (name, after) = inside.split_at(end);
        if !after.starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace()) {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let inline = INLINE_ELEMENTS.split_whitespace().any(|known| known == name);
        if !inline
            && !is_block(&name)
            && !OTHER_ELEMENTS.split_whitespace().any(|known| known == name)
        {
            return None;
        }
        let hides_content = !closing && matches!(name.as_str(), "script" | "style");
        let length = text.find('>')? + 1;
        Some(Self { name, length, inline, hides_content })
    }
}

/// Truncates a text to `max` graphemes including the ellipsis, at a word boundary (in Chinese, at
/// any character).
fn truncate(text: &str, max: usize) -> String {
    if text.graphemes(true).nth(max).is_none() {
        return text.to_owned();
    }
    let cut = text.grapheme_indices(true).nth(max.saturating_sub(1)).map_or(0, |(at, _)| at);
    let word = text
        .split_word_bound_indices()
        .map(|(at, _)| at)
        .take_while(|&at| at <= cut)
        .last()
        .unwrap_or(0);
    // A "word" longer than half of the limit, such as a URL, is cut at the limit.
    let end = if word * 2 >= cut { word } else { cut };
    let kept = text[..end]
        .trim_end_matches(|c: char| c.is_whitespace() || ",;:.…，、；：。（(".contains(c));
    if max == 0 { String::new() } else { format!("{kept}…") }
}
