//! The subscribers that the address of the list selects: by a text and a filter.

use url::form_urlencoded::Serializer;

use super::access::sees_all_digests;
use super::filter_text::{field_of, has_test, is_same, operands, with_test};
use crate::domain::filter::{
    self, Condition, FilterError, SubscriptionTest, TextField, TextTest, quoted,
};
use crate::domain::fold::fold;
use crate::domain::subscription::SubscriptionStatus;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::templates::pages::{Chip, FilterField};
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

/// Comparison that selects suppressed addresses.
const SUPPRESSED: &str = "suppressed = true";
/// Fields that the filters by status replace.
const STATUS_FIELDS: [&str; 2] = ["status", "suppressed"];
/// Largest number of digests that are shown as filters.
const MAX_DIGEST_CHIPS: usize = 12;

/// Subscribers that a text and a filter select.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// Text that the address or the name contains; may be empty.
    pub(super) search: String,
    /// Filter as entered; may be empty.
    pub(super) filter: String,
}

impl Selection {
    /// Reads the selection of an address.
    pub(super) fn of_address(visit: &Visit) -> Self {
        let text = |name: &str| visit.param(name).unwrap_or_default().to_owned();
        Self { search: text("q"), filter: text("where") }
    }

    /// Returns the query, limited to the digests of the user.
    ///
    /// # Errors
    /// The outer error if the filter concerns digests of others; the inner one if it is not valid.
    pub(super) async fn query(
        &self,
        visit: &Visit,
    ) -> WebResult<Result<SubscriberQuery, FilterError>> {
        let condition = self.condition(visit, &self.filter).await?;
        let search = self.search.clone();
        Ok(condition.map(|condition| SubscriberQuery { search, ..SubscriberQuery::of(condition) }))
    }

    /// Returns the selection as one condition, for operations that take no text.
    pub(super) async fn whole_condition(
        &self,
        visit: &Visit,
    ) -> WebResult<Result<Condition, FilterError>> {
        let condition = self.condition(visit, &self.filter).await?;
        let search = fold(self.search.trim());
        Ok(condition.map(|condition| {
            if search.is_empty() {
                return condition;
            }
            let contains = |field| Condition::Text(field, TextTest::Contains(search.clone()));
            let found =
                Condition::Any(vec![contains(TextField::Address), contains(TextField::Name)]);
            Condition::All(vec![condition, found])
        }))
    }

    /// Returns the selection as one filter, for commands.
    pub(super) fn as_filter(&self) -> String {
        let search = quoted(self.search.trim());
        match (self.search.trim().is_empty(), self.filter.is_empty()) {
            (true, true) => "address ~ \"@\"".to_owned(),
            (true, false) => self.filter.clone(),
            (false, true) => format!("address ~ {search} or name ~ {search}"),
            (false, false) => {
                format!("({}) and (address ~ {search} or name ~ {search})", self.filter)
            }
        }
    }

    async fn condition(
        &self,
        visit: &Visit,
        text: &str,
    ) -> WebResult<Result<Condition, FilterError>> {
        let types = visit.app().store.attributes().types().await?;
        let names = visit.app().config.filter_names(Some(types));
        let Some(digests) = visit.actor.digests().names() else {
            return Ok(filter::compile(text, &names));
        };
        // Other comparisons could tell subscriptions to other digests.
        let parts = operands(text).ok_or_else(WebError::missing_permission)?;
        let tests_digest =
            |part: &&str| digests.iter().any(|name| is_same(part, &digest_test(name)));
        let tests_status = |part: &&str| {
            SubscriptionStatus::ALL.iter().any(|status| is_same(part, &status_test(*status)))
        };
        if !parts.iter().all(|part| tests_digest(part) || tests_status(part)) {
            return Err(WebError::missing_permission());
        }
        let in_scope = match parts.is_empty() {
            true => {
                return Ok(Ok(Condition::Subscription(SubscriptionTest::Digest(digests))));
            }
            false if parts.iter().any(|part| field_of(part) == "digest") => String::new(),
            false => {
                let names: Vec<String> = digests.iter().map(|name| quoted(name)).collect();
                format!("digest in ({}) and ", names.join(", "))
            }
        };
        Ok(filter::compile(&format!("{in_scope}{text}"), &names))
    }

    /// Returns the filters by status, on request each with the number of people that it would select; those
    /// that would select nobody are left out then.
    pub(super) async fn status_chips(
        &self,
        visit: &Visit,
        with_counts: bool,
    ) -> WebResult<Vec<Chip>> {
        let mut tests: Vec<(String, Option<String>)> = vec![(visit.text("admin-all", &[]), None)];
        for status in SubscriptionStatus::ALL {
            let text = visit.text(&format!("state-{}", status.as_str()), &[]);
            tests.push((text, Some(status_test(status))));
        }
        if sees_all_digests(visit) {
            tests.push((visit.text("state-suppressed", &[]), Some(SUPPRESSED.to_owned())));
        }
        let is_plain = !operands(&self.filter).is_some_and(|parts| {
            parts.iter().any(|part| STATUS_FIELDS.contains(&field_of(part).as_str()))
        });
        let mut chips = Vec::new();
        for (text, test) in tests {
            let filter = with_test(&self.filter, &STATUS_FIELDS, test.as_deref());
            let is_current = match &test {
                Some(test) => has_test(&self.filter, test),
                None => is_plain,
            };
            let other = Self { filter: filter.clone(), ..self.clone() };
            let count = match other.query(visit).await? {
                _ if !with_counts => None,
                Ok(query) => Some(visit.app().store.subscribers().count_matching(&query).await?),
                Err(_) => None,
            };
            if count == Some(0) && !is_current && test.is_some() {
                continue;
            }
            let url = visit.query_with(&[("where", Some(filter.as_str()))]);
            chips.push(Chip { text, count, url, is_current });
        }
        Ok(chips)
    }

    /// Returns the filters by digest.
    pub(super) fn digest_chips(&self, visit: &Visit) -> Vec<Chip> {
        let (config, scope) = (&visit.app().config, visit.actor.digests());
        let digests: Vec<_> =
            config.digests.iter().filter(|digest| scope.contains(&digest.name)).collect();
        if digests.len() < 2 || digests.len() > MAX_DIGEST_CHIPS {
            return Vec::new();
        }
        let chip = |text: String, test: Option<&str>, is_current| {
            let filter = with_test(&self.filter, &["digest"], test);
            let url = visit.query_with(&[("where", Some(filter.as_str()))]);
            Chip { text, count: None, url, is_current }
        };
        let mut chips: Vec<Chip> = digests
            .iter()
            .map(|digest| {
                let test = digest_test(&digest.name);
                let title = visit.digest_title(&digest.name);
                chip(title, Some(&test), has_test(&self.filter, &test))
            })
            .collect();
        let is_plain = !chips.iter().any(|chip| chip.is_current);
        chips.insert(0, chip(visit.text("people-all-digests", &[]), None, is_plain));
        chips
    }
}

impl Visit {
    /// Returns the query of the address of the list with a selection.
    pub(super) fn list_query(&self, selection: &Selection) -> String {
        let pairs = [("q", &selection.search), ("where", &selection.filter)];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        format!("?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
    }
}

/// Returns a filter as entered, with the character at which its error begins.
pub(super) fn filter_field(visit: &Visit, text: &str, error: Option<&FilterError>) -> FilterField {
    let Some(error) = error else {
        return FilterField { text: text.to_owned(), ..FilterField::default() };
    };
    let after = text.chars().skip(error.position + 1).collect();
    FilterField {
        text: text.to_owned(),
        error: Some(visit.reason(&error.problem)),
        before: text.chars().take(error.position).collect(),
        at: text.chars().nth(error.position).unwrap_or('\u{a0}').to_string(),
        after,
    }
}

fn digest_test(name: &str) -> String {
    format!("digest = {}", quoted(name))
}

fn status_test(status: SubscriptionStatus) -> String {
    format!("status = {}", quoted(status.as_str()))
}
