//! Addresses alone on a line, and `[embed]`: a player of ours for sound and film, else a link, for a feed loads nothing from elsewhere.

use super::markup::{Piece, ampersands, escape, pieces};
use super::shortcodes;

const SOUND: [&str; 6] = ["mp3", "ogg", "flac", "m4a", "wav", "aac"];
const FILM: [&str; 5] = ["mp4", "m4v", "webm", "ogv", "flv"];

/// The text with its embeds replaced.
pub(super) fn embed(text: &str) -> String {
    let text = if text.contains("[embed") { shortcode(text) } else { text.to_owned() };
    if !text.contains("http") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut before = Before::Line;
    let mut cut = pieces(&text).into_iter().peekable();
    while let Some(piece) = cut.next() {
        match piece {
            Piece::Tag(other) | Piece::Comment(other) => {
                out.push_str(other);
                before = if other.starts_with("<p>") || other.starts_with("<p ") {
                    Before::Paragraph
                } else {
                    Before::Words
                };
            }
            Piece::Text(words) => {
                let after = match cut.peek() {
                    None => Before::Line,
                    Some(Piece::Tag("</p>")) => Before::Paragraph,
                    Some(_) => Before::Words,
                };
                lines(words, before, after, &mut out);
                before = Before::Words;
            }
        }
    }
    out
}

/// What stands before or behind a stretch of text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Line,
    Paragraph,
    Words,
}

/// Replaces an address that is all of its line or paragraph.
fn lines(text: &str, before: Before, after: Before, out: &mut String) {
    if before == Before::Paragraph && after == Before::Paragraph {
        return one(text, out);
    }
    let count = text.split_inclusive('\n').count();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if (number > 0 || before == Before::Line)
            && (number + 1 < count || line.ends_with('\n') || after == Before::Line)
        {
            one(line, out);
        } else {
            out.push_str(line);
        }
    }
}

fn one(line: &str, out: &mut String) {
    let address = line.trim();
    let plain = !address.contains(|c: char| c.is_whitespace() || "<>\"".contains(c));
    if plain
        && (address.starts_with("http://") || address.starts_with("https://"))
        && address.len() > 8
    {
        let start = line.len() - line.trim_start().len();
        out.push_str(&line[..start]);
        out.push_str(&shown(address));
        out.push_str(&line[start + address.len()..]);
    } else {
        out.push_str(line);
    }
}

fn shortcode(text: &str) -> String {
    shortcodes::expand(text, &["embed"], &mut |_, attributes, content| {
        let address =
            if content.trim().is_empty() { attributes.get("src")?.trim() } else { content.trim() };
        Some(shown(&html_escape::decode_html_entities(address)))
    })
}

/// What an address is shown as.
fn shown(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let extension = path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    if SOUND.contains(&extension.as_str()) {
        format!("[audio src=\"{}\" /]", address.replace(['"', '[', ']'], ""))
    } else if FILM.contains(&extension.as_str()) {
        format!("[video src=\"{}\" /]", address.replace(['"', '[', ']'], ""))
    } else {
        format!("<a href=\"{}\">{}</a>", escape(address), ampersands(address))
    }
}

#[cfg(test)]
mod tests {
    use super::embed;

    #[test]
    fn an_address_alone_on_its_line_becomes_a_link() {
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
