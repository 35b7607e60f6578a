//! Context of the buttons that pause and resume everything.

use serde::Serialize;

/// Numbers of digests that a user can pause or resume at once.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct PauseAll {
    /// Number of digests that are not paused.
    pub active: i64,
    /// Number of paused digests.
    pub paused: i64,
    /// Number of editions that are being sent.
    pub sending: i64,
    /// `true` if the user sees only some digests.
    pub is_limited: bool,
}
