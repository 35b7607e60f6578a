//! HTML of the single widgets of Elementor: their words, images and links.

use html_escape::encode_double_quoted_attribute as escape;
use serde_json::Value;

/// Widgets without content of the post: decoration, forms, and what the site shows elsewhere.
const WITHOUT_CONTENT: &str = "spacer divider icon social-icons share-buttons star-rating rating menu-anchor sidebar google_maps \
    form login search-form search mailchimp posts portfolio archive-posts loop-grid loop-carousel nav-menu mega-menu slides \
    testimonial-carousel media-carousel reviews post-navigation post-comments post-info author-box table-of-contents \
    breadcrumbs sitemap countdown lottie progress-tracker code-highlight-style paypal-button stripe-button facebook-button \
    facebook-page facebook-comments facebook-embed read-more off-canvas theme-post-title theme-post-excerpt \
    theme-post-content theme-post-featured-image theme-site-logo theme-site-title theme-page-title theme-archive-title \
    wp-widget-search wp-widget-recent-posts wp-widget-recent-comments wp-widget-archives wp-widget-categories \
    wp-widget-meta wp-widget-calendar wp-widget-pages wp-widget-nav_menu wp-widget-tag_cloud";

/// Returns the titles of the elements inside a widget; `None` for widgets whose elements have no
/// titles.
pub(super) fn titles_of_children(widget: &str, settings: &Value) -> Option<Vec<String>> {
    let (list, key) = match widget {
        "nested-tabs" => ("tabs", "tab_title"),
        "nested-accordion" => ("items", "item_title"),
        "nested-carousel" => return Some(Vec::new()),
        _ => return None,
    };
    Some(items(settings, list).map(|item| heading("h3", &text(item, key))).collect())
}

/// Returns the HTML of a widget, empty if it has no content of the post; `None` if it is unknown.
pub(super) fn html(widget: &str, settings: &Value) -> Option<String> {
    let text = |key: &str| text(settings, key);
    Some(match widget {
        "heading" => {
            let size = text("header_size");
            let size = if is_heading(&size) { size.as_str() } else { "h2" };
            heading(size, &linked(&text("title"), settings, "link"))
        }
        "text-editor" => text("editor"),
        "html" => text("html"),
        "shortcode" => text("shortcode"),
        "template" => match text("template_id") {
            id if id.is_empty() => id,
            id => format!("[elementor-template id=\"{}\"]", escape(&id)),
        },
        "image" => picture(settings),
        "button" => button(settings, &text("text"), "link"),
        "video" => video(settings),
        "audio" => url(settings, "link").unwrap_or_default(),
        "image-gallery" => images(settings, "wp_gallery"),
        "image-carousel" => images(settings, "carousel"),
        "gallery" => [
            images(settings, "gallery"),
            joined(items(settings, "galleries").map(|item| images(item, "multiple_gallery"))),
        ]
        .join("\n\n"),
        "icon-list" => list(settings),
        name if WITHOUT_CONTENT.split_whitespace().any(|known| known == name) => String::new(),
        name if name.starts_with("woocommerce-") || name.starts_with("wc-") => String::new(),
        name => return composite_html(name, settings),
    })
}

/// Returns the HTML of a widget with several parts; `None` if it is unknown.
fn composite_html(widget: &str, settings: &Value) -> Option<String> {
    let text = |key: &str| text(settings, key);
    Some(match widget {
        "image-box" | "icon-box" => joined([
            image(settings, "image"),
            heading("h3", &linked(&text("title_text"), settings, "link")),
            text("description_text"),
        ]),
        "call-to-action" => joined([
            image(settings, "bg_image"),
            heading("h3", &text("title")),
            text("description"),
            button(settings, &text("button"), "link"),
        ]),
        "flip-box" => joined([
            heading("h3", &text("title_text_a")),
            text("description_text_a"),
            heading("h3", &text("title_text_b")),
            text("description_text_b"),
            button(settings, &text("button_text"), "link"),
        ]),
        "accordion" | "toggle" | "tabs" => joined(items(settings, "tabs").map(|item| {
            let title = heading("h3", &self::text(item, "tab_title"));
            joined([title, self::text(item, "tab_content")])
        })),
        "testimonial" => quotation(
            &text("testimonial_content"),
            &[text("testimonial_name"), text("testimonial_job")],
        ),
        "blockquote" => quotation(&text("blockquote_content"), &[text("author_name")]),
        "alert" => joined([heading("h3", &text("alert_title")), text("alert_description")]),
        "animated-headline" => {
            let words = ["before_text", "highlighted_text", "after_text"].map(text);
            heading("h3", words.join(" ").trim())
        }
        "counter" => {
            let number = ["prefix", "ending_number", "suffix"].map(text).concat();
            joined([number, text("title")])
        }
        "progress" => joined([text("title")]),
        "price-list" => joined(items(settings, "price_list").map(|item| {
            let title = linked(&self::text(item, "title"), item, "link");
            joined([
                format!("{title} {}", self::text(item, "price")),
                self::text(item, "item_description"),
            ])
        })),
        "wp-widget-text" => self::text(&settings["wp"], "text"),
        "wp-widget-custom_html" => self::text(&settings["wp"], "content"),
        _ => return None,
    })
}

/// Returns a setting as text; empty if it is computed when the page is shown, since the stored
/// value is then only an example.
fn text(settings: &Value, key: &str) -> String {
    if !settings["__dynamic__"][key].is_null() {
        return String::new();
    }
    match &settings[key] {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn items<'a>(settings: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    settings[key].as_array().into_iter().flatten()
}

fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
    parts.join("\n\n")
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p")
}

fn heading(element: &str, words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("<{element}>{words}</{element}>") }
}

/// Returns the URL of a setting for a link or a media file, unless it leads nowhere.
fn url(settings: &Value, key: &str) -> Option<String> {
    if !settings["__dynamic__"][key].is_null() {
        return None;
    }
    let url = settings[key]["url"].as_str().unwrap_or_default().trim();
    (!url.is_empty() && !url.starts_with('#')).then(|| url.to_owned())
}

/// Returns HTML inside a link, if there is one.
fn linked(html: &str, settings: &Value, key: &str) -> String {
    match url(settings, key) {
        Some(url) if !html.is_empty() => format!("<a href=\"{}\">{html}</a>", escape(&url)),
        _ => html.to_owned(),
    }
}

/// Returns the link of a button; empty if it leads nowhere.
fn button(settings: &Value, words: &str, key: &str) -> String {
    match url(settings, key) {
        Some(_) => heading("p", &linked(words, settings, key)),
        None => String::new(),
    }
}

fn image(settings: &Value, key: &str) -> String {
    let Some(url) = url(settings, key) else { return String::new() };
    // A placeholder of the editor, where no image was chosen.
    if url.contains("/elementor/assets/images/placeholder") {
        return String::new();
    }
    let alt = text(&settings[key], "alt");
    format!("<img src=\"{}\" alt=\"{}\">", escape(&url), escape(&alt))
}

/// Returns the image of an image widget with its link and caption.
fn picture(settings: &Value) -> String {
    let image = image(settings, "image");
    if image.is_empty() {
        return image;
    }
    let image = match settings["link_to"].as_str() {
        Some("custom") => linked(&image, settings, "link"),
        Some("file") => linked(&image, settings, "image"),
        _ => image,
    };
    let caption = text(settings, "caption");
    if caption.is_empty() || settings["caption_source"] == "none" {
        return heading("p", &image);
    }
    format!("<figure>{image}<figcaption>{caption}</figcaption></figure>")
}

fn images(settings: &Value, key: &str) -> String {
    if !settings["__dynamic__"][key].is_null() {
        return String::new();
    }
    joined(items(settings, key).map(|item| {
        let url = item["url"].as_str().unwrap_or_default();
        if url.is_empty() {
            return String::new();
        }
        let alt = text(item, "alt");
        format!("<p><img src=\"{}\" alt=\"{}\"></p>", escape(url), escape(&alt))
    }))
}

/// Returns the URL of a video on another site, which becomes an embed, or the player of a file.
fn video(settings: &Value) -> String {
    match settings["video_type"].as_str().unwrap_or("youtube") {
        "hosted" => {
            let key =
                if text(settings, "insert_url").is_empty() { "hosted_url" } else { "external_url" };
            let file = url(settings, key).unwrap_or_default();
            if file.is_empty() { file } else { format!("[video src=\"{}\"]", escape(&file)) }
        }
        site => text(settings, &format!("{site}_url")),
    }
}

fn list(settings: &Value) -> String {
    let rows: String = items(settings, "icon_list")
        .map(|item| heading("li", &linked(&text(item, "text"), item, "link")))
        .collect();
    if rows.is_empty() { rows } else { format!("<ul>{rows}</ul>") }
}

fn quotation(words: &str, sources: &[String]) -> String {
    let source: Vec<&str> =
        sources.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    if words.is_empty() {
        return String::new();
    }
    let cite = heading("cite", &source.join(", "));
    format!("<blockquote>\n\n{words}\n\n{cite}</blockquote>")
}
