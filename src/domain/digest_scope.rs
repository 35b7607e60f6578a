//! The digests that a user or token may see and change.

use std::collections::BTreeSet;

/// Digests that an actor may see and change: all, or some by name.
///
/// A limited actor may read the rest, such as articles and sources, but not change it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DigestScope {
    /// All digests, and whatever belongs to none.
    #[default]
    All,
    /// These digests, by name.
    Only(BTreeSet<String>),
}

impl DigestScope {
    /// Returns the scope of these digests, or of all without a list.
    pub fn new(names: Option<Vec<String>>) -> Self {
        names.map_or(Self::All, |names| Self::Only(names.into_iter().collect()))
    }

    /// Returns `true` if the scope contains a digest.
    pub fn contains(&self, digest: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(digest),
        }
    }

    /// Returns `true` if the scope contains all of these digests, and at least one.
    pub fn contains_all<'a>(&self, digests: impl IntoIterator<Item = &'a str>) -> bool {
        let mut digests = digests.into_iter().peekable();
        *self == Self::All
            || (digests.peek().is_some() && digests.all(|digest| self.contains(digest)))
    }

    /// Returns the names of the digests, sorted; `None` for all.
    pub fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Only(names) => Some(names.iter().cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_scope_contains_only_its_own_digests() {
        let weekly = DigestScope::new(Some(vec!["weekly".into()]));
        assert!(weekly.contains("weekly") && !weekly.contains("daily"));
        assert!(weekly.contains_all(["weekly"]));
        assert!(!weekly.contains_all(["weekly", "daily"]));
        assert!(!weekly.contains_all([]), "what belongs to no digest is not in the scope");
        assert!(DigestScope::All.contains_all([]) && DigestScope::All.contains("daily"));
        let none = DigestScope::new(Some(Vec::new()));
        assert!(!none.contains("weekly"), "an empty list is not a list of all");
    }
}
