//! Dependencies of the digest functions.

use std::sync::Arc;

use crate::config::Config;
use crate::store::Store;
use crate::store::identity::StoreIdentity;
use crate::templates::Templates;

/// Dependencies of the digest functions.
#[derive(Debug, Clone, Copy)]
pub struct DigestContext<'a> {
    /// Database with articles and subscribers.
    pub store: &'a Store,
    /// Configuration of digests and site.
    pub config: &'a Config,
    /// Compiled templates of the e-mails.
    pub templates: &'a Arc<Templates>,
    /// Instance whose secret derives the placeholders.
    pub store_identity: &'a StoreIdentity,
}
