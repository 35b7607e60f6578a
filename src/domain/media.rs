//! Media types (RFC 6838): which one a file's name tells, and what may stand for one.

/// Endings of file names and what they hold; only types that readers know.
const KNOWN: [(&str, &str); 26] = [
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

/// What the file at an address holds, told by the end of its path; `None` if that tells nothing.
pub fn type_of(address: &str) -> Option<&'static str> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    KNOWN.iter().find(|(known, _)| *known == extension).map(|(_, media_type)| *media_type)
}

/// A media type without its parameters, in lower case; `None` if the text is none.
pub fn essence(text: &str) -> Option<String> {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_name = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        (1..=127).contains(&part.len()) && part.bytes().all(plain)
    };
    let (kind, name) = essence.split_once('/')?;
    (is_name(kind) && is_name(name)).then_some(essence)
}

/// Whether it is a sound or a film.
pub fn is_playable(media_type: &str) -> bool {
    media_type.starts_with("audio/") || media_type.starts_with("video/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_tells_the_type() {
        for (address, told) in [
            ("https://x.example/a.MP3?download=1", Some("audio/mpeg")),
            ("https://x.example/a.b/film.mp4#t=3", Some("video/mp4")),
            ("https://x.example/a.jpg/", None),
            ("https://x.example/?file=a.mp3", None),
            ("https://x.example", None),
        ] {
            assert_eq!(type_of(address), told, "{address}");
        }
    }

    #[test]
    fn a_type_is_two_names_and_a_slash() {
        assert_eq!(essence(" Audio/MPEG; codecs=\"x\"").as_deref(), Some("audio/mpeg"));
        for none in ["", "audio", "audio/", "/mpeg", "audio/m p", "a/b/c", "audio/<b>"] {
            assert_eq!(essence(none), None, "{none}");
        }
    }
}
