//! Check that a destination accepts files, before there are any.

use super::publisher::Publisher;

impl Publisher {
    /// Checks that the destination accepts files, without leaving any. Returns its display name.
    ///
    /// # Errors
    /// If it does not: a sentence with the destination, the reason and the fix.
    pub async fn check(&self) -> Result<String, String> {
        let inner = &self.inner;
        match inner.destination.check((inner.clock)()).await {
            Ok(()) => Ok(inner.destination.to_string()),
            Err(reason) => Err(inner.describe_failure(&reason)),
        }
    }
}
