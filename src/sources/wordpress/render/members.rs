//! Removes what plugins show to members only from the stored text of a post.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::blocks;
use super::encoded;
use super::markup::Lookahead;
use super::member_tags::{MemberShortcodeTag, closing_tag_ends};
use super::shortcodes;
use super::tag_ends::TagEnds;
use crate::sources::paywall;
use crate::sources::wordpress::member_plugins::{
    EnclosedContent, enclosed_by_block, enclosed_by_shortcode,
};

/// Text marker after which the plugin Steady shows nothing to visitors.
const STEADY_MARKER: &str = "___STEADY_PAYWALL___";

/// Parts of a text that visitors do not see, with one sentence for each cause.
#[derive(Default)]
struct HiddenParts {
    ranges: Vec<(usize, usize)>,
    notes: BTreeSet<String>,
}

/// Reason why a part of a text is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// A plugin in the table hides it.
    Known,
    /// A condition that is not evaluated may hide it.
    Conditional,
    /// An unknown plugin may hide it.
    Unknown,
}

impl Cause {
    /// Returns the cause for which a rule hides content; `None` if it shows it.
    fn of(rule: EnclosedContent, hides_unknown_enclosing: bool) -> Option<Self> {
        match rule {
            EnclosedContent::Hidden | EnclosedContent::EndsText => Some(Self::Known),
            EnclosedContent::Conditional if hides_unknown_enclosing => Some(Self::Conditional),
            EnclosedContent::Unknown if hides_unknown_enclosing => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// Returns the part of a stored text that visitors see, and one sentence for each kind of omission.
/// `hides_unknown_enclosing` hides what unknown plugins enclose.
pub(in crate::sources::wordpress) fn public_part(
    text: &str,
    hides_unknown_enclosing: bool,
) -> (String, Vec<String>) {
    let (visible, mut notes) = without_hidden_parts(text, hides_unknown_enclosing);
    // Encoded text may contain shortcodes and blocks for members, too.
    let Cow::Owned(decoded) = encoded::decode(&visible) else { return (visible, notes) };
    let (visible, more) = without_hidden_parts(&decoded, hides_unknown_enclosing);
    notes.extend(more);
    notes.sort();
    notes.dedup();
    (visible, notes)
}

fn without_hidden_parts(text: &str, hides_unknown_enclosing: bool) -> (String, Vec<String>) {
    let mut hidden = HiddenParts::default();
    hidden.hide_blocks(text, hides_unknown_enclosing);
    hidden.hide_shortcodes(text, hides_unknown_enclosing);
    for at in [text.find(STEADY_MARKER), paywall::start(text)].into_iter().flatten() {
        hidden.ranges.push((at, text.len()));
        hidden.notes.insert(paywall::NOTE.to_owned());
    }
    hidden.ranges.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in hidden.ranges {
        if start > at {
            out.push_str(&text[at..start]);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    (out, hidden.notes.into_iter().collect())
}

impl HiddenParts {
    /// Adds the blocks that members see, and the text after a paywall.
    fn hide_blocks(&mut self, text: &str, hides_unknown_enclosing: bool) {
        let mut ends = Lookahead::new(text, "-->");
        // Start of the hidden block, its name, and the number of open blocks of that name.
        let mut open: Option<(usize, String, u32, Cause)> = None;
        let mut search = 0;
        while let Some(start) = text[search..].find("<!--").map(|next| next + search) {
            search = start + 4;
            let Some(found) = blocks::delimiter(text, start, &mut ends) else { continue };
            search = found.end;
            let rule = enclosed_by_block(&found.name, &found.attributes);
            if rule == EnclosedContent::EndsText && !found.closing {
                self.ranges.push((start, text.len()));
                self.notes.insert(format!(
                    "The text after the block {} was left out, because it is a paywall.",
                    found.name
                ));
            }
            if let Some((from, name, depth, cause)) = &mut open {
                if *name == found.name && !found.self_closing {
                    *depth = if found.closing { *depth - 1 } else { *depth + 1 };
                }
                if *depth == 0 {
                    self.hide("block", name, (*from, found.end), *cause);
                    open = None;
                }
                continue;
            }
            let cause = Cause::of(rule, hides_unknown_enclosing)
                .filter(|_| !found.closing && rule != EnclosedContent::EndsText);
            match cause {
                // The renderer leaves out empty blocks of plugins.
                None => {}
                Some(Cause::Unknown) if found.self_closing => {}
                Some(cause) if found.self_closing => {
                    self.hide("block", &found.name, (start, found.end), cause);
                }
                Some(cause) => open = Some((start, found.name, 1, cause)),
            }
        }
        if let Some((from, name, _, cause)) = open {
            self.hide("block", &name, (from, text.len()), cause);
        }
    }

    /// Adds the shortcodes that members see, from the first opening tag to the matching closing one;
    /// the text ends at a known one without a closing tag.
    fn hide_shortcodes(&mut self, text: &str, hides_unknown_enclosing: bool) {
        let mut close = Lookahead::new(text, "]");
        let mut quoted = TagEnds::new(text);
        let readable = shortcodes::text_ranges(text);
        let closing_ends = closing_tag_ends(text);
        let mut spans: BTreeMap<&str, ShortcodeSpan> = BTreeMap::new();
        for (start, _) in text.match_indices('[') {
            let Some(tag) = MemberShortcodeTag::parse(text, start, &mut close, &mut quoted) else {
                continue;
            };
            let rule = enclosed_by_shortcode(tag.name, tag.attributes);
            let place = readable.partition_point(|(from, _)| *from <= start);
            let in_text = place > 0 && readable[place - 1].1 >= start;
            let cause = match Cause::of(rule, hides_unknown_enclosing) {
                Some(Cause::Unknown) if !in_text || shortcodes::is_core(tag.name) => None,
                // The closing tag of a row that is switched off has no attributes, and rows in it may
                // have others.
                None => spans.get(tag.name).and_then(|span| span.from).map(|(_, cause)| cause),
                cause => cause,
            };
            let Some(cause) = cause else { continue };
            if text[..start].ends_with('[') && !tag.closing {
                // WordPress reads such a tag up to the first closing one, whatever is between them.
                if let Some(end) = tag.end_if_not_literal(text, &closing_ends)
                    && !tag.self_closing
                {
                    let name = format!("[{}]", tag.name);
                    self.hide("shortcode", &name, (start, end), cause);
                }
                continue;
            }
            let span = spans.entry(tag.name).or_default();
            if tag.closing {
                span.last_end = tag.end;
                span.depth = span.depth.saturating_sub(1);
                if span.depth == 0
                    && let Some((from, cause)) = span.from.take()
                {
                    self.hide("shortcode", &format!("[{}]", tag.name), (from, tag.end), cause);
                }
            } else if !tag.self_closing {
                span.from.get_or_insert((start, cause));
                span.depth += 1;
            }
        }
        for (name, span) in spans {
            let Some((from, cause)) = span.from else { continue };
            if cause == Cause::Known {
                self.hide("shortcode", &format!("[{name}]"), (from, text.len()), cause);
            } else if span.last_end > from {
                self.hide("shortcode", &format!("[{name}]"), (from, span.last_end), cause);
            }
        }
    }

    fn hide(&mut self, kind: &str, name: &str, range: (usize, usize), cause: Cause) {
        self.ranges.push(range);
        let reason = match cause {
            Cause::Known => {
                self.notes.insert(format!(
                    "The {kind} {name} hides its content from visitors, so both were left out."
                ));
                return;
            }
            Cause::Conditional => "has a condition",
            Cause::Unknown => "is unknown",
        };
        self.notes.insert(format!(
            "The {kind} {name} {reason} and may hide its content from visitors, so both were left out; unknown_enclosing = \"show\" publishes the content."
        ));
    }
}

/// Opening and closing tags of one shortcode that are not matched yet.
#[derive(Default)]
struct ShortcodeSpan {
    /// First opening tag, and the cause for which it hides content.
    from: Option<(usize, Cause)>,
    depth: u32,
    /// End of the last closing tag.
    last_end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_ends_at_a_paywall() {
        for marker in ["<!--paywall-->", "<!-- members-only -->", "___STEADY_PAYWALL___"] {
            let (visible, notes) = public_part(&format!("<p>Free.</p>{marker}<p>Paid.</p>"), false);
            assert_eq!((visible.as_str(), notes.len()), ("<p>Free.</p>", 1), "{marker}");
        }
    }

    #[test]
    fn content_for_members_is_left_out_in_every_notation() {
        for written in [
            "Open. [membership level=\"1\"]HIDDEN[/membership] End.",
            "Open. [restrict message=\"see [here]\"]HIDDEN[/restrict] End.",
            "Open. [unheard_of note=\"and/or [1/]\"]HIDDEN[/unheard_of] End.",
            "Open. [vc_row title=\"[1]\" disable_element=\"yes\"]HIDDEN[/vc_row] End.",
            "Open. [um_loggedin]<pre>HIDDEN</pre>[um_loggedin]HIDDEN[/um_loggedin]HIDDEN[/um_loggedin] End.",
            "Open. [unheard_of]HIDDEN[/unheard_of] End.",
            "Open. [vc_row disable_element=\"yes\"]HIDDEN[/vc_row] End.",
            "Open. <!-- wp:premium-content/subscriber-view --><p>HIDDEN</p><!-- /wp:premium-content/subscriber-view --> End.",
            "Open. <!-- wp:club/inner --><!-- wp:club/inner -->HIDDEN<!-- /wp:club/inner -->HIDDEN<!-- /wp:club/inner --> End.",
            "Open. <!-- wp:paragraph {\"metadata\":{\"blockVisibility\":false}} -->HIDDEN<!-- /wp:paragraph --> End.",
            "Open. <!-- wp:group {\"visibilityBlockEnabled\":true} -->HIDDEN<!-- /wp:group --> End.",
            "Open. <!-- wp:group {\"visibilityBlockEnabled\":true,\"levels\":[\"1\"],\"invert_restrictions\":\"1\"} -->HIDDEN<!-- /wp:group --> End.",
            "Open. [学员可见]HIDDEN[/学员可见] End.",
            "Open. [vip.area]HIDDEN[/vip.area] End.",
            "Open. [ws:club level=\"2\"]HIDDEN[/ws:club] End.",
            "Open. [3stars]HIDDEN[/3stars] End.",
            "Open. [et_pb_text display_conditions=\"W3siaWQiOjF9XQ==\"]HIDDEN[/et_pb_text] End.",
            "Open. [fusion_builder_container status=\"draft\"][fusion_text]HIDDEN[/fusion_text][/fusion_builder_container] End.",
            "Open. [vc_row disable_element=\"yes\"][vc_row]HIDDEN[/vc_row]HIDDEN[/vc_row] End.",
            "Open. <!-- wp:uagb/container {\"UAGLoggedOut\":true} -->HIDDEN<!-- /wp:uagb/container --> End.",
            "Open. <!-- wp:group {\"otterConditions\":[[{\"type\":\"loggedInUser\"}]]} -->HIDDEN<!-- /wp:group --> End.",
            "Open. <!-- wp:block {\"ref\":7,\"blockLogic\":\"is_user_logged_in()\"} /--> End.",
            "Open. [_s2If current_user_can(access_s2member_level1)]HIDDEN[/_s2If] End.",
            "Open. <!-- wp:group {\"blockVisibility\":{\"controlSets\":[{\"controls\":{\"userRole\":{\"visibilityByRole\":\"logged-in\"}}}]}} -->HIDDEN<!-- /wp:group --> End.",
        ] {
            let (shown, notes) = public_part(written, true);
            assert_eq!(shown, "Open.  End.", "{written}");
            assert_eq!(notes.len(), 1, "{written}");
            assert!(notes[0].contains("left out"), "{notes:?}");
        }
    }

    #[test]
    fn doubled_brackets_are_text_only_if_both_ends_have_them() {
        for (written, expected) in [
            ("[[members_only]]HIDDEN[/members_only] End.", "[ End."),
            ("[[members_only]] and [members_only]HIDDEN[/members_only] End.", "[ End."),
            (
                "[[private]] a [private]HIDDEN[/private] b [private]HIDDEN[/private] End.",
                "[ b  End.",
            ),
            (
                "[[members_only]Text[/members_only]] End.",
                "[[members_only]Text[/members_only]] End.",
            ),
            ("Write [[members_only]] to hide.", "Write [[members_only]] to hide."),
        ] {
            assert_eq!(public_part(written, true).0, expected);
        }
    }

    #[test]
    fn encoded_content_for_members_is_left_out() {
        use base64::Engine as _;
        let html = "<p>For all.</p>[members_only]HIDDEN[/members_only]";
        let word = base64::engine::general_purpose::STANDARD.encode(html);
        let written = format!("Open. [fusion_code]{word}[/fusion_code]");
        let (shown, notes) = public_part(&written, true);
        assert_eq!(shown, "Open. [fusion_code]<p>For all.</p>[/fusion_code]");
        assert_eq!(notes.len(), 1, "{notes:?}");
    }

    #[test]
    fn the_text_ends_at_a_paywall_and_at_an_unclosed_shortcode_for_members() {
        for written in [
            "Open. <!-- wp:jetpack/paywall /--> HIDDEN",
            "Open. <!-- wp:memberful/paywall-divider /--> HIDDEN",
            "Open. [members_only] HIDDEN",
            "Open. ___STEADY_PAYWALL___ HIDDEN",
            "Open. <!-- wp:pmpro/membership --> HIDDEN",
        ] {
            assert_eq!(public_part(written, true).0, "Open. ", "{written}");
        }
    }

    #[test]
    fn content_that_visitors_see_is_kept() {
        for written in [
            "<!-- wp:group {\"visibilityBlockEnabled\":true,\"segment\":\"specific\",\"levels\":[\"1\"],\"invert_restrictions\":\"1\"} -->Join.<!-- /wp:group -->",
            "[vc_row][vc_column]Text[/vc_column][/vc_row] [um_loggedout]Log in.[/um_loggedout]",
            "[图一] 左：楼。[1] [2] [3] 见[注：此处] [http://a.example/] [fusion_text logics=\"\"]Text[/fusion_text]",
            "[caption id=\"a\"]Text[/caption] a [sic] and [1] [[restrict]] <code>[foo]x[/foo]</code>",
            "<!-- wp:kadence/column -->Text<!-- /wp:kadence/column --><!-- wp:shop/cart /-->",
            "<!-- wp:premium-content/container --><!-- wp:premium-content/logged-out-view -->Log in.<!-- /wp:premium-content/logged-out-view --><!-- /wp:premium-content/container -->",
        ] {
            assert_eq!(public_part(written, true), (written.to_owned(), Vec::new()));
        }
        let unknown =
            "[unheard_of]Text[/unheard_of] <!-- wp:club/inner -->Text<!-- /wp:club/inner -->";
        assert_eq!(public_part(unknown, false).0, unknown);
    }

    #[test]
    fn many_tags_take_linear_time() {
        let text = "[unheard_of a=\"[\" ".repeat(50_000) + &"[/unheard_of".repeat(50_000);
        public_part(&text, true);
        public_part(&"<!-- wp:club/inner -->".repeat(50_000), true);
        public_part(&format!("{}]", "[vc_row a=1 b=2 ".repeat(50_000)), true);
    }
}
