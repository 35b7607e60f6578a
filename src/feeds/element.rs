//! Elements beyond a format's own, as the writers of both XML formats take them.

use std::collections::BTreeMap;

use html_escape::encode_double_quoted_attribute;

use super::item::Picture;

/// Media RSS: for the lead image.
pub(super) const MEDIA: (&str, &str) = ("media", "http://search.yahoo.com/mrss/");
/// Feed history (RFC 5005).
pub(super) const HISTORY: (&str, &str) = ("fh", "http://purl.org/syndication/history/1.0");

/// An element with a prefix.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub(super) prefix: &'static str,
    pub(super) name: &'static str,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) text: Option<String>,
    pub(super) children: Vec<Element>,
}

impl Element {
    fn full_name(&self) -> String {
        format!("{}:{}", self.prefix, self.name)
    }

    fn for_rss(&self) -> rss::extension::Extension {
        rss::extension::Extension {
            name: self.full_name(),
            value: self.text.clone(),
            attrs: self
                .attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            children: self
                .children
                .iter()
                .map(|child| (child.name.to_owned(), vec![child.for_rss()]))
                .collect(),
        }
    }

    fn for_atom(&self) -> atom_syndication::extension::Extension {
        // This writer escapes an extension's text but not its attributes.
        let escaped = |value: &String| encode_double_quoted_attribute(value).into_owned();
        atom_syndication::extension::Extension {
            name: self.full_name(),
            value: self.text.clone(),
            attrs: self
                .attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), escaped(value)))
                .collect(),
            children: self
                .children
                .iter()
                .map(|child| (child.name.to_owned(), vec![child.for_atom()]))
                .collect(),
        }
    }
}

/// For the `rss` crate.
pub(super) fn for_rss(elements: &[Element]) -> rss::extension::ExtensionMap {
    sorted(elements, Element::for_rss)
}

/// For the `atom_syndication` crate.
pub(super) fn for_atom(elements: &[Element]) -> atom_syndication::extension::ExtensionMap {
    sorted(elements, Element::for_atom)
}

fn sorted<E>(
    elements: &[Element],
    made: impl Fn(&Element) -> E,
) -> BTreeMap<String, BTreeMap<String, Vec<E>>> {
    let mut map: BTreeMap<String, BTreeMap<String, Vec<E>>> = BTreeMap::new();
    for element in elements {
        map.entry(element.prefix.to_owned())
            .or_default()
            .entry(element.name.to_owned())
            .or_default()
            .push(made(element));
    }
    map
}

/// The lead image: as `media:content` with all that is known of it, and as the thumbnail that some readers look for.
pub(super) fn lead_image(picture: &Picture<'_>) -> Vec<Element> {
    let mut place = vec![("url", picture.url.clone())];
    place.extend(picture.width.map(|pixels| ("width", pixels.to_string())));
    place.extend(picture.height.map(|pixels| ("height", pixels.to_string())));
    let mut known = place.clone();
    known.push(("medium", "image".to_owned()));
    known.extend(picture.media_type.clone().map(|media_type| ("type", media_type)));
    let described = (!picture.alt.is_empty()).then(|| Element {
        prefix: MEDIA.0,
        name: "description",
        attributes: vec![("type", "plain".to_owned())],
        text: Some((&picture.alt).into()),
        ..Element::default()
    });
    let content = Element {
        prefix: MEDIA.0,
        name: "content",
        attributes: known,
        children: described.into_iter().collect(),
        ..Element::default()
    };
    vec![
        content,
        Element { prefix: MEDIA.0, name: "thumbnail", attributes: place, ..Element::default() },
    ]
}
