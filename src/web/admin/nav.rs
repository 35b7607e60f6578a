//! Navigation of the admin area: its sections, and the permission that each needs.

use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::permission::Permission as P;
use crate::templates::pages::{NavGroup, NavItem};

/// Section of the admin area, as an item of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Home page: what needs attention, and what comes next.
    Home,
    /// Articles mirrored from the sources.
    Articles,
    /// Feeds that are declared.
    Feeds,
    /// Digests with their schedules.
    Digests,
    /// Editions of the digests.
    Editions,
    /// People who subscribed to digests.
    Subscribers,
    /// Files of subscribers, from the upload to the report.
    Imports,
    /// Named filters over subscribers.
    Segments,
    /// Addresses that must not be mailed.
    Suppressions,
    /// Sources of the articles.
    Sources,
    /// Transports, with which mail is sent.
    Transports,
    /// URLs that receive events.
    Webhooks,
    /// People who sign in.
    Users,
    /// Tokens of API clients.
    Tokens,
    /// Log of all changes.
    Audit,
    /// Settings that are in force.
    Settings,
    /// Account of the signed-in user, which the navigation shows as their name.
    Profile,
}

/// Constant parts of an item of the navigation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// Catalog key of the text.
    pub(super) text_key: &'static str,
    /// Path of the page.
    pub(super) path: &'static str,
    icon: &'static str,
    shortcut: &'static str,
    permission: Option<P>,
    /// `true` if a user of some digests may not open the page.
    needs_all_digests: bool,
}

/// Groups of the navigation: catalog key of the title, and the sections.
const GROUPS: [(Option<&str>, &[Section]); 6] = [
    (None, &[Section::Home]),
    (Some("admin-group-content"), &[Section::Articles, Section::Feeds]),
    (Some("admin-group-mail"), &[Section::Digests, Section::Editions]),
    (
        Some("admin-group-people"),
        &[Section::Subscribers, Section::Imports, Section::Segments, Section::Suppressions],
    ),
    (Some("admin-group-operation"), &[Section::Sources, Section::Transports, Section::Webhooks]),
    (
        Some("admin-group-administration"),
        &[Section::Users, Section::Tokens, Section::Audit, Section::Settings],
    ),
];

impl Section {
    /// Returns the item of the navigation.
    pub(super) fn item(self) -> Item {
        let (content, people) = (Some(P::ReadContent), Some(P::ReadSubscribers));
        let (text_key, path, icon, shortcut, permission) = match self {
            Self::Home => ("admin-home", "/admin/", "home", "h", None),
            Self::Articles => ("admin-articles", "/admin/articles", "article", "a", content),
            Self::Feeds => ("admin-feeds", "/admin/feeds", "feed", "f", content),
            Self::Digests => ("admin-digests", "/admin/digests", "digest", "d", content),
            Self::Editions => ("admin-editions", "/admin/editions", "edition", "e", content),
            Self::Subscribers => ("admin-subscribers", "/admin/subscribers", "people", "s", people),
            Self::Imports => {
                let permission = Some(P::WriteSubscribers);
                ("admin-imports", "/admin/subscribers/import", "upload", "i", permission)
            }
            Self::Segments => ("admin-segments", "/admin/segments", "filter", "m", people),
            Self::Suppressions => {
                ("admin-suppressions", "/admin/suppressions", "stop", "x", people)
            }
            Self::Sources => ("admin-sources", "/admin/sources", "source", "q", content),
            Self::Transports => {
                ("admin-transports", "/admin/transports", "transport", "t", content)
            }
            Self::Webhooks => {
                ("admin-webhooks", "/admin/webhooks", "webhook", "w", Some(P::ManageSettings))
            }
            Self::Users => ("admin-users", "/admin/users", "user", "u", Some(P::ManageAccess)),
            Self::Tokens => ("admin-tokens", "/admin/tokens", "key", "k", Some(P::ManageAccess)),
            Self::Audit => ("admin-audit", "/admin/audit", "list", "l", Some(P::ReadAudit)),
            Self::Settings => {
                ("admin-settings", "/admin/settings", "settings", "c", Some(P::ManageSettings))
            }
            Self::Profile => ("admin-profile", "/admin/profile", "user", "p", None),
        };
        let needs_all_digests = matches!(self, Self::Imports | Self::Segments | Self::Suppressions);
        Item { text_key, path, icon, shortcut, permission, needs_all_digests }
    }
}

impl Item {
    /// Returns `true` if an actor may open the page.
    pub(super) fn is_open_to(self, actor: &Actor) -> bool {
        self.permission.is_none_or(|permission| actor.may(permission))
            && (!self.needs_all_digests || actor.digests() == DigestScope::All)
    }
}

/// Returns the navigation with the sections that an actor may open.
pub(super) fn groups(current: Section, actor: &Actor) -> Vec<NavGroup> {
    let group = |(title, sections): &(Option<&str>, &[Section])| {
        let items: Vec<NavItem> = sections
            .iter()
            .map(|section| (section, section.item()))
            .filter(|(_, item)| item.is_open_to(actor))
            .map(|(section, item)| NavItem {
                text_key: item.text_key.to_owned(),
                icon: item.icon.to_owned(),
                path: item.path.to_owned(),
                shortcut: item.shortcut.to_owned(),
                is_current: *section == current,
            })
            .collect();
        (!items.is_empty()).then(|| NavGroup { title_key: title.map(str::to_owned), items })
    };
    GROUPS.iter().filter_map(group).collect()
}
