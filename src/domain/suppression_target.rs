//! Target of a suppression: one address, or all addresses of a domain.

use super::address::EmailAddress;

/// An address, or all addresses of a domain without its subdomains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuppressionTarget {
    /// Address of one person.
    Address(EmailAddress),
    /// A domain in lower-case ASCII.
    Domain(String),
}

impl SuppressionTarget {
    /// Parses `ann@example.com` or `@example.com`.
    ///
    /// # Errors
    /// One sentence if the text is neither an address nor a domain after an `@`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !text.starts_with('@') {
            return Ok(Self::Address(EmailAddress::parse(text)?));
        }
        // Domains have the same rules as those of addresses.
        let address = EmailAddress::parse(&format!("any{text}"))
            .map_err(|_| format!("`{text}` is not a domain; write it like @example.com"))?;
        Ok(Self::Domain(address.domain().to_owned()))
    }
}

impl From<EmailAddress> for SuppressionTarget {
    fn from(address: EmailAddress) -> Self {
        Self::Address(address)
    }
}

impl std::fmt::Display for SuppressionTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address.as_str()),
            Self::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SuppressionTarget;

    #[test]
    fn an_address_or_a_domain_is_accepted_and_normalized() {
        let shown = |text: &str| SuppressionTarget::parse(text).map(|target| target.to_string());
        assert_eq!(shown(" Ann@Example.COM "), Ok("Ann@example.com".to_owned()));
        assert_eq!(shown("@Example.COM"), Ok("@example.com".to_owned()));
        assert_eq!(shown("@bücher.example"), Ok("@xn--bcher-kva.example".to_owned()));
        for wrong in ["@", "@a b", "@a@b.example", "@.example", "example.com", "", "@*.example"] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
    }
}
