//! The table: relay behaviours, each with the outcome of every recipient.

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

pub(super) fn for_r1(rule: Rule) -> Script {
    Script::new().rule(rule.recipient("r1@"))
}

pub(super) fn once(rule: Rule) -> Script {
    Script::new().rule(rule.once())
}

pub(super) fn always(rule: Rule) -> Script {
    Script::new().rule(rule)
}

pub(super) fn reply(at: At, text: &str) -> Rule {
    Rule::reply(at, text)
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
