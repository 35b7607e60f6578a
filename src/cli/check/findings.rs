//! Findings of `courant check`, as lines or as one JSON document.

use crate::cli::output::{self, Style};
use crate::mail::dkim;
use crate::wire::system::{DnsRecord, Finding};

/// Prints the findings of the command as they arise, or collects them for one JSON document.
#[derive(Debug)]
pub(super) struct Findings {
    json: bool,
    /// The findings so far, for the JSON document.
    pub(super) documents: Vec<Finding>,
    /// Number of findings that are errors.
    pub(super) errors: usize,
}

impl Findings {
    /// Creates an empty list.
    pub(super) fn new(json: bool) -> Self {
        Self { json, documents: Vec::new(), errors: 0 }
    }

    /// Adds a part that works.
    pub(super) fn ok(&mut self, text: &str) -> anyhow::Result<()> {
        self.add("ok", Style::Green, text)
    }

    /// Adds a part that works but needs attention.
    pub(super) fn warning(&mut self, text: &str) -> anyhow::Result<()> {
        self.add("warning", Style::Yellow, text)
    }

    /// Adds an error, which makes the command fail.
    pub(super) fn error(&mut self, text: &str) -> anyhow::Result<()> {
        self.errors += 1;
        self.add("error", Style::Red, text)
    }

    fn add(&mut self, level: &str, style: Style, text: &str) -> anyhow::Result<()> {
        if self.json {
            let (level, text) = (level.to_owned(), text.to_owned());
            self.documents.push(Finding { level, text, dns_records: None });
            return Ok(());
        }
        let word = if level == "warning" { "warn" } else { level };
        let prefix = output::styled(&format!("{word:<6}"), style, &std::io::stdout());
        output::line(&format!("{prefix}{text}"))
    }

    /// Adds the DNS records that the previous finding asks for.
    pub(super) fn dns_records(&mut self, records: &[dkim::DnsRecord]) -> anyhow::Result<()> {
        if let Some(document) = self.documents.last_mut() {
            document.dns_records = Some(records.iter().map(DnsRecord::from).collect());
            return Ok(());
        }
        for record in records {
            output::verbatim(&format!(
                "\n      {}\n        {}",
                output::bold(&record.name),
                record.value
            ))?;
        }
        output::line("")
    }
}
