//! Second factor: time-based one-time codes (RFC 6238) and recovery codes.

use totp_rs::{Builder, Totp};

use super::context::AccountContext;
use super::error::AccountError;
use super::secrets::{NONCE_BYTES, decrypt, encrypt, keyed_hash};
use crate::domain::time::Millis;
use crate::store::users::User;

/// Random bytes in the shared secret (RFC 4226, section 4, recommends 160 bits).
const SECRET_BYTES: usize = 20;
/// Random bytes of an enrollment: the shared secret, and the nonce of its encryption.
pub const ENROLLMENT_BYTES: usize = SECRET_BYTES + NONCE_BYTES;
/// Number of recovery codes.
const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code, each worth 5 bits.
const RECOVERY_LENGTH: usize = 10;
/// Random bytes of all recovery codes.
pub const RECOVERY_BYTES: usize = RECOVERY_CODES * RECOVERY_LENGTH;
/// Letters and digits that nobody confuses.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A second factor that its owner has yet to confirm.
#[derive(Clone)]
pub struct Enrollment {
    /// Shared secret in base32, for typing.
    pub secret: String,
    /// URL with the secret, for scanning.
    pub url: String,
}

/// Returns the generator of codes for a secret; `site` names the service in the app.
fn totp(secret: Vec<u8>, user: &str, site: &str) -> Result<Totp, AccountError> {
    let issuer = Some(site.replace(':', " ").trim().to_owned()).filter(|site| !site.is_empty());
    let builder = Builder::new().with_secret(secret).with_account_name(user.to_owned());
    builder.with_issuer(issuer).build().map_err(|_| AccountError::Crypto("cannot generate codes"))
}

fn enrollment(secret: Vec<u8>, user: &str, site: &str) -> Result<Enrollment, AccountError> {
    let totp = totp(secret, user, site)?;
    let url = totp.to_url().map_err(|_| AccountError::Crypto("cannot generate codes"))?;
    Ok(Enrollment { secret: totp.secret().to_base32(), url })
}

/// Creates a secret for a user, who then has to confirm it with a code.
///
/// # Errors
/// If the database or the encryption fails.
pub async fn start_enrollment(
    context: AccountContext<'_>,
    user: &User,
    entropy: [u8; ENROLLMENT_BYTES],
) -> Result<(), AccountError> {
    let nonce = std::array::from_fn(|at| entropy[SECRET_BYTES + at]);
    let sealed = encrypt(context.secret, &user.name, &entropy[..SECRET_BYTES], nonce)?;
    Ok(context.store.second_factors().set_pending(&user.name, &sealed).await?)
}

/// Returns the secret that a user has yet to confirm, if there is one.
///
/// # Errors
/// If the user's name or the title of the site cannot be part of a URL.
pub fn pending_enrollment(
    context: AccountContext<'_>,
    user: &User,
    site: &str,
) -> Result<Option<Enrollment>, AccountError> {
    let sealed = user.totp_pending.as_deref();
    let secret = sealed.and_then(|sealed| decrypt(context.secret, &user.name, sealed));
    secret.map(|secret| enrollment(secret, &user.name, site)).transpose()
}

/// Switches the second factor on if the code belongs to the pending secret, and returns the recovery codes,
/// which cannot be shown again; `None` if the code is wrong.
///
/// # Errors
/// If the database fails.
pub async fn confirm_enrollment(
    context: AccountContext<'_>,
    user: &User,
    code: &str,
    entropy: [u8; RECOVERY_BYTES],
    now: Millis,
) -> Result<Option<Vec<String>>, AccountError> {
    let Some(sealed) = &user.totp_pending else { return Ok(None) };
    let Some(step) = matching_step(context, user, sealed, code, now)? else { return Ok(None) };
    let codes = recovery_codes(&entropy);
    let hashes: Vec<String> =
        codes.iter().map(|code| recovery_hash(context, &user.name, code)).collect();
    let factors = context.store.second_factors();
    let enabled = factors.enable(&user.name, sealed, step, &hashes, &user.actor(), now).await?;
    Ok(enabled.then_some(codes))
}

/// Switches the second factor off if the code is right; the caller has verified the password. Returns
/// `false` if it is wrong.
///
/// # Errors
/// If the database fails.
pub async fn disable_second_factor(
    context: AccountContext<'_>,
    user: &User,
    code: &str,
    now: Millis,
) -> Result<bool, AccountError> {
    if verify(context, user, code, now).await?.is_none() {
        return Ok(false);
    }
    Ok(context.store.second_factors().disable(&user.name, &user.actor(), now).await?)
}

/// Returns the method of a right code: `code` of the app or `recovery_code`; each is accepted once.
pub(super) async fn verify(
    context: AccountContext<'_>,
    user: &User,
    code: &str,
    now: Millis,
) -> Result<Option<&'static str>, AccountError> {
    let Some(sealed) = &user.totp_secret else { return Ok(None) };
    let factors = context.store.second_factors();
    let compact: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if compact.len() == 6 && compact.bytes().all(|b| b.is_ascii_digit()) {
        let Some(step) = matching_step(context, user, sealed, &compact, now)? else {
            return Ok(None);
        };
        return Ok(factors.use_step(&user.name, step).await?.then_some("code"));
    }
    let hash = recovery_hash(context, &user.name, &compact);
    Ok(factors.use_recovery_code(&user.name, &hash).await?.then_some("recovery_code"))
}

/// Returns the time step of a code: the present one, the one before or the one after.
fn matching_step(
    context: AccountContext<'_>,
    user: &User,
    sealed: &str,
    code: &str,
    now: Millis,
) -> Result<Option<i64>, AccountError> {
    let Some(secret) = decrypt(context.secret, &user.name, sealed) else {
        return Err(AccountError::Crypto(
            "the second factor was stored with another secret of the instance",
        ));
    };
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let time = u64::try_from(now.epoch_seconds()).unwrap_or_default();
    let step = totp(secret, &user.name, "")?.check(&code, time);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// Returns recovery codes of two groups of five letters and digits.
fn recovery_codes(entropy: &[u8; RECOVERY_BYTES]) -> Vec<String> {
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    entropy
        .chunks(RECOVERY_LENGTH)
        .map(|bytes| {
            let (first, second) = bytes.split_at(RECOVERY_LENGTH / 2);
            let (first, second) = (first.iter().map(letter), second.iter().map(letter));
            first.chain(Some('-')).chain(second).collect()
        })
        .collect()
}

fn recovery_hash(context: AccountContext<'_>, user: &str, code: &str) -> String {
    let compact: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    keyed_hash(context.secret, "recovery", &format!("{user}:{}", compact.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_are_two_groups_without_confusable_letters() {
        let codes = recovery_codes(&std::array::from_fn(|at| u8::try_from(at * 7 % 256).unwrap()));
        assert_eq!(codes.len(), 10);
        for code in &codes {
            assert_eq!((code.len(), code.find('-')), (11, Some(5)), "{code}");
            assert!(!code.contains(['0', '1', 'l', 'o']), "{code}");
        }
        let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
        assert_eq!(distinct.len(), 10);
    }

    #[test]
    fn a_site_title_with_a_colon_still_names_the_issuer() {
        let shown = enrollment(vec![1; SECRET_BYTES], "lin", "College: News").unwrap();
        assert!(shown.url.starts_with("otpauth://totp/"), "{}", shown.url);
        assert!(shown.url.contains(&format!("secret={}", shown.secret)), "{}", shown.url);
    }
}
