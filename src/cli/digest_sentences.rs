//! Sentences about a digest's next edition: the size of its mail, and the articles that it leaves
//! out.

use super::output::pluralize;
use super::usage::UsageError;
use crate::app::App;
use crate::config::Digest;
use crate::digests::{self, GMAIL_CLIP_BYTES, MailSize};
use crate::domain::duration;
use crate::domain::left_out::{ExclusionReason, LeftOut};

/// Returns the configured digest of this name.
pub(super) fn find_digest<'a>(app: &'a App, name: &str) -> anyhow::Result<&'a Digest> {
    digests::find_digest(&app.config, name).map_err(|e| UsageError(format!("{e:#}")).into())
}

/// Returns a sentence if Gmail clips the mail of a digest, or if articles are only counted in it to
/// prevent that.
pub(super) fn size_sentence(digest: &Digest, size: MailSize) -> Option<String> {
    let limit = GMAIL_CLIP_BYTES / 1000;
    if size.is_clipped() {
        return Some(format!(
            "the HTML of the e-mail is {} kB, and Gmail clips it after {limit} kB; lower max_articles = {}, or shorten the template",
            size.html_bytes.div_ceil(1000),
            digest.max_articles
        ));
    }
    (size.unlisted_count > 0).then(|| {
        format!(
            "the e-mail does not list {}, because Gmail clips e-mails after {limit} kB",
            pluralize(size.unlisted_count, "further article")
        )
    })
}

/// Returns one clause for each reason that leaves articles out, such as `55 are older than max_age
/// = 30d`.
pub(super) fn left_out_clauses(digest: &Digest, left_out: &LeftOut) -> Vec<String> {
    left_out.iter().map(|(reason, articles)| clause(digest, reason, articles)).collect()
}

fn clause(digest: &Digest, reason: ExclusionReason, articles: u64) -> String {
    let (are, were, have) =
        if articles == 1 { ("is", "was", "has") } else { ("are", "were", "have") };
    let rest = match reason {
        ExclusionReason::MaxAge => {
            format!("{are} older than max_age = {}", duration::format(digest.max_age))
        }
        ExclusionReason::AlreadySent => format!("{were} in an earlier edition"),
        ExclusionReason::Future => format!("{have} a date after the edition"),
        ExclusionReason::OtherSection => format!("{are} in other sections"),
        ExclusionReason::OtherTag => format!("{have} none of the digest's tags"),
        ExclusionReason::OtherAuthor => format!("{are} by other authors"),
        ExclusionReason::OtherLanguage => format!("{are} in other languages"),
        ExclusionReason::OtherSource => format!("{are} from other sources"),
        ExclusionReason::StoryUnassigned => {
            format!("{are} not yet matched with their translations")
        }
        ExclusionReason::SectionNotChosen => {
            format!("{are} in sections that the subscriber did not choose")
        }
    };
    format!("{articles} {rest}")
}

/// Returns the clauses as one, for the end of a sentence; without articles at all, the reason is
/// that the database has none.
pub(super) fn left_out_summary(digest: &Digest, stories: usize, left_out: &LeftOut) -> String {
    let clauses = left_out_clauses(digest, left_out);
    match (clauses.is_empty(), stories) {
        (false, _) => format!("; left out: {}", clauses.join(", ")),
        (true, 0) => "; the database has no articles yet, see `courant sources list`".to_owned(),
        (true, _) => String::new(),
    }
}
