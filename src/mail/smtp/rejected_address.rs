//! Decides whether the address of the recipient is the cause of a permanent rejection. In doubt only
//! repeated rejections count, because an error of the relay or the sender must not end a subscription.

use super::outcome::Reply;
use crate::domain::address_rejection::AddressRejection;

/// Prefixes of words in rejections that the sender, the relay or the content causes.
const FAULTS_OF_OTHERS: [&str; 41] = [
    "authent",
    "authoriz",
    "authoris",
    "black",
    "block",
    "client",
    "complain",
    "content",
    "denied",
    "denylist",
    "dkim",
    "dmarc",
    "dnsbl",
    "ehlo",
    "exceed",
    "forbidden",
    "helo",
    "limit",
    "listed",
    "permi",
    "phish",
    "polic",
    "prohibit",
    "ptr",
    "rate",
    "rbl",
    "refused",
    "relay",
    "reputation",
    "sender",
    "size",
    "spam",
    "spf",
    "submission",
    "suspicious",
    "throttl",
    "tls",
    "unsolicited",
    "untrusted",
    "virus",
    "volume",
];

/// Prefixes of words in rejections after too many messages of the sender. These reach the same recipients,
/// the last ones, in every edition, and so never count.
const SENDING_LIMITS: [&str; 7] =
    ["exceed", "limit", "quota", "rate", "submission", "throttl", "volume"];

/// Phrases of the rejection of a mailbox that does not exist, as words in lower case.
const NO_MAILBOX: [&str; 37] = [
    "unknown user",
    "user unknown",
    "unknown recipient",
    "recipient unknown",
    "unknown mailbox",
    "mailbox unknown",
    "unknown local part",
    "unknown address",
    "address unknown",
    "unknown account",
    "no such user",
    "user doesn t have a",
    "no such local user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such person",
    "no such account",
    "no such domain",
    "no mailbox",
    "no user",
    "user not found",
    "recipient not found",
    "mailbox not found",
    "account not found",
    "address not found",
    "domain not found",
    "does not exist",
    "doesn t exist",
    "not a valid mailbox",
    "not a known user",
    "invalid mailbox",
    "invalid recipient",
    "invalid user",
    "invalid address",
    "mailbox invalid",
    "bad destination mailbox address",
];

impl Reply {
    /// Returns `true` if the reply names a limit of what the sender may send.
    pub fn names_sending_limit(&self) -> bool {
        words(&self.text).iter().any(|word| SENDING_LIMITS.iter().any(|f| word.starts_with(f)))
    }

    /// Returns what the rejection of a recipient says about the address; `None` if it names a sending
    /// limit.
    pub fn address_rejection(&self) -> Option<AddressRejection> {
        self.clear_address_rejection()
            .or_else(|| (!self.names_sending_limit()).then_some(AddressRejection::Unclear))
    }

    /// Returns what the rejection clearly says about the address of the recipient.
    fn clear_address_rejection(&self) -> Option<AddressRejection> {
        let words = words(&self.text);
        let quota = words.iter().any(|word| word.contains("quota"));
        let others = words.iter().any(|word| FAULTS_OF_OTHERS.iter().any(|f| word.starts_with(f)));
        if others && !(quota && self.is_about(2, &[2]) && !is_of_sender(&words)) {
            return None;
        }
        if quota {
            return self.is_about(2, &[2]).then_some(AddressRejection::Other);
        }
        let text = words.join(" ");
        let says_no_mailbox = || NO_MAILBOX.iter().any(|phrase| text.contains(phrase));
        match self.enhanced.map(|e| (e.subject, e.detail)) {
            Some((1, 1 | 2 | 3 | 6 | 10)) => Some(AddressRejection::NoMailbox),
            // The codes that say no more than "other".
            None | Some((0, 0) | (1, 0)) | Some((5, 1)) if says_no_mailbox() => {
                Some(AddressRejection::NoMailbox)
            }
            None | Some((0..=2, _)) => Some(AddressRejection::Other),
            Some(_) => None,
        }
    }
}

fn is_of_sender(words: &[String]) -> bool {
    words.iter().any(|word| word.starts_with("send") || word.starts_with("submission"))
}

/// Returns the words of a reply in lower case, without addresses, host names and URLs, which may
/// contain anything.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace("relay recipient table", "recipient table");
    text.split_whitespace()
        .filter(|token| {
            let token = token.trim_matches(|c: char| !c.is_alphanumeric());
            !token.contains(['@', '/', '.'])
        })
        .flat_map(|token| token.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: u16, text: &str) -> Option<AddressRejection> {
        Reply::new(code, text).address_rejection()
    }

    #[test]
    fn a_mailbox_that_does_not_exist_is_recognized_by_code_or_words() {
        for (code, text) in [
            (
                550,
                "5.1.1 <ida@mail.example>: Recipient address rejected: User unknown in relay recipient table",
            ),
            (550, "5.1.1 go away"),
            (550, "5.1.2 no such host"),
            (553, "5.1.3 syntax of the mailbox"),
            (551, "5.1.6 moved away"),
            (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; see https://help.example/spam"),
            (550, "no such user here"),
            (550, "<spam@blocked.example>... Unknown user (#5.1.1)"),
            (550, "Sorry, no mailbox here by that name."),
            (554, "delivery error: this account doesn't exist"),
            (554, "delivery error: dd This user doesn't have a mail.example account"),
            (550, "5.0.0 Invalid recipient"),
            (550, "5.5.1 User unknown"),
            (550, "User_unknown"),
        ] {
            assert_eq!(said(code, text), Some(AddressRejection::NoMailbox), "{text}");
        }
    }

    #[test]
    fn other_reasons_of_a_recipient_only_count() {
        for (code, text) in [
            (550, "5.2.1 mailbox disabled"),
            (552, "5.2.2 mailbox is over quota"),
            (550, "Requested action not taken: mailbox unavailable"),
            (551, "user not local"),
            (550, "5.1.0 rejected"),
            (550, "no"),
        ] {
            assert_eq!(said(code, text), Some(AddressRejection::Other), "{text}");
        }
    }

    #[test]
    fn possible_faults_of_the_sender_the_relay_and_the_content_are_unclear() {
        for (code, text) in [
            (550, "5.7.1 user unknown"),
            (550, "5.1.1 looks like spam"),
            (550, "5.1.1 Recipient rejected by policy"),
            (550, "relaying denied, unknown user"),
            (550, "sender verify failed: no such user"),
            (550, "unknown sender domain, does not exist"),
            (554, "5.7.1 not authorized to send to this recipient"),
            (554, "your host is listed at a blocklist"),
            (504, "5.5.2 need a fully-qualified hostname"),
            (554, "5.3.4 message too big"),
        ] {
            assert_eq!(said(code, text), Some(AddressRejection::Unclear), "{text}");
        }
    }

    #[test]
    fn limits_of_the_sender_say_nothing_about_the_address() {
        for (code, text) in [
            (554, "5.2.0 submission quota exceeded"),
            (552, "you have used up your quota"),
            (550, "5.4.5 daily sending limit exceeded"),
            (550, "5.7.1 too many messages, rate limited"),
        ] {
            assert_eq!(said(code, text), None, "{text}");
        }
    }
}
