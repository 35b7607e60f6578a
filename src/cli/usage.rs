//! Wrong arguments, which exit with status 2.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseIntError};

use clap::error::{ContextKind, ContextValue};

use crate::config::Config;
use crate::domain::address::EmailAddress;

/// Wrong command-line usage, which exits with status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Replaces the reason that the standard library gives for an invalid number, such as "invalid digit
/// found in string", by a hint for people; returns other errors unchanged.
pub(crate) fn with_number_hint(error: clap::Error, command: &clap::Command) -> clap::Error {
    let Some(reason) = error.source().and_then(|source| source.downcast_ref::<ParseIntError>())
    else {
        return error;
    };
    let hint = match reason.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "the number is too large",
        _ => "write a whole number",
    };
    let mut explained = clap::Error::new(error.kind()).with_cmd(command);
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue] {
        if let Some(value) = error.get(kind) {
            explained.insert(kind, value.clone());
        }
    }
    explained.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    explained
}

/// Parses an e-mail address argument.
pub(crate) fn parse_address(email: &str) -> anyhow::Result<EmailAddress> {
    EmailAddress::parse(email).map_err(|error| UsageError(error.to_string()).into())
}

/// Returns the names of the sources in the configuration, for an error.
pub(crate) fn source_names(config: &Config) -> String {
    config.sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")
}
