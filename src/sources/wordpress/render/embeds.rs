//! Embeds: a URL on its own line, or `[embed]`, becomes a player for audio and video, else a
//! link, because a feed loads nothing from other sites.

use super::markup::{Token, ampersands, escape, tokenize};
use super::shortcodes;

const AUDIO_EXTENSIONS: [&str; 6] = ["mp3", "ogg", "flac", "m4a", "wav", "aac"];
const VIDEO_EXTENSIONS: [&str; 5] = ["mp4", "m4v", "webm", "ogv", "flv"];

/// Returns the text with its embeds replaced.
pub(super) fn embed(text: &str) -> String {
    let text = if text.contains("[embed") { shortcode(text) } else { text.to_owned() };
    if !text.contains("http") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut before = Neighbour::TextEdge;
    let mut tokens = tokenize(&text).into_iter().peekable();
    while let Some(piece) = tokens.next() {
        match piece {
            Token::Tag(other) | Token::Comment(other) => {
                out.push_str(other);
                before = if other.starts_with("<p>") || other.starts_with("<p ") {
                    Neighbour::ParagraphTag
                } else {
                    Neighbour::Other
                };
            }
            Token::Text(words) => {
                let after = match tokens.peek() {
                    None => Neighbour::TextEdge,
                    Some(Token::Tag("</p>")) => Neighbour::ParagraphTag,
                    Some(_) => Neighbour::Other,
                };
                lines(words, before, after, &mut out);
                before = Neighbour::Other;
            }
        }
    }
    out
}

/// Neighbour of a piece of text, before or after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    /// The beginning or end of the whole text.
    TextEdge,
    /// The start or end tag of a paragraph.
    ParagraphTag,
    /// Another tag, or a comment.
    Other,
}

/// Replaces URLs that fill their line or paragraph.
fn lines(text: &str, before: Neighbour, after: Neighbour, out: &mut String) {
    if before == Neighbour::ParagraphTag && after == Neighbour::ParagraphTag {
        return embed_line(text, out);
    }
    let count = text.split_inclusive('\n').count();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if (number > 0 || before == Neighbour::TextEdge)
            && (number + 1 < count || line.ends_with('\n') || after == Neighbour::TextEdge)
        {
            embed_line(line, out);
        } else {
            out.push_str(line);
        }
    }
}

fn embed_line(line: &str, out: &mut String) {
    let url = line.trim();
    let plain = !url.contains(|c: char| c.is_whitespace() || "<>\"".contains(c));
    if plain && (url.starts_with("http://") || url.starts_with("https://")) && url.len() > 8 {
        let start = line.len() - line.trim_start().len();
        out.push_str(&line[..start]);
        out.push_str(&replacement(url));
        out.push_str(&line[start + url.len()..]);
    } else {
        out.push_str(line);
    }
}

fn shortcode(text: &str) -> String {
    shortcodes::expand(text, &["embed"], &mut |_, attributes, content| {
        let url =
            if content.trim().is_empty() { attributes.get("src")?.trim() } else { content.trim() };
        Some(replacement(&html_escape::decode_html_entities(url)))
    })
}

/// Returns a media shortcode for an embedded audio or video file, otherwise a link.
fn replacement(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let extension = path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    if AUDIO_EXTENSIONS.contains(&extension.as_str()) {
        format!("[audio src=\"{}\" /]", url.replace(['"', '[', ']'], ""))
    } else if VIDEO_EXTENSIONS.contains(&extension.as_str()) {
        format!("[video src=\"{}\" /]", url.replace(['"', '[', ']'], ""))
    } else {
        format!("<a href=\"{}\">{}</a>", escape(url), ampersands(url))
    }
}

#[cfg(test)]
mod tests {
    use super::embed;

    #[test]
    fn a_url_on_its_own_line_becomes_a_link() {
        let link =
            "<a href=\"https://tv.example/a?b=1&#038;c\">https://tv.example/a?b=1&#038;c</a>";
        assert_eq!(
            embed("Look\nhttps://tv.example/a?b=1&c\nthere"),
            format!("Look\n{link}\nthere")
        );
        assert_eq!(embed("<p>https://tv.example/a?b=1&c</p>"), format!("<p>{link}</p>"));
        assert_eq!(embed("[embed width=3]https://tv.example/a?b=1&amp;c[/embed]"), link);
        assert_eq!(embed("see https://tv.example/a"), "see https://tv.example/a");
        assert_eq!(embed("https://tv.example/a.mp4"), "[video src=\"https://tv.example/a.mp4\" /]");
    }
}
