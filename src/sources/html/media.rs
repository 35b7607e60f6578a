//! What a sanitised body tells of its images, sounds and films.

use html_escape::decode_html_entities;

use super::markup::{Piece, Pieces, attribute};
use crate::domain::article::Enclosure;
use crate::domain::media;

/// What a body tells of an image in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What it shows, where that is told.
    pub(crate) alt: Option<String>,
    /// Width and height in pixels, where both are told.
    pub(crate) size: Option<(u32, u32)>,
}

/// What a body tells of the image at an address; nothing if it is not there.
pub(crate) fn shown(body_html: &str, url: &str) -> Shown {
    for piece in Pieces(body_html) {
        if let Piece::Open("img", attributes) = piece
            && value(attributes, "src").as_deref() == Some(url)
        {
            let pixels = |side| {
                attribute(attributes, side)
                    .and_then(|v| v.parse::<u32>().ok())
                    .filter(|&pixels| pixels > 0)
            };
            return Shown {
                alt: value(attributes, "alt").filter(|alt| !alt.trim().is_empty()),
                size: pixels("width").zip(pixels("height")),
            };
        }
    }
    Shown::default()
}

/// The first sound or film of a body: in a player, else behind a link.
pub(crate) fn enclosure(body_html: &str) -> Option<Enclosure> {
    let mut player = "";
    let mut linked = None;
    for piece in Pieces(body_html) {
        let found = match piece {
            Piece::Open(name @ ("audio" | "video"), attributes) => {
                player = name;
                file(attributes, "src", player)
            }
            Piece::Close("audio" | "video") => {
                player = "";
                None
            }
            Piece::Open("source", attributes) if !player.is_empty() => {
                file(attributes, "src", player)
            }
            Piece::Open("a", attributes) => {
                linked = linked.or_else(|| file(attributes, "href", ""));
                None
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    linked
}

/// A file that can be played: of a told or known type, and of the player's kind where there is one.
fn file(attributes: &str, address: &str, player: &str) -> Option<Enclosure> {
    let url = value(attributes, address)?;
    let told = value(attributes, "type")
        .and_then(|told| media::essence(&told))
        .filter(|told| media::is_playable(told));
    let known =
        || media::type_of(&url).filter(|known| media::is_playable(known)).map(str::to_owned);
    let media_type = told.or_else(known)?;
    // `.webm` and `.ogg` hold either.
    let media_type = match (player, media_type.split_once('/')) {
        ("audio" | "video", Some((_, name))) => format!("{player}/{name}"),
        _ => media_type,
    };
    Some(Enclosure { url, media_type, length: 0 })
}

fn value(attributes: &str, name: &str) -> Option<String> {
    attribute(attributes, name).map(|value| decode_html_entities(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Option<(String, String)> {
        enclosure(body).map(|file| (file.url, file.media_type))
    }

    #[test]
    fn the_first_player_or_else_link_is_the_enclosure() {
        let of = |url: &str, media_type: &str| Some((url.to_owned(), media_type.to_owned()));
        let link = "<p><a href=\"https://x.example/talk.mp3?a=1&amp;b=2\">Talk</a></p>";
        assert_eq!(found(link), of("https://x.example/talk.mp3?a=1&b=2", "audio/mpeg"));
        let film = "<video poster=\"https://x.example/p.jpg\"><source src=\"https://x.example/f\" type=\"video/mp4; codecs=x\"></video>";
        assert_eq!(found(&format!("{link}{film}")), of("https://x.example/f", "video/mp4"));
        assert_eq!(
            found("<audio src=\"https://x.example/a.webm\"></audio>"),
            of("https://x.example/a.webm", "audio/webm")
        );
        for none in [
            "<audio src=\"https://x.example/stream\"></audio>",
            "<a href=\"https://x.example/paper.pdf\">x</a>",
            "<picture><source srcset=\"https://x.example/a.webp\" src=\"https://x.example/a.mp4\"></picture>",
            "",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn an_image_s_words_and_size_are_found_by_its_address() {
        let body = "<img src=\"https://x.example/a.jpg?x=1&amp;y=2\" alt=\"A &amp; B\" width=\"640\" height=\"480\"><img src=\"https://x.example/b.jpg\" width=\"50%\" height=\"1\">";
        let a = shown(body, "https://x.example/a.jpg?x=1&y=2");
        assert_eq!(a, Shown { alt: Some("A & B".into()), size: Some((640, 480)) });
        assert_eq!(shown(body, "https://x.example/b.jpg"), Shown::default());
        assert_eq!(shown(body, "https://x.example/c.jpg"), Shown::default());
    }
}
