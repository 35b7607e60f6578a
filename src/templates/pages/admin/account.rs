//! Contexts of the pages with which users sign in and manage their account.

use serde::Serialize;

use super::frame::AdminFrame;
use crate::templates::pages::context::{LanguageLink, PageContext};

/// Context of `/admin/login`. Its form posts `name` and `password`, or `code`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LoginPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// `true` if the password was right and the code of the second factor is missing.
    pub needs_code: bool,
    /// Name as the visitor entered it.
    pub name: String,
    /// Name of the OpenID provider, if one is configured.
    pub provider: Option<String>,
    /// Error in the submitted form, as one sentence.
    pub error: Option<String>,
}

/// Context of `/admin/password/TOKEN`. Its form posts `password` and `repeat`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SetPasswordPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Token in the page's URL.
    pub token: String,
    /// Name of the user.
    pub name: String,
    /// Minimum number of characters of a password.
    pub min_length: usize,
    /// Error in the submitted form, as one sentence.
    pub error: Option<String>,
}

/// Context of `/admin/profile`. Its forms post `action`, and the fields that the action needs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ProfilePage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Name of the user.
    pub name: String,
    /// Word for the role of the user.
    pub role: String,
    /// Digests of the user by title, or that these are all.
    pub digests: String,
    /// `true` if the user has a password.
    pub has_password: bool,
    /// `true` if the second factor is on.
    pub has_second_factor: bool,
    /// Number of recovery codes that are left.
    pub recovery_codes: i64,
    /// Second factor that the user has yet to confirm.
    pub enrollment: Option<EnrollmentView>,
    /// Sessions of the user, the last used one first.
    pub sessions: Vec<SessionRow>,
    /// Minimum number of characters of a password.
    pub min_length: usize,
    /// Languages of the admin area, with the one that the user has chosen.
    pub language_choices: Vec<LanguageLink>,
    /// Time zone that the user has chosen; empty for that of the site.
    pub timezone: String,
    /// Names of time zones that are suggested.
    pub zones: &'static [String],
    /// Error in the form for the preferences, as one sentence.
    pub preferences_error: Option<String>,
    /// Error in the form for the password, as one sentence.
    pub password_error: Option<String>,
    /// Error in a form for the second factor, as one sentence.
    pub second_factor_error: Option<String>,
}

/// Secret of a second factor, for scanning and typing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EnrollmentView {
    /// Secret in base32 for typing.
    pub secret: String,
    /// Width and height of the QR code in modules.
    pub qr_size: i32,
    /// SVG path of the QR code.
    pub qr_path: String,
}

/// Session in a list of sessions.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SessionRow {
    /// Public id of the session.
    pub id: String,
    /// Browser and system; empty if unknown.
    pub browser: String,
    /// Time of the sign-in in the site's zone.
    pub created: String,
    /// Time of the last request in the site's zone.
    pub used: String,
    /// `true` for the session of the page.
    pub is_current: bool,
}

/// Context of the page that shows recovery codes once.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RecoveryCodesPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Recovery codes, shown once.
    pub codes: Vec<String>,
}
