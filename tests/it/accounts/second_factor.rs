//! Second factors: enrollment, codes and recovery codes.

use courant::accounts::{ENROLLMENT_BYTES, Enrollment, RECOVERY_BYTES, verify_code};
use courant::domain::time::MINUTE;
use courant::store::users::User;
use totp_rs::{Builder, Secret, Totp};

use super::*;

/// Returns the app that generates the codes of an enrollment.
fn app(enrollment: &Enrollment) -> Totp {
    Builder::new()
        .with_secret(Secret::try_from_base32(&enrollment.secret).unwrap())
        .build()
        .unwrap()
}

fn code(app: &Totp, now: Millis) -> String {
    app.generate(now.epoch_seconds().unsigned_abs()).to_string()
}

async fn user(world: &World) -> User {
    world.app.store.users().find("lin").await.unwrap().unwrap()
}

/// Switches the second factor of a new user on; returns its app and recovery codes.
pub(super) async fn enroll(world: &World) -> (Totp, Vec<String>) {
    add(world, "lin", Role::Admin).await;
    let (ctx, now) = (context(world), world.now());
    accounts::start_enrollment(ctx, &user(world).await, [5; ENROLLMENT_BYTES]).await.unwrap();
    let pending =
        accounts::pending_enrollment(ctx, &user(world).await, "College").unwrap().unwrap();
    let app = app(&pending);
    let entropy: [u8; RECOVERY_BYTES] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let wrong = accounts::confirm_enrollment(ctx, &user(world).await, "000000", entropy, now)
        .await
        .unwrap();
    assert_eq!(wrong, None);
    let confirmed =
        accounts::confirm_enrollment(ctx, &user(world).await, &code(&app, now), entropy, now)
            .await
            .unwrap();
    (app, confirmed.unwrap())
}

/// Enters the password and then a code.
pub(super) async fn sign_in_with_code(world: &World, code: &str, now: Millis) -> SignIn {
    let SignIn::NeedsCode(waiting) = sign_in_at(world, "lin", PASSWORD, now).await else {
        panic!("a second factor is needed")
    };
    assert!(!is_signed_in(world, &waiting, now).await, "the password alone opens nothing");
    let browser = Browser { session_id: Some(&waiting.id), ..BROWSER };
    verify_code(context(world), code, browser, unique(), now).await.unwrap()
}

database_tests! {
    async fn a_code_completes_the_sign_in_with_a_new_session(world) {
        let (app, _) = enroll(world).await;
        let stored = user(world).await.totp_secret.unwrap();
        assert!(!stored.contains(&app.secret().to_base32()), "the secret is encrypted");
        let now = world.now().plus(MINUTE);
        let SignIn::NeedsCode(waiting) = sign_in_at(world, "lin", PASSWORD, now).await else { panic!() };
        let browser = Browser { session_id: Some(&waiting.id), ..BROWSER };
        let late = now.plus(10 * MINUTE);
        let code_late = code(&app, late);
        assert!(matches!(verify_code(context(world), &code_late, browser, unique(), late).await.unwrap(), SignIn::Refused));
        let done = verify_code(context(world), &code(&app, now), browser, unique(), now).await.unwrap();
        let SignIn::Complete(session) = done else { panic!("the code is right") };
        assert_ne!(session.id, waiting.id);
        assert!(is_signed_in(world, &session, now).await);
        let again = verify_code(context(world), &code(&app, now), browser, unique(), now).await.unwrap();
        assert!(matches!(again, SignIn::Refused), "the waiting session is over");
    }

    async fn each_recovery_code_signs_in_once(world) {
        let (_, codes) = enroll(world).await;
        assert_eq!(codes.len(), 10);
        let now = world.now().plus(MINUTE);
        let typed = codes[3].to_uppercase().replace('-', " ");
        assert!(matches!(sign_in_with_code(world, &typed, now).await, SignIn::Complete(_)));
        let later = now.plus(HOUR);
        assert!(matches!(sign_in_with_code(world, &codes[3], later).await, SignIn::Refused));
        assert_eq!(world.app.store.second_factors().count_recovery_codes("lin").await.unwrap(), 9);
        let methods: Vec<_> = entries(world, AuditAction::SignIn).await.into_iter().map(|e| e.detail).collect();
        assert_eq!(methods, [Some(serde_json::json!({"method": "recovery_code"}))]);
    }

    async fn a_second_factor_is_switched_off_with_a_code_only(world) {
        let (app, codes) = enroll(world).await;
        let (ctx, now) = (context(world), world.now().plus(MINUTE));
        let off = async |code: &str| accounts::disable_second_factor(ctx, &user(world).await, code, now).await.unwrap();
        assert!(!off("").await && !off("000000").await);
        assert!(user(world).await.totp_secret.is_some());
        assert!(off(&code(&app, now)).await);
        assert!(user(world).await.totp_secret.is_none());
        assert!(!off(&codes[0]).await, "the recovery codes are deleted");
    }
}
