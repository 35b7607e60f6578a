//! Wrong arguments, which exit with status 2.

use crate::config::Config;
use crate::domain::address::EmailAddress;

/// Wrong command-line usage, which exits with status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Parses an e-mail address argument.
pub(crate) fn parse_address(email: &str) -> anyhow::Result<EmailAddress> {
    EmailAddress::parse(email).map_err(|error| UsageError(error.to_string()).into())
}

/// Returns the names of the sources in the configuration, for an error.
pub(crate) fn source_names(config: &Config) -> String {
    config.sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")
}
