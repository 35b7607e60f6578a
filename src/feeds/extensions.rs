//! Extension elements for the writers of both XML formats.

use std::collections::BTreeMap;

use html_escape::encode_double_quoted_attribute;

use super::image::Image;

/// Prefix and namespace of Media RSS, which describes the lead image.
pub(super) const MEDIA: (&str, &str) = ("media", "http://search.yahoo.com/mrss/");
/// Prefix and namespace of feed history (RFC 5005).
pub(super) const HISTORY: (&str, &str) = ("fh", "http://purl.org/syndication/history/1.0");

/// An XML element with a namespace prefix.
#[derive(Debug, Clone, Default)]
pub(super) struct ExtensionElement {
    pub(super) prefix: &'static str,
    pub(super) name: &'static str,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) text: Option<String>,
    pub(super) children: Vec<ExtensionElement>,
}

impl ExtensionElement {
    fn qualified_name(&self) -> String {
        format!("{}:{}", self.prefix, self.name)
    }

    fn for_rss(&self) -> rss::extension::Extension {
        rss::extension::Extension {
            name: self.qualified_name(),
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
        // The writer of `atom_syndication` escapes an extension's text but not its attributes.
        let escaped = |value: &String| encode_double_quoted_attribute(value).into_owned();
        atom_syndication::extension::Extension {
            name: self.qualified_name(),
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

/// Converts elements to extensions of the `rss` crate.
pub(super) fn for_rss(elements: &[ExtensionElement]) -> rss::extension::ExtensionMap {
    group_by_name(elements, ExtensionElement::for_rss)
}

/// Converts elements to extensions of the `atom_syndication` crate.
pub(super) fn for_atom(elements: &[ExtensionElement]) -> atom_syndication::extension::ExtensionMap {
    group_by_name(elements, ExtensionElement::for_atom)
}

fn group_by_name<E>(
    elements: &[ExtensionElement],
    convert: impl Fn(&ExtensionElement) -> E,
) -> BTreeMap<String, BTreeMap<String, Vec<E>>> {
    let mut map: BTreeMap<String, BTreeMap<String, Vec<E>>> = BTreeMap::new();
    for element in elements {
        map.entry(element.prefix.to_owned())
            .or_default()
            .entry(element.name.to_owned())
            .or_default()
            .push(convert(element));
    }
    map
}

/// Returns the lead image as `media:content` with all known properties, and as `media:thumbnail`
/// for readers that support only that.
pub(super) fn lead_image(image: &Image<'_>) -> Vec<ExtensionElement> {
    let mut dimensions = vec![("url", image.url.clone())];
    dimensions.extend(image.width.map(|pixels| ("width", pixels.to_string())));
    dimensions.extend(image.height.map(|pixels| ("height", pixels.to_string())));
    let mut attributes = dimensions.clone();
    attributes.push(("medium", "image".to_owned()));
    attributes.extend(image.media_type.clone().map(|media_type| ("type", media_type)));
    let description = (!image.alt.is_empty()).then(|| ExtensionElement {
        prefix: MEDIA.0,
        name: "description",
        attributes: vec![("type", "plain".to_owned())],
        text: Some((&image.alt).into()),
        ..ExtensionElement::default()
    });
    let content = ExtensionElement {
        prefix: MEDIA.0,
        name: "content",
        attributes,
        children: description.into_iter().collect(),
        ..ExtensionElement::default()
    };
    vec![
        content,
        ExtensionElement {
            prefix: MEDIA.0,
            name: "thumbnail",
            attributes: dimensions,
            ..ExtensionElement::default()
        },
    ]
}
