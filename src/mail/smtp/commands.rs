//! Data written to a relay: the commands of a transaction, and message content in the form that
//! DATA requires.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::outcome::{FailureScope, Reply, SmtpOutcome, Stage};

/// Sender, recipient and size of a message.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Return path for bounces; empty is the null sender (RFC 5321 section 4.5.5).
    pub from: &'a str,
    /// Address of the recipient, without a name.
    pub to: &'a str,
    /// Length of the message data in bytes.
    pub size: usize,
}

/// The three commands of a transaction, to be sent in one write or step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TransactionCommands {
    text: String,
    rcpt_start: usize,
    data_start: usize,
}

impl TransactionCommands {
    /// Returns the commands, or the outcome if the message fails without asking the relay.
    /// `max_size` is the limit that the relay announced (RFC 1870).
    pub(super) fn new(envelope: &Envelope<'_>, max_size: Option<u64>) -> Result<Self, SmtpOutcome> {
        let rejected =
            |scope, text: String| SmtpOutcome::Rejected { reply: Reply::new(553, &text), scope };
        // Room for the text around the addresses, for a size, and for A-labels that are longer than
        // their Unicode form.
        let mut text = String::with_capacity(envelope.from.len() + envelope.to.len() + 96);
        text.push_str("MAIL FROM:<");
        if !envelope.from.is_empty() && push_path(envelope.from, &mut text).is_none() {
            return Err(rejected(
                FailureScope::Message,
                format!("5.1.7 invalid sender address {:?}", envelope.from),
            ));
        }
        text.push('>');
        if let Some(limit) = max_size {
            if limit > 0 && envelope.size as u64 > limit {
                let text = format!(
                    "5.3.4 the message has {} bytes, but the relay accepts at most {limit}",
                    envelope.size
                );
                return Err(SmtpOutcome::Rejected {
                    reply: Reply::new(552, &text),
                    scope: FailureScope::Message,
                });
            }
            // Writing to a String cannot fail.
            let _ = write!(text, " SIZE={}", envelope.size);
        }
        text.push_str("\r\n");
        let rcpt_start = text.len();
        text.push_str("RCPT TO:<");
        push_path(envelope.to, &mut text).ok_or_else(|| {
            rejected(FailureScope::Recipient, "5.1.3 the address is not valid in SMTP".to_owned())
        })?;
        text.push_str(">\r\n");
        let data_start = text.len();
        text.push_str("DATA\r\n");
        Ok(Self { text, rcpt_start, data_start })
    }

    /// Returns all three commands for a single write.
    pub(super) fn pipelined(&self) -> &str {
        &self.text
    }

    /// Returns each command with its stage, in order.
    pub(super) fn step_by_step(&self) -> [(Stage, &str); 3] {
        let (mail, rest) = self.text.split_at(self.rcpt_start);
        let (rcpt, data) = rest.split_at(self.data_start - self.rcpt_start);
        [(Stage::Mail, mail), (Stage::Rcpt, rcpt), (Stage::Data, data)]
    }
}

/// Appends an address in the form of a command: ASCII, an internationalized domain as A-labels (RFC
/// 5891), and nothing that could end the command early. `None` if that is impossible.
fn push_path(address: &str, out: &mut String) -> Option<()> {
    let (local, domain) = address.rsplit_once('@')?;
    let is_lowercase_ascii = |s: &str| {
        s.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
            && !s.contains("xn--")
    };
    let domain = match domain {
        literal if literal.starts_with('[') => Cow::Borrowed(literal),
        domain if is_lowercase_ascii(domain) => Cow::Borrowed(domain),
        domain => Cow::Owned(idna::domain_to_ascii(domain).ok()?),
    };
    let is_safe = |s: &str| {
        !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
    };
    if !is_safe(local) || !is_safe(&domain) || domain.contains('@') {
        return None;
    }
    out.push_str(local);
    out.push('@');
    out.push_str(&domain);
    Some(())
}

/// Appends the message data in the form of DATA: leading dots doubled, with the final dot (RFC 5321
/// section 4.5.2).
pub(super) fn dot_stuff(content: &str, out: &mut String) {
    out.reserve(content.len() + content.len() / 64 + 8);
    let mut from = 0;
    // Searching for one byte is several times as fast as for a line end followed by a dot.
    for (at, _) in content.match_indices('.') {
        if at == 0 || content[..at].ends_with("\r\n") {
            out.push_str(&content[from..=at]);
            out.push('.');
            from = at + 1;
        }
    }
    out.push_str(&content[from..]);
    out.push_str(if content.is_empty() || content.ends_with("\r\n") {
        ".\r\n"
    } else {
        "\r\n.\r\n"
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(content: &str) -> String {
        let mut out = String::new();
        dot_stuff(content, &mut out);
        out
    }

    fn written(address: &str) -> Option<String> {
        let mut out = String::new();
        push_path(address, &mut out).map(|()| out)
    }

    #[test]
    fn leading_dots_are_doubled() {
        assert_eq!(stuffed("a\r\n.b\r\n..c\r\n"), "a\r\n..b\r\n...c\r\n.\r\n");
        assert_eq!(stuffed(".a"), "..a\r\n.\r\n");
        assert_eq!(stuffed("a\r\n.\r\n.\r\n"), "a\r\n..\r\n..\r\n.\r\n");
        assert_eq!(stuffed(""), ".\r\n");
    }

    #[test]
    fn address_cannot_inject_a_command() {
        assert_eq!(written("ann@bücher.example").as_deref(), Some("ann@xn--bcher-kva.example"));
        assert_eq!(written("ann@[192.0.2.1]").as_deref(), Some("ann@[192.0.2.1]"));
        assert_eq!(written("Ann@Example.ORG").as_deref(), Some("Ann@example.org"));
        for bad in [
            "",
            "ann",
            "@b.example",
            "a@",
            "a b@c.example",
            "a@b.example>\r\nRCPT TO:<x@y.example",
            "ü@b.example",
            "a<@b.example",
        ] {
            assert_eq!(written(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn commands_are_identical_pipelined_and_step_by_step() {
        let commands = TransactionCommands::new(
            &Envelope { from: "", to: "ann@example.org", size: 12 },
            Some(0),
        )
        .unwrap();
        let lines = commands.step_by_step().map(|(_, line)| line);
        assert_eq!(
            lines,
            ["MAIL FROM:<> SIZE=12\r\n", "RCPT TO:<ann@example.org>\r\n", "DATA\r\n"]
        );
        assert_eq!(lines.concat(), commands.pipelined());
    }

    proptest::proptest! {
        #[test]
        fn envelope_is_three_lines_for_any_addresses(from in "\\PC{0,12}@?\\PC{0,12}", to in ".{0,8}@.{0,8}") {
            if let Ok(commands) = TransactionCommands::new(&Envelope { from: &from, to: &to, size: 1 }, None) {
                proptest::prop_assert_eq!(commands.pipelined().matches('\n').count(), 3);
                proptest::prop_assert!(commands.pipelined().is_ascii());
                proptest::prop_assert_eq!(commands.step_by_step().map(|(_, line)| line.split_at(4).0), ["MAIL", "RCPT", "DATA"]);
            }
        }

        #[test]
        fn dot_stuffed_content_has_one_end_of_data_and_round_trips(lines in proptest::collection::vec("[.a]{0,4}", 0..8)) {
            let content: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
            let sent = stuffed(&content);
            let body = sent.strip_suffix(".\r\n").unwrap();
            let back: String = body.split_inclusive("\r\n").map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
            proptest::prop_assert_eq!(back, content);
            proptest::prop_assert!(!body.split("\r\n").any(|l| l == "."));
        }
    }
}
