//! Blocks: their delimiters, the tree they form, and the rendering of each kind.

use serde_json::Value;

use super::markup::{Lookahead, escape};
use super::{RenderContext, Scope, autop, embeds, forms, podcasts, theme_blocks, widgets};

/// Maximum nesting of blocks; deeper blocks are flattened to bound the stack.
const MAX_NESTING: usize = 60;

/// A block with its parts in order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Block {
    /// `paragraph` for core blocks, `plugin/name` for others; empty for text outside blocks.
    pub(super) name: String,
    pub(super) attributes: Value,
    pub(super) parts: Vec<Part>,
}

/// Part of a block: its own HTML, or an inner block.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Html(String),
    Inner(Block),
}

impl Block {
    /// Returns an attribute as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }

    /// Returns `true` if the attribute is true.
    pub(super) fn is(&self, name: &str) -> bool {
        self.attributes.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Returns an attribute that is a number, or text that contains one.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        number(self.attributes.get(name)?)
    }
}

/// Returns a JSON value as a number; some editors write numbers as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A block delimiter: `<!-- wp:name {…} -->`, closing, or self-closing.
pub(super) struct Delimiter {
    pub(super) name: String,
    pub(super) attributes: Value,
    pub(super) closing: bool,
    pub(super) self_closing: bool,
    /// Position after the delimiter.
    pub(super) end: usize,
}

/// Parses the blocks of a text; an unclosed block ends with the text.
pub(super) fn parse(text: &str) -> Block {
    let mut open = vec![Block::default()];
    let mut ends = Lookahead::new(text, "-->");
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
        if delimiter.self_closing {
            if let Some(parent) = open.last_mut() {
                parent.parts.push(Part::Inner(block));
            }
        } else {
            if open.len() >= MAX_NESTING {
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

/// Returns the block delimiter that begins at `start`; `None` if it is another comment.
pub(super) fn delimiter(text: &str, start: usize, ends: &mut Lookahead<'_>) -> Option<Delimiter> {
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
    // WordPress 5.5 and earlier named an embed after the site that it shows.
    let name = if name.starts_with("core-embed/") {
        "embed"
    } else {
        name.strip_prefix("core/").unwrap_or(name)
    };
    let name = name.to_owned();
    Some(Delimiter { name, attributes, closing, self_closing: empty, end: end + 3 })
}

/// Renders the blocks of a text.
pub(super) fn render(context: &RenderContext<'_>, scope: Scope<'_>, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    render_children(context, scope, &parse(text), &mut out);
    out
}

/// Renders the parts of a block without the block itself.
pub(super) fn render_children(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
    out: &mut String,
) {
    for part in &block.parts {
        if context.is_too_large() {
            return;
        }
        match part {
            Part::Html(html) => {
                context.count(html);
                out.push_str(html);
            }
            Part::Inner(inner) => render_block(context, scope, inner, out),
        }
    }
}

/// Returns the rendered parts of a block.
pub(super) fn children_html(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
) -> String {
    let mut out = String::new();
    render_children(context, scope, block, &mut out);
    out
}

/// Returns the rendered inner blocks of a block, without the white space between them.
pub(super) fn child_blocks_html(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    block: &Block,
) -> String {
    let mut out = String::new();
    for part in &block.parts {
        if let Part::Inner(inner) = part {
            render_block(context, scope, inner, &mut out);
        }
    }
    out
}

fn render_block(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block, out: &mut String) {
    if context.is_too_large() {
        return;
    }
    if scope.excerpt && !is_allowed_in_excerpts(&block.name) {
        return;
    }
    match block.name.as_str() {
        "shortcode" => out.push_str(&autop::autop(&children_html(context, scope, block))),
        "block" => reusable_block(context, scope, block, out),
        name if forms::is_form(name) => {
            context.note(format!("The block {name} is a form and was left out."));
        }
        "file" => out.push_str(&without_preview(&children_html(context, scope, block))),
        "rss" => context.note("A block that shows another site's feed was left out.".to_owned()),
        name => match widgets::render(context, scope, block)
            .or_else(|| theme_blocks::render(context, scope, block))
            .or_else(|| podcasts::block_player(block))
        {
            Some(html) => {
                // The text of inner blocks has been counted already.
                if block.parts.is_empty() {
                    context.count(&html);
                }
                out.push_str(&html);
            }
            None => {
                if block.parts.is_empty() && !BLOCKS_WITHOUT_NOTE.contains(&name) {
                    context.note(format!(
                        "The block {name} is rendered by its plugin or theme, and was left out."
                    ));
                }
                render_children(context, scope, block, out);
            }
        },
    }
}

/// Blocks that may be empty; no note reports them.
const BLOCKS_WITHOUT_NOTE: [&str; 13] = [
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

/// Returns the HTML of a file block without its preview, which shows the file that it links to.
fn without_preview(html: &str) -> String {
    match (html.find("<object"), html.find("</object>")) {
        (Some(start), Some(end)) if start < end && html.contains("<a ") => {
            format!("{}{}", &html[..start], &html[end + "</object>".len()..])
        }
        _ => html.to_owned(),
    }
}

/// Renders a reusable block, which is stored as a post of its own.
fn reusable_block(context: &RenderContext<'_>, scope: Scope<'_>, block: &Block, out: &mut String) {
    let Some(id) = block.number("ref") else {
        return;
    };
    if scope.depth >= super::MAX_DEPTH {
        return;
    }
    if let Some(post) = context
        .post_with_body(id)
        .filter(|post| post.kind == "wp_block" && post.status == "publish" && !post.protected)
    {
        for sentence in &post.hidden_notes {
            context.note(sentence.clone());
        }
        let text = embeds::embed(post.content.as_deref().unwrap_or_default());
        out.push_str(&render(context, Scope { depth: scope.depth + 1, ..scope }, &text));
    }
}

/// Returns `true` if the text of a block may be part of an excerpt.
fn is_allowed_in_excerpts(name: &str) -> bool {
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

/// Returns the text of an attribute, escaped for HTML.
pub(super) fn escaped(block: &Block, name: &str) -> String {
    block.text(name).map(escape).unwrap_or_default()
}
