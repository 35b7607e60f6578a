//! The frame with the text of an article: its document, and a height that fits a short text.

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use html_escape::{encode_double_quoted_attribute, encode_text};

use crate::domain::article::Article;

/// Policy of the frame with the text of an article: it runs nothing and sends nothing.
const CONTENT_CSP: &str = "default-src 'none'; img-src https: data:; media-src https:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";
/// Styles of the text of an article, in the fonts of the site.
const CONTENT_STYLE: &str = ":root{color-scheme:light dark}body{font:1rem/1.6 -apple-system,BlinkMacSystemFont,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,\"Noto Sans\",\"Liberation Sans\",\"PingFang SC\",\"Hiragino Sans GB\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",sans-serif;margin:1.2rem;max-width:44rem}img,video{max-width:100%;height:auto}";
/// Elements whose height is not known before they are shown.
const UNKNOWN_HEIGHT: [&str; 7] =
    ["<img", "<video", "<audio", "<iframe", "<table", "<figure", "<pre"];
/// Elements that begin a line.
const BLOCKS: [&str; 5] = ["<p", "<li", "<h", "<br", "<blockquote"];
/// Latin letters in a line of the frame.
const LETTERS_PER_LINE: usize = 84;
/// Height of a line in pixels.
const LINE: usize = 26;
/// Space between two blocks in pixels.
const BLOCK_MARGIN: usize = 16;
/// Space above and below the text in pixels.
const MARGINS: usize = 48;

/// Returns the document of the frame.
pub(super) fn document(article: &Article) -> Response {
    // The body is allow-listed HTML; the policy refuses everything else once more.
    let html = format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><title>{}</title><style>{CONTENT_STYLE}</style><body>{}</body></html>",
        encode_double_quoted_attribute(&article.language),
        encode_text(&article.title),
        article.body_html
    );
    let policy = HeaderValue::from_static(CONTENT_CSP);
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

/// Returns the approximate height of a text in pixels; `None` if it has parts of unknown height. The page
/// cannot measure the document, which is sandboxed.
pub(super) fn height(html: &str) -> Option<usize> {
    if UNKNOWN_HEIGHT.iter().any(|element| html.contains(element)) {
        return None;
    }
    let blocks: usize = BLOCKS.iter().map(|element| html.matches(element).count()).sum();
    let mut is_tag = false;
    let letters: usize = html
        .chars()
        .map(|c| match c {
            '<' | '>' => {
                is_tag = c == '<';
                0
            }
            _ if is_tag => 0,
            // Chinese characters are twice as wide.
            c => 1 + usize::from(!c.is_ascii()),
        })
        .sum();
    let lines = letters / LETTERS_PER_LINE + blocks.max(1);
    Some(lines * LINE + blocks * BLOCK_MARGIN + MARGINS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_height_follows_the_text_unless_an_image_makes_it_unknown() {
        let short = height("<p>One line.</p><p>Another <b>line</b>.</p>").unwrap();
        assert_eq!(short, 2 * LINE + 2 * BLOCK_MARGIN + MARGINS);
        let latin = height(&format!("<p>{}</p>", "a".repeat(840))).unwrap();
        let chinese = height(&format!("<p>{}</p>", "中".repeat(420))).unwrap();
        assert_eq!((latin, chinese), (11 * LINE + BLOCK_MARGIN + MARGINS, latin));
        assert_eq!(height("<p>With <img src=\"https://a.example/b.png\"></p>"), None);
    }
}
