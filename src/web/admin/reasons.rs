//! Reasons of rejections in the language of the user, from their codes and values.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value as Json;

use super::visit::Visit;
use crate::domain::unsent_reason::UnsentReason;
use crate::templates::{Templates, TextValue};

impl Visit {
    /// Returns a reason in the language of the user.
    pub(super) fn reason(&self, reason: &(impl Serialize + Display)) -> String {
        let detail = serde_json::to_value(reason).unwrap_or_default();
        self.stored_reason(&detail, &reason.to_string())
    }

    /// Returns a reason whose code and values are stored in the language of the user; without a text of this
    /// code, the stored sentence.
    pub(super) fn stored_reason(&self, detail: &Json, sentence: &str) -> String {
        let (templates, language) = (&self.app().templates, &self.client.language);
        translated(templates, language, detail).unwrap_or_else(|| sentence.to_owned())
    }

    /// Returns the answer to a message: the reply of the relay as it is, or the reason of Courant itself in
    /// the language of the user.
    pub(super) fn answer(&self, reply: Option<String>) -> String {
        let reply = reply.unwrap_or_default();
        match UnsentReason::parse(&reply) {
            Some(reason) => self.text(&format!("unsent-{}", reason.code()), &[]),
            None => reply,
        }
    }
}

/// Returns the text for the code and the values of a reason; `None` if there is none.
fn translated(templates: &Templates, language: &str, detail: &Json) -> Option<String> {
    let mut values: Vec<(&str, TextValue<'_>)> = Vec::new();
    for (name, value) in detail.as_object()? {
        match value {
            Json::String(text) => values.push((name, TextValue::Text(text))),
            Json::Number(number) => values.push((name, TextValue::Number(number.as_i64()?))),
            _ => {}
        }
    }
    let key = format!("reason-{}", detail["code"].as_str()?);
    let text = templates.text_with(language, &key, &values);
    if text == key {
        return None;
    }
    let place = match (detail["attribute"].as_str(), detail["at"].as_i64()) {
        (Some(name), _) => ("reason-of-attribute", ("attribute", name.into())),
        (None, Some(line)) => ("reason-in-line", ("line", TextValue::Number(line))),
        (None, None) => return Some(text),
    };
    let values = [place.1, ("reason", text.as_str().into())];
    Some(templates.text_with(language, place.0, &values))
}

#[cfg(test)]
mod tests;
