//! Columns of a file to import: what each stands for, as recognized and as chosen in the form.

use std::collections::BTreeMap;

use super::requests::FieldError;
use crate::subscribers::import::jobs::problem_json;
use crate::subscribers::import::{COLUMNS, FilePreview, ImportSettings};
use crate::templates::pages::{ImportColumn, SelectOption};
use crate::web::admin::visit::Visit;
use crate::web::form::Form;

/// Value of the choice of a new attribute, whose name is entered beside it.
const NEW_ATTRIBUTE: &str = "new";
/// Beginning of the meaning of a column whose values are those of an attribute.
const ATTRIBUTE: &str = "attribute ";

/// Returns the columns with their first values, and the choices of their meaning.
pub(super) fn columns(
    visit: &Visit,
    preview: &FilePreview,
    attributes: &[String],
) -> Vec<ImportColumn> {
    let column = |(index, (heading, meaning)): (usize, &(String, String))| {
        let values = preview.rows.iter().filter_map(|(_, values)| values.get(index));
        ImportColumn {
            index,
            label: heading.clone(),
            values: values.filter(|value| !value.trim().is_empty()).cloned().collect(),
            choices: choices(visit, meaning, attributes),
            meaning: meaning.clone(),
        }
    };
    preview.form.columns.iter().enumerate().map(column).collect()
}

fn choices(visit: &Visit, meaning: &str, attributes: &[String]) -> Vec<SelectOption> {
    let fixed = std::iter::once("").chain(COLUMNS).map(str::to_owned);
    let known = attributes.iter().map(|name| format!("{ATTRIBUTE}{name}"));
    let mut values: Vec<String> = fixed.chain(known).collect();
    // Columns of other services can have a meaning that nobody chooses by hand.
    if !values.iter().any(|value| value == meaning) {
        values.push(meaning.to_owned());
    }
    values.push(NEW_ATTRIBUTE.to_owned());
    let option = |value: String| SelectOption {
        text: meaning_text(visit, &value),
        is_chosen: value == meaning,
        value,
    };
    values.into_iter().map(option).collect()
}

/// Returns the meaning of a column in words.
pub(super) fn meaning_text(visit: &Visit, meaning: &str) -> String {
    match meaning.strip_prefix(ATTRIBUTE) {
        Some(name) => visit.text("people-import-attribute", &[("name", name.into())]),
        None if meaning.is_empty() => visit.text("people-import-ignore", &[]),
        None => visit.text(&format!("people-import-column-{}", meaning.replace('_', "-")), &[]),
    }
}

/// Returns the reason for which a file cannot be imported with these columns.
pub(super) fn problem(visit: &Visit, preview: &FilePreview) -> Option<String> {
    let problem = preview.problem.as_ref()?;
    let has_email = preview.form.columns.iter().any(|(_, meaning)| meaning == "email");
    Some(match has_email {
        true => file_reason(visit, &problem.clone().into()),
        false => visit.text("people-import-no-email", &[]),
    })
}

/// Returns the reason for which a file cannot be read, in the language of the user.
pub(super) fn file_reason(visit: &Visit, error: &anyhow::Error) -> String {
    let sentence = format!("{error:#}");
    match problem_json(error) {
        Some(detail) => visit.stored_reason(&detail, &sentence),
        None => sentence,
    }
}

/// Changes the settings to the meanings that a form chose.
///
/// # Errors
/// The name of an attribute is not valid.
pub(super) fn apply(
    settings: &mut ImportSettings,
    preview: &FilePreview,
    form: &Form,
) -> Result<(), FieldError> {
    let mut columns: BTreeMap<String, String> = settings.columns.clone();
    for (index, (heading, recognized)) in preview.form.columns.iter().enumerate() {
        let Some(chosen) = form.first_verbatim(&format!("meaning-{index}")) else { continue };
        if chosen == recognized || form.first_verbatim(&format!("column-{index}")) != Some(heading)
        {
            continue;
        }
        columns.retain(|_, other| other != heading);
        settings.ignored.retain(|other| other != heading);
        let entered = form.first(&format!("attribute-{index}")).to_owned();
        let column = match chosen {
            "" => {
                settings.ignored.push(heading.clone());
                continue;
            }
            NEW_ATTRIBUTE => entered,
            other => other.strip_prefix(ATTRIBUTE).unwrap_or(other).to_owned(),
        };
        columns.insert(column, heading.clone());
    }
    let pairs: Vec<String> =
        columns.iter().map(|(column, heading)| format!("{column}={heading}")).collect();
    settings.columns = crate::subscribers::import::jobs::parse_columns(&pairs)
        .map_err(|reason| ("columns", reason))?;
    Ok(())
}
