//! Removes what sanitizing leaves behind: redundant elements, empty paragraphs and repeated images.

use super::markup::{HtmlToken, HtmlTokens, attribute, is_void};

/// Element that is open at the current position.
struct OpenElement<'a> {
    name: &'a str,
    /// Offset of its start tag in the output; `None` if the tag was omitted.
    start: Option<usize>,
    /// Offset of its content in the output.
    content_start: usize,
}

/// Tidies HTML written by [`super::sanitize`].
pub(super) fn tidy(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut open: Vec<OpenElement<'_>> = Vec::new();
    let mut last_image = "";
    for token in HtmlTokens(html) {
        match token {
            HtmlToken::Text(text) => {
                let text = match open.last() {
                    // A parser drops the first line break, so each cleaning would remove one.
                    Some(pre) if pre.name == "pre" && pre.content_start == out.len() => {
                        text.trim_start_matches('\n')
                    }
                    _ if starts_paragraph(&open, &out) => strip_indent(text),
                    _ => text,
                };
                if !is_blank(text) {
                    last_image = "";
                }
                out.push_str(text);
            }
            HtmlToken::Start("img", attributes) => {
                let Some(src) = attribute(attributes, "src") else { continue };
                // A lazy image and its `noscript` fallback are the same image.
                if src != last_image {
                    push_tag(&mut out, "img", attributes);
                }
                last_image = src;
            }
            HtmlToken::Start("source", attributes) => {
                if attribute(attributes, "src").or(attribute(attributes, "srcset")).is_some() {
                    push_tag(&mut out, "source", attributes);
                }
            }
            HtmlToken::Start(name, attributes) => {
                let redundant = match name {
                    "span" => attributes.is_empty(),
                    "a" => attribute(attributes, "href").is_none(),
                    _ => false,
                };
                let at = (!redundant).then_some(out.len());
                if !redundant {
                    push_tag(&mut out, name, attributes);
                }
                if !is_void(name) {
                    open.push(OpenElement { name, start: at, content_start: out.len() });
                }
            }
            HtmlToken::End(_) => {
                let Some(element) = open.pop() else { continue };
                let Some(at) = element.start else { continue };
                close(&mut out, &element, at);
            }
        }
    }
    out.trim().to_owned()
}

/// Closes an element, or removes it if it is empty and need not be kept.
fn close(out: &mut String, element: &OpenElement<'_>, at: usize) {
    let content = &out[element.content_start..];
    if may_be_empty(element.name) || !is_blank(content) {
        out.push_str("</");
        out.push_str(element.name);
        out.push('>');
        return;
    }
    // An empty element between words may contain the only space.
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

/// Returns `true` if the next text is the first of a paragraph, where editors indent with no-break
/// spaces.
fn starts_paragraph(open: &[OpenElement<'_>], out: &str) -> bool {
    open.iter()
        .rev()
        .take_while(|element| element.name != "pre")
        .any(|element| element.name == "p" && element.content_start == out.len())
}

fn strip_indent(mut text: &str) -> &str {
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
