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
    /// Choices as radio buttons; empty for a text field.
    pub options: Vec<Choice>,
    /// Check boxes that belong to one of the choices.
    pub boxes: Option<ChoiceBoxes>,
    /// `true` if the field must not be empty.
    pub is_required: bool,
    /// Error of the value, as one sentence.
    pub error: Option<String>,
}

/// Check boxes that belong to one of several radio buttons.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ChoiceBoxes {
    /// Name under which the values are posted.
    pub name: String,
    /// Value of the radio button.
    pub of: String,
    /// Check boxes from the first to the last.
    pub options: Vec<Choice>,
}

/// Choice of a field.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Choice {
    /// Value that is posted.
    pub value: String,
    /// Text that is shown.
    pub text: String,
    /// Explanation below the text; may be empty.
    pub hint: String,
    /// `true` if the choice is made.
    pub is_chosen: bool,
}

impl FormView {
    /// Returns a sample with fields of every kind.
    pub(super) fn sample() -> Self {
        let choice = |value: &str, is_chosen| Choice {
            value: value.into(),
            text: value.into(),
            hint: if is_chosen { "Changes everything.".into() } else { String::new() },
            is_chosen,
        };
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
            name: "scope".into(),
            label: "Digests".into(),
            options: vec![choice("all", false), choice("only", true)],
            boxes: Some(ChoiceBoxes {
                name: "digest".into(),
                of: "only".into(),
                options: vec![choice("weekly", true), choice("daily", false)],
            }),
            error: Some("Tick at least one.".into()),
            ..Field::default()
        };
        Self {
            url: "/admin/users".into(),
            fields: vec![text, list, boxes],
            button: "Add".into(),
            error: Some("The last admin must remain.".into()),
        }
    }
}
