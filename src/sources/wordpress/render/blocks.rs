//! Blocks: the comments that mark them, the tree they make, and what each kind shows.

use serde_json::Value;

use super::markup::{Ahead, escape};
use super::{Desk, Scope, autop, embeds, query, widgets};

/// Deeper nesting is flattened: no editor makes it, and the stack is not endless.
const NESTING: usize = 60;

/// A block with what stands in it, in order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Block {
    /// `paragraph` for WordPress's own, `plugin/name` for others; empty for text outside of blocks.
    pub(super) name: String,
    pub(super) attributes: Value,
    pub(super) parts: Vec<Part>,
}

/// HTML of a block's own, or a block within.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Html(String),
    Inner(Block),
}

impl Block {
    /// An attribute that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }

    /// An attribute that is true.
    pub(super) fn is(&self, name: &str) -> bool {
        self.attributes.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// An attribute that is a number, or text with one.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        number(self.attributes.get(name)?)
    }
}

/// A JSON value as a number, which some editors write as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// One delimiter: `<!-- wp:name {…} -->`, closing, or empty.
struct Delimiter {
    name: String,
    attributes: Value,
    closing: bool,
    empty: bool,
    end: usize,
}

/// The blocks of a text; a block that is never closed ends with the text.
pub(super) fn parse(text: &str) -> Block {
    let mut open = vec![Block::default()];
    let mut ends = Ahead::new(text, "-->");
    let (mut at, mut search) = (0, 0);
    while let Some(start) = text[search..].find("<!--").map(|next| next + search) {
        search = start + 4;
        let Some(delimiter) = delimiter(text, start, &mut ends) else {
            continue;
        };
        push_html(&mut open, &text[at..start]);
        (at, search) = (delimiter.end, delimiter.end);
        if delimiter.closing {
            if open.len() > 1 {
                close(&mut open);
            }
            continue;
        }
        let block =
            Block { name: delimiter.name, attributes: delimiter.attributes, parts: Vec::new() };
        if delimiter.empty {
            if let Some(parent) = open.last_mut() {
                parent.parts.push(Part::Inner(block));
            }
        } else {
            if open.len() >= NESTING {
                close(&mut open);
            }
            open.push(block);
        }
    }
    push_html(&mut open, &text[at..]);
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().unwrap_or_default()
}

fn push_html(open: &mut [Block], html: &str) {
    if let Some(block) = open.last_mut().filter(|_| !html.is_empty()) {
        block.parts.push(Part::Html(html.to_owned()));
    }
}

fn close(open: &mut Vec<Block>) {
    if let (Some(block), Some(parent)) = (open.pop(), open.last_mut()) {
        parent.parts.push(Part::Inner(block));
    }
}

fn delimiter(text: &str, start: usize, ends: &mut Ahead<'_>) -> Option<Delimiter> {
    let inner = text[start + 4..].trim_start();
    let (inner, closing) = inner.strip_prefix('/').map_or((inner, false), |inner| (inner, true));
    let inner = inner.strip_prefix("wp:")?;
    let length = inner
        .bytes()
        .take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_/".contains(b))
        .count();
    let name = &inner[..length];
    let named = name.starts_with(|c: char| c.is_ascii_lowercase())
        && inner[length..].starts_with(char::is_whitespace);
    if !named {
        return None;
    }
    let from = text.len() - inner.len() + length;
    let end = ends.next(from)?;
    let rest = text[from..end].trim();
    let (json, empty) =
        rest.strip_suffix('/').map_or((rest, false), |rest| (rest.trim_end(), true));
    let object = json.starts_with('{') && json.ends_with('}');
    if !json.is_empty() && !object {
        return None;
    }
    let attributes = serde_json::from_str(json).unwrap_or(Value::Null);
    let name = name.strip_prefix("core/").unwrap_or(name).to_owned();
    Some(Delimiter { name, attributes, closing, empty, end: end + 3 })
}

/// The blocks of a text as WordPress shows them.
pub(super) fn render(desk: &Desk<'_>, scope: Scope<'_>, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    inside(desk, scope, &parse(text), &mut out);
    out
}

/// What a block holds, without anything of its own.
pub(super) fn inside(desk: &Desk<'_>, scope: Scope<'_>, block: &Block, out: &mut String) {
    for part in &block.parts {
        match part {
            Part::Html(html) => out.push_str(html),
            Part::Inner(inner) => one(desk, scope, inner, out),
        }
    }
}

/// The same as text of its own.
pub(super) fn inner(desk: &Desk<'_>, scope: Scope<'_>, block: &Block) -> String {
    let mut out = String::new();
    inside(desk, scope, block, &mut out);
    out
}

/// Only the blocks in a block, without the white space between them.
pub(super) fn within(desk: &Desk<'_>, scope: Scope<'_>, block: &Block) -> String {
    let mut out = String::new();
    for part in &block.parts {
        if let Part::Inner(inner) = part {
            one(desk, scope, inner, &mut out);
        }
    }
    out
}

fn one(desk: &Desk<'_>, scope: Scope<'_>, block: &Block, out: &mut String) {
    if scope.excerpt && !in_excerpts(&block.name) {
        return;
    }
    match block.name.as_str() {
        "shortcode" => out.push_str(&autop::autop(&inner(desk, scope, block))),
        "block" => reusable(desk, scope, block, out),
        "rss" => desk.note("A block that shows another site's feed was left out.".to_owned()),
        name => match widgets::render(desk, scope, block)
            .or_else(|| query::render(desk, scope, block))
        {
            Some(html) => out.push_str(&html),
            None => {
                if block.parts.is_empty() && !SILENT.contains(&name) {
                    desk.note(format!("The block {name} is made by its plugin or theme when a page is shown, and was left out."));
                }
                inside(desk, scope, block, out);
            }
        },
    }
}

/// Blocks without anything to say in a feed, or that are empty by nature.
const SILENT: [&str; 13] = [
    "more",
    "nextpage",
    "spacer",
    "separator",
    "site-logo",
    "query-title",
    "term-description",
    "post-navigation-link",
    "post-comments-count",
    "html",
    "paragraph",
    "archive-title",
    "missing",
];

/// A block kept elsewhere for use in many posts.
fn reusable(desk: &Desk<'_>, scope: Scope<'_>, block: &Block, out: &mut String) {
    let Some(id) = block.number("ref") else {
        return;
    };
    if scope.depth >= super::DEPTH {
        return;
    }
    if let Some(post) = desk
        .whole(id)
        .filter(|post| post.kind == "wp_block" && post.status == "publish" && !post.protected)
    {
        let text = embeds::embed(post.content.as_deref().unwrap_or_default());
        out.push_str(&render(desk, Scope { depth: scope.depth + 1, ..scope }, &text));
    }
}

/// Whether a block's words may make an excerpt.
fn in_excerpts(name: &str) -> bool {
    const TEXT: [&str; 14] = [
        "",
        "freeform",
        "heading",
        "html",
        "list",
        "media-text",
        "paragraph",
        "preformatted",
        "pullquote",
        "quote",
        "table",
        "verse",
        "columns",
        "column",
    ];
    TEXT.contains(&name) || name == "group"
}

/// An attribute's text ready for HTML.
pub(super) fn escaped(block: &Block, name: &str) -> String {
    block.text(name).map(escape).unwrap_or_default()
}
