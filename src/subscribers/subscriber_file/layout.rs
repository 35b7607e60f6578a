//! Meaning of the columns of a file: from its header, a mapping by hand, and the layouts of other services.

use std::collections::HashMap;

use super::super::column_names::{self, normalize};
use super::column_problem::ColumnProblem;
use super::presets::{self, Preset, PresetColumn};
use crate::domain::attribute::{name_of_column, validate_name};

/// Columns of a file that `--map` can name; any other name is that of an attribute.
pub const COLUMNS: [&str; 9] = [
    "email",
    "name",
    "first_name",
    "last_name",
    "language",
    "timezone",
    "sections",
    "tags",
    "status",
];

/// Number of headings that an error message names, and of characters of each.
const MAX_SHOWN_HEADINGS: usize = 30;
const MAX_SHOWN_CHARS: usize = 60;

/// Mapping and service that a person chose for a file.
#[derive(Debug, Clone, Default)]
pub(in crate::subscribers) struct LayoutChoice {
    /// Headings by the column or attribute that they stand for.
    pub(in crate::subscribers) columns: HashMap<String, String>,
    /// Headings of columns that are not imported.
    pub(in crate::subscribers) ignored: Vec<String>,
    /// Service that exported the file; `None` to recognize it.
    pub(in crate::subscribers) preset: Option<Preset>,
}

/// Positions of the columns of a file by their meaning.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) preset: Option<Preset>,
    /// Number of columns of the file.
    pub(super) width: usize,
    pub(super) email: Option<usize>,
    pub(super) name: Option<usize>,
    pub(super) first_name: Option<usize>,
    pub(super) last_name: Option<usize>,
    pub(super) language: Option<usize>,
    pub(super) timezone: Option<usize>,
    pub(super) sections: Option<usize>,
    pub(super) digest: Option<usize>,
    pub(super) status: Option<usize>,
    pub(super) list_status: Option<usize>,
    pub(super) consent: Option<usize>,
    pub(super) suppressed: Option<usize>,
    /// Columns of booleans that say whether the person receives e-mail, with the value for yes.
    pub(super) flags: Vec<(usize, bool)>,
    /// Columns of Mailchimp whose presence is the status of all lines.
    pub(super) unsubscribed: bool,
    pub(super) cleaned: bool,
    /// Time of deletion; a person with one is not subscribed.
    pub(super) deleted: Option<usize>,
    pub(super) unsubscribe_reason: Option<usize>,
    /// Columns whose values become tags.
    pub(super) tags: Vec<usize>,
    /// Columns that are evidence of the consent, with introductions.
    pub(super) evidence: Vec<(&'static str, usize)>,
    /// Column with attributes as a JSON object.
    pub(super) json_attributes: Option<usize>,
    /// Name and position of each column that is an attribute.
    pub(super) attributes: Vec<(String, usize)>,
}

impl Layout {
    /// Finds the columns of a header. Returns also one sentence about the first column that is missing or
    /// ambiguous; the others are found all the same.
    pub(super) fn recognize(
        headers: &[&str],
        choice: &LayoutChoice,
    ) -> (Self, Option<ColumnProblem>) {
        let preset = choice.preset.or_else(|| presets::recognize(headers));
        let (used, problem) = (vec![false; headers.len()], None);
        let mut columns = ColumnFinder { headers, choice, used, problem };
        columns.reserve_chosen();
        let mut layout = Self { preset, width: headers.len(), ..Self::default() };
        layout.email = columns.required("email");
        if preset == Some(Preset::Courant) {
            layout.digest = columns.exact("digest");
            layout.consent = columns.exact("consent");
            columns.exact("since");
        }
        layout.suppressed = columns.exact("suppressed");
        if let Some(preset) = preset {
            layout.add_preset_columns(preset, &mut columns);
        }
        layout.name = columns.optional("name");
        if layout.name.is_none() {
            layout.first_name = columns.optional("first_name");
            layout.last_name = columns.optional("last_name");
        }
        for (field, column) in [
            (&mut layout.language, "language"),
            (&mut layout.timezone, "timezone"),
            (&mut layout.sections, "sections"),
        ] {
            *field = columns.optional(column);
        }
        if layout.status.is_none() {
            layout.status = columns.optional("status");
        }
        if !choice.columns.contains_key("tags") || layout.tags.is_empty() {
            layout.tags.extend(columns.optional("tags"));
        }
        if layout.json_attributes.is_none() {
            layout.json_attributes = columns.exact("attributes");
        }
        layout.attributes = columns.attributes();
        (layout, columns.problem)
    }

    /// Finds the columns that only the export of a service has.
    fn add_preset_columns(&mut self, preset: Preset, columns: &mut ColumnFinder<'_>) {
        for index in 0..columns.headers.len() {
            if columns.used[index] {
                continue;
            }
            let heading = normalize(columns.headers[index]);
            match (preset, heading.as_str()) {
                (Preset::Listmonk, "attributes") => self.json_attributes = Some(index),
                (Preset::Mailpoet, "globalstatus") => self.status = Some(index),
                (Preset::Mailpoet, "liststatus") => self.list_status = Some(index),
                (Preset::Ghost, "subscribedtoemails") => self.flags.push((index, true)),
                (Preset::Ghost, "deletedat") => self.deleted = Some(index),
                (Preset::Substack, "emaildisabled") => self.flags.push((index, false)),
                _ => {
                    match preset.column(&heading) {
                        None => continue,
                        Some(PresetColumn::Tags) => self.tags.push(index),
                        Some(PresetColumn::Evidence(introduction)) => {
                            self.evidence.push((introduction, index));
                        }
                        Some(PresetColumn::Ignored) => {}
                    }
                    if preset == Preset::Mailchimp {
                        self.unsubscribed |= heading == "unsubtime";
                        self.cleaned |= heading == "cleantime";
                        if heading == "unsubreason" {
                            self.unsubscribe_reason = Some(index);
                        }
                    }
                }
            }
            columns.used[index] = true;
        }
    }

    /// Returns the meaning of each column, in the order of the file: a supported column, `attribute NAME`,
    /// or an empty text for a column that is not imported.
    pub(super) fn meanings(&self) -> Vec<String> {
        let mut meanings = vec![String::new(); self.width];
        let mut set = |index: Option<usize>, meaning: &str| {
            if let Some(slot) = index.and_then(|index| meanings.get_mut(index)) {
                meaning.clone_into(slot);
            }
        };
        for (index, meaning) in [
            (self.email, "email"),
            (self.name, "name"),
            (self.first_name, "first_name"),
            (self.last_name, "last_name"),
            (self.language, "language"),
            (self.timezone, "timezone"),
            (self.sections, "sections"),
            (self.digest, "digest"),
            (self.status, "status"),
            (self.list_status, "status"),
            (self.deleted, "status"),
            (self.consent, "consent"),
            (self.suppressed, "suppressed"),
            (self.json_attributes, "attributes"),
        ] {
            set(index, meaning);
        }
        self.flags.iter().for_each(|(index, _)| set(Some(*index), "status"));
        self.tags.iter().for_each(|index| set(Some(*index), "tags"));
        self.evidence.iter().for_each(|(_, index)| set(Some(*index), "consent"));
        for (name, index) in &self.attributes {
            set(Some(*index), &format!("attribute {name}"));
        }
        meanings
    }
}

/// Finds columns by their names, each at most once.
struct ColumnFinder<'a> {
    headers: &'a [&'a str],
    choice: &'a LayoutChoice,
    used: Vec<bool>,
    /// The first column that is missing or ambiguous.
    problem: Option<ColumnProblem>,
}

impl ColumnFinder<'_> {
    /// Records a problem, unless there is one already.
    fn report(&mut self, problem: ColumnProblem) {
        self.problem.get_or_insert(problem);
    }

    /// Sets the columns aside that a person chose, so that no other rule uses them.
    fn reserve_chosen(&mut self) {
        let choice = self.choice;
        for (column, heading) in &choice.columns {
            match self.position(heading) {
                Some(index) => self.used[index] = true,
                None => self.report(self.missing(column, heading)),
            }
        }
        for heading in &choice.ignored {
            match self.position(heading) {
                Some(index) => self.used[index] = true,
                None => self.report(ColumnProblem::NoIgnoredColumn {
                    heading: heading.clone(),
                    existing: self.existing_columns(),
                }),
            }
        }
    }

    fn position(&self, heading: &str) -> Option<usize> {
        let heading = heading.trim();
        self.headers
            .iter()
            .position(|h| *h == heading)
            .or_else(|| self.headers.iter().position(|h| h.eq_ignore_ascii_case(heading)))
    }

    /// Returns the first headings of the file, for error messages.
    fn existing_columns(&self) -> String {
        let short = |heading: &&str| heading.chars().take(MAX_SHOWN_CHARS).collect::<String>();
        let mut shown: Vec<String> =
            self.headers.iter().take(MAX_SHOWN_HEADINGS).map(short).collect();
        if self.headers.len() > MAX_SHOWN_HEADINGS {
            shown.push(format!("{} more", self.headers.len() - MAX_SHOWN_HEADINGS));
        }
        shown.join(", ").escape_debug().to_string()
    }

    fn missing(&self, column: &str, heading: &str) -> ColumnProblem {
        let heading = heading.to_owned();
        if self.headers.iter().any(|header| header.contains('@')) {
            return ColumnProblem::NoHeadings { heading };
        }
        let (column, existing) = (column.to_owned(), self.existing_columns());
        ColumnProblem::NoColumn { heading, column, existing }
    }

    fn required(&mut self, column: &str) -> Option<usize> {
        let found = self.optional(column);
        if found.is_none() {
            self.report(self.missing(column, column));
        }
        found
    }

    /// Returns the column that a person chose or that has a usual name.
    fn optional(&mut self, column: &str) -> Option<usize> {
        if let Some(heading) = self.choice.columns.get(column) {
            return self.position(heading);
        }
        // A column that is used already has no name here.
        let free = |(index, header): (usize, &&'_ str)| {
            if self.used[index] { String::new() } else { (*header).to_owned() }
        };
        let free: Vec<String> = self.headers.iter().enumerate().map(free).collect();
        let free: Vec<&str> = free.iter().map(String::as_str).collect();
        match column_names::find(&free, column) {
            Ok(found) => {
                if let Some(index) = found {
                    self.used[index] = true;
                }
                found
            }
            Err(names) => {
                let names = names.join(", ").escape_debug().to_string();
                let column = column.to_owned();
                self.report(ColumnProblem::SeveralColumns { column, names });
                None
            }
        }
    }

    /// Returns the column with exactly this name.
    fn exact(&mut self, name: &str) -> Option<usize> {
        let index = self.headers.iter().position(|h| h.eq_ignore_ascii_case(name));
        let index = index.filter(|index| !self.used[*index])?;
        self.used[index] = true;
        Some(index)
    }

    /// Returns the columns that are attributes: the chosen ones, and all that have no other use, unless their
    /// headings cannot be names of attributes.
    fn attributes(&mut self) -> Vec<(String, usize)> {
        let (choice, headers) = (self.choice, self.headers);
        let mut attributes: Vec<(String, usize)> = Vec::new();
        for (name, heading) in &choice.columns {
            if COLUMNS.contains(&name.as_str()) {
                continue;
            }
            match validate_name(name) {
                Ok(()) => attributes.extend(self.position(heading).map(|at| (name.clone(), at))),
                Err(sentence) => {
                    let name = name.clone();
                    self.report(ColumnProblem::InvalidAttributeName { name, sentence });
                }
            }
        }
        attributes.sort();
        for (index, heading) in headers.iter().enumerate() {
            let name = name_of_column(heading).filter(|name| validate_name(name).is_ok());
            let Some(name) = name.filter(|_| !self.used[index]) else { continue };
            match attributes.iter().find(|(used, _)| *used == name) {
                Some((_, first)) => self.report(ColumnProblem::SameAttribute {
                    first: headers[*first].to_owned(),
                    second: (*heading).to_owned(),
                    name,
                }),
                None => attributes.push((name, index)),
            }
        }
        attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(header: &str, map: &[(&str, &str)]) -> Result<Layout, String> {
        let headers: Vec<&str> = header.split(',').collect();
        let columns = map.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let choice = LayoutChoice { columns, ..LayoutChoice::default() };
        let (layout, problem) = Layout::recognize(&headers, &choice);
        problem.map_or(Ok(layout), |problem| Err(problem.to_string()))
    }

    #[test]
    fn first_and_last_names_are_used_without_a_column_of_whole_names() {
        let split = layout("Mail,First Name,Last Name,City", &[]).unwrap();
        assert_eq!((split.first_name, split.last_name, split.name), (Some(1), Some(2), None));
        assert_eq!(split.attributes, [("city".to_owned(), 3)]);
        let whole = layout("Mail,First Name,Name", &[]).unwrap();
        assert_eq!((whole.name, whole.first_name), (Some(2), None));
        assert_eq!(whole.attributes, [("first_name".to_owned(), 1)]);
    }

    #[test]
    fn a_mapping_names_columns_and_attributes() {
        let mapped =
            layout("Wer,Adresse,Stadt", &[("email", "adresse"), ("city", "Stadt")]).unwrap();
        assert_eq!(
            (mapped.email, mapped.attributes),
            (Some(1), vec![("city".to_owned(), 2), ("wer".to_owned(), 0)])
        );
        let missing = layout("a,b", &[("email", "c")]).unwrap_err();
        assert!(missing.contains("there is no column \"c\"; existing columns: a, b"), "{missing}");
        let without_header = layout("ada@a.example,Ada", &[]).unwrap_err();
        assert!(without_header.contains("insert a line with the names"), "{without_header}");
        let many = layout(&format!("{}a", "x".repeat(100_000) + &",y".repeat(100_000)), &[]);
        assert!(many.unwrap_err().len() < 4_000);
    }

    #[test]
    fn columns_are_recognized_although_the_address_is_missing() {
        let headers = ["Kontakt", "Name", "Stadt"];
        let (layout, problem) = Layout::recognize(&headers, &LayoutChoice::default());
        assert_eq!(layout.meanings(), ["attribute kontakt", "name", "attribute stadt"]);
        assert!(problem.unwrap().to_string().contains("there is no column \"email\""));
    }

    #[test]
    fn equal_headings_are_ambiguous() {
        assert!(
            layout("email,Email", &[]).unwrap_err().contains("several columns may contain email")
        );
        assert!(layout("email,City,city", &[]).unwrap_err().contains("the same attribute `city`"));
        assert!(layout("email,,", &[]).unwrap().attributes.is_empty());
    }
}
