//! Attributes of images, and audio and video files, in a sanitized body.

use html_escape::decode_html_entities;

use super::markup::{HtmlToken, HtmlTokens, attribute};
use crate::domain::article::Enclosure;
use crate::domain::media;

/// Attributes of an image in a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ImageAttributes {
    /// Alternative text, if there is one.
    pub(crate) alt: Option<String>,
    /// Width and height in pixels, if both are set.
    pub(crate) size: Option<(u32, u32)>,
}

/// Returns the attributes of the image with this URL, else the text of the same image in another
/// size; empty ones if the body contains neither.
pub(crate) fn image_attributes(body_html: &str, url: &str) -> ImageAttributes {
    let mut other_size = ImageAttributes::default();
    for token in HtmlTokens(body_html) {
        let HtmlToken::Start("img", attributes) = token else { continue };
        let Some(src) = decoded_attribute(attributes, "src") else { continue };
        let alt = || decoded_attribute(attributes, "alt").filter(|alt| !alt.trim().is_empty());
        if src == url {
            let pixels = |side| {
                attribute(attributes, side)
                    .and_then(|v| v.parse::<u32>().ok())
                    .filter(|&pixels| pixels > 0)
            };
            return ImageAttributes {
                alt: alt().or(other_size.alt),
                size: pixels("width").zip(pixels("height")),
            };
        }
        if other_size.alt.is_none() && media::is_same_image(&src, url) {
            other_size.alt = alt();
        }
    }
    other_size
}

/// Returns the first audio or video file of a body: of a player, else of a link.
pub(crate) fn enclosure(body_html: &str) -> Option<Enclosure> {
    let mut player = "";
    let mut linked = None;
    for token in HtmlTokens(body_html) {
        let found = match token {
            HtmlToken::Start(name @ ("audio" | "video"), attributes) => {
                player = name;
                playable_file(attributes, "src", player)
            }
            HtmlToken::End("audio" | "video") => {
                player = "";
                None
            }
            HtmlToken::Start("source", attributes) if !player.is_empty() => {
                playable_file(attributes, "src", player)
            }
            HtmlToken::Start("a", attributes) => {
                linked = linked.or_else(|| playable_file(attributes, "href", ""));
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

/// Returns the file that an attribute refers to if its declared or inferred type is playable;
/// inside a player the type's kind is the player's.
fn playable_file(attributes: &str, attribute_name: &str, player: &str) -> Option<Enclosure> {
    let url = decoded_attribute(attributes, attribute_name)?;
    let declared = decoded_attribute(attributes, "type")
        .and_then(|declared| media::essence(&declared))
        .filter(|declared| media::is_playable(declared));
    let inferred = || {
        media::from_file_name(&url)
            .filter(|inferred| media::is_playable(inferred))
            .map(str::to_owned)
    };
    let media_type = declared.or_else(inferred)?;
    // `.webm` and `.ogg` files contain either kind.
    let media_type = match (player, media_type.split_once('/')) {
        ("audio" | "video", Some((_, name))) => format!("{player}/{name}"),
        _ => media_type,
    };
    Some(Enclosure { url, media_type, length: 0 })
}

/// Returns the value of an attribute with its entities decoded.
fn decoded_attribute(attributes: &str, name: &str) -> Option<String> {
    attribute(attributes, name).map(|value| decode_html_entities(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Option<(String, String)> {
        enclosure(body).map(|file| (file.url, file.media_type))
    }

    #[test]
    fn enclosure_is_the_first_player_or_else_the_first_link() {
        let file = |url: &str, media_type: &str| Some((url.to_owned(), media_type.to_owned()));
        let link = "<p><a href=\"https://x.example/talk.mp3?a=1&amp;b=2\">Talk</a></p>";
        assert_eq!(found(link), file("https://x.example/talk.mp3?a=1&b=2", "audio/mpeg"));
        let film = "<video poster=\"https://x.example/p.jpg\"><source src=\"https://x.example/f\" type=\"video/mp4; codecs=x\"></video>";
        assert_eq!(found(&format!("{link}{film}")), file("https://x.example/f", "video/mp4"));
        assert_eq!(
            found("<audio src=\"https://x.example/a.webm\"></audio>"),
            file("https://x.example/a.webm", "audio/webm")
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
    fn image_attributes_are_found_by_url() {
        let body = "<img src=\"https://x.example/a.jpg?x=1&amp;y=2\" alt=\"A &amp; B\" width=\"640\" height=\"480\"><img src=\"https://x.example/b.jpg\" width=\"50%\" height=\"1\">";
        let a = image_attributes(body, "https://x.example/a.jpg?x=1&y=2");
        assert_eq!(a, ImageAttributes { alt: Some("A & B".into()), size: Some((640, 480)) });
        assert_eq!(image_attributes(body, "https://x.example/b.jpg"), ImageAttributes::default());
        assert_eq!(image_attributes(body, "https://x.example/c.jpg"), ImageAttributes::default());
        let scaled =
            image_attributes(&body.replace("?x=1&amp;y=2", ""), "https://x.example/a-scaled.jpg");
        assert_eq!(scaled, ImageAttributes { alt: Some("A & B".into()), size: None });
    }
}
