//! Validation of the lines of a file, one by one and without the database.

use std::collections::{BTreeMap, HashMap};

use super::super::attributes::FileAttributes;
use super::super::subscriber_file::{LineStatus, SubscriberLine};
use super::super::{KnownTerms, LineProblem, strip_control_characters};
use crate::domain::address::EmailAddress;
use crate::domain::attribute::AttributeType;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::{language, selection, tag};
use crate::store::imports::{ImportPerson, ImportRow};
use crate::store::suppressions::AddressHasher;

/// Maximum length of a name in characters.
const MAX_NAME_CHARS: usize = 200;
/// Number of different texts whose results are remembered.
const MAX_REMEMBERED: usize = 1_000;

/// Values against which the lines of a file are validated.
pub(super) struct LineChecks {
    /// Name of the digest.
    pub(super) digest: String,
    /// Record of the consent that a person states for the whole file.
    pub(super) consent: String,
    /// `true` if subscriptions begin without a message to their owners.
    pub(super) is_confirmed: bool,
    pub(super) hasher: AddressHasher,
    pub(super) known: KnownTerms,
    pub(super) attributes: FileAttributes,
    /// Results of validating languages and time zones, which repeat in most lines.
    pub(super) languages: HashMap<String, Result<String, LineProblem>>,
    pub(super) timezones: HashMap<String, Result<(), LineProblem>>,
}

impl LineChecks {
    /// Returns the types of the new attributes, once all lines were read.
    pub(super) fn decide_types(&mut self) -> BTreeMap<String, AttributeType> {
        self.attributes.decide_types()
    }

    /// Validates a line.
    ///
    /// # Errors
    /// The first value that is not valid.
    pub(super) fn validate(
        &mut self,
        number: u64,
        line: Result<SubscriberLine, LineProblem>,
    ) -> Result<ImportRow, LineProblem> {
        let mut line = line?;
        if let Some(LineStatus::Suppressed(reason)) = line.status {
            line.suppression.get_or_insert_with(|| reason.to_owned());
        }
        let is_other_digest = line.digest.as_ref().is_some_and(|name| *name != self.digest);
        let has_person = !is_other_digest
            && !matches!(line.status, Some(LineStatus::Suppressed(_) | LineStatus::LeftList));
        let mut row = ImportRow { line: number, person: None, suppression: None, is_other_digest };
        if !has_person && line.suppression.is_none() {
            return Ok(row);
        }
        let address = EmailAddress::parse(&line.subscriber.email)?;
        let key = address.key();
        let hash = self.hasher.hash(&key);
        row.suppression = line.suppression.take().map(|reason| (hash.clone(), reason));
        if has_person {
            row.person = Some(self.person(line, address.as_str().to_owned(), key, hash)?);
        }
        Ok(row)
    }

    fn person(
        &mut self,
        line: SubscriberLine,
        address: String,
        address_key: String,
        address_hash: String,
    ) -> Result<ImportPerson, LineProblem> {
        let SubscriberLine { subscriber, attributes, status, evidence, .. } = line;
        let cleaned = |value: Option<String>| {
            value.map(|text| strip_control_characters(&text)).filter(|text| !text.is_empty())
        };
        let timezone = cleaned(subscriber.timezone);
        if let Some(zone) = &timezone {
            self.check_timezone(zone)?;
        }
        let language = cleaned(subscriber.language);
        let language = language.map(|tag| self.canonical_language(&tag)).transpose()?;
        let mut sections: Vec<String> =
            subscriber.sections.into_iter().filter_map(|text| cleaned(Some(text))).collect();
        // Sorted without duplicates, so that equal choices share a variant.
        sections.sort_by_key(|section| selection::normalize_term(section));
        sections.dedup_by_key(|section| selection::normalize_term(section));
        self.known.check_sections(&sections)?;
        let status = match status {
            Some(LineStatus::Unsubscribed) => SubscriptionStatus::Unsubscribed,
            Some(LineStatus::Pending) => SubscriptionStatus::Pending,
            _ if !self.is_confirmed => SubscriptionStatus::Pending,
            Some(LineStatus::Paused) => SubscriptionStatus::Paused,
            _ => SubscriptionStatus::Confirmed,
        };
        Ok(ImportPerson {
            address,
            address_key,
            address_hash,
            name: cleaned(subscriber.name).map(|name| name.chars().take(MAX_NAME_CHARS).collect()),
            language,
            timezone,
            sections,
            tags: tag::normalize_all(&subscriber.tags)?,
            attributes: self.attributes.values(&attributes)?,
            consent: self.consent_of(status, evidence.as_deref()),
            status: Some(status),
        })
    }

    /// Returns the record of the consent, with the evidence of the file.
    fn consent_of(&self, status: SubscriptionStatus, evidence: Option<&str>) -> String {
        match evidence.map(strip_control_characters) {
            Some(evidence) if status != SubscriptionStatus::Pending => {
                format!("{}; {evidence}", self.consent)
            }
            _ => self.consent.clone(),
        }
    }

    fn check_timezone(&mut self, zone: &str) -> Result<(), LineProblem> {
        if let Some(result) = self.timezones.get(zone) {
            return result.clone();
        }
        let result = jiff::tz::TimeZone::get(zone)
            .map(drop)
            .map_err(|_| LineProblem::InvalidTimezone { zone: zone.to_owned() });
        remember(&mut self.timezones, zone, result)
    }

    fn canonical_language(&mut self, tag: &str) -> Result<String, LineProblem> {
        if let Some(result) = self.languages.get(tag) {
            return result.clone();
        }
        let result = language::canonical(tag)
            .map_err(LineProblem::from)
            .and_then(|tag| self.known.check_language(&tag).map(|()| tag));
        remember(&mut self.languages, tag, result)
    }
}

/// Keeps the result for a text while there are few of them.
fn remember<T: Clone>(results: &mut HashMap<String, T>, text: &str, result: T) -> T {
    if results.len() < MAX_REMEMBERED {
        results.insert(text.to_owned(), result.clone());
    }
    result
}
