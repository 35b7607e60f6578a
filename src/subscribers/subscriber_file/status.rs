//! Statuses of subscriptions in files of subscribers, in the words of many mail services.

/// Status that a file gives a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::subscribers) enum LineStatus {
    /// The person receives the newsletter.
    Subscribed,
    /// The person has not confirmed the subscription.
    Pending,
    /// The person has paused the subscription.
    Paused,
    /// The person, or an admin, has ended the subscription.
    Unsubscribed,
    /// The person has left this list, but may receive others.
    LeftList,
    /// The address must not be mailed, for a reason in one word.
    Suppressed(&'static str),
}

/// Words for each status, in lower case.
const WORDS: [(LineStatus, &[&str]); 7] = [
    (
        LineStatus::Subscribed,
        &["subscribed", "confirmed", "active", "enabled", "inactive", "已订阅", "已訂閱"],
    ),
    (LineStatus::Pending, &["pending", "unconfirmed", "not confirmed", "未确认", "未確認"]),
    (LineStatus::Paused, &["paused", "snoozed"]),
    (
        LineStatus::Unsubscribed,
        &[
            "unsubscribed",
            "disabled",
            "opted out",
            "opted-out",
            "optout",
            "opt-out",
            "nonsubscribed",
            "non-subscribed",
            "archived",
            "已退订",
            "退订",
            "已退訂",
            "退訂",
        ],
    ),
    (
        LineStatus::Suppressed("bounce"),
        &["cleaned", "bounced", "bounce", "hard bounce", "undeliverable"],
    ),
    (LineStatus::Suppressed("complaint"), &["complained", "complaint", "abuse", "spam", "junk"]),
    (
        LineStatus::Suppressed("admin"),
        &["blocklisted", "blacklisted", "blocked", "banned", "suppressed"],
    ),
];

impl LineStatus {
    /// Returns the status that a word stands for; `None` for an unknown word.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_lowercase();
        let found = WORDS.iter().find(|(_, words)| words.contains(&word.as_str()));
        found.map(|(status, _)| *status)
    }
}

/// Returns the boolean that a cell stands for; `None` for other texts.
pub(super) fn parse_flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "1" | "t" | "y" | "是" => Some(true),
        "false" | "no" | "0" | "f" | "n" | "否" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_mail_services_stand_for_statuses() {
        for (word, status) in [
            ("Subscribed", Some(LineStatus::Subscribed)),
            ("unconfirmed", Some(LineStatus::Pending)),
            (" disabled ", Some(LineStatus::Unsubscribed)),
            ("cleaned", Some(LineStatus::Suppressed("bounce"))),
            ("Complained", Some(LineStatus::Suppressed("complaint"))),
            ("blocklisted", Some(LineStatus::Suppressed("admin"))),
            ("student", None),
            ("", None),
        ] {
            assert_eq!(LineStatus::of_word(word), status, "{word}");
        }
    }
}
