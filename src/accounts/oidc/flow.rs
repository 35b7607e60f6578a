//! The two steps of a sign-in: sending the browser to the provider, and its return.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::error::OidcError;
use super::id_token;
use super::person;
use super::provider::OidcProvider;
use crate::accounts::context::AccountContext;
use crate::accounts::secrets::{keyed_hash, to_text};
use crate::accounts::sessions::SESSION_BYTES;
use crate::accounts::sign_in::{Browser, NewSession, start_session};
use crate::domain::time::{Millis, SignedDuration};
use crate::store::oidc_requests::OidcRequest;

/// Random bytes of one sign-in: state, nonce and verifier.
pub const OIDC_BYTES: usize = 3 * SECRET_BYTES;
const SECRET_BYTES: usize = 32;
/// Time within which the browser must return.
const ANSWER_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// First step of a sign-in.
pub struct OidcStart {
    /// Address at the provider to which the browser is sent.
    pub url: String,
    /// State, which the browser also keeps in a cookie.
    pub state: String,
}

/// Parameters with which the provider sends the browser back.
#[derive(Debug, Clone, Copy)]
pub struct OidcAnswer<'a> {
    /// Parameter `state` of the address.
    pub state: &'a str,
    /// State in the cookie of the browser.
    pub kept_state: &'a str,
    /// Parameter `code`; `None` if the provider refused the sign-in.
    pub code: Option<&'a str>,
    /// Parameter `iss` (RFC 9207).
    pub issuer: Option<&'a str>,
}

fn state_hash(context: AccountContext<'_>, state: &str) -> String {
    keyed_hash(context.secret, "oidc-state", state)
}

/// Begins a sign-in with the provider.
///
/// # Errors
/// If the provider or the database fails.
pub async fn start_oidc(
    context: AccountContext<'_>,
    provider: &OidcProvider,
    entropy: [u8; OIDC_BYTES],
    now: Millis,
) -> Result<OidcStart, OidcError> {
    let metadata = provider.metadata(now).await?;
    let mut parts = entropy.chunks(SECRET_BYTES).map(to_text);
    let mut next = || parts.next().unwrap_or_default();
    let (state, nonce, verifier) = (next(), next(), next());
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let mut url = metadata.authorization_endpoint;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.settings.client_id)
        .append_pair("redirect_uri", &provider.redirect_uri)
        .append_pair("scope", "openid profile email")
        .append_pair("state", &state)
        .append_pair("nonce", &nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let request = OidcRequest { nonce, verifier };
    let hash = state_hash(context, &state);
    let created_after = now.plus(-ANSWER_WITHIN);
    context.store.oidc_requests().add(&hash, &request, created_after, now).await?;
    Ok(OidcStart { url: url.into(), state })
}

/// Completes a sign-in when the provider sends the browser back, and starts a session.
///
/// # Errors
/// If the answer is not one to a sign-in that this browser began, or the provider or the database fails.
pub async fn finish_oidc(
    context: AccountContext<'_>,
    provider: &OidcProvider,
    answer: OidcAnswer<'_>,
    browser: Browser<'_>,
    entropy: [u8; SESSION_BYTES],
    now: Millis,
) -> Result<NewSession, OidcError> {
    let is_own = answer.state.as_bytes().ct_eq(answer.kept_state.as_bytes());
    if answer.state.is_empty() || !bool::from(is_own) {
        return Err(OidcError::Refused("the answer belongs to another browser"));
    }
    let hash = state_hash(context, answer.state);
    let request = context.store.oidc_requests().take(&hash, now.plus(-ANSWER_WITHIN)).await?;
    let request =
        request.ok_or(OidcError::Refused("the answer came too late or was used already"))?;
    let metadata = provider.metadata(now).await?;
    let is_issuer = match answer.issuer {
        Some(issuer) => issuer == provider.settings.issuer,
        None => !metadata.authorization_response_iss_parameter_supported,
    };
    if !is_issuer {
        return Err(OidcError::Refused("the answer is of another issuer"));
    }
    let code = answer.code.ok_or(OidcError::Refused("the provider refused the sign-in"))?;
    let token = provider.exchange(code, &request.verifier, now).await?;
    let claims = id_token::validate(provider, &token, &request.nonce, now).await?;
    let user = person::find_or_add(context, provider, &claims, now).await?;
    Ok(start_session(context, &user, false, "openid", browser, entropy, now).await?)
}
