//! Media embedded in texts: images, audio and video become elements, everything else a link.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use html_escape::{decode_html_entities, encode_double_quoted_attribute};
use lol_html::html_content::ContentType;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::elements::Image;
use super::files::file_url;
use super::formats::link;
use super::site::DrupalSite;
use crate::sources::read_session::{ReadSession, to_array};

/// A media entity that a text can embed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaItem {
    display: MediaElement,
    name: String,
    url: String,
    /// The image, whose URI is not used; empty for other media.
    image: Image,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MediaElement {
    Image,
    Audio,
    Video,
    Link,
}

/// The source fields of Drupal's own media types.
const FIELDS: [(&str, MediaElement); 4] = [
    ("field_media_image", MediaElement::Image),
    ("field_media_audio_file", MediaElement::Audio),
    ("field_media_video_file", MediaElement::Video),
    ("field_media_document", MediaElement::Link),
];

/// Returns the ids of the media that a text embeds.
pub(super) fn embedded_ids(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in html.split("<drupal-media").skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        let id = tag.split_once("data-entity-uuid=\"").and_then(|(_, rest)| rest.split('"').next());
        found.extend(id.filter(|id| is_id(id)).map(str::to_owned));
    }
    found
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Reads what is embedded, as far as it is public; missing tables count as empty.
pub(super) async fn fetch(
    session: &mut ReadSession,
    site: &DrupalSite,
    ids: &BTreeSet<String>,
) -> anyhow::Result<HashMap<String, MediaItem>> {
    let mut media = HashMap::new();
    if ids.is_empty() {
        return Ok(media);
    }
    let (prefix, ids) = (&site.prefix, session.quote_list(ids.iter().map(String::as_str)));
    let named = format!(
        "{prefix}media m JOIN {prefix}media_field_data d ON d.mid = m.mid AND d.default_langcode = 1 AND d.status = 1"
    );
    for (field, display) in FIELDS {
        let attributes = if display == MediaElement::Image {
            "v.field_media_image_alt, v.field_media_image_width, v.field_media_image_height"
        } else {
            "'', '', ''"
        };
        let sql = format!(
            "SELECT m.uuid, d.name, f.uri, {attributes} FROM {named} JOIN {prefix}media__{field} v ON v.entity_id = m.mid AND v.deleted = 0 \
             JOIN {prefix}file_managed f ON f.fid = v.{field}_target_id AND f.status = 1 WHERE m.uuid IN ({ids}) ORDER BY v.delta DESC"
        );
        for row in session.rows_if_readable(&sql).await? {
            let [id, name, uri, alt, width, height] = to_array(row);
            if let Some(url) = file_url(&site.files_url, &uri) {
                let image = Image::new(uri, alt, &width, &height);
                media.insert(id, MediaItem { display, name, url, image });
            }
        }
    }
    let sql = format!(
        "SELECT m.uuid, d.name, v.field_media_oembed_video_value FROM {named} \
         JOIN {prefix}media__field_media_oembed_video v ON v.entity_id = m.mid AND v.deleted = 0 WHERE m.uuid IN ({ids})"
    );
    for row in session.rows_if_readable(&sql).await? {
        let [id, name, url] = to_array(row);
        let (display, image) = (MediaElement::Link, Image::default());
        media.insert(id, MediaItem { display, name, url, image });
    }
    Ok(media)
}

/// Returns the text with its media embedded, and the number of media that were left out.
pub(super) fn embed(html: &str, media: &HashMap<String, MediaItem>) -> (String, usize) {
    if !html.contains("<drupal-media") {
        return (html.to_owned(), 0);
    }
    let left_out = Rc::new(RefCell::new(0));
    let counter = Rc::clone(&left_out);
    let settings = RewriteStrSettings::new().with_strict(false).append_element_content_handler(
        element!("drupal-media", |el| {
            let attribute = |name: &str| {
                el.get_attribute(name).map(|value| decode_html_entities(&value).into_owned())
            };
            match attribute("data-entity-uuid").and_then(|id| media.get(&id)) {
                Some(item) => {
                    let html = item
                        .html(attribute("alt").as_deref(), attribute("data-caption").as_deref());
                    el.replace(&html, ContentType::Html);
                }
                None => {
                    *counter.borrow_mut() += 1;
                    el.remove();
                }
            }
            Ok(())
        }),
    );
    let embedded = rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned());
    let left_out = *left_out.borrow();
    (embedded, left_out)
}

impl MediaItem {
    /// Returns the HTML of the item; an alternative text in the embedding text takes precedence
    /// over the item's own, and the caption is HTML.
    fn html(&self, alt: Option<&str>, caption: Option<&str>) -> String {
        let alt = alt.filter(|alt| !alt.is_empty()).unwrap_or(&self.image.alt);
        let (url, alt) =
            (encode_double_quoted_attribute(&self.url), encode_double_quoted_attribute(alt));
        let element = match self.display {
            MediaElement::Image => {
                format!("<img src=\"{url}\" alt=\"{alt}\"{}>", self.image.size_attributes())
            }
            MediaElement::Audio => format!("<audio src=\"{url}\" controls></audio>"),
            MediaElement::Video => format!("<video src=\"{url}\" controls></video>"),
            MediaElement::Link => link(&self.url, &self.name),
        };
        match caption.filter(|caption| !caption.trim().is_empty()) {
            Some(caption) => {
                format!("<figure>{element}<figcaption>{caption}</figcaption></figure>")
            }
            None if self.display == MediaElement::Link => format!("<p>{element}</p>"),
            None => format!("<figure>{element}</figure>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1c0c0e-0000-4000-8000-00000000000a";

    #[test]
    fn an_embedded_image_has_its_caption_and_a_missing_one_is_counted() {
        let text = format!(
            "<p>a</p><drupal-media data-entity-type=\"media\" data-entity-uuid=\"{ID}\" data-caption=\"The &lt;b&gt;vat&lt;/b&gt;\">&nbsp;</drupal-media>\
             <drupal-media data-entity-uuid=\"6f1c0c0e-0000-4000-8000-00000000000b\"></drupal-media>"
        );
        assert_eq!(embedded_ids(&text).len(), 2);
        let medium = MediaItem {
            display: MediaElement::Image,
            name: "vat".into(),
            url: "https://a.example/v.jpg".into(),
            image: Image::new(String::new(), "A \"vat\"".into(), "640", "480"),
        };
        let (html, left_out) = embed(&text, &HashMap::from([(ID.to_owned(), medium)]));
        let figure = "<figure><img src=\"https://a.example/v.jpg\" alt=\"A &quot;vat&quot;\" width=\"640\" height=\"480\"><figcaption>The <b>vat</b></figcaption></figure>";
        assert_eq!((html, left_out), (format!("<p>a</p>{figure}"), 1));
    }

    #[test]
    fn only_valid_ids_are_collected() {
        assert!(embedded_ids("<drupal-media data-entity-uuid=\"' OR 1=1\">").is_empty());
    }
}
