//! Whether a place takes documents, found out before there are any.

use super::Publisher;

impl Publisher {
    /// Tries whether the place takes documents, and leaves nothing there; gives its name for people.
    ///
    /// # Errors
    /// When it does not: a sentence that says where, why and what to do.
    pub async fn check(&self) -> Result<String, String> {
        let own = &self.own;
        match own.place.check((own.clock)()).await {
            Ok(()) => Ok(own.place.to_string()),
            Err(why) => Err(own.complaint(&why)),
        }
    }
}
