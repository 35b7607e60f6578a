//! An article's body as a reader's program gets it: with its lead image once, and with players that no sanitiser refuses.

use std::borrow::Cow;
use std::fmt::Write as _;

use html_escape::{encode_double_quoted_attribute, encode_text};

use super::item::Picture;

/// The body, which is sanitised HTML with absolute addresses.
pub(super) fn shown<'a>(body: &'a str, picture: Option<&Picture<'_>>) -> Cow<'a, str> {
    let body = if body.contains("<audio") || body.contains("<video") {
        Cow::Owned(with_plain_players(body))
    } else {
        Cow::Borrowed(body)
    };
    match picture {
        Some(picture) if !holds(&body, &picture.url) => Cow::Owned(lead(picture) + &body),
        _ => body,
    }
}

/// The lead image as the first paragraph.
fn lead(picture: &Picture<'_>) -> String {
    let (url, alt) = (
        encode_double_quoted_attribute(&picture.url),
        encode_double_quoted_attribute(picture.alt.as_str()),
    );
    let mut made = format!("<p><img src=\"{url}\" alt=\"{alt}\"");
    for (side, pixels) in [("width", picture.width), ("height", picture.height)] {
        if let Some(pixels) = pixels {
            // Writing to a String does not fail.
            let _ = write!(made, " {side}=\"{pixels}\"");
        }
    }
    made + "></p>"
}

/// Whether an image is in the body already, in any size: a CMS cuts `photo.jpg` to `photo-1024x683.jpg`.
fn holds(body: &str, url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let bare = path.split_once("://").map_or(path, |(_, rest)| rest);
    let Some((stem, extension)) = bare
        .rsplit_once('.')
        .filter(|(stem, extension)| stem.contains('/') && !extension.contains('/'))
    else {
        // Without a file's name the query tells which image it is.
        return body.contains(&*encode_text(url));
    };
    let stem = without_size(stem);
    body.match_indices(stem).any(|(at, _)| {
        let after = &body[at + stem.len()..];
        let name = after.split(['"', ' ', '?', '#', ',', '<', '/']).next().unwrap_or_default();
        name.strip_suffix(extension)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|size| without_size(size).is_empty())
    })
}

/// A file's name without `-1024x683` at its end.
fn without_size(stem: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match stem.rsplit_once('-').and_then(|(name, size)| Some((name, size.split_once('x')?))) {
        Some((name, (width, height))) if is_number(width) && is_number(height) => name,
        _ => stem,
    }
}

/// The same with a link behind each sound and film instead of its `controls`: validators take that attribute for a risk and
/// sanitisers drop it, after which a sound alone would show nothing.
fn with_plain_players(body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 256);
    let mut address: Option<&str> = None;
    let (mut links, mut rest) = (0_usize, body);
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (tag, after) = rest.split_at(rest.find('>').map_or(rest.len(), |end| end + 1));
        rest = after;
        let name = tag.trim_start_matches('<').split([' ', '>']).next().unwrap_or_default();
        match name {
            "a" => links += 1,
            "/a" => links = links.saturating_sub(1),
            "audio" | "video" => {
                address = source(tag);
                out.push_str(&tag.replace(" controls=\"\"", ""));
                continue;
            }
            "source" => address = address.or_else(|| source(tag)),
            _ => {}
        }
        out.push_str(tag);
        if matches!(name, "/audio" | "/video")
            && let Some(address) = address.take().filter(|_| links == 0)
        {
            let label = address.rsplit('/').find(|part| !part.is_empty()).unwrap_or(address);
            let label = label.split(['?', '#']).next().unwrap_or(label);
            // Both come from an attribute as it is written, escaped already.
            let _ = write!(out, " <a href=\"{address}\">{label}</a>");
        }
    }
    out.push_str(rest);
    out
}

/// The value of a tag's `src` as written.
fn source(tag: &str) -> Option<&str> {
    let (_, value) = tag.split_once(" src=\"")?;
    value.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::text::FeedText;

    fn picture(url: &str) -> Picture<'_> {
        Picture {
            url: url.into(),
            media_type: None,
            width: Some(640),
            height: None,
            alt: FeedText::line("A \"boat\""),
        }
    }

    #[test]
    fn the_lead_image_is_shown_once() {
        let boat = picture("https://college.example/files/boat.jpg?v=1");
        let alone = shown("<p>Text</p>", Some(&boat));
        let expected = "<p><img src=\"https://college.example/files/boat.jpg?v=1\" alt=\"A &quot;boat&quot;\" width=\"640\"></p><p>Text</p>";
        assert_eq!(alone, expected);
        for there in [
            "<p><img src=\"https://college.example/files/boat.jpg\"></p>",
            "<p><img src=\"https://college.example/files/boat-300x200.jpg?w=2\"></p>",
            "<img src=\"https://x.example/a.png\" srcset=\"https://college.example/files/boat-1024x683.jpg 2x\">",
        ] {
            assert_eq!(shown(there, Some(&boat)), there);
        }
        for other in [
            "https://college.example/files/boat2.jpg",
            "https://college.example/files/boat-race.jpg",
        ] {
            assert!(
                shown(&format!("<img src=\"{other}\">"), Some(&boat)).starts_with("<p><img"),
                "{other}"
            );
        }
        let cut = picture("https://college.example/files/boat-1024x683.jpg");
        let whole = "<img src=\"https://college.example/files/boat.jpg\">";
        assert_eq!(shown(whole, Some(&cut)), whole);
        let made = picture("https://college.example/image?id=5&w=2");
        let there = "<img src=\"https://college.example/image?id=5&amp;w=2\">";
        assert_eq!(shown(there, Some(&made)), there);
        assert_ne!(
            shown("<img src=\"https://college.example/image?id=6&amp;w=2\">", Some(&made))
                .matches("<img")
                .count(),
            1
        );
    }

    #[test]
    fn a_player_is_followed_by_a_link() {
        assert_eq!(
            shown(
                "<p>Hear: <audio controls=\"\"><source src=\"https://x.example/a.mp3?x=1&amp;y=2\"></audio></p>",
                None
            ),
            "<p>Hear: <audio><source src=\"https://x.example/a.mp3?x=1&amp;y=2\"></audio> \
             <a href=\"https://x.example/a.mp3?x=1&amp;y=2\">a.mp3</a></p>"
        );
        let linked =
            "<a href=\"https://x.example/\"><video src=\"https://x.example/v.mp4\"></video></a>";
        assert_eq!(shown(linked, None), linked);
        assert_eq!(shown("<video></video>", None), "<video></video>");
    }
}
