//! What only whole elements tell, done before the allow-list sees them: images that scripts would have loaded, players
//! that become links, tracking pixels, and limits that keep the tree behind small.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;

use html_escape::{decode_html_entities, encode_double_quoted_attribute, encode_text};
use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str};
use url::Url;

use crate::domain::link;

/// Elements nested deeper than this are unwrapped: trees are built in time quadratic in their depth.
const DEEPEST: usize = 100;
/// Elements after this many are unwrapped: a formatting element left open is repeated in each that follows.
const MOST_ELEMENTS: usize = 60_000;
/// An element with more attributes than this is unwrapped: comparing them is quadratic too.
const MOST_ATTRIBUTES: usize = 64;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// The HTML ready for the allow-list; still nothing to be trusted.
pub(super) fn prepare(html: &str, base: Option<&Url>) -> String {
    let html = closed_references(&without_noscript(html));
    let depth = Rc::new(Cell::new(0_usize));
    let mut seen = 0_usize;
    let settings = RewriteStrSettings::new().with_strict(false).append_element_content_handler(
        element!("*", |el| {
            seen += 1;
            if seen > MOST_ELEMENTS
                || el.attributes().len() > MOST_ATTRIBUTES
                || !descend(el, &depth)?
            {
                el.remove_and_keep_content();
                return Ok(());
            }
            rewrite(el, base)
        }),
    );
    // Only a handler's own error could end the rewriting early; what it would leave is shown as text.
    rewrite_str(&html, settings).unwrap_or_else(|_| encode_text(&html).into_owned())
}

/// Counts the element as open until its end; false if it stands too deep.
fn descend(
    el: &mut Element<'_, '_>,
    depth: &Rc<Cell<usize>>,
) -> Result<bool, Box<dyn Error + Send + Sync>> {
    // A parser closes these by itself when the next one begins, so they nest only through others.
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
    if at >= DEEPEST {
        return Ok(false);
    }
    depth.set(at + 1);
    let depth = Rc::clone(depth);
    // Its end also ends what was left open inside it, hence the depth from before and not one less.
    el.on_end_tag(Box::new(move |_| {
        depth.set(at);
        Ok(())
    }))?;
    Ok(true)
}

fn rewrite(el: &mut Element<'_, '_>, base: Option<&Url>) -> Outcome {
    match el.tag_name().as_str() {
        "img" if is_invisible(el) => el.remove(),
        "img" | "source" | "video" | "audio" => load_now(el, base)?,
        "iframe" | "embed" if is_invisible(el) => el.remove(),
        "iframe" | "embed" => show_as_link(el, &["data-src", "data-lazy-src", "src"], base),
        "object" if el.has_attribute("data") => show_as_link(el, &["data"], base),
        "object" => el.remove_and_keep_content(),
        // Unwrapped they would run their text into what stands beside them.
        "center" => {
            el.set_tag_name("div")?;
            el.set_attribute("align", "center")?;
        }
        "main" | "form" | "fieldset" | "hgroup" | "dialog" => el.set_tag_name("div")?,
        // Copies that differ in an attribute are all repeated in what follows when left open; equal ones are not.
        "b" | "big" | "code" | "em" | "i" | "s" | "small" | "strike" | "strong" | "u" => {
            let names: Vec<String> =
                el.attributes().iter().map(|attribute| attribute.name()).collect();
            names.iter().for_each(|name| el.remove_attribute(name));
        }
        // The nearest thing that validators of feeds do not take for a danger.
        "bdo" => el.set_tag_name("bdi")?,
        "font" | "tt" | "nobr" => el.remove_and_keep_content(),
        _ => {}
    }
    Ok(())
}

/// Where scripts keep an image's address until it is looked at.
const LAZY: &[&str] = &[
    "data-lazy-src",
    "data-src",
    "data-original",
    "data-original-src",
    "data-orig-src",
    "data-actualsrc",
    "data-echo",
    "data-lazy",
];

/// Puts the addresses that a script would have filled in where they belong.
fn load_now(el: &mut Element<'_, '_>, base: Option<&Url>) -> Outcome {
    // Values are handed over as written, entities and all.
    let is_address = |value: &String| {
        // `data-lazy="true"` is a switch.
        value.contains(['/', '.'])
            && link::web_address(&decode_html_entities(value), base).is_some()
    };
    if let Some(address) = LAZY.iter().filter_map(|name| el.get_attribute(name)).find(is_address) {
        el.set_attribute("src", &address)?;
    }
    let candidates =
        ["data-lazy-srcset", "data-srcset"].iter().find_map(|name| el.get_attribute(name));
    if let Some(candidates) = candidates.filter(|value| !value.trim().is_empty()) {
        el.set_attribute("srcset", &candidates)?;
    }
    // Pictures inside an attribute go anyway, and are what makes a body longer than anybody writes.
    if el.get_attribute("src").is_some_and(|src| src.trim_start().starts_with("data:")) {
        el.remove_attribute("src");
    }
    Ok(())
}

/// Whether an image or a frame is there to count readers and not to be seen.
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
    let is_clear = styled("opacity").is_some_and(|value| value.parse::<f32>() == Ok(0.0));
    if styled("display") == Some("none")
        || styled("visibility") == Some("hidden")
        || is_clear
        || el.has_attribute("hidden")
    {
        return true;
    }
    let tiny = |side: &str| {
        let size = el.get_attribute(side).or_else(|| styled(side).map(str::to_owned))?;
        Some(matches!(size.trim().trim_end_matches("px"), "0" | "1"))
    };
    // A side that is not told is as long as the picture's other side makes it.
    match (tiny("width"), tiny("height")) {
        (Some(width), Some(height)) => width && height,
        (Some(is_tiny), None) | (None, Some(is_tiny)) => is_tiny,
        (None, None) => false,
    }
}

/// Replaces a frame or a plug-in by a link to what it shows; one that shows nothing of the web goes.
fn show_as_link(el: &mut Element<'_, '_>, sources: &[&str], base: Option<&Url>) {
    let address = sources
        .iter()
        .filter_map(|name| el.get_attribute(name))
        .find_map(|value| link::web_address(&decode_html_entities(&value), base));
    let Some(address) = address else { return el.remove() };
    let address = watch_page(&address).unwrap_or(address);
    let label = el
        .get_attribute("title")
        .map(|title| decode_html_entities(&title).trim().to_owned())
        .filter(|t| !t.is_empty());
    let label = label.unwrap_or_else(|| short(&address).to_owned());
    let made = format!(
        "<a href=\"{}\">{}</a>",
        encode_double_quoted_attribute(&address),
        encode_text(&label)
    );
    el.replace(&made, ContentType::Html);
}

/// The address as a person would say it: without its scheme and query.
fn short(address: &str) -> &str {
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
    let bare = bare.split(['?', '#']).next().unwrap_or(bare);
    bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/')
}

/// The page on which a person watches what a known player shows.
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

/// The same without the tags of `noscript`: readers run no scripts, so its content is what counts.
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
        match (start, lower[after..].find('>')) {
            (Some(start), Some(end)) if is_tag => {
                out.push_str(&html[at..start]);
                at = after + end + 1;
            }
            _ => {
                out.push_str(&html[at..after]);
                at = after;
            }
        }
    }
    out.push_str(&html[at..]);
    out
}

/// The same with each character reference closed by its semicolon and every other `&` escaped, itself by number: the
/// parser behind takes quadratic time over many `&amp;` and over what it first took for a reference.
fn closed_references(html: &str) -> String {
    const KNOWN_WITHOUT: [&str; 6] = ["copy", "gt", "lt", "nbsp", "quot", "reg"];
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
        } else if is_number || (!next.starts_with('=') && KNOWN_WITHOUT.contains(&name)) {
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
