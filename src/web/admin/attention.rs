//! List of what needs attention, as sentences with a link to the page where it can be settled.

use super::nav::Section;
use super::visit::Visit;
use crate::app::Attention;
use crate::domain::time::Millis;
use crate::templates::TextValue;
use crate::templates::pages::AttentionRow;

/// Level of what keeps mail or articles from their readers.
const STUCK: &str = "bad";
/// Level of what waits for a decision.
const WAITING: &str = "warn";

/// Sentence of the catalog with its values, and the page where it can be settled.
struct Sentence {
    level: &'static str,
    key: &'static str,
    texts: Vec<(&'static str, String)>,
    count: Option<i64>,
    page: Option<(Section, String)>,
}

impl Sentence {
    fn new(level: &'static str, key: &'static str) -> Self {
        Self { level, key, texts: Vec::new(), count: None, page: None }
    }

    fn text(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.texts.push((name, text.into()));
        self
    }

    fn count(self, count: i64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Creates a sentence about an object and the time since which it needs attention.
    fn since(
        (level, key): (&'static str, &'static str),
        section: Section,
        name: &str,
        since: impl Into<String>,
    ) -> Self {
        Self::new(level, key).of(section, name).text("since", since)
    }

    /// Creates a sentence about a number of rows of a source.
    fn about_rows(key: &'static str, source: &str, count: i64) -> Self {
        Self::new(WAITING, key).of(Section::Sources, source).count(count)
    }

    /// Adds the list that has an object, whose name is a value of the sentence.
    fn list_of(self, section: Section, name: &str) -> Self {
        Self { page: Some((section, String::new())), ..self }.text("name", name)
    }

    /// Adds the page of an object, whose name is also a value of the sentence.
    fn of(self, section: Section, name: &str) -> Self {
        Self { page: Some((section, name.to_owned())), ..self }.text("name", name)
    }
}

/// Returns the row of something that needs attention; `None` if the user may not know of it.
pub(super) fn attention_row(visit: &Visit, mut attention: Attention) -> Option<AttentionRow> {
    if !attention.is_visible_to(&visit.actor) {
        return None;
    }
    if let Attention::PausedEdition(edition) = &mut attention {
        edition.title = visit.edition_title(&edition.digest, &edition.title);
    }
    if let Attention::UnconfiguredName(text) = attention {
        let level = WAITING.to_owned();
        return Some(AttentionRow { level, text, ..AttentionRow::default() });
    }
    let title = |name: &str| visit.digest_title(name);
    let sentence = sentence(attention, |time| time.in_zone(&visit.zone), title);
    let texts = sentence.texts.iter().map(|(name, text)| (*name, TextValue::Text(text)));
    let count = sentence.count.map(|count| ("count", TextValue::Number(count)));
    let values: Vec<_> = texts.chain(count).collect();
    let link = match sentence.page.as_ref().map(|(section, _)| section) {
        Some(Section::Transports) => "admin-attention-open-transport",
        Some(Section::Digests) => "admin-attention-open-digest",
        Some(Section::Editions) => "admin-attention-open-edition",
        Some(Section::Sources) => "admin-attention-open-source",
        Some(Section::Tokens) => "admin-attention-open-tokens",
        Some(Section::Webhooks) => "admin-attention-open-webhook",
        _ => "admin-attention-open",
    };
    let page = sentence.page.as_ref();
    let page = page.filter(|(section, _)| section.item().is_open_to(&visit.actor));
    let url = page.map(|(section, name)| match name.as_str() {
        "" => visit.url(section.item().path),
        name => visit.url(&format!("{}/{name}", section.item().path)),
    });
    Some(AttentionRow {
        level: sentence.level.to_owned(),
        text: visit.text(sentence.key, &values),
        url,
        link: visit.text(link, &[]),
    })
}

fn sentence(
    attention: Attention,
    time: impl Fn(Millis) -> String,
    title: impl Fn(&str) -> String,
) -> Sentence {
    match attention {
        Attention::SendingBlocked(reason) => {
            Sentence::new(STUCK, "admin-attention-blocked").text("reason", reason)
        }
        Attention::NotRunning { last_run, waiting } => not_running(last_run.map(time), waiting),
        Attention::FailingTransport(failure) => {
            let key = (STUCK, "admin-attention-transport");
            Sentence::since(key, Section::Transports, &failure.transport, time(failure.since))
                .text("error", failure.error)
        }
        Attention::OverdueMessages { transport, since } => {
            let key = (STUCK, "admin-attention-overdue");
            Sentence::since(key, Section::Transports, &transport, time(since))
        }
        Attention::UnconfiguredName(_) => Sentence::new(WAITING, "admin-attention-open"),
        Attention::PausedDigest { name, since } => {
            let key = (WAITING, "admin-attention-digest-paused");
            Sentence::since(key, Section::Digests, &name, time(since)).text("title", title(&name))
        }
        Attention::PausedEdition(edition) => {
            let key = match &edition.note {
                Some(_) => "admin-attention-paused-because",
                None => "admin-attention-paused",
            };
            Sentence::new(WAITING, key)
                .of(Section::Editions, &edition.id.to_string())
                .text("title", edition.title)
                .text("reason", edition.note.unwrap_or_default())
        }
        Attention::FailingSource(state) => Sentence::new(STUCK, "admin-attention-source")
            .of(Section::Sources, &state.name)
            .text("since", state.failing_since.map(time).unwrap_or_default())
            .text("error", state.error_without_name()),
        Attention::BlockedRemovals { source, count } => {
            Sentence::about_rows("admin-attention-removals", &source, count)
        }
        Attention::RejectedArticles { source, count } => {
            Sentence::about_rows("admin-attention-rejected", &source, count)
        }
        Attention::ExpiringToken { name, expires } => {
            Sentence::new(WAITING, "admin-attention-token")
                .list_of(Section::Tokens, &name)
                .text("expires", time(expires))
        }
        Attention::DisabledWebhook { name, since, reason } => {
            let key = (WAITING, "admin-attention-webhook-off");
            Sentence::since(key, Section::Webhooks, &name, time(since)).text("reason", reason)
        }
        Attention::FailingWebhook { name, since } => {
            let key = (WAITING, "admin-attention-webhook");
            Sentence::since(key, Section::Webhooks, &name, time(since))
        }
        Attention::FailingUploads { destination, files } => {
            Sentence::new(WAITING, "admin-attention-uploads")
                .text("name", destination)
                .count(i64::try_from(files).unwrap_or(i64::MAX))
        }
    }
}

fn not_running(since: Option<String>, waiting: i64) -> Sentence {
    match since {
        Some(since) => Sentence::new(STUCK, "admin-attention-stopped").text("since", since),
        None => Sentence::new(STUCK, "admin-attention-not-running").count(waiting),
    }
}
