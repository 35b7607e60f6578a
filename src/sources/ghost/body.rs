//! A post's body as Ghost's own feed shows it: addresses filled in, links tagged, cards without their players' buttons.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use html_escape::{decode_html_entities, encode_double_quoted_attribute};
use lol_html::html_content::{ContentType, Element};
use lol_html::{ElementContentHandlers, RewriteStrSettings, Selector, element, rewrite_str};
use url::Url;

use super::gates::opened;
use super::posts::{Post, Site};
use crate::config::Source;

/// What stands in the database for the site's own address.
const HOME: &str = "__GHOST_URL__";
/// Parts of cards that work only with Ghost's scripts.
const CONTROLS: &str = ".kg-audio-player, .kg-audio-hide, .kg-video-overlay, .kg-video-player-container, .kg-signup-card-success, .kg-signup-card-error";
/// Sites that can't stand a visitor who says where he comes from.
const NEVER_TAGGED: [&str; 6] = [
    "facebook.com",
    "www.facebook.com",
    "web.archive.org",
    "archive.org",
    "www.federalreserve.gov",
    "www.chicagomag.com",
];

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A text of Ghost's in which the site's own address is filled in.
pub(super) fn public(text: &str, home: &str) -> String {
    text.replace(HOME, home)
}

/// The lead image with its caption, then the text; not yet sanitised.
pub(super) fn body(post: &Post, site: &Site, source: &Source) -> String {
    let home = source.site_url.as_str();
    let text = public(&opened(&post.html, post.is_public(), source.members), home);
    let tagged = if site.tags_links { Url::parse(home).ok() } else { None };
    let mut html = lead(post, home);
    html.push_str(&readable(&text, tagged.as_ref()));
    html
}

fn lead(post: &Post, home: &str) -> String {
    if post.feature_image.is_empty() {
        return String::new();
    }
    let address = public(&post.feature_image, home);
    let (address, alt) =
        (encode_double_quoted_attribute(&address), encode_double_quoted_attribute(&post.alt));
    let caption = public(&post.caption, home);
    let caption = if caption.trim().is_empty() {
        String::new()
    } else {
        format!("<figcaption>{caption}</figcaption>")
    };
    format!("<figure><img src=\"{address}\" alt=\"{alt}\">{caption}</figure>\n")
}

/// The text whose cards a reader without Ghost's styles and scripts understands; links are tagged where `home` is given.
fn readable(html: &str, home: Option<&Url>) -> String {
    let mut settings = RewriteStrSettings::new().with_strict(false);
    for handler in cards() {
        settings = settings.append_element_content_handler(handler);
    }
    if let Some(home) = home.cloned() {
        settings = settings
            .append_element_content_handler(element!("a[href]", move |link| tag(link, &home)));
    }
    // Only a handler's own error could end the rewriting early; the sanitiser takes the text as it was too.
    rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned())
}

type Handler = (Cow<'static, Selector>, ElementContentHandlers<'static>);

fn cards() -> Vec<Handler> {
    let still = Rc::new(RefCell::new(None::<String>));
    let shown = Rc::clone(&still);
    vec![
        element!(CONTROLS, |el| {
            el.remove();
            Ok(())
        }),
        // Author and publisher of a bookmark stand apart by style alone.
        element!(".kg-bookmark-publisher", |el| {
            el.before(" ", ContentType::Text);
            Ok(())
        }),
        // An icon as large as its file would stand above the story.
        element!("img.kg-bookmark-icon", |el| {
            el.set_attribute("width", "20")?;
            el.set_attribute("height", "20")?;
            Ok(())
        }),
        element!(".kg-video-card", move |el| {
            *still.borrow_mut() = el
                .get_attribute("data-kg-custom-thumbnail")
                .filter(|a| !a.is_empty())
                .or_else(|| el.get_attribute("data-kg-thumbnail"));
            Ok(())
        }),
        // The poster is a transparent spacer from elsewhere, the still behind it a style.
        element!(".kg-video-card video", move |el| {
            match shown.borrow_mut().take().filter(|still| !still.is_empty()) {
                Some(still) => el.set_attribute("poster", &still)?,
                None => el.remove_attribute("poster"),
            }
            Ok(())
        }),
    ]
}

/// Tells the other site where its visitor came from, as Ghost does unless its owner switched it off.
fn tag(link: &mut Element<'_, '_>, home: &Url) -> Outcome {
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
        || NEVER_TAGGED.contains(&host)
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
    fn links_to_elsewhere_say_where_their_visitors_come_from_and_no_others() {
        let home = Url::parse("https://www.college.example").unwrap();
        for (written, made) in [
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
                readable(&format!("<a href=\"{written}\">x</a>"), Some(&home)),
                format!("<a href=\"{made}\">x</a>")
            );
        }
        assert_eq!(
            readable("<a href=\"https://other.example\">x</a>", None),
            "<a href=\"https://other.example\">x</a>"
        );
    }

    #[test]
    fn players_lose_their_buttons_and_keep_their_sound_and_picture() {
        let audio = "<div class=\"kg-card kg-audio-card\"><audio src=\"a.mp3\"></audio><div class=\"kg-audio-title\">Bell</div>\
            <div class=\"kg-audio-player\"><span>0:00</span><button>1×</button></div></div>";
        assert_eq!(
            readable(audio, None),
            "<div class=\"kg-card kg-audio-card\"><audio src=\"a.mp3\"></audio><div class=\"kg-audio-title\">Bell</div></div>"
        );
        let video = "<figure class=\"kg-card kg-video-card\" data-kg-thumbnail=\"t.jpg\" data-kg-custom-thumbnail><video src=\"v.mp4\" poster=\"spacer.png\">\
            </video><div class=\"kg-video-overlay\"><button>Play</button></div></figure><video poster=\"own.jpg\"></video>";
        let made = readable(video, None);
        assert!(
            made.contains("poster=\"t.jpg\"")
                && made.contains("poster=\"own.jpg\"")
                && !made.contains("Play"),
            "{made}"
        );
    }

    #[test]
    fn a_bookmarks_author_and_publisher_stay_apart() {
        let card = "<span class=\"kg-bookmark-author\">Mei</span><span class=\"kg-bookmark-publisher\">The Gate</span>";
        assert!(readable(card, None).contains("</span> <span"));
    }
}
