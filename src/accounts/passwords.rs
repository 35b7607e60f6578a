//! Password hashes (Argon2id), calculated by at most two threads at a time.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use super::error::AccountError;

/// Random bytes in the salt of a password hash.
pub const SALT_BYTES: usize = 16;
/// Hashes that are calculated at the same time: each takes some 20 MB and one core.
static PERMITS: Semaphore = Semaphore::const_new(2);

/// Cost of a password hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Number of passes over the memory.
    pub passes: u32,
}

impl Default for PasswordCost {
    /// Returns the minimum that OWASP recommends for Argon2id.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

impl PasswordCost {
    fn argon2(self) -> Result<Argon2<'static>, AccountError> {
        let params = Params::new(self.memory_kib, self.passes, 1, None);
        Ok(Argon2::from(params.map_err(|_| HASH_FAILED)?))
    }
}

const HASH_FAILED: AccountError = AccountError::Crypto("cannot calculate the hash of the password");

/// Result of the verification of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// The password is right.
    Matches {
        /// `true` if the hash has a lower cost than new ones.
        is_outdated: bool,
    },
    /// The password is wrong, or there is none.
    Differs,
}

/// Runs a calculation on a thread for blocking work, once fewer than two others run.
async fn calculate<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AccountError> + Send + 'static,
) -> Result<T, AccountError> {
    let permit = PERMITS.acquire().await.map_err(|_| HASH_FAILED)?;
    let result = tokio::task::spawn_blocking(move || {
        // The permit is held until the end, even if nobody waits for the result any more.
        let _permit = permit;
        work()
    });
    result.await.map_err(|_| HASH_FAILED)?
}

/// Returns the hash of a normalized password in PHC string format.
pub(super) async fn hash(
    password: String,
    salt: [u8; SALT_BYTES],
    cost: PasswordCost,
) -> Result<String, AccountError> {
    calculate(move || {
        let hash = cost.argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
        Ok(hash.map_err(|_| HASH_FAILED)?.to_string())
    })
    .await
}

/// Verifies a normalized password. Without a stored hash the same calculation runs, so that the time does
/// not tell whether the account exists.
pub(super) async fn verify(
    password: String,
    stored: Option<String>,
    cost: PasswordCost,
) -> Result<Verification, AccountError> {
    calculate(move || {
        let argon2 = cost.argon2()?;
        let parsed = stored.as_deref().and_then(|text| PasswordHash::new(text).ok());
        let Some(parsed) = parsed else {
            let wasted = argon2.hash_password_with_salt(password.as_bytes(), &[0; SALT_BYTES]);
            return wasted.map(|_| Verification::Differs).map_err(|_| HASH_FAILED);
        };
        if argon2.verify_password(password.as_bytes(), &parsed).is_err() {
            return Ok(Verification::Differs);
        }
        let is_outdated = Params::try_from(&parsed).map_or(true, |params| {
            params.m_cost() < cost.memory_kib || params.t_cost() < cost.passes
        });
        Ok(Verification::Matches { is_outdated })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: PasswordCost = PasswordCost { memory_kib: 64, passes: 1 };

    async fn check(password: &str, stored: Option<String>, cost: PasswordCost) -> Verification {
        verify(password.to_owned(), stored, cost).await.unwrap()
    }

    #[tokio::test]
    async fn a_hash_verifies_only_its_password_and_is_outdated_below_the_present_cost() {
        let stored = hash("Teekanne-am-Fluss".into(), [7; SALT_BYTES], LOW).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        let is_outdated = |is_outdated| Verification::Matches { is_outdated };
        assert_eq!(check("Teekanne-am-Fluss", Some(stored.clone()), LOW).await, is_outdated(false));
        let higher = PasswordCost { passes: 2, ..LOW };
        assert_eq!(
            check("Teekanne-am-Fluss", Some(stored.clone()), higher).await,
            is_outdated(true)
        );
        assert_eq!(check("teekanne-am-fluss", Some(stored), LOW).await, Verification::Differs);
        assert_eq!(check("x", None, LOW).await, Verification::Differs);
        assert_eq!(check("x", Some("not a hash".into()), LOW).await, Verification::Differs);
    }

    #[test]
    fn new_hashes_have_the_recommended_cost() {
        let params = Params::default();
        let cost = PasswordCost::default();
        assert_eq!((params.m_cost(), params.t_cost()), (cost.memory_kib, cost.passes));
    }
}
