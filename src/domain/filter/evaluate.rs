//! Evaluation of a condition for one subscriber, which equals its SQL.

use std::collections::BTreeMap;

use super::condition::{Condition, RankTest, SubscriptionTest, TextField, TextTest};
use crate::domain::attribute::AttributeValue;
use crate::domain::fold::fold;
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;

/// Values of a subscriber that conditions test.
#[derive(Debug, Clone, Default)]
pub struct SubscriberValues {
    /// Normalized form of the address.
    pub address_key: String,
    /// Name of the person.
    pub name: Option<String>,
    /// Language tag in canonical case.
    pub language: Option<String>,
    /// IANA name of the time zone.
    pub timezone: Option<String>,
    /// Tags in their stored form.
    pub tags: Vec<String>,
    /// Values of attributes by name.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Time of creation of the subscriber.
    pub created_at: Millis,
    /// `true` if the address is suppressed.
    pub suppressed: bool,
    /// Subscriptions of every status.
    pub subscriptions: Vec<SubscriptionValues>,
}

/// Values of a subscription that conditions test.
#[derive(Debug, Clone)]
pub struct SubscriptionValues {
    /// Name of the digest.
    pub digest: String,
    /// Status of the subscription.
    pub status: SubscriptionStatus,
    /// Chosen sections; empty means all.
    pub sections: Vec<String>,
}

impl Condition {
    /// Returns `true` if a subscriber fulfils the condition.
    pub fn holds_for(&self, person: &SubscriberValues) -> bool {
        match self {
            Self::All(all) => all.iter().all(|condition| condition.holds_for(person)),
            Self::Any(any) => any.iter().any(|condition| condition.holds_for(person)),
            Self::Not(condition) => !condition.holds_for(person),
            Self::Text(field, test) => {
                person.text(*field).is_some_and(|text| test.holds_for(&text))
            }
            Self::Language(tags) => person.language.as_deref().is_some_and(|language| {
                tags.iter().any(|tag| {
                    language
                        .strip_prefix(tag.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
                })
            }),
            Self::HasLanguage => person.language.is_some(),
            Self::Tag(test) => person.tags.iter().any(|tag| test.holds_for(&fold(tag))),
            Self::Created(from, until) => {
                from.is_none_or(|from| person.created_at >= from)
                    && until.is_none_or(|until| person.created_at < until)
            }
            Self::Suppressed => person.suppressed,
            Self::TextAttribute(name, test) => match person.attributes.get(name) {
                Some(AttributeValue::Text(text)) => test.holds_for(&fold(text)),
                _ => false,
            },
            Self::RankAttribute(name, test) => person
                .attributes
                .get(name)
                .and_then(AttributeValue::rank)
                .is_some_and(|rank| test.holds_for(rank)),
            Self::Subscription(test) => person.subscriptions.iter().any(|s| test.holds_for(s)),
        }
    }
}

impl SubscriberValues {
    /// Returns a text in the form in which it is compared.
    fn text(&self, field: TextField) -> Option<String> {
        match field {
            TextField::Address => Some(self.address_key.clone()),
            TextField::Domain => {
                Some(self.address_key.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned())
            }
            TextField::Name => self.name.as_deref().map(fold),
            TextField::Timezone => self.timezone.as_deref().map(str::to_ascii_lowercase),
        }
    }
}

impl TextTest {
    fn holds_for(&self, text: &str) -> bool {
        match self {
            Self::Among(values) => values.iter().any(|value| value == text),
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Compare(order, value) => order.holds(text, value),
            Self::Present => true,
        }
    }
}

impl RankTest {
    fn holds_for(&self, rank: i64) -> bool {
        match self {
            Self::Among(values) => values.contains(&rank),
            Self::Compare(order, value) => order.holds(&rank, value),
            Self::Present => true,
        }
    }
}

impl SubscriptionTest {
    fn holds_for(&self, subscription: &SubscriptionValues) -> bool {
        match self {
            Self::All(all) => all.iter().all(|test| test.holds_for(subscription)),
            Self::Any(any) => any.iter().any(|test| test.holds_for(subscription)),
            Self::Not(test) => !test.holds_for(subscription),
            Self::Digest(names) => names.contains(&subscription.digest),
            Self::Status(statuses) => statuses.contains(&subscription.status),
            Self::Section(test) => {
                subscription.sections.iter().any(|section| test.holds_for(&fold(section)))
            }
        }
    }
}
