//! Fields of a filter, and the comparisons that each allows.

use std::collections::BTreeMap;

use super::condition::TextField;
use super::context::FilterContext;
use super::error::FilterError;
use super::expression::{Operator, Test};
use super::problem::FilterProblem;
use crate::domain::attribute::{AttributeType, validate_name};
use crate::domain::nearest::Hint;

/// Field of a subscriber that a filter tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Text(TextField),
    Language,
    Tag,
    Digest,
    Status,
    Section,
    Created,
    Suppressed,
    Segment,
    /// An attribute; its type is not known while only the syntax is checked.
    Attribute(Option<AttributeType>),
}

/// The fields that every subscriber has.
pub(super) const FIELDS: [(&str, Field); 12] = [
    ("address", Field::Text(TextField::Address)),
    ("domain", Field::Text(TextField::Domain)),
    ("name", Field::Text(TextField::Name)),
    ("timezone", Field::Text(TextField::Timezone)),
    ("language", Field::Language),
    ("tag", Field::Tag),
    ("digest", Field::Digest),
    ("status", Field::Status),
    ("section", Field::Section),
    ("created", Field::Created),
    ("suppressed", Field::Suppressed),
    ("segment", Field::Segment),
];

/// Other names of fields that people try.
const ALIASES: [(&str, &str); 8] = [
    ("email", "address"),
    ("mail", "address"),
    ("tags", "tag"),
    ("digests", "digest"),
    ("sections", "section"),
    ("segments", "segment"),
    ("locale", "language"),
    ("time_zone", "timezone"),
];

/// Returns the field of a comparison, whose operator it allows.
pub(super) fn checked_field(
    test: &Test,
    context: &FilterContext<'_>,
) -> Result<Field, FilterError> {
    let field = field(test, context.attributes)?;
    field.check_operator(test)?;
    Ok(field)
}

/// Returns the field of a comparison; `attributes` are the known ones, or `None` if any is accepted.
fn field(
    test: &Test,
    attributes: Option<&BTreeMap<String, AttributeType>>,
) -> Result<Field, FilterError> {
    let name = test.field.as_str();
    if let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) {
        return Ok(*field);
    }
    if let Some((_, correct)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        let problem = FilterProblem::OtherField { field: name.to_owned(), correct };
        return Err(FilterError::new(test.position, problem));
    }
    let fields = FIELDS.iter().map(|(known, _)| *known);
    let Some(attributes) = attributes else {
        validate_name(name).map_err(|sentence| {
            FilterError::new(test.position, FilterProblem::AttributeName { sentence })
        })?;
        return Ok(Field::Attribute(None));
    };
    match attributes.get(name) {
        Some(kind) => Ok(Field::Attribute(Some(*kind))),
        None => {
            let known = fields.chain(attributes.keys().map(String::as_str));
            let (field, hint) = (name.to_owned(), Hint::of(name, known));
            Err(FilterError::new(test.position, FilterProblem::UnknownField { field, hint }))
        }
    }
}

impl Field {
    /// Returns `true` if the field belongs to a subscription instead of the subscriber.
    pub(super) fn is_of_subscription(self) -> bool {
        matches!(self, Self::Digest | Self::Status | Self::Section)
    }

    /// Returns `true` if a subscriber can have no value of the field.
    pub(super) fn can_be_empty(self) -> bool {
        !matches!(
            self,
            Self::Text(TextField::Address | TextField::Domain)
                | Self::Status
                | Self::Created
                | Self::Suppressed
                | Self::Segment
        )
    }

    /// Returns `true` if the field is a text, of which a part can be compared.
    pub(super) fn allows_part(self) -> bool {
        matches!(
            self,
            Self::Text(_)
                | Self::Tag
                | Self::Section
                | Self::Attribute(None | Some(AttributeType::Text))
        )
    }

    /// Rejects a comparison that the field does not allow.
    fn check_operator(self, test: &Test) -> Result<(), FilterError> {
        let allowed = match test.operator {
            Operator::Equal => true,
            Operator::IsEmpty => self.can_be_empty(),
            Operator::Contains => self.allows_part(),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => match self {
                Self::Text(_) | Self::Created => true,
                Self::Attribute(kind) => kind != Some(AttributeType::Boolean),
                _ => false,
            },
        };
        if allowed {
            return Ok(());
        }
        let field = test.field.clone();
        let problem = match test.operator {
            Operator::IsEmpty => FilterProblem::NeverEmpty { field },
            Operator::Contains => FilterProblem::NotText { field },
            _ => FilterProblem::NoOrder { field },
        };
        Err(FilterError::new(test.operator_position, problem))
    }
}
