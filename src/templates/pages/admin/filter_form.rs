//! Form that adds a comparison to a filter.

use serde::Serialize;

use super::select::SelectOption;

/// Form that adds a comparison to a filter: `add_field`, then `add_test` and `add_value`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FilterForm {
    /// Fields that every subscriber has.
    pub fields: Vec<SelectOption>,
    /// Attributes of the installation.
    pub attributes: Vec<SelectOption>,
    /// `true` if a field is chosen.
    pub is_chosen: bool,
    /// Comparisons that the chosen field allows.
    pub tests: Vec<SelectOption>,
    /// Values of the chosen field, if there are no others.
    pub values: Vec<SelectOption>,
    /// Known values of the chosen field, if there are others.
    pub offered: Vec<SelectOption>,
    /// Type of the field for the value: `text`, `number` or `date`.
    pub input: String,
    /// Value as it was entered.
    pub value: String,
    /// Sentence about a value that is not valid.
    pub error: Option<String>,
    /// Address of the page, if it is not that of the form around.
    pub action: String,
}

impl FilterForm {
    pub(super) fn samples() -> [Self; 3] {
        let option = |value: &str| SelectOption {
            value: value.into(),
            text: value.into(),
            is_chosen: value == "tag",
        };
        let chosen = Self {
            fields: vec![option("tag"), option("digest")],
            attributes: vec![option("city")],
            is_chosen: true,
            tests: vec![option("equal")],
            offered: vec![option("partner")],
            input: "text".into(),
            value: "x".into(),
            error: Some("The value is empty.".into()),
            action: "/admin/segments/new".into(),
            ..Self::default()
        };
        let listed = Self { values: vec![option("weekly")], ..chosen.clone() };
        [Self { is_chosen: false, attributes: Vec::new(), ..chosen.clone() }, chosen, listed]
    }
}
