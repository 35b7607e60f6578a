//! Menus and links to other sites: navigation, its links, social icons.

use super::blocks::{self, Block, child_blocks_html, escaped};
use super::markup::escape;
use super::{RenderContext, Scope, texturize, widgets};

pub(super) fn navigation(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block) -> String {
    let kept = block
        .number("ref")
        .filter(|_| scope.depth < super::MAX_DEPTH)
        .and_then(|id| context.post_with_body(id))
        .filter(|post| post.status == "publish");
    let inside = match kept {
        Some(menu) => blocks::render(
            context,
            Scope { depth: scope.depth + 1, ..scope },
            menu.content.as_deref().unwrap_or_default(),
        ),
        None => child_blocks_html(context, scope, block),
    };
    // A menu without entries lists the pages of the site.
    let inside = if inside.trim().is_empty() { widgets::page_list(context) } else { inside };
    if inside.trim().is_empty() { String::new() } else { format!("<nav>{}</nav>", inside.trim()) }
}

pub(super) fn navigation_link(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
) -> String {
    // A menu keeps the links to pages that were later withdrawn; WordPress does not show them.
    let is_page = block.text("kind") == Some("post-type")
        || matches!(block.text("type"), Some("post" | "page"));
    if let Some(id) = block.number("id").filter(|_| is_page)
        && context.post(id).is_none_or(|page| page.status != "publish")
    {
        return String::new();
    }
    let label = block.text("label").unwrap_or(if block.name == "home-link" { "Home" } else { "" });
    if label.is_empty() {
        return String::new();
    }
    let home = format!("{}/", context.site.home());
    let url = if block.name == "home-link" { &home } else { block.text("url").unwrap_or_default() };
    let below = child_blocks_html(context, scope, block);
    let below =
        if below.trim().is_empty() { String::new() } else { format!("<ul>{}</ul>", below.trim()) };
    format!("<li><a href=\"{}\">{}</a>{below}</li>", escape(url), texturize::texturize(label))
}

pub(super) fn social_link(block: &Block) -> String {
    const NAMES: [(&str, &str); 20] = [
        ("wordpress", "WordPress"),
        ("fivehundredpx", "500px"),
        ("github", "GitHub"),
        ("youtube", "YouTube"),
        ("linkedin", "LinkedIn"),
        ("tiktok", "TikTok"),
        ("whatsapp", "WhatsApp"),
        ("mail", "Mail"),
        ("feed", "RSS Feed"),
        ("chain", "Link"),
        ("deviantart", "DeviantArt"),
        ("lastfm", "Last.fm"),
        ("soundcloud", "SoundCloud"),
        ("codepen", "CodePen"),
        ("vk", "VK"),
        ("x", "X"),
        ("wechat", "WeChat"),
        ("imdb", "IMDB"),
        ("dropbox", "Dropbox"),
        ("weibo", "Weibo"),
    ];
    let Some(url) = block.text("url").filter(|url| !url.is_empty()) else {
        return String::new();
    };
    let service = block.text("service").unwrap_or("Icon");
    let known = NAMES.iter().find(|(key, _)| *key == service).map(|(_, name)| (*name).to_owned());
    let name = known.unwrap_or_else(|| {
        let mut letters = service.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    });
    let label = block
        .text("label")
        .filter(|label| !label.is_empty())
        .map_or_else(|| escape(&name), |_| escaped(block, "label"));
    let url = if url.contains("://") || url.starts_with("mailto:") || url.starts_with("//") {
        url.to_owned()
    } else if is_address(url) {
        format!("mailto:{url}")
    } else {
        format!("https://{url}")
    };
    format!("<li><a href=\"{}\"><span>{label}</span></a></li>", escape(&url))
}

/// Returns `true` for an e-mail address without a scheme.
fn is_address(url: &str) -> bool {
    url.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !url.contains(['/', ':', '?'])
    })
}
