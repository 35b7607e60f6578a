//! Cases of a mail transaction: replies to the envelope and to the message content.

use std::time::Duration;

use super::cases::Expected::{
    AllFail, AllSent, OneDeferred, OneFails, OneUncertain, Pauses, RelayFails,
};
use super::cases::{Case, always, for_r1, once, reply};
use crate::smtp_server::{At, Rule, Script};

/// Returns the cases of replies to MAIL, RCPT, DATA and RSET.
pub(super) fn envelope_cases() -> Vec<Case> {
    use At::{Data, Mail, Rcpt};
    vec![
        ("4xx to MAIL", RelayFails, always(reply(Mail, "451 4.3.0 not now")), "451 4.3.0 not now"),
        (
            "4xx to MAIL without enhanced code",
            RelayFails,
            always(reply(Mail, "450 not now")),
            "450 not now",
        ),
        (
            "sender rejected",
            Pauses,
            always(reply(Mail, "550 5.7.1 sender not allowed")),
            "550 5.7.1 sender not allowed",
        ),
        (
            "sender rejected without enhanced code",
            Pauses,
            always(reply(Mail, "550 who are you")),
            "550 who are you",
        ),
        (
            "sender domain rejected",
            Pauses,
            always(reply(Mail, "553 5.1.8 no such domain")),
            "553 5.1.8",
        ),
        ("message too big at MAIL", Pauses, always(reply(Mail, "552 5.3.4 too big")), "552 5.3.4"),
        (
            "login expired",
            RelayFails,
            once(reply(Mail, "530 5.7.0 authentication required")),
            "530 5.7.0",
        ),
        ("command unknown", RelayFails, once(reply(Mail, "500 5.5.2 what")), "500 5.5.2"),
        (
            "recipient unknown",
            OneFails,
            for_r1(reply(Rcpt, "550 5.1.1 no such user")),
            "550 5.1.1 no such user",
        ),
        (
            "recipient unknown without enhanced code",
            OneFails,
            for_r1(reply(Rcpt, "550 no such user")),
            "550 no such user",
        ),
        (
            "recipient unknown with an unusual code",
            OneFails,
            for_r1(reply(Rcpt, "550 5.5.1 no such user")),
            "550 5.5.1",
        ),
        (
            "all recipients unknown",
            AllFail,
            always(reply(Rcpt, "550 5.1.1 no such user")),
            "550 5.1.1",
        ),
        ("all mailboxes disabled", AllFail, always(reply(Rcpt, "550 5.2.1 disabled")), "550 5.2.1"),
        (
            "all recipients unknown with an unusual code",
            AllFail,
            always(reply(Rcpt, "550 5.5.1 no such user")),
            "550 5.5.1",
        ),
        (
            "one recipient rejected by policy",
            OneFails,
            for_r1(reply(Rcpt, "550 5.7.1 not welcome")),
            "550 5.7.1",
        ),
        (
            "all recipients rejected by policy",
            Pauses,
            always(reply(Rcpt, "554 5.7.1 relay access denied")),
            "554 5.7.1",
        ),
        (
            "sender rejected at RCPT",
            Pauses,
            always(reply(Rcpt, "550 5.1.8 bad sender")),
            "550 5.1.8",
        ),
        (
            "mailbox full, permanent",
            OneFails,
            for_r1(reply(Rcpt, "552 5.2.2 mailbox full")),
            "552 5.2.2",
        ),
        (
            "mailbox full, permanent, without enhanced code",
            OneFails,
            for_r1(reply(Rcpt, "552 mailbox full")),
            "552 mailbox full",
        ),
        (
            "mailbox full, temporary",
            OneDeferred,
            for_r1(reply(Rcpt, "452 4.2.2 mailbox full")),
            "452 4.2.2",
        ),
        (
            "mailbox full, temporary, without enhanced code",
            OneDeferred,
            for_r1(reply(Rcpt, "452 full")),
            "452 full",
        ),
        (
            "greylisting",
            OneDeferred,
            for_r1(reply(Rcpt, "450 4.7.1 greylisted")),
            "450 4.7.1 greylisted",
        ),
        (
            "greylisting with a delay",
            OneDeferred,
            for_r1(reply(Rcpt, "450 4.7.1 greylisted, come back in 300 seconds")),
            "300 seconds",
        ),
        (
            "bad sequence at RCPT",
            RelayFails,
            once(reply(Rcpt, "503 5.5.1 bad sequence")),
            "503 5.5.1",
        ),
        ("recipient forwarded", AllSent, for_r1(reply(Rcpt, "251 will forward")), "taken"),
        (
            "recipient not verified",
            AllSent,
            for_r1(reply(Rcpt, "252 cannot verify, but will try")),
            "taken",
        ),
        ("354 to RCPT", RelayFails, once(reply(Rcpt, "354 what")), "354 what"),
        ("DATA deferred", OneDeferred, for_r1(reply(Data, "451 4.3.0 later")), "451 4.3.0"),
        (
            "DATA rejected for one recipient",
            OneFails,
            for_r1(reply(Data, "554 5.6.0 no")),
            "554 5.6.0",
        ),
        (
            "DATA rejected for all recipients",
            Pauses,
            always(reply(Data, "554 5.6.0 no")),
            "554 5.6.0",
        ),
        (
            "DATA out of sequence",
            RelayFails,
            once(reply(Data, "503 5.5.1 bad sequence")),
            "503 5.5.1",
        ),
        ("250 to DATA", RelayFails, once(reply(Data, "250 what")), "250 what"),
        (
            "354 after a rejected RCPT",
            OneFails,
            for_r1(reply(Rcpt, "550 5.1.1 unknown")).always_accepts_data(),
            "550 5.1.1",
        ),
        (
            "354 after a deferred RCPT",
            OneDeferred,
            for_r1(reply(Rcpt, "450 4.2.0 later")).always_accepts_data(),
            "450 4.2.0",
        ),
        ("message larger than SIZE", Pauses, Script::new().size(100), "552 5.3.4 the message has"),
        (
            "RSET unknown",
            OneFails,
            for_r1(reply(Rcpt, "550 5.1.1 unknown")).rule(reply(At::Rset, "502 5.5.1 what")),
            "550 5.1.1",
        ),
    ]
}

/// Returns the cases of replies to the message content.
pub(super) fn content_cases() -> Vec<Case> {
    use At::{Content, MidContent, Stored};
    vec![
        ("content deferred", OneDeferred, for_r1(reply(Content, "451 4.7.1 later")), "451 4.7.1"),
        (
            "content deferred without enhanced code",
            OneDeferred,
            for_r1(reply(Content, "451 later")),
            "451 later",
        ),
        ("disk full", OneDeferred, for_r1(reply(Content, "452 4.3.1 disk full")), "452 4.3.1"),
        (
            "spam, for one recipient",
            OneFails,
            for_r1(reply(Content, "554 5.7.1 looks like spam")),
            "554 5.7.1",
        ),
        (
            "spam, for all recipients",
            Pauses,
            always(reply(Content, "554 5.7.1 looks like spam")),
            "554 5.7.1",
        ),
        (
            "content rejected without enhanced code",
            Pauses,
            always(reply(Content, "554 no")),
            "554 no",
        ),
        (
            "too big, for one recipient",
            OneFails,
            for_r1(reply(Content, "552 5.3.4 too big")),
            "552 5.3.4",
        ),
        (
            "too big, for all recipients",
            Pauses,
            always(reply(Content, "552 5.3.4 too big")),
            "552 5.3.4",
        ),
        (
            "too big without enhanced code",
            Pauses,
            always(reply(Content, "552 too big")),
            "552 too big",
        ),
        (
            "mailboxes full after the content",
            AllFail,
            always(reply(Content, "552 5.2.2 over quota")),
            "552 5.2.2",
        ),
        (
            "recipients unknown after the content",
            AllFail,
            always(reply(Content, "550 5.1.1 no such user")),
            "550 5.1.1",
        ),
        (
            "content accepted in two lines",
            AllSent,
            for_r1(reply(Content, "250-2.0.0 taken\r\n250 2.0.0 for good")),
            "taken 2.0.0 for good",
        ),
        (
            "rejection in two lines",
            OneFails,
            for_r1(reply(Content, "550-5.2.2 over\r\n550 5.2.2 quota")),
            "550 5.2.2 over quota",
        ),
        (
            "content accepted late",
            AllSent,
            for_r1(Rule::delay(Content, Duration::from_millis(200))),
            "taken",
        ),
        (
            "content accepted, then closed",
            AllSent,
            for_r1(Rule::reply_and_close(Content, "250 2.0.0 taken")),
            "taken",
        ),
        (
            "content accepted twice",
            AllSent,
            for_r1(reply(Content, "250 2.0.0 taken\r\n250 2.0.0 taken again").once()),
            "taken",
        ),
        (
            "421 to the content",
            OneDeferred,
            for_r1(Rule::reply_and_close(Content, "421 4.3.2 bye").once()),
            "421 4.3.2",
        ),
        ("354 to the content", OneUncertain, for_r1(reply(Content, "354 what").once()), "354 what"),
        (
            "garbage to the content",
            OneUncertain,
            for_r1(reply(Content, "whatever").once()),
            "not SMTP",
        ),
        ("closed after the content", OneUncertain, for_r1(Rule::close(Content).once()), "closed"),
        ("stored, then closed", OneUncertain, for_r1(Rule::close(Stored).once()), "closed"),
        (
            "closed in the middle of the content",
            OneUncertain,
            for_r1(Rule::close(MidContent).once()),
            "closed",
        ),
        ("two mails per connection", AllSent, Script::new().mails_per_connection(2), "taken"),
    ]
}
