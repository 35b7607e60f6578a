//! How fast a recipient's provider is written to: rules by domain, with defaults for the large ones.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::address::ascii_domain;
use super::rate::Rate;

mod families;
use families::FAMILIES;

/// Messages in flight to one domain that a rule can name.
const MOST_AT_ONCE: u32 = 10_000;

/// What holds for messages to one domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainLimit<'a> {
    /// What is counted together: a family's name, the first by the alphabet of the names in a rule, or the domain itself.
    pub key: &'a str,
    /// Messages in flight, of each node.
    pub at_once: Option<u32>,
    /// Limits for all nodes together.
    pub rates: &'a [Rate],
}

/// A bound as it is written: `10 at once, 50/s`; empty: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bound {
    at_once: Option<u32>,
    rates: Vec<Rate>,
}

/// One line of `domains`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// `none`: the defaults do not hold.
    NoDefaults,
    /// `*: …`: every domain without another rule, each by itself.
    Others(Bound),
    /// `gmail.com, microsoft: …`: these together.
    Named(BTreeSet<String>, Bound),
}

impl Rule {
    /// Reads `gmail.com, googlemail.com: 10 at once, 50/s`, `*: 5 at once`, `google: none` or `none`; refuses with a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "none" {
            return Ok(Self(Kind::NoDefaults));
        }
        let form = "write domains, a colon and limits, as in [\"gmail.com, googlemail.com: 10 at once, 50/s\", \"*: none\"]";
        let (names, bound) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is no rule: {form}"))?;
        let bound = Bound::parse(bound.trim())?;
        if names.trim() == "*" {
            return Ok(Self(Kind::Others(bound)));
        }
        let mut together = BTreeSet::new();
        for written in names.split(',').map(str::trim) {
            if written == "*" {
                return Err("`*` stands alone before its colon, for every domain without a rule of its own: give it a line".to_owned());
            }
            let name = name(written)?;
            if together.contains(&name) {
                return Err(format!("`{name}` is named twice: keep one"));
            }
            together.insert(name);
        }
        Ok(Self(Kind::Named(together, bound)))
    }
}

/// A domain in lower-case ASCII, or a family's name.
fn name(written: &str) -> Result<String, String> {
    let lower = written.to_lowercase();
    if FAMILIES.iter().any(|family| family.name == lower) {
        return Ok(lower);
    }
    ascii_domain(written).map_err(|why| {
        if written.is_empty() || written.contains(['.', '*', '@']) {
            return format!(
                "`{written}` is no domain ({why}): write what stands behind the @, as gmail.com"
            );
        }
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        format!(
            "`{written}` is neither a domain, as gmail.com, nor one of the families {}",
            names.join(", ")
        )
    })
}

impl Bound {
    /// Reads what stands behind the colon.
    fn parse(text: &str) -> Result<Self, String> {
        let mut bound = Self::default();
        if text == "none" {
            return Ok(bound);
        }
        for part in text.split(',').map(str::trim) {
            let twice = || format!("`{text}` limits the same twice: keep one of the two");
            if let Some(count) = part.strip_suffix("at once") {
                let count = count.trim();
                let is_number = count.bytes().all(|b| b.is_ascii_digit());
                let count =
                    count.parse().ok().filter(|n| is_number && (1..=MOST_AT_ONCE).contains(n));
                let count = count
                    .ok_or_else(|| format!("`{part}` is no number of messages from 1 to {MOST_AT_ONCE}: write it as \"10 at once\""))?;
                if bound.at_once.replace(count).is_some() {
                    return Err(twice());
                }
            } else {
                let refusal = |_| {
                    format!(
                        "`{part}` is no limit: write \"10 at once\", a number with /s, /m, /h or /d as \"50/s\", or \"none\""
                    )
                };
                Rate::parse(part).map_err(refusal)?.join(&mut bound.rates).map_err(|()| twice())?;
            }
        }
        Ok(bound)
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The rules of a transport, ready to be asked for each message.
#[derive(Clone, Default)]
pub struct Limits {
    /// With the key of each.
    bounds: Vec<(String, Bound)>,
    /// The index of a domain's bound.
    by_domain: HashMap<String, usize>,
    others: Bound,
}

impl Limits {
    /// Puts lines together, with the defaults under them; refuses with a sentence what contradicts itself.
    ///
    /// A domain that is named has that line; else one of a family that is named has the family's line; else its family's
    /// default; else the line of `*`.
    pub fn with_defaults(rules: &[Rule]) -> Result<Self, String> {
        let mut limits = Self::default();
        if !rules.contains(&Rule(Kind::NoDefaults)) {
            for family in FAMILIES {
                limits.add(family.name, family.bound(), family.domains.iter().copied());
            }
        }
        limits.and(rules)
    }

    /// The same without defaults.
    pub fn of_rules(rules: &[Rule]) -> Result<Self, String> {
        Self::default().and(rules)
    }

    fn and(mut self, rules: &[Rule]) -> Result<Self, String> {
        let (mut seen, mut own) = (BTreeSet::new(), Vec::new());
        for rule in rules {
            match &rule.0 {
                Kind::NoDefaults => {}
                Kind::Others(bound) => {
                    if !seen.insert("*") {
                        return Err("`*` has two lines: keep one".to_owned());
                    }
                    self.others = bound.clone();
                }
                Kind::Named(names, bound) => {
                    if let Some(twice) = names.iter().find(|name| !seen.insert(name)) {
                        return Err(format!("`{twice}` has two lines: keep one"));
                    }
                    let Some(key) = names.first() else { continue };
                    let families = FAMILIES.iter().filter(|family| names.contains(family.name));
                    let at = self.add(
                        key,
                        bound.clone(),
                        families.flat_map(|family| family.domains.iter().copied()),
                    );
                    own.extend(names.iter().map(|name| (name, at)));
                }
            }
        }
        // After the families, of whichever line: a domain's own line is the nearer one.
        self.by_domain.extend(own.into_iter().map(|(name, at)| (name.clone(), at)));
        Ok(self)
    }

    fn add(
        &mut self,
        key: &str,
        bound: Bound,
        domains: impl Iterator<Item = &'static str>,
    ) -> usize {
        let at = self.bounds.len();
        self.bounds.push((key.to_owned(), bound));
        self.by_domain.extend(domains.map(|domain| (domain.to_owned(), at)));
        at
    }

    /// What holds for a domain, given in lower-case ASCII as addresses have it; none if nothing does.
    pub fn of<'a>(&'a self, domain: &'a str) -> Option<DomainLimit<'a>> {
        let (key, bound) = match self.by_domain.get(domain) {
            Some(at) => self.bounds.get(*at).map(|(key, bound)| (key.as_str(), bound))?,
            None => (domain, &self.others),
        };
        if bound.is_none() {
            None
        } else {
            Some(DomainLimit { key, at_once: bound.at_once, rates: &bound.rates })
        }
    }
}

/// Without the hundreds of domains of the families.
impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("domains", &self.by_domain.len())
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
