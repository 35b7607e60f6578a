//! Choices of a subscriber, as the confirmation e-mail and page repeat them.

use serde::Serialize;

/// Digests, sections and language that somebody subscribes to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SubscriptionChoices {
    /// Digests, in the order of the configuration.
    pub digests: Vec<ChosenDigest>,
    /// Chosen sections, joined in words; `None` for all sections.
    pub sections: Option<String>,
    /// `true` if the site has sections, so that "all sections" means something.
    pub shows_all_sections: bool,
    /// Native name of the language of the e-mails; `None` if there is no choice.
    pub language: Option<String>,
}

/// Digest that somebody subscribes to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ChosenDigest {
    /// Title of the digest.
    pub title: String,
    /// Sentence that states how often it is sent; `None` if no short one does.
    pub schedule_text: Option<String>,
    /// Localized date of the next edition; `None` if unknown, or while the digest is paused.
    pub next_date_text: Option<String>,
    /// `true` while an admin has paused the digest.
    pub is_paused: bool,
}

impl SubscriptionChoices {
    /// Returns choices with all optional values, and minimal ones.
    pub(super) fn samples() -> [Self; 2] {
        let digest = |title: &str, is_full: bool| ChosenDigest {
            title: title.into(),
            schedule_text: is_full.then(|| "Every Monday at 8:00".into()),
            next_date_text: is_full.then(|| "28 September 2026, 8:00 (Asia/Shanghai)".into()),
            is_paused: !is_full,
        };
        let full = Self {
            digests: vec![
                digest("The week at Linden Valley", true),
                digest("Every morning", false),
            ],
            sections: Some("Campus and Workshops".into()),
            shows_all_sections: true,
            language: Some("English".into()),
        };
        let minimal = Self { digests: vec![digest("林谷一周", false)], ..Self::default() };
        [full, minimal]
    }
}
