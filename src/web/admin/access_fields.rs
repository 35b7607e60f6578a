//! Fields of the forms for users and tokens: role and digests.

use super::visit::Visit;
use crate::domain::digest_scope::DigestScope;
use crate::domain::role::Role;
use crate::templates::pages::{Choice, ChoiceBoxes, Field};
use crate::web::error::{WebError, WebResult};
use crate::web::form::Form;

/// Roles from the least to the most powerful.
const ROLES: [Role; 4] = [Role::Viewer, Role::ListManager, Role::Editor, Role::Admin];
/// Value of the field `scope` for all digests.
const ALL: &str = "all";
/// Value of the field `scope` for the digests of the field `digest`.
const ONLY: &str = "only";

impl Visit {
    /// Returns the name of a role in the language of the user.
    pub(super) fn role(&self, role: Role) -> String {
        self.text(&format!("role-{}", role.as_str()), &[])
    }
}

/// Role and digests of a form.
pub(super) struct Access {
    /// Role that was chosen.
    pub(super) role: Role,
    /// Digests that were chosen.
    pub(super) digests: DigestScope,
}

impl Access {
    /// Reads a form; the inner error is a sentence for the field `scope`. A value that no page offers is
    /// a bad request.
    pub(super) fn read(visit: &Visit, form: &Form) -> WebResult<Result<Self, String>> {
        let role = Role::parse(form.first("role")).ok_or_else(WebError::bad_request)?;
        let chosen = form.all("digest");
        let key = match form.first("scope") {
            ALL if chosen.is_empty() => return Ok(Ok(Self { role, digests: DigestScope::All })),
            // Without the script both can be chosen; neither is certainly meant.
            ALL => "access-error-both",
            ONLY if chosen.is_empty() => "access-error-none",
            ONLY if !role.can_be_limited() => "access-error-role",
            ONLY => return Ok(Ok(Self { role, digests: DigestScope::new(Some(chosen)) })),
            _ => return Err(WebError::bad_request()),
        };
        Ok(Err(visit.text(key, &[])))
    }

    /// Returns the form of a stored role with its digests.
    pub(super) fn form_of(role: Role, digests: &DigestScope) -> Form {
        let scope = if *digests == DigestScope::All { ALL } else { ONLY };
        let names = digests.names().unwrap_or_default();
        let chosen = names.into_iter().map(|name| ("digest".to_owned(), name));
        let role = ("role".to_owned(), role.as_str().to_owned());
        let scope = ("scope".to_owned(), scope.to_owned());
        Form::from_pairs([role, scope].into_iter().chain(chosen).collect())
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

/// Returns the field `role` with the choice of the user and a line about each role.
pub(super) fn role_field(visit: &Visit, form: &Form) -> Field {
    let chosen = Role::parse(form.first("role")).unwrap_or(Role::Viewer);
    let option = |role: Role| Choice {
        value: role.as_str().to_owned(),
        text: visit.role(role),
        hint: visit.text(&format!("access-role-{}", role.as_str()), &[]),
        is_chosen: role == chosen,
    };
    Field {
        name: "role".to_owned(),
        label: visit.text("admin-role", &[]),
        options: ROLES.into_iter().map(option).collect(),
        ..Field::default()
    }
}

/// Returns the field `scope`: all digests, or those of the field `digest`.
pub(super) fn scope_field(visit: &Visit, form: &Form) -> Field {
    let chosen = form.all("digest");
    let is_limited = form.first("scope") == ONLY;
    let option = |value: &str, is_chosen| Choice {
        value: value.to_owned(),
        text: visit.text(&format!("access-{value}-digests"), &[]),
        hint: visit.text(&format!("access-{value}-digests-hint"), &[]),
        is_chosen,
    };
    let known = visit.app().config.digests.iter().map(|digest| &digest.name);
    let mut names: Vec<&String> = known.collect();
    // A digest that does not exist any more is still a part of what is stored.
    names.extend(chosen.iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    let digest = |name: &String| Choice {
        value: name.clone(),
        text: visit.digest_title(name),
        is_chosen: chosen.contains(name),
        ..Choice::default()
    };
    Field {
        name: "scope".to_owned(),
        label: visit.text("admin-digests", &[]),
        options: vec![option(ALL, !is_limited), option(ONLY, is_limited)],
        boxes: Some(ChoiceBoxes {
            name: "digest".to_owned(),
            of: ONLY.to_owned(),
            options: names.into_iter().map(digest).collect(),
        }),
        ..Field::default()
    }
}
