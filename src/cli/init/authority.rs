//! The tagging entity of article ids (RFC 4151 section 2.1): a domain or an e-mail address of the
//! publisher, and a date on which it was theirs.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use url::{Host, Url};

use crate::clock;
use crate::domain::address::Mailbox;

/// Tagging entities of a new configuration.
#[derive(Debug)]
pub(super) struct Authority {
    /// The one that the base URL or the sender implies, if one does.
    pub(super) default: Option<String>,
    /// Date that completes a domain or an address.
    today: String,
}

impl Authority {
    /// Derives the default from the host of the base URL, else from the domain of the sender.
    pub(super) fn new(base_url: &str, sender: Option<&str>, timezone: &str) -> Self {
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        let today = zone.to_datetime(clock::now().timestamp()).date().to_string();
        let of_sender = || {
            let sender = Mailbox::parse(sender?).ok()?;
            Some(sender.address.domain().to_owned())
        };
        let domain = owned_host(base_url).or_else(of_sender);
        Self { default: domain.map(|domain| format!("{domain},{today}")), today }
    }

    /// Returns an answer with today's date unless it has one.
    ///
    /// # Errors
    /// A sentence if it is an IP address, or the name of a machine in a local network.
    pub(super) fn complete(&self, answer: &str) -> Result<String, String> {
        let answer = answer.trim();
        let (name, date) = answer.split_once(',').unwrap_or((answer, &self.today));
        let (name, date) = (name.trim(), date.trim());
        if !is_owned(name.rsplit('@').next().unwrap_or(name)) {
            return Err(format!(
                "`{name}` does not belong to one publisher; write a domain or an e-mail address of yours, for example news.example.edu"
            ));
        }
        Ok(format!("{name},{date}"))
    }
}

/// Returns the host of a URL if it is a domain that somebody owns.
fn owned_host(url: &str) -> Option<String> {
    match Url::parse(url).ok()?.host()? {
        Host::Domain(name) if is_owned(name) => Some(name.to_owned()),
        _ => None,
    }
}

/// Returns `true` for names with a dot that are not IP addresses.
fn is_owned(name: &str) -> bool {
    name.contains('.') && name.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_address_or_a_local_name_is_replaced_by_the_domain_of_the_sender() {
        let default = |url, sender| Authority::new(url, sender, "UTC").default;
        let domain =
            |url, sender| default(url, sender).map(|d| d.split(',').next().unwrap().to_owned());
        let sender = Some("College <news@mail.college.example>");
        assert_eq!(
            domain("https://news.college.example/x", sender).as_deref(),
            Some("news.college.example")
        );
        for url in ["http://127.0.0.1:8080", "http://[::1]", "http://localhost", "https://intranet"]
        {
            assert_eq!(domain(url, sender).as_deref(), Some("mail.college.example"), "{url}");
            assert_eq!(default(url, None), None, "{url}");
        }
    }

    #[test]
    fn an_answer_gets_todays_date_and_must_belong_to_a_publisher() {
        let authority = Authority::new("http://127.0.0.1", None, "UTC");
        let today = &authority.today;
        for (answer, complete) in [
            ("college.example", format!("college.example,{today}")),
            (" ann@college.example ", format!("ann@college.example,{today}")),
            ("college.example,2025", "college.example,2025".to_owned()),
        ] {
            assert_eq!(authority.complete(answer), Ok(complete));
        }
        for answer in ["127.0.0.1,2026", "ann@10.0.0.1", "localhost", "", "::1"] {
            assert!(authority.complete(answer).is_err(), "{answer}");
        }
    }
}
