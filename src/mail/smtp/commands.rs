//! What is written to a relay: an envelope's commands, and content as DATA carries it.

use std::fmt::Write as _;

use lettre::transport::smtp::commands::Data;

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

/// The envelope's commands; or what becomes of the mail, where no relay needs to be asked.
pub(super) fn commands(envelope: &Envelope<'_>, offered_size: Option<u64>) -> Result<Vec<(Stage, String)>, Outcome> {
    let refused = |scope, text: String| Outcome::Refused { answer: Answer::new(553, &text), scope };
    let from = match envelope.from {
        "" => String::new(),
        from => path(from).ok_or_else(|| refused(Scope::Message, format!("5.1.7 the sender's address {from:?} can't be used")))?,
    };
    let to = path(envelope.to).ok_or_else(|| refused(Scope::Recipient, "5.1.3 the address can't be used in SMTP".to_owned()))?;
    let mut mail = format!("MAIL FROM:<{from}>");
    if let Some(most) = offered_size {
        if most > 0 && envelope.size as u64 > most {
            let text = format!("5.3.4 the message has {} bytes, and the relay takes {most} at most", envelope.size);
            return Err(Outcome::Refused { answer: Answer::new(552, &text), scope: Scope::Message });
        }
        // Writing to a String can't fail.
        let _ = write!(mail, " SIZE={}", envelope.size);
    }
    mail.push_str("\r\n");
    Ok(vec![(Stage::Mail, mail), (Stage::Rcpt, format!("RCPT TO:<{to}>\r\n")), (Stage::Data, Data.to_string())])
}

/// An address as a command may carry it: ASCII, a domain in another script as its A-labels (RFC 5891), and nothing that
/// could end the command early.
fn path(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = if domain.starts_with('[') { domain.to_owned() } else { idna::domain_to_ascii(domain).ok()? };
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
    (plain(local) && plain(&domain) && !domain.contains('@')).then(|| format!("{local}@{domain}"))
}

/// The content as DATA carries it: leading dots doubled, and the final dot behind it (RFC 5321 section 4.5.2).
pub(super) fn stuffed(content: &str) -> String {
    let mut out = String::with_capacity(content.len() + content.len() / 64 + 8);
    let mut rest = content;
    if rest.starts_with('.') {
        out.push('.');
    }
    while let Some(at) = rest.find("\r\n.") {
        out.push_str(&rest[..at + 3]);
        out.push('.');
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    out.push_str(if content.is_empty() || content.ends_with("\r\n") { ".\r\n" } else { "\r\n.\r\n" });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        assert_eq!(stuffed("a\r\n.b\r\n..c\r\n"), "a\r\n..b\r\n...c\r\n.\r\n");
        assert_eq!(stuffed(".a"), "..a\r\n.\r\n");
        assert_eq!(stuffed("a\r\n.\r\n.\r\n"), "a\r\n..\r\n..\r\n.\r\n");
        assert_eq!(stuffed(""), ".\r\n");
    }

    #[test]
    fn an_address_can_not_smuggle_a_command() {
        assert_eq!(path("ann@bücher.example").as_deref(), Some("ann@xn--bcher-kva.example"));
        assert_eq!(path("ann@[192.0.2.1]").as_deref(), Some("ann@[192.0.2.1]"));
        for bad in ["", "ann", "@b.example", "a@", "a b@c.example", "a@b.example>\r\nRCPT TO:<x@y.example", "ü@b.example", "a<@b.example"]
        {
            assert_eq!(path(bad), None, "{bad:?}");
        }
    }

    proptest::proptest! {
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
