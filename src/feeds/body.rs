//! HTML body of an item as feed readers receive it: with the lead image once, and with media
//! players that sanitizers accept.

use std::borrow::Cow;
use std::fmt::Write as _;

use html_escape::{encode_double_quoted_attribute, encode_text};

use super::image::Image;
use crate::domain::media;

/// Returns an item's HTML body from a sanitized article body with absolute URLs.
pub(super) fn body_html<'a>(body: &'a str, image: Option<&Image<'_>>) -> Cow<'a, str> {
    let body = if body.contains("<audio") || body.contains("<video") {
        Cow::Owned(replace_player_controls(body))
    } else {
        Cow::Borrowed(body)
    };
    match image {
        Some(image) if !contains_image(&body, &image.url) => {
            Cow::Owned(lead_image_html(image) + &body)
        }
        _ => body,
    }
}

/// Returns the lead image as an HTML paragraph.
fn lead_image_html(image: &Image<'_>) -> String {
    let (url, alt) = (
        encode_double_quoted_attribute(&image.url),
        encode_double_quoted_attribute(image.alt.as_str()),
    );
    let mut html = format!("<p><img src=\"{url}\" alt=\"{alt}\"");
    for (side, pixels) in [("width", image.width), ("height", image.height)] {
        if let Some(pixels) = pixels {
            // Writing to a String does not fail.
            let _ = write!(html, " {side}=\"{pixels}\"");
        }
    }
    html + "></p>"
}

/// Returns `true` if the body contains the image in any size or version of a CMS.
fn contains_image(body: &str, url: &str) -> bool {
    // The URLs in the body are escaped.
    let url = &*encode_text(url);
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let bare = path.split_once("://").map_or(path, |(_, rest)| rest);
    let Some((stem, extension)) = bare
        .rsplit_once('.')
        .filter(|(stem, extension)| stem.contains('/') && !extension.contains('/'))
    else {
        // Without a file name the query identifies the image.
        return body.contains(url);
    };
    let stem = media::original_stem(stem);
    body.match_indices(stem).any(|(at, _)| {
        let after = &body[at + stem.len()..];
        let name = after.split(['"', ' ', '?', '#', ',', '<', '/']).next().unwrap_or_default();
        let is_version = |name: &str| {
            name.strip_suffix(extension)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|version| media::original_stem(version).is_empty())
        };
        // Optimizers append the type of the converted file: `photo.jpg.webp`.
        is_version(name)
            || [".webp", ".avif"].iter().any(|end| name.strip_suffix(end).is_some_and(is_version))
    })
}

/// Removes the `controls` attribute of audio and video elements and adds a link after each.
/// Validators warn of that attribute and sanitizers remove it, and without it an audio element is
/// invisible.
fn replace_player_controls(body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 256);
    let mut url: Option<&str> = None;
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
                url = src_attribute(tag);
                out.push_str(&tag.replace(" controls=\"\"", ""));
                continue;
            }
            "source" => url = url.or_else(|| src_attribute(tag)),
            _ => {}
        }
        out.push_str(tag);
        if matches!(name, "/audio" | "/video")
            && let Some(url) = url.take().filter(|_| links == 0)
        {
            let label = url.rsplit('/').find(|part| !part.is_empty()).unwrap_or(url);
            let label = label.split(['?', '#']).next().unwrap_or(label);
            // Both are taken from an attribute value, which is escaped already.
            let _ = write!(out, " <a href=\"{url}\">{label}</a>");
        }
    }
    out.push_str(rest);
    out
}

/// Returns the value of a tag's `src` attribute, still escaped.
fn src_attribute(tag: &str) -> Option<&str> {
    let (_, value) = tag.split_once(" src=\"")?;
    value.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::text::FeedText;

    fn image(url: &str) -> Image<'_> {
        Image {
            url: url.into(),
            media_type: None,
            width: Some(640),
            height: None,
            alt: FeedText::line("A \"boat\""),
        }
    }

    #[test]
    fn the_lead_image_appears_once() {
        let boat = image("https://college.example/files/boat.jpg?v=1");
        let alone = body_html("<p>Text</p>", Some(&boat));
        let expected = "<p><img src=\"https://college.example/files/boat.jpg?v=1\" alt=\"A &quot;boat&quot;\" width=\"640\"></p><p>Text</p>";
        assert_eq!(alone, expected);
        for body in [
            "<p><img src=\"https://college.example/files/boat.jpg\"></p>",
            "<p><img src=\"https://college.example/files/boat-300x200.jpg?w=2\"></p>",
            "<img src=\"https://x.example/a.png\" srcset=\"https://college.example/files/boat-1024x683.jpg 2x\">",
        ] {
            assert_eq!(body_html(body, Some(&boat)), body);
        }
        let scaled = image("https://college.example/files/boat-e1699999999999-scaled.jpg");
        let converted = "<img src=\"https://college.example/files/boat-300x200.jpg.webp\">";
        assert_eq!(body_html(converted, Some(&boat)), converted);
        for version in ["", "-300x200", "-rotated", "-scaled", "-e1712345678901-300x200"] {
            let body = format!("<img src=\"https://college.example/files/boat{version}.jpg\">");
            assert_eq!(body_html(&body, Some(&boat)), body);
            assert_eq!(body_html(&body, Some(&scaled)), body);
        }
        for other in [
            "https://college.example/files/boat-e12.jpg",
            "https://college.example/files/boat-upscaled.jpg",
            "https://college.example/files/boat2.jpg",
            "https://college.example/files/boat-race.jpg",
        ] {
            assert!(
                body_html(&format!("<img src=\"{other}\">"), Some(&boat)).starts_with("<p><img"),
                "{other}"
            );
        }
        let ampersand = image("https://college.example/files/R&D.jpg");
        let escaped = "<img src=\"https://college.example/files/R&amp;D-300x200.jpg\">";
        assert_eq!(body_html(escaped, Some(&ampersand)), escaped);
        let resized = image("https://college.example/files/boat-1024x683.jpg");
        let whole = "<img src=\"https://college.example/files/boat.jpg\">";
        assert_eq!(body_html(whole, Some(&resized)), whole);
        let dynamic = image("https://college.example/image?id=5&w=2");
        let body = "<img src=\"https://college.example/image?id=5&amp;w=2\">";
        assert_eq!(body_html(body, Some(&dynamic)), body);
        assert_ne!(
            body_html("<img src=\"https://college.example/image?id=6&amp;w=2\">", Some(&dynamic))
                .matches("<img")
                .count(),
            1
        );
    }

    #[test]
    fn a_media_player_is_followed_by_a_link() {
        assert_eq!(
            body_html(
                "<p>Hear: <audio controls=\"\"><source src=\"https://x.example/a.mp3?x=1&amp;y=2\"></audio></p>",
                None
            ),
            "<p>Hear: <audio><source src=\"https://x.example/a.mp3?x=1&amp;y=2\"></audio> \
             <a href=\"https://x.example/a.mp3?x=1&amp;y=2\">a.mp3</a></p>"
        );
        let linked =
            "<a href=\"https://x.example/\"><video src=\"https://x.example/v.mp4\"></video></a>";
        assert_eq!(body_html(linked, None), linked);
        assert_eq!(body_html("<video></video>", None), "<video></video>");
    }
}
