//! Definitions: the feeds, digests, segments and webhooks that the database holds beside the config
//! file, as JSON with the same keys. Each operation is written once for all kinds.

mod access;
mod changes;
mod documents;
mod kinds;
mod problems;
mod save;
mod versions;

pub(super) use self::documents::newest_config;
pub(super) use self::kinds::add_operations;
