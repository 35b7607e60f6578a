//! Access rules inside a post: the paywall marker, and blocks for members or for visitors only.

use std::borrow::Cow;

use crate::config::Members;
use crate::sources::paywall;

/// Beginning of the markers around a block for members or for visitors only.
const GATED_BLOCK: &str = "<!--kg-gated-block:";
/// Marker at the end of such a block, up to its `-->`.
const GATED_BLOCK_END: &str = "<!--kg-gated-block:end";

/// Returns the part of a body that readers may see under the source's `members` setting.
pub(super) fn visible_part(html: &str, is_public: bool, members: Members) -> Cow<'_, str> {
    if members == Members::Full {
        return Cow::Borrowed(html);
    }
    let html = match paywall::start(html) {
        _ if is_public => html,
        Some(end) => &html[..end],
        None => "",
    };
    if html.contains(GATED_BLOCK) {
        Cow::Owned(without_members_blocks(html))
    } else {
        Cow::Borrowed(html)
    }
}

/// Removes the blocks that are visible to members only, with the blocks inside them.
fn without_members_blocks(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    // For each open block `true` if its content is visible.
    let mut open: Vec<bool> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(GATED_BLOCK) {
        let (before, marker) = rest.split_at(at);
        if open.iter().all(|is_visible| *is_visible) {
            out.push_str(before);
        }
        let Some((terms, after)) = marker.split_once("-->") else { return out };
        if terms == GATED_BLOCK_END {
            open.pop();
        } else {
            open.push(terms.contains("nonMember:true"));
        }
        rest = after;
    }
    // A block without an end may contain members-only text.
    if open.is_empty() {
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POST: &str = "<p>a</p><!--kg-gated-block:begin nonMember:false memberSegment:\"status:free\" --><p>b</p><!--kg-gated-block:end-->\
        <!--kg-gated-block:begin nonMember:true memberSegment:\"\" --><p>c</p><!--kg-gated-block:end--><!--members-only--><p>d</p>";

    #[test]
    fn visitors_see_the_text_before_the_paywall_and_the_blocks_for_non_members() {
        assert_eq!(visible_part(POST, false, Members::Preview), "<p>a</p><p>c</p>");
        assert_eq!(visible_part("<p>no mark</p>", false, Members::Preview), "");
        assert_eq!(
            visible_part(POST, true, Members::Hidden),
            "<p>a</p><p>c</p><!--members-only--><p>d</p>"
        );
        assert_eq!(visible_part(POST, false, Members::Full), POST);
    }

    #[test]
    fn a_gated_block_without_an_end_is_hidden() {
        for broken in [
            "<p>a</p><!--kg-gated-block:begin nonMember:true --><p>b</p>",
            "<p>a</p><!--kg-gated-block:begin nonMember:false",
        ] {
            assert_eq!(visible_part(broken, true, Members::Hidden), "<p>a</p>");
        }
    }

    proptest! {
        #[test]
        fn visitors_never_see_text_after_the_paywall(text in "(<p>|<!--kg-gated-block:begin |nonMember:(true|false) -->|<!--kg-gated-block:end-->|-->|校){0,20}") {
            let post = format!("{text}<!--members-only-->secret");
            prop_assert!(!visible_part(&post, false, Members::Preview).contains("secret"));
        }
    }
}
