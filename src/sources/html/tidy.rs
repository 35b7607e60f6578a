//! Takes out what sanitising leaves behind: elements that lost their point, empty paragraphs, images shown twice.

use super::markup::{Piece, Pieces, attribute, is_void};

/// One element that is open while the text is read.
struct Open<'a> {
    name: &'a str,
    /// Where its start tag stands in the output; `None` if it was left out.
    at: Option<usize>,
    /// Where its content begins.
    content: usize,
}

/// The same HTML, tidied; expects what [`super::sanitise`] wrote.
pub(super) fn tidy(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut last_image = "";
    for piece in Pieces(html) {
        match piece {
            Piece::Text(text) => {
                let text = match open.last() {
                    // A parser drops the first line break, so leading ones would get fewer each time.
                    Some(pre) if pre.name == "pre" && pre.content == out.len() => {
                        text.trim_start_matches('\n')
                    }
                    _ if starts_paragraph(&open, &out) => without_indent(text),
                    _ => text,
                };
                if !is_blank(text) {
                    last_image = "";
                }
                out.push_str(text);
            }
            Piece::Open("img", attributes) => {
                let Some(src) = attribute(attributes, "src") else { continue };
                // A lazy image and its fallback for readers without scripts are one image.
                if src != last_image {
                    push_tag(&mut out, "img", attributes);
                }
                last_image = src;
            }
            Piece::Open("source", attributes) => {
                if attribute(attributes, "src").or(attribute(attributes, "srcset")).is_some() {
                    push_tag(&mut out, "source", attributes);
                }
            }
            Piece::Open(name, attributes) => {
                let pointless = match name {
                    "span" => attributes.is_empty(),
                    "a" => attribute(attributes, "href").is_none(),
                    _ => false,
                };
                let at = (!pointless).then_some(out.len());
                if !pointless {
                    push_tag(&mut out, name, attributes);
                }
                if !is_void(name) {
                    open.push(Open { name, at, content: out.len() });
                }
            }
            Piece::Close(_) => {
                let Some(element) = open.pop() else { continue };
                let Some(at) = element.at else { continue };
                close(&mut out, &element, at);
            }
        }
    }
    out.trim().to_owned()
}

fn close(out: &mut String, element: &Open<'_>, at: usize) {
    let content = &out[element.content..];
    if may_be_empty(element.name) || !is_blank(content) {
        out.push_str("</");
        out.push_str(element.name);
        out.push('>');
        return;
    }
    // Between words an empty element may hold the only space.
    let space = !content.is_empty() && !is_paragraph(element.name);
    out.truncate(at);
    if space {
        out.push(' ');
    }
}

fn push_tag(out: &mut String, name: &str, attributes: &str) {
    out.push('<');
    out.push_str(name);
    if !attributes.is_empty() {
        out.push(' ');
        out.push_str(attributes);
    }
    out.push('>');
}

fn is_paragraph(name: &str) -> bool {
    matches!(
        name,
        "p" | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "figcaption"
            | "blockquote"
            | "div"
            | "picture"
            | "figure"
    )
}

fn may_be_empty(name: &str) -> bool {
    let inline = matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "i"
            | "mark"
            | "s"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "u"
    );
    !(inline || is_paragraph(name))
}

/// Whether the next text is the first of a paragraph; editors indent there with no-break spaces.
fn starts_paragraph(open: &[Open<'_>], out: &str) -> bool {
    open.iter()
        .rev()
        .take_while(|element| element.name != "pre")
        .any(|element| element.name == "p" && element.content == out.len())
}

fn without_indent(mut text: &str) -> &str {
    loop {
        let rest = text.trim_start();
        let rest = rest.strip_prefix("&nbsp;").unwrap_or(rest);
        if rest.len() == text.len() {
            return text;
        }
        text = rest;
    }
}

fn is_blank(mut html: &str) -> bool {
    loop {
        html = html.trim_start();
        if html.is_empty() {
            return true;
        }
        match html.strip_prefix("&nbsp;").or_else(|| html.strip_prefix("<br>")) {
            Some(rest) => html = rest,
            None => return false,
        }
    }
}
