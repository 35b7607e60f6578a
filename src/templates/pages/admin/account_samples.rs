//! Sample contexts of the pages of users, in English and Chinese.

use super::account::{
    EnrollmentView, LoginPage, ProfilePage, RecoveryCodesPage, SessionRow, SetPasswordPage,
};
use super::frame::framed;
use crate::templates::pages::context::LanguageLink;
use crate::templates::pages::sample_contexts::both;
use crate::templates::pages::view::View;

fn error() -> Option<String> {
    Some("This is not right.".into())
}

impl View for LoginPage {
    const TEMPLATE: &'static str = "web/admin/login";

    fn samples() -> Vec<Self> {
        let mut samples = both(|page| Self { page, ..Self::default() });
        samples.extend(both(|page| Self {
            page,
            name: "lin".into(),
            provider: Some("College login".into()),
            error: error(),
            ..Self::default()
        }));
        samples.extend(both(|page| Self { page, needs_code: true, ..Self::default() }));
        samples
    }
}

impl View for SetPasswordPage {
    const TEMPLATE: &'static str = "web/admin/password";

    fn samples() -> Vec<Self> {
        both(|page| Self {
            page,
            token: "token".into(),
            name: "lin".into(),
            min_length: 12,
            error: error(),
        })
    }
}

impl View for ProfilePage {
    const TEMPLATE: &'static str = "web/admin/profile";

    fn samples() -> Vec<Self> {
        let session = |id: &str, browser: &str, is_current| SessionRow {
            id: id.into(),
            browser: browser.into(),
            created: "2026-09-21 08:00".into(),
            used: "2026-09-21 09:30".into(),
            is_current,
        };
        let enrollment = EnrollmentView {
            secret: "JBSWY3DPEHPK3PXP".into(),
            qr_size: 9,
            qr_path: "M4,4h1v1h-1z".into(),
        };
        let profile = |frame| Self {
            frame,
            name: "lin".into(),
            role: "editor".into(),
            has_password: true,
            sessions: vec![session("5d1c", "Firefox, Linux", true), session("8e2a", "", false)],
            min_length: 12,
            language_choices: vec![LanguageLink {
                code: "en".into(),
                name: "English".into(),
                url: String::new(),
                current: true,
            }],
            ..Self::default()
        };
        let mut samples = framed(profile);
        samples.extend(framed(|frame| Self {
            enrollment: Some(enrollment.clone()),
            second_factor_error: error(),
            ..profile(frame)
        }));
        samples.extend(framed(|frame| Self {
            has_second_factor: true,
            recovery_codes: 1,
            digests: "The week and Every morning".into(),
            password_error: error(),
            preferences_error: error(),
            ..profile(frame)
        }));
        samples.extend(framed(|frame| Self { has_password: false, ..profile(frame) }));
        samples
    }
}

impl View for RecoveryCodesPage {
    const TEMPLATE: &'static str = "web/admin/recovery_codes";

    fn samples() -> Vec<Self> {
        both(|page| Self { page, codes: vec!["abcde-fghij".into(), "kmnpq-rstuv".into()] })
    }
}
