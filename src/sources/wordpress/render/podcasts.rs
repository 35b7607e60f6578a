//! Players of PowerPress, which name their file in the text of the post instead of in its metadata.

use serde_json::Value;

use super::blocks::Block;
use super::markup::escape;
use super::shortcodes;
use crate::domain::media;

/// Shortcodes of PowerPress; the second one is that of podPress, which PowerPress takes over.
const SHORTCODES: [&str; 2] = ["powerpress", "display_podcast"];

/// Replaces the shortcodes that name an audio or video file by those of WordPress itself.
pub(super) fn with_players(text: &str) -> String {
    if !SHORTCODES.iter().any(|name| text.contains(&format!("[{name} "))) {
        return text.to_owned();
    }
    shortcodes::expand(text, &SHORTCODES, &mut |_, attributes, _| {
        let url = attributes.get("url").or_else(|| attributes.get("0"))?;
        player_of(url).map(|name| format!("[{name} src=\"{url}\"]"))
    })
}

/// Returns the player of a block that names an audio or video file in one of its attributes; `None` for
/// other blocks.
pub(super) fn block_player(block: &Block) -> Option<String> {
    if !block.name.starts_with("powerpress/") {
        return None;
    }
    let mut urls = block.attributes.as_object()?.values().filter_map(Value::as_str);
    let (url, player) = urls.find_map(|url| Some((url, player_of(url)?)))?;
    let url = escape(url);
    Some(format!("<figure><{player} controls src=\"{url}\"></{player}></figure>"))
}

/// Returns the name of the element that plays a file, by the name of the file.
fn player_of(url: &str) -> Option<&'static str> {
    let is_url = url.starts_with("http://") || url.starts_with("https://") || url.starts_with('/');
    let media_type = media::from_file_name(url).filter(|_| is_url && !url.contains(['"', ']']))?;
    ["audio", "video"].into_iter().find(|kind| media_type.starts_with(kind))
}
