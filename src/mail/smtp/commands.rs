//! What is written to a relay: an envelope's commands, and content as DATA carries it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::outcome::{Answer, Outcome, Scope, Stage};

/// Who a mail is from and for, and how large it is.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Where bounces go; empty is the null sender (RFC 5321 section 4.5.5).
    pub from: &'a str,
    /// The recipient's address.
    pub to: &'a str,
    /// The content's length in bytes.
    pub size: usize,
}

/// An envelope's three commands, to be said together or one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commands {
    text: String,
    rcpt: usize,
    data: usize,
}

impl Commands {
    /// The commands; or what becomes of the mail, where no relay needs to be asked.
    pub(super) fn of(envelope: &Envelope<'_>, offered_size: Option<u64>) -> Result<Self, Outcome> {
        let refused =
            |scope, text: String| Outcome::Refused { answer: Answer::new(553, &text), scope };
        // Room for what goes around the addresses, for a size, and for A-labels that are longer than what they stand for.
        let mut text = String::with_capacity(envelope.from.len() + envelope.to.len() + 96);
        text.push_str("MAIL FROM:<");
        if !envelope.from.is_empty() && path(envelope.from, &mut text).is_none() {
            return Err(refused(
                Scope::Message,
                format!("5.1.7 the sender's address {:?} can't be used", envelope.from),
            ));
        }
        text.push('>');
        if let Some(most) = offered_size {
            if most > 0 && envelope.size as u64 > most {
                let text = format!(
                    "5.3.4 the message has {} bytes, and the relay takes {most} at most",
                    envelope.size
                );
                return Err(Outcome::Refused {
                    answer: Answer::new(552, &text),
                    scope: Scope::Message,
                });
            }
            // Writing to a String can't fail.
            let _ = write!(text, " SIZE={}", envelope.size);
        }
        text.push_str("\r\n");
        let rcpt = text.len();
        text.push_str("RCPT TO:<");
        path(envelope.to, &mut text).ok_or_else(|| {
            refused(Scope::Recipient, "5.1.3 the address can't be used in SMTP".to_owned())
        })?;
        text.push_str(">\r\n");
        let data = text.len();
        text.push_str("DATA\r\n");
        Ok(Self { text, rcpt, data })
    }

    /// All three, as they go into one write.
    pub(super) fn together(&self) -> &str {
        &self.text
    }

    /// Each with its stage, in their order.
    pub(super) fn one_by_one(&self) -> [(Stage, &str); 3] {
        let (mail, rest) = self.text.split_at(self.rcpt);
        let (rcpt, data) = rest.split_at(self.data - self.rcpt);
        [(Stage::Mail, mail), (Stage::Rcpt, rcpt), (Stage::Data, data)]
    }
}

/// Writes an address as a command may carry it: ASCII, a domain in another script as its A-labels (RFC 5891), and nothing
/// that could end the command early.
fn path(address: &str, into: &mut String) -> Option<()> {
    let (local, domain) = address.rsplit_once('@')?;
    let usual = |s: &str| {
        s.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
            && !s.contains("xn--")
    };
    let domain = match domain {
        literal if literal.starts_with('[') => Cow::Borrowed(literal),
        domain if usual(domain) => Cow::Borrowed(domain),
        domain => Cow::Owned(idna::domain_to_ascii(domain).ok()?),
    };
    let plain = |s: &str| {
        !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
    };
    if !plain(local) || !plain(&domain) || domain.contains('@') {
        return None;
    }
    into.push_str(local);
    into.push('@');
    into.push_str(&domain);
    Some(())
}

/// Writes the content as DATA carries it: leading dots doubled, and the final dot behind it (RFC 5321 section 4.5.2).
pub(super) fn stuff(content: &str, into: &mut String) {
    into.reserve(content.len() + content.len() / 64 + 8);
    let mut from = 0;
    // A search for one byte is several times as fast as one for a line end with a dot behind it.
    for (at, _) in content.match_indices('.') {
        if at == 0 || content[..at].ends_with("\r\n") {
            into.push_str(&content[from..=at]);
            into.push('.');
            from = at + 1;
        }
    }
    into.push_str(&content[from..]);
    into.push_str(if content.is_empty() || content.ends_with("\r\n") {
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
        stuff(content, &mut out);
        out
    }

    fn written(address: &str) -> Option<String> {
        let mut out = String::new();
        path(address, &mut out).map(|()| out)
    }

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        assert_eq!(stuffed("a\r\n.b\r\n..c\r\n"), "a\r\n..b\r\n...c\r\n.\r\n");
        assert_eq!(stuffed(".a"), "..a\r\n.\r\n");
        assert_eq!(stuffed("a\r\n.\r\n.\r\n"), "a\r\n..\r\n..\r\n.\r\n");
        assert_eq!(stuffed(""), ".\r\n");
    }

    #[test]
    fn an_address_can_not_smuggle_a_command() {
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
    fn commands_are_the_same_together_and_one_by_one() {
        let commands =
            Commands::of(&Envelope { from: "", to: "ann@example.org", size: 12 }, Some(0)).unwrap();
        let lines = commands.one_by_one().map(|(_, line)| line);
        assert_eq!(
            lines,
            ["MAIL FROM:<> SIZE=12\r\n", "RCPT TO:<ann@example.org>\r\n", "DATA\r\n"]
        );
        assert_eq!(lines.concat(), commands.together());
    }

    proptest::proptest! {
        #[test]
        fn an_envelope_is_three_lines_whatever_the_addresses_hold(from in "\\PC{0,12}@?\\PC{0,12}", to in ".{0,8}@.{0,8}") {
            if let Ok(commands) = Commands::of(&Envelope { from: &from, to: &to, size: 1 }, None) {
                proptest::prop_assert_eq!(commands.together().matches('\n').count(), 3);
                proptest::prop_assert!(commands.together().is_ascii());
                proptest::prop_assert_eq!(commands.one_by_one().map(|(_, line)| line.split_at(4).0), ["MAIL", "RCPT", "DATA"]);
            }
        }

        #[test]
        fn what_was_stuffed_holds_one_end_of_data_and_comes_back_whole(lines in proptest::collection::vec("[.a]{0,4}", 0..8)) {
            let content: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
            let sent = stuffed(&content);
            let body = sent.strip_suffix(".\r\n").unwrap();
            let back: String = body.split_inclusive("\r\n").map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
            proptest::prop_assert_eq!(back, content);
            proptest::prop_assert!(!body.split("\r\n").any(|l| l == "."));
        }
    }
}
