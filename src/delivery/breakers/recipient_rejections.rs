//! Rejections of recipients in a row: those of many recipients and domains for the same reason mean
//! that the relay rejects everybody, whatever its reply codes say.

use std::collections::{HashSet, VecDeque};

use crate::mail::smtp::Reply;

/// Rejections with the same reply, for different recipients in a row, that pause an edition.
const SAME_REPLY_RECIPIENTS: usize = 5;
/// Number of domains to which these recipients must belong.
const SAME_REPLY_DOMAINS: usize = 3;
/// Rejections with any reply, for different recipients in a row, that pause an edition.
const ANY_REPLY_RECIPIENTS: usize = 20;
/// Number of domains to which these recipients must belong if the replies name mailboxes.
const MIN_MAILBOX_REJECTION_DOMAINS: usize = 10;
/// Number of leading words of a reply that are compared.
const COMPARED_WORDS: usize = 8;

/// Latest rejections of recipients since the last accepted message.
#[derive(Debug, Default)]
pub(super) struct RecipientRejections(VecDeque<Rejection>);

#[derive(Debug)]
struct Rejection {
    address: String,
    domain: String,
    reply: String,
    names_mailbox: bool,
}

impl RecipientRejections {
    /// Forgets the rejections after an accepted message.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Records a rejection; returns the limit if one is reached, as text that completes
    /// "the relay rejected".
    pub(super) fn record(&mut self, address: &str, reply: &Reply) -> Option<&'static str> {
        if self.0.iter().any(|rejection| rejection.address == address) {
            return None;
        }
        if self.0.len() >= ANY_REPLY_RECIPIENTS {
            self.0.pop_front();
        }
        let domain = address.rsplit('@').next().unwrap_or_default().to_lowercase();
        self.0.push_back(Rejection {
            address: address.to_owned(),
            domain,
            reply: compared_text(reply),
            names_mailbox: reply.names_mailbox(),
        });
        let last = self.0.back()?;
        let same = self.0.iter().rev().take_while(|rejection| rejection.reply == last.reply);
        let (recipients, domains) = count(same);
        if !last.names_mailbox
            && recipients >= SAME_REPLY_RECIPIENTS
            && domains >= SAME_REPLY_DOMAINS
        {
            return Some("5 recipients in a row for the same reason");
        }
        let (recipients, domains) = count(self.0.iter());
        let all_name_mailboxes = self.0.iter().all(|rejection| rejection.names_mailbox);
        (recipients >= ANY_REPLY_RECIPIENTS
            && (!all_name_mailboxes || domains >= MIN_MAILBOX_REJECTION_DOMAINS))
            .then_some("20 recipients in a row")
    }
}

/// Returns the numbers of recipients and of their domains.
fn count<'a>(rejections: impl Iterator<Item = &'a Rejection>) -> (usize, usize) {
    let domains: Vec<&str> = rejections.map(|rejection| rejection.domain.as_str()).collect();
    (domains.len(), domains.iter().collect::<HashSet<_>>().len())
}

/// Returns the beginning of a reply without what differs between recipients: addresses and ids.
fn compared_text(reply: &Reply) -> String {
    let status = reply.enhanced.map(|e| (e.class, e.subject, e.detail));
    let words = reply.text.split_whitespace();
    let words: Vec<String> = words
        .filter(|word| !word.contains(|c: char| c.is_ascii_digit() || matches!(c, '@' | '<' | '>')))
        .take(COMPARED_WORDS)
        .map(str::to_lowercase)
        .collect();
    format!("{} {status:?} {}", reply.code, words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of rejections after which an edition pauses, of at most 40.
    fn paused_after(reply: impl Fn(usize) -> (u16, String), domains: usize) -> Option<usize> {
        let mut rejections = RecipientRejections::default();
        (1..=40).find(|n| {
            let (code, text) = reply(*n);
            let address = format!("r{n}@d{}.example", n % domains);
            rejections.record(&address, &Reply::new(code, &text)).is_some()
        })
    }

    #[test]
    fn the_same_reply_to_five_recipients_of_three_domains_pauses_whatever_its_code() {
        for (code, text) in [
            (554, "5.2.252 SendAsDenied; news@x.example not allowed to send as it"),
            (554, "5.2.0 Submission quota exceeded"),
            (504, "5.5.2 <news>: Helo command rejected: need fully-qualified hostname"),
            (550, "relay not permitted"),
            (550, "5.4.5 Daily sending limit exceeded"),
            (552, "you have used up your quota"),
        ] {
            assert_eq!(paused_after(|_| (code, text.to_owned()), 40), Some(5), "{text}");
            assert_eq!(paused_after(|_| (code, text.to_owned()), 3), Some(5), "{text}");
            assert_eq!(paused_after(|_| (code, text.to_owned()), 1), Some(20), "{text}");
        }
        let with_ids = |n| (550, format!("<r{n}@d{n}.example>: refused by policy, id q{n}x"));
        assert_eq!(paused_after(with_ids, 40), Some(5));
    }

    #[test]
    fn replies_about_mailboxes_pause_only_after_many_domains() {
        for (code, text) in [
            (550, "5.1.1 user unknown"),
            (550, "no such user here"),
            (552, "5.2.2 mailbox full"),
            (550, "Requested action not taken: mailbox unavailable"),
        ] {
            assert_eq!(paused_after(|_| (code, text.to_owned()), 40), Some(20), "{text}");
            assert_eq!(paused_after(|_| (code, text.to_owned()), 9), None, "{text}");
        }
        let words = ["alpha", "beta", "gamma"];
        let different = |n: usize| (550, format!("rejected by {}", words[n % 3]));
        assert_eq!(paused_after(different, 40), Some(20));
    }

    #[test]
    fn an_accepted_message_or_the_same_recipient_again_does_not_count() {
        let (mut rejections, reply) = (RecipientRejections::default(), Reply::new(550, "no"));
        for n in 0..40 {
            assert_eq!(rejections.record(&format!("r@d{}.example", n % 4), &reply), None);
        }
        rejections.clear();
        for n in 0..4 {
            assert_eq!(rejections.record(&format!("r@d{n}.example"), &reply), None);
        }
        assert!(rejections.record("r@e.example", &reply).is_some());
    }
}
