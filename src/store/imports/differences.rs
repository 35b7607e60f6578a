//! Differences between a known person and a line of a file. An empty value of the line changes nothing.

use super::current::CurrentPerson;
use super::rows::ImportPerson;
use crate::domain::import_changes::ChangedValue;

/// Returns the name, language and time zone that a line changes; the person has `language` then.
pub(super) fn of_details(
    person: &ImportPerson,
    known: &CurrentPerson,
    language: Option<&str>,
) -> Vec<ChangedValue> {
    let all = [
        ("name", person.name.as_deref(), known.name.as_deref()),
        ("language", language, known.language.as_deref()),
        ("timezone", person.timezone.as_deref(), known.timezone.as_deref()),
    ];
    let change = |(field, new, old): (&str, Option<&str>, Option<&str>)| {
        Some(ChangedValue::new(field, old, new.filter(|_| new != old)?))
    };
    all.into_iter().filter_map(change).collect()
}

/// Returns the tags that a line adds, as one value, and the attributes that it changes.
pub(super) fn of_values(person: &ImportPerson, known: &CurrentPerson) -> Vec<ChangedValue> {
    let mut changes = Vec::new();
    if person.tags.iter().any(|tag| !known.tags.contains(tag)) {
        let added = person.tags.iter().filter(|tag| !known.tags.contains(tag));
        let mut all: Vec<&str> = known.tags.iter().chain(added).map(String::as_str).collect();
        all.sort_unstable();
        changes.push(ChangedValue::new("tags", Some(&known.tags.join(", ")), &all.join(", ")));
    }
    for (name, new) in &person.attributes {
        let old = known.attributes.get(name);
        if old != Some(new) {
            let old = old.map(ToString::to_string);
            let field = format!("attribute {name}");
            changes.push(ChangedValue::new(field, old.as_deref(), &new.to_string()));
        }
    }
    changes
}

/// Returns the change of the chosen sections, if the person has a subscription and the line names some.
pub(super) fn of_sections(person: &ImportPerson, known: &CurrentPerson) -> Option<ChangedValue> {
    let current = &known.subscription.as_ref()?.sections;
    let differs = !person.sections.is_empty() && *current != person.sections;
    let change =
        || ChangedValue::new("sections", Some(&current.join(", ")), &person.sections.join(", "));
    differs.then(change)
}
