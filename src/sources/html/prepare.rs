//! Rewrites whole elements before the allow-list is applied: removes forms, writes formulas and
//! labels as text, resolves lazy images, replaces players by links, removes tracking pixels, and
//! enforces limits that keep the HTML tree small.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;

use html_escape::{decode_html_entities, encode_double_quoted_attribute, encode_text};
use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str};
use url::Url;

use super::{alternatives, amp, forms};
use crate::domain::url::absolute_web_url;

/// Maximum nesting depth; deeper elements are unwrapped, because building a tree takes time
/// quadratic in its depth.
const MAX_DEPTH: usize = 100;
/// Maximum number of elements; later ones are unwrapped, because a formatting element left open is
/// repeated in each element after it.
const MAX_ELEMENTS: usize = 60_000;
/// Maximum number of attributes; an element with more is unwrapped, because comparing them takes
/// quadratic time.
const MAX_ATTRIBUTES: usize = 64;

/// Result of an element handler of `lol_html`.
type RewriteResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Prepares HTML for the allow-list; the result is still untrusted.
pub(super) fn prepare(html: &str, base: Option<&Url>) -> String {
    let html = without_noscript(&forms::without_forms(html));
    let html = close_references(&alternatives::replace(&html));
    let depth = Rc::new(Cell::new(0_usize));
    let mut elements = 0_usize;
    let settings = RewriteStrSettings::new().with_strict(false).append_element_content_handler(
        element!("*", |el| {
            elements += 1;
            if elements > MAX_ELEMENTS
                || el.attributes().len() > MAX_ATTRIBUTES
                || !enter_element(el, &depth)?
            {
                el.remove_and_keep_content();
                return Ok(());
            }
            rewrite(el, base)
        }),
    );
    // Only an error of the handler could end the rewriting early; the input is then shown as text.
    rewrite_str(&html, settings).unwrap_or_else(|_| encode_text(&html).into_owned())
}

/// Counts the element as open until its end tag; returns `false` if it is nested too deeply.
fn enter_element(
    el: &mut Element<'_, '_>,
    depth: &Rc<Cell<usize>>,
) -> Result<bool, Box<dyn Error + Send + Sync>> {
    // A parser closes these implicitly when the next one starts, so they nest only inside others.
    let closes_itself = matches!(
        el.tag_name().as_str(),
        "p" | "li"
            | "dd"
            | "dt"
            | "tr"
            | "td"
            | "th"
            | "tbody"
            | "thead"
            | "tfoot"
            | "option"
            | "optgroup"
            | "rt"
            | "rp"
    );
    if closes_itself || !el.can_have_content() {
        return Ok(true);
    }
    let at = depth.get();
    if at >= MAX_DEPTH {
        return Ok(false);
    }
    depth.set(at + 1);
    let depth = Rc::clone(depth);
    // Its end tag also closes elements left open inside it, so the earlier depth is restored.
    el.on_end_tag(Box::new(move |_| {
        depth.set(at);
        Ok(())
    }))?;
    Ok(true)
}

/// Rewrites one element within the limits.
fn rewrite(el: &mut Element<'_, '_>, base: Option<&Url>) -> RewriteResult {
    match el.tag_name().as_str() {
        "img" if is_invisible(el) => el.remove(),
        "img" | "source" | "video" | "audio" => resolve_lazy_source(el, base)?,
        "amp-img" | "amp-anim" => el.replace(&amp::image(el), ContentType::Html),
        "iframe" | "embed" if is_invisible(el) => el.remove(),
        "iframe" | "embed" => replace_with_link(el, &["data-src", "data-lazy-src", "src"], base),
        "object" if el.has_attribute("data") => replace_with_link(el, &["data"], base),
        "object" => el.remove_and_keep_content(),
        // Unwrapping these would join their text with the text around them.
        "center" => {
            el.set_tag_name("div")?;
            el.set_attribute("align", "center")?;
        }
        "main" | "form" | "fieldset" | "hgroup" | "dialog" => el.set_tag_name("div")?,
        // Unclosed copies that differ in an attribute are all repeated in later elements; equal
        // ones are not.
        "b" | "big" | "code" | "em" | "i" | "s" | "small" | "strike" | "strong" | "u" => {
            let names: Vec<String> =
                el.attributes().iter().map(|attribute| attribute.name()).collect();
            names.iter().for_each(|name| el.remove_attribute(name));
        }
        // Feed validators report `bdo` as dangerous; `bdi` is the closest element they accept.
        "bdo" => el.set_tag_name("bdi")?,
        "font" | "tt" | "nobr" => el.remove_and_keep_content(),
        _ => {}
    }
    Ok(())
}

/// Attributes in which lazy-loading scripts store the URL of an image.
const LAZY_SOURCE_ATTRIBUTES: &[&str] = &[
    "data-lazy-src",
    "data-src",
    "data-original",
    "data-original-src",
    "data-orig-src",
    "data-actualsrc",
    "data-echo",
    "data-lazy",
];

/// Sets `src` and `srcset` to the URLs that a lazy-loading script would set.
fn resolve_lazy_source(el: &mut Element<'_, '_>, base: Option<&Url>) -> RewriteResult {
    // Values are as written, with their entities.
    let is_url = |value: &String| {
        // `data-lazy="true"` is a flag, not a URL.
        value.contains(['/', '.']) && absolute_web_url(&decode_html_entities(value), base).is_some()
    };
    let lazy_source =
        LAZY_SOURCE_ATTRIBUTES.iter().filter_map(|name| el.get_attribute(name)).find(is_url);
    if let Some(url) = lazy_source {
        el.set_attribute("src", &url)?;
    }
    let candidates =
        ["data-lazy-srcset", "data-srcset"].iter().find_map(|name| el.get_attribute(name));
    if let Some(candidates) = candidates.filter(|value| !value.trim().is_empty()) {
        el.set_attribute("srcset", &candidates)?;
    }
    // The sanitizer removes data URLs anyway; removed here, they do not count for the length limit.
    if el.get_attribute("src").is_some_and(|src| src.trim_start().starts_with("data:")) {
        el.remove_attribute("src");
    }
    Ok(())
}

/// Returns `true` if an image or frame is invisible, as tracking pixels are.
fn is_invisible(el: &Element<'_, '_>) -> bool {
    let style: String = el
        .get_attribute("style")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .split_whitespace()
        .collect();
    let styled = |property: &str| {
        style
            .split(';')
            .filter_map(|declaration| declaration.split_once(':'))
            .find(|(name, _)| *name == property)
            .map(|(_, value)| value)
    };
    let is_transparent = styled("opacity").is_some_and(|value| value.parse::<f32>() == Ok(0.0));
    if styled("display") == Some("none")
        || styled("visibility") == Some("hidden")
        || is_transparent
        || el.has_attribute("hidden")
    {
        return true;
    }
    let tiny = |side: &str| {
        let size = el.get_attribute(side).or_else(|| styled(side).map(str::to_owned))?;
        Some(matches!(size.trim().trim_end_matches("px"), "0" | "1"))
    };
    // A missing side is scaled with the other one.
    match (tiny("width"), tiny("height")) {
        (Some(width), Some(height)) => width && height,
        (Some(is_tiny), None) | (None, Some(is_tiny)) => is_tiny,
        (None, None) => false,
    }
}

/// Replaces a frame or plug-in by a link to its content; removes it if it has no web URL.
fn replace_with_link(el: &mut Element<'_, '_>, sources: &[&str], base: Option<&Url>) {
    let url = sources
        .iter()
        .filter_map(|name| el.get_attribute(name))
        .find_map(|value| absolute_web_url(&decode_html_entities(&value), base));
    let Some(url) = url else { return el.remove() };
    let url = watch_page(&url).unwrap_or(url);
    let label = el
        .get_attribute("title")
        .map(|title| decode_html_entities(&title).trim().to_owned())
        .filter(|t| !t.is_empty());
    let label = label.unwrap_or_else(|| display_url(&url).to_owned());
    let link =
        format!("<a href=\"{}\">{}</a>", encode_double_quoted_attribute(&url), encode_text(&label));
    el.replace(&link, ContentType::Html);
}

/// Returns a URL without scheme, `www.`, query and fragment, for display.
fn display_url(url: &str) -> &str {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let bare = bare.split(['?', '#']).next().unwrap_or(bare);
    bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/')
}

/// Returns the page of the video that a known player shows.
fn watch_page(player: &str) -> Option<String> {
    let url = Url::parse(player).ok()?;
    let plain = |id: &str| {
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let after = |prefix: &str| url.path().strip_prefix(prefix).filter(|id| plain(id));
    match url.host_str()?.trim_start_matches("www.") {
        "youtube.com" | "youtube-nocookie.com" => after("/embed/")
            .filter(|&id| id != "videoseries")
            .map(|id| format!("https://www.youtube.com/watch?v={id}")),
        "player.vimeo.com" => after("/video/").map(|id| format!("https://vimeo.com/{id}")),
        "player.bilibili.com" => url
            .query_pairs()
            .find(|(key, id)| key == "bvid" && plain(id))
            .map(|(_, id)| format!("https://www.bilibili.com/video/{id}")),
        _ => None,
    }
}

/// Unwraps `noscript` elements: feed readers run no scripts, so their content is what they should show.
fn without_noscript(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut out = String::with_capacity(html.len());
    let mut at = 0;
    while let Some(found) = lower[at..].find("noscript").map(|found| at + found) {
        let after = found + "noscript".len();
        let start = ["</", "<"]
            .iter()
            .find(|open| lower[..found].ends_with(*open))
            .map(|open| found - open.len());
        let is_tag =
            lower[after..].starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace());
        // Searched only behind a tag, because every search may read the rest of the text.
        let end = if is_tag && start.is_some() { lower[after..].find('>') } else { None };
        match (start, end) {
            (Some(start), Some(end)) => {
                out.push_str(&html[at..start]);
                at = after + end + 1;
            }
            (Some(_), None) if is_tag => break,
            _ => {
                out.push_str(&html[at..after]);
                at = after;
            }
        }
    }
    out.push_str(&html[at..]);
    out
}

/// Closes each character reference with a semicolon, and replaces every other `&` by `&#38;`: the
/// HTML parser needs quadratic time for many `&amp;` and for what looks like a reference at first.
fn close_references(html: &str) -> String {
    const LEGACY_ENTITIES: [&str; 6] = ["copy", "gt", "lt", "nbsp", "quot", "reg"];
    let mut out = String::with_capacity(html.len() + html.len() / 64);
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let number = usize::from(after.starts_with('#'));
        let length = after[number..]
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(after.len() - number)
            + number;
        let (name, next) = after.split_at(length);
        let closed = next.starts_with(';');
        let is_number = number == 1 && name[1..].starts_with(|c: char| c.is_ascii_digit());
        rest = next;
        if name == "amp" && (closed || !next.starts_with('=')) {
            out.push_str("&#38;");
            rest = next.strip_prefix(';').unwrap_or(next);
        } else if closed && length > number {
            out.push('&');
            out.push_str(name);
        } else if is_number || (!next.starts_with('=') && LEGACY_ENTITIES.contains(&name)) {
            out.push('&');
            out.push_str(name);
            out.push(';');
        } else {
            out.push_str("&#38;");
            out.push_str(name);
        }
    }
    out.push_str(rest);
    out
}
