//! Sentences about a digest's next edition: the size of its mail.

use super::output::pluralize;
use crate::config::Digest;
use crate::digests::{GMAIL_CLIP_BYTES, MailSize};

/// Returns a sentence if Gmail clips the mail of a digest, or if articles were left out to prevent
/// that.
pub(super) fn size_sentence(digest: &Digest, size: MailSize) -> Option<String> {
    let limit = GMAIL_CLIP_BYTES / 1000;
    if size.is_clipped() {
        return Some(format!(
            "the HTML of the mail has {} kB, and Gmail clips it after {limit} kB; lower max_articles = {}, or shorten the template",
            size.html_bytes.div_ceil(1000),
            digest.max_articles
        ));
    }
    (size.omitted > 0).then(|| {
        format!(
            "the mail counts {} without listing them, because Gmail clips mails after {limit} kB",
            pluralize(size.omitted, "further article")
        )
    })
}
