//! What servers say, and what is heard.

use proptest::prelude::*;

use super::*;

/// An answer's class, from its words with both codes in front.
fn class(answer: &str) -> Class {
    let (code, text) = answer.split_once(' ').unwrap();
    let numbers: Vec<u16> = text
        .split_whitespace()
        .next()
        .unwrap_or("")
        .split('.')
        .filter_map(|n| n.parse().ok())
        .collect();
    let enhanced = match numbers.as_slice() {
        [class, subject, detail] => Some((u8::try_from(*class).unwrap(), *subject, *detail)),
        _ => None,
    };
    class_of(code.parse().unwrap(), enhanced, answer)
}

#[test]
fn each_answer_is_of_its_class() {
    use Class::{Busy, Full, Greylisted, Other};
    for (answer, expected) in [
        (
            "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.example/help",
            Greylisted,
        ),
        ("451 4.7.1 Greylisting in action, please come back later", Greylisted),
        ("451 4.7.1 Graylisted, try again in 5 minutes", Greylisted),
        ("450 You are grey-listed", Greylisted),
        ("421 4.7.0 grey listed", Greylisted),
        ("451 4.7.1 Please try again later", Greylisted),
        (
            "450 4.7.1 <a@b.example>: Recipient address rejected: Policy rejection - please try later",
            Greylisted,
        ),
        ("451 4.7.1 Service unavailable - try again later", Greylisted),
        ("452 4.2.2 The recipient's inbox is out of storage space", Full),
        ("452 4.2.2 Mailbox full", Full),
        ("452 4.1.1 requested action aborted: mailbox is over quota", Full),
        ("450 user has exceeded quota", Full),
        ("421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", Busy),
        ("421 4.7.28 Our system has detected an unusual rate of unsolicited mail", Busy),
        (
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
            Busy,
        ),
        ("451 4.7.500 Server busy. Please try again later", Busy),
        ("451 4.7.1 too many connections, try again later", Busy),
        ("452 4.5.3 too many recipients", Busy),
        ("452 4.3.1 insufficient system storage", Busy),
        ("450 4.2.0 later", Other),
        ("451 4.3.0 internal error", Other),
        ("451 4.4.1 could not connect to the next hop, try again later", Other),
        ("450 4.1.8 sender domain not found", Other),
        ("451 4.7.1 administrative prohibition", Other),
        ("451 ", Other),
    ] {
        assert_eq!(class(answer), expected, "{answer}");
    }
}

#[test]
fn a_time_that_is_named_is_heard_within_bounds() {
    for (words, seconds) in [
        ("451 4.7.1 Greylisted, try again in 300 seconds", Some(300)),
        ("450 4.2.0 Greylisted for 300 seconds (see http://help.example/60)", Some(300)),
        ("451 please retry in 5 minutes.", Some(300)),
        ("451 try again after 10min", Some(600)),
        ("451 Please wait 90s and retry", Some(90)),
        ("450 Greylisting in action, please come back in 00:05:00", Some(300)),
        ("450 come back in 04:30", Some(270)),
        ("451 retry in 1 hour", Some(3600)),
        ("451 retry in 12 hours", Some(3600)),
        ("451 try again in 5 seconds", Some(30)),
        ("451 greylisted, retry in (at least 60 seconds)", Some(60)),
        ("451 try again later", None),
        ("451 100 messages from 10.0.0.1 in 1 day, try again", None),
        ("550 you sent 5 mails in 60 minutes", None),
        ("451 try again at 12:30:00", None),
        ("451 try again in 99999999999999999999 seconds", None),
    ] {
        assert_eq!(named_wait(words), seconds.map(|s: i64| s * SECOND), "{words}");
    }
}

#[test]
fn the_greylisted_come_back_soon_and_the_full_late() {
    let minutes = |answer: &str| -> Vec<i64> {
        let deferral = Deferral::of(451, None, answer);
        (1..=12).map(|attempt| deferral.wait(attempt) / MINUTE).collect()
    };
    assert_eq!(minutes("greylisted"), [1, 2, 5, 5, 10, 15, 30, 60, 120, 240, 360, 360]);
    assert_eq!(minutes("mailbox full")[..5], [15, 60, 240, 360, 360]);
    assert_eq!(minutes("too many connections")[..9], [1, 5, 15, 30, 60, 120, 240, 360, 360]);
    assert_eq!(minutes("no"), minutes("too many connections"));
    assert_eq!(
        minutes("greylisted, back in 3 minutes"),
        [3, 3, 3, 3, 3, 3, 3, 3, 120, 240, 360, 360]
    );
}

proptest! {
    #[test]
    fn no_words_make_it_panic(words in any::<String>(), number in any::<u64>(), attempts in any::<i64>()) {
        for words in [words.clone(), format!("try again in {number} {words}"), format!("retry in {number}:{words}")] {
            let deferral = Deferral::of(451, Some((4, 7, 1)), &words);
            prop_assert!((30 * SECOND..=6 * HOUR).contains(&deferral.wait(attempts)));
        }
    }
}
