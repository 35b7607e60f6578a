//! Excerpts: those written by an editor, and the automatic ones in blocks that list posts.

use super::markup::{Token, strip_tags, tag_name, tokenize};
use super::{RenderContext, Scope, autop, content, shortcodes, texturize};
use crate::sources::wordpress::site::Post;

/// Returns an editor's excerpt as HTML.
pub(in crate::sources::wordpress) fn excerpt(written: &str) -> String {
    let (written, _) = shortcodes::without_plugin_shortcodes(written.trim());
    autop::autop(&texturize::texturize(written.trim())).trim().to_owned()
}

/// Returns the excerpt of a post with at most `words` words, as HTML without paragraphs.
pub(super) fn automatic_excerpt(
    context: &RenderContext<'_>,
    scope: Scope<'_>,
    post: &Post,
    words: usize,
) -> String {
    if post.protected {
        return "There is no excerpt because this is a protected post.".to_owned();
    }
    if !post.excerpt.trim().is_empty() {
        return texturize::texturize(post.excerpt.trim());
    }
    if scope.depth >= super::MAX_DEPTH {
        return String::new();
    }
    let whole = if post.content.is_some() { Some(post) } else { context.post_with_body(post.id) };
    let Some(written) = whole.and_then(|post| post.content.as_deref()) else {
        return String::new();
    };
    if context.is_too_large() {
        return String::new();
    }
    let written = shortcodes::expand(written, &shortcodes::CORE_SHORTCODES, &mut |_, _, _| {
        Some(String::new())
    });
    let inner = Scope { post, query: None, excerpt: true, depth: scope.depth + 1 };
    shortened(&content(context, inner, &written), words)
}

/// Returns the first words of HTML, without tags.
fn shortened(html: &str, words: usize) -> String {
    let text = strip_tags(&without_scripts(html));
    let mut all = text.split(['\n', '\r', '\t', ' ']).filter(|word| !word.is_empty());
    let mut out = all.by_ref().take(words).collect::<Vec<_>>().join(" ");
    if all.next().is_some() {
        out.push_str(" [&hellip;]");
    }
    out
}

fn without_scripts(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut within: Option<String> = None;
    for piece in tokenize(html) {
        let (Token::Text(text) | Token::Tag(text) | Token::Comment(text)) = piece;
        let (name, closing) =
            if matches!(piece, Token::Tag(_)) { tag_name(text) } else { (String::new(), false) };
        if closing && within.as_ref() == Some(&name) {
            within = None;
        } else if within.is_none() && !closing && matches!(name.as_str(), "script" | "style") {
            within = Some(name);
        } else if within.is_none() {
            out.push_str(text);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_after_the_word_limit() {
        assert_eq!(
            shortened("<p>One <b>two</b></p>\n<script>x()</script><p>three</p>", 2),
            "One two [&hellip;]"
        );
        assert_eq!(shortened("<p>One</p>", 2), "One");
        assert_eq!(excerpt("It's \"new\""), "<p>It&#8217;s &#8220;new&#8221;</p>");
    }
}
