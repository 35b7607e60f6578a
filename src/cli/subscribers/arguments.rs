//! Arguments that several commands for subscribers share.

use anyhow::anyhow;
use clap::ValueEnum;

use crate::app::App;
use crate::cli::usage::{UsageError, parse_address};
use crate::digests::find_digest;
use crate::domain::filter::{self, Condition};
use crate::store::subscribers::Subscriber;

/// Status of the subscriptions that a command creates.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum InitialStatus {
    /// The owner consented; no confirmation e-mail is sent
    Confirmed,
    /// A confirmation e-mail is sent first
    Pending,
}

impl InitialStatus {
    /// Returns `true` for confirmed subscriptions, which need evidence of consent.
    pub(super) fn is_confirmed(self, consent: Option<&str>) -> Result<bool, UsageError> {
        let has_consent = consent.is_some_and(|text| !text.trim().is_empty());
        match self {
            Self::Confirmed if !has_consent => Err(UsageError(
                "--status confirmed sends no confirmation e-mail and therefore requires evidence that the owner of the address agreed; add, for example, --consent \"form of 3 May\", or omit --status".into(),
            )),
            Self::Confirmed => Ok(true),
            Self::Pending => Ok(false),
        }
    }
}

/// Parses a filter; the error marks the character at which it is not valid.
pub(super) async fn parse_filter(app: &App, filter: &str) -> anyhow::Result<Condition> {
    let names = app.config.filter_names(Some(app.store.attributes().types().await?));
    let condition = filter::compile(filter, &names);
    Ok(condition.map_err(|e| UsageError(format!("--where: {e}\n{}", e.marked(filter))))?)
}

/// Returns an error that names the existing digests if there is none of this name.
pub(super) fn check_digest(app: &App, name: Option<&str>) -> Result<(), UsageError> {
    name.map_or(Ok(()), |name| {
        find_digest(&app.config, name).map(|_| ()).map_err(|e| UsageError(format!("{e:#}")))
    })
}

/// Returns the subscriber with an address; the error says how to find one.
pub(super) async fn find_subscriber(app: &App, email: &str) -> anyhow::Result<Subscriber> {
    app.store
        .subscribers()
        .find_by_address(&parse_address(email)?.key())
        .await?
        .ok_or_else(|| anyhow!("{email} is not a subscriber; `courant subscribers list --search TEXT` searches for part of an address"))
}
