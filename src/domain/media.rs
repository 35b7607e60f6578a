//! Media types (RFC 6838): derived from file names, and validated.

/// Media types by file extension; only types that feed readers support.
const TYPES_BY_EXTENSION: [(&str, &str); 26] = [
    ("avif", "image/avif"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("webp", "image/webp"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("m4b", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4v", "video/mp4"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("ogv", "video/ogg"),
    ("webm", "video/webm"),
];

/// Returns the media type for the file extension in a URL; `None` if it is unknown.
pub fn from_file_name(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    TYPES_BY_EXTENSION
        .iter()
        .find(|(known, _)| *known == extension)
        .map(|(_, media_type)| *media_type)
}

/// Returns the name of the original file of an image, without its extension: WordPress adds a size
/// (`-1024x683`), `-scaled`, `-rotated`, or the time of an edit (`-e1712345678901`).
pub fn original_stem(stem: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_version = |version: &str| {
        matches!(version, "scaled" | "rotated")
            || version
                .split_once('x')
                .is_some_and(|(width, height)| is_number(width) && is_number(height))
            || version.strip_prefix('e').is_some_and(|time| time.len() >= 10 && is_number(time))
    };
    let mut original = stem;
    while let Some((name, version)) = original.rsplit_once('-')
        && is_version(version)
    {
        original = name;
    }
    original
}

/// Returns `true` if two URLs are versions of one image.
pub fn is_same_image(a: &str, b: &str) -> bool {
    let parts = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let (stem, extension) = path.rsplit_once('.')?;
        let stem = stem.split_once("://").map_or(stem, |(_, rest)| rest);
        stem.contains('/').then(|| (original_stem(stem).to_owned(), extension.to_ascii_lowercase()))
    };
    a == b || parts(a).is_some_and(|a| Some(a) == parts(b))
}

/// Returns a media type without parameters, in lower case; `None` if the text is not a media type.
pub fn essence(text: &str) -> Option<String> {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_name = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        (1..=127).contains(&part.len()) && part.bytes().all(plain)
    };
    let (kind, name) = essence.split_once('/')?;
    (is_name(kind) && is_name(name)).then_some(essence)
}

/// Returns `true` for audio and video types.
pub fn is_playable(media_type: &str) -> bool {
    media_type.starts_with("audio/") || media_type.starts_with("video/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_extension_determines_the_type() {
        for (url, expected) in [
            ("https://x.example/a.MP3?download=1", Some("audio/mpeg")),
            ("https://x.example/a.b/film.mp4#t=3", Some("video/mp4")),
            ("https://x.example/a.jpg/", None),
            ("https://x.example/?file=a.mp3", None),
            ("https://x.example", None),
        ] {
            assert_eq!(from_file_name(url), expected, "{url}");
        }
    }

    #[test]
    fn versions_of_one_image_are_recognized() {
        let original = "https://x.example/a/boat.jpg";
        for same in
            ["-scaled", "-rotated", "-300x200", "-e1712345678-150x150", "-scaled-e1712345678901"]
        {
            let url = format!("http://x.example/a/boat{same}.JPG?v=1");
            assert!(is_same_image(original, &url), "{url}");
        }
        for other in ["/a/boat-race.jpg", "/a/boat.png", "/b/boat.jpg", "/a/boat-2.jpg", "/?p=1"] {
            assert!(!is_same_image(original, &format!("https://x.example{other}")), "{other}");
        }
    }

    #[test]
    fn essence_accepts_only_type_slash_subtype() {
        assert_eq!(essence(" Audio/MPEG; codecs=\"x\"").as_deref(), Some("audio/mpeg"));
        for none in ["", "audio", "audio/", "/mpeg", "audio/m p", "a/b/c", "audio/<b>"] {
            assert_eq!(essence(none), None, "{none}");
        }
    }
}
