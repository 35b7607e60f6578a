//! Permissions: what a request or command needs, and what each role grants.

use super::role::Role;

/// Right to do one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Read articles, feeds, digests, editions, sources, transports and statistics.
    ReadContent,
    /// Create, change and delete feeds, digests and articles of built-in sources.
    WriteContent,
    /// Create, pause, resume, cancel and retry editions, and send tests.
    ControlEditions,
    /// Start a sync of a source, and accept blocked removals.
    SyncSources,
    /// Read subscribers, their subscriptions, deliveries, segments and suppressions.
    ReadSubscribers,
    /// Add, change, import, export, unsubscribe and erase subscribers, and change segments and
    /// suppressions.
    WriteSubscribers,
    /// Read the metrics of Courant.
    ReadMetrics,
    /// Read the audit log.
    ReadAudit,
    /// Manage users and API tokens.
    ManageAccess,
    /// Reload the configuration, change settings, and manage webhooks.
    ManageSettings,
}

impl Permission {
    /// All permissions that exist.
    pub const ALL: [Self; 10] = [
        Self::ReadContent,
        Self::WriteContent,
        Self::ControlEditions,
        Self::SyncSources,
        Self::ReadSubscribers,
        Self::WriteSubscribers,
        Self::ReadMetrics,
        Self::ReadAudit,
        Self::ManageAccess,
        Self::ManageSettings,
    ];

    /// Returns the word for the description of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadContent => "read_content",
            Self::WriteContent => "write_content",
            Self::ControlEditions => "control_editions",
            Self::SyncSources => "sync_sources",
            Self::ReadSubscribers => "read_subscribers",
            Self::WriteSubscribers => "write_subscribers",
            Self::ReadMetrics => "read_metrics",
            Self::ReadAudit => "read_audit",
            Self::ManageAccess => "manage_access",
            Self::ManageSettings => "manage_settings",
        }
    }

    /// Returns `true` if the permission cannot be limited to some digests.
    pub fn concerns_all_digests(self) -> bool {
        match self {
            Self::ReadContent
            | Self::WriteContent
            | Self::ControlEditions
            | Self::ReadSubscribers
            | Self::WriteSubscribers => false,
            Self::SyncSources
            | Self::ReadMetrics
            | Self::ReadAudit
            | Self::ManageAccess
            | Self::ManageSettings => true,
        }
    }

    /// Returns what the permission allows, as the end of a sentence that begins with "to".
    pub fn describe(self) -> &'static str {
        match self {
            Self::ReadContent => "read articles, feeds, digests and editions",
            Self::WriteContent => "change feeds, digests and articles",
            Self::ControlEditions => "control editions",
            Self::SyncSources => "sync sources",
            Self::ReadSubscribers => "read subscribers",
            Self::WriteSubscribers => "change subscribers",
            Self::ReadMetrics => "read metrics",
            Self::ReadAudit => "read the audit log",
            Self::ManageAccess => "manage users and tokens",
            Self::ManageSettings => "manage webhooks and settings",
        }
    }
}

impl Role {
    /// Returns `true` if the role includes a permission.
    pub fn grants(self, permission: Permission) -> bool {
        use Permission as P;
        match permission {
            P::ReadContent | P::ReadMetrics => true,
            P::WriteContent | P::ControlEditions | P::SyncSources => {
                matches!(self, Self::Admin | Self::Editor)
            }
            P::ReadSubscribers => matches!(self, Self::Admin | Self::ListManager | Self::Viewer),
            P::WriteSubscribers => matches!(self, Self::Admin | Self::ListManager),
            P::ReadAudit | P::ManageAccess | P::ManageSettings => self == Self::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_grant_exactly_what_their_table_says() {
        use Permission as P;
        let table: [(Role, &[Permission]); 4] = [
            (Role::Admin, &P::ALL),
            (
                Role::Editor,
                &[
                    P::ReadContent,
                    P::WriteContent,
                    P::ControlEditions,
                    P::SyncSources,
                    P::ReadMetrics,
                ],
            ),
            (
                Role::ListManager,
                &[P::ReadContent, P::ReadSubscribers, P::WriteSubscribers, P::ReadMetrics],
            ),
            (Role::Viewer, &[P::ReadContent, P::ReadSubscribers, P::ReadMetrics]),
        ];
        for (role, granted) in table {
            for permission in P::ALL {
                assert_eq!(
                    role.grants(permission),
                    granted.contains(&permission),
                    "{role:?} {permission:?}"
                );
            }
        }
    }
}
