//! Removes from a post what its plugins show to members only.

use super::enclosures;
use super::member_plugins::{self, VisiblePart};
use super::render;
use super::site::Post;

/// Reason for the rejection of a post of which visitors see nothing.
pub(super) const MEMBERS_ONLY: &str = "a plugin shows this post to members only";

/// Records a restriction that the metadata of a post states.
pub(super) fn add_metadata(post: &mut Post, key: &str, value: &str) {
    post.access = post.access.max(member_plugins::restriction(key, value));
}

/// Records that visitors see nothing of a post.
pub(super) fn restrict(post: &mut Post) {
    post.access = Some(VisiblePart::Nothing);
}

/// Removes what visitors do not see from the body of a post, whose metadata is known.
pub(super) fn keep_public_part(post: &mut Post, hides_unknown_enclosing: bool) {
    let layout = std::mem::take(&mut post.layout);
    if let Some(access) = post.access {
        if access == VisiblePart::Nothing {
            post.excerpt = String::new();
        } else {
            post.hidden_notes.push(
                "A plugin shows this post to members only, so its text was left out.".to_owned(),
            );
        }
        post.footnotes = String::new();
        post.file_metadata.clear();
        post.content = post.content.as_ref().map(|_| String::new());
        return;
    }
    if let Some(stored) = post.content.take() {
        let (stored, left_out) = layout.text(&stored).unwrap_or((stored, Vec::new()));
        let (content, hidden) = render::public_part(&stored, hides_unknown_enclosing);
        post.content = Some(content);
        post.hidden_notes.extend(left_out.into_iter().chain(hidden));
        enclosures::keep_public(post, &stored);
    }
    post.excerpt = render::public_part(&post.excerpt, hides_unknown_enclosing).0;
}
