//! temp
use std::sync::Arc;
/// limit
#[derive(Debug)]
pub struct DomainLimit {
    /// k
    pub key: Arc<str>,
    /// n
    pub at_once: Option<u32>,
}
impl DomainLimit {
    /// room
    pub fn has_room(&self, n: u32) -> bool {
        self.at_once.is_none_or(|m| n < m)
    }
}
