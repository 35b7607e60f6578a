//! E-mail addresses and mailboxes, restricted to what every mail server accepts.

use std::fmt;

mod error;

pub use error::{AddressError, AddressProblem};
use error::{MAX_ADDRESS_BYTES, MAX_LOCAL_PART_BYTES};

/// Maximum length of a host name in octets (RFC 1035 section 2.3.4).
const MAX_DOMAIN_BYTES: usize = 253;

/// An address that any relay accepts: an ASCII dot-atom before the `@`, an ASCII host name (IDNA)
/// after it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress {
    text: String,
    at: usize,
}

impl EmailAddress {
    /// Parses an address; surrounding white space is ignored.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let error = |problem| AddressError { address: text.to_owned(), problem };
        if text.is_empty() {
            return Err(error(AddressProblem::AddressEmpty));
        }
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| error(AddressProblem::NoAt))?;
        check_local(local).map_err(error)?;
        let domain = ascii_domain(domain).map_err(error)?;
        let address = Self { text: format!("{local}@{domain}"), at: local.len() };
        if address.text.len() > MAX_ADDRESS_BYTES {
            return Err(error(AddressProblem::AddressTooLong));
        }
        Ok(address)
    }

    /// Returns the address for mailing: the local part as written, the domain in lower-case ASCII.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the address in lower case, which is equal for addresses that reach the same person
    /// in practice.
    pub fn key(&self) -> String {
        self.text.to_ascii_lowercase()
    }

    /// Returns a text that is equal for spellings of an address that reach one inbox at common mail
    /// services: without a tag (`ann+news`), and where the service ignores them, without dots.
    pub fn inbox_key(&self) -> String {
        let key = self.key();
        let (local, domain) = key.split_at(self.at);
        let local = match local.split_once('+') {
            Some((name, _)) if !name.is_empty() => name,
            _ => local,
        };
        let domain = match domain.trim_start_matches('@') {
            "googlemail.com" => "gmail.com",
            "protonmail.com" | "pm.me" => "proton.me",
            domain => domain,
        };
        let is_ignored = |c: char| match domain {
            "gmail.com" => c == '.',
            "proton.me" => matches!(c, '.' | '-' | '_'),
            _ => false,
        };
        format!("{}@{domain}", local.replace(is_ignored, ""))
    }

    /// Returns the masked address for logs: `a***@example.org`.
    pub fn masked(&self) -> String {
        let first = self.text.get(..1).unwrap_or_default();
        format!("{first}***@{}", self.domain())
    }

    /// Returns the domain in lower-case ASCII.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }
}

/// Accepts an ASCII dot-atom (RFC 5322); otherwise returns the reason for the rejection.
fn check_local(local: &str) -> Result<(), AddressProblem> {
    if local.is_empty() {
        return Err(AddressProblem::LocalEmpty);
    }
    if local.starts_with('"') {
        return Err(AddressProblem::LocalQuoted);
    }
    if !local.is_ascii() {
        return Err(AddressProblem::LocalNotAscii);
    }
    if local.len() > MAX_LOCAL_PART_BYTES {
        return Err(AddressProblem::LocalTooLong);
    }
    if local.split('.').any(str::is_empty) {
        return Err(AddressProblem::LocalDots);
    }
    let is_atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    if !local.bytes().all(is_atom) {
        return Err(AddressProblem::LocalCharacter);
    }
    Ok(())
}

/// Converts a host name to lower-case ASCII. It needs at least one dot unless it is `localhost`.
pub fn ascii_domain(domain: &str) -> Result<String, AddressProblem> {
    if domain.is_empty() {
        return Err(AddressProblem::DomainMissing);
    }
    if domain.starts_with('[') {
        return Err(AddressProblem::DomainInBrackets);
    }
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| AddressProblem::DomainInvalid)?;
    if ascii == "localhost" {
        return Ok(ascii);
    }
    if ascii.len() > MAX_DOMAIN_BYTES
        || ascii.split('.').any(|label| !matches!(label.len(), 1..=63))
    {
        return Err(AddressProblem::DomainInvalid);
    }
    match ascii.rsplit_once('.') {
        None => Err(AddressProblem::DomainWithoutDot),
        Some((_, last)) if last.bytes().all(|b| b.is_ascii_digit()) => {
            Err(AddressProblem::DomainNumeric)
        }
        Some(_) => Ok(ascii),
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Prints the masked address, because debug output ends up in logs.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

/// An address with an optional display name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Display name, decoded and on one line.
    pub name: Option<String>,
    /// Address of the mailbox.
    pub address: EmailAddress,
}

impl Mailbox {
    /// Parses `Name <a@b>`, `"Name, Inc." <a@b>`, `<a@b>` or `a@b`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err("a mailbox must be one line without control characters".to_owned());
        }
        let Some((name, rest)) = text.rsplit_once('<') else {
            return Ok(Self { name: None, address: EmailAddress::parse(text)? });
        };
        let Some(address) = rest.strip_suffix('>') else {
            return Err(format!("`{text}` is not a valid mailbox; write Name <address>"));
        };
        let name = display_name(name.trim())
            .ok_or_else(|| format!("`{text}` is not a valid mailbox; a name that contains <, > or \" must be quoted, for example \"Name\" <address>"))?;
        Ok(Self {
            name: Some(name).filter(|name| !name.is_empty()),
            address: EmailAddress::parse(address)?,
        })
    }
}

/// Returns the name without the quotes of RFC 5322; `None` if it is malformed.
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

/// Formats as in RFC 5322 but with non-ASCII letters; the name is quoted unless it consists of
/// plain words.
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
