//! Values with which programs state that an entry of a feed is not public.

/// Reason why an entry that a program has scheduled and not published is not a public post.
pub(super) const SCHEDULED: &str = "scheduled";

/// Returns the reason why a value with this name states that its entry is not public; `None` if it
/// does not. The name may have a prefix.
pub(super) fn stated_reason(name: &str, value: &str) -> Option<&'static str> {
    let name = plain(name.rsplit(':').next().unwrap_or_default());
    let value = plain(value);
    let is_true = matches!(value.as_str(), "true" | "yes" | "1");
    let is_false = matches!(value.as_str(), "false" | "no" | "0");
    match name.as_str() {
        "draft" | "isdraft" => is_true.then_some("drafts"),
        "published" | "ispublished" => is_false.then_some("drafts"),
        "public" | "ispublic" => is_false.then_some("private"),
        "private" | "isprivate" | "hidden" | "ishidden" | "membersonly" => {
            is_true.then_some("private")
        }
        "status" | "state" | "poststatus" | "visibility" | "privacy" | "access" | "audience"
        | "security" | "accessrights" => reason_of_state(&value),
        _ => None,
    }
}

fn reason_of_state(state: &str) -> Option<&'static str> {
    Some(match state {
        "draft" | "drafts" | "unpublished" => "drafts",
        "pending" | "pendingreview" | "inreview" | "review" => "pending review",
        "scheduled" | "future" | "queued" => SCHEDULED,
        "trash" | "trashed" | "deleted" | "removed" | "blocked" => "in the trash",
        "private" | "hidden" | "unlisted" | "internal" | "restricted" | "closed" | "friends"
        | "usemask" | "members" | "membersonly" | "subscribers" | "paid" | "onlypaid"
        | "paidonly" | "tiers" | "protected" => "private",
        "password" | "passwordprotected" => "password-protected",
        _ => return None,
    })
}

/// Returns a short text in lower case, without the characters that separate its words.
fn plain(text: &str) -> String {
    const MAX_CHARS: usize = 40;
    let text = text.trim().chars().take(MAX_CHARS);
    text.filter(|c| !matches!(c, ' ' | '-' | '_' | '.')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_hide_an_entry_are_detected() {
        for (name, value, expected) in [
            ("draft", "true", Some("drafts")),
            ("draft", "false", None),
            ("is_published", "false", Some("drafts")),
            ("cms:status", " Pending Review ", Some("pending review")),
            ("lj:security", "friends", Some("private")),
            ("dcterms:accessRights", "Restricted", Some("private")),
            ("audience", "only_paid", Some("private")),
            ("published", "2026-11-01T10:00:00Z", None),
            ("status", "published", None),
            ("event:status", "confirmed", None),
            ("title", "draft", None),
            ("state", "Bavaria", None),
            ("visibility", "public", None),
        ] {
            assert_eq!(stated_reason(name, value), expected, "{name} = {value}");
        }
    }
}
