//! Choices of the fields: known names, values of selections, languages, and proposed schedules.

use serde_json::{Map, Value};

use super::super::visit::Visit;
use super::fields::{Names, Values};
use super::values::elements;
use crate::app::App;
use crate::domain::schedule::Schedule;
use crate::domain::selection::TermKind;
use crate::templates::pages::{FieldOption, FieldText};
use crate::web::error::WebResult;

/// Number of sections that are offered.
const MAX_SECTIONS: i64 = 40;
/// Cron patterns that are proposed, with their meaning in words; simpler fields state the usual ones.
const SCHEDULES: [&str; 4] =
    ["0 8,16 * * MON-FRI", "0 9 1,15 * *", "0 9 * * TUE#2", "0 9 * * FRIL"];

/// Returns the known names and those that are chosen.
pub(super) async fn choices(
    visit: &Visit,
    app: &App,
    names: Names,
    value: Option<&Value>,
) -> WebResult<Vec<FieldOption>> {
    let chosen = elements(value);
    let mut known: Vec<String> = match names {
        Names::Sources => app.config.sources.iter().map(|source| source.name.clone()).collect(),
        Names::Sections => {
            let terms = app.store.terms().list(TermKind::Section, MAX_SECTIONS, visit.now).await?;
            terms.into_iter().map(|term| term.name).collect()
        }
    };
    let is_among = |names: &[String], name: &str| {
        names.iter().any(|one| one.to_lowercase() == name.to_lowercase())
    };
    let unknown: Vec<String> =
        chosen.iter().filter(|name| !is_among(&known, name)).cloned().collect();
    known.extend(unknown);
    let option = |name: String| FieldOption {
        is_chosen: is_among(&chosen, &name),
        value: name.clone(),
        text: name,
    };
    Ok(known.into_iter().map(option).collect())
}

/// Returns the values of a selection, with the default first.
pub(super) fn selection(
    visit: &Visit,
    app: &App,
    values: Values,
    chosen: &str,
) -> Vec<FieldOption> {
    let option = |value: &str, text: String| FieldOption {
        value: value.to_owned(),
        text,
        is_chosen: value == chosen,
    };
    let plain = |name: &str| option(name, name.to_owned());
    let mut options = vec![option("", visit.text("admin-choice-default", &[]))];
    match values {
        Values::Words(words) => options.extend(
            words.iter().map(|word| option(word, visit.text(&format!("admin-choice-{word}"), &[]))),
        ),
        Values::Templates => options.extend(app.templates.digest_templates().map(plain)),
        Values::Transports => {
            options.extend(app.config.transports.iter().map(|one| plain(&one.name)));
        }
    }
    // A value that does not exist any more is kept, so that the validation reports it.
    if !options.iter().any(|option| option.is_chosen) {
        options.push(plain(chosen));
    }
    options
}

/// Returns an input for each language of the catalogs and of the digests, and for each with a text.
pub(super) fn texts(app: &App, value: Option<&Value>) -> Vec<FieldText> {
    let stored = value.and_then(Value::as_object);
    let mut tags: Vec<String> = stored.into_iter().flat_map(Map::keys).cloned().collect();
    let own = &app.config.site.language;
    let of_digests = app.config.digests.iter().flat_map(|digest| digest.languages.iter().cloned());
    let of_catalogs = app.templates.languages().into_iter().map(|(code, _)| code);
    for tag in of_digests.chain(of_catalogs) {
        let is_listed = tags.iter().any(|one| one.eq_ignore_ascii_case(&tag));
        if !is_listed && !tag.eq_ignore_ascii_case(own) {
            tags.push(tag);
        }
    }
    let text_in = |tag: &String| stored.and_then(|texts| texts.get(tag)).and_then(Value::as_str);
    let text = |tag: String| FieldText {
        language_name: app.templates.language_name(&tag),
        value: text_in(&tag).unwrap_or_default().to_owned(),
        tag,
    };
    tags.into_iter().map(text).collect()
}

/// Returns cron patterns with their meaning in words.
pub(super) fn schedules(visit: &Visit) -> Vec<FieldOption> {
    let templates = &visit.app().templates;
    let proposal = |pattern: &&str| {
        let recurrence = Schedule::parse(pattern).ok()?.recurrence()?;
        let text = templates.recurrence_text(&visit.client.language, &recurrence);
        Some(FieldOption { value: (*pattern).to_owned(), text, is_chosen: false })
    };
    SCHEDULES.iter().filter_map(proposal).collect()
}
