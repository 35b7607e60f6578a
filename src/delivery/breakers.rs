//! Circuit breakers: each stops mail to something that keeps failing, for a growing time or until
//! an admin acts.

pub(super) mod connection_limit;
pub(super) mod domain;
pub(super) mod edition;
mod recipient_rejections;
pub(super) mod relay;
pub(super) mod relay_errors;
