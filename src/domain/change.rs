//! Changes: the names of changed objects, as the event stream of the API reports them.

use std::fmt;

use super::audit::AuditObject;
use super::permission::Permission;

/// A changed object: its kind, and its name or id where these are not personal data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Kind of the object, for example `edition`.
    pub kind: &'static str,
    /// Name or id of the object; `None` for kinds that are reported without.
    pub name: Option<String>,
    /// Permission that a client needs to be told.
    permission: Permission,
}

impl Change {
    /// Returns a change of an object of the audit log. Persons are reported without their ids.
    pub fn of_object(object: AuditObject, id: &str) -> Self {
        let (permission, is_named) = match object {
            AuditObject::Source
            | AuditObject::Article
            | AuditObject::Feed
            | AuditObject::Digest
            | AuditObject::Edition => (Permission::ReadContent, true),
            AuditObject::Delivery
            | AuditObject::Subscriber
            | AuditObject::Subscription
            | AuditObject::Attribute
            | AuditObject::Segment
            | AuditObject::BulkJob
            | AuditObject::Import
            | AuditObject::Suppression => (Permission::ReadSubscribers, false),
            AuditObject::Token | AuditObject::User => (Permission::ManageAccess, true),
            AuditObject::Webhook => (Permission::ManageSettings, true),
            AuditObject::Database | AuditObject::Config => (Permission::ManageSettings, false),
        };
        let name = (is_named && !id.is_empty()).then(|| id.to_owned());
        Self { kind: object.as_str(), name, permission }
    }

    /// Returns the permission that a client needs to be told of the change.
    pub fn permission(&self) -> Permission {
        self.permission
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name}", self.kind),
            None => f.write_str(self.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_have_no_names_in_changes() {
        for object in AuditObject::ALL {
            let change = Change::of_object(object, "5");
            let is_about_persons = change.permission() == Permission::ReadSubscribers;
            assert!(!is_about_persons || change.to_string() == object.as_str(), "{change}");
        }
        assert_eq!(Change::of_object(AuditObject::Edition, "12").to_string(), "edition 12");
    }
}
