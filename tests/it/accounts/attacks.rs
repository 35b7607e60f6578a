//! Attacks on sign-ins and sessions: each is refused and leaves an entry in the audit log.

use courant::accounts::verify_code;
use courant::domain::time::MINUTE;

use super::second_factor::{enroll, sign_in_with_code};
use super::*;

/// Number of guesses of an attacker.
const GUESSES: i64 = 10_000;

database_tests! {
    async fn ten_thousand_guesses_for_one_account_check_few_passwords(world) {
        add(world, "lin", Role::Admin).await;
        let (start, mut checked) = (world.now(), 0);
        // One guess in each 8.64 s, for a day.
        for guess in 0..GUESSES {
            let now = start.plus(SignedDuration::from_millis(guess * 8_640));
            match sign_in_at(world, "lin", &format!("guess number {guess}"), now).await {
                SignIn::Refused => checked += 1,
                SignIn::Blocked(until) => assert!(until > now && until <= now.plus(15 * MINUTE)),
                _ => panic!("a guess signed in"),
            }
        }
        assert!((90..120).contains(&checked), "{checked}");
        let entries = entries(world, AuditAction::RefuseSignIn).await;
        assert!((100..150).contains(&entries.len()), "{}", entries.len());
        assert!(entries.iter().all(|e| e.object_id == "lin"));
        let counted: i64 = entries.iter().map(|e| e.detail.as_ref().unwrap()["refused"].as_i64().unwrap()).sum();
        assert!(counted > GUESSES - 200 && counted <= GUESSES, "{counted}");
        let later = start.plus(3 * DAY);
        assert!(matches!(sign_in_at(world, "lin", PASSWORD, later).await, SignIn::Complete(_)));
    }

    async fn ten_thousand_guesses_for_many_names_fill_neither_the_log_nor_the_database(world) {
        add(world, "lin", Role::Admin).await;
        let start = world.now();
        for guess in 0..GUESSES {
            let now = start.plus(SignedDuration::from_millis(guess));
            let refused = sign_in_at(world, &format!("name-{guess}"), PASSWORD, now).await;
            assert!(matches!(refused, SignIn::Refused));
        }
        let entries = entries(world, AuditAction::RefuseSignIn).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].object_id, "?", "a name that nobody has may be a password");
        assert!(matches!(sign_in_at(world, "lin", PASSWORD, start).await, SignIn::Complete(_)));
    }

    async fn an_unknown_name_is_refused_and_blocked_like_a_known_one(world) {
        add(world, "lin", Role::Admin).await;
        let (start, mut outcomes) = (world.now(), [Vec::new(), Vec::new()]);
        for second in [0, 0, 1, 2, 3, 6, 7, 20, 21, 4000] {
            let now = start.plus(SignedDuration::from_secs(second));
            for (name, outcomes) in ["lin", "nobody"].into_iter().zip(&mut outcomes) {
                outcomes.push(match sign_in_at(world, name, "a wrong password", now).await {
                    SignIn::Refused => None,
                    SignIn::Blocked(until) => Some(until),
                    _ => panic!("a guess signed in"),
                });
            }
        }
        assert_eq!(outcomes[0], outcomes[1]);
        assert!(outcomes[0].iter().any(Option::is_some) && outcomes[0].iter().any(Option::is_none));
    }

    async fn guesses_at_the_same_time_are_counted_one_after_the_other(world) {
        add(world, "lin", Role::Admin).await;
        let now = world.now();
        let guess = async |_: usize| sign_in_at(world, "lin", "a wrong password", now).await;
        let outcomes = futures_util::future::join_all((0..20).map(guess)).await;
        let checked = outcomes.iter().filter(|o| matches!(o, SignIn::Refused)).count();
        assert_eq!(checked, 1);
    }

    async fn a_session_id_that_an_attacker_planted_is_never_used(world) {
        add(world, "lin", Role::Admin).await;
        let planted = Browser { session_id: Some("planted-by-an-attacker"), ..BROWSER };
        let now = world.now();
        let signed_in = accounts::sign_in(context(world), "lin", PASSWORD, planted, unique(), now).await.unwrap();
        let SignIn::Complete(session) = signed_in else { panic!("the password is right") };
        assert_ne!(session.id, "planted-by-an-attacker");
        let planted = NewSession { id: "planted-by-an-attacker".to_owned() };
        assert!(!is_signed_in(world, &planted, now).await);
        let own = Browser { session_id: Some(&session.id), ..BROWSER };
        let again = accounts::sign_in(context(world), "lin", PASSWORD, own, unique(), now.plus(SECOND)).await.unwrap();
        assert!(matches!(again, SignIn::Complete(_)));
        assert!(!is_signed_in(world, &session, now).await, "a sign-in replaces the session of the browser");
    }

    async fn a_code_is_accepted_once_even_within_its_validity(world) {
        let (app, _) = enroll(world).await;
        let code = |now: Millis| app.generate(now.epoch_seconds().unsigned_abs()).to_string();
        let start = world.now();
        assert!(matches!(sign_in_with_code(world, &code(start), start).await, SignIn::Refused), "used to enroll");
        let now = start.plus(2 * MINUTE);
        assert!(matches!(sign_in_with_code(world, &code(now), now).await, SignIn::Complete(_)));
        let replayed = now.plus(2 * SECOND);
        assert!(matches!(sign_in_with_code(world, &code(now), replayed).await, SignIn::Refused));
        let before = now.plus(5 * SECOND);
        let earlier = code(now.plus(-30 * SECOND));
        assert!(matches!(sign_in_with_code(world, &earlier, before).await, SignIn::Refused), "a step before the last");
        let refused = entries(world, AuditAction::RefuseSignIn).await;
        assert!(!refused.is_empty() && refused.iter().all(|e| e.detail.as_ref().unwrap()["check"] == "code"));
    }

    async fn guesses_of_codes_are_slowed_down_though_the_password_is_known(world) {
        enroll(world).await;
        let (start, mut checked) = (world.now().plus(HOUR), 0);
        for guess in 0..1_000_i64 {
            let now = start.plus(SignedDuration::from_millis(guess * 8_640));
            let SignIn::NeedsCode(waiting) = sign_in_at(world, "lin", PASSWORD, now).await else { panic!() };
            let browser = Browser { session_id: Some(&waiting.id), ..BROWSER };
            match verify_code(context(world), "not a code", browser, unique(), now).await.unwrap() {
                SignIn::Refused => checked += 1,
                SignIn::Blocked(_) => {}
                _ => panic!("a guess signed in"),
            }
        }
        assert!((10..25).contains(&checked), "{checked}");
    }
}
