//! Sign-in with an OpenID provider: authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1;
//! RFC 7636; RFC 9207).

mod error;
mod flow;
mod id_token;
mod person;
mod provider;

pub use error::OidcError;
pub use flow::{OIDC_BYTES, OidcAnswer, OidcStart, finish_oidc, start_oidc};
pub use provider::OidcProvider;
