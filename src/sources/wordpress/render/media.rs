//! Shortcodes for captions, galleries, playlists, audio and video.

use std::collections::HashMap;

use super::markup::escape;
use super::{RenderContext, Scope, shortcodes, texturize};
use crate::sources::wordpress::permalinks;
use crate::sources::wordpress::site::{Order, Post, PostQuery};

type Attributes = HashMap<String, String>;

const AUDIO_ATTRIBUTES: [&str; 6] = ["src", "mp3", "ogg", "flac", "m4a", "wav"];
const VIDEO_ATTRIBUTES: [&str; 6] = ["src", "mp4", "m4v", "webm", "ogv", "flv"];

/// Returns the text with all known shortcodes replaced.
pub(super) fn expand(context: &RenderContext<'_>, scope: Scope<'_>, text: &str) -> String {
    if !text.contains('[') {
        return text.to_owned();
    }
    shortcodes::expand(text, &shortcodes::CORE_SHORTCODES, &mut |name, attributes, content| {
        if context.is_too_large() {
            return Some(String::new());
        }
        let html = match name {
            "caption" | "wp_caption" => caption(context, scope, attributes, content),
            "gallery" => gallery(context, scope, attributes),
            "playlist" => playlist(context, scope, attributes),
            "audio" => player(context, scope, attributes, "audio", &AUDIO_ATTRIBUTES),
            "video" => player(context, scope, attributes, "video", &VIDEO_ATTRIBUTES),
            _ => String::new(),
        };
        context.count(&html);
        Some(html)
    })
}

/// Renders an image with a caption, in both notations: in `caption="…"`, or after the image.
///
/// As in WordPress, a shortcode inside the caption is not replaced, nor one in an empty caption.
fn caption(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    attributes: &Attributes,
    content: &str,
) -> String {
    let old = attributes
        .get("caption")
        .map(|words| words.trim().to_owned())
        .filter(|words| !words.is_empty());
    let old_form = old.is_some();
    let (picture, words) = match old {
        Some(words) => (content.trim(), words),
        None => {
            let (start, end) = image_range(content);
            let words = if end == 0 { "" } else { content[end..].trim() };
            (&content[start..end], words.to_owned())
        }
    };
    let width = attributes
        .get("width")
        .and_then(|width| width.trim().trim_end_matches("px").parse::<u32>().ok())
        .unwrap_or_default();
    if width == 0 || words.is_empty() {
        return if old_form || picture.is_empty() { content } else { picture }.to_owned();
    }
    let align = attributes.get("align").map_or("alignnone", String::as_str);
    format!(
        "<div class=\"wp-caption {}\">{}<p class=\"wp-caption-text\">{}</p></div>",
        escape(align),
        expand(context, scope, picture),
        words
    )
}

/// Returns the range of the image including the link around it; empty if there is none.
fn image_range(content: &str) -> (usize, usize) {
    let Some(image) = content.find("<img ") else {
        return (0, 0);
    };
    let Some(end) = content[image..].find('>').map(|end| image + end + 1) else {
        return (0, 0);
    };
    let before = content[..image].trim_end();
    let link = before
        .rfind('<')
        .filter(|at| before.ends_with('>') && before[*at..].starts_with("<a "))
        .unwrap_or(image);
    let rest = &content[end..];
    let behind = rest.trim_start();
    (link, if behind.starts_with("</a>") { content.len() - behind.len() + 4 } else { end })
}

/// Returns the attachments that a gallery or playlist names, or those of its post.
fn attachments<'a>(
    context: &RenderContext<'a>,
    scope: Scope<'_>,
    attributes: &Attributes,
    kind: &str,
) -> Vec<&'a Post> {
    let numbers = |name: &str| -> Vec<u64> {
        attributes
            .get(name)
            .map(|list| list.split(',').filter_map(|id| id.trim().parse().ok()).collect())
            .unwrap_or_default()
    };
    let order = match attributes.get("orderby").map_or("", String::as_str) {
        "ID" | "id" => Order::Id,
        "title" | "post_title" => Order::Title,
        "date" | "post_date" => Order::Date,
        _ => Order::MenuThenId,
    };
    let (ids, include) = (numbers("ids"), numbers("include"));
    // A random order would change with each sync; `rand` keeps the order of the ids.
    if !ids.is_empty() && order == Order::MenuThenId {
        let mut found: Vec<&Post> = ids
            .into_iter()
            .filter_map(|id| context.post(id))
            .filter(|post| post.kind == "attachment" && post.mime.starts_with(kind))
            .collect();
        found.dedup_by_key(|post| post.id);
        return found;
    }
    let include = [ids, include].into_iter().find(|ids| !ids.is_empty());
    let parent = numbers("id").first().copied().unwrap_or(scope.post.id);
    // Visitors do not see the files of a post that they cannot read.
    let is_public = parent == scope.post.id
        || context.post(parent).is_some_and(|post| {
            post.status == "publish" && !post.protected && post.access.is_none()
        });
    if include.is_none() && !is_public {
        return Vec::new();
    }
    context.listed_posts(&PostQuery {
        kind: "attachment".to_owned(),
        mime: kind.to_owned(),
        parents: if include.is_some() { Vec::new() } else { vec![parent] },
        include,
        order,
        ascending: attributes.get("order").is_none_or(|order| !order.eq_ignore_ascii_case("desc")),
        exclude: numbers("exclude"),
        ..PostQuery::default()
    })
}

/// Renders a gallery: each image links to its page or file, and has its caption below it.
fn gallery(context: &RenderContext<'_>, scope: Scope<'_>, attributes: &Attributes) -> String {
    let pictures = attachments(context, scope, attributes, "image");
    let link = attributes.get("link").map_or("", String::as_str);
    let mut out = String::new();
    for picture in &pictures {
        out.push('\n');
        let shown = if link == "none" {
            image(context, picture)
        } else {
            attachment_link(context, picture, link != "file")
        };
        match picture.excerpt.trim() {
            "" => out.push_str(&shown),
            words => out.push_str(&format!(
                "<figure>{shown}<figcaption>{}</figcaption></figure>",
                texturize::texturize(words)
            )),
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    // Figures cannot be inside a paragraph; images can.
    if out.contains("<figure>") { out.trim_start().to_owned() } else { out }
}

fn playlist(context: &RenderContext<'_>, scope: Scope<'_>, attributes: &Attributes) -> String {
    let kind =
        if attributes.get("type").is_some_and(|kind| kind == "video") { "video" } else { "audio" };
    let mut out = String::new();
    for track in attachments(context, scope, attributes, kind) {
        out.push('\n');
        out.push_str(&attachment_link(context, track, false));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Returns a link to the page or file of an attachment, around its image, else its title.
fn attachment_link(context: &RenderContext<'_>, post: &Post, to_page: bool) -> String {
    if post.parent != 0 {
        // The URL of an attachment's page is below that of its article.
        let _ = context.post(post.parent);
    }
    let url = if to_page {
        permalinks::post_url(context.site, post)
    } else {
        context.site.file_url(post)
    };
    let picture =
        if post.mime.starts_with("image/") { image(context, post) } else { String::new() };
    let words = if !picture.is_empty() {
        picture
    } else if post.title.trim().is_empty() {
        let file = context.site.file_url(post);
        let name = file.rsplit('/').next().unwrap_or_default();
        escape(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
    } else {
        texturize::texturize(&escape_tags(&post.title))
    };
    format!("<a href=\"{}\">{words}</a>", escape(&url))
}

/// Escapes text for HTML without its quotation marks, which typography changes.
fn escape_tags(text: &str) -> String {
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns an image of the media library.
pub(super) fn image(context: &RenderContext<'_>, post: &Post) -> String {
    image_with_alt(context, post, &post.alt)
}

/// Returns an image of the media library with an alternative text of its own.
pub(super) fn image_with_alt(context: &RenderContext<'_>, post: &Post, alt: &str) -> String {
    format!(
        "<img src=\"{}\" alt=\"{}\" />",
        escape(&context.site.file_url(post)),
        escape(alt.trim())
    )
}

/// Returns an audio or video element with a link as fallback; empty if no file is named or
/// attached.
fn player(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    attributes: &Attributes,
    element: &str,
    names: &[&str],
) -> String {
    let mut sources: Vec<String> = names
        .iter()
        .filter_map(|name| attributes.get(*name))
        .filter(|src| !src.trim().is_empty())
        .cloned()
        .collect();
    if sources.is_empty() && names.iter().any(|name| attributes.contains_key(*name)) {
        return String::new();
    }
    if sources.is_empty() {
        let attached = attachments(context, scope, &Attributes::new(), element);
        sources.extend(attached.first().map(|post| context.site.file_url(post)));
    }
    let Some(first) = sources.first() else {
        return String::new();
    };
    let first = escape(&html_escape::decode_html_entities(first));
    let known = std::path::Path::new(first.split(['?', '#']).next().unwrap_or_default())
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| names[1..].contains(&extension.to_ascii_lowercase().as_str()));
    if !known {
        return format!("<a class=\"wp-embedded-{element}\" href=\"{first}\">{first}</a>");
    }
    let mut inner = String::new();
    for source in &sources {
        inner.push_str(&format!(
            "<source src=\"{}\" />",
            escape(&html_escape::decode_html_entities(source))
        ));
    }
    let poster = attributes
        .get("poster")
        .map(|poster| format!(" poster=\"{}\"", escape(poster)))
        .unwrap_or_default();
    let player = format!(
        "<{element} controls=\"controls\" preload=\"none\"{poster}>{inner}<a href=\"{first}\">{first}</a></{element}>"
    );
    if element == "video" { format!("<div class=\"wp-video\">{player}</div>") } else { player }
}
