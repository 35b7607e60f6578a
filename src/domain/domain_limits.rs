//! Limits per recipient domain: rules from the configuration, and defaults for large mailbox
//! providers.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::address::ascii_domain;
use super::rate::Rate;

mod limit;
mod mailbox_providers;

use limit::Limit;
use mailbox_providers::PROVIDERS;

/// Limit for messages to one domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainLimit<'a> {
    /// Key that is counted: the name of a provider, the alphabetically first name of a rule, or the
    /// domain itself.
    pub key: &'a str,
    /// Maximum number of messages in flight per node.
    pub max_concurrent: Option<u32>,
    /// Rate limits across all nodes.
    pub rates: &'a [Rate],
}

/// One rule of the key `domain_limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitRule(RuleKind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum RuleKind {
    /// `none`: without the default limits.
    NoDefaults,
    /// `*: …`: every domain without a rule of its own, counted separately.
    Others(Limit),
    /// `gmail.com, microsoft: …`: the named domains and providers, counted together.
    Named(BTreeSet<String>, Limit),
}

impl LimitRule {
    /// Parses `gmail.com, googlemail.com: 10 at once, 50/s`, `*: 5 at once`, `google: none` or
    /// `none`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "none" {
            return Ok(Self(RuleKind::NoDefaults));
        }
        let form = "write domains, a colon and limits, for example [\"gmail.com, googlemail.com: 10 at once, 50/s\", \"*: none\"]";
        let (names, limit) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is not a valid rule; {form}"))?;
        let limit = Limit::parse(limit.trim())?;
        if names.trim() == "*" {
            return Ok(Self(RuleKind::Others(limit)));
        }
        let mut names_of_rule = BTreeSet::new();
        for given in names.split(',').map(str::trim) {
            if given == "*" {
                return Err(
                    "`*` cannot be combined with other names; give it a rule of its own".to_owned()
                );
            }
            let name = name(given)?;
            if names_of_rule.contains(&name) {
                return Err(format!("`{name}` is named twice; keep one"));
            }
            names_of_rule.insert(name);
        }
        Ok(Self(RuleKind::Named(names_of_rule, limit)))
    }
}

/// Parses a domain, into lower-case ASCII, or the name of a provider.
fn name(given: &str) -> Result<String, String> {
    let lower = given.to_lowercase();
    if PROVIDERS.iter().any(|provider| provider.name == lower) {
        return Ok(lower);
    }
    ascii_domain(given).map_err(|reason| {
        if given.is_empty() || given.contains(['.', '*', '@']) {
            return format!(
                "`{given}` is not a valid domain ({reason}); write the part after the @, for example gmail.com"
            );
        }
        let names: Vec<&str> = PROVIDERS.iter().map(|provider| provider.name).collect();
        format!(
            "`{given}` is neither a domain such as gmail.com nor one of the providers {}",
            names.join(", ")
        )
    })
}

/// Limits of a transport, indexed by recipient domain.
#[derive(Clone, Default)]
pub struct DomainLimits {
    /// Limits with their keys.
    limits: Vec<(String, Limit)>,
    /// Index into `limits` for each domain.
    by_domain: HashMap<String, usize>,
    others: Limit,
}

impl DomainLimits {
    /// Combines rules with the default limits of large providers. Contradictory rules are an error.
    ///
    /// A rule that names the domain wins, then a rule that names its provider, then the default of
    /// its provider, then the rule for `*`.
    pub fn with_defaults(rules: &[LimitRule]) -> Result<Self, String> {
        let mut limits = Self::default();
        if !rules.contains(&LimitRule(RuleKind::NoDefaults)) {
            for provider in PROVIDERS {
                limits.add(provider.name, provider.limit(), provider.domains.iter().copied());
            }
        }
        limits.with_rules(rules)
    }

    /// Combines rules without the default limits.
    pub fn from_rules(rules: &[LimitRule]) -> Result<Self, String> {
        Self::default().with_rules(rules)
    }

    fn with_rules(mut self, rules: &[LimitRule]) -> Result<Self, String> {
        let (mut seen, mut own) = (BTreeSet::new(), Vec::new());
        for rule in rules {
            match &rule.0 {
                RuleKind::NoDefaults => {}
                RuleKind::Others(limit) => {
                    if !seen.insert("*") {
                        return Err("`*` has two rules; keep one".to_owned());
                    }
                    self.others = limit.clone();
                }
                RuleKind::Named(names, limit) => {
                    if let Some(duplicate) = names.iter().find(|name| !seen.insert(name)) {
                        return Err(format!("`{duplicate}` has two rules; keep one"));
                    }
                    let Some(key) = names.first() else { continue };
                    let providers =
                        PROVIDERS.iter().filter(|provider| names.contains(provider.name));
                    let at = self.add(
                        key,
                        limit.clone(),
                        providers.flat_map(|provider| provider.domains.iter().copied()),
                    );
                    own.extend(names.iter().map(|name| (name, at)));
                }
            }
        }
        // Added last, because a rule for a domain overrides the rule for its provider.
        self.by_domain.extend(own.into_iter().map(|(name, at)| (name.clone(), at)));
        Ok(self)
    }

    fn add(
        &mut self,
        key: &str,
        limit: Limit,
        domains: impl Iterator<Item = &'static str>,
    ) -> usize {
        let at = self.limits.len();
        self.limits.push((key.to_owned(), limit));
        self.by_domain.extend(domains.map(|domain| (domain.to_owned(), at)));
        at
    }

    /// Returns the limit for a domain in lower-case ASCII, or `None` if it is unlimited.
    pub fn limit_for<'a>(&'a self, domain: &'a str) -> Option<DomainLimit<'a>> {
        let (key, limit) = match self.by_domain.get(domain) {
            Some(at) => self.limits.get(*at).map(|(key, limit)| (key.as_str(), limit))?,
            None => (domain, &self.others),
        };
        if limit.is_unlimited() {
            None
        } else {
            Some(DomainLimit { key, max_concurrent: limit.max_concurrent, rates: &limit.rates })
        }
    }
}

/// Omits the hundreds of domains of the providers.
impl fmt::Debug for DomainLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DomainLimits")
            .field("domains", &self.by_domain.len())
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
