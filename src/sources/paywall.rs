//! Comments in a text after which a site shows visitors nothing.

/// Contents of such comments.
const CONTENTS: [&str; 3] = ["paywall", "members-only", "subscribers-only"];

/// Note on an article whose text ends at a paywall.
pub(super) const NOTE: &str = "The text behind a paywall was left out.";

/// Returns the index of the first comment such as `<!--paywall-->`, if a text has one.
pub(super) fn start(text: &str) -> Option<usize> {
    text.match_indices("<!--").map(|(at, _)| at).find(|at| {
        let content = text[at + 4..].trim_start();
        CONTENTS.iter().any(|name| {
            content.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
                && content[name.len()..].trim_start().starts_with("-->")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_the_comment_of_a_paywall_however_it_is_written() {
        for comment in [
            "<!--paywall-->",
            "<!-- Paywall -->",
            "<!--members-only-->",
            "<!--\nSUBSCRIBERS-ONLY\n-->",
        ] {
            assert_eq!(start(&format!("公开 {comment}secret{comment}")), Some(7), "{comment}");
        }
        for text in [
            "",
            "<!--more-->",
            "<!--paywall ends-->",
            "<!--paywall",
            "&lt;!--paywall--&gt;",
            "<!--付费墙-->",
        ] {
            assert_eq!(start(text), None, "{text}");
        }
    }
}
