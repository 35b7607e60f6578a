//! Tests of the table of replies, row by row.

use super::*;

fn classified(stage: Stage, code: u16, text: &str) -> String {
    match classify(stage, StepResult::Reply(Reply::new(code, text))) {
        None => "continue".to_owned(),
        Some(d) => {
            let suffix = if d.reusable { "" } else { ", closed" };
            match d.outcome {
                SmtpOutcome::Sent { .. } => format!("sent{suffix}"),
                SmtpOutcome::Deferred { scope, .. } => format!("deferred {scope:?}{suffix}"),
                SmtpOutcome::Rejected { scope, .. } => format!("rejected {scope:?}{suffix}"),
                SmtpOutcome::Uncertain { .. } => format!("unknown{suffix}"),
                SmtpOutcome::TooManyConnections { .. } => format!("connections{suffix}"),
                SmtpOutcome::RelayError { .. } => format!("relay{suffix}"),
            }
        }
    }
}

#[test]
fn every_reply_is_classified() {
    use Stage::{Content, Data, Mail, Rcpt};
    for (stage, code, text, expected) in [
        (Mail, 250, "2.1.0 ok", "continue"),
        (Rcpt, 251, "will forward", "continue"),
        (Data, 354, "go ahead", "continue"),
        (Content, 250, "queued", "sent"),
        (Mail, 451, "4.3.0 later", "relay"),
        (Mail, 550, "5.1.8 bad sender", "rejected Message"),
        (Mail, 554, "5.7.1 policy", "rejected Message"),
        (Mail, 530, "5.7.0 authentication required", "relay"),
        (Mail, 552, "5.3.4 too big", "rejected Message"),
        (Rcpt, 550, "5.1.1 no such user", "rejected Recipient"),
        (Rcpt, 550, "no such user", "rejected Recipient"),
        (Rcpt, 552, "5.2.2 full", "rejected Recipient"),
        (Rcpt, 554, "5.7.1 relay access denied", "rejected Message"),
        (Rcpt, 450, "4.2.0 greylisted", "deferred Recipient"),
        (Rcpt, 503, "5.5.1 bad sequence", "relay"),
        (Rcpt, 550, "5.5.1 User unknown", "rejected Recipient"),
        (Rcpt, 354, "what", "relay, closed"),
        (Data, 250, "what", "relay, closed"),
        (Data, 451, "later", "deferred Recipient"),
        (Data, 554, "5.6.0 no", "rejected Message"),
        (Content, 451, "4.7.1 later", "deferred Recipient"),
        (Content, 452, "4.3.1 disk full", "deferred Recipient"),
        (Content, 554, "5.7.1 looks like spam", "rejected Message"),
        (Content, 550, "5.1.1 no such user", "rejected Recipient"),
        (Content, 354, "what", "unknown, closed"),
        (Mail, 421, "bye", "relay, closed"),
        (Mail, 421, "4.7.0 Too many concurrent SMTP sessions", "connections, closed"),
        (Mail, 450, "4.7.1 Error: too many connections from 192.0.2.1", "connections, closed"),
        (Rcpt, 451, "4.7.1 too many connections, try later", "deferred Recipient"),
        (Data, 432, "4.3.2 limit", "connections, closed"),
        (Content, 432, "4.3.2 sender thread limit exceeded", "connections, closed"),
        (Content, 421, "4.3.2 Too many connections", "connections, closed"),
        (Rcpt, 421, "bye", "relay, closed"),
        (Data, 421, "bye", "relay, closed"),
        (Content, 421, "bye", "deferred Relay, closed"),
    ] {
        assert_eq!(classified(stage, code, text), expected, "{stage:?} {code} {text}");
    }
}

#[test]
fn only_protocol_errors_count_as_rejected_pipelining() {
    use Stage::{Data, Mail, Rcpt};
    for (stage, code, text, expected) in [
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
            rejects_pipelining(stage, &StepResult::Reply(Reply::new(code, text)), false),
            expected,
            "{stage:?} {code} {text}"
        );
    }
    assert!(rejects_pipelining(Mail, &StepResult::NoReply("closed".to_owned()), true));
    let syntax = StepResult::Reply(Reply::new(501, "syntax"));
    assert!(
        !rejects_pipelining(Mail, &syntax, true),
        "a syntax error of a proven relay concerns one message"
    );
}

#[test]
fn silence_has_unknown_outcome_only_after_the_final_dot() {
    for (stage, unknown) in
        [(Stage::Mail, false), (Stage::Rcpt, false), (Stage::Data, false), (Stage::Content, true)]
    {
        let d = classify(stage, StepResult::NoReply("closed".to_owned())).unwrap();
        assert!(!d.reusable);
        assert_eq!(matches!(d.outcome, SmtpOutcome::Uncertain { .. }), unknown, "{stage:?}");
    }
}

#[test]
fn reply_text_is_short_and_free_of_control_characters() {
    let reply = Reply::new(550, &format!("5.1.1 a\u{7}b\r\n{}", "字".repeat(900)));
    assert_eq!(reply.enhanced, Some(EnhancedStatus { class: 5, subject: 1, detail: 1 }));
    assert_eq!(reply.text.chars().count(), MAX_REPLY_CHARS);
    assert!(reply.text.starts_with("550 5.1.1 a b"));
    assert_eq!(Reply::new(550, "4.1.1 disagrees").enhanced, None);
    assert_eq!(Reply::new(250, "").text, "250");
    assert_eq!(Reply::new(250, " \t 2.0.0 ok ").text, "250 2.0.0 ok");
    assert_eq!(Reply::new(250, " 12 queued").text, "250 12 queued");
    let lines = ["5.1.1 no", "5.1.1 such user"];
    assert_eq!(Reply::from_lines(550, lines.into_iter()), Reply::new(550, &lines.join(" ")));
}
