//! Audio and video files that the metadata of a post names: those of WordPress itself and of
//! podcast plugins.

use super::site::Post;
use crate::domain::article::Enclosure;
use crate::domain::media;
use crate::sources::php::Value;

/// Condition that selects this metadata in SQL.
pub(super) const SQL_CONDITION: &str = "meta_key IN ('enclosure', '_podPressMedia', 'podPressMedia', 'audio_file', 'filesize_raw') OR meta_key LIKE '%:enclosure'";

/// Records the metadata of a post if it may name a file; returns `false` for other metadata.
pub(super) fn add_metadata(post: &mut Post, key: &str, value: &str) -> bool {
    let is_file = key.ends_with(":enclosure")
        || matches!(
            key,
            "enclosure" | "_podPressMedia" | "podPressMedia" | "audio_file" | "filesize_raw"
        );
    if is_file {
        post.file_metadata.push((key.to_owned(), value.to_owned()));
    }
    is_file
}

/// Removes the files that only the hidden part of the stored text links to.
pub(super) fn keep_public(post: &mut Post, stored: &str) {
    let public = post.content.clone().unwrap_or_default();
    post.file_metadata.retain(|(_, value)| {
        let url = value.lines().next().unwrap_or_default().trim();
        url.is_empty() || public.contains(url) || !stored.contains(url)
    });
}

/// Returns the file of a post as in WordPress's feed: the first `enclosure`, else that of another
/// podcast channel of PowerPress, of podPress or of Seriously Simple Podcasting.
pub(super) fn enclosure(post: &Post) -> Option<Enclosure> {
    let values = |accepts: fn(&str) -> bool| {
        post.file_metadata.iter().filter(move |(key, _)| accepts(key)).map(|(_, value)| value)
    };
    let length = || values(|key| key == "filesize_raw").find_map(|value| bytes(value));
    let mut found = values(|key| key == "enclosure")
        .chain(values(|key| key.ends_with(":enclosure")))
        .find_map(|value| from_lines(value))
        .or_else(|| {
            values(|key| key.ends_with("odPressMedia")).find_map(|value| from_podpress(value))
        })
        .or_else(|| values(|key| key == "audio_file").find_map(|value| from_lines(value)))?;
    if found.length == 0 {
        found.length = length().unwrap_or_default();
    }
    Some(found)
}

/// Parses the form of WordPress: URL, number of bytes and media type, each on its line.
fn from_lines(value: &str) -> Option<Enclosure> {
    let mut lines = value.lines().map(str::trim);
    let url = lines.next().filter(|url| is_file_url(url))?.to_owned();
    let length = lines.next().and_then(bytes).unwrap_or_default();
    let media_type = lines.next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
    Some(Enclosure { media_type: file_type(&url, media_type), url, length })
}

/// Parses the form of podPress: a serialized list of files.
fn from_podpress(value: &str) -> Option<Enclosure> {
    // Some versions serialize the list twice.
    let list = match Value::parse(value.trim())? {
        Value::Text(inner) => Value::parse(&inner)?,
        list => list,
    };
    list.entries().iter().find_map(|(_, file)| {
        let url = file.text("URI").trim().to_owned();
        is_file_url(&url).then(|| Enclosure {
            media_type: file_type(&url, ""),
            length: u64::try_from(file.number("size")).unwrap_or_default(),
            url,
        })
    })
}

fn is_file_url(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://") || url.starts_with('/')
}

/// Returns the declared media type, or that of the file name if none is declared.
fn file_type(url: &str, declared: &str) -> String {
    let declared = media::essence(declared).filter(|declared| !declared.ends_with("octet-stream"));
    declared.or_else(|| media::from_file_name(url).map(str::to_owned)).unwrap_or_default()
}

fn bytes(text: &str) -> Option<u64> {
    text.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(metadata: &[(&str, &str)]) -> Option<(String, u64, String)> {
        let mut post = Post::default();
        for (key, value) in metadata {
            add_metadata(&mut post, key, value);
        }
        enclosure(&post).map(|file| (file.url, file.length, file.media_type))
    }

    fn file(url: &str, length: u64, media_type: &str) -> Option<(String, u64, String)> {
        Some((url.to_owned(), length, media_type.to_owned()))
    }

    #[test]
    fn the_file_of_a_podcast_is_read_from_the_metadata_of_each_plugin() {
        let mp3 = "https://x.example/7.mp3";
        for (metadata, expected) in [
            (
                &[("enclosure", "https://x.example/7.mp3\n42\naudio/mpeg\na:0:{}")][..],
                file(mp3, 42, "audio/mpeg"),
            ),
            (
                &[("enclosure", "https://x.example/7.mp3\r\n1,042\r\naudio/mpeg charset\r\n")],
                file(mp3, 1042, "audio/mpeg"),
            ),
            (
                &[("enclosure", "https://x.example/7.mp3"), ("filesize_raw", "9")],
                file(mp3, 9, "audio/mpeg"),
            ),
            (
                &[("enclosure", ""), ("_film:enclosure", "https://x.example/7.mp4\n5\n")],
                file("https://x.example/7.mp4", 5, "video/mp4"),
            ),
            (
                &[(
                    "_podPressMedia",
                    "a:1:{i:0;a:3:{s:3:\"URI\";s:23:\"https://x.example/7.mp3\";s:4:\"size\";s:2:\"77\";s:4:\"type\";s:9:\"audio_mp3\";}}",
                )],
                file(mp3, 77, "audio/mpeg"),
            ),
            (
                &[("audio_file", "https://x.example/7.mp3"), ("filesize_raw", "12")],
                file(mp3, 12, "audio/mpeg"),
            ),
            (&[("enclosure", "javascript:x\n1\naudio/mpeg")], None),
            (&[("_edit_lock", "1:2")], None),
        ] {
            assert_eq!(found(metadata), expected, "{metadata:?}");
        }
    }

    #[test]
    fn a_file_that_only_hidden_text_links_to_is_removed() {
        let stored = "<a href=\"https://x.example/7.mp3\">Listen</a>";
        let kept = |content: &str, stored: &str| {
            let mut post = Post { content: Some(content.to_owned()), ..Post::default() };
            add_metadata(&mut post, "enclosure", "https://x.example/7.mp3\n1\naudio/mpeg");
            keep_public(&mut post, stored);
            enclosure(&post).is_some()
        };
        assert!(kept(stored, stored) && kept("", "") && !kept("", stored));
    }
}
