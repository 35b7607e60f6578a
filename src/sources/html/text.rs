//! Plain text out of HTML: titles, summaries, and bodies for those who want no HTML.

use html_escape::{decode_html_entities, encode_text};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::markup::{Piece, Pieces, is_block};
use super::prepare;
use super::sanitise::Sanitiser;
use crate::domain::characters;

/// How much of a body is read for its summary, in bytes.
const OPENING: usize = 64 << 10;

/// A tag longer than this many bytes is taken for text where text and HTML are to be told apart.
const LONGEST_TAG: usize = 4 << 10;

/// Elements within a line: dropping their tags leaves no gap.
const INLINE: &str = "a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd label mark nobr o:p q rp rt ruby \
    s samp small span strike strong sub sup time tt u var wbr";

/// The other names that make a `<` a tag, beside those of blocks.
const OTHERS: &str = "body br button center embed form head html iframe input link main meta noscript object option picture \
    script select source style svg td template textarea th title";

/// The visible text: a line for each paragraph, entities decoded, white space collapsed (but in `pre`).
pub(crate) fn plain_text(html: &str) -> String {
    let html = characters::repaired(html);
    let cleaned = Sanitiser::new(None).clean(&prepare::prepare(&html, None));
    characters::repaired(&lines(&cleaned, &[]).join("\n")).into_owned()
}

/// A title or name as plain text: markup dropped, entities decoded, white space collapsed, NFC; `<` and `&` that are no
/// markup survive. May be empty.
pub(crate) fn plain_title(text_or_html: &str) -> String {
    let bare = without_tags(text_or_html);
    let decoded = decode_html_entities(&bare);
    let sound: String = characters::repaired(&decoded).nfc().filter(|&c| c != '\u{feff}').collect();
    collapsed(&sound)
}

/// The given summary as plain text, or else the first text of the body, of at most `max_graphemes` with its ellipsis.
pub(crate) fn summary(given: Option<&str>, body_html: &str, max_graphemes: usize) -> String {
    let given =
        given.map(|given| collapsed(&plain_text(&escaped_where_plain(given)))).unwrap_or_default();
    if !given.is_empty() {
        return shortened(&given, max_graphemes);
    }
    let opening = &body_html[..body_html.floor_char_boundary(OPENING)];
    let html = characters::repaired(opening);
    let cleaned = Sanitiser::new(None).clean(&prepare::prepare(&html, None));
    let prose = lines(
        &cleaned,
        &["figcaption", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "rt", "rp"],
    )
    .join(" ");
    let text = if prose.is_empty() { lines(&cleaned, &[]).join(" ") } else { prose };
    shortened(&collapsed(&characters::repaired(&text)), max_graphemes)
}

/// The text of any HTML as paragraphs and nothing else.
pub(super) fn as_paragraphs(html: &str) -> String {
    let bare = without_tags(html);
    let lines =
        bare.lines().map(|line| collapsed(&characters::repaired(&decode_html_entities(line))));
    lines
        .filter(|line| !line.is_empty())
        .map(|line| format!("<p>{}</p>", encode_text(&line)))
        .collect()
}

/// White space of any kind becomes one space; none at either end.
fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of text in sanitised HTML, without those inside the elements in `skip`.
fn lines(sanitised: &str, skip: &[&str]) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    let (mut skipped, mut preformatted) = (0_usize, 0_usize);
    let mut end = |line: &mut String| {
        let text = collapsed(line);
        line.clear();
        if !text.is_empty() {
            lines.push(text);
        }
    };
    for piece in Pieces(sanitised) {
        match piece {
            Piece::Text(_) if skipped > 0 => {}
            Piece::Text(text) if preformatted > 0 => {
                for (i, part) in decode_html_entities(text).split('\n').enumerate() {
                    if i > 0 {
                        end(&mut line);
                    }
                    line.push_str(part);
                }
            }
            Piece::Text(text) => line.push_str(&decode_html_entities(text)),
            Piece::Open(name, _) => {
                skipped += usize::from(skip.contains(&name));
                preformatted += usize::from(name == "pre");
                match name {
                    "br" => end(&mut line),
                    "td" | "th" => line.push(' '),
                    _ if is_block(name) => end(&mut line),
                    _ => {}
                }
            }
            Piece::Close(name) => {
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

/// A field that may be text or HTML, as HTML: a `<` that begins no known tag is a character.
fn escaped_where_plain(text: &str) -> String {
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

/// The text without its tags, and without what scripts and styles hold; blocks and line breaks become spaces.
fn without_tags(text: &str) -> String {
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
            rest = &rest[end_of_hidden(rest, &tag.name)..];
        }
    }
    out.push_str(rest);
    out
}

/// Where the content that a script or style hides ends.
fn end_of_hidden(text: &str, name: &str) -> usize {
    text.match_indices("</")
        .map(|(at, _)| at)
        .find(|at| {
            text[at + 2..].get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name))
        })
        .unwrap_or(text.len())
}

/// A tag or comment at the start of a text.
struct Tag {
    name: String,
    length: usize,
    inline: bool,
    hides_content: bool,
}

impl Tag {
    /// Reads one; `None` for a `<` that stands for itself.
    fn at_start(text: &str) -> Option<Self> {
        // A window, lest a megabyte of lone `<` is searched once for each of them.
        let text = &text[..text.floor_char_boundary(LONGEST_TAG)];
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
        let inline = INLINE.split_whitespace().any(|known| known == name);
        if !inline && !is_block(&name) && !OTHERS.split_whitespace().any(|known| known == name) {
            return None;
        }
        let hides_content = !closing && matches!(name.as_str(), "script" | "style");
        let length = text.find('>')? + 1;
        Some(Self { name, length, inline, hides_content })
    }
}

/// At most `max` graphemes: cut at the end of a word where words have ends (Chinese may be cut anywhere), with an ellipsis.
fn shortened(text: &str, max: usize) -> String {
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
    // A single "word" longer than half of the room (an address, a chain of letters) is cut where the room ends.
    let end = if word * 2 >= cut { word } else { cut };
    let kept =
        text[..end].trim_end_matches(|c: char| c.is_whitespace() || ",;:，、；：（(".contains(c));
    if max == 0 { String::new() } else { format!("{kept}…") }
}
