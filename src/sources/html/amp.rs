//! Components of AMP pages as the elements of HTML that they stand for.

use lol_html::html_content::Element;

/// Attributes of an image that are kept.
const IMAGE_ATTRIBUTES: [&str; 5] = ["src", "srcset", "alt", "width", "height"];

/// Returns the image that an `amp-img` or `amp-anim` shows.
pub(super) fn image(el: &Element<'_, '_>) -> String {
    let mut image = "<img".to_owned();
    for name in IMAGE_ATTRIBUTES {
        if let Some(value) = el.get_attribute(name) {
            // The value is as written, with its entities.
            image += &format!(" {name}=\"{}\"", value.replace('"', "&quot;"));
        }
    }
    image + ">"
}
