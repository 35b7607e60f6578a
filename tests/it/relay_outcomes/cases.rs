//! The table: relay behaviours, each with the outcome of every recipient.

use std::time::Duration;

use Expected::{
    AllFail, AllSent, ConnectFails, OneDeferred, OneFails, OneUncertain, Pauses, RelayFails,
};

use crate::smtp_server::{At, Rule, Script};

/// Expected effect of a behaviour on an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// All mails are sent.
    AllSent,
    /// One mail fails, the others are sent.
    OneFails,
    /// All mails fail, each because of its recipient, so the edition is paused.
    AllFail,
    /// Three mails fail and the edition pauses; the fourth is sent after it is resumed.
    Pauses,
    /// One mail is deferred, the others are sent.
    OneDeferred,
    /// One mail is deferred with an unknown outcome, the others are sent.
    OneUncertain,
    /// The relay fails: no mail fails, and all are sent once when the relay works again.
    RelayFails,
    /// Like `RelayFails`, but before the first mail is started.
    ConnectFails,
}

impl Expected {
    /// Returns the edition's status after the first run and at the end.
    pub(super) fn statuses(self) -> (&'static str, &'static str) {
        match self {
            AllSent => ("sent: 4 sent", "sent: 4 sent"),
            OneFails => ("sent: 3 sent, 1 failed", "sent: 3 sent, 1 failed"),
            AllFail => ("paused: 4 failed", "paused: 4 failed"),
            Pauses => ("paused: 1 queued, 3 failed", "sent: 1 sent, 3 failed"),
            OneDeferred | OneUncertain => ("sending: 1 queued, 3 sent", "sent: 4 sent"),
            RelayFails | ConnectFails => ("sending: ", "sent: 4 sent"),
        }
    }
}

/// Name, expected effect, server script, and text in the recorded reply for r1 or in the relay
/// error.
pub(super) type Case = (&'static str, Expected, Script, &'static str);

fn for_r1(rule: Rule) -> Script {
    Script::new().rule(rule.recipient("r1@"))
}

fn once(rule: Rule) -> Script {
    Script::new().rule(rule.once())
}

fn always(rule: Rule) -> Script {
    Script::new().rule(rule)
}

fn reply(at: At, text: &str) -> Rule {
    Rule::reply(at, text)
}

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

/// Returns the cases that can occur at several steps of a session.
pub(super) fn session_cases() -> Vec<Case> {
    use At::{Connect, Data, Ehlo, Mail, Rcpt, Rset};
    let mut cases = vec![
        ("greeting 5xx", ConnectFails, always(reply(Connect, "554 5.7.1 go away")), "554 5.7.1"),
        ("greeting 4xx", ConnectFails, always(reply(Connect, "450 4.3.2 later")), "450 4.3.2"),
        ("EHLO rejected", ConnectFails, always(reply(Ehlo, "550 5.7.1 not you")), "550 5.7.1"),
        ("EHLO unknown, HELO accepted", AllSent, always(reply(Ehlo, "502 5.5.1 what")), "taken"),
        ("no extensions offered", AllSent, always(reply(Ehlo, "250 relay.test")), "taken"),
        (
            "greeting in two lines",
            AllSent,
            always(reply(Connect, "220-relay.test\r\n220 ready")),
            "taken",
        ),
        (
            "MAIL accepted in 200 lines",
            AllSent,
            always(reply(Mail, &format!("{}250 ok", "250-ok\r\n".repeat(200)))),
            "taken",
        ),
        (
            "replies without text",
            AllSent,
            always(reply(Mail, "250")).rule(reply(Rcpt, "250")).rule(reply(Data, "354")),
            "taken",
        ),
        ("rejection without text", OneFails, for_r1(reply(Rcpt, "550")), "550"),
        (
            "rejection in two lines",
            OneFails,
            for_r1(reply(Rcpt, "550-5.1.1 no\r\n550 5.1.1 such user")),
            "550 5.1.1 no such user",
        ),
        (
            "greeting in pieces",
            AllSent,
            always(Rule::reply_in_pieces(Connect, &[b"2", b"20 rel", b"ay\r", b"\n"])),
            "taken",
        ),
        (
            "replies in pieces",
            AllSent,
            always(Rule::reply_in_pieces(Rcpt, &[b"25", b"0 2.1.5", b" ok\r", b"\n"])),
            "taken",
        ),
        (
            "content accepted in pieces",
            AllSent,
            always(Rule::reply_in_pieces(
                At::Content,
                &[b"250-2.0.0 ta", b"ken\r\n2", b"50 yes\r\n"],
            )),
            "taken",
        ),
        (
            "bare line feeds",
            AllSent,
            always(Rule::reply_in_pieces(Rcpt, &[b"250 2.1.5 ok\n"])),
            "taken",
        ),
        (
            "reply in a legacy encoding",
            OneFails,
            for_r1(Rule::reply_in_pieces(Rcpt, &[b"550 5.1.1 \xd3\xca\xcf\xe4\r\n"])),
            "550 5.1.1",
        ),
        (
            "endless line",
            RelayFails,
            once(Rule::reply_in_pieces(Mail, &[&[b'2'; 40_000]])),
            "relay",
        ),
        (
            "421 to RSET",
            OneFails,
            for_r1(reply(Rcpt, "550 5.1.1 no")).rule(Rule::reply_and_close(Rset, "421 bye").once()),
            "550 5.1.1",
        ),
    ];
    for (at, name) in
        [(Connect, "the greeting"), (Ehlo, "EHLO"), (Mail, "MAIL"), (Rcpt, "RCPT"), (Data, "DATA")]
    {
        let expected = if matches!(at, Connect | Ehlo) { ConnectFails } else { RelayFails };
        cases.push((
            name,
            expected,
            once(Rule::reply_and_close(at, "421 4.3.2 closing")),
            "421 4.3.2 closing",
        ));
        cases.push((name, expected, once(Rule::close(at)), "closed the connection"));
        cases.push((name, expected, once(reply(at, "whatever")), "SMTP"));
    }
    cases
}

/// Returns the cases of a relay that does not reply.
pub(super) fn timeout_cases() -> Vec<Case> {
    use At::{Connect, Content, Data, Ehlo, Mail, Rcpt};
    let stall = |at| once(Rule::stall(at));
    let timed_out = "did not answer in time";
    vec![
        ("no greeting", ConnectFails, stall(Connect), timed_out),
        ("no reply to EHLO", ConnectFails, stall(Ehlo), timed_out),
        ("no reply to MAIL", RelayFails, stall(Mail), timed_out),
        ("no reply to RCPT", RelayFails, stall(Rcpt), timed_out),
        ("no reply to DATA", RelayFails, stall(Data), timed_out),
        ("no reply to the content", OneUncertain, for_r1(Rule::stall(Content).once()), timed_out),
    ]
}

/// Returns the cases of STARTTLS and AUTH: the URL scheme, further lines of the transport, and the
/// case.
pub(super) fn handshake_cases() -> Vec<(&'static str, &'static str, Case)> {
    let offers = "250-relay.test\r\n250-PIPELINING\r\n250 STARTTLS";
    let starttls = |text| always(reply(At::Ehlo, offers)).rule(reply(At::StartTls, text));
    let login = "username = \"ann\"\npassword = \"sesame\"";
    let requires_auth = |script: Script| script.login("ann", "sesame");
    vec![
        (
            "smtp",
            "",
            ("optional STARTTLS rejected", AllSent, starttls("454 4.7.0 not now"), "taken"),
        ),
        ("smtp", "", ("optional STARTTLS broken", AllSent, starttls("220 2.0.0 ready"), "taken")),
        (
            "smtp+starttls",
            "",
            (
                "required STARTTLS rejected",
                ConnectFails,
                starttls("454 4.7.0 not now"),
                "454 4.7.0",
            ),
        ),
        (
            "smtp+starttls",
            "",
            (
                "required STARTTLS not offered",
                ConnectFails,
                Script::new(),
                "does not offer STARTTLS",
            ),
        ),
        ("smtp", login, ("AUTH accepted", AllSent, requires_auth(Script::new()), "taken")),
        (
            "smtp",
            login,
            (
                "AUTH rejected",
                ConnectFails,
                requires_auth(always(reply(At::Auth, "535 5.7.8 wrong"))),
                "535 5.7.8",
            ),
        ),
        (
            "smtp",
            login,
            (
                "AUTH deferred",
                ConnectFails,
                requires_auth(always(reply(At::Auth, "454 4.7.0 later"))),
                "454 4.7.0",
            ),
        ),
        (
            "smtp",
            login,
            (
                "no supported AUTH mechanism",
                ConnectFails,
                requires_auth(Script::new()).mechanisms("CRAM-MD5"),
                "neither AUTH PLAIN nor",
            ),
        ),
        (
            "smtp",
            login,
            ("AUTH not offered", ConnectFails, Script::new(), "neither AUTH PLAIN nor"),
        ),
        ("smtp", "", ("AUTH required", RelayFails, requires_auth(Script::new()), "530 5.7.0")),
    ]
}
