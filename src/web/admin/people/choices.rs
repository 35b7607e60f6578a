//! Choices in the forms of a person: languages of the site, time zones, and sections of digests.

use std::sync::LazyLock;

use crate::config::{self, Digest};
use crate::domain::selection::normalize_term;
use crate::templates::pages::SelectOption;
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;
use crate::web::subscribe::mail_language_codes;

/// Maximum number of sections that a form offers; chosen ones are always shown.
const MAX_SECTIONS: usize = 120;

/// Names of the time zones by region and city, and UTC.
static ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = jiff::tz::db().available().map(|name| name.to_string());
    let mut zones: Vec<String> = names.filter(|name| is_place(name) || name == "UTC").collect();
    zones.sort_unstable();
    zones.dedup();
    zones
});

/// Regions of the time zone database whose zones are named by city.
const REGIONS: [&str; 10] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
];

fn is_place(name: &str) -> bool {
    name.split_once('/').is_some_and(|(region, _)| REGIONS.contains(&region))
}

/// Returns the names of the time zones that a form suggests.
pub(in crate::web::admin) fn zones() -> &'static [String] {
    &ZONES
}

/// Returns the languages of the site and of its digests, with `chosen` as one of them; the first choice is
/// an unknown language.
pub(super) fn languages(visit: &Visit, chosen: &str) -> Vec<SelectOption> {
    let config = &visit.app().config;
    let mut codes: Vec<&str> = vec![config.site.language.as_str()];
    let of_digests = mail_language_codes(config).into_iter().map(String::as_str);
    for code in of_digests.chain(Some(chosen).filter(|code| !code.is_empty())) {
        if !codes.iter().any(|known| known.eq_ignore_ascii_case(code)) {
            codes.push(code);
        }
    }
    let unknown = SelectOption {
        value: String::new(),
        text: visit.text("people-language-unknown", &[]),
        is_chosen: chosen.is_empty(),
    };
    let named = |code: &str| {
        let name = visit.app().templates.language_name(code);
        SelectOption {
            value: code.to_owned(),
            text: if name == code { name } else { format!("{name} ({code})") },
            is_chosen: code.eq_ignore_ascii_case(chosen),
        }
    };
    std::iter::once(unknown).chain(codes.into_iter().map(named)).collect()
}

/// Returns the sections that these digests offer, and those that are chosen already.
pub(super) async fn sections(
    visit: &Visit,
    digests: &[&Digest],
    chosen: &[String],
) -> WebResult<Vec<SelectOption>> {
    let known = visit.web.sections.sections(&visit.app().store).await?.as_ref().clone();
    let mut names = config::offered_sections(digests.iter().copied(), known);
    names.truncate(MAX_SECTIONS);
    let is_same = |one: &str, other: &str| normalize_term(one) == normalize_term(other);
    for name in chosen {
        if !names.iter().any(|other| is_same(other, name)) {
            names.push(name.clone());
        }
    }
    let option = |name: String| SelectOption {
        text: visit.section_title(&name),
        is_chosen: chosen.iter().any(|other| is_same(other, &name)),
        value: name,
    };
    Ok(names.into_iter().map(option).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_by_place() {
        let has = |name: &str| zones().iter().any(|zone| zone == name);
        assert!(has("Asia/Shanghai") && has("Europe/Berlin") && has("UTC"));
        assert!(!has("Etc/GMT+1") && !has("EST") && !has("US/Eastern"));
    }
}
