//! HTML of fields that hold an image, a file, a link or a media entity.

use html_escape::encode_double_quoted_attribute;

use super::files::file_url;
use super::formats::link;

/// An image of a field: its URI of Drupal (`public://…`), alternative text and size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) uri: String,
    pub(super) alt: String,
    /// Width and height in pixels.
    pub(super) size: Option<(u32, u32)>,
}

/// A value of a field that is shown as an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    Image(Image),
    /// A file with its description, which may be empty.
    File {
        uri: String,
        description: String,
    },
    /// A link with its text, which may be empty.
    Link {
        uri: String,
        text: String,
    },
    /// A media entity, by its UUID.
    Media(String),
}

impl Image {
    /// Creates an image from the columns of a field.
    pub(super) fn new(uri: String, alt: String, width: &str, height: &str) -> Self {
        let pixels = |side: &str| side.parse().ok().filter(|pixels: &u32| *pixels > 0);
        Self { uri, alt, size: pixels(width).zip(pixels(height)) }
    }

    /// Returns the attribute for the size, with a space before it; empty if it is unknown.
    pub(super) fn size_attributes(&self) -> String {
        self.size.map_or_else(String::new, |(width, height)| {
            format!(" width=\"{width}\" height=\"{height}\"")
        })
    }
}

impl Element {
    /// Returns the HTML of the element, which is not yet sanitized; `None` for files that are not
    /// public, and for links without a target. Both URLs are those of the site.
    pub(super) fn html(&self, site_url: &str, files_url: &str) -> Option<String> {
        match self {
            Self::Image(image) => {
                let url = file_url(files_url, &image.uri)?;
                Some(format!(
                    "<figure><img src=\"{}\" alt=\"{}\"{}></figure>",
                    encode_double_quoted_attribute(&url),
                    encode_double_quoted_attribute(&image.alt),
                    image.size_attributes()
                ))
            }
            Self::File { uri, description } => {
                let url = file_url(files_url, uri)?;
                let name = uri.rsplit('/').next().unwrap_or_default();
                let text = if description.trim().is_empty() { name } else { description };
                Some(format!("<p>{}</p>", link(&url, text)))
            }
            Self::Link { uri, text } => {
                let url = link_url(site_url, uri)?;
                let text = if text.trim().is_empty() { &url } else { text };
                Some(format!("<p>{}</p>", link(&url, text)))
            }
            Self::Media(uuid) => {
                let uuid = encode_double_quoted_attribute(uuid);
                Some(format!("<drupal-media data-entity-uuid=\"{uuid}\"></drupal-media>"))
            }
        }
    }
}

/// Returns the URL of a link field, which stores internal links in forms of its own.
fn link_url(site_url: &str, uri: &str) -> Option<String> {
    if let Some(path) = uri.strip_prefix("internal:") {
        return path.starts_with('/').then(|| format!("{site_url}{path}"));
    }
    if let Some(path) = uri.strip_prefix("entity:") {
        return Some(format!("{site_url}/{path}"));
    }
    let is_web = ["http:", "https:", "mailto:"].iter().any(|scheme| uri.starts_with(scheme));
    is_web.then(|| uri.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_links_become_urls_and_those_without_a_target_do_not() {
        for (uri, expected) in [
            ("https://a.example/b", Some("https://a.example/b")),
            ("internal:/map?x=1", Some("https://works.example/cms/map?x=1")),
            ("entity:node/5", Some("https://works.example/cms/node/5")),
            ("internal:#top", None),
            ("route:<nolink>", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(link_url("https://works.example/cms", uri).as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn a_size_is_complete_or_missing() {
        let image = |width: &str, height: &str| {
            Image::new(String::new(), String::new(), width, height).size_attributes()
        };
        assert_eq!(image("640", "480"), " width=\"640\" height=\"480\"");
        assert_eq!((image("640", ""), image("0", "480")), (String::new(), String::new()));
    }
}
