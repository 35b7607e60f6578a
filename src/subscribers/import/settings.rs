//! Settings of an import: those that a person chose, and what the caller knows.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::super::KnownTerms;
use super::super::subscriber_file::{FilePreview, LayoutChoice, Preset, SubscriberFile};
use crate::domain::actor::Actor;
use crate::domain::import_changes::ExistingPeople;
use crate::domain::language;
use crate::fs::{CsvSettings, InputFile};

/// Options of an import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Actor that imports the file.
    pub actor: Actor,
    /// Sections and languages that the file may name.
    pub known: KnownTerms,
    /// Settings that a person chose.
    pub settings: ImportSettings,
}

impl ImportOptions {
    /// Returns the options without any choice of a person.
    pub fn new(actor: Actor) -> Self {
        Self { actor, known: KnownTerms::default(), settings: ImportSettings::default() }
    }
}

/// Settings of an import that a person chose; they are stored with the import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportSettings {
    /// `true` if the admin holds the owners' consent, so that no confirmation e-mail is sent.
    pub confirmed: bool,
    /// Evidence of the owners' consent.
    pub consent: String,
    /// Name of the encoding; absent to recognize it.
    pub encoding: Option<String>,
    /// Character between the fields, or its name; absent to recognize it.
    pub delimiter: Option<String>,
    /// Word for the service that exported the file; absent to recognize it.
    pub preset: Option<String>,
    /// Headings of the file by the column or attribute that they stand for.
    pub columns: BTreeMap<String, String>,
    /// Headings of columns that are not imported.
    pub ignored: Vec<String>,
    /// Treatment of people whom the database has.
    pub existing: ExistingPeople,
    /// Language of people who have none; absent for the language of the site.
    pub language: Option<String>,
    /// `true` to count the changes without storing anything.
    pub dry_run: bool,
    /// `true` to import valid lines even if others are rejected.
    pub skip_bad: bool,
}

impl ImportSettings {
    /// Opens a file with these settings.
    pub(super) fn open(&self, input: InputFile, name: String) -> anyhow::Result<SubscriberFile> {
        let (csv, choice) = self.reading()?;
        SubscriberFile::read(input, name, csv, &choice)
    }

    /// Returns the properties and the first lines of a file; a missing or ambiguous column is not an error.
    pub(super) fn preview(&self, input: InputFile, name: String) -> anyhow::Result<FilePreview> {
        let (csv, choice) = self.reading()?;
        SubscriberFile::read_leniently(input, name, csv, &choice)?.preview()
    }

    /// Returns the settings with which a file is read.
    fn reading(&self) -> anyhow::Result<(CsvSettings, LayoutChoice)> {
        let csv = CsvSettings::parse(self.encoding.as_deref(), self.delimiter.as_deref())
            .map_err(anyhow::Error::msg)?;
        let preset = self.preset.as_deref().map(parse_preset).transpose();
        let choice = LayoutChoice {
            columns: self.columns.clone().into_iter().collect::<HashMap<_, _>>(),
            ignored: self.ignored.clone(),
            preset: preset.map_err(anyhow::Error::msg)?,
        };
        Ok((csv, choice))
    }

    /// Checks the settings without a file.
    ///
    /// # Errors
    /// The name of the first setting that is not valid, with one sentence.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        CsvSettings::parse(self.encoding.as_deref(), None)
            .map_err(|reason| ("encoding", reason))?;
        CsvSettings::parse(None, self.delimiter.as_deref())
            .map_err(|reason| ("delimiter", reason))?;
        if let Some(word) = &self.preset {
            parse_preset(word).map_err(|reason| ("preset", reason))?;
        }
        if let Some(tag) = &self.language {
            parse_language(tag).map_err(|reason| ("language", reason))?;
        }
        if self.confirmed && self.consent.trim().is_empty() {
            let reason = "state how and when the people consented, or import them as pending";
            return Err(("consent", reason.to_owned()));
        }
        Ok(())
    }
}

/// Returns the canonical form of a known language.
fn parse_language(tag: &str) -> Result<String, String> {
    let tag = language::canonical(tag)?;
    match language::is_known(&tag) {
        true => Ok(tag),
        false => Err(format!("`{tag}` is not a known language; write an ISO 639 code")),
    }
}

fn parse_preset(word: &str) -> Result<Preset, String> {
    Preset::parse(word).ok_or_else(|| {
        let known = Preset::ALL.map(Preset::as_str).join(", ");
        format!("{word:?} is not a known service; use one of: {known}")
    })
}
