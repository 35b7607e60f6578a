//! The table of replies, line by line.

use super::*;

fn says(stage: Stage, code: u16, text: &str) -> String {
    match meaning(stage, Heard::Reply(Answer::new(code, text))) {
        None => "go on".to_owned(),
        Some(d) => {
            let open = if d.reusable { "" } else { ", closed" };
            match d.outcome {
                Outcome::Sent { .. } => format!("sent{open}"),
                Outcome::Deferred { scope, .. } => format!("deferred {scope:?}{open}"),
                Outcome::Refused { scope, .. } => format!("refused {scope:?}{open}"),
                Outcome::Unknown { .. } => format!("unknown{open}"),
                Outcome::RelayTrouble { .. } => format!("relay{open}"),
            }
        }
    }
}

#[test]
fn every_reply_has_its_meaning() {
    use Stage::{Content, Data, Mail, Rcpt};
    for (stage, code, text, meant) in [
        (Mail, 250, "2.1.0 ok", "go on"),
        (Rcpt, 251, "will forward", "go on"),
        (Data, 354, "go ahead", "go on"),
        (Content, 250, "queued", "sent"),
        (Mail, 451, "4.3.0 later", "relay"),
        (Mail, 550, "5.1.8 bad sender", "refused Message"),
        (Mail, 554, "5.7.1 policy", "refused Message"),
        (Mail, 530, "5.7.0 authentication required", "relay"),
        (Mail, 552, "5.3.4 too big", "refused Message"),
        (Rcpt, 550, "5.1.1 no such user", "refused Recipient"),
        (Rcpt, 550, "no such user", "refused Recipient"),
        (Rcpt, 552, "5.2.2 full", "refused Recipient"),
        (Rcpt, 554, "5.7.1 relay access denied", "refused Message"),
        (Rcpt, 450, "4.2.0 greylisted", "deferred Recipient"),
        (Rcpt, 503, "5.5.1 bad sequence", "relay"),
        (Rcpt, 550, "5.5.1 User unknown", "refused Recipient"),
        (Rcpt, 354, "what", "relay, closed"),
        (Data, 250, "what", "relay, closed"),
        (Data, 451, "later", "deferred Recipient"),
        (Data, 554, "5.6.0 no", "refused Message"),
        (Content, 451, "4.7.1 later", "deferred Recipient"),
        (Content, 452, "4.3.1 disk full", "deferred Recipient"),
        (Content, 554, "5.7.1 looks like spam", "refused Message"),
        (Content, 550, "5.1.1 no such user", "refused Recipient"),
        (Content, 354, "what", "unknown, closed"),
        (Mail, 421, "bye", "relay, closed"),
        (Rcpt, 421, "bye", "relay, closed"),
        (Data, 421, "bye", "relay, closed"),
        (Content, 421, "bye", "deferred Relay, closed"),
    ] {
        assert_eq!(says(stage, code, text), meant, "{stage:?} {code} {text}");
    }
}

#[test]
fn only_what_speaks_of_the_way_of_speaking_is_out_of_step() {
    use Stage::{Data, Mail, Rcpt};
    for (stage, code, text, meant) in [
        (Mail, 354, "go ahead", true),
        (Data, 250, "2.1.5 ok", true),
        (Mail, 503, "5.5.1 nested MAIL", true),
        (Rcpt, 503, "MAIL first", true),
        (Data, 500, "what?", true),
        (Mail, 501, "syntax", true),
        (Mail, 501, "5.1.7 bad sender address syntax", false),
        (Rcpt, 501, "bad address syntax", false),
        (Mail, 554, "SMTP synchronization error", true),
        (Data, 550, "Improper use of command PIPELINING", true),
        (Mail, 554, "5.7.1 policy", false),
        (Rcpt, 550, "5.5.1 user unknown", false),
        (Rcpt, 450, "4.2.0 greylisted", false),
        (Mail, 421, "4.3.2 synchronizing, come back", false),
    ] {
        assert_eq!(
            is_out_of_step(stage, &Heard::Reply(Answer::new(code, text)), false),
            meant,
            "{stage:?} {code} {text}"
        );
    }
    assert!(is_out_of_step(Mail, &Heard::Nothing("closed".to_owned()), true));
    let syntax = Heard::Reply(Answer::new(501, "syntax"));
    assert!(
        !is_out_of_step(Mail, &syntax, true),
        "one mail's own fault, where others are understood"
    );
}

#[test]
fn silence_is_unknown_only_behind_the_final_dot() {
    for (stage, unknown) in
        [(Stage::Mail, false), (Stage::Rcpt, false), (Stage::Data, false), (Stage::Content, true)]
    {
        let d = meaning(stage, Heard::Nothing("closed".to_owned())).unwrap();
        assert!(!d.reusable);
        assert_eq!(matches!(d.outcome, Outcome::Unknown { .. }), unknown, "{stage:?}");
    }
}

#[test]
fn words_are_short_and_clean() {
    let answer = Answer::new(550, &format!("5.1.1 a\u{7}b\r\n{}", "字".repeat(900)));
    assert_eq!(answer.enhanced, Some(Enhanced { class: 5, subject: 1, detail: 1 }));
    assert_eq!(answer.words.chars().count(), LONGEST_WORDS);
    assert!(answer.words.starts_with("550 5.1.1 a b"));
    assert_eq!(Answer::new(550, "4.1.1 disagrees").enhanced, None);
    assert_eq!(Answer::new(250, "").words, "250");
    assert_eq!(Answer::new(250, " \t 2.0.0 ok ").words, "250 2.0.0 ok");
    assert_eq!(Answer::new(250, " 12 queued").words, "250 12 queued");
    let lines = ["5.1.1 no", "5.1.1 such user"];
    assert_eq!(Answer::of_lines(550, lines.into_iter()), Answer::new(550, &lines.join(" ")));
}
