//! Pages that consist of tables, facts and forms.

use super::nav::Section;
use super::visit::Visit;
use crate::templates::pages::{Block, Column, ObjectPage, Table};

impl Visit {
    /// Returns the page of a list of the navigation.
    pub(super) fn list_page(&self, section: Section, table: Table) -> ObjectPage {
        ObjectPage {
            frame: self.frame(section, vec![self.crumb(Section::Home)]),
            title: self.text(section.item().text_key, &[]),
            blocks: vec![Block::new(String::new(), table)],
            ..ObjectPage::default()
        }
    }

    /// Returns the page of an object in a section of the navigation.
    pub(super) fn object_page(&self, section: Section, title: String) -> ObjectPage {
        let crumbs = vec![self.crumb(Section::Home), self.crumb(section)];
        ObjectPage { frame: self.frame(section, crumbs), title, ..ObjectPage::default() }
    }

    /// Returns columns with these catalog keys; those in `numbers` are aligned at their end.
    pub(super) fn columns(&self, keys: &[&str], numbers: &[&str]) -> Vec<Column> {
        let column = |key: &&str| Column {
            title: if key.is_empty() { String::new() } else { self.text(key, &[]) },
            is_number: numbers.contains(key),
        };
        keys.iter().map(column).collect()
    }
}
