//! Choice of a selection in a form.

use serde::Serialize;

/// Choice of a selection.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SelectOption {
    /// Value that the form posts.
    pub value: String,
    /// Text of the choice.
    pub text: String,
    /// `true` if it is chosen.
    pub is_chosen: bool,
}
