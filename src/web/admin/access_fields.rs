//! Fields of the forms for users and tokens: role and digests.

use super::visit::Visit;
use crate::domain::role::Role;
use crate::templates::pages::{Choice, Field};
use crate::web::form::Form;

/// Roles from the least to the most powerful.
const ROLES: [Role; 4] = [Role::Viewer, Role::ListManager, Role::Editor, Role::Admin];

impl Visit {
    /// Returns the name of a role in the language of the user.
    pub(super) fn role(&self, role: Role) -> String {
        self.text(&format!("role-{}", role.as_str()), &[])
    }
}

/// Returns a text field with what the user entered.
pub(super) fn text_field(
    visit: &Visit,
    form: &Form,
    name: &str,
    label_key: &str,
    hint_key: &str,
) -> Field {
    Field {
        name: name.to_owned(),
        label: visit.text(label_key, &[]),
        hint: visit.text(hint_key, &[]),
        value: form.first(name).to_owned(),
        ..Field::default()
    }
}

/// Returns the field `role` with the choice of the user.
pub(super) fn role_field(visit: &Visit, form: &Form) -> Field {
    let option = |role: Role| Choice {
        value: role.as_str().to_owned(),
        text: visit.role(role),
        is_chosen: form.first("role") == role.as_str(),
    };
    Field {
        name: "role".to_owned(),
        label: visit.text("admin-role", &[]),
        hint: visit.text("admin-role-hint", &[]),
        options: ROLES.into_iter().map(option).collect(),
        ..Field::default()
    }
}

/// Returns the field `digest` with the choices of the user; none means all digests.
pub(super) fn digest_field(visit: &Visit, form: &Form) -> Field {
    let chosen = form.all("digest");
    let digests = visit.app().config.digests.iter();
    let options = digests.map(|digest| Choice {
        value: digest.name.clone(),
        text: digest.title_in(&visit.client.language).to_owned(),
        is_chosen: chosen.contains(&digest.name),
    });
    Field {
        name: "digest".to_owned(),
        label: visit.text("admin-digests", &[]),
        hint: visit.text("admin-digests-hint", &[]),
        options: options.collect(),
        is_multiple: true,
        ..Field::default()
    }
}
