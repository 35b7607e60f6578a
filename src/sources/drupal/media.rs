//! Media that editors embed in a text: pictures shown, sound and film played, everything else linked.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use html_escape::{decode_html_entities, encode_double_quoted_attribute};
use lol_html::html_content::ContentType;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::addresses;
use super::formats::link;
use super::site::Site;
use crate::sources::session::{Session, columns};

/// Something that can be embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Medium {
    shows: Shows,
    name: String,
    address: String,
    alt: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    Picture,
    Sound,
    Film,
    Link,
}

/// The fields in which Drupal's own media types keep what they show.
const FIELDS: [(&str, Shows); 4] = [
    ("field_media_image", Shows::Picture),
    ("field_media_audio_file", Shows::Sound),
    ("field_media_video_file", Shows::Film),
    ("field_media_document", Shows::Link),
];

/// The ids of what a text embeds.
pub(super) fn wanted(html: &str) -> Vec<String> {
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

/// Reads what is embedded, as far as it is public; tables that are not there hold nothing.
pub(super) async fn fetch(
    session: &mut Session,
    site: &Site,
    ids: &BTreeSet<String>,
) -> anyhow::Result<HashMap<String, Medium>> {
    let mut media = HashMap::new();
    if ids.is_empty() {
        return Ok(media);
    }
    let (prefix, ids) = (&site.prefix, session.texts(ids.iter().map(String::as_str)));
    let named = format!(
        "{prefix}media m JOIN {prefix}media_field_data d ON d.mid = m.mid AND d.default_langcode = 1 AND d.status = 1"
    );
    for (field, shows) in FIELDS {
        let alt = if shows == Shows::Picture { "v.field_media_image_alt" } else { "''" };
        let sql = format!(
            "SELECT m.uuid, d.name, f.uri, {alt} FROM {named} JOIN {prefix}media__{field} v ON v.entity_id = m.mid AND v.deleted = 0 \
             JOIN {prefix}file_managed f ON f.fid = v.{field}_target_id AND f.status = 1 WHERE m.uuid IN ({ids}) ORDER BY v.delta DESC"
        );
        for row in session.rows_if_there(&sql).await? {
            let [id, name, uri, alt] = columns(row);
            if let Some(address) = addresses::file(site, &uri) {
                media.insert(id, Medium { shows, name, address, alt });
            }
        }
    }
    let sql = format!(
        "SELECT m.uuid, d.name, v.field_media_oembed_video_value FROM {named} \
         JOIN {prefix}media__field_media_oembed_video v ON v.entity_id = m.mid AND v.deleted = 0 WHERE m.uuid IN ({ids})"
    );
    for row in session.rows_if_there(&sql).await? {
        let [id, name, address] = columns(row);
        media.insert(id, Medium { shows: Shows::Link, name, address, alt: String::new() });
    }
    Ok(media)
}

/// The text with what it embeds, and how many things could not be shown.
pub(super) fn shown(html: &str, media: &HashMap<String, Medium>) -> (String, usize) {
    if !html.contains("<drupal-media") {
        return (html.to_owned(), 0);
    }
    let unshown = Rc::new(RefCell::new(0));
    let counted = Rc::clone(&unshown);
    let settings = RewriteStrSettings::new().with_strict(false).append_element_content_handler(
        element!("drupal-media", |el| {
            let said = |name: &str| {
                el.get_attribute(name).map(|value| decode_html_entities(&value).into_owned())
            };
            match said("data-entity-uuid").and_then(|id| media.get(&id)) {
                Some(medium) => {
                    let made = medium.html(said("alt").as_deref(), said("data-caption").as_deref());
                    el.replace(&made, ContentType::Html);
                }
                None => {
                    *counted.borrow_mut() += 1;
                    el.remove();
                }
            }
            Ok(())
        }),
    );
    let made = rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned());
    let unshown = *unshown.borrow();
    (made, unshown)
}

impl Medium {
    /// As HTML; an alternative text of the place counts more than the medium's own, and its caption is HTML.
    fn html(&self, alt: Option<&str>, caption: Option<&str>) -> String {
        let alt = alt.filter(|alt| !alt.is_empty()).unwrap_or(&self.alt);
        let (address, alt) =
            (encode_double_quoted_attribute(&self.address), encode_double_quoted_attribute(alt));
        let made = match self.shows {
            Shows::Picture => format!("<img src=\"{address}\" alt=\"{alt}\">"),
            Shows::Sound => format!("<audio src=\"{address}\" controls></audio>"),
            Shows::Film => format!("<video src=\"{address}\" controls></video>"),
            Shows::Link => link(&self.address, &self.name),
        };
        match caption.filter(|caption| !caption.trim().is_empty()) {
            Some(caption) => format!("<figure>{made}<figcaption>{caption}</figcaption></figure>"),
            None if self.shows == Shows::Link => format!("<p>{made}</p>"),
            None => format!("<figure>{made}</figure>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1c0c0e-0000-4000-8000-00000000000a";

    #[test]
    fn an_embedded_picture_is_shown_with_its_caption_and_a_missing_one_counted() {
        let text = format!(
            "<p>a</p><drupal-media data-entity-type=\"media\" data-entity-uuid=\"{ID}\" data-caption=\"The &lt;b&gt;vat&lt;/b&gt;\">&nbsp;</drupal-media>\
             <drupal-media data-entity-uuid=\"6f1c0c0e-0000-4000-8000-00000000000b\"></drupal-media>"
        );
        assert_eq!(wanted(&text).len(), 2);
        let medium = Medium {
            shows: Shows::Picture,
            name: "vat".into(),
            address: "https://a.example/v.jpg".into(),
            alt: "A \"vat\"".into(),
        };
        let (made, unshown) = shown(&text, &HashMap::from([(ID.to_owned(), medium)]));
        let figure = "<figure><img src=\"https://a.example/v.jpg\" alt=\"A &quot;vat&quot;\"><figcaption>The <b>vat</b></figcaption></figure>";
        assert_eq!((made, unshown), (format!("<p>a</p>{figure}"), 1));
    }

    #[test]
    fn only_ids_are_asked_for() {
        assert!(wanted("<drupal-media data-entity-uuid=\"' OR 1=1\">").is_empty());
    }
}
