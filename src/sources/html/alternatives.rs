//! Words of elements that feed readers and mail clients do not show: formulas, drawings, plug-ins and
//! players without a file.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

use html_escape::encode_double_quoted_attribute;

use super::elements::{Tag, attribute, tags, text};
use super::formulas;

/// Beginnings of the elements and attributes that this module handles.
const HANDLED: [&str; 7] = ["math", "<svg", "<canvas", "<object", "<video", "<audio", "aria-label"];

/// Classes of the visible form of a formula, which programs write beside one for screen readers.
const FORMULA_CLASSES: [&str; 4] = ["katex-html", "mathjax", "mjx-", "mwe-math-fallback"];

/// Number of tags between two forms of one formula.
const MAX_TAGS_BETWEEN: usize = 16;

/// Length of the text beside a label that may repeat it, in bytes.
const MAX_BESIDE_BYTES: usize = 400;

/// Replaces elements by their words, each once: a formula by its letters, a labelled drawing by its
/// label, a plug-in or a player without a file by its content.
pub(super) fn replace(html: &str) -> Cow<'_, str> {
    let lower = html.to_ascii_lowercase();
    if !HANDLED.iter().any(|part| lower.contains(part)) {
        return Cow::Borrowed(html);
    }
    let budget = Cell::new(16 * html.len());
    let document = Document { html, tags: tags(html), budget };
    let mut out = String::with_capacity(html.len());
    let mut dropped_ends: HashSet<usize> = HashSet::new();
    let mut at = 0;
    for (index, tag) in document.tags.iter().enumerate() {
        if tag.start < at {
            continue;
        }
        let replacement = if tag.is_end {
            dropped_ends.remove(&index).then(|| (String::new(), tag.end))
        } else {
            document.replacement(index)
        };
        let Some((words, end)) = replacement else { continue };
        if end == tag.end && !tag.is_end && words.is_empty() {
            dropped_ends.extend(tag.partner);
        }
        out.push_str(&html[at..tag.start]);
        push_words(&mut out, &words, &html[end..]);
        at = end;
    }
    out.push_str(&html[at..]);
    Cow::Owned(out)
}

/// Appends words, with a space where they would join those beside them.
fn push_words(out: &mut String, words: &str, after: &str) {
    let joins = |beside: Option<char>| beside.is_some_and(char::is_alphanumeric);
    let is_label = words.starts_with(char::is_alphabetic) && words.contains(' ');
    if is_label && joins(out.chars().next_back()) {
        out.push(' ');
    }
    out.push_str(words);
    if is_label && joins(after.chars().next()) {
        out.push(' ');
    }
}

/// HTML with its tags.
struct Document<'a> {
    html: &'a str,
    tags: Vec<Tag>,
    /// Number of bytes inside elements that may still be read, so that nested ones take linear time.
    budget: Cell<usize>,
}

impl Document<'_> {
    fn written(&self, tag: &Tag) -> &str {
        &self.html[tag.start..tag.end]
    }

    fn attribute(&self, tag: &Tag, name: &str) -> Option<String> {
        attribute(self.written(tag), name)
            .map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|value| !value.is_empty())
    }

    /// Returns the content of an element and the offset of its end; empty if it has no end tag.
    fn content(&self, tag: &Tag) -> (&str, usize) {
        match tag.partner.map(|partner| &self.tags[partner]) {
            Some(end) => (&self.html[tag.end..end.start], end.end),
            None => ("", tag.end),
        }
    }

    /// Returns `true` if the content of an element may be read.
    fn may_read(&self, content: &str) -> bool {
        let left = self.budget.get().checked_sub(content.len());
        self.budget.set(left.unwrap_or_default());
        left.is_some()
    }

    /// Returns the HTML that replaces the element of a start tag, and the offset where it ends;
    /// `None` keeps the tag. Empty HTML that ends with the tag removes both tags of the element.
    fn replacement(&self, index: usize) -> Option<(String, usize)> {
        let tag = &self.tags[index];
        let (content, end) = self.content(tag);
        let keep_content = || Some((String::new(), tag.end));
        if self.duplicates_formula(index) {
            return Some((String::new(), end));
        }
        match tag.name.as_str() {
            "math" if tag.partner.is_some() || tag.is_empty => {
                Some((formulas::to_html(&self.html[tag.start..end]), end))
            }
            "math" => {
                let end = self.end_of_unclosed_formula(index);
                Some((formulas::to_html(&self.html[tag.start..end]), end))
            }
            "script" => {
                let kind = self.attribute(tag, "type")?.to_ascii_lowercase();
                let is_source = kind.starts_with("math/tex") && !self.follows_formula(index);
                is_source.then(|| (escaped(&formulas::tex(content)), end))
            }
            "svg" if tag.partner.is_none() && !tag.is_empty => keep_content(),
            "svg" => Some((self.label_of_svg(index, content), end)),
            "object" => self.words_of_object(tag, content),
            "video" | "audio"
                if !has_file(self.written(tag)) && self.may_read(content) && !has_file(content) =>
            {
                keep_content()
            }
            _ => self.label_of_empty(index, content, end),
        }
    }

    /// Returns the offset after the last tag of an unclosed formula.
    fn end_of_unclosed_formula(&self, index: usize) -> usize {
        let is_part = |name: &str| {
            matches!(name, "semantics" | "annotation" | "annotation-xml" | "none")
                || name.starts_with('m')
                    && !matches!(
                        name,
                        "main" | "map" | "mark" | "marquee" | "math" | "menu" | "meter"
                    )
        };
        let last = self.tags[index + 1..].iter().take_while(|tag| is_part(&tag.name)).last();
        last.map_or(self.tags[index].end, |tag| tag.end)
    }

    /// Returns the label of a drawing; empty for a decorative one.
    fn label_of_svg(&self, index: usize, content: &str) -> String {
        let tag = &self.tags[index];
        if self.attribute(tag, "aria-hidden").as_deref() == Some("true") {
            return String::new();
        }
        let child = |name: &str| {
            let parts = tags(content);
            let first = parts.iter().find(|part| part.name == name && !part.is_end)?;
            let end = &parts[first.partner?];
            Some(text(&content[first.end..end.start])).filter(|text| !text.is_empty())
        };
        let is_image = || self.attribute(tag, "role").as_deref() == Some("img");
        let label = self
            .attribute(tag, "aria-label")
            .or_else(|| child("title"))
            .or_else(|| child("desc"))
            .or_else(|| is_image().then(|| text(content)))
            .or_else(|| words_of_drawing(content));
        self.label_unless_repeated(index, label.unwrap_or_default())
    }

    /// Returns the replacement of an element without content that has a label.
    fn label_of_empty(&self, index: usize, content: &str, end: usize) -> Option<(String, usize)> {
        let tag = &self.tags[index];
        let label = self.attribute(tag, "aria-label")?;
        let role = self.attribute(tag, "role").unwrap_or_default();
        let is_drawn = matches!(role.as_str(), "img" | "math")
            || matches!(tag.name.as_str(), "canvas" | "mjx-container");
        let is_empty = || {
            let lower = content.to_ascii_lowercase();
            text(content).is_empty()
                && !["<img", "<math", "<svg", "<picture", "<video"]
                    .iter()
                    .any(|e| lower.contains(e))
        };
        let is_element = tag.partner.is_some() && tag.name != "img";
        (is_drawn && is_element && self.may_read(content) && is_empty())
            .then(|| (self.label_unless_repeated(index, label), end))
    }

    /// Returns the replacement of a plug-in: its content, with a link to its file unless the content
    /// has one.
    fn words_of_object(&self, tag: &Tag, content: &str) -> Option<(String, usize)> {
        tag.partner.filter(|_| self.may_read(content))?;
        let lower = content.to_ascii_lowercase();
        if ["<embed", "<iframe", "<object"].iter().any(|inner| lower.contains(inner)) {
            return None;
        }
        let has_words = !text(content).is_empty() || lower.contains("<img");
        match self.attribute(tag, "data") {
            Some(_) if !has_words => None,
            Some(url) if !lower.contains("<a ") => {
                let title = self.attribute(tag, "title").unwrap_or_default();
                let (url, title) = (escaped(&url), escaped(&title));
                let end = self.content(tag).1;
                Some((format!("<embed src=\"{url}\" title=\"{title}\"> {content}"), end))
            }
            _ => Some((String::new(), tag.end)),
        }
    }

    /// Returns `true` if an element shows the formula that a `math` element beside it contains.
    fn duplicates_formula(&self, index: usize) -> bool {
        let tag = &self.tags[index];
        let is_form = match tag.name.as_str() {
            "svg" | "mjx-math" => true,
            "img" | "span" | "nobr" => {
                let class = self.attribute(tag, "class").unwrap_or_default().to_ascii_lowercase();
                let is_hidden = self.attribute(tag, "aria-hidden").as_deref() == Some("true");
                is_hidden
                    && (tag.name == "nobr"
                        || FORMULA_CLASSES.iter().any(|part| class.contains(part)))
            }
            _ => false,
        };
        if !is_form || (tag.partner.is_none() && tag.name != "img" && !tag.is_empty) {
            return false;
        }
        self.follows_formula(index) || self.precedes_formula(tag.partner.unwrap_or(index))
    }

    /// Returns `true` if only tags are between the end of a formula and a tag.
    fn follows_formula(&self, index: usize) -> bool {
        let mut next = self.tags[index].start;
        for tag in self.tags[..index].iter().rev().take(MAX_TAGS_BETWEEN) {
            if !self.html[tag.end..next].trim().is_empty() {
                return false;
            }
            if tag.name == "math" {
                return true;
            }
            if let Some(open) = tag.partner.filter(|_| tag.is_end).map(|open| &self.tags[open]) {
                let class = self.attribute(open, "class").unwrap_or_default().to_ascii_lowercase();
                let shown = &self.html[open.end..tag.start];
                if class.starts_with("mathjax") && self.may_read(shown) && !text(shown).is_empty() {
                    return true;
                }
            }
            next = tag.start;
        }
        false
    }

    /// Returns `true` if only tags are between a tag and the start of a formula.
    fn precedes_formula(&self, index: usize) -> bool {
        let mut before = self.tags[index].end;
        for tag in self.tags[index + 1..].iter().take(MAX_TAGS_BETWEEN) {
            if !self.html[before..tag.start].trim().is_empty() {
                return false;
            }
            if tag.name == "math" {
                return !tag.is_end;
            }
            before = tag.end;
        }
        false
    }

    /// Returns a label escaped, or nothing if the text beside the element says the same.
    fn label_unless_repeated(&self, index: usize, label: String) -> String {
        let tag = &self.tags[index];
        let end = self.content(tag).1;
        let from = self.html.floor_char_boundary(tag.start.saturating_sub(MAX_BESIDE_BYTES));
        let to = self.html.floor_char_boundary((end + MAX_BESIDE_BYTES).min(self.html.len()));
        let before = text(&self.html[from..tag.start]).to_lowercase();
        let after = text(&self.html[end..to]).to_lowercase();
        let known = label.to_lowercase();
        if before.ends_with(&known) || after.starts_with(&known) {
            String::new()
        } else {
            escaped(&label)
        }
    }
}

/// Returns `true` if a player's tag or content names a file.
fn has_file(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    lower.contains("src=") || lower.contains("src =") || lower.contains("data-src")
}

/// Returns the text that a drawing shows, such as the labels of a chart; `None` without any.
fn words_of_drawing(content: &str) -> Option<String> {
    let parts = tags(content);
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    for part in parts.iter().filter(|part| part.name == "text" && !part.is_end) {
        let Some(end) = part.partner.map(|end| &parts[end]).filter(|_| part.start >= at) else {
            continue;
        };
        words.push(text(&content[part.end..end.start]));
        at = end.end;
    }
    words.retain(|words| !words.is_empty());
    (!words.is_empty()).then(|| words.join(" "))
}

fn escaped(text: &str) -> String {
    encode_double_quoted_attribute(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_written_once_whatever_program_rendered_it() {
        let math = "<math><mi>v</mi><mo>=</mo><mfrac><mi>s</mi><mi>t</mi></mfrac></math>";
        for html in [
            format!("a {math} b"),
            format!(
                "a <span class=\"katex\"><span class=\"katex-mathml\">{math}</span><span class=\"katex-html\" aria-hidden=\"true\"><span>v=st</span></span></span> b"
            ),
            format!(
                "a <mjx-container class=\"MathJax\" jax=\"SVG\"><svg><title>v</title></svg><mjx-assistive-mml>{math}</mjx-assistive-mml></mjx-container> b"
            ),
            format!(
                "a <span class=\"MathJax\"><nobr aria-hidden=\"true\">v=st</nobr><span class=\"MJX_Assistive_MathML\">{math}</span></span><script type=\"math/tex\">v=s/t</script> b"
            ),
            format!(
                "a <span class=\"mwe-math-element\"><span style=\"display: none;\">{math}</span><img class=\"mwe-math-fallback-image-inline\" aria-hidden=\"true\" alt=\"v\" src=\"/v.svg\"></span> b"
            ),
            "a <script type=\"math/tex; mode=display\">v=s/t</script> b".to_owned(),
            "a <mjx-container aria-label=\"v=s/t\"><mjx-math></mjx-math></mjx-container> b"
                .to_owned(),
        ] {
            assert_eq!(text(&replace(&html)), "a v=s/t b", "{html}");
        }
    }

    #[test]
    fn drawings_leave_their_label_once() {
        for (html, expected) in [
            (
                "<svg role=\"img\" aria-label=\"Visitors by year\"><title>x</title></svg>",
                "Visitors by year",
            ),
            ("<svg><title>Visitors &amp; staff</title><path d=\"M0\"/></svg>", "Visitors & staff"),
            ("See<svg aria-label=\"A plan of it\"></svg>here", "See A plan of it here"),
            ("<svg aria-hidden=\"true\"><title>x</title></svg>Text", "Text"),
            ("<svg><path/></svg>Text", "Text"),
            (
                "<svg><style>.a{}</style><text>Staff</text><g><text x=\"1\"><tspan>12</tspan></text></g></svg>",
                "Staff 12",
            ),
            ("<a href=\"/\"><svg><title>Search</title></svg> Search</a>", "Search"),
            ("<canvas role=\"img\" aria-label=\"Visitors by year\"></canvas>", "Visitors by year"),
            ("<canvas>12 visitors</canvas>", "12 visitors"),
            ("<span role=\"img\" aria-label=\"star\">★</span>", "★"),
            ("<div role=\"img\" aria-label=\"The campus at night\"></div>", "The campus at night"),
        ] {
            assert_eq!(text(&replace(html)), expected, "{html}");
        }
    }

    #[test]
    fn plug_ins_and_players_without_a_file_leave_their_content() {
        for (html, expected) in [
            ("<object><p>Words</p></object>", "<p>Words</p>"),
            (
                "<object data=\"a.svg\"><p>Words</p></object>",
                "<embed src=\"a.svg\" title=\"\"> <p>Words</p>",
            ),
            (
                "<object data=\"a.pdf\"><a href=\"a.pdf\">Plan</a></object>",
                "<a href=\"a.pdf\">Plan</a>",
            ),
            ("<object data=\"a.pdf\"></object>", "<object data=\"a.pdf\"></object>"),
            ("<video poster=\"p.jpg\"><p>Ask us</p></video>", "<p>Ask us</p>"),
            ("<audio src=\"a.mp3\">no</audio>", "<audio src=\"a.mp3\">no</audio>"),
        ] {
            assert_eq!(replace(html), expected, "{html}");
        }
    }
}
