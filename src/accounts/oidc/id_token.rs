//! Validation of ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::OidcError;
use super::provider::OidcProvider;
use crate::domain::time::Millis;

/// Accepted signature algorithms; a token never adds to them.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
/// Difference between the clocks of the provider and of Courant that is accepted, in seconds.
const CLOCK_SKEW_SECS: i64 = 60;
/// Maximum length of a subject (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT_LENGTH: usize = 255;

/// Claims of a valid ID token.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) email_verified: bool,
    pub(super) preferred_username: Option<String>,
    /// Other claims, such as that of the role.
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// Returns the claims of an ID token that the provider signed for this site and this sign-in.
pub(super) async fn validate(
    provider: &OidcProvider,
    token: &str,
    nonce: &str,
    now: Millis,
) -> Result<Claims, OidcError> {
    let header =
        decode_header(token).map_err(|_| OidcError::Refused("the ID token is malformed"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(OidcError::Refused("the ID token has a forbidden algorithm"));
    }
    let key = provider.key(header.kid.as_deref(), now).await?;
    let key = DecodingKey::from_jwk(&key)
        .map_err(|_| OidcError::Refused("the provider has a key of an unknown kind"))?;
    // The claims are checked below, against the time that was passed.
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = decode::<Claims>(token, &key, &validation)
        .map_err(|_| OidcError::Refused("the ID token has an invalid signature or claim"))?;
    check(&decoded.claims, provider, nonce, now).map_err(OidcError::Refused)?;
    Ok(decoded.claims)
}

fn check(
    claims: &Claims,
    provider: &OidcProvider,
    nonce: &str,
    now: Millis,
) -> Result<(), &'static str> {
    let (client_id, seconds) = (&provider.settings.client_id, now.epoch_seconds());
    if claims.iss != provider.settings.issuer {
        return Err("the ID token is of another issuer");
    }
    let audience = claims.aud.names();
    if !audience.contains(client_id) {
        return Err("the ID token is for another client");
    }
    let is_other_party = claims.azp.as_ref().is_some_and(|party| party != client_id);
    if is_other_party || (audience.len() > 1 && claims.azp.is_none()) {
        return Err("the ID token was issued to another client");
    }
    if claims.exp <= seconds - CLOCK_SKEW_SECS {
        return Err("the ID token has expired");
    }
    if claims.iat > seconds + CLOCK_SKEW_SECS {
        return Err("the ID token is from the future");
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err("the ID token is of another sign-in");
    }
    if claims.sub.is_empty() || claims.sub.len() > MAX_SUBJECT_LENGTH {
        return Err("the ID token has no valid subject");
    }
    Ok(())
}
