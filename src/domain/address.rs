//! E-mail addresses and mailboxes, by a strict and practical policy: what parses here can be mailed anywhere.

use std::fmt;

/// Longest local part in octets (RFC 5321 section 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// Longest address in octets: RFC 5321's path of 256 without its angle brackets.
const LONGEST_ADDRESS: usize = 254;
/// Longest host name in octets (RFC 1035 section 2.3.4).
const LONGEST_DOMAIN: usize = 253;

/// An address that any relay takes: an ASCII dot-atom before the `@`, a host name in ASCII (IDNA) after it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress {
    text: String,
    at: usize,
}

impl EmailAddress {
    /// Reads an address, without the white space around it; refuses with a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some((local, domain)) = text.rsplit_once('@') else {
            return Err(format!("`{text}` is no e-mail address: it has no @"));
        };
        check_local(local).map_err(|why| format!("`{text}` cannot be mailed: {why}"))?;
        let domain =
            ascii_domain(domain).map_err(|why| format!("`{text}` cannot be mailed: {why}"))?;
        let address = Self { text: format!("{local}@{domain}"), at: local.len() };
        if address.text.len() > LONGEST_ADDRESS {
            return Err(format!(
                "`{text}` cannot be mailed: an address has at most {LONGEST_ADDRESS} characters"
            ));
        }
        Ok(address)
    }

    /// The address as it is mailed: the local part as written, the domain in lower-case ASCII.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same for two addresses that reach the same person in practice: all in lower case.
    pub fn key(&self) -> String {
        self.text.to_ascii_lowercase()
    }

    /// For logs: `a***@example.org`.
    pub fn masked(&self) -> String {
        let first = self.text.get(..1).unwrap_or_default();
        format!("{first}***@{}", self.domain())
    }

    /// The domain, in lower-case ASCII.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }
}

/// Why a local part is refused: only RFC 5322's dot-atom in ASCII is taken.
fn check_local(local: &str) -> Result<(), &'static str> {
    if local.is_empty() {
        return Err("there is nothing before the @");
    }
    if local.starts_with('"') {
        return Err("quoted names before the @ are not supported");
    }
    if !local.is_ascii() {
        return Err("the part before the @ has letters beyond ASCII, which few mail servers take");
    }
    if local.len() > LONGEST_LOCAL {
        return Err("the part before the @ has more than 64 characters");
    }
    if local.split('.').any(str::is_empty) {
        return Err("a dot before the @ stands between two other characters");
    }
    let is_atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    if !local.bytes().all(is_atom) {
        return Err("the part before the @ has a character that is not allowed there");
    }
    Ok(())
}

/// A host name in lower-case ASCII, with at least one dot unless it is `localhost`; or why it is refused.
pub fn ascii_domain(domain: &str) -> Result<String, &'static str> {
    if domain.is_empty() {
        return Err("there is no domain");
    }
    if domain.starts_with('[') {
        return Err("a domain is a name, not an IP address in brackets");
    }
    let ascii =
        idna::domain_to_ascii_strict(domain).map_err(|_| "its domain is no valid host name")?;
    if ascii == "localhost" {
        return Ok(ascii);
    }
    if ascii.len() > LONGEST_DOMAIN || ascii.split('.').any(|label| !matches!(label.len(), 1..=63))
    {
        return Err("its domain is no valid host name");
    }
    match ascii.rsplit_once('.') {
        None => Err("its domain has no dot"),
        Some((_, last)) if last.bytes().all(|b| b.is_ascii_digit()) => {
            Err("a domain is a name, not an IP address")
        }
        Some(_) => Ok(ascii),
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Masked, since what is printed for debugging ends in logs.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

/// An address with the name it is shown under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name, decoded and on one line.
    pub name: Option<String>,
    /// The address.
    pub address: EmailAddress,
}

impl Mailbox {
    /// Reads `Name <a@b>`, `"Name, Inc." <a@b>`, `<a@b>` or `a@b`; refuses with a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err("a mailbox stands on one line, without control characters".to_owned());
        }
        let Some((name, rest)) = text.rsplit_once('<') else {
            return Ok(Self { name: None, address: EmailAddress::parse(text)? });
        };
        let Some(address) = rest.strip_suffix('>') else {
            return Err(format!("`{text}` is no mailbox: write Name <address>"));
        };
        let name = display_name(name.trim())
            .ok_or_else(|| format!("`{text}` is no mailbox: a name with one of <>\" in it stands in quotes, as in \"Name\" <address>"))?;
        Ok(Self {
            name: Some(name).filter(|name| !name.is_empty()),
            address: EmailAddress::parse(address)?,
        })
    }
}

/// The name without the quotes of RFC 5322, if it is one word of either kind.
fn display_name(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"') else {
        return if text.contains(['<', '>', '"']) { None } else { Some(text.to_owned()) };
    };
    let mut name = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => name.push(characters.next()?),
            other => name.push(other),
        }
    }
    if characters.next().is_none() { Some(name.trim().to_owned()) } else { None }
}

/// In RFC 5322's form but for letters beyond ASCII: the name in quotes unless it is made of plain words.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else {
            return write!(f, "{}", self.address);
        };
        if name
            .chars()
            .all(|c| c.is_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii())
        {
            return write!(f, "{name} <{}>", self.address);
        }
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{escaped}\" <{}>", self.address)
    }
}

#[cfg(test)]
mod tests;
