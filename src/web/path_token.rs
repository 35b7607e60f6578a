//! Token of a link in an e-mail, from the path of a request.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

/// Characters that mail clients take for the end of a link when it is followed by them.
const TRAILING: [char; 19] = [
    '.', ',', ';', ':', '!', ')', ']', '}', '>', '"', '\'', '=', ' ', '\u{2026}', '\u{3002}',
    '\u{ff0c}', '\u{ff09}', '\u{300d}', '\u{300b}',
];

/// Token without the punctuation that a mail client added to its end.
pub(super) struct PathToken(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathToken {
    type Rejection = PathRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PathRejection> {
        let Path(token) = Path::<String>::from_request_parts(parts, state).await?;
        Ok(Self(token.trim_end_matches(TRAILING).to_owned()))
    }
}
