//! The stored values that an import of subscribers changes, as notes of the command line.

use crate::cli::output;
use crate::domain::import_changes::{ChangedPerson, ChangedValue};
use crate::subscribers::import::ImportReport;

/// Prints the first known people whose stored values an import changes, with the number of all.
pub(super) fn print(report: &ImportReport) {
    let total = usize::try_from(report.counts.details_changed).unwrap_or(usize::MAX);
    if total == 0 {
        return;
    }
    let verb = if report.imported { "changed" } else { "would change" };
    let people = if total == 1 { "1 person".to_owned() } else { format!("{total} people") };
    output::note(&format!("the import {verb} stored values of {people}:"));
    for person in &report.changed_people {
        output::note(&sentence(person));
    }
    let more = total.saturating_sub(report.changed_people.len());
    if more > 0 {
        output::note(&format!("and of {more} more"));
    }
}

/// Returns the changed values of a person on one line.
fn sentence(person: &ChangedPerson) -> String {
    let value = |value: &ChangedValue| {
        let field = value.field.strip_prefix("attribute ").unwrap_or(&value.field);
        let old = value.old.as_ref().map_or("none".to_owned(), |old| format!("{old:?}"));
        format!("{field}: {old} → {:?}", value.new)
    };
    let mut values: Vec<String> = person.values.iter().map(value).collect();
    if person.more > 0 {
        values.push(format!("{} more", person.more));
    }
    format!("  {}: {}", person.address, values.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_old_and_the_new_values() {
        let values = vec![
            ChangedValue::new("name", Some("Ann"), "Ann Lee"),
            ChangedValue::new("attribute city", None, "Bonn"),
        ];
        let mut person = ChangedPerson::new(1, "ann@example.org", values);
        person.more = 3;
        let text = "  ann@example.org: name: \"Ann\" → \"Ann Lee\"; city: none → \"Bonn\"; 3 more";
        assert_eq!(sentence(&person), text);
    }
}
