//! Validation of the fields of a person one by one, for forms and requests that report each.

use super::NewSubscriber;
use crate::domain::address::EmailAddress;
use crate::domain::language;

/// Returns each invalid field of a person, by name, with one sentence. An empty value counts as
/// absent.
pub fn invalid_fields(person: &NewSubscriber) -> Vec<(&'static str, String)> {
    let mut invalid = Vec::new();
    if let Err(reason) = EmailAddress::parse(&person.email) {
        invalid.push(("email", reason.to_string()));
    }
    let given = |value: &Option<String>| value.clone().filter(|text| !text.trim().is_empty());
    if let Some(tag) = given(&person.language) {
        match language::canonical(&tag) {
            Err(reason) => invalid.push(("language", reason.to_string())),
            Ok(tag) if !language::is_known(&tag) => {
                let reason = format!("`{tag}` is not a known language; write an ISO 639 code");
                invalid.push(("language", reason));
            }
            Ok(_) => {}
        }
    }
    if let Some(zone) = given(&person.timezone)
        && jiff::tz::TimeZone::get(zone.trim()).is_err()
    {
        let reason = format!(
            "{zone:?} is not a valid time zone; use an IANA name, for example `Europe/Berlin`"
        );
        invalid.push(("timezone", reason));
    }
    invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invalid_field_is_reported() {
        let person = NewSubscriber {
            email: "nobody".into(),
            language: Some("klingon!".into()),
            timezone: Some("Mars/Olympus".into()),
            ..NewSubscriber::default()
        };
        let fields: Vec<&str> = invalid_fields(&person).iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["email", "language", "timezone"]);
        let valid = NewSubscriber {
            email: "ann@example.org".into(),
            language: Some(String::new()),
            timezone: Some("Europe/Oslo".into()),
            ..NewSubscriber::default()
        };
        assert_eq!(invalid_fields(&valid), []);
    }
}
