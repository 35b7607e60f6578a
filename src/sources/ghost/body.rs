//! The body of a post as in Ghost's own feed: complete URLs, referrers on links, cards
//! without script-driven controls.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use html_escape::{decode_html_entities, encode_double_quoted_attribute};
use lol_html::html_content::{ContentType, Element};
use lol_html::{ElementContentHandlers, RewriteStrSettings, Selector, element, rewrite_str};
use url::Url;

use super::paywall::visible_part;
use super::posts::{GhostSite, Post};
use crate::config::Source;

/// Ghost's placeholder for the site's own URL in stored texts.
const SITE_URL_PLACEHOLDER: &str = "__GHOST_URL__";
/// CSS selectors of card elements that only work with Ghost's scripts.
const SCRIPTED_CONTROLS: &str = ".kg-audio-player, .kg-audio-hide, .kg-video-overlay, .kg-video-player-container, .kg-signup-card-success, .kg-signup-card-error";
/// Hosts that fail when a link to them carries a referrer parameter.
const HOSTS_WITHOUT_REFERRER: [&str; 6] = [
    "facebook.com",
    "www.facebook.com",
    "web.archive.org",
    "archive.org",
    "www.federalreserve.gov",
    "www.chicagomag.com",
];

type HandlerResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Returns a stored text with the site's own URL filled in.
pub(super) fn fill_site_url(text: &str, home: &str) -> String {
    text.replace(SITE_URL_PLACEHOLDER, home)
}

/// Returns the lead image with its caption, followed by the text; not yet sanitized.
pub(super) fn body_html(post: &Post, site: &GhostSite, source: &Source) -> String {
    let home = source.site_url.as_str();
    let text = fill_site_url(&visible_part(&post.html, post.is_public(), source.members), home);
    let tagged = if site.adds_referrer { Url::parse(home).ok() } else { None };
    let mut html = lead_image(post, home);
    html.push_str(&simplify_cards(&text, tagged.as_ref()));
    html
}

fn lead_image(post: &Post, home: &str) -> String {
    if post.feature_image.is_empty() {
        return String::new();
    }
    let url = fill_site_url(&post.feature_image, home);
    let (url, alt) =
        (encode_double_quoted_attribute(&url), encode_double_quoted_attribute(&post.alt));
    let caption = fill_site_url(&post.caption, home);
    let caption = if caption.trim().is_empty() {
        String::new()
    } else {
        format!("<figcaption>{caption}</figcaption>")
    };
    format!("<figure><img src=\"{url}\" alt=\"{alt}\">{caption}</figure>\n")
}

/// Rewrites cards for clients without Ghost's styles and scripts; adds the referrer to links if
/// `home` is given.
fn simplify_cards(html: &str, home: Option<&Url>) -> String {
    let mut settings = RewriteStrSettings::new().with_strict(false);
    for handler in card_handlers() {
        settings = settings.append_element_content_handler(handler);
    }
    if let Some(home) = home.cloned() {
        settings =
            settings.append_element_content_handler(element!("a[href]", move |link| add_referrer(
                link, &home
            )));
    }
    // Only an error of a handler ends the rewriting early; the sanitizer accepts the original, too.
    rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned())
}

type Handler = (Cow<'static, Selector>, ElementContentHandlers<'static>);

fn card_handlers() -> Vec<Handler> {
    let thumbnail = Rc::new(RefCell::new(None::<String>));
    let poster = Rc::clone(&thumbnail);
    vec![
        element!(SCRIPTED_CONTROLS, |el| {
            el.remove();
            Ok(())
        }),
        // Only the style sheet separates author and publisher of a bookmark.
        element!(".kg-bookmark-publisher", |el| {
            el.before(" ", ContentType::Text);
            Ok(())
        }),
        // Without a size the icon would be shown as large as its file.
        element!("img.kg-bookmark-icon", |el| {
            el.set_attribute("width", "20")?;
            el.set_attribute("height", "20")?;
            Ok(())
        }),
        element!(".kg-video-card", move |el| {
            *thumbnail.borrow_mut() = el
                .get_attribute("data-kg-custom-thumbnail")
                .filter(|a| !a.is_empty())
                .or_else(|| el.get_attribute("data-kg-thumbnail"));
            Ok(())
        }),
        // The poster is a transparent spacer from another host; the thumbnail is set by a style.
        element!(".kg-video-card video", move |el| {
            match poster.borrow_mut().take().filter(|url| !url.is_empty()) {
                Some(url) => el.set_attribute("poster", &url)?,
                None => el.remove_attribute("poster"),
            }
            Ok(())
        }),
    ]
}

/// Adds the parameter `ref` to a link to another site, as Ghost does unless its owner disabled it.
fn add_referrer(link: &mut Element<'_, '_>, home: &Url) -> HandlerResult {
    let Some(written) = link.get_attribute("href") else { return Ok(()) };
    let Ok(mut url) = Url::parse(decode_html_entities(&written).trim()) else { return Ok(()) };
    let (Some(host), Some(own)) = (url.host_str(), home.host_str()) else { return Ok(()) };
    let at_home = host == own
        && url.port_or_known_default() == home.port_or_known_default()
        && url.path().starts_with(home.path());
    let is_tagged =
        url.query_pairs().any(|(key, _)| matches!(key.as_ref(), "ref" | "utm_source" | "source"));
    if !matches!(url.scheme(), "http" | "https")
        || at_home
        || is_tagged
        || HOSTS_WITHOUT_REFERRER.contains(&host)
    {
        return Ok(());
    }
    let own = own.strip_prefix("www.").unwrap_or(own).to_owned();
    url.query_pairs_mut().append_pair("ref", &own);
    link.set_attribute("href", &encode_double_quoted_attribute(url.as_str()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_other_sites_carry_the_referrer() {
        let home = Url::parse("https://www.college.example").unwrap();
        for (written, expected) in [
            ("https://other.example", "https://other.example/?ref=college.example"),
            (
                "https://other.example/a?b=1&amp;c#d",
                "https://other.example/a?b=1&amp;c&amp;ref=college.example#d",
            ),
            ("https://other.example/?ref=us", "https://other.example/?ref=us"),
            ("https://www.college.example/a/", "https://www.college.example/a/"),
            ("https://web.archive.org/x", "https://web.archive.org/x"),
            ("mailto:a@other.example", "mailto:a@other.example"),
            ("#fn1", "#fn1"),
        ] {
            assert_eq!(
                simplify_cards(&format!("<a href=\"{written}\">x</a>"), Some(&home)),
                format!("<a href=\"{expected}\">x</a>")
            );
        }
        assert_eq!(
            simplify_cards("<a href=\"https://other.example\">x</a>", None),
            "<a href=\"https://other.example\">x</a>"
        );
    }

    #[test]
    fn players_lose_their_controls_and_keep_file_and_poster() {
        let audio = "<div class=\"kg-card kg-audio-card\"><audio src=\"a.mp3\"></audio><div class=\"kg-audio-title\">Chime</div>\
            <div class=\"kg-audio-player\"><span>0:00</span><button>1×</button></div></div>";
        assert_eq!(
            simplify_cards(audio, None),
            "<div class=\"kg-card kg-audio-card\"><audio src=\"a.mp3\"></audio><div class=\"kg-audio-title\">Chime</div></div>"
        );
        let video = "<figure class=\"kg-card kg-video-card\" data-kg-thumbnail=\"t.jpg\" data-kg-custom-thumbnail><video src=\"v.mp4\" poster=\"spacer.png\">\
            </video><div class=\"kg-video-overlay\"><button>Play</button></div></figure><video poster=\"own.jpg\"></video>";
        let html = simplify_cards(video, None);
        assert!(
            html.contains("poster=\"t.jpg\"")
                && html.contains("poster=\"own.jpg\"")
                && !html.contains("Play"),
            "{html}"
        );
    }

    #[test]
    fn author_and_publisher_of_a_bookmark_are_separated() {
        let card = "<span class=\"kg-bookmark-author\">Mei</span><span class=\"kg-bookmark-publisher\">The Gate</span>";
        assert!(simplify_cards(card, None).contains("</span> <span"));
    }
}
