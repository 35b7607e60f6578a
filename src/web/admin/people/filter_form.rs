//! The form that adds a comparison to a filter: first the field is chosen, then the comparison and the value.

use super::filter_text::with_test;
use crate::config::Config;
use crate::domain::attribute::ValueError;
use crate::domain::filter::{Comparison, FieldChoice, ValueKind, field_choices};
use crate::domain::subscription::SubscriptionStatus;
use crate::templates::pages::{FilterForm, SelectOption};
use crate::web::admin::visit::Visit;
use crate::web::error::WebResult;

/// Largest number of tags and sections that are offered.
const MAX_OFFERED: usize = 200;

/// Comparison that a form adds to a filter.
#[derive(Debug, Clone)]
pub(super) struct AddedTest {
    field: FieldChoice,
    test: Option<Comparison>,
    value: String,
    /// `true` if the form asks to add the comparison.
    is_complete: bool,
}

/// Use of a filter to which a form adds comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilterUse {
    /// The filter of the list.
    List,
    /// The filter of a segment, which cannot name segments.
    Segment,
}

/// Form with the comparison that it adds.
#[derive(Debug)]
pub(super) struct Builder {
    filter_use: FilterUse,
    fields: Vec<FieldChoice>,
    added: Option<AddedTest>,
    error: Option<ValueError>,
}

impl Builder {
    /// Reads the form from the address.
    pub(super) async fn of_address(visit: &Visit, filter_use: FilterUse) -> WebResult<Self> {
        let types = visit.app().store.attributes().types().await?;
        let mut fields = field_choices(&types);
        if filter_use == FilterUse::Segment {
            fields.retain(|field| field.values != ValueKind::Segment);
        }
        let chosen = visit.param("add_field");
        let field = fields.iter().find(|field| Some(field.name.as_str()) == chosen).cloned();
        let added = field.map(|field| {
            let test = visit.param("add_test").and_then(Comparison::parse);
            let test = test.filter(|test| field.comparisons.contains(test));
            AddedTest {
                is_complete: test.is_some() && visit.param("add") == Some("test"),
                field,
                test,
                value: visit.param("add_value").unwrap_or_default().to_owned(),
            }
        });
        Ok(Self { filter_use, fields, added, error: None })
    }

    /// Returns the filter with the comparison, if the form asks to add one; keeps the error of a value that
    /// is not valid.
    pub(super) fn filter_with_test(&mut self, filter: &str) -> Option<String> {
        let added = self.added.as_ref().filter(|added| added.is_complete)?;
        match added.field.comparison(added.test?, &added.value) {
            Ok(test) => {
                self.added = None;
                Some(with_test(filter, &[], Some(&test)))
            }
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    /// Returns the context of the form.
    pub(super) async fn form(self, visit: &Visit, config: &Config) -> WebResult<FilterForm> {
        let chosen = self.added.as_ref().map(|added| added.field.name.as_str());
        let option = |field: &FieldChoice| SelectOption {
            value: field.name.clone(),
            text: match field.is_attribute {
                true => field.name.clone(),
                false => visit.text(&format!("people-field-{}", field.name), &[]),
            },
            is_chosen: chosen == Some(&field.name),
        };
        let (attributes, fields): (Vec<_>, Vec<_>) =
            self.fields.iter().partition(|field| field.is_attribute);
        let mut form = FilterForm {
            fields: fields.into_iter().map(option).collect(),
            attributes: attributes.into_iter().map(option).collect(),
            error: self.error.as_ref().map(|error| visit.reason(error)),
            action: match self.filter_use {
                FilterUse::List => String::new(),
                FilterUse::Segment => visit.url(&visit.client.path),
            },
            ..FilterForm::default()
        };
        let Some(added) = self.added else { return Ok(form) };
        form.is_chosen = true;
        form.tests = tests(visit, &added);
        let words = values(visit, config, added.field.values).await?;
        form.input = match added.field.values {
            ValueKind::Number => "number",
            ValueKind::Date => "date",
            _ => "text",
        }
        .to_owned();
        let value = |(value, text): (String, String)| SelectOption {
            is_chosen: value == added.value,
            value,
            text,
        };
        match words {
            Words::Only(words) => form.values = words.into_iter().map(value).collect(),
            Words::Offered(words) => form.offered = words.into_iter().map(value).collect(),
        }
        form.value = added.value;
        Ok(form)
    }
}

/// Returns the comparisons that the chosen field allows.
fn tests(visit: &Visit, added: &AddedTest) -> Vec<SelectOption> {
    let is_date = added.field.values == ValueKind::Date;
    let text = |test: Comparison| {
        let word = test.as_str();
        let of_date = visit.text(&format!("people-test-date-{word}"), &[]);
        match is_date && !of_date.starts_with("people-test-") {
            true => of_date,
            false => visit.text(&format!("people-test-{word}"), &[]),
        }
    };
    let option = |test: &Comparison| SelectOption {
        value: test.as_str().to_owned(),
        text: text(*test),
        is_chosen: added.test == Some(*test),
    };
    added.field.comparisons.iter().map(option).collect()
}

/// Values that are known for a field.
enum Words {
    /// Values with their texts; there are no others.
    Only(Vec<(String, String)>),
    /// Some of the values with their texts.
    Offered(Vec<(String, String)>),
}

/// Returns the known values of a kind.
async fn values(visit: &Visit, config: &Config, kind: ValueKind) -> WebResult<Words> {
    let (store, language) = (&visit.app().store, &visit.client.language);
    let word = |value: &str, key: &str| (value.to_owned(), visit.text(key, &[]));
    Ok(match kind {
        ValueKind::Digest => {
            let digests = config.digests.iter();
            Words::Only(
                digests.map(|one| (one.name.clone(), one.title_in(language).to_owned())).collect(),
            )
        }
        ValueKind::Status => {
            let statuses = SubscriptionStatus::ALL.iter().map(|status| status.as_str());
            Words::Only(statuses.map(|one| word(one, &format!("state-{one}"))).collect())
        }
        ValueKind::Segment => {
            let segments = config.segments.iter();
            Words::Only(segments.map(|one| (one.name.clone(), one.title.clone())).collect())
        }
        ValueKind::Boolean => {
            Words::Only(vec![word("true", "people-yes"), word("false", "people-no")])
        }
        ValueKind::Tag => {
            let tags = store.subscribers().known_tags(MAX_OFFERED).await?;
            Words::Offered(tags.into_iter().map(|tag| (tag.clone(), tag)).collect())
        }
        ValueKind::Section => {
            let mut sections = store.articles().sections().await?;
            sections.truncate(MAX_OFFERED);
            let titled = |name: String| (name.clone(), visit.section_title(&name));
            Words::Offered(sections.into_iter().map(titled).collect())
        }
        ValueKind::Language => {
            let of_digests = config.digests.iter().flat_map(|digest| digest.languages.clone());
            let of_pages = visit.app().templates.languages().into_iter().map(|(code, _)| code);
            let mut tags: Vec<String> = of_digests.chain(of_pages).collect();
            tags.sort_unstable();
            tags.dedup();
            let named = |tag: String| {
                let name = visit.app().templates.language_name(&tag);
                let text = if name == tag { name } else { format!("{name} ({tag})") };
                (tag, text)
            };
            Words::Only(tags.into_iter().map(named).collect())
        }
        ValueKind::Text | ValueKind::Number | ValueKind::Date => Words::Offered(Vec::new()),
    })
}
