//! Tests of the classification of replies and of requested waits.

use proptest::prelude::*;

use super::*;

/// Returns the class of a reply line that starts with both codes.
fn class(reply: &str) -> DeferralClass {
    let (code, text) = reply.split_once(' ').unwrap();
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
    classify(code.parse().unwrap(), enhanced, reply)
}

#[test]
fn replies_are_classified() {
    use DeferralClass::{Busy, Greylisted, MailboxFull, Other};
    for (reply, expected) in [
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
        ("452 4.2.2 The recipient's inbox is out of storage space", MailboxFull),
        ("452 4.2.2 Mailbox full", MailboxFull),
        ("452 4.1.1 requested action aborted: mailbox is over quota", MailboxFull),
        ("450 user has exceeded quota", MailboxFull),
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
        assert_eq!(class(reply), expected, "{reply}");
    }
}

#[test]
fn requested_waits_are_parsed_and_clamped() {
    for (text, seconds) in [
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
        assert_eq!(parse_requested_wait(text), seconds.map(SignedDuration::from_secs), "{text}");
    }
}

#[test]
fn greylisted_retries_are_short_and_full_mailbox_retries_long() {
    let minutes = |reply: &str| -> Vec<i64> {
        let deferral = Deferral::from_reply(451, None, reply);
        (1..=12).map(|attempt| deferral.backoff(attempt).as_mins()).collect()
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
    fn arbitrary_text_never_panics(text in any::<String>(), number in any::<u64>(), attempts in any::<i64>()) {
        for text in [text.clone(), format!("try again in {number} {text}"), format!("retry in {number}:{text}")] {
            let deferral = Deferral::from_reply(451, Some((4, 7, 1)), &text);
            prop_assert!((30 * SECOND..=6 * HOUR).contains(&deferral.backoff(attempts)));
        }
    }
}
