//! Users of the admin area: passwords, sign-ins, sessions and second factors.

mod context;
mod error;
mod oidc;
mod passwords;
mod qr;
mod second_factor;
mod secrets;
mod sessions;
mod sign_in;
mod users;

pub use context::AccountContext;
pub use error::AccountError;
pub use oidc::{
    OIDC_BYTES, OidcAnswer, OidcError, OidcProvider, OidcStart, finish_oidc, start_oidc,
};
pub use passwords::{PasswordCost, SALT_BYTES};
pub use qr::QrCode;
pub use second_factor::{
    ENROLLMENT_BYTES, Enrollment, RECOVERY_BYTES, confirm_enrollment, disable_second_factor,
    pending_enrollment, start_enrollment,
};
pub use sessions::{
    SESSION_BYTES, SignedIn, authenticate, delete_expired_sessions, end_all_sessions, end_session,
    end_session_of, list_sessions, record_refusal, waits_for_code,
};
pub use sign_in::{
    Browser, NewSession, SIGN_IN_BYTES, SignIn, confirm_password, continue_session, sign_in,
    sign_in_to_demo, verify_code,
};
pub use users::{
    LINK_BYTES, NewUser, PASSWORD_LINK_LIFETIME, add_user, change_password, create_password_link,
    find_password_link, remove_user, set_password_by_link, set_role,
};
