//! Text of posts that were laid out with Elementor: the page shows the layout in the metadata, and
//! the stored text may be older or empty.

mod widgets;

#[cfg(test)]
mod tests;

use serde_json::Value;

/// Parts of the names of settings with which a plugin restricts who sees an element.
const RESTRICTIONS: [&str; 9] = [
    "condition",
    "visibility",
    "protection",
    "membership",
    "restrict",
    "logged",
    "pmpro_enable",
    "jedv_enabled",
    "eael_cl_enable",
];

/// The layout in the metadata of a post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// `true` if the page shows the layout instead of the stored text.
    is_shown: bool,
    json: String,
}

/// Keys of the metadata that describe a layout.
pub(super) const META_KEYS: [&str; 2] = ["_elementor_edit_mode", "_elementor_data"];

/// The text of a layout, in the form in which WordPress stores texts.
#[derive(Debug, Default, PartialEq, Eq)]
struct LayoutText {
    html: String,
    /// Names of widgets with unknown content.
    unknown: Vec<String>,
    /// `true` if an element is shown to some visitors only.
    has_restricted: bool,
}

impl Layout {
    /// Adds metadata of the post; returns `false` for other keys.
    pub(super) fn add_metadata(&mut self, key: &str, value: &str) -> bool {
        match key {
            "_elementor_edit_mode" => self.is_shown = value == "builder",
            "_elementor_data" => value.clone_into(&mut self.json),
            _ => return false,
        }
        true
    }

    /// Returns the text that the page shows instead of the stored one, and one sentence for each
    /// omission; `None` if it shows the stored text, or if that has more.
    pub(super) fn text(&self, stored: &str) -> Option<(String, Vec<String>)> {
        if !self.is_shown {
            return None;
        }
        let elements: Value = serde_json::from_str(&self.json).ok()?;
        let mut text = LayoutText::default();
        text.add_elements(&elements);
        // Elementor also stores the text of widgets that are unknown here, but without regard to
        // who may see them.
        let has_stored = !stored.trim().is_empty();
        let is_stored_more_complete = !text.unknown.is_empty() && has_stored;
        let is_empty = text.html.trim().is_empty() && has_stored;
        if !text.has_restricted && (is_stored_more_complete || is_empty) {
            return None;
        }
        let mut notes: Vec<String> = text
            .unknown
            .iter()
            .map(|name| format!("The Elementor widget {name} is unknown and was left out."))
            .collect();
        if text.has_restricted {
            notes.push("Elementor elements that only some visitors see were left out.".to_owned());
        }
        notes.sort();
        notes.dedup();
        Some((text.html, notes))
    }
}

impl LayoutText {
    fn add_elements(&mut self, elements: &Value) {
        for element in elements.as_array().into_iter().flatten() {
            self.add_element(element);
        }
    }

    fn add_element(&mut self, element: &Value) {
        let settings = &element["settings"];
        if is_restricted(settings) {
            self.has_restricted = true;
            return;
        }
        if is_hidden(settings) {
            return;
        }
        if element["elType"] != "widget" {
            return self.add_elements(&element["elements"]);
        }
        let name = element["widgetType"].as_str().unwrap_or_default();
        if let Some(titles) = widgets::titles_of_children(name, settings) {
            let children = element["elements"].as_array().into_iter().flatten();
            for (number, child) in children.enumerate() {
                self.add_paragraph(&titles.get(number).cloned().unwrap_or_default());
                self.add_element(child);
            }
            return;
        }
        match widgets::html(name, settings) {
            Some(html) => self.add_paragraph(&html),
            None => self.unknown.push(name.to_owned()),
        }
        self.add_elements(&element["elements"]);
    }

    /// Appends HTML after an empty line, which WordPress takes as the end of a paragraph.
    fn add_paragraph(&mut self, html: &str) {
        if !html.trim().is_empty() {
            self.html.push_str(html.trim());
            self.html.push_str("\n\n");
        }
    }
}

/// Returns `true` if a plugin decides for each visitor whether an element is shown.
fn is_restricted(settings: &Value) -> bool {
    settings.as_object().into_iter().flatten().any(|(key, value)| {
        RESTRICTIONS.iter().any(|part| key.contains(part))
            && match value {
                Value::Bool(is_on) => *is_on,
                Value::String(text) => matches!(text.as_str(), "yes" | "true" | "1" | "on"),
                Value::Array(values) => values.iter().any(|value| value != "" && value != "[]"),
                _ => false,
            }
    })
}

/// Returns `true` if an element is hidden on every kind of screen.
fn is_hidden(settings: &Value) -> bool {
    ["hide_desktop", "hide_tablet", "hide_mobile"]
        .iter()
        .all(|key| settings[*key].as_str().is_some_and(|value| !value.is_empty()))
}
