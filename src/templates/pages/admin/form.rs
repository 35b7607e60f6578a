//! Forms of the admin area: fields with their values and errors.

use serde::Serialize;

/// Form with its fields.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FormView {
    /// URL to which the form posts.
    pub url: String,
    /// Fields from the first to the last.
    pub fields: Vec<Field>,
    /// Text of the button.
    pub button: String,
    /// Error that belongs to no field, as one sentence.
    pub error: Option<String>,
}

/// Field of a form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Field {
    /// Name under which the value is posted.
    pub name: String,
    /// Label of the field.
    pub label: String,
    /// Explanation after the label; may be empty.
    pub hint: String,
    /// Value as the user entered it.
    pub value: String,
    /// Choices of a list; empty for a text field.
    pub options: Vec<Choice>,
    /// `true` if several choices can be made, as check boxes.
    pub is_multiple: bool,
    /// `true` if the field must not be empty.
    pub is_required: bool,
    /// Error of the value, as one sentence.
    pub error: Option<String>,
}

/// Choice of a field.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Choice {
    /// Value that is posted.
    pub value: String,
    /// Text that is shown.
    pub text: String,
    /// `true` if the choice is made.
    pub is_chosen: bool,
}

impl FormView {
    /// Returns a sample with fields of every kind.
    pub(super) fn sample() -> Self {
        let choice =
            |value: &str, is_chosen| Choice { value: value.into(), text: value.into(), is_chosen };
        let text = Field {
            name: "name".into(),
            label: "Name".into(),
            hint: "lower-case letters".into(),
            value: "Lin".into(),
            is_required: true,
            error: Some("Use lower-case letters.".into()),
            ..Field::default()
        };
        let list = Field {
            name: "role".into(),
            label: "Role".into(),
            options: vec![choice("admin", false), choice("editor", true)],
            ..Field::default()
        };
        let boxes = Field {
            name: "digest".into(),
            label: "Digests".into(),
            is_multiple: true,
            ..list.clone()
        };
        Self {
            url: "/admin/users".into(),
            fields: vec![text, list, boxes],
            button: "Add".into(),
            error: Some("The last admin must remain.".into()),
        }
    }
}
