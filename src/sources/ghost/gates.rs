//! Which parts of a post are for whom: the preview's mark, and blocks for members or visitors alone.

use std::borrow::Cow;

use crate::config::Members;

/// What stands before it is everybody's.
const PREVIEW_ENDS: &str = "<!--members-only-->";
const BLOCK: &str = "<!--kg-gated-block:begin ";
const BLOCK_ENDS: &str = "<!--kg-gated-block:end-->";

/// The part of a body that those may read for whom articles are made.
pub(super) fn opened(html: &str, is_public: bool, members: Members) -> Cow<'_, str> {
    if members == Members::Full {
        return Cow::Borrowed(html);
    }
    let html = match html.find(PREVIEW_ENDS) {
        _ if is_public => html,
        Some(end) => &html[..end],
        None => "",
    };
    if html.contains(BLOCK) { Cow::Owned(for_visitors(html)) } else { Cow::Borrowed(html) }
}

/// Without the blocks that are for members alone.
fn for_visitors(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, block)) = rest.split_once(BLOCK) {
        out.push_str(before);
        let ended = block
            .split_once("-->")
            .and_then(|(terms, after)| Some((terms, after.split_once(BLOCK_ENDS)?)));
        let Some((terms, (content, after))) = ended else {
            // What a block without its end holds may be meant for members.
            return out;
        };
        if terms.contains("nonMember:true") {
            out.push_str(content);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POST: &str = "<p>a</p><!--kg-gated-block:begin nonMember:false memberSegment:\"status:free\" --><p>b</p><!--kg-gated-block:end-->\
        <!--kg-gated-block:begin nonMember:true memberSegment:\"\" --><p>c</p><!--kg-gated-block:end--><!--members-only--><p>d</p>";

    #[test]
    fn visitors_see_what_comes_before_the_mark_and_the_blocks_that_are_theirs() {
        assert_eq!(opened(POST, false, Members::Preview), "<p>a</p><p>c</p>");
        assert_eq!(opened("<p>no mark</p>", false, Members::Preview), "");
        assert_eq!(
            opened(POST, true, Members::Hidden),
            "<p>a</p><p>c</p><!--members-only--><p>d</p>"
        );
        assert_eq!(opened(POST, false, Members::Full), POST);
    }

    #[test]
    fn a_block_without_its_end_is_kept_back() {
        for broken in [
            "<p>a</p><!--kg-gated-block:begin nonMember:true --><p>b</p>",
            "<p>a</p><!--kg-gated-block:begin nonMember:false",
        ] {
            assert_eq!(opened(broken, true, Members::Hidden), "<p>a</p>");
        }
    }

    proptest! {
        #[test]
        fn what_stands_behind_the_mark_is_never_a_visitors(text in "(<p>|<!--kg-gated-block:begin |nonMember:(true|false) -->|<!--kg-gated-block:end-->|-->|校){0,20}") {
            let post = format!("{text}{PREVIEW_ENDS}secret");
            prop_assert!(!opened(&post, false, Members::Preview).contains("secret"));
        }
    }
}
