//! Sentences about digests: their schedule, the size of their mail, and what an edition leaves out.

use jiff::tz::TimeZone;

use super::super::visit::Visit;
use crate::config::Digest;
use crate::definitions::Dependents;
use crate::digests::{GMAIL_CLIP_BYTES, MailSize};
use crate::domain::duration;
use crate::domain::left_out::{ExclusionReason, LeftOut};
use crate::domain::schedule::Schedule;
use crate::domain::time::zone_name;

/// Returns the schedule of a digest in words, with its time zone if it is not that of the user; its
/// pattern if no short sentence can state it.
pub(in crate::web::admin) fn schedule_words(visit: &Visit, digest: &Digest) -> String {
    schedule_text(visit, &digest.schedule, &digest.timezone)
}

/// Returns a schedule in a time zone as [`schedule_words`] does for that of a digest.
pub(in crate::web::admin) fn schedule_text(
    visit: &Visit,
    schedule: &Schedule,
    timezone: &TimeZone,
) -> String {
    let templates = &visit.app().templates;
    let recurrence = schedule.recurrence();
    let text = recurrence.map_or_else(
        || schedule.as_str().to_owned(),
        |recurrence| templates.recurrence_text(&visit.client.language, &recurrence),
    );
    if *timezone == visit.zone {
        return text;
    }
    format!("{text} ({})", zone_name(timezone))
}

/// Returns a sentence for each reason that leaves articles out, the largest number first.
pub(super) fn left_out_texts(visit: &Visit, digest: &Digest, left_out: &LeftOut) -> Vec<String> {
    let max_age = duration::format(digest.max_age);
    let text = |(reason, count): (ExclusionReason, u64)| {
        let key = format!("admin-left-out-{}", reason.as_str().replace('_', "-"));
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        visit.text(&key, &[("count", count.into()), ("age", max_age.as_str().into())])
    };
    left_out.iter().map(text).collect()
}

/// Returns the size of a mail, and what Gmail does with it if it is large.
pub(in crate::web::admin) fn size_text(visit: &Visit, size: MailSize) -> String {
    let kilobytes = |bytes: usize| i64::try_from(bytes.div_ceil(1_000)).unwrap_or(i64::MAX);
    let values = [
        ("size", kilobytes(size.html_bytes).into()),
        ("limit", kilobytes(GMAIL_CLIP_BYTES).into()),
    ];
    visit.text("admin-mail-size", &values)
}

/// Returns a warning if Gmail shows a mail only in part, or if the mail lists fewer articles because of
/// that.
pub(super) fn size_warning(visit: &Visit, size: MailSize) -> Option<String> {
    if size.is_clipped() {
        return Some(visit.text("admin-mail-clipped", &[]));
    }
    let count = i64::try_from(size.unlisted_count).unwrap_or(i64::MAX);
    (count > 0).then(|| visit.text("admin-mail-unlisted", &[("count", count.into())]))
}

/// Returns sentences about what depends on a feed or digest.
pub(in crate::web::admin) fn dependent_texts(visit: &Visit, all: &Dependents) -> Vec<String> {
    let number =
        |key: &str, count: i64| (count > 0).then(|| visit.text(key, &[("count", count.into())]));
    let names = |key: &str, names: &[String]| {
        let joined = visit.app().templates.join(&visit.client.language, names);
        (!names.is_empty()).then(|| visit.text(key, &[("names", joined.as_str().into())]))
    };
    let editions: Vec<String> = all.editions_in_progress.iter().map(i64::to_string).collect();
    [
        number("admin-depends-subscriptions", all.subscriptions),
        names("admin-depends-editions", &editions),
        number("admin-depends-hub", all.hub_subscriptions),
        names("admin-depends-aliases", &all.aliases),
        names("admin-depends-destinations", &all.destinations),
    ]
    .into_iter()
    .flatten()
    .collect()
}
